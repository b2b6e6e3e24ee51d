"""What is wrong with values: by values.schema.json, and by the chart's own validation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from vcluster_isolation.errors import InputError, Problem
from vcluster_isolation.helm.template import RenderFailed, Request, template
from vcluster_isolation.values.advice import better, for_template
from vcluster_isolation.values.chart_instances import Instance, by_itself, instances
from vcluster_isolation.values.layers import (
    Layer,
    effective,
    in_order,
    locate,
    read_chart_file,
)
from vcluster_isolation.values.schema import findings as schema
from vcluster_isolation.values.strict_yaml import parse_mapping
from vcluster_isolation.wording import dotted, printable, printable_lines, undotted

Result = TypeVar("Result")

_SCHEMA_HEADER = "values don't meet the specifications of the schema(s)"
_UNREADABLE = re.compile(r"failed to parse (?P<path>\S+): (?P<what>.*)")


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with values, whether there was a schema to say so, and what they render if nothing is wrong.

    `instances` are where this chart is in the chart that was rendered (see `chart_instances`).
    """

    problems: tuple[Problem, ...]
    has_schema: bool
    manifests: str | None
    instances: tuple[Instance, ...]


def or_refused(render: Callable[[], Result], layers: Sequence[Layer], request: Request) -> Result:
    """Return what `render` does; where helm or the chart refuses the values, say so as `check` does.

    `layers` are the values files of `request`. This is how every command refuses values. Raises InputError with every
    problem, each with file, line and advice; or ToolFailed, when helm fails for a reason that is not in the values.
    """
    try:
        return render()
    except RenderFailed as failed:
        problems = check_values(layers, request).problems
        raise (InputError(in_order(problems, layers)) if problems else failed) from failed


def check_values(layers: Sequence[Layer], request: Request) -> Checked:
    """Check values files, laid over each other in order, as `request` says (its own values are not looked at).

    The chart's own refusals are heard even when its schema refuses the values. Raises RenderFailed or ToolFailed
    when helm fails for a reason that is not in the values, IsolationError for a chart that cannot be read.
    """
    with _copied(layers, request) as (copies, names):
        try:
            found = tuple(instances(copies, layers))
            schemas = [text for text in (read_chart_file(request.chart, "values.schema.json"),) if text is not None]
            alone = any(not instance.path for instance in found)
            whole = [] if alone else [_Values((), effective(request, layers), text, ours=False) for text in schemas]
            parts = [_Values(one.path, one.values, one.schema) for one in found if one.schema is not None]
            files = layers if alone else [_own_values(request.chart), *layers]
            by_schema = [problem for values in (*whole, *parts) for problem in values.problems(files)]
            refused, manifests = _render(files, copies, names, found, skip_schema=bool(by_schema))
        except RenderFailed as failed:
            problems = list(_helm_problems(failed.stderr, names))
            if not problems:
                raise _by_name(failed, names) from failed
            return Checked(tuple(problems), has_schema=False, manifests=None, instances=())
    wheres = {problem.where for problem in by_schema}
    news = [problem for problem in refused if not any(_repeats(problem.where, where) for where in wheres)]
    problems = [*by_schema, *(replace(one, next=for_template(one.what, one.next)) for one in news)]
    return Checked(tuple(problems), bool(whole or parts), None if problems else manifests, found)


@dataclass(frozen=True, slots=True)
class _Values:
    """What a schema judges: values whose keys a user writes below `path`, and the schema's text.

    `ours` says that they are those of this chart.
    """

    path: tuple[str, ...]
    values: Mapping[str, Any]
    schema: str
    ours: bool = True

    def problems(self, layers: Sequence[Layer]) -> Iterator[Problem]:
        """Yield what the schema has against the values, each with the file and line of its key."""
        found = schema.findings(self.values, schema.read(self.schema, "values.schema.json"))
        for path, what, next_step in better(self.values, found) if self.ours else found:
            whole = (*self.path, *path)
            yield Problem(dotted(whole), what, next_step, "schema", *locate(layers, whole))


def _own_values(chart: Path) -> Layer:
    """Return a chart's values.yaml as the lowest layer: what it says for its subcharts may be wrong as well."""
    name = f"{printable(str(chart))}/values.yaml"
    text = read_chart_file(chart, "values.yaml") or ""
    return Layer(name, text, parse_mapping(text, name))


def _repeats(where: str, said: str) -> bool:
    """Whether something was said already of the key at `where`, or of one above it."""
    return where == said or (bool(said) and where.startswith((f"{said}.", f"{said}[")))


@contextmanager
def _copied(layers: Sequence[Layer], request: Request) -> Iterator[tuple[Request, Mapping[str, str]]]:
    """Yield a request with copies of the layers, and the files' own names by the paths of the copies.

    Helm gets copies: a file may be a pipe, which can be read only once, and was.
    """
    with TemporaryDirectory(prefix="vcluster-isolation-") as folder:
        names = {str(Path(folder) / f"{index}.yaml"): layer.name for index, layer in enumerate(layers)}
        for path, layer in zip(names, layers, strict=True):
            Path(path).write_bytes(layer.text.encode())
        yield replace(request, values=tuple(map(Path, names))), names


def _render(
    layers: Sequence[Layer],
    request: Request,
    names: Mapping[str, str],
    found: Sequence[Instance],
    *,
    skip_schema: bool,
) -> tuple[list[Problem], str | None]:
    """Render; return the problems that the chart or helm has with the values, and the manifests."""
    try:
        return [], template(replace(request, skip_schema=skip_schema))
    except RenderFailed as failed:
        problems = list(_refusals(failed.refusals, layers, ()))
        if any(instance.path for instance in found):  # helm stops at the first of them
            problems = [problem for one in found for problem in _refused_by(one, request, layers)] or problems
        problems += _helm_problems(failed.stderr, names)
        # What breaks a template after the schema has refused a value is most likely that value.
        if not problems and not skip_schema:
            raise
        return problems, None


def _refused_by(instance: Instance, request: Request, layers: Sequence[Layer]) -> Iterator[Problem]:
    """Yield what one instance of this chart refuses."""
    with by_itself(request, instance) as alone:
        try:
            template(alone)
        except RenderFailed as failed:
            yield from _refusals(failed.refusals, layers, instance.path)


def _refusals(refusals: Sequence[str], layers: Sequence[Layer], below: tuple[str, ...]) -> Iterator[Problem]:
    """Yield what the chart's own validation refused, each line of which is `path: what; what next`.

    The user writes all paths below the keys `below`.
    """
    for line in refusals:
        path, said = _split(line)
        what, semicolon, next_step = said.rpartition("; ")
        what, next_step = (what, next_step) if semicolon else (next_step, "")
        whole = (*below, *path) if path else ()
        file, number = locate(layers, whole) if path else (None, None)
        yield Problem(dotted(whole), printable(what), printable(next_step), "chart", file, number)


def _split(line: str) -> tuple[tuple[str | int, ...], str]:
    """Split a refusal into its path and the rest; a line without a path is all rest."""
    for found in re.finditer(": ", line):
        if path := undotted(line[: found.start()]):
            return path, line[found.end() :]
    return (), line


def _helm_problems(stderr: str, names: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what helm itself has against the values: it cannot read a file, or a schema refuses it.

    Both are rare: our own reading and the schemas of the chart and of this one come first. The schema of another
    subchart is heard here only. Helm names the chart, then its errors, in no order.
    """
    if found := _UNREADABLE.search(stderr):
        name = names.get(found["path"])
        yield Problem("", f"helm cannot read it: {printable(found['what'])}", "", "yaml", name)
    _, header, listed = stderr.partition(_SCHEMA_HEADER)
    chart, said = "", set()
    for line in listed.splitlines() if header else []:
        if line.strip().startswith("- at "):
            said.add((chart, printable(line.strip().removeprefix("- "))))
        elif line.rstrip().endswith(":"):
            chart = printable(line.strip().removesuffix(":"))
    for of, words in sorted(said):
        yield Problem("", f"helm: the schema of chart {of}: {words}" if of else f"helm: {words}", "", "schema")


def _by_name(failed: RenderFailed, names: Mapping[str, str]) -> RenderFailed:
    """Return helm's failure with the files' own names and nothing in it that a terminal would act upon."""
    command = [names.get(word, printable(word)) for word in failed.command]
    stderr = failed.stderr
    for path, name in names.items():
        stderr = stderr.replace(path, name)
    return RenderFailed(command, printable_lines(stderr))
