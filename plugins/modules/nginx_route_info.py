#!/usr/bin/python
# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nginx_route_info
short_description: Tell which server block, location, path or upstream nginx chooses for a URL, and why
version_added: 0.1.0
description:
  - Follows URLs through a configuration of nginx as nginx itself would, without asking it. The address and port choose among server blocks,
    then the host name; the URI chooses the location; C(rewrite), C(return), C(try_files), C(index), C(root) and C(alias) make the path.
    C(allow), C(deny), C(auth_basic), C(auth_request) and C(satisfy) say whether a plain request without a password is let in.
  - The configuration is the host's own, as it stands on disk, or a text. The files are read without running C(nginx -T), which may write to the host.
  - What cannot be decided from the configuration is said in RV(routes[].undecided), with the directive and its place. Nothing is guessed.
  - Nothing on the host is changed.
options:
  urls:
    description: URLs such as V(https://shop.example.com/static/admin/css/base.css). Host name, port and scheme are those that a client would use.
    type: list
    elements: str
    required: true
  configuration:
    description:
      - Text of a configuration file, or what C(nginx -T) printed. By default the host's own configuration is read.
      - What C(try_files) and C(index) choose depends on files. With a text they are looked for on the host as well.
    type: str
  address:
    description: Address that the connection goes to, where server blocks listen on several.
    type: str
  port:
    description: Port that the connection goes to. By default the URL's.
    type: int
  client:
    description:
      - Address that the connection comes from, which C(allow) and C(deny) ask for; V(unix:) for the other end of a socket.
      - By default the host itself where O(address) is a loopback address or a socket, else unknown.
    type: str
extends_documentation_fragment:
  - webops.django.attributes
  - webops.django.attributes.action_group
  - webops.django.attributes.info
author:
  - WebOps (@webops)
seealso:
  - module: webops.django.django_static_diagnosis
  - module: webops.django.nginx_configuration_info
"""

EXAMPLES = r"""
- name: Which location answers for the admin's style sheet
  webops.django.nginx_route_info:
    urls: [http://shop.example.com/static/admin/css/base.css]
  register: way
  become: true

- name: Tell it
  ansible.builtin.debug:
    msg: "{{ way.routes[0].steps }}"

- name: Ask a configuration that is not on any host yet
  webops.django.nginx_route_info:
    urls: [http://shop.example.com/static/a.css]
    configuration: "{{ lookup('ansible.builtin.file', 'nginx.conf') }}"
"""

RETURN = r"""
routes:
  description: The way of each URL, in their order.
  returned: success
  type: list
  elements: dict
  contains:
    url:
      description: The URL.
      type: str
    server:
      description: The server block with C(names), C(file), C(line) and the C(reason) why it answers; null if nobody listens there.
      type: dict
    location:
      description: The location with C(modifier), C(pattern), C(file), C(line) and C(reason); null for the server block itself.
      type: dict
    considered:
      description: The other locations that match, each with C(why_not).
      type: list
      elements: dict
    outcome:
      description:
        - V(file), V(proxy), V(return), V(redirect) or V(denied) for what the configuration says, V(none) if nobody listens, V(unknown) if it
          cannot be decided.
      type: str
      sample: file
    if_admitted:
      description:
        - The outcome if the client is let in, where RV(routes[].outcome) is V(unknown) only because that cannot be decided; all else is told as if
          it were. Empty otherwise.
      type: str
      sample: file
    refusal:
      description: The C(deny), C(auth_basic) or C(auth_request) that refuses where the outcome is V(denied), with C(directive), C(file) and C(line).
      type: dict
    handler:
      description: The directive that answers, V(static) for files.
      type: str
      sample: static
    upstreams:
      description: Where the request is passed to.
      type: list
      elements: str
    path:
      description: The path that nginx opens.
      type: str
      sample: /srv/shop/static/admin/css/base.css
    mapping:
      description: The C(root) or C(alias) that makes the path, with C(directive), C(argument), C(file) and C(line).
      type: dict
    tries:
      description: What C(try_files) tries, each with C(argument), C(path) and C(kind).
      type: list
      elements: dict
    status:
      description: Status of an answer that the configuration itself gives.
      type: int
    undecided:
      description: What cannot be decided, each with C(directive), C(file), C(line) and C(why).
      type: list
      elements: dict
    steps:
      description: The same in sentences.
      type: list
      elements: str
main:
  description: The main file of the configuration that was asked.
  returned: success
  type: str
  sample: /etc/nginx/nginx.conf
"""
