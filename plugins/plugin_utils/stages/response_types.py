# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``response``, continued: media types."""

from __future__ import annotations

import collections
import os
import typing as t

from ansible_collections.webops.django.plugins.module_utils.content_types import JAVASCRIPT, TYPES, expected_for_name, extension
from ansible_collections.webops.django.plugins.module_utils.finding import EXAMPLES, Finding, finding, some
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Directive
from ansible_collections.webops.django.plugins.plugin_utils.stages.access_subjects import is_nginx_meant
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command

IN_EVERY_TABLE = frozenset("css gif htm html ico jpeg jpg js png svg xml".split())
"""Extensions that each table that comes with nginx has had since 1.0."""
SNIFFED = frozenset("bmp eot otf ttf".split())
"""Browsers take these for what their bytes say, and ask for no type: tables of common nginx packages lack some."""
FALLBACKS = ("text/plain", "application/octet-stream")
REFUSED = {"css": "as a style sheet", "js": "as a script", "mjs": "as a module", "cjs": "as a script", "wasm": "for streaming", "svg": "as an image"}


def findings(site: SiteView) -> list[Finding]:
    """Name a table of types that is missing, or that lacks an extension."""
    groups: dict[tuple[str, str], list[Target]] = {}
    for target in site.targets:
        if _is_wrong(target) and not site.blamed(target.url):
            said = entry_of(target)
            groups.setdefault((said.file, str(said.line)) if said else _place(target), []).append(target)
    return [_finding(site, hit) for hit in groups.values()] or _not_shown_yet(site)


def _not_shown_yet(site: SiteView) -> list[Finding]:
    """Where another fault keeps all files from clients, the configuration tells that there is no table for them: it would show next."""
    hit = [target for target in site.targets if extension(target.path) in ("css", "js") and is_nginx_meant(site, target)]
    nginx = site.nginx or {}
    # A file that no include reaches is read without the http block that it will stand in.
    unsure = nginx.get("unreadable") or nginx.get("missing") or nginx.get("shortened") or (nginx.get("test") or {}).get("valid") is False
    alone = site.server is None or site.server.file in (nginx.get("unreached") or {})
    if not hit or unsure or alone or any(target.served for target in site.targets) or any(_tables(site, target) for target in hit):
        return []
    found = _missing(site, hit, sorted({extension(target.path) for target in hit}))
    # These URLs are explained already.
    return [dict(found, urls=[], count=len(hit), examples=[target.url for target in hit][:EXAMPLES])]


def _tables(site: SiteView, target: Target) -> list[Directive]:
    """Return the tables in effect for a file; where its location is yet to be written, those of the server block."""
    route = target.route
    if route is None or route.outcome == "proxy" or route.location is None:
        return list(site.server.effective("types")) if site.server is not None else []
    return list(route.effective("types"))


def _is_wrong(target: Target) -> bool:
    """Tell whether nginx sends a file with the type that it has for names it knows nothing of."""
    answer, route = target.answer, target.route
    if not answer or answer["status"] != 200 or answer["server"] == "app" or route is None or route.outcome == "proxy":
        return False
    name = extension(target.path)
    if name in SNIFFED or not target.served:
        return False
    got = _type(answer)
    said = entry_of(target)
    by_table = said is not None and got == said.name.lower()
    return not expected_for_name(target.path).accepts(got) and (by_table or got in ("", *FALLBACKS) or got == _default(target))


def _type(answer: t.Mapping[str, t.Any]) -> str:
    return str(answer["content_type"] or "").partition(";")[0].strip().lower()


def _default(target: Target) -> str:
    given = target.route.effective("default_type") if target.route else []
    return given[-1].arguments[0].lower() if given and given[-1].arguments else "text/plain"


def entry_of(target: Target) -> Directive | None:
    """Return the line of the tables in effect that gives a file its type: of several for one extension, the last counts."""
    name, route = extension(target.path), target.route
    entries = [item for table in (route.effective("types") if route else ()) for item in table.block or ()]
    return next((item for item in reversed(entries) if name in map(str.lower, item.arguments)), None)


def _place(target: Target) -> tuple[str, str]:
    """Return where the table in effect stands: what one place lacks is one cause."""
    tables = target.route.effective("types") if target.route else []
    return (tables[0].file, str(tables[0].line)) if tables else ("", "")


def _finding(site: SiteView, hit: list[Target]) -> Finding:
    """A table that knows none of the usual extensions is none; one that knows some of them lacks the others."""
    lacking = collections.Counter(extension(target.path) for target in hit)
    usual = [name for name in lacking if name in IN_EVERY_TABLE]
    said = entry_of(hit[0])
    if said is not None:
        return _otherwise(site, hit, said)
    knows = any(_is_typed(target) and _place(target) == _place(hit[0]) for target in site.targets)
    return _missing(site, hit, usual) if usual and not knows else _unmapped(site, hit, list(lacking))


def _otherwise(site: SiteView, hit: list[Target], said: Directive) -> Finding:
    """The table has the extension, and gives it another type than browsers take."""
    name, where = extension(hit[0].path), f"{said.file}:{said.line}"
    rest = [word for word in said.arguments if word.lower() != name]
    fix = f"In {where} write: {' '.join([said.name, *rest])};" if rest else f"Take `{said}` out of {where}"
    return dict(
        finding(
            "mime_type_unmapped_extension",
            "response",
            f"nginx's table of types gives .{name} another type at {where} (`{said}`): {some(len(hit), 'file', [item.path for item in hit])} "
            f"{'is' if len(hit) == 1 else 'are'} sent as {said.name} instead of {preferred(name)}"
            f"{', which browsers refuse ' + REFUSED[name] if name in REFUSED else ''}.",
            f"{fix}\nthen {command(t.cast('t.Any', site.nginx), 'reload')}",
            {"types_at": where, "extensions": {name: preferred(name)}, "content_type": said.name},
        ),
        urls=[item.url for item in hit],
    )


def _is_typed(target: Target) -> bool:
    """Tell whether nginx has sent a file of a usual extension with its type."""
    name, answer = extension(target.path), target.answer
    if not target.served or answer is None or answer["server"] == "app" or target.route is None or target.route.outcome == "proxy":
        return False
    return name in IN_EVERY_TABLE and expected_for_name(target.path).accepts(_type(answer)) and _type(answer) != _default(target)


def _missing(site: SiteView, hit: list[Target], usual: t.Sequence[str]) -> Finding:
    target = next(item for item in hit if extension(item.path) in usual)
    tables = target.route.effective("types") if target.route else []
    mime = _mime_types(site)
    nginx = t.cast("t.Mapping[str, t.Any]", site.nginx)
    got = (_type(t.cast("t.Mapping[str, t.Any]", target.answer)) or "no type at all") if target.served else _default(target)
    sends = "sends" if target.served else "would send"
    if tables:
        where = f"{tables[0].file}:{tables[0].line}"
        why = f"the `types` block at {where} is the only table in effect there: it replaces that of the levels above, and does not know .{usual[0]}"
        fix = f"At {where} take the types block out, or put into its place: include {mime};"
    else:
        where = ""
        why = f"no table of types is in effect there: {nginx['main']} includes no mime.types"
        fix = f"In the http block of {nginx['main']} write: include {mime};"
    return dict(
        finding(
            "mime_types_missing",
            "response",
            f"nginx {sends} {target.url} as {got}, which browsers refuse {REFUSED.get(extension(target.path), 'for this kind of file')}; {why}.",
            f"{fix}\nthen {command(nginx, 'reload')}",
            {
                "content_type": got,
                "expected": str(expected_for_name(target.path)),
                "types_at": where,
                "extensions": sorted({extension(item.path) for item in hit}),
            },
        ),
        urls=[item.url for item in hit],
    )


def _mime_types(site: SiteView) -> str:
    nginx = site.nginx or {}
    main = nginx.get("main") or "/etc/nginx/nginx.conf"
    beside = os.path.join(os.path.dirname(main), "mime.types")
    return beside if os.path.dirname(main) else "/etc/nginx/mime.types"


def _unmapped(site: SiteView, hit: list[Target], names: list[str]) -> Finding:
    tables = hit[0].route.effective("types") if hit[0].route else []
    where = f"{tables[0].file}:{tables[0].line}" if tables else ""
    nginx = t.cast("t.Mapping[str, t.Any]", site.nginx)
    got = _type(t.cast("t.Mapping[str, t.Any]", hit[0].answer)) or "no type at all"
    lines = [f"    {preferred(name)} {name};" for name in sorted(names)]
    return dict(
        finding(
            "mime_type_unmapped_extension",
            "response",
            f"nginx's table of types {f'at {where} ' if where else ''}lacks {', '.join('.' + name for name in sorted(names))}: "
            f"{some(len(hit), 'file', [item.path for item in hit])} {'is' if len(hit) == 1 else 'are'} sent as {got} instead of {preferred(names[0])}"
            f"{', which browsers refuse ' + REFUSED[names[0]] if names[0] in REFUSED else ''}.",
            f"Add to the types block at {where or _mime_types(site)}:\n" + "\n".join(lines) + f"\nthen {command(nginx, 'reload')}",
            {"types_at": where, "extensions": {name: preferred(name) for name in sorted(names)}, "content_type": got},
        ),
        urls=[item.url for item in hit],
    )


def preferred(name: str) -> str:
    """Return the type to write for an extension. nginx's own tables write application/javascript for scripts, which gzip_types may name."""
    types = TYPES[name]
    return "application/javascript" if types is JAVASCRIPT else types[0]
