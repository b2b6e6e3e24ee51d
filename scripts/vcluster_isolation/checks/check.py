"""Everything that is wrong with values or manifests, from their YAML to what the API server would say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vcluster_isolation.checks.kubeconform import choose
from vcluster_isolation.checks.left_open import left_open
from vcluster_isolation.checks.manifests_check import Judged, judge
from vcluster_isolation.checks.needs_check import unmet_needs
from vcluster_isolation.checks.values_check import check_values
from vcluster_isolation.errors import InputError, Problem
from vcluster_isolation.helm import Request
from vcluster_isolation.layers import Layer
from vcluster_isolation.strict_yaml import Document, parse_documents, parse_mapping, read_text, show_name

_RENDERED = "the rendered manifests"


@dataclass(slots=True)
class Report:
    """What `check` found: `problems`, and `warnings` of what does nothing, what stays open and what nobody judged.

    `steps` are those that were taken, of `yaml`, `schema`, `chart`, `kubeconform` and `api`; `objects` names the
    manifests that were judged, and `kubernetes` the versions that kubeconform judged them for.
    """

    files: tuple[str, ...]
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    steps: list[str] = field(default_factory=lambda: ["yaml"])
    objects: list[str] = field(default_factory=list)
    kubernetes: tuple[str, ...] = ()


def check(files: Sequence[Path], request: Request, against: Sequence[str] = ()) -> Report:
    """Check `files`: values as layers of the one release that `request` says, manifests each by itself.

    A file holds manifests when a document in it has apiVersion and kind. `against` are Kubernetes versions (see
    kubeconform.choose).
    Raises InputError for files that cannot be read, and the errors of `values_check` and `kubeconform`.
    """
    texts = _read(files)
    versions = choose(against)
    report = Report(tuple(name for name, _ in texts))
    layers: list[Layer] = []
    streams: list[tuple[str, str]] = []
    for name, text in texts:
        _sort_in(name, text, layers, streams, report)
    whole = not report.problems  # a file that is no YAML may be a layer: the others mean nothing without it
    for name, text in streams:
        _add(report, judge(text, name, versions), versions)
    if layers and whole:
        _check_layers(layers, request, versions, report)
    report.problems = _sorted(report.problems, report.files)
    report.warnings = _sorted(report.warnings, report.files)
    return report


def _read(files: Sequence[Path]) -> list[tuple[str, str]]:
    """Return name and text of each file. Raises InputError with every file that cannot be read."""
    texts: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for path in files:
        try:
            texts.append((show_name(path), read_text(path)))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return texts


def _sort_in(name: str, text: str, layers: list[Layer], streams: list[tuple[str, str]], report: Report) -> None:
    """Put a file to the values or to the manifests, or its YAML's problems into the report."""
    try:
        if any(map(_is_manifest, parse_documents(text, name))):
            streams.append((name, text))
        else:
            layers.append(Layer(name, text, parse_mapping(text, name)))
    except InputError as error:
        report.problems += error.problems


def _is_manifest(document: Document) -> bool:
    """Whether a document is a Kubernetes object: no vcluster.yaml has these two keys at its root."""
    return "apiVersion" in document.value and "kind" in document.value


def _check_layers(layers: Sequence[Layer], request: Request, versions: tuple[str, ...], report: Report) -> None:
    """Check values, and what they render if nothing is wrong with them."""
    checked = check_values(layers, request)
    report.steps += ["schema", "chart"] if checked.has_schema else ["chart"]
    report.problems += checked.problems
    if checked.manifests is None:
        return
    try:
        _add(report, judge(checked.manifests, _RENDERED, versions, in_file=False), versions)
        report.warnings += left_open(layers, request)
        report.warnings += unmet_needs(layers, request, checked.manifests)
    except InputError as error:
        report.problems += error.problems


def _add(report: Report, judged: Judged, versions: tuple[str, ...]) -> None:
    """Put the verdict on manifests into the report."""
    report.problems += judged.problems
    report.warnings += judged.warnings
    report.objects += judged.objects
    report.kubernetes = versions
    report.steps += [step for step in ("kubeconform", "api") if step not in report.steps]


def _sorted(problems: Iterable[Problem], files: Sequence[str]) -> list[Problem]:
    """Order problems as a reader meets them: by file, line and path, those without a file last; each once."""

    def key(problem: Problem) -> tuple[int, int, str, str]:
        at = files.index(problem.file) if problem.file in files else len(files)
        return at, problem.line or 0, problem.where, problem.what

    return sorted(dict.fromkeys(problems), key=key)
