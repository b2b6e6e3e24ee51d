"""Network namespaces, by the system calls that Python 3.11 does not have, and by iproute2."""

from __future__ import annotations

import ctypes
import os
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from vcluster_isolation.errors import ToolFailed

NAMES = Path("/run/netns")
"""Where iproute2 keeps the names of network namespaces."""

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET of <linux/sched.h>
_BIND = 4096  # MS_BIND of <linux/mount.h>
_DETACH = 2  # MNT_DETACH
_NEXT = "see whether the kernel lets this user make network namespaces"
_LIBC = ctypes.CDLL(None, use_errno=True)
_OWN = "/proc/thread-self/ns/net"


def add(name: str) -> None:
    """Make a network namespace with a name. Raises OSError."""
    place = NAMES / name
    place.touch(exist_ok=False)
    home = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _call(_LIBC.unshare(_NEW_NETWORK), name)
        try:
            _call(_LIBC.mount(_OWN.encode(), bytes(place), b"none", ctypes.c_ulong(_BIND), None), name)
        finally:
            _call(_LIBC.setns(home, _NEW_NETWORK), name)
    finally:
        os.close(home)


def delete(name: str) -> None:
    """Take the name away from a network namespace; the kernel removes it when nothing is in it. Raises OSError."""
    place = NAMES / name
    _call(_LIBC.umount2(bytes(place), _DETACH), name)
    place.unlink()


@contextmanager
def inside(space: Path) -> Iterator[None]:
    """Put this thread into a network namespace for a while: the sockets that it makes stay there. Raises OSError."""
    home, there = (os.open(path, os.O_RDONLY | os.O_CLOEXEC) for path in (_OWN, space))
    try:
        _call(_LIBC.setns(there, _NEW_NETWORK), str(space))
        try:
            yield
        finally:
            _call(_LIBC.setns(home, _NEW_NETWORK), "home")
    finally:
        os.close(there)
        os.close(home)


def configure(space: Path, settings: Mapping[str, str]) -> None:
    """Write sysctls of a network namespace: `net/ipv4/ip_forward` and the like. Raises OSError."""
    with inside(space):
        for name, value in settings.items():
            Path("/proc/sys", name).write_text(value, encoding="ascii")


def ip(lines: Iterable[str], space: str = "") -> None:
    """Have `ip -batch` do these lines, in a network namespace or in this one. Raises ToolFailed with ip's words."""
    command = ["ip", *(["-n", space] if space else []), "-batch", "-"]
    text = "".join(f"{line}\n" for line in lines)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolFailed(command, f"{done.stderr}{text}", _NEXT)


def stop(processes: Iterable[subprocess.Popen[bytes]], patience: float = 3) -> None:
    """End processes, all at once: with SIGTERM, and those that go on after `patience` seconds with SIGKILL."""
    running = [process for process in processes if process.poll() is None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + patience
    for process in running:
        try:
            process.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _call(result: int, about: str) -> None:
    """Raise OSError for a system call that failed."""
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), about)
