"""Several values files as layers of one release, laid over each other and over a chart's defaults as helm does."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from vcluster_isolation.errors import InputError, IsolationError, Problem
from vcluster_isolation.helm.package import UNREADABLE, reason
from vcluster_isolation.helm.template import Request
from vcluster_isolation.values.strict_yaml import line_of, parse_mapping, read_text, show_name
from vcluster_isolation.wording import printable


@dataclass(frozen=True, slots=True)
class Layer:
    """One values file: how messages name it, its text, and what it says.

    Of values inside another document `text` is what helm reads, and `place` gives the file's line for a path.
    """

    name: str
    text: str
    values: dict[str, Any]
    place: Callable[[tuple[str | int, ...]], int | None] | None = None

    def line(self, path: Sequence[str | int]) -> int | None:
        """Return the line of the key at `path`, or of the nearest one above it; None where it is not known."""
        return line_of(self.text, tuple(path)) if self.place is None else self.place(tuple(path))


def read_layers(files: Sequence[Path]) -> list[Layer]:
    """Return values files as layers. Raises InputError with everything that is wrong with their YAML."""
    layers: list[Layer] = []
    problems: list[Problem] = []
    for path in files:
        try:
            text = read_text(path)
            layers.append(Layer(show_name(path), text, parse_mapping(text, show_name(path))))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return layers


def in_order(problems: Iterable[Problem], layers: Sequence[Layer]) -> list[Problem]:
    """Order problems as a reader meets them: by file, line and path, those without a file last; each once."""
    return sorted_by_file(problems, [layer.name for layer in layers])


def sorted_by_file(problems: Iterable[Problem], files: Sequence[str]) -> list[Problem]:
    """Order problems as `in_order` does, by the names of files."""

    def key(problem: Problem) -> tuple[int, int, str, str]:
        at = files.index(problem.file) if problem.file in files else len(files)
        return at, problem.line or 0, problem.where, problem.what

    return sorted(dict.fromkeys(problems), key=key)


def overlay(layers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what several values files say together, as for `helm -f a -f b`.

    Mappings are merged at every depth; of anything else, lists and null too, the last one stands.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        merged = _over(merged, layer)
    return merged


def coalesce_values(defaults: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that the templates of a chart with these `defaults` see.

    As `overlay`, but null removes a default; where there is none, it stays (measured with helm 3.22 and 4.3).
    """
    seen = {key: value for key, value in values.items() if value is not None or defaults.get(key) is None}
    kept = {key: value for key, value in defaults.items() if key not in values and value is not None}
    for key, value in seen.items():
        default = defaults.get(key)
        both = isinstance(value, Mapping) and isinstance(default, Mapping)
        kept[key] = coalesce_values(default, value) if both else value  # type: ignore[arg-type]
    return kept


def effective(request: Request, layers: Sequence[Layer]) -> dict[str, Any]:
    """Return the values that the templates of the chart of a request see, subcharts not counted.

    `layers` are the values files of the request as they were read. Raises InputError for a chart whose values.yaml is
    none, or an `inline` that is none, IsolationError for a chart that cannot be read.
    """
    inline = [parse_mapping(request.inline, "inline")] if request.inline else []
    return coalesce_values(chart_defaults(request.chart), overlay([*(layer.values for layer in layers), *inline]))


def locate(layers: Sequence[Layer], path: Sequence[str | int]) -> tuple[str | None, int | None]:
    """Return the name of the file in which the key at `path` stands, or the nearest one above it, and its line.

    Of several files, the last one that has it: its value is the one that counts.
    """
    for length in range(len(path), 0, -1):
        for layer in reversed(layers):
            if _has(layer.values, path[:length]):
                return layer.name, layer.line(path[:length])
    return (layers[0].name if len(layers) == 1 else None), None


def read_chart_file(chart: Path, name: str) -> str | None:
    """Return the text of a chart's own file (not a subchart's), from its folder or package; None without one.

    Raises IsolationError for a chart that cannot be read.
    """
    try:
        content = _from_folder(chart, name) if chart.is_dir() else _from_package(chart, name)
        return None if content is None else content.decode("utf-8-sig")
    except UNREADABLE as error:
        what = f"{printable(str(chart))}: cannot be read as a chart: {reason(error)}"
        raise IsolationError(what, "give the folder or the .tgz of a helm chart") from error


@cache
def chart_defaults(chart: Path) -> dict[str, Any]:
    """Return what a chart's values.yaml says. Raises as `read_chart_file` does, and InputError for no values."""
    return parse_mapping(read_chart_file(chart, "values.yaml") or "", str(chart / "values.yaml"))


def _from_folder(chart: Path, name: str) -> bytes | None:
    """Read a file of a chart's folder."""
    path = chart / name
    return path.read_bytes() if path.is_file() else None


def _from_package(chart: Path, name: str) -> bytes | None:
    """Read a file of a chart's package: it lies in the package's one folder."""
    with tarfile.open(chart) as package:
        for member in package:
            parts = Path(member.name).parts
            if member.isfile() and parts[1:] == (name,):
                file = package.extractfile(member)
                return file.read() if file else None
    return None


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        merged[key] = _over(under, value) if both else value  # type: ignore[arg-type]
    return merged


def _has(value: Any, path: Sequence[str | int]) -> bool:
    """Whether there is something, even null, at `path`."""
    for step in path:
        if isinstance(value, Mapping) and step in value:
            value = value[str(step)]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return False
    return True
