# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pipelining connection to a local podman container, for the demo and the tests only."""

from __future__ import annotations

DOCUMENTATION = r"""
name: podman_exec
short_description: Run tasks in a local podman container
description:
  - Runs each command as one C(podman exec --interactive), so that pipelining works.
author:
  - WebOps (@webops)
version_added: 0.1.0
extends_documentation_fragment:
  - connection_pipelining
options:
  remote_addr:
    description: The container.
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
  podman_executable:
    description: The podman command.
    default: podman
    vars:
      - name: ansible_podman_executable
"""

import shlex
import subprocess

from ansible.errors import AnsibleConnectionFailure, AnsibleFileNotFound
from ansible.module_utils.common.text.converters import to_bytes, to_native
from ansible.plugins.connection import ConnectionBase

# podman's own exit codes (podman-exec(1)): it failed itself; the command could not be started.
PODMAN_FAILED = (125, 126)


class Connection(ConnectionBase):
    """Connection to a container through the podman command line."""

    transport = "podman_exec"
    has_pipelining = True

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def _run(self, script: str, stdin: bytes | None = None) -> tuple[int, bytes, bytes]:
        argv = [self.get_option("podman_executable"), "exec", "--interactive", self.get_option("remote_addr"), "/bin/sh", "-c", script]
        done = subprocess.run([to_bytes(argument) for argument in argv], input=stdin or b"", capture_output=True, check=False)
        if done.returncode in PODMAN_FAILED and b"Error:" in done.stderr:
            raise AnsibleConnectionFailure(to_native(done.stderr))
        return done.returncode, done.stdout, done.stderr

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run a command in the container, with in_data as its standard input."""
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        return self._run(cmd, in_data)

    def put_file(self, in_path: str, out_path: str) -> None:
        """Copy a file into the container."""
        super().put_file(in_path, out_path)
        try:
            with open(to_bytes(in_path), "rb") as source:
                status, dummy, message = self._run("cat > " + shlex.quote(out_path), source.read())
        except FileNotFoundError as error:
            raise AnsibleFileNotFound(f"file or module does not exist: {in_path}") from error
        if status:
            raise AnsibleConnectionFailure(f"cannot write {out_path}: {to_native(message)}")

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Copy a file out of the container."""
        super().fetch_file(in_path, out_path)
        status, content, message = self._run("cat < " + shlex.quote(in_path))
        if status:
            raise AnsibleConnectionFailure(f"cannot read {in_path}: {to_native(message)}")
        with open(to_bytes(out_path), "wb") as target:
            target.write(content)

    def close(self) -> None:
        """Forget the connection: each command is a process of its own."""
        self._connected = False
