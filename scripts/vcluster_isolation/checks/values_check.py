"""What is wrong with values: by values.schema.json, and by the chart's own validation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from vcluster_isolation.checks import schema
from vcluster_isolation.errors import Problem, ToolFailed
from vcluster_isolation.helm import RenderFailed, Request, template
from vcluster_isolation.layers import Layer, locate, over_defaults, overlay, read_chart_file
from vcluster_isolation.strict_yaml import parse_mapping
from vcluster_isolation.wording import dotted, printable, printable_lines, undotted

_SCHEMA_HEADER = "values don't meet the specifications of the schema(s)"
_UNREADABLE = re.compile(r"failed to parse (?P<path>\S+): (?P<what>.*)")


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with values, whether there was a schema to say so, and what they render if nothing is wrong."""

    problems: tuple[Problem, ...]
    has_schema: bool
    manifests: str | None


def check_values(layers: Sequence[Layer], request: Request) -> Checked:
    """Check values files, laid over each other in order, as `request` says (its own values are not looked at).

    The chart's own refusals are heard even when its schema refuses the values. Raises RenderFailed or ToolFailed
    when helm fails for a reason that is not in the values, IsolationError for a chart that cannot be read.
    """
    text = read_chart_file(request.chart, "values.schema.json")
    by_schema = list(_schema_problems(layers, request.chart, text)) if text is not None else []
    refused, manifests = _render(layers, request, skip_schema=bool(by_schema))
    wheres = {problem.where for problem in by_schema}
    news = [problem for problem in refused if not any(_repeats(problem.where, where) for where in wheres)]
    problems = (*by_schema, *news)
    return Checked(problems, text is not None, None if problems else manifests)


def _schema_problems(layers: Sequence[Layer], chart: Path, text: str) -> Iterator[Problem]:
    """Yield what the chart's schema has against the values, each with the file and line of its key."""
    defaults = parse_mapping(read_chart_file(chart, "values.yaml") or "", f"{printable(str(chart))}/values.yaml")
    values = over_defaults(defaults, overlay([layer.values for layer in layers]))
    for path, what, next_step in schema.findings(values, schema.read(text, "values.schema.json")):
        yield Problem(dotted(path), what, next_step, "schema", *locate(layers, path))


def _repeats(where: str, said: str) -> bool:
    """Whether something was said already of the key at `where`, or of one above it."""
    return where == said or (bool(said) and where.startswith((f"{said}.", f"{said}[")))


def _render(layers: Sequence[Layer], request: Request, *, skip_schema: bool) -> tuple[list[Problem], str | None]:
    """Render the layers; return the problems that the chart or helm has with them, and the manifests.

    Helm gets copies: a file may be a pipe, which can be read only once, and was.
    """
    with TemporaryDirectory(prefix="vcluster-isolation-") as folder:
        names = {str(Path(folder) / f"{index}.yaml"): layer.name for index, layer in enumerate(layers)}
        for path, layer in zip(names, layers, strict=True):
            Path(path).write_bytes(layer.text.encode())
        copies = tuple(map(Path, names))
        try:
            return [], template(replace(request, values=copies, skip_schema=skip_schema))
        except RenderFailed as failed:
            problems = [*_refusals(failed, layers), *_helm_problems(failed.stderr, names)]
            # What breaks a template after the schema has refused a value is most likely that value.
            if not problems and not skip_schema:
                raise _by_name(failed, names) from failed
            return problems, None


def _refusals(failed: RenderFailed, layers: Sequence[Layer]) -> Iterator[Problem]:
    """Yield what the chart's own validation refused, each line of which is `path: what; what next`."""
    for line in failed.refusals:
        path, said = _split(line)
        what, semicolon, next_step = said.rpartition("; ")
        what, next_step = (what, next_step) if semicolon else (next_step, "")
        file, number = locate(layers, path) if path else (None, None)
        yield Problem(dotted(path), printable(what), printable(next_step), "chart", file, number)


def _split(line: str) -> tuple[tuple[str | int, ...], str]:
    """Split a refusal into its path and the rest; a line without a path is all rest."""
    for found in re.finditer(": ", line):
        if path := undotted(line[: found.start()]):
            return path, line[found.end() :]
    return (), line


def _helm_problems(stderr: str, names: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what helm itself has against the values: it cannot read a file, or a schema refuses it.

    Both are rare: our own reading and the chart's schema come first. A subchart's schema is heard here only.
    """
    if found := _UNREADABLE.search(stderr):
        name = names.get(found["path"])
        yield Problem("", f"helm cannot read it: {printable(found['what'])}", "", "yaml", name)
    _, header, listed = stderr.partition(_SCHEMA_HEADER)
    for line in listed.splitlines() if header else []:
        if line.strip().startswith("- at "):
            yield Problem("", f"helm: {printable(line.strip().removeprefix('- '))}", "", "schema")


def _by_name(failed: RenderFailed, names: Mapping[str, str]) -> ToolFailed:
    """Return helm's failure with the files' own names and nothing in it that a terminal would act upon."""
    command = [names.get(word, printable(word)) for word in failed.command]
    stderr = failed.stderr
    for path, name in names.items():
        stderr = stderr.replace(path, name)
    return ToolFailed(command, printable_lines(stderr))
