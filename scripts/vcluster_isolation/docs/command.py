"""`vcluster-isolation docs`: keep the generated tables of Markdown files fresh."""

from __future__ import annotations

import difflib
import shlex
from pathlib import Path

import click

from vcluster_isolation.docs.blocks import BEGINS, BLOCKS, renew
from vcluster_isolation.errors import EXIT_PROBLEMS, IsolationError
from vcluster_isolation.files import replace_files
from vcluster_isolation.values.strict_yaml import read_text, show_name
from vcluster_isolation.wording import printable

_files = click.argument("files", metavar="[FILE...]", nargs=-1, type=click.Path(path_type=Path))


@click.group(
    help=f"""Check, or write, the generated tables of Markdown files.

    Without FILEs: those of README.md, docs/ and chart/README.md that have such a table.

    A table stands between the lines <!-- generated: NAME --> and <!-- /generated -->; NAME is one of
    {", ".join(BLOCKS)}.
    """
)
def command() -> None:
    """Take the subcommand."""


@command.command()
@_files
def check(files: tuple[Path, ...]) -> None:
    """Compare the generated tables with what they should be; nothing is written.

    Exit code 0: all are fresh. 1: some are stale, or marks are wrong. 2: a file cannot be read.
    """
    changed = _changed(files or _usual())
    for path, (old, new) in changed.items():
        for line in difflib.unified_diff(old.splitlines(), new.splitlines(), str(path), f"{path} (fresh)", lineterm=""):
            click.echo(printable(line))
    if changed:
        names = shlex.join(map(str, changed))
        click.echo(f"Refresh with: vcluster-isolation docs write {printable(names)}", err=True)
        raise SystemExit(EXIT_PROBLEMS)
    click.echo("the generated tables are fresh", err=True)


@command.command()
@_files
def write(files: tuple[Path, ...]) -> None:
    """Write the generated tables that are stale.

    Exit code 0: done. 1: marks are wrong; nothing was written. 2: a file cannot be read or written.
    """
    changed = _changed(files or _usual())
    replace_files({path: new.encode() for path, (_, new) in changed.items()})
    for path in changed:
        click.echo(f"wrote {show_name(path)}")


def _usual() -> tuple[Path, ...]:
    """Return the Markdown files of a checkout, the current folder, that have a generated table."""
    pages = [Path("README.md"), *sorted(Path("docs").rglob("*.md")), Path("chart/README.md")]
    found = tuple(page for page in pages if page.is_file() and BEGINS in read_text(page))
    if not found:
        what = "README.md, docs/ and chart/README.md: have no generated table"
        raise IsolationError(what, "run it in the project's folder, or name files")
    return found


def _changed(files: tuple[Path, ...]) -> dict[Path, tuple[str, str]]:
    """Return the files whose tables are stale, as they are and as they should be; end when marks are wrong."""
    old = {path: read_text(path) for path in files}
    new = {path: renew(text, show_name(path)) for path, text in old.items()}
    problems = [problem for _, found in new.values() for problem in found]
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    if problems:
        raise SystemExit(EXIT_PROBLEMS)
    return {path: (text, new[path][0]) for path, text in old.items() if text != new[path][0]}
