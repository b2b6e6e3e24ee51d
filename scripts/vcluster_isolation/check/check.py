"""Everything that is wrong with values or manifests, from their YAML to what the API server would say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from vcluster_isolation.check.kubeconform import choose
from vcluster_isolation.check.manifests_check import JudgedManifests, judge
from vcluster_isolation.check.warnings import forgeable, left_open, unmet_needs
from vcluster_isolation.errors import InputError, Problem
from vcluster_isolation.helm.template import Request
from vcluster_isolation.kubernetes.twins import Standing, across
from vcluster_isolation.subject.platform_subject import subjects_of_render
from vcluster_isolation.subject.render import read_render, read_stream
from vcluster_isolation.values import releases
from vcluster_isolation.values.layers import Layer, sorted_by_file
from vcluster_isolation.values.refusals import check_values
from vcluster_isolation.values.releases import Release
from vcluster_isolation.values.requests import request_of
from vcluster_isolation.values.strict_yaml import parse_stream


@dataclass(slots=True)
class CheckReport:
    """What `check` found: `problems`, and `warnings` of what does nothing, what stays open and what was not validated.

    `layers` are those of `files` that are values of one release, the last one on top. `steps` are those that were
    taken, of `yaml`, `schema`, `chart`, `kubeconform` and `api`; `objects` names the manifests that were judged, and
    `kubernetes` the versions that kubeconform judged them for. `streams` are the objects of each file of manifests, and
    those that the plain values render. `subchart_off` says that another chart was given, in which this one is not on.
    """

    files: tuple[str, ...]
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    steps: list[str] = field(default_factory=lambda: ["yaml"])
    objects: list[str] = field(default_factory=list)
    kubernetes: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    streams: list[tuple[Standing, ...]] = field(default_factory=list)
    subchart_off: bool = False


def check(files: Sequence[Path], request: Request, against: Sequence[str] = ()) -> CheckReport:
    """Check `files`: values as layers of the one release that `request` says, manifests as objects of one cluster.

    A folder stands for its .yaml, .yml and .json files. A release inside another object (see `values.releases`) is
    checked by itself, with the name and namespace that the object says. `against` are Kubernetes versions (see
    kubeconform.choose).
    Raises InputError for files that cannot be read, and the errors of `values_check` and `kubeconform`.
    """
    found = releases.read(files, request.chart)
    if found.unreadable:
        raise InputError(found.unreadable)
    choose(against)  # a version without schemas is refused before anything is rendered
    report = CheckReport(found.files, list(found.problems))
    report.warnings += [Problem("", note, "", "values") for note in found.notes]
    report.layers = tuple(layer.name for release in found.releases if not release.title for layer in release.layers)
    for one in found.manifests:
        try:
            stream = one.stream if one.lines else parse_stream(one.stream.text, one.name)
            _add(report, judge(stream, against, but=one.holding), choose(against))
        except InputError as error:  # JSON that is not YAML, as with tabs before its keys
            report.problems += error.problems
    for release in found.releases:
        # A file that is not YAML may be a layer: the others mean nothing without it.
        if release.title or not found.problems:
            _check_release(release, request, against, report)
    report.problems += across(report.streams)
    report.problems = sorted_by_file(report.problems, report.files)
    report.warnings = sorted_by_file(report.warnings, report.files)
    return report


def check_each(files: Sequence[Path], request: Request, against: Sequence[str] = ()) -> list[CheckReport]:
    """Check each of `files`, and of those below folders, by itself, as `check` does.

    What is in no file is said of the file that renders it.
    """
    reports = [check([path], request, against) for path in releases.opened(files)]
    for report in reports:
        name = report.files[0]
        report.problems = [replace(problem, file=problem.file or name) for problem in report.problems]
        report.warnings = [replace(warning, file=warning.file or name) for warning in report.warnings]
    return reports


def _check_release(release: Release, request: Request, against: Sequence[str], report: CheckReport) -> None:
    """Check the values of one release, and what they render."""
    if release.refused:
        report.problems += _of_release(release.refused, release)
        return
    if not release.title and not release.words and not release.problems:
        _check_layers(release.layers, request, against, report)
        return
    usual = request.namespace == f"vcluster-{request.name}"
    own = request_of(release, request.name, None if usual else request.namespace)
    part = CheckReport(report.files)
    if release.layers:
        _check_layers(release.layers, own, against, part)
    known = [problem for problem in part.problems if not any(word in str(problem) for word in release.words)]
    known = known if release.problems else part.problems  # then no word should have been in the way
    report.problems += _of_release([*release.problems, *known], release)
    report.warnings += _of_release([*release.remarks, *part.warnings], release)
    report.objects += part.objects
    report.kubernetes = part.kubernetes or report.kubernetes
    report.steps += [step for step in part.steps if step not in report.steps]


def _of_release(problems: Iterable[Problem], release: Release) -> list[Problem]:
    """Return problems with the object named in which the values are."""
    return [replace(problem, where=f"{release.title} {problem.where}".strip()) for problem in problems]


def _check_layers(layers: Sequence[Layer], request: Request, against: Sequence[str], report: CheckReport) -> None:
    """Check values, and what they render if nothing is wrong with them."""
    checked = check_values(layers, request)
    report.steps += ["schema", "chart"] if checked.has_schema else ["chart"]
    report.problems += checked.problems
    report.subchart_off = not checked.instances
    if checked.manifests is None:
        return
    try:
        stream = read_stream(checked.manifests)
        judged = judge(stream, against, in_file=False, namespace=request.namespace)
        _add(report, judged, choose(against))
        report.warnings += left_open(layers, request, checked.instances)
        if judged.problems:  # policies that the API server refuses have no meaning to warn of
            return
        subjects = subjects_of_render(request, checked.instances, read_render(stream, request.namespace))
        report.warnings += forgeable(layers, subjects)
        report.warnings += unmet_needs(layers, subjects)
    except InputError as error:
        report.problems += error.problems


def _add(report: CheckReport, judged: JudgedManifests, versions: tuple[str, ...]) -> None:
    """Put the verdict on manifests into the report."""
    report.problems += judged.problems
    report.warnings += judged.warnings
    report.objects += judged.objects
    report.streams.append(judged.standing)
    report.kubernetes = versions
    report.steps += [step for step in ("kubeconform", "api") if step not in report.steps]
