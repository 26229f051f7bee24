# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``server``, continued: no nginx leads to the application. Clients reach its port themselves, or nothing."""

from __future__ import annotations

import re
import shlex
import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding
from ansible_collections.webops.django.plugins.module_utils.static_repairs import new_root
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_servers import allowed_names, is_address
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_enable import new_file

Document = t.Mapping[str, t.Any]
ANY = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "*": "127.0.0.1", "::": "[::1]"}
"""Where nginx reaches what is bound to all addresses."""
DEBIAN: Document = {
    "program": "/usr/sbin/nginx",
    "unit": "nginx.service",
    "main": "/etc/nginx/nginx.conf",
    "files": {"": "include /etc/nginx/sites-enabled/*;"},
}
"""The nginx that apt-get installs."""


def findings(site: SiteView) -> list[Finding]:
    """Name the web server that is missing."""
    failing = site.failing()
    ports = [bind for bind in site.application["binds"] if bind.get("port")]
    if not failing or (failing[0].answer is None and not ports):
        return _nobody_at_all(site)
    where = ", ".join(f"{bind['address']}:{bind['port']}" for bind in ports) or "its socket"
    answer = failing[0].answer
    got = f"answers {answer['status']} for {failing[0].url}" if answer and answer["status"] else "serves no static files"
    debug = "" if site.static.get("debug") else " DEBUG is off, so Django serves none itself."
    return [
        _finding(
            site,
            "debug_off_no_static_server",
            f"No web server is in front of {_who(site)}: clients reach it at {where}, and it {got}.{debug}",
            f"Put nginx in front, with a location for the static files:\n{set_up(site)}",
            {"binds": list(site.application["binds"]), "debug": site.static.get("debug"), "static_root": site.static_root},
        )
    ]


def _nobody_at_all(site: SiteView) -> list[Finding]:
    if not site.application["binds"] or site.evidence["nginx"] or not site.failing():
        return []
    return [
        _finding(
            site,
            "nginx_not_running",
            f"{_who(site)} listens at {site.application['binds'][0].get('unix')}, and there is no nginx on this host that could pass requests to it.",
            set_up(site),
            {"binds": list(site.application["binds"])},
        )
    ]


def _finding(site: SiteView, code: str, message: str, fix: str, evidence: Document) -> Finding:
    return dict(finding(code, "server", message, fix, evidence), urls=[target.url for target in site.targets if not target.served])


def _who(site: SiteView) -> str:
    """Name the program and its unit: a unit may be called gunicorn, and run something else."""
    unit = site.application.get("unit")
    return f"{site.application['kind']} ({unit or site.name})"


def set_up(site: SiteView) -> str:
    """Return the commands that put nginx in front of the application."""
    nginx = next(iter(site.evidence["nginx"]), None)
    known: Document = nginx or DEBIAN
    name = site.name.replace(" ", "-").replace("/", "-")
    enabled = new_file(known, name) or f"/etc/nginx/conf.d/{name}.conf"
    available = enabled.replace("/sites-enabled/", "/sites-available/")
    lines = [] if nginx else ["sudo apt-get install nginx"]
    # In quotation marks, and no here-document: that would not end where the lines are pasted with spaces before them.
    lines.append(f"echo {shlex.quote(server_block(site))} | sudo tee {shlex.quote(available)} > /dev/null")
    if available != enabled:
        lines.append(f"sudo ln -s {shlex.quote(available)} {shlex.quote(enabled)}")
    running = nginx is None or nginx["running"]
    return "\n".join([*lines, command(dict(known, unit=known.get("unit") or ("" if running else "nginx.service")), "reload" if running else "start")])


def server_block(site: SiteView) -> str:
    """Return a server block that serves the site."""
    static_url = site.static_url
    prefix = "/" + static_url.partition("://")[2].partition("/")[2] if "://" in static_url else static_url or "/static/"
    root = site.static_root.rstrip("/") or (new_root(site.static) if site.static else "/srv/app/static")
    lines = (
        "server {",
        "    listen 80;",
        f"    server_name {' '.join(_names(site))};",
        f"    location ^~ {prefix} {{",
        f"        alias {root}/;",
        "    }",
        "    location / {",
        *(f"        {line}" for line in _passing(site)),
        "    }",
        "}",
    )
    return "\n".join(lines)


def _names(site: SiteView) -> list[str]:
    """Return the names that people use, as far as the host tells them: they must win over the default server."""
    asked = site.evidence.get("options", {}).get("base_url_host")
    allowed = site.static.get("allowed_hosts") or ()
    named = [asked] if asked else [f".{name}" if f".{name}" in allowed else name for name in allowed_names(site.static) if name != "localhost"]
    # nginx would ignore a name that another block has already.
    texts = [text for nginx in site.evidence["nginx"] for text in nginx["files"].values()]
    named = [name for name in named if not any(re.search(rf"(?m)^[^#\n]*server_name[^;#]*\s{re.escape(name)}[\s;]", text) for text in texts)]
    if named:
        return list(dict.fromkeys(named))
    addresses = [address for address in site.host.get("addresses") or () if is_address(address) and not address.startswith(("127.", "::1", "fe80:"))]
    own = [site.host.get("hostname") or "", *(f"[{address}]" if ":" in address else address for address in addresses)]
    return [name for name in own if name] or ["localhost"]


def _passing(site: SiteView) -> list[str]:
    """Return the lines that pass requests to the application."""
    bind: Document = next(iter(site.application["binds"]), {})
    address = str(bind.get("address") or "")
    address = ANY.get(address, address)
    host = f"[{address}]" if ":" in address and not address.startswith("[") else address
    where = f"unix:{bind['unix']}" if bind.get("unix") else f"{host}:{bind.get('port', 8000)}"
    if site.application["kind"] == "uwsgi" and not any(str(word).lstrip("-").startswith("http") for word in site.application.get("command") or ()):
        return ["include uwsgi_params;", f"uwsgi_pass {where};"]
    lines = [f"proxy_pass http://{where};", "proxy_set_header Host $host;", "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"]
    return [*lines, "proxy_set_header X-Forwarded-Proto $scheme;"]
