"""The command `vcluster-isolation`: one group, one module of this package for each command.

A command's module is imported when it is called, so that `--help` and small commands start fast.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import sys
import traceback
from collections.abc import Sequence

import click

from vcluster_isolation import __version__
from vcluster_isolation.errors import EXIT_CANNOT_RUN, EXIT_OK, EXIT_UNEXPECTED, IsolationError
from vcluster_isolation.wording import printable, printable_lines

EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
"""What shells give a program that SIGINT or SIGPIPE ended: 128 and the signal's number."""

_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}  # of an OSError that is nothing wrong in the program
_LONGEST = 300  # characters of an unexpected error's own words

COMMANDS = {
    "audit": "Audit a running host cluster: which claims hold for each of its vClusters.",
    "check": "Report everything that is wrong with values, before they reach a cluster.",
    "connectivity": "List the allowed flows, one line each.",
    "diff": "List the flows that a change opens and closes.",
    "docs": "Check or write the generated tables of Markdown files.",
    "explain": "Explain why a source reaches a destination, or why not.",
    "firewall": "Print firewall rules for vCluster Platform and for DNS between nodes.",
    "golden": "Compare rendered values with golden files, or write these.",
    "isolate": "Print (or install) the NetworkPolicies that isolate a vCluster.",
    "ports": "Print the ports of vCluster Platform: what serves each, and what dials it.",
    "prove": "Prove or refute each claim, for every pod that a hostile tenant could create.",
    "migrate": "Rewrite the v0.20 to v0.30 keys of a values file to today's.",
    "verify": "Check that ports are open, from where this command runs.",
}

_ABOVE = {"docs": "vcluster_isolation.docs.command"}
"""Commands that describe the command line, and so stand above it."""


class LazyGroup(click.Group):
    """A click group that imports `cli/<name>.py` and takes its `command` when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command, or None for an unknown name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(_ABOVE.get(cmd_name, f"vcluster_isolation.cli.{cmd_name.replace('-', '_')}"))
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table above, without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vcluster-isolation")
@click.option("--debug", is_flag=True, help="Show a traceback when something goes wrong. Also after a command.")
def app(*, debug: bool) -> None:
    """Isolate vClusters with NetworkPolicies, and check that they are isolated."""
    del debug  # `run` has taken it out of the command line; here it is in the help


def main() -> None:
    """Run the command line of this process, and end with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command line; return its exit code (see `errors`) whatever happens, and never show a traceback by itself.

    An `IsolationError` becomes its message. An error that is not expected becomes one line. `--debug`, wherever it
    stands, shows where either came from. A reader that has gone (`| head`) and Ctrl-C end the command quietly.
    """
    words, debug = _without_debug(arguments)
    try:
        code = _code_of(words)
        if sys.stdout is not None:  # `>&-` closes it
            sys.stdout.flush()
    except IsolationError as error:
        _show_traceback(debug=debug)
        _complain(f"error: {printable_lines(str(error))}")
        return error.exit_code
    except BrokenPipeError:
        _discard_output()
        return EXIT_BROKEN_PIPE
    except KeyboardInterrupt:
        _complain("interrupted")
        return EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last net: it must hold whatever falls
        _show_traceback(debug=debug)
        full = isinstance(error, OSError) and error.errno in _DISK
        _complain(_no_room(error) if full else _unexpected(error, debug=debug))
        return EXIT_CANNOT_RUN if full else EXIT_UNEXPECTED
    return code


def _without_debug(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """Return a command line without `--debug`, and whether it was there; what follows `--` are no options."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = [word for word in arguments[:end] if word != "--debug"]
    return [*options, *arguments[end:]], len(options) < end


def _code_of(words: Sequence[str]) -> int:
    """Run the group; return the exit code of the command. Raises what it raises, but for mistakes in `words`."""
    streams = sys.stdout, sys.stderr
    try:
        code = app.main(list(words), prog_name="vcluster-isolation", standalone_mode=False)
    except click.ClickException as mistake:
        mistake.show()
        return mistake.exit_code
    except click.Abort as aborted:  # click's word for Ctrl-C, and for any EOFError
        raise aborted.__cause__ or KeyboardInterrupt from None
    except SystemExit as ended:
        if sys.stdout is not streams[0]:  # click has wrapped both: its way of ending when the reader has gone
            sys.stdout, sys.stderr = streams
            raise BrokenPipeError from None
        return ended.code if isinstance(ended.code, int) else EXIT_OK
    return code if isinstance(code, int) else EXIT_OK


def _unexpected(error: Exception, *, debug: bool) -> str:
    """Return one line about an error that is a defect of this program."""
    said = printable(" ".join(str(error).split()))[:_LONGEST]
    what = f"error: unexpected {type(error).__name__}{f': {said}' if said else ''}"
    more = "the traceback above" if debug else "what it prints when you run it again with --debug"
    return f"{what}; this is a defect of vcluster-isolation: please report the command, its input and {more}"


def _no_room(error: Exception) -> str:
    """Return one line about output that the system would not take."""
    return f"error: something could not be written: {printable(str(error))}; make room, and run it again"


def _show_traceback(*, debug: bool) -> None:
    """Show on standard error where the current error came from, if the user asked for it."""
    if debug:
        _complain(printable_lines(traceback.format_exc()))


def _complain(text: str) -> None:
    """Print on standard error; if that is gone as well, the exit code is all that is left to say it with."""
    with contextlib.suppress(OSError):
        click.echo(text, err=True)


def _discard_output() -> None:
    """Let what is still to be printed go nowhere: Python would try once more at its end, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
