# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin in a play, over a text and over this host's own nginx."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[4]


def ask(folder: pathlib.Path, **options: t.Any) -> subprocess.CompletedProcess[str]:
    """Run the module in a play on this host; what it returns is written to a file."""
    tasks = [
        {"webops.django.nginx_route_info": options, "register": "way"},
        {"ansible.builtin.copy": {"content": "{{ way | to_json }}", "dest": f"{folder}/way.json", "mode": "0644"}},
    ]
    (folder / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    command = [str(pathlib.Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local", str(folder / "play.yml")]
    command += ["-e", f"ansible_python_interpreter={sys.executable}"]
    environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(ROOT / ".ansible/collections"), ANSIBLE_NOCOLOR="1")
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)


def test_a_text_is_followed_to_the_files_of_the_host(tmp_path: pathlib.Path) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "static/a.css").write_text("a")
    block = "location /static/ { alias FOLDER/static/; try_files $uri =404; } location / { proxy_pass http://unix:/run/shop.sock; }"
    block = block.replace("FOLDER", str(tmp_path))
    text = "server { listen 80; server_name shop.example.com; " + block + " }"
    done = ask(
        tmp_path,
        urls=["http://shop.example.com/static/a.css", "http://shop.example.com/static/b.css", "http://shop.example.com/"],
        configuration=text,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((tmp_path / "way.json").read_text())
    assert [(one["outcome"], one["path"], one["status"], one["upstreams"]) for one in told["routes"]] == [
        ("file", f"{tmp_path}/static/a.css", None, []),
        ("return", None, 404, []),
        ("proxy", None, None, ["unix:/run/shop.sock"]),
    ]
    assert told["changed"] is False


def test_who_is_refused_is_told_with_the_directive(tmp_path: pathlib.Path) -> None:
    text = "server { listen 80; location / { root /w; allow 10.0.0.0/8; deny all; } }"
    done = ask(tmp_path, urls=["http://shop.example.com/a.css"], configuration=text, client="192.0.2.1")
    assert done.returncode == 0, done.stdout + done.stderr
    (way,) = json.loads((tmp_path / "way.json").read_text())["routes"]
    assert (way["outcome"], way["status"], way["refusal"]["directive"]) == ("denied", 403, "deny all")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"urls": ["a.css"], "configuration": "server { }"}, "is no URL; write one with scheme and host name"),
        ({"urls": ["http://a/"], "configuration": "events { }"}, "holds no server block"),
        ({"configuration": "events { }"}, "missing required arguments: urls"),
        ({"urls": ["http://a/"], "configuration": "server { }", "client": "shop"}, "write an address such as 192.0.2.1"),
        ({"urls": ["http://a/"], "konfiguration": ""}, "konfiguration"),
    ],
)
def test_bad_values_are_told_in_a_sentence(tmp_path: pathlib.Path, options: dict[str, t.Any], words: str) -> None:
    done = ask(tmp_path, **options)
    assert done.returncode != 0
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
