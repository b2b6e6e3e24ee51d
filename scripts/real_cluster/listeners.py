"""Listens in many network namespaces at once, and answers: a process that ends when its standard input does.

A line of JSON says where: a list of [FILE OF A NAMESPACE, [[PROTOCOL, PORT], ...]]. It prints `listening`, or what is
wrong.
"""

from __future__ import annotations

import json
import resource
import select
import socket
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from real_cluster import linux

TCP: Final = "TCP"
UDP: Final = "UDP"
KINDS: Final = {TCP: socket.SOCK_STREAM, UDP: socket.SOCK_DGRAM}
LISTENING: Final = "listening"

_BACKLOG: Final = 1024
_PKTINFO: Final = 8  # IP_PKTINFO of <linux/in.h>
_PKTINFO_4, _PKTINFO_6 = struct.Struct("=I4s4s"), struct.Struct("=16sI")


def main() -> int:
    """Read where to listen, and answer until standard input ends."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    try:
        places = json.loads(sys.stdin.readline())
        ends = {end.fileno(): end for end in _listeners(places)}
    except (OSError, ValueError) as error:
        sys.stdout.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{LISTENING}\n")
    sys.stdout.flush()
    poll = select.epoll()
    for number in (*ends, 0):
        poll.register(number, select.EPOLLIN)
    while True:
        for number, _ in poll.poll():
            if number == 0:
                return 0
            _answer(ends[number])


def _answer(end: socket.socket) -> None:
    """Answer all that waits at a listener; a datagram from the address to which it was sent."""
    try:
        while True:
            if end.type == socket.SOCK_STREAM:
                end.accept()[0].close()
                continue
            _, aside, _, asker = end.recvmsg(16, 64)
            end.sendmsg([b"!"], [_from_the_same(*item) for item in aside], 0, asker)
    except OSError:
        return  # nothing waits any more, or the asker is gone


def _from_the_same(level: int, kind: int, data: bytes) -> tuple[int, int, bytes]:
    """Return the control message that has the answer come from where the question went, whatever the interface."""
    if level == socket.IPPROTO_IPV6:
        address, _ = _PKTINFO_6.unpack(data)
        return level, kind, _PKTINFO_6.pack(address, 0)
    _, local, address = _PKTINFO_4.unpack(data)
    return level, kind, _PKTINFO_4.pack(0, local, address)


def _listeners(places: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> Iterator[socket.socket]:
    """Yield a socket for each family, protocol and port in each namespace."""
    for space, ports in places:
        with linux.inside(Path(space)):
            for protocol, port in ports:
                yield _listener(socket.AF_INET, protocol, port)
                yield _listener(socket.AF_INET6, protocol, port)


def _listener(family: socket.AddressFamily, protocol: str, port: int) -> socket.socket:
    end = socket.socket(family, KINDS[protocol])
    end.settimeout(0)
    if protocol == TCP:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of earlier ones may still be closing
    if family == socket.AF_INET6:
        end.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if protocol == UDP:
            end.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    elif protocol == UDP:
        end.setsockopt(socket.IPPROTO_IP, _PKTINFO, 1)
    end.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", port))  # noqa: S104 # of a namespace of the cluster
    if protocol == TCP:
        end.listen(_BACKLOG)
    return end


if __name__ == "__main__":
    sys.exit(main())
