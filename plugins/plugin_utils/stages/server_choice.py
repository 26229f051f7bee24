# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``server``, continued: does another server block answer the names that clients ask for?"""

from __future__ import annotations

import typing as t
from urllib.parse import urlsplit

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_servers import allowed_names, allows, is_askable, is_public, upstreams
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import ServerBlock
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_duplicates import removal, shared_names

Lost = t.Tuple[str, ServerBlock, str]
"""A name, the foreign block that answers it, and why."""


def findings(site: SiteView) -> list[Finding]:
    """Name the server block that answers instead of the site's own."""
    if site.resolver is None or site.server is None or site.connect is None:
        return []
    lost: list[Lost] = [(name, block, why) for name in asked_names(site) for block, why in [_answers(site, name)] if block is not None]
    lost = _proven(site, lost)
    if not lost:
        return []
    name, block, why = lost[0]
    reachable = [name for name in site.server.names if is_askable(name)]
    wrong = [url for given, _block, _why in lost for url in _not_served_as(site, given)]
    # Under a name that ALLOWED_HOSTS refuses, Django answers 400: it is no way to the site.
    ways = [known for known in asked_names(site) if known not in {given for given, _block, _why in lost} and allows(site.static, known)]
    hidden = not ways
    message = (
        f"Requests for {name} are answered by the server block at {block.file}:{block.line} ({_names(block)}), not by the site's own at "
        f"{site.server.file}:{site.server.line} ({_names(site.server)}): " + _why(site, block, name, why)
    )
    return [
        dict(
            finding(
                "default_server_wins",
                "server",
                message,
                _fix(site, block, [name for name, _block, _why in lost]),
                {
                    "asked": [name for name, _block, _why in lost],
                    "answers": f"{block.file}:{block.line}",
                    "site": f"{site.server.file}:{site.server.line}",
                    "server_name": list(site.server.names),
                    "reachable_by": reachable,
                },
            ),
            urls=[target.url for target in site.targets] if hidden else list(dict.fromkeys(wrong)),
        )
    ]


def _is_deaf(site: SiteView) -> bool:
    """Tell whether the site's own block does not listen on the port that clients come to."""
    port = site.connect.get("port") if site.connect else None
    return bool(port and site.server and not any(listen.port == port for listen in site.server.listens))


def _why(site: SiteView, block: ServerBlock, name: str, why: str) -> str:
    if _is_deaf(site):
        ports = sorted({str(listen.port) for listen in (site.server.listens if site.server else ()) if listen.port})
        return f"that does not listen on port {(site.connect or {}).get('port')}, but on {', '.join(ports) or 'a socket'}."
    if site.server and name in shared_names(block, site.server):
        return "both have that name, and nginx takes the block that it reads first."
    return f"{why}."


def _proven(site: SiteView, lost: list[Lost]) -> list[Lost]:
    """Leave out names that only ALLOWED_HOSTS knows, where the site has a name that leads to it.

    It lists names of balancers, of other hosts and of former times, too: that one of them is not served here is told, and no fault.
    """
    own = {name.lstrip(".").lower() for name in (site.server.names if site.server else ())}
    given = site.evidence.get("options", {}).get("base_url_host")
    away = {name for name, _block, _why in lost}
    ways = [name for name in asked_names(site) if name not in away and allows(site.static, name)]
    doubtful = [item for item in lost if ways and item[0] not in own and item[0] != given and item[0] not in map(str.lower, item[1].names)]
    for name, block, _why in doubtful:
        site.unknown.append(
            f"Whether people use {name} is not known here: ALLOWED_HOSTS has it, and the server block at {block.file}:{block.line} answers it, "
            f"which is not the site's. If they do: {_fix(site, block, [name]).partition(chr(10))[0]}"
        )
    return [item for item in lost if item not in doubtful]


def _not_served_as(site: SiteView, name: str) -> list[str]:
    """Return the static URLs under a name that certainly do not lead to the collected files."""
    if site.resolver is None or not is_askable(name):
        return []
    found = []
    for target in site.targets:
        if urlsplit(target.url).hostname != urlsplit(site.base_url).hostname:
            continue
        url = urlsplit(target.url)._replace(netloc=urlsplit(target.url).netloc.replace(urlsplit(target.url).hostname or "", name, 1)).geturl()
        route = site.resolver.route(url, address=_address(site), port=site.connect.get("port") if site.connect else None)
        paths = [route.path, *(path for _argument, path, _kind in route.tries), *route.wants]
        # What lies at the paths of try_files may not be known, but that none of them is the collected file is.
        if not route.undecided and route.outcome != "redirect" and not any(path and site.same(path, target.expected["collected"]) for path in paths):
            found.append(url)
    return found


def asked_names(site: SiteView) -> list[str]:
    """Return the host names by which browsers may ask for the site, as far as the host tells them."""
    own = [name.lstrip(".") for name in (site.server.names if site.server else ()) if is_askable(name.lstrip("."))]
    # Other blocks of the application are sites of their own; its names in general are the first one's.
    first = not site.servers or site.server is None or _is_same(site.servers[0], site.server)
    public = [name for name in allowed_names(site.static) if first and is_public(name)]
    asked = site.evidence.get("options", {}).get("base_url_host")
    names = [asked] if asked else list(dict.fromkeys([*own, *public]))
    # A block that no name reaches and that is no default is never chosen.
    return names or ["a name that no server block has"]


def _answers(site: SiteView, name: str) -> tuple[ServerBlock | None, str]:
    """Return the foreign server block that answers a name, and why; None where it is the site's own, or leads to it."""
    host = name if " " not in name else "no-such-name.invalid"
    scheme = "https" if site.connect and site.connect.get("tls") else "http"
    port = site.connect.get("port") if site.connect else None
    if site.resolver is None:
        return None, ""
    route = site.resolver.route(f"{scheme}://{host}/", address=_address(site), port=port)
    if route.server is None or any(_is_same(route.server, server) for server in site.servers):
        return None, ""
    # A block that only sends clients on, as from http to https or to the main name, is no rival.
    if route.outcome == "redirect" or (route.outcome == "return" and route.status in (301, 302, 303, 307, 308)):
        return None, ""
    if _is_for_loopback(site, route.server):
        return None, ""
    return route.server, route.server_reason


def _is_for_loopback(site: SiteView, block: ServerBlock) -> bool:
    """Tell whether a block answers only because it was asked over loopback, which no visitor does."""
    address = _address(site) or ""
    named = any(listen.address.strip("[]") == address for listen in block.listens)
    own = any(listen.address.strip("[]") == address for listen in (site.server.listens if site.server else ()))
    return (address.startswith("127.") or address == "::1") and named and not own


def _address(site: SiteView) -> str | None:
    return site.connect.get("address") if site.connect else None


def _is_same(one: ServerBlock, other: ServerBlock) -> bool:
    return (one.file, one.line) == (other.file, other.line)


def _names(block: ServerBlock) -> str:
    return "server_name " + " ".join(name or '""' for name in block.names) if any(block.names) else "without server_name"


def _fix(site: SiteView, block: ServerBlock, names: t.Sequence[str]) -> str:
    server = t.cast("ServerBlock", site.server)
    reload = command(t.cast("t.Mapping[str, t.Any]", site.nginx), "reload")
    real = [name for name in names if " " not in name]
    if _is_deaf(site):
        return f"{_listen_line(site, server, real)}\nthen {reload}"
    if not real and block.file.endswith("/default"):
        return f"sudo rm {block.file}   # Debian's welcome page\n{reload}"
    if set(real) and set(real) <= set(shared_names(block, server)) and not any(upstreams(block)):
        # A copy, or a page of the distribution's, that leads to no application.
        return f"{removal(site, block, server)}\n{reload}"
    if not real:
        return f"{_name_line(server, ['<the host name that people type>'])}\nthen {reload}"
    own = [name for name in server.names if is_askable(name.lstrip(".")) and name not in real]
    # Where Django refuses all of them, they are misspelt; else they do no harm.
    known = own if any(allows(site.static, name.lstrip(".")) for name in own) else []
    taken = f"\nand take {' '.join(real)} out of {_names_at(block)}" if any(name in block.names for name in real) else ""
    return f"{_name_line(server, [*known, *real])}{taken}\nthen {reload}"


def _listen_line(site: SiteView, server: ServerBlock, names: t.Sequence[str]) -> str:
    """Return what makes the block answer on the port that clients come to, and by their name."""
    connect = site.connect or {}
    lines = [f"listen {connect['port']}{' ssl' if connect.get('tls') else ''};"]
    if connect.get("tls") and not server.effective("ssl_certificate"):
        lines.append("ssl_certificate and ssl_certificate_key with the paths of the certificate (sudo certbot --nginx writes all of it);")
    lacking = [name for name in names if name not in server.names]
    more = f"\n{_name_line(server, [*filter(is_askable, server.names), *lacking])}" if lacking else ""
    return f"In the server block at {server.file}:{server.line} add: {' '.join(lines)}{more}"


def _name_line(server: ServerBlock, names: t.Sequence[str]) -> str:
    """Return what to write in the place of the block's server_name, or in the block, where it has none."""
    line = f"server_name {' '.join(names)};"
    given = [item for item in server.directives if item.name == "server_name"]
    if not given:
        return f"In the server block at {server.file}:{server.line} add: {line}"
    more = f" (and take the other server_name lines of this block out: {', '.join(str(item.line) for item in given[1:])})" if given[1:] else ""
    return f"In {given[0].file}:{given[0].line} write: {line}{more}"


def _names_at(block: ServerBlock) -> str:
    given = next((item for item in block.directives if item.name == "server_name"), None)
    return f"{given.file}:{given.line}" if given else f"{block.file}:{block.line}"


def port_is_closed(site: SiteView) -> int | None:
    """Return the site's port if the nginx that runs does not listen on it; None where it does, or where that is not known."""
    if not site.nginx or not site.connect or not site.connect.get("port") or not site.nginx.get("listening"):
        return None
    port = int(site.connect["port"])
    return None if any(item["port"] == port for item in site.nginx["listening"]) else port
