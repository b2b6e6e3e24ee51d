"""Running one step's programs: output to a log, progress to the user, a failure with all that helps."""

from __future__ import annotations

import fcntl
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from setup import advice
from setup.progress import Progress
from setup.project import Project
from vcluster_isolation.errors import SetupFailed
from vcluster_isolation.wording import printable

_LAST_LINES = 12
_LONGEST_LINE = 200
_PATIENCE = 10  # seconds that a program has to end by itself when we are interrupted


@dataclass(frozen=True, slots=True)
class Workshop:
    """What each step works with: the project, the caller's environment, a Python, and the held lock."""

    project: Project
    environment: Mapping[str, str]
    python: Path
    progress: Progress
    lock: int


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: `name` is its log's, `label` is what the user sees, `otherwise` what to do if it fails."""

    name: str
    label: str
    work: Callable[[Workshop, Step], None]
    otherwise: str = ""


@contextmanager
def locked(project: Project, waiting: Callable[[], None]) -> Iterator[int]:
    """Hold the project's lock; while another set-up holds it, call `waiting` once and wait.

    Yields the lock's file descriptor: programs started with it keep the lock, so that one that outlives a killed
    set-up does not work beside the next.
    """
    project.tools.mkdir(exist_ok=True)
    with (project.tools / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def perform(shop: Workshop, step: Step) -> None:
    """Do one step, with progress. Raises SetupFailed, also for files that cannot be read or written."""
    shop.project.logs.mkdir(parents=True, exist_ok=True)
    log(shop, step).write_bytes(b"")
    with shop.progress.step(step.label):
        try:
            step.work(shop, step)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise SetupFailed(step.label, [f"{where}{error.strerror or error}"], advice.for_error(error)) from error


def run(
    shop: Workshop, step: Step, command: Sequence[str | Path], env: Mapping[str, str], cwd: Path | None = None
) -> str:
    """Run one program of a step and return what it printed, on stdout and stderr.

    Raises SetupFailed with the program's last lines and advice when it fails.
    """
    words = list(map(str, command))
    with log(shop, step).open("ab") as sink:
        start = sink.tell()
        code = _run(words, sink.fileno(), env, cwd, shop)
    said = log(shop, step).read_bytes()[start:].decode(errors="replace")
    if code:
        raise failure(shop, step, words, said, code)
    return said


def failure(shop: Workshop, step: Step, words: Sequence[str], said: str, code: int) -> SetupFailed:
    """Return the error for a program that ended with `code` after it `said` something."""
    lines = [printable(line)[:_LONGEST_LINE] for line in said.splitlines() if line.strip()][-_LAST_LINES:]
    ended = f"signal {-code}" if code < 0 else f"exit code {code}"
    details = [f"$ {shlex.join(words)}", *lines, f"({ended}; all of its output: {log(shop, step)})"]
    return SetupFailed(step.label, details, advice.for_output(said, step.otherwise))


def log(shop: Workshop, step: Step) -> Path:
    """Return the file with all output of a step's programs."""
    return shop.project.logs / f"{step.name}.log"


def _run(words: list[str], sink: int, env: Mapping[str, str], cwd: Path | None, shop: Workshop) -> int:
    """Run a program to its end, or end it (with all it started) when we are interrupted."""
    process = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=sink,
        stderr=subprocess.STDOUT,
        env=dict(env),
        cwd=cwd,
        pass_fds=(shop.lock,),
        start_new_session=True,
    )
    try:
        while True:
            try:
                return process.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                shop.progress.tick()
    except BaseException:
        _end(process)
        raise


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and what it started: first politely, then for good."""
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
