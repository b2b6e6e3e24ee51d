"""Finding and running the programs that we call. Nothing else in the package starts a process."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vcluster_isolation.errors import ToolFailed, ToolMissing

# In a checkout this is the project's folder; in an installed package it is not, and `.tools` is not there.
PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Finished:
    """A program that ended: its command line, exit code, and what it printed."""

    command: tuple[str, ...]
    code: int
    stdout: str
    stderr: str


@cache
def find(name: str) -> Path:
    """Return the program `name`: the project's own in `.tools/bin`, else the one on PATH.

    `VCLUSTER_ISOLATION_<NAME>` (for example `VCLUSTER_ISOLATION_HELM`) names another one.
    Raises ToolMissing when there is none.
    """
    variable = f"VCLUSTER_ISOLATION_{name.upper()}"
    if chosen := os.environ.get(variable):
        return Path(chosen)
    own = PROJECT / ".tools" / "bin" / name
    if own.exists():
        return own
    if found := shutil.which(name):
        return Path(found)
    raise ToolMissing(f"{name} is not installed", f"run scripts/bootstrap, or put {name} on PATH")


def run(command: Sequence[str | Path], *, stdin: str = "", cwd: Path | None = None) -> Finished:
    """Run `command` (never through a shell) with `stdin` and return how it ended, whatever its exit code.

    Raises ToolMissing when the program cannot be started.
    """
    words = tuple(map(str, command))
    try:
        done = subprocess.run(words, input=stdin, capture_output=True, encoding="utf-8", check=False, cwd=cwd)
    except OSError as error:
        raise _cannot_start(words[0], error) from error
    return Finished(words, done.returncode, done.stdout, done.stderr)


def run_binary(command: Sequence[str | Path], *, stdin: bytes = b"") -> bytes:
    """Run `command` as `run` does, and return what it printed, byte for byte: nothing is made of line ends.

    Raises ToolMissing when the program cannot be started, ToolFailed with its own words when it fails.
    """
    words = tuple(map(str, command))
    try:
        done = subprocess.run(words, input=stdin, capture_output=True, check=False)
    except OSError as error:
        raise _cannot_start(words[0], error) from error
    if done.returncode:
        raise ToolFailed(words, done.stderr.decode(errors="backslashreplace"))
    return done.stdout


def stream(command: Sequence[str | Path], *, stdin: str = "") -> int:
    """Run `command` with `stdin`, its output going where ours goes, and return its exit code.

    Raises ToolMissing when the program cannot be started.
    """
    words = tuple(map(str, command))
    try:
        return subprocess.run(words, input=stdin, text=True, check=False).returncode
    except OSError as error:
        raise _cannot_start(words[0], error) from error


def _cannot_start(program: str, error: OSError) -> ToolMissing:
    """Return the error for a program that the system would not start."""
    return ToolMissing(f"{program} cannot be started: {error.strerror}", "check its path and permissions")
