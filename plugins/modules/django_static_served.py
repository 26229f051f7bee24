# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: ask a site, as a client, whether its static files and the pages' assets are served."""

from __future__ import annotations

DOCUMENTATION = r"""
module: django_static_served
short_description: Prove as a client that a site's static files are served
version_added: 0.1.0
description:
  - Asks a site for its collected files, and for what its pages make a browser fetch, and fails with the list of what is not served as it must be.
  - For each file the status, the C(Content-Type), the bytes (compared with the file on disk, plain and in each encoding), the caching, ranges and
    conditional requests, the security headers of the pages, and nginx's C(ETag) are checked.
  - Pages are read as a browser reads them - C(link), C(script), C(img), C(srcset), preloads, import maps and inline styles - and so are
    the style sheets they name, with all their URLs and C(@import), the modules, with what they import, and the icons of web app manifests.
    What lies on other hosts is listed and not asked for.
  - What a browser would refuse is a failure too - a wrong C(Content-Type), a body that does not fit an C(integrity) attribute, C(http) on an
    C(https) page, and a font or module of another origin of the site without C(Access-Control-Allow-Origin).
  - A name that does not exist must be answered with 404, and no cache may keep that answer.
  - Nothing but the collected files may be served below O(static_url) - see O(probes).
  - Connections are persistent. Proxies and netrc are not used, no redirect is followed to another host, and nothing but HTTP and HTTPS is spoken.
options:
  base_url:
    description:
      - The site's URL as a browser uses it.
      - A path in it is put before the O(pages), for a site that is mounted below a prefix.
    type: str
    required: true
  connect_to:
    description:
      - Where to connect; the site's host name is sent all the same, in C(Host) and, with TLS, in SNI.
      - An address, with or without a port (V(127.0.0.1), V(127.0.0.1:8080), V([::1]:80)), or the path of a unix socket. Without a port, the URL's.
      - V(dns) connects to what the host name resolves to, as other clients do.
    type: str
    default: 127.0.0.1
  static_url:
    description: What Django's C(STATIC_URL) evaluates to. It may name another host, which is then part of the site.
    type: str
    default: /static/
  static_path:
    description:
      - The folder of collected files on the host on which the module runs. It is what must be served.
      - Without it, only the pages and what they name are checked.
    type: path
  manifest:
    description:
      - The manifest of C(ManifestStaticFilesStorage), which proves which names are made from the content.
      - By default C(staticfiles.json) in O(static_path), where there is one.
    type: path
  pages:
    description:
      - Paths of pages that must answer with a status below 400, and whose assets are checked.
      - By default C(/) and the admin's login page. Those need not exist, but must not answer with 400 or a server's error.
    type: list
    elements: str
  security_headers:
    description:
      - Names of headers that every file, and every error below O(static_url), must carry once and with the same value as the pages do. What the
        first page that answers does not carry is not asked for. A page that carries one of them twice is a failure too.
      - Without this option, nothing of the kind is a failure. C(Strict-Transport-Security) and C(X-Content-Type-Options), which protect a response by
        themselves, or the whole host whichever response carries them, are looked for on one file, and missing ones are told in a warning
        and in RV(security_header_gaps). Django itself puts C(X-Content-Type-Options) on pages, and nginx needs an C(add_header) for files.
      - nginx drops headers of the server block in a location that has an C(add_header) of its own, so that pages often have them and files have not.
      - Others may be named, such as V(Cross-Origin-Resource-Policy). C(Content-Security-Policy) and C(X-Frame-Options) are about pages and seldom
        worth it here. An empty list means none.
      - Where O(static_url) is on another host, C(Strict-Transport-Security) is left out, because it is about the host that sends it.
    type: list
    elements: str
  probes:
    description:
      - Whether to ask for what must not be served below O(static_url). Files outside of the folder, by climbing out of it (C(/static../), C(..%2f)
        and many other spellings); dot files; the project's sources; listings of folders.
      - A leak is told by its content only. With O(static_path), an answer must hold the bytes of a file that lies beside the folder, or of a dot
        file in it; without, something that only such a file holds. An application that answers any URL with a page of its own is no leak.
      - For this, the beginning of a few files beside O(static_path) is read. Nothing of their content is returned or reported.
      - Files that Django collected are meant to be served, so a C(.py) among them is no leak by its name. Files that import Django or hold its
        settings, compiled Python, a Django database or a private key are, and are not asked for as files then.
      - Between 100 and 300 requests, as an attacker sends them. Switch it off where they would be blocked or raise an alarm.
    type: bool
    default: true
  report:
    description:
      - Files, on the host on which the module runs, to which all that was found is written, also when the check fails. Their folders must exist.
      - In check mode nothing is written. A report is no change of the site, so it does not count as RV(ignore:changed).
    type: dict
    suboptions:
      json:
        description:
          - For programs. An object with the return values of this module, RV(failures) with all of them, and C(schema_version) (1; it grows when
            a key changes its meaning), C(ok), C(message), C(time) (ISO 8601, UTC), C(seconds), C(base_url), C(connect_to), C(static_url)
            and C(static_path).
          - Where nobody could be asked, RV(checked) is empty.
        type: path
      junit:
        description:
          - For CI systems. A test suite for each kind - pages, files, references, missing names, probes - with a test case for each of the first
            1000 failures, and one for all that is as it must be. What was not asked for is an error.
        type: path
  max_files:
    description:
      - Files to ask for, at most. Of more files, a sample is taken - the same at each run and on each host - that covers every app,
        every extension and every folder, as far as the number allows.
      - V(0) means all.
    type: int
    default: 5000
  connections:
    description: Connections that are used at the same time, from 1 to 16.
    type: int
    default: 4
  timeout:
    description: Seconds for one request, from connecting to the last byte.
    type: float
    default: 10
  deadline:
    description: Seconds for everything.
    type: float
    default: 120
  validate_certs:
    description: Whether the site's certificate is verified.
    type: bool
    default: true
  ca_path:
    description: A file of certificates that are trusted in place of the system's.
    type: path
notes:
  - Run it with C(become), where the folder of collected files is not readable for everybody.
  - Brotli is asked for where it can be decoded - by the library libbrotlidec, which comes with curl, or by Python's module C(brotli).
  - Where O(static_url) is on another host, O(connect_to) is where that host is asked for, too; V(dns) asks each where it is.
  - A site with several host names is one task per name, with C(loop).
seealso:
  - module: webops.django.django_collectstatic
extends_documentation_fragment:
  - webops.django.attributes
  - webops.django.attributes.action_group
attributes:
  check_mode:
    support: full
    details: All is asked for in check mode too; only the reports are not written.
  diff_mode:
    support: N/A
    details: The module changes nothing but the reports.
  idempotent:
    support: full
    details: The module changes nothing but the reports, which do not count.
author:
  - WebOps (@webops)
"""

EXAMPLES = r"""
- name: All collected files are served
  webops.django.django_static_served:
    base_url: http://shop.example.com
    static_path: /srv/django/shop/public/static

- name: The pages' assets are served, seen from the controller
  webops.django.django_static_served:
    base_url: https://shop.example.com
    connect_to: dns
    pages:
      - /
      - /products/
  delegate_to: localhost

- name: A site behind a port of its own, and a sample of its files
  webops.django.django_static_served:
    base_url: http://shop.example.com:8080
    static_url: /assets/
    static_path: /var/www/shop/assets
    max_files: 200

- name: What CI shows, and a header of the project's own
  webops.django.django_static_served:
    base_url: https://shop.example.com
    connect_to: dns
    security_headers:
      - Strict-Transport-Security
      - X-Content-Type-Options
      - Cross-Origin-Resource-Policy
    report:
      json: "{{ playbook_dir }}/reports/served.json"
      junit: "{{ playbook_dir }}/reports/served.xml"
  delegate_to: localhost
"""

RETURN = r"""
checked:
  description: How many of each kind were asked for.
  returned: when the site could be asked
  type: dict
  contains:
    files:
      description: Collected files that were asked for.
      type: int
    files_total:
      description: Files in the folder that must be served.
      type: int
    files_by_nginx:
      description: Files whose ETag proves that nginx opened this very file.
      type: int
    files_compressed:
      description: Files that came compressed too, with the same content.
      type: int
    files_conditional:
      description: Files for which a client that has them already is answered with 304.
      type: int
    files_range:
      description: Files of which a client gets a part when it asks for one.
      type: int
    pages:
      description: Pages.
      type: int
    references:
      description: URLs that the pages, and their style sheets, modules and manifests name.
      type: int
    missing_names:
      description: Names that must be answered with 404.
      type: int
    probes:
      description: URLs that must bring nothing, and were asked for.
      type: int
    unchecked:
      description: URLs for which there was no time, or that were too many.
      type: int
  sample:
    files: 146
    files_by_nginx: 146
    files_compressed: 120
    files_conditional: 146
    files_range: 146
    files_total: 146
    missing_names: 2
    pages: 2
    probes: 152
    references: 24
    unchecked: 0
failures:
  description: What is not served as it must be, at most 50.
  returned: when the site could be asked
  type: list
  elements: dict
  contains:
    url:
      description: What was asked for.
      type: str
    expected:
      description: What should have come.
      type: str
    got:
      description: What came.
      type: str
    page:
      description: The page, style sheet, module or manifest that names it.
      returned: for a reference
      type: str
    kind:
      description: What it is - V(page), V(file), V(reference), V(missing_name) or V(probe).
      type: str
  sample:
    - kind: file
      url: http://shop.example.com/static/app.mjs
      expected: text/javascript
      got: application/octet-stream
failure_count:
  description: How many failures there are.
  returned: when the site could be asked
  type: int
  sample: 0
pages:
  description: The pages that were asked for, with their status and the number of their references.
  returned: when the site could be asked
  type: list
  elements: dict
  sample:
    - url: http://shop.example.com/
      status: 200
      references: 12
security_headers:
  description: What the pages carry, by lower-case name. The files had to, if O(security_headers) is given.
  returned: when the site could be asked
  type: dict
  sample:
    x-content-type-options: nosniff
security_header_gaps:
  description: Headers that the pages carry and a file does not.
  returned: when the site could be asked; empty if O(security_headers) is given
  type: list
  elements: str
  sample: ["X-Content-Type-Options: nosniff"]
reports:
  description: Paths of the reports that were written, by format.
  returned: when O(report) is given, outside of check mode
  type: dict
  sample:
    json: /var/tmp/served.json
foreign_urls:
  description: URLs on other hosts, which were not asked for; at most 100.
  returned: when the site could be asked
  type: list
  elements: str
  sample: ["https://fonts.example.org/inter.css"]
mixed_content:
  description: URLs with http on a page that came by https; at most 100.
  returned: when the site could be asked
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError, run_module
from ansible_collections.webops.django.plugins.module_utils.served_check import check
from ansible_collections.webops.django.plugins.module_utils.served_request import Request


def read_request(params: dict[str, t.Any]) -> Request:
    """Make a request of a module's parameters.

    :raises ExplainedError: a number is out of its range.
    """
    if not 1 <= params["connections"] <= 16:
        raise ExplainedError(f"connections: {params['connections']} is not between 1 and 16; write a number between them.")
    for option in ("timeout", "deadline"):
        if not 0 < params[option] <= 86400:
            raise ExplainedError(f"{option}: {params[option]:g} is not a time in seconds; write a number above 0 and up to 86400.")
    if params["max_files"] < 0:
        raise ExplainedError(f"max_files: {params['max_files']} is negative; write 0 for all files.")
    optional = {option: params[option] or "" for option in ("static_path", "manifest", "ca_path")}
    return Request(**{**params, **optional})


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Ask the site, and warn where the folder proves nothing."""
    request = read_request(module.params)
    result = check(request, module.check_mode)
    if request.static_path and not result["checked"]["files_total"]:
        module.warn(f"{request.static_path} holds no file, so only the pages were checked.")
    for gap in result["security_header_gaps"]:
        name, _colon, value = gap.partition(": ")
        module.warn(f'The pages carry {gap}, and the static files do not. In nginx, write add_header {name} "{value}" always; into their location.')
    return result


def main() -> None:
    """Wire the module."""
    run_module(
        AnsibleModule(
            argument_spec={
                "base_url": {"type": "str", "required": True},
                "connect_to": {"type": "str", "default": "127.0.0.1"},
                "static_url": {"type": "str", "default": "/static/"},
                "static_path": {"type": "path"},
                "manifest": {"type": "path"},
                "pages": {"type": "list", "elements": "str"},
                "security_headers": {"type": "list", "elements": "str"},
                "probes": {"type": "bool", "default": True},
                "report": {"type": "dict", "options": {"json": {"type": "path"}, "junit": {"type": "path"}}},
                "max_files": {"type": "int", "default": 5000},
                "connections": {"type": "int", "default": 4},
                "timeout": {"type": "float", "default": 10},
                "deadline": {"type": "float", "default": 120},
                "validate_certs": {"type": "bool", "default": True},
                "ca_path": {"type": "path"},
            },
            supports_check_mode=True,
        ),
        work,
    )


if __name__ == "__main__":
    main()
