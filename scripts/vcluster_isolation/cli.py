"""The command `vcluster-isolation`: one group, one module of `commands/` for each command.

A command's module is imported when it is called, so that `--help` and small commands start fast.
"""

from __future__ import annotations

import importlib
import sys

import click

from vcluster_isolation import __version__
from vcluster_isolation.errors import IsolationError
from vcluster_isolation.wording import printable_lines

COMMANDS = {
    "audit": "Which claims hold for each vCluster of a real host cluster.",
    "check": "Everything that is wrong with values, before a cluster sees them.",
    "connectivity": "Who reaches whom: one line for each allowed flow.",
    "diff": "Which flows a change opens and closes.",
    "docs": "Check, or write, the generated tables of Markdown files.",
    "explain": "Why one end reaches another, or why not.",
    "firewall": "The firewall rules of your cloud for vCluster Platform and for DNS between nodes.",
    "golden": "Render a folder of values files and compare with, or write, golden files.",
    "isolate": "Print (or install) the NetworkPolicies that isolate a vCluster.",
    "ports": "The ports of vCluster Platform: what serves each, and who dials it.",
    "prove": "Which claims hold, for every pod that a hostile tenant could create.",
    "migrate": "Rewrite the v0.20 to v0.30 keys of a values file to today's.",
    "verify": "Are the platform's ports open, from where this runs.",
}


class LazyGroup(click.Group):
    """A click group that imports `commands/<name>.py` and takes its `command` when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command, or None for an unknown name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"vcluster_isolation.commands.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table above, without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vcluster-isolation")
@click.option("--debug", is_flag=True, help="Show a traceback when something goes wrong.")
@click.pass_context
def app(ctx: click.Context, *, debug: bool) -> None:
    """Isolate vClusters with NetworkPolicies, and check that they are isolated."""
    ctx.obj = {"debug": debug}


def main() -> None:
    """Run the command line; an `IsolationError` becomes its message and exit code, never a traceback."""
    try:
        app(prog_name="vcluster-isolation")
    except IsolationError as error:
        if "--debug" in sys.argv:
            raise
        click.echo(f"error: {printable_lines(str(error))}", err=True)
        sys.exit(error.exit_code)
