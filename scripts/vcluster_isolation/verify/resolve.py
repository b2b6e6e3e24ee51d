"""From what the user named to addresses, without waiting longer than asked."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Address:
    """One address to dial: what a socket wants to know of it."""

    family: int
    sockaddr: Any
    text: str


async def addresses(host: str, port: int) -> list[Address]:
    """Return the addresses of a host, each once; an address is its own, and asks no name server.

    Raises socket.gaierror when there are none, ValueError for what cannot be a name.
    """
    try:
        return _look_up(host, port, socket.AI_NUMERICHOST)
    except socket.gaierror:
        return await _in_a_thread(host, port)


def _look_up(host: str, port: int, flags: int = 0) -> list[Address]:
    """Return what the system knows of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [Address(family, sockaddr, str(sockaddr[0])) for family, _, _, _, sockaddr in dict.fromkeys(found)]


async def _in_a_thread(host: str, port: int) -> list[Address]:
    """Look up in a thread that nobody waits for: a name server that is silent keeps getaddrinfo for half a minute."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[list[Address]] = loop.create_future()

    def settle(found: list[Address] | Exception) -> None:
        if future.done():  # given up
            return
        if isinstance(found, Exception):
            future.set_exception(found)
        else:
            future.set_result(found)

    def work() -> None:
        found: list[Address] | Exception
        try:
            found = _look_up(host, port)
        except (OSError, ValueError) as error:
            found = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: the report is long printed
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=work, daemon=True).start()
    return await future
