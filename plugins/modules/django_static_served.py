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
  - For each file the status, the C(Content-Type), the bytes (compared with the file on disk, plain and compressed), the caching
    and nginx's C(ETag) are checked.
  - Pages are read as a browser reads them - C(link), C(script), C(img), C(srcset), preloads, import maps and inline styles - and so are
    the style sheets they name, with C(url()) and C(@import). What lies on other hosts is listed and not asked for.
  - A name that does not exist must be answered with 404, and no cache may keep that answer.
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
  - Brotli is not asked for, because Python's standard library cannot decode it.
seealso:
  - module: webops.django.django_collectstatic
extends_documentation_fragment:
  - webops.django.attributes
  - webops.django.attributes.info
  - webops.django.attributes.action_group
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
    pages:
      description: Pages.
      type: int
    references:
      description: URLs that the pages and their style sheets name.
      type: int
    missing_names:
      description: Names that must be answered with 404.
      type: int
    unchecked:
      description: URLs for which there was no time, or that were too many.
      type: int
  sample:
    files: 146
    files_by_nginx: 146
    files_compressed: 120
    files_total: 146
    missing_names: 2
    pages: 2
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
      description: The page or style sheet that names it.
      returned: for a reference
      type: str
  sample:
    - url: http://shop.example.com/static/app.mjs
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
    result = check(request)
    if request.static_path and not result["checked"]["files_total"]:
        module.warn(f"{request.static_path} holds no file, so only the pages were checked.")
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
