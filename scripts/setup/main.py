"""`scripts/bootstrap`: see what is missing, do it under a lock, and say how it went."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from setup import advice, environment, packages, programs
from setup.progress import Progress
from setup.project import Project, remove
from setup.work import Step, StepContext, locked, perform
from vcluster_isolation.errors import EXIT_CANNOT_RUN, EXIT_OK, EXIT_UNEXPECTED, IsolationError, SetupFailed

_INTERRUPTED = 130  # what a shell gives for a program that Ctrl-C ended


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to provide: the packages for development or not, and the programs in `.tools/bin` by name."""

    dev: bool
    names: tuple[str, ...]


def main(arguments: Sequence[str], project: Project, caller: Mapping[str, str]) -> int:
    """Set up `project` and return the exit code. Says nothing when everything is in place and nobody asked."""
    options = _parser().parse_args(arguments)
    try:
        choices = set_up(project, caller, _wanted(options))
    except IsolationError as error:
        return _complain(str(error), EXIT_CANNOT_RUN)
    except OSError as error:
        return _complain(f"set-up cannot go on: {error}\nwhat to do: {advice.for_error(error)}", EXIT_CANNOT_RUN)
    except KeyboardInterrupt:
        return _complain("set-up was stopped; run the command again: it goes on where it can", _INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the last net: it must hold whatever falls
        if options.debug:
            sys.stderr.write(traceback.format_exc())
        what = f"set-up met an unexpected {type(error).__name__}: {' '.join(str(error).split())}"
        report = "please report it, with what `scripts/bootstrap --debug` prints"
        return _complain(f"{what}; {report}", EXIT_UNEXPECTED)
    sys.stdout.write(environment.as_shell(project) if options.print_env else _summary(project, choices))
    return EXIT_OK


def set_up(project: Project, caller: Mapping[str, str], wanted: Wanted) -> list[programs.Choice]:
    """Provide what is `wanted` and return the programs in use. Raises SetupFailed, or OSError outside of any step."""
    project.temporary.mkdir(parents=True, exist_ok=True)
    choices = programs.choose(project, caller, wanted.names)
    if _steps(project, caller, wanted, choices):
        with locked(project, _say_waiting) as lock:
            _work(project, caller, _steps(project, caller, wanted, choices), lock)
    programs.link(project, choices)
    return choices


def _steps(
    project: Project, caller: Mapping[str, str], wanted: Wanted, choices: Sequence[programs.Choice]
) -> list[Step]:
    """Return everything that is to be done."""
    first, last = packages.steps(project, dev=wanted.dev)
    return [*first, *programs.steps(project, caller, choices), *last]


def _work(project: Project, caller: Mapping[str, str], steps: Sequence[Step], lock: int) -> None:
    """Do `steps`, then give the disk space of caches back; after a failure they stay, for the next try."""
    project.scratch.mkdir(parents=True, exist_ok=True)
    progress = Progress(sys.stderr, len(steps))
    shop = StepContext(project, caller, Path(sys.executable), progress, lock)
    with closing(shop):
        try:
            for step in steps:
                perform(shop, step)
        except SetupFailed:
            if shop.background:  # what is under way is not done again next time
                with suppress(SetupFailed):
                    perform(shop, steps[-1])
            raise
    remove(project.build)


def _wanted(options: argparse.Namespace) -> Wanted:
    """Return what the command line asks for."""
    more = [] if options.minimal else ["kubeconform"]
    pinned = ["helm3", "helm4"] if options.dev else []
    return Wanted(options.dev, ("helm", *more, *pinned))


def _summary(project: Project, choices: Sequence[programs.Choice]) -> str:
    """Return what is in place, as text of a line each."""
    version = ".".join(map(str, sys.version_info[:3]))
    lines = [f"{choice.name:12} {choice.version:9} {_origin(project, choice)}" for choice in choices]
    return "".join(f"{line}\n" for line in [f"{'Python':12} {version:9} .venv, from {sys.executable}", *lines])


def _origin(project: Project, choice: programs.Choice) -> str:
    """Return where a program in use comes from."""
    own = project.bin.relative_to(project.root) / choice.name
    return f"{own}, built here" if choice.pinned else f"{own}, which is {choice.target}"


def _say_waiting() -> None:
    """Tell the user why nothing happens."""
    sys.stderr.write("another set-up of this folder is running; waiting for it\n")
    sys.stderr.flush()


def _complain(message: str, code: int) -> int:
    """Say what went wrong, and return the exit code."""
    sys.stderr.write(f"error: {message}\n")
    return code


def _parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    parser = argparse.ArgumentParser(
        prog="scripts/bootstrap",
        description="Set up .venv and .tools/bin below the project's folder. A second run finds everything in place.",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--dev", action="store_true", help="also what scripts/test needs")
    which.add_argument("--minimal", action="store_true", help="only what scripts/isolate needs: no kubeconform")
    parser.add_argument("--debug", action="store_true", help="show a traceback when something goes wrong")
    parser.add_argument("--print-env", action="store_true", help="print settings for a shell's eval")
    return parser


def start(root: str, arguments: Sequence[str]) -> int:
    """Run for the checkout at `root` with this process's environment: what `scripts/bootstrap` calls."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as `nohup` has it
            signal.signal(number, signal.default_int_handler)  # a `kill` cleans up as Ctrl-C does
    return main(arguments, Project(Path(root)), dict(os.environ))
