"""Running one step's programs: output to a log, progress to the user, a failure with all that helps."""

from __future__ import annotations

import fcntl
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
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
class Running:
    """A program that was started: its command line, and where in its log its output begins."""

    process: subprocess.Popen[bytes]
    words: tuple[str, ...]
    output_from: int


@dataclass(frozen=True, slots=True)
class StepContext:
    """What each step works with: the project, the caller's environment, a Python, and the held lock.

    `background` are programs that one step began and a later one finishes, by the name of their log; `started` are
    all that were started.
    """

    project: Project
    environment: Mapping[str, str]
    python: Path
    progress: Progress
    lock: int
    background: dict[str, Running] = field(default_factory=dict)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def close(self) -> None:
        """End what still runs, with all that it started: nothing waits for it any more."""
        for process in self.started:
            if process.poll() is None:
                _end(process)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: `name` is its log's, `label` is what the user sees, `otherwise` what to do if it fails."""

    name: str
    label: str
    work: Callable[[StepContext, Step], None]
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


def perform(shop: StepContext, step: Step) -> None:
    """Do one step, with progress. Raises SetupFailed, also for files that cannot be read or written."""
    shop.project.logs.mkdir(parents=True, exist_ok=True)
    if step.name not in shop.background:
        log(shop, step.name).write_bytes(b"")
    with shop.progress.step(step.label):
        try:
            step.work(shop, step)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise SetupFailed(step.label, [f"{where}{error.strerror or error}"], advice.for_error(error)) from error


def run(
    shop: StepContext, step: Step, command: Sequence[str | Path], env: Mapping[str, str], cwd: Path | None = None
) -> str:
    """Run one program of a step and return what it printed, on stdout and stderr.

    Raises SetupFailed with the program's last lines and advice when it fails.
    """
    return finish(shop, step, begin(shop, step.name, command, env, cwd))


def begin(
    shop: StepContext, name: str, command: Sequence[str | Path], env: Mapping[str, str], cwd: Path | None = None
) -> Running:
    """Start a program with its output to the log of that name, in a session of its own."""
    words = tuple(map(str, command))
    with log(shop, name).open("ab") as sink:
        start = sink.tell()
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=sink.fileno(),
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            pass_fds=(shop.lock,),
            start_new_session=True,
        )
        shop.started.append(process)
        return Running(process, words, start)


def finish(shop: StepContext, step: Step, running: Running) -> str:
    """Wait for a program of a step, and return what it printed.

    Raises SetupFailed with the program's last lines and advice when it fails.
    """
    while (code := running.process.poll()) is None:
        with suppress(subprocess.TimeoutExpired):
            running.process.wait(timeout=0.2)
        shop.progress.tick()
    said = log(shop, step.name).read_bytes()[running.output_from :].decode(errors="replace")
    if code:
        raise failure(shop, step, running.words, said, code)
    return said


def failure(shop: StepContext, step: Step, words: Sequence[str], said: str, code: int) -> SetupFailed:
    """Return the error for a program that ended with `code` after it `said` something."""
    lines = [printable(line)[:_LONGEST_LINE] for line in said.splitlines() if line.strip()][-_LAST_LINES:]
    ended = f"signal {-code}" if code < 0 else f"exit code {code}"
    details = [f"$ {shlex.join(words)}", *lines, f"({ended}; all of its output: {log(shop, step.name)})"]
    return SetupFailed(step.label, details, advice.for_output(said, step.otherwise))


def log(shop: StepContext, name: str) -> Path:
    """Return the file with all output of the programs of the step of that name."""
    return shop.project.logs / f"{name}.log"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and what it started: first politely, then for good."""
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
