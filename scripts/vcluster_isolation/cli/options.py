"""Arguments and options that several commands have."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from vcluster_isolation.helm.template import CHART
from vcluster_isolation.isolate import EXAMPLE_NAME

Decorator = Callable[[Callable[..., None]], Callable[..., None]]

FILES: Decorator = click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))


def output(forms: Iterable[str], **more: Any) -> Decorator:
    """Return the option that chooses one of some forms of output; without it, text is printed."""
    return click.option("--output", type=click.Choice(list(forms)), default="text", show_default=True, **more)


def release(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say which release plain values files are."""
    for option in (
        click.option("--namespace", help="Where the vCluster runs, for values files. Default: vcluster-NAME."),
        click.option("--name", default=EXAMPLE_NAME, show_default=True, help="The vCluster's name, for values files."),
    ):
        command = option(command)
    return command


def release_of_chart(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of `release`, and the one that says which chart the values are for."""
    chart = click.option(
        "--chart", default=CHART, type=click.Path(path_type=Path), help="Folder or .tgz of another chart."
    )
    return release(chart(command))
