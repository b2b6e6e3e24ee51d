"""The catalogue of everything that can go wrong, and the exit code that each gives.

Two kinds: a `Problem` is something wrong *in the user's input*, found by a check (exit code 1); an
`IsolationError` means that a command *could not run* (exit code 2). Both say what, where and what next.

An error of our own (exit code 3) is neither. A claim that cannot be decided (exit code 4, unless another claim fails)
is not one that holds, and a set of flows that is open in part (exit code 5) is neither open nor closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

EXIT_OK = 0
EXIT_PROBLEMS = 1
EXIT_CANNOT_RUN = 2
EXIT_UNEXPECTED = 3
EXIT_UNDECIDED = 4
EXIT_PARTLY = 5


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong in the user's input.

    `where` is a path in the user's words (`policies.networkPolicy.fallbackDns`, or
    `NetworkPolicy/vc-work-a spec.egress[0]` for a manifest); `what` says what is wrong there, `next` what to
    do. `file` and `line` (1-based) are given when known. `source` names who found it: `file`, `yaml`, `values`,
    `schema`, `chart`, `kubeconform` or `api`; or the command, as `golden`.
    """

    where: str
    what: str
    next: str
    source: str
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        """Return `file:line: where: what; next`, leaving out what is not known."""
        place = f"{self.file}:{self.line}: " if self.file and self.line else f"{self.file}: " if self.file else ""
        head = f"{place}{self.where}: " if self.where else place
        return f"{head}{self.what}; {self.next}" if self.next else f"{head}{self.what}"

    def as_dict(self) -> dict[str, Any]:
        """Return the problem as JSON-ready keys; unknown ones are null."""
        return asdict(self)


class IsolationError(Exception):
    """A command cannot run: `str()` is the whole message for the user. Exit code 2."""

    exit_code: ClassVar[int] = EXIT_CANNOT_RUN

    def __init__(self, what: str, next_step: str = "") -> None:
        """Say `what` went wrong (with where) and the `next_step`."""
        super().__init__(f"{what}; {next_step}" if next_step else what)


class InputError(IsolationError):
    """The user's files cannot be read: missing, unreadable, or not YAML. Carries every problem found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep `problems` (at least one); the message is one line for each."""
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class ToolMissing(IsolationError):
    """A program that we call is not there."""


class ToolFailed(IsolationError):
    """A program that we called failed; its command line and its own words are in the message."""

    def __init__(self, command: Sequence[str | Path], stderr: str, next_step: str = "") -> None:
        """Keep the failing tool's `stderr` and the `command` that a person could repeat."""
        self.command = tuple(map(str, command))
        self.stderr = stderr
        self.next_step = next_step
        super().__init__(f"{' '.join(self.command)}\n{stderr.rstrip()}", next_step)


class SetupFailed(IsolationError):
    """A step of set-up failed: which step, what was said, and what to do."""

    def __init__(self, step: str, details: Sequence[str], next_step: str) -> None:
        """Say that `step` failed, then each line of `details` (command, output), then the `next_step`."""
        lines = [f"set-up failed while {step}", *(f"  {line}" for line in details), f"what to do: {next_step}"]
        super().__init__("\n".join(lines))
