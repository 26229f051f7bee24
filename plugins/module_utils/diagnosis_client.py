# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking a site's URLs for a diagnosis, as many as there are, and noting what came.

Facts only: what they mean is concluded on the controller. What goes wrong is a text in the record, never an exception.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.webops.django.plugins.module_utils import encodings
from ansible_collections.webops.django.plugins.module_utils.diagnosis_answer import blank, describe, describe_encoded, read_body
from ansible_collections.webops.django.plugins.module_utils.diagnosis_pace import LEFT, SILENT, TOO_LATE, Pace, Patience, ask_again, is_limited
from ansible_collections.webops.django.plugins.module_utils.diagnosis_pages import Crawl
from ansible_collections.webops.django.plugins.module_utils.diagnosis_place import TIMEOUT, Asker, Connect, readable_url, route_to, spoken_origin
from ansible_collections.webops.django.plugins.module_utils.http_client import TransportError
from ansible_collections.webops.django.plugins.module_utils.http_route import Deadline, DeadlineError, Route
from ansible_collections.webops.django.plugins.module_utils.web_urls import Origin, UrlError

__all__ = ["ask_urls", "crawl_pages"]

WORKERS = 16
"""Threads at most; most of them wait."""
CONNECTIONS = 4
"""To one site, where nothing limits them."""
APP_TIMEOUT = 5.0
"""Seconds for an application that is asked directly: what speaks another protocol says nothing."""
SITE_SECONDS = 15.0
"""That the pages of one site may take, however many sites there are."""
SLOW_BUFFER = 4096
"""Bytes that a slow reader's kernel keeps."""
SLOW_PAUSE = 1.5
"""Seconds in which a slow reader reads nothing: nginx must put the rest of a large body into a file meanwhile."""
NOT_HTTP = "not http: who listens there takes a request and says nothing"

Request = t.Mapping[str, t.Any]
Record = t.Dict[str, t.Any]


@dataclasses.dataclass
class Lane:
    """The requests that go to one server under one name.

    :param numbers: of the requests.
    """

    pace: Pace
    patience: Patience
    numbers: list[int] = dataclasses.field(default_factory=list)
    is_paced: bool = False


def ask_urls(requests: t.Sequence[Request], deadline_seconds: float) -> list[Record]:
    """Ask for URLs; follow no redirect.

    :param requests: each with ``id``, ``site``, ``kind``, ``url``, ``host`` (a Host header other than the URL's), ``connect``, ``expected``,
        ``encodings``, ``pace`` (requests per second), ``origin`` (sent as Origin), ``referer``, ``slow`` (read as a slow client does).
    :param deadline_seconds: for all of them.
    :returns: an ANSWER for each, in their order.
    """
    deadline = Deadline(deadline_seconds)
    records = [blank(request, TOO_LATE) for request in requests]
    lanes = _lanes(requests, records)
    with ThreadPoolExecutor(WORKERS) as pool:
        jobs = [(lane, part) for lane in lanes for part in _parts(lane)]
        list(pool.map(lambda job: _ask_all(requests, records, job[0], job[1], deadline), jobs))
        list(pool.map(lambda lane: _ask_refused(requests, records, lane, deadline), lanes))
    return records


def crawl_pages(requests: t.Sequence[Request], deadline_seconds: float) -> list[Record]:
    """Ask for pages and all that a browser would fetch for them.

    :param requests: each with ``site``, ``urls`` (paths, or absolute), ``base``, ``connect``, ``limit`` (references of all its
        pages), and ``hosts``: names that this machine serves beside the base's, as a list, or a mapping to where each is connected to.
    :param deadline_seconds: for all of them.
    :returns: a PAGE for each URL, in their order.
    """
    deadline = Deadline(deadline_seconds)
    pages: list[Record] = []
    for number, request in enumerate(requests):
        left = deadline.end - time.monotonic()
        # One slow site must not take the time of all others.
        crawl = Crawl(request, Deadline(max(left / (len(requests) - number), min(left, SITE_SECONDS))))
        try:
            pages += crawl.run()
        finally:
            crawl.close()
    return pages


def _lanes(requests: t.Sequence[Request], records: list[Record]) -> list[Lane]:
    """Put together what goes to one server under one name; servers under several names keep one pace."""
    lanes: dict[tuple[Route, Origin], Lane] = {}
    paces: dict[Route, Pace] = {}
    for number, request in enumerate(requests):
        try:
            route = route_to(request.get("connect"))
            origin = spoken_origin(readable_url(request.get("url")), request.get("connect"), request.get("host") or "")
            per_second = float(request.get("pace") or 0)
        except (TypeError, ValueError) as error:
            # A UrlError is one of these.
            records[number]["error"] = f"it {error}" if isinstance(error, UrlError) else "the request cannot be read"
            continue
        if per_second > 0:
            paces.setdefault(route, Pace(per_second))
        lane = lanes.setdefault((route, origin), Lane(Pace(), Patience(APP_TIMEOUT)))
        lane.numbers.append(number)
    for (route, _origin), lane in lanes.items():
        lane.is_paced = route in paces
        lane.pace = paces.get(route, lane.pace)
    return list(lanes.values())


def _parts(lane: Lane) -> list[list[int]]:
    """Share a lane's requests among connections."""
    count = 1 if lane.is_paced else min(CONNECTIONS, 1 + len(lane.numbers) // 8)
    return [lane.numbers[start::count] for start in range(count)]


def _ask_all(requests: t.Sequence[Request], records: list[Record], lane: Lane, numbers: t.Sequence[int], deadline: Deadline) -> None:
    asker = Asker(deadline)
    impatient = Asker(deadline, APP_TIMEOUT)
    try:
        for number in numbers:
            if lane.patience.is_over:
                records[number]["error"] = SILENT
                continue
            began = time.monotonic()
            request = requests[number]
            records[number] = _ask(impatient if request.get("kind") == "app" else asker, request, lane.pace, deadline)
            records[number]["paced"] = lane.is_paced
            lane.patience.note(records[number]["status"], time.monotonic() - began)
    finally:
        asker.close()
        impatient.close()


def _ask(asker: Asker, request: Request, pace: Pace, deadline: Deadline) -> Record:
    """Ask for one URL: as it is, and in each encoding."""
    record = blank(request)
    began = time.monotonic()
    try:
        pace.wait(deadline)
        began = time.monotonic()
        record = _ask_plain(asker, request, deadline)
        if record["status"] == 200:
            for encoding in request.get("encodings") or ():
                pace.wait(deadline)
                record["encoded"][encoding] = _ask_encoded(asker, request, str(encoding), record["sha256"])
    except DeadlineError:
        record["error"] = record["error"] or TOO_LATE
    except (OSError, TransportError, UrlError) as error:
        record["error"] = str(error) or type(error).__name__
        if request.get("kind") == "app" and time.monotonic() - began >= APP_TIMEOUT * 0.9:
            record["error"] = NOT_HTTP
    return record


def _ask_plain(asker: Asker, request: Request, deadline: Deadline) -> Record:
    headers = {"Origin": str(request["origin"])} if request.get("origin") else {}
    if request.get("referer"):
        headers["Referer"] = str(request["referer"])
    slow = bool(request.get("slow"))
    own = Asker(deadline) if slow else asker
    try:
        answer = own.get(
            readable_url(request["url"]), request.get("connect"), "identity", headers, request.get("host") or "", SLOW_BUFFER if slow else 0
        )
        if slow:
            time.sleep(min(SLOW_PAUSE, max(0.0, deadline.end - time.monotonic())))
        return describe(request, answer, read_body(answer))
    finally:
        if slow:
            own.close()


def _ask_encoded(asker: Asker, request: Request, encoding: str, plain: str) -> Record:
    if encoding not in encodings.known():
        return {"status": None, "error": f"{encoding} cannot be undone on this host", "matches": None}
    connect: Connect | None = request.get("connect")
    try:
        answer = asker.get(readable_url(request["url"]), connect, encoding, host=request.get("host") or "")
        return describe_encoded(answer, read_body(answer), request.get("expected"), plain)
    except TransportError as error:
        return {"status": None, "error": str(error), "matches": None}


def _ask_refused(requests: t.Sequence[Request], records: list[Record], lane: Lane, deadline: Deadline) -> None:
    """Ask once more, slowly, for what a limit may have refused."""
    refused = [number for number in lane.numbers if is_limited(records[number]["status"], records[number]["server"])]
    asker = Asker(deadline, TIMEOUT)

    def ask(number: int) -> bool:
        record = _ask(asker, requests[number], Pace(), deadline)
        record["paced"] = True
        if record["status"] is None or is_limited(record["status"], record["server"]):
            return False
        records[number] = record
        return True

    try:
        _relieved, left = ask_again(refused, ask, deadline)
    finally:
        asker.close()
    for number in left:
        records[number] = blank(requests[number], LEFT)
