# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server on loopback that sends whatever bytes a test wants, however wrong, and counts them."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import typing as t

Reply = t.Callable[[socket.socket, str], None]


def http_answer(body: bytes = b"", status: str = "200 OK", content_type: str = "text/css", **headers: str) -> bytes:
    """Return the bytes of a sound answer; ``content_length`` and other headers may be set to something else."""
    fields = {"content_type": content_type, "content_length": str(len(body)), **headers}
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class CountingSocket:
    """A connection of the server's, which adds what is sent to the server's count."""

    def __init__(self, sock: socket.socket, server: RawServer, head: bytes, behind: bytes) -> None:
        self._sock = sock
        self._server = server
        self.head = head
        """The request that is answered."""
        self.behind = behind
        """What has been received behind the request that is answered: pipelined requests."""

    def sendall(self, data: bytes) -> None:
        """Send, and count; where the client has gone, no more than a buffer's worth too much."""
        for start in range(0, len(data), 65536):
            self._sock.sendall(data[start : start + 65536])
            self._server.sent += len(data[start : start + 65536])

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._sock, name)


class RawServer:
    """Answers each request on a connection by a function, until that closes the connection; a context that stops it.

    :param reply: gets the connection and the request's target, and sends what it likes.
    :param tls: speaks TLS by these settings.
    :param path: listens at this unix socket instead of a port.
    :param greeting: is sent before any request has come.
    """

    def __init__(self, reply: Reply, tls: ssl.SSLContext | None = None, path: str = "", greeting: bytes = b"") -> None:
        self.reply = reply
        self.greeting = greeting
        self.tls = tls
        self.requests: list[str] = []
        self.heads: list[bytes] = []
        self.hosts: list[str] = []
        self.connections = 0
        self.sent = 0
        """Bytes of answers that the clients' kernels have taken."""
        self.stopping = threading.Event()
        self.listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        self.listener.bind(path or ("127.0.0.1", 0))
        self.listener.listen(64)
        self.port = 0 if path else int(self.listener.getsockname()[1])
        self.open: list[socket.socket] = []

    def __enter__(self) -> RawServer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_rest: object) -> None:
        self.stopping.set()
        for sock in (self.listener, *self.open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                sock = self.listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            self.open.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
                self.open.append(sock)
            sock.sendall(self.greeting)
            data = b""
            while True:
                while b"\r\n\r\n" not in data:
                    received = sock.recv(65536)
                    if not received:
                        return
                    data += received
                head, _end, data = data.partition(b"\r\n\r\n")
                lines = head.decode("latin-1").split("\r\n")
                target = lines[0].split(" ")[1]
                self.requests.append(target)
                self.heads.append(head)
                self.hosts += [line[6:] for line in lines if line.startswith("Host: ")]
                self.reply(t.cast("socket.socket", CountingSocket(sock, self, head, data)), target)
