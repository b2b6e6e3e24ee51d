"""Asks a real network who reaches whom: listeners in many network namespaces, and many connections at once.

A TCP connection is open when it is established, a UDP port when the listener answers. What is refused or unreachable is
closed as surely as what is dropped: every address that is asked has a listener at every port that is asked, so that
nothing but a policy refuses.

A socket belongs to the network namespace in which it was made: one thread makes them all, and need not stay there.
"""

from __future__ import annotations

import errno
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from real_cluster import linux
from real_cluster.listeners import KINDS, LISTENING, TCP, UDP
from vcluster_isolation.tools import PROJECT

_AT_ONCE: Final = 400
"""So many questions are under way at a time: fewer than a listener's backlog, and than the files a process may open."""

_SILENCE: Final = 0.6
"""Seconds after which a question that was dropped is closed. On this wire an answer takes a millisecond."""

_LINGER: Final = struct.pack("ii", 1, 0)  # close with a reset: no socket waits for what may still come
_FREEBIND: Final = 15  # IP_FREEBIND of <linux/in.h>


@dataclass(frozen=True, slots=True, order=True)
class Probe:
    """A question: does this port of an address answer, asked in a network namespace from one of its addresses."""

    space: Path
    source: str
    address: str
    protocol: str
    port: int


def ask(probes: Iterable[Probe], *, attempts: int = 2) -> dict[Probe, bool]:
    """Return for each question whether it was answered; what met with silence is asked again. Raises OSError."""
    waiting = sorted(set(probes))
    answers = dict.fromkeys(waiting, False)
    for _ in range(attempts):
        said: dict[Probe, bool] = {}
        for begin in range(0, len(waiting), _AT_ONCE):
            said.update(_round(waiting[begin : begin + _AT_ONCE]))
        answers |= said
        waiting = [probe for probe in waiting if probe not in said]
    return answers


def _round(probes: Sequence[Probe]) -> Iterator[tuple[Probe, bool]]:
    """Ask some questions at once, and yield what is said to each: an answer or a refusal; nothing is silence."""
    asked: dict[int, tuple[Probe, socket.socket]] = {}
    poll = select.epoll()
    try:
        for space, group in groupby(probes, lambda probe: probe.space):
            with linux.inside(space):
                for probe in group:
                    end = _begun(probe)
                    if end is None:
                        yield probe, False
                    else:
                        asked[end.fileno()] = (probe, end)
                        poll.register(end, select.EPOLLIN if probe.protocol == UDP else select.EPOLLOUT)
        last = time.monotonic()
        while asked and time.monotonic() - last < _SILENCE:
            for number, _ in poll.poll(_SILENCE / 4):
                probe, end = asked.pop(number)
                poll.unregister(end)
                yield probe, _is_answered(probe, end)
                end.close()
                last = time.monotonic()
    finally:
        for _, end in asked.values():
            end.close()
        poll.close()


def _begun(probe: Probe) -> socket.socket | None:
    """Return the socket of a question under way; None if the network refused it right away."""
    end = _socket(probe.address, probe.protocol)
    try:
        if probe.protocol == TCP:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        end.bind((probe.source, 0))
        if end.connect_ex((probe.address, probe.port)) not in (0, errno.EINPROGRESS):
            end.close()
            return None
        if probe.protocol == UDP:
            end.send(b"?")
        # A refusal often comes while the system call is under way. TCP then keeps it for the next attempt, a second
        # later, and wakes nobody up; it is here that one can see it.
        refused = end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    except (PermissionError, ConnectionRefusedError):
        refused = errno.ECONNREFUSED  # what may not leave is said at once
    if refused:
        end.close()
        return None
    return end


def _is_answered(probe: Probe, end: socket.socket) -> bool:
    """Return whether an event of a socket is the answer."""
    if probe.protocol == TCP:
        return end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
    try:
        return end.recv(16) == b"!"
    except OSError:
        return False  # an ICMP error


def _socket(address: str, protocol: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    end = socket.socket(family, KINDS[protocol])
    end.settimeout(0)
    end.setsockopt(socket.SOL_IP, _FREEBIND, 1)
    return end


@contextmanager
def listening(places: Mapping[Path, Iterable[tuple[str, int]]]) -> Iterator[None]:
    """Answer in each of these network namespaces, at all their addresses, at these (protocol, port), until the end.

    A process of its own does it (`listeners.py`), and ends with this one. Raises OSError if it cannot.
    """
    wanted = [(str(space), sorted(set(ports))) for space, ports in places.items()]
    command = [sys.executable, "-m", "real_cluster.listeners"]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "scripts")}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        if not process.stdin or not process.stdout:
            raise AssertionError
        process.stdin.write(f"{json.dumps(wanted)}\n")
        process.stdin.flush()
        try:
            said = process.stdout.readline().strip()
            if said != LISTENING:
                raise OSError(said)
            yield
        finally:
            process.kill()
