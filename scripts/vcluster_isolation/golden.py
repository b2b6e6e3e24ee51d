"""Golden files: what a folder of values files renders to, kept beside them, so that every change shows in review.

    FOLDER/base.yaml                          optional: lies below every situation's values
    FOLDER/values/SITUATION.yaml              a situation
    FOLDER/values/SITUATION/*.yaml            a situation of several values files, in the order of their names
    FOLDER/golden/SITUATION/manifests.yaml    the manifests it renders to
    FOLDER/golden/SITUATION/notes.txt         this chart's NOTES.txt
    FOLDER/golden/SITUATION/connectivity.txt  who reaches whom, of this chart's manifests

A situation is named for its release: `acme` is the release acme in the namespace vcluster-acme (where vCluster's
own tools put it), `acme@prod` the release acme in the namespace prod. So the folder's listing says what is rendered,
and there is no second file that could go stale. Names that begin with a dot are left alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from vcluster_isolation.connectivity import report as render_text
from vcluster_isolation.connectivity.fleet import matrix_of
from vcluster_isolation.errors import InputError, IsolationError, Problem
from vcluster_isolation.helm import render_cache
from vcluster_isolation.helm.template import RenderFailed, Request
from vcluster_isolation.subject.inputs import Input
from vcluster_isolation.subject.platform_subject import subjects_of_values
from vcluster_isolation.values.delivery.kinds import is_manifest
from vcluster_isolation.values.delivery.objects import holds_releases
from vcluster_isolation.values.layers import Layer, read_layers
from vcluster_isolation.values.legacy import problem_of
from vcluster_isolation.values.refusals import or_refused
from vcluster_isolation.wording import printable, quoted

VALUES = "values"
GOLDEN = "golden"

_BASE = "base.yaml"
_SUFFIXES = {".yaml", ".yml"}
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_NAMESPACE = re.compile(rf"(?=.{{1,63}}$){_LABEL}")  # a DNS label, as Kubernetes wants it
_RELEASE = re.compile(rf"(?=.{{1,53}}$){_LABEL}(\.{_LABEL})*")  # as helm wants it


@dataclass(frozen=True, slots=True)
class Situation:
    """A name, and the values files that belong to it, in their order."""

    name: str
    values: tuple[Path, ...]

    def request(self, chart: Path) -> Request:
        """Return what to render: the situation's name says release and namespace."""
        release, _, namespace = self.name.partition("@")
        return Request(self.values, release, namespace or f"vcluster-{release}", chart)


@dataclass(frozen=True, slots=True)
class Golden:
    """A folder's golden files: as they should be (`wanted`) and as they are (`present`), by path under `golden/`.

    `stale` are those whose situation is gone. `problems` is everything in the way: values that do not render, names
    that say nothing, files that are no golden files.
    """

    folder: Path
    wanted: Mapping[str, bytes]
    present: Mapping[str, bytes]
    stale: tuple[str, ...]
    problems: tuple[Problem, ...]

    def path(self, name: str) -> Path:
        """Return where a golden file is."""
        return self.folder / GOLDEN / name

    @property
    def missing(self) -> list[str]:
        """The golden files that are not there."""
        return sorted(self.wanted.keys() - self.present.keys())

    @property
    def changed(self) -> list[str]:
        """The golden files that are not what their situation renders to."""
        common = self.wanted.keys() & self.present.keys()
        return sorted(name for name in common if self.wanted[name] != self.present[name])


def render_folder(folder: Path, chart: Path) -> Golden:
    """Render the situations in `folder` with the chart in the folder `chart`, and read the golden files.

    Raises IsolationError when there is nothing to render, ToolMissing when there is no helm, OSError when a
    folder cannot be read.
    """
    found, problems = _situations(folder)
    wanted: dict[str, bytes] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for rendered in pool.map(partial(_render, chart=chart), found):
            if isinstance(rendered, dict):
                wanted |= rendered
            else:
                problems += rendered
    present = dict(_present(folder / GOLDEN))
    unrendered = {situation.name for situation in found} - {name.partition("/")[0] for name in wanted}
    others = [name for name in sorted(present.keys() - wanted.keys()) if name.partition("/")[0] not in unrendered]
    stale = [name for name in others if re.fullmatch(r"[^/]+/[^/]+", name) and name.partition("/")[2] in ARTIFACTS]
    for name in sorted(set(others) - set(stale)):
        problems.append(_problem(folder / GOLDEN / name, "is not a golden file", "delete it, or move it elsewhere"))
    return Golden(folder, wanted, present, tuple(stale), tuple(problems))


def _situations(folder: Path) -> tuple[list[Situation], list[Problem]]:
    """Return the situations in a folder, and what is wrong with the names there."""
    place = folder / VALUES
    if not place.is_dir():
        raise IsolationError(f"{printable(str(place))}: is not a folder", "put values files there, or give --tests DIR")
    base = tuple(path for path in [folder / _BASE] if path.exists())
    found: dict[str, Situation] = {}
    problems: list[Problem] = []
    for path in _visible(place):
        files, odd = _layers(path)
        name = path.name if path.is_dir() else path.stem
        problems += (_problem(file, "is not a values file", "name it .yaml, or move it elsewhere") for file in odd)
        if name in found:
            problems.append(_problem(path, f"is a second situation {quoted(name)}", "rename one of the two"))
        elif files:
            found[name] = Situation(name, (*base, *files))
    if not found and not problems:
        raise IsolationError(f"{printable(str(place))}: has no values files", "put some there, or give --tests DIR")
    return list(found.values()), problems


def _layers(path: Path) -> tuple[list[Path], list[Path]]:
    """Return the values files of a file or folder in `values/`, and what is none."""
    files = _visible(path) if path.is_dir() else [path]
    odd = [file for file in files if file.suffix not in _SUFFIXES or not file.is_file()]
    return [file for file in files if file not in odd], odd or ([] if files else [path])


def _visible(folder: Path) -> list[Path]:
    """Return what is in a folder, sorted, without what begins with a dot."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _render(situation: Situation, chart: Path) -> dict[str, bytes] | list[Problem]:
    """Return a situation's golden files by their path under `golden/`, or why it has none."""
    request = situation.request(chart)
    if problems := list(_misnamed(situation, request)):
        return problems
    try:
        layers = read_layers(situation.values)
        if problems := list(_strange(layers)):
            return problems
        texts = or_refused(lambda: {name: make(request) for name, make in ARTIFACTS.items()}, layers, request)
    except InputError as error:
        return [
            replace(problem, file=problem.file or printable(str(situation.values[-1]))) for problem in error.problems
        ]
    except RenderFailed as error:
        return list(_refused(situation.values[-1], error))
    return {f"{situation.name}/{name}": text.encode() for name, text in texts.items() if text is not None}


def _misnamed(situation: Situation, request: Request) -> Iterator[Problem]:
    """Yield what is wrong with the release and namespace in a situation's name; helm takes `-x` for an option."""
    rule = "name the situation RELEASE or RELEASE@NAMESPACE, each of a-z, 0-9 and -"
    if not _RELEASE.fullmatch(request.name):
        yield _problem(situation.values[-1], f"{quoted(request.name)} cannot be a helm release's name", rule)
    elif not _NAMESPACE.fullmatch(request.namespace):
        yield _problem(situation.values[-1], f"{quoted(request.namespace)} cannot be a namespace", rule)


def _strange(layers: Sequence[Layer]) -> Iterator[Problem]:
    """Yield which values files are none of this chart's."""
    for layer in layers:
        if holds_releases(layer.values) or is_manifest(layer.values):
            what, next_step = "is a Kubernetes object, and no values file", "put the values into a file of their own"
            yield Problem("", what, next_step, "golden", layer.name)
        elif old := problem_of([layer]):
            yield old


def _refused(file: Path, error: RenderFailed) -> Iterator[Problem]:
    """Yield what helm says, where it is not about the values."""
    lines = [printable(line) for line in error.stderr.strip().splitlines()]
    yield _problem(file, "helm refuses it:\n" + "\n".join(f"    {line}" for line in lines), "")


def _present(golden: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files below a folder with their content, without those whose path has a name with a dot first."""
    for path in sorted(golden.rglob("*")):
        name = path.relative_to(golden)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            yield name.as_posix(), path.read_bytes()


def _problem(path: Path, what: str, next_step: str) -> Problem:
    """Return a problem with a file."""
    return Problem("", what, next_step, "golden", printable(str(path)))


def _manifests(request: Request) -> str:
    """Return what `helm template` prints; nothing when nothing renders."""
    if _has_notes(request):
        return render_cache.template_with_notes(request).manifests
    return render_cache.template(request)


def _notes(request: Request) -> str | None:
    """Return the chart's notes; none for a chart of the user's own."""
    return render_cache.template_with_notes(request).notes if _has_notes(request) else None


def _has_notes(request: Request) -> bool:
    """Tell whether a chart is ours: its notes and manifests come out of one render, which knows no other kinds."""
    chart = (request.chart / "Chart.yaml").read_text(encoding="utf-8", errors="replace")
    return re.search(r"^name: vcluster-isolation\s*$", chart, re.MULTILINE) is not None


def _connectivity(request: Request) -> str | None:
    """Return who reaches whom, a line for each flow; none for a chart of the user's own, whose pods nobody knows."""
    return f"{render_text.text(matrix_of(Input(subjects_of_values(request))))}\n" if _has_notes(request) else None


ARTIFACTS: Mapping[str, Callable[[Request], str | None]] = {
    "manifests.yaml": _manifests,
    "notes.txt": _notes,
    "connectivity.txt": _connectivity,
}
"""The golden files of a situation: each a name, and what makes its text (None: this chart has no such thing)."""
