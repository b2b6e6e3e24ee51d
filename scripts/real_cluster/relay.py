"""Hands connections on between network namespaces: an agent in a node's namespace reaches the API server by it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path

from real_cluster import linux

_CHUNK = 1 << 16


class Relay:
    """Listens at a port of 127.0.0.1 in a network namespace, and hands on to that port of 127.0.0.1 in this one."""

    def __init__(self, space: Path, port: int) -> None:
        """Begin to listen. Raises OSError."""
        self._port = port
        with linux.inside(space):
            self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Listen no more; connections that are open stay."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for the next
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return  # closed
            try:
                far = socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                near.close()  # the API server is away: so is this connection
                continue
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(source, target), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Hand on in one direction until either end is closed; then both are."""
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
