# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a service from what it is to what it shall be, or leaving it as it was."""

from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.webops.django.plugins.module_utils import unit_files
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.processes import EVERYWHERE, listeners
from ansible_collections.webops.django.plugins.module_utils.service_health import Health, NotReadyError, stream, wait_until_healthy
from ansible_collections.webops.django.plugins.module_utils.systemd import Manager, Unit
from ansible_collections.webops.django.plugins.module_utils.unit_files import Before, Journal


class Wanted(t.NamedTuple):
    """What the service shall be; ``socket`` is '' for none, ``files`` holds texts by path, ``watch`` paths that the service reads at its start."""

    name: str
    folder: str
    service: str
    socket: str
    files: t.Mapping[str, str]
    watch: t.Sequence[str]
    enabled: bool
    restart: bool
    timeout: float
    health: Health | None

    @property
    def units(self) -> dict[str, str]:
        """Texts of the units by name, the socket first."""
        sockets = {f"{self.name}.socket": self.socket} if self.socket else {}
        return {**sockets, f"{self.name}.service": self.service}

    @property
    def texts(self) -> dict[str, str]:
        """Texts of all files by path."""
        return {**self.files, **{os.path.join(self.folder, name): text for name, text in self.units.items()}}


class Steps(t.NamedTuple):
    """What is to be done."""

    write: list[str]
    reload: bool
    restart_socket: bool
    start_socket: bool
    restart: bool
    start: bool
    enable: list[str]

    @property
    def any(self) -> bool:
        """Tell whether anything is."""
        return any(self)


class Service:
    """One service, its socket and its files.

    :param wanted: what they shall be.
    :param manager: the system's service manager.
    """

    def __init__(self, wanted: Wanted, manager: Manager) -> None:
        self._wanted = wanted
        self._manager = manager
        self._service = f"{wanted.name}.service"
        self._socket = f"{wanted.name}.socket" if wanted.socket else ""
        self._journal = Journal(wanted.folder, wanted.name)
        self._invocation = ""

    def plan(self) -> tuple[Steps, Before, bool]:
        """Return what is to be done, what there was that worked, and whether a killed run left it."""
        service, socket = self._look()
        units = [socket, service] if self._socket else [service]
        write = unit_files.differing(self._wanted.texts)
        left = self._journal.read()
        before = left or unit_files.snapshot(self._wanted.texts, service.active, socket.active)
        socket_path = os.path.join(self._wanted.folder, self._socket) if self._socket else ""
        socket_changed = socket_path in write or (left is not None and left.texts.get(socket_path) != self._wanted.socket)
        # A process that is older than its files has never read them: a run was killed before it restarted it, or somebody edited them.
        stale = unit_files.newest([*self._wanted.texts, *self._wanted.watch]) > service.started
        steps = Steps(
            write=write,
            reload=any(os.path.join(self._wanted.folder, name) in write for name in self._wanted.units) or any(unit.needs_reload for unit in units),
            restart_socket=bool(self._socket) and socket.active and socket_changed,
            start_socket=bool(self._socket) and not socket.active,
            restart=service.active and (bool(write) or left is not None or stale or self._wanted.restart),
            start=not service.active,
            enable=[unit.name for unit in units if unit.enabled != self._wanted.enabled and "[Install]" in self._wanted.units[unit.name]],
        )
        return steps, before, left is not None

    def check_port(self, steps: Steps, before: Before) -> None:
        """Refuse a TCP port that something else holds, before anything changes.

        :raises ExplainedError: it names who holds it.
        """
        if not (self._socket and (steps.start_socket or steps.restart_socket)):
            return
        address = stream(self._wanted.socket)
        held = stream(before.texts.get(os.path.join(self._wanted.folder, self._socket)) or "") if steps.restart_socket else ""
        port = address.rpartition(":")[2]
        if not port.isdigit() or address == held:
            return
        host = address.rpartition(":")[0].strip("[]")
        for one in listeners([int(port)]):
            if not host or host in EVERYWHERE or one.address in (host, *EVERYWHERE):
                who = f"{one.command or 'another process'}{f', process {one.pid}' if one.pid else ''}{f', unit {one.unit}' if one.unit else ''}"
                raise ExplainedError(f"{address} is in use by {who}; stop it, or choose another port. Nothing was changed.")

    def verify(self, check_mode: bool) -> list[str]:
        """Let systemd read the units before they are live. Returns warnings."""
        return self._manager.verify(self._wanted.units, check_mode)

    def apply(self, steps: Steps, before: Before, left: bool) -> None:
        """Do it; take it back when the service does not come up.

        :raises ExplainedError: the service does not come up, or a file cannot be written.
        """
        began = time.time()
        revertible = bool(steps.write) or left
        if revertible:
            self._journal.write(before)
        try:
            unit_files.install(self._wanted.texts)
            self._must("daemon-reload", when=steps.reload)
            self._bring_up(steps)
            for name in steps.enable:
                self._must("enable" if self._wanted.enabled else "disable", name)
        except (NotReadyError, ExplainedError) as error:
            lines = self._manager.journal(began, self._invocation, *filter(None, [self._service, self._socket]))
            after = self._take_back(before) if revertible else "It was not changed."
            reason = str(error).rstrip(".")
            raise ExplainedError(f"{self._service} did not come up: {reason}. {after}", journal=lines, unit=self._service) from error
        self._journal.forget()

    def _look(self) -> tuple[Unit, Unit]:
        return self._manager.show(self._service), self._manager.show(self._socket) if self._socket else Unit("")

    def _must(self, verb: str, *names: str, when: bool = True) -> None:
        trouble = self._manager.call(verb, *names) if when else ""
        if trouble:
            raise NotReadyError(trouble)

    def _bring_up(self, steps: Steps) -> None:
        if steps.restart_socket:
            # systemd refuses to restart a socket whose service runs.
            self._must("stop", self._service)
            self._must("restart", self._socket)
        elif steps.start_socket:
            self._must("stop", self._service, when=steps.restart)
            self._must("start", self._socket)
        if steps.restart or steps.start or steps.restart_socket:
            self._restart(self._wanted.health)

    def _restart(self, health: Health | None) -> None:
        # Clears the count of starts, by which systemd gives up on a service that failed often.
        self._manager.call("reset-failed", self._service)
        trouble = self._manager.call("restart", self._service)
        started = self._manager.show(self._service)
        self._invocation = started.invocation
        if trouble:
            raise NotReadyError(trouble)

        def watch() -> None:
            now = self._manager.show(self._service)
            if not now.active or now.pid != started.pid:
                raise NotReadyError(f"its process ended ({now.result}, status {now.status})")

        wait_until_healthy(health, watch, self._wanted.timeout)

    def _take_back(self, before: Before) -> str:
        """Restore what there was. Returns a sentence that tells how that went."""
        service_path = os.path.join(self._wanted.folder, self._service)
        socket_path = os.path.join(self._wanted.folder, self._socket)
        socket_changed = bool(self._socket) and before.texts.get(socket_path) != self._wanted.socket
        names = [name for name in (self._socket, self._service) if name]
        if before.texts.get(service_path) is None:
            self._manager.call("disable", *names)
        if not before.service_active or socket_changed or before.texts.get(service_path) is None:
            self._manager.call("stop", *names)
        unit_files.install(before.texts)
        self._manager.call("daemon-reload")
        self._manager.call("reset-failed", *names)
        if before.texts.get(service_path) is None:
            self._journal.forget()
            return "Its units were removed again; nothing served here before."
        if self._socket and before.socket_active:
            self._manager.call("start", self._socket)
        if not before.service_active:
            self._journal.forget()
            return "The previous units are back; the service was not running before."
        try:
            self._restart(None)
        except NotReadyError as error:
            return f"The previous units are back, but the service does not start with them either: {error}."
        self._journal.forget()
        return "The previous units are back, and what served before serves on."
