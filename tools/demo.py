# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: deploy the sample project into a container by the shipped playbook, and tell the address.

The collection is built and installed into .demo first, so that what runs is what a user would install. Its state, the
container and the images are kept: the next run only brings the container up to date. tools/demo-clean removes all of it.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".demo"
BIN = ROOT / ".venv" / "bin"
INSTANCE = ROOT / "tools" / "instance"
RELEASE = "trixie"
SAMPLE = ROOT / "molecule" / "shared" / "projects" / "sample"
FIRST_PORT = 8080
PORTS_TRIED = 100

CONFIGURATION = f"""[defaults]
collections_path = {STATE}/collections
connection_plugins = {ROOT}/molecule/plugins/connection
inventory = {STATE}/inventory.yml
callback_result_format = yaml
display_skipped_hosts = false
interpreter_python = auto_silent
localhost_warning = false

[connection]
pipelining = true
"""

# The host "demo" is what a user writes: a name, a source, a host name, and the one variable that the sample insists on.
# The host "outside" is this machine, as a browser on it would ask.
INVENTORY = """---
all:
  hosts:
    demo:
      ansible_connection: podman_exec
      ansible_host: {container}
      ansible_podman_executable: {root}/molecule/bin/podman
      ansible_python_interpreter: /usr/bin/python3
      django_app_source: {sample}
      django_app_environment:
        DJANGO_SECRET_KEY: "{{{{ lookup('ansible.builtin.password', '{state}/secret_key', length=50) }}}}"
    outside:
      ansible_connection: local
      ansible_become: false
      ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"
      django_verify_base_url: http://localhost:{port}
      django_verify_static_path: ""
  vars:
    django_app_name: sample
    django_app_hostnames:
      - localhost
"""


class DemoError(Exception):
    """Something that the demo needs did not work; the message says what."""


def output_of(*command: str | Path) -> str:
    """What a command prints; '' if it fails."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_port(container: str) -> int:
    """The port that the container publishes, or else the one of the last run, or else the first that is free from 8080 on."""
    published = output_of(ROOT / "molecule" / "bin" / "podman", "port", container, "80/tcp")
    if published:
        return int(published.rpartition(":")[2])
    remembered = STATE / "port"
    candidates = [int(remembered.read_text())] if remembered.exists() else []
    candidates += range(FIRST_PORT, FIRST_PORT + PORTS_TRIED)
    port = next(filter(is_free, candidates), None)
    if port is None:
        raise DemoError(f"No port from {FIRST_PORT} to {FIRST_PORT + PORTS_TRIED - 1} is free on 127.0.0.1; stop something that listens there.")
    remembered.write_text(f"{port}\n")
    return port


def install_collection() -> None:
    """Build the collection from this checkout, and install the artefact into .demo/collections."""
    artefacts = STATE / "artefact"
    shutil.rmtree(artefacts, ignore_errors=True)
    run("ansible-galaxy", "collection", "build", "--force", "--output-path", artefacts, ROOT, quiet=True)
    (artefact,) = artefacts.glob("*.tar.gz")
    run("ansible-galaxy", "collection", "install", "--force", "--offline", "--collections-path", STATE / "collections", artefact, quiet=True)


def run(command: str, *arguments: str | Path, quiet: bool = False) -> str:
    """Run a tool of the virtualenv in .demo; show what it prints, unless it is to be quiet and succeeds.

    Returns:
        What it printed.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
    environment["ANSIBLE_CONFIG"] = str(STATE / "ansible.cfg")
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # root's files in the user's checkout would be in the way
    process = subprocess.Popen([BIN / command, *arguments], cwd=STATE, env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8")
    lines = []
    with process:
        for line in process.stdout or ():
            lines.append(line)
            if not quiet:
                print(line, end="", flush=True)
    printed = "".join(lines)
    if process.returncode:
        raise DemoError(f"{printed if quiet else ''}\n'{command} {' '.join(map(str, arguments))}' failed: see above.")
    return printed


def proven(printed: str) -> list[str]:
    """The messages of the tasks that tell what was proven, each on one line."""
    tasks = re.findall(r"^TASK \[[^\]]*Tell what was proven\][^\n]*\n(ok: .*?)(?:\n\n|\Z)", printed, flags=re.MULTILINE | re.DOTALL)
    return [" ".join(str(next(iter(yaml.safe_load(task.partition("\n")[2]).values()))).split()) for task in tasks]


def up() -> None:
    """Bring the demo up to date, ask it as a browser would, and print the address."""
    begun = time.monotonic()
    STATE.mkdir(exist_ok=True)
    container = output_of(INSTANCE, "name", "demo")
    port = choose_port(container)
    (STATE / "ansible.cfg").write_text(CONFIGURATION)
    inventory = INVENTORY.format(root=ROOT, state=STATE, sample=SAMPLE, port=port, container=container)
    (STATE / "inventory.yml").write_text(inventory)
    print("Starting the container", flush=True)
    if subprocess.run([INSTANCE, "up", RELEASE, "demo", "--publish", f"127.0.0.1:{port}:80"], check=False).returncode:
        raise DemoError("The container did not start: see above.")
    install_collection()
    inside = run("ansible-playbook", "webops.django.deploy", "--limit", "demo")
    outside = run("ansible-playbook", "webops.django.verify", "--limit", "outside")
    print(f"The sample project is deployed. Open http://localhost:{port}/ or http://localhost:{port}/admin/\n")
    print("What was proven:")
    for message in proven(inside):
        print(f"- On the host, {message}")
    for message in proven(outside):
        # From outside, there are no collected files to compare with: the pages and what they name are asked for.
        pages = re.search(r"\d+ pages asked for.*? are served", message)
        print(f"- From this machine, http://localhost:{port}: {pages.group(0) if pages else message}")
    print(f"\nLook inside: tools/instance shell demo    Remove all: make demo-clean    ({time.monotonic() - begun:.0f} s)")


def main() -> int:
    """Run the demo as root, because its container boots systemd."""
    if os.geteuid():
        os.execvp("sudo", ["sudo", "--preserve-env=MOLECULE_IMAGE", sys.executable, *sys.argv])  # noqa: S606
    try:
        up()
    except DemoError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
