"""`vcluster-isolation golden`: hold what values files render to in golden files."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from vcluster_isolation.errors import EXIT_PROBLEMS, IsolationError
from vcluster_isolation.files import remove_file, replace_files
from vcluster_isolation.golden import Golden, render_folder
from vcluster_isolation.helm import template as helm
from vcluster_isolation.helm.package import unpacked
from vcluster_isolation.wording import printable

_tests = click.option(
    "--tests",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("tests/situations"),
    show_default=True,
    help="The folder with values/ and golden/.",
)
_chart = click.option(
    "--chart",
    metavar="DIR|TGZ",
    type=click.Path(path_type=Path),
    default=helm.CHART,
    help="Render this chart instead of this project's.",
)


@click.group()
def command() -> None:
    """Render a folder of values files, and compare the result with golden files or write these.

    DIR/values has one values file for each situation, or a folder of values files, which are layered in the order of
    their names. DIR/base.yaml, if it exists, is the lowest layer of all of them. Each situation has a folder of plain
    files in DIR/golden: manifests.yaml and, for this chart, notes.txt and connectivity.txt.

    A situation's name selects the release: "acme" is the release acme in the namespace vcluster-acme, "acme@prod" the
    release acme in the namespace prod.

    The manifests carry the chart's version in a label, so a new version of the chart changes every golden file: run
    "golden write", and verify in the diff that nothing else changed.
    """


@command.command()
@_tests
@_chart
def check(folder: Path, chart: Path) -> None:
    """Compare golden files with what is rendered now; nothing is written.

    Exit code 0: all are the same. 1: some differ, are missing or stale, or values do not render. 2: the command could
    not run.
    """
    golden = _render(folder, chart)
    for line in _differences(golden):
        click.echo(line)
    _stop_at_problems(golden)
    if golden.missing or golden.changed or golden.stale:
        words = ["--tests", str(folder), *(["--chart", str(chart)] if chart != helm.CHART else [])]
        accept = f"vcluster-isolation golden write {shlex.join(words)}"
        click.echo(f"If these changes are meant, accept them with: {printable(accept)}", err=True)
        raise SystemExit(EXIT_PROBLEMS)
    click.echo(f"{len(golden.wanted)} golden files are what their values render to", err=True)


@command.command()
@_tests
@_chart
def write(folder: Path, chart: Path) -> None:
    """Write the golden files that differ, and remove stale ones.

    Exit code 0: done. 1: values do not render, or other files are in the way; nothing was changed. 2: the command could
    not run.
    """
    golden = _render(folder, chart)
    _stop_at_problems(golden)
    names = sorted([*golden.missing, *golden.changed])
    replace_files({golden.path(name): golden.wanted[name] for name in names})
    for name in names:
        click.echo(f"wrote {printable(str(golden.path(name)))}")
    for name in golden.stale:
        remove_file(golden.path(name))
        click.echo(f"removed {printable(str(golden.path(name)))}")
    if not (names or golden.stale):
        click.echo(f"{len(golden.wanted)} golden files are what their values render to", err=True)


def _render(folder: Path, chart: Path) -> Golden:
    """Render; a folder that cannot be read is an IsolationError."""
    try:
        with unpacked(chart) as place:
            return render_folder(folder, place)
    except OSError as error:
        name = printable(str(error.filename))
        raise IsolationError(
            f"{name}: cannot be read: {error.strerror}", "check the name and its permissions"
        ) from error


def _stop_at_problems(golden: Golden) -> None:
    """Show the problems, if there are any, and end with their exit code."""
    for problem in golden.problems:
        click.echo(f"error: {problem}", err=True)
    if golden.problems:
        raise SystemExit(EXIT_PROBLEMS)


def _differences(golden: Golden) -> Iterator[str]:
    """Yield lines that say how the golden files differ from what is rendered now."""
    for name in golden.changed:
        old, new = (_lines(files[name]) for files in (golden.present, golden.wanted))
        path = printable(str(golden.path(name)))
        yield from difflib.unified_diff(old, new, path, f"{path} (rendered now)", lineterm="")
    for name in golden.missing:
        yield f"{printable(str(golden.path(name)))}: is missing"
    for name in golden.stale:
        yield f"{printable(str(golden.path(name)))}: is stale, its situation is gone"


def _lines(content: bytes) -> list[str]:
    """Return a file's lines, with nothing in them that a terminal would act upon."""
    return [printable(line) for line in content.decode(errors="backslashreplace").split("\n")]
