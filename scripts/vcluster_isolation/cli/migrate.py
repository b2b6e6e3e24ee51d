"""`vcluster-isolation migrate`: yesterday's keys of a values file become today's."""

from __future__ import annotations

import codecs
from pathlib import Path

import click

from vcluster_isolation.errors import EXIT_PROBLEMS, IsolationError
from vcluster_isolation.files import replace_files
from vcluster_isolation.migration.manifest import migrate_any
from vcluster_isolation.migration.migrate import Migration
from vcluster_isolation.values.strict_yaml import STDIN, read_text, show_name


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="Rewrite the file in place instead of printing the result.")
def command(file: Path, *, write: bool) -> None:
    """Rewrite the v0.20 to v0.30 keys of a values FILE ("-" is standard input) to today's.

    Comments, anchors, order and quotes stay as they are. The layout of the lines around a moved key may change (spaces,
    line breaks, indentation); a note reports it. FILE may also hold the values of an umbrella chart, or objects with
    values: an Argo CD Application or ApplicationSet, a Flux HelmRelease, a VirtualClusterTemplate with its versions,
    and others. Values of vCluster 0.19 or older are rewritten if each of their keys has one successor.

    Standard error lists what was rewritten, and what has another meaning now.

    Exit code 0: done, or nothing to do. 1: a decision is yours, for example because the successor of a key is set as
    well; nothing is printed on standard output, and nothing is written. 2: FILE cannot be read or written.
    """
    if write and file == STDIN:
        raise IsolationError("standard input cannot be replaced", "leave --write out, or name a file")
    content = read_text(file)
    result = migrate_any(content, show_name(file))
    _report(result)
    if result.problems:
        raise SystemExit(EXIT_PROBLEMS)
    if not write:
        click.echo(_encoded(file, result.text), nl=False)
    elif result.text != content:
        replace_files({file: _encoded(file, result.text)})


def _encoded(file: Path, text: str) -> bytes:
    """Return the file's new content, with a byte order mark if it had one."""
    has_mark = file != STDIN and file.read_bytes().startswith(codecs.BOM_UTF8)
    return (codecs.BOM_UTF8 if has_mark else b"") + text.encode()


def _report(result: Migration) -> None:
    """Say on standard error what was done, what to know, and what is left to decide."""
    for line in result.done:
        click.echo(line, err=True)
    for line in result.notes:
        click.echo(f"note: {line}", err=True)
    for problem in result.problems:
        click.echo(f"error: {problem}", err=True)
    if not (result.done or result.problems):
        click.echo("nothing to migrate", err=True)
