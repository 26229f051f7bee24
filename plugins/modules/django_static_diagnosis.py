#!/usr/bin/python
# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: django_static_diagnosis
short_description: Name the cause why static files of a Django site do not load
version_added: 0.1.0
description:
  - Follows the requests for static files from Django's settings to the browser, on any host, also one that this collection did not build,
    and names each cause that keeps a file from a browser, with what proves it and what mends it.
  - Needs no option on a host where the site runs. It finds the application servers (Gunicorn, Uvicorn, Hypercorn, Daphne, uWSGI, C(runserver))
    and their projects, interpreters, users and environments, and nginx with its configuration and its workers.
  - Django is asked in its own interpreter, as the service's user, with the environment of the running service. Whether nginx's worker may read a
    file is asked of the kernel, as that worker. What a client gets is asked of the running nginx.
  - At each stage that fails, the walk notes the fault, takes it for mended and goes on, so that further faults are named in the same run.
  - Nothing on the host is changed. The requests that it sends stand in the access logs, and C(collectstatic) may be tried into a temporary folder,
    see O(trial).
  - The target is asked four times at most. What is concluded is concluded on the controller, and can be concluded again from a saved document,
    see O(evidence).
  - Run it as root (C(become)). Otherwise it says in RV(sites[].unknown) what it could not see.
options:
  project_path:
    description: Folder that holds the project's C(manage.py), where no application server runs that tells it.
    type: path
  python:
    description: The project's interpreter, where it is not found.
    type: path
  settings_module:
    description: Dotted name of the settings module, where it is not found.
    type: str
    default: ''
  user:
    description: User that the project's code is run as, where no running service tells it.
    type: str
  environment_file:
    description: File with the service's environment variables, in the format of systemd's C(EnvironmentFile=), where no running service tells them.
    type: path
  base_url:
    description:
      - The site's URL as browsers have it, such as V(https://shop.example.com/). Its host name, scheme and port are asked for on this host.
      - By default they are read from nginx's server block.
    type: str
  pages:
    description: Pages to follow, by their paths or URLs. By default the home page, and the admin's login if there is one.
    type: list
    elements: str
  url:
    description: A URL, or its path, whose way is told in RV(explanation).
    type: str
  trial:
    description:
      - Whether C(collectstatic) is tried, into a temporary folder that is removed again, where the collected tree has gaps. It tells whether it
        fails.
    type: bool
    default: true
  browser_console:
    description:
      - What a browser told of files that it did not load, for a cause that no server can see is an extension that blocks them.
      - The path of a file on the controller, with the text of the console (Chromium's I(Save as), Firefox's I(Save all Messages to File)), an
        HTTP archive (I(Save all as HAR)), or JSON; or a list of dictionaries with C(url) and C(error).
      - Addresses are kept without their queries.
    type: raw
  evidence:
    description:
      - A document that an earlier run has saved, or the path of its file on the controller. The conclusions are drawn from it, and no host is asked.
    type: raw
  report_dir:
    description:
      - Folder on the controller. The result is written to C(<inventory_hostname>.json) there, and the evidence, with what looks like a secret
        removed, to C(<inventory_hostname>.evidence.json).
    type: path
  return_evidence:
    description: Whether the evidence, with what looks like a secret removed, is returned as well.
    type: bool
    default: false
  show:
    description: Whether RV(report) is printed on the screen as plain text.
    type: bool
    default: false
extends_documentation_fragment:
  - webops.django.attributes
  - webops.django.attributes.action_group
  - webops.django.attributes.info
author:
  - WebOps (@webops)
seealso:
  - module: webops.django.django_static_info
  - module: webops.django.django_static_served
  - module: webops.django.nginx_route_info
"""

EXAMPLES = r"""
- name: What is wrong on this host
  webops.django.django_static_diagnosis:
    show: true
  register: diagnosis
  become: true

- name: Stop unless every static file is served
  ansible.builtin.assert:
    that: diagnosis.sites | map(attribute='verdict') | unique == ['served']

- name: Conclude again from a colleague's document
  webops.django.django_static_diagnosis:
    evidence: reports/web1.evidence.json
    show: true

- name: Say what a visitor's browser said
  webops.django.django_static_diagnosis:
    browser_console: reports/console.log
    show: true
  become: true

- name: Follow a site whose service does not run
  webops.django.django_static_diagnosis:
    project_path: /srv/shop
    python: /srv/shop/venv/bin/python
    settings_module: shop.settings.production
"""

RETURN = r"""
host:
  description: The inventory's name of the host.
  returned: success
  type: str
sites:
  description: Each site on the host. A host on which none is found has one of which nothing is known, with the reasons.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the site's unit, or of its project's folder.
      type: str
      sample: shop
    url:
      description: The base URL under which it was asked.
      type: str
      sample: http://shop.example.com/
    verdict:
      description:
        - V(served) if every URL that was asked for is served, V(not_served) if not, V(unknown) if too little could be seen.
      type: str
      sample: not_served
    findings:
      description: The causes, root cause first. Empty on a healthy site.
      type: list
      elements: dict
      contains:
        code:
          description: Code of the cause, a public contract.
          type: str
          sample: alias_missing_trailing_slash
        stage:
          description: Where on the request's path the fault sits.
          type: str
          sample: file
        message:
          description: The fault in plain words.
          type: str
        fix:
          description: Commands or lines of configuration that can be pasted.
          type: str
        evidence:
          description: What proves it, such as the directive with file and line, the paths that disagree, the folder and its mode.
          type: dict
        count:
          description: How many URLs or files it hits. 0 where it hits none in particular.
          type: int
        examples:
          description: The first 10 of them.
          type: list
          elements: str
    checked:
      description: How many static URLs were asked for and served, and how many pages were followed.
      type: dict
    unknown:
      description: What could not be told, and why.
      type: list
      elements: str
schema_version:
  description: Version of what is returned and written to files.
  returned: success
  type: int
  sample: 1
report:
  description: The same for people, in lines.
  returned: success
  type: list
  elements: str
explanation:
  description: The way of O(url), in lines.
  returned: when O(url) is given
  type: list
  elements: str
report_path:
  description: The file with the result, on the controller.
  returned: when O(report_dir) is given
  type: str
evidence_path:
  description: The file with the evidence, on the controller.
  returned: when O(report_dir) is given
  type: str
evidence:
  description: What the conclusions rest on.
  returned: when O(return_evidence)
  type: dict
module_runs:
  description: How often the target was asked.
  returned: success
  type: int
  sample: 3
"""
