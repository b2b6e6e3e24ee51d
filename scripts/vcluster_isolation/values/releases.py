"""Sorting what files hold into Helm releases with their values, manifests, and what is passed over.

Plain values files are the layers of one release. Each release inside another object is one of its own. A text with
expressions `{{ }}` that is not YAML is read without them, and what they decide on is a problem.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from vcluster_isolation.errors import InputError, IsolationError, Problem
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.kubernetes.twins import twins
from vcluster_isolation.netpol.parse import stream
from vcluster_isolation.values import legacy
from vcluster_isolation.values.delivery import objects
from vcluster_isolation.values.delivery.expressions import Text, parsed_stream, without_expressions
from vcluster_isolation.values.delivery.kinds import is_manifest
from vcluster_isolation.values.delivery.sites import (
    Site,
)
from vcluster_isolation.values.layers import Layer, read_chart_file
from vcluster_isolation.values.paths import at_path
from vcluster_isolation.values.reading import Content, Source, content_of, of_plain
from vcluster_isolation.values.strict_yaml import (
    STDIN,
    Stream,
    parse_mapping,
    read_text,
    show_name,
    stream_of,
)
from vcluster_isolation.wording import dotted, quoted

_LONG: Final = 200_000  # characters of JSON, above which it takes too long to know the line of everything
_CHART_FILE: Final = "Chart.yaml"
_KUSTOMIZE: Final = "kustomization"
_SUFFIXES: Final = {".yaml", ".yml", ".json"}
_UNKNOWN: Final = (None, ".", "..")
_OUR_KEYS: Final = ("networkPolic", "toHost", "privateNodes", "controlPlane")
_CHARTS: Final = frozenset(
    f"vcluster{pro}{distro}" for pro in ("", "-pro") for distro in ("", "-k0s", "-k3s", "-k8s", "-eks")
) | {"vcluster-isolation"}
"""Charts that take a vcluster.yaml; those with a distribution in their name were vCluster 0.19's."""


@dataclass(frozen=True, slots=True)
class Release:
    """The values of one Helm release.

    `title` says which release it is, as `Application/red`; it is empty for plain values files, which are one release.
    `name` and `namespace` are the release's as far as the object says them. `problems` is what could not be resolved,
    `refused` why these values are no values of the chart at all, and `remarks` is about what no flow depends on.
    `words` stand in the values for expressions that were not resolved. `notes` is what stands beside it, not used.
    """

    title: str
    chart: Path
    layers: tuple[Layer, ...]
    name: str | None = None
    namespace: str | None = None
    problems: tuple[Problem, ...] = ()
    refused: tuple[Problem, ...] = ()
    remarks: tuple[Problem, ...] = ()
    words: frozenset[str] = frozenset()
    paths: tuple[Path | None, ...] = ()
    notes: tuple[str, ...] = ()

    def named(self, problems: Iterable[Problem]) -> list[Problem]:
        """Return problems with the object named in which the values are, where they do not name it themselves."""
        named = (
            problem if self.title in problem.what else replace(problem, where=f"{self.title} {problem.where}")
            for problem in problems
        )
        return [replace(one, where=one.where.strip()) for one in named]


@dataclass(frozen=True, slots=True)
class Manifests:
    """The Kubernetes objects of one file: what it holds, and the numbers of the documents that hold releases.

    `lines` is False for JSON that was read as a stream: of it, lines are not known.
    """

    stream: Stream
    holding: frozenset[int]
    lines: bool = True

    @property
    def name(self) -> str:
        """What messages call the file."""
        return self.stream.name

    @property
    def objects(self) -> list[Any]:
        """The documents that are objects of the cluster."""
        return [one for index, one in enumerate(self.stream.values) if index not in self.holding]


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """What files hold: releases, manifests, what was passed over and why, and what is wrong with files.

    `unreadable` are the files that could not be read at all, `problems` what is wrong with the content of others.
    """

    files: tuple[str, ...]
    releases: tuple[Release, ...]
    manifests: tuple[Manifests, ...]
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]
    unreadable: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _File:
    """What a file holds; `outer` has the expressions that were taken out of it, if it is not YAML with them.

    `lines` is False for JSON that was read as a stream: of it, lines are not known.
    """

    path: Path
    stream: Stream
    outer: Text | None = None
    lines: bool = True

    @property
    def holds_objects(self) -> bool:
        """Whether a document is a Kubernetes object, or one that holds releases."""
        return any(
            isinstance(document, dict) and (is_manifest(document) or objects.holds_releases(document))
            for document in self.stream.values
        )


@dataclass(slots=True)
class _Sorting:
    """What has been sorted so far."""

    chart: Path
    own_chart: str | None
    releases: list[Release] = field(default_factory=list)
    manifests: list[Manifests] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_ours(self) -> bool:
        """Whether plain values are those of a vCluster, and not of an umbrella."""
        return self.chart == CHART or self.own_chart in _CHARTS


def read(files: Sequence[Path], chart: Path) -> ReadFiles:
    """Return what files, folders (their .yaml, .yml and .json files) and standard input hold.

    `chart` is what plain values are for. A release in an object is taken if its chart is vcluster or
    vcluster-isolation, and also if it is `chart` itself, an umbrella of the user's; others are in `notes`.
    Raises IsolationError for a folder without files and a chart that cannot be read; what is wrong with a file's
    content is in the answer.
    """
    problems: list[Problem] = []
    unreadable: list[Problem] = []
    opened: list[_File] = []
    notes: list[str] = []
    paths = [one for file in files for one in _below(file, notes)]
    for path in paths:
        try:
            text = read_text(path)
        except InputError as error:
            unreadable += error.problems
            continue
        try:
            opened.append(_file(path, text))
        except InputError as error:
            problems += error.problems
    sorting = _Sorting(chart, _name_of_chart(chart), notes=notes)
    plain = [one for one in opened if not one.holds_objects]
    if plain:
        problems += _add_plain(plain, sorting)
    problems += _add_objects([one for one in opened if one.holds_objects], sorting)
    return ReadFiles(
        tuple(map(show_name, paths)),
        tuple(sorting.releases),
        tuple(sorting.manifests),
        tuple(sorting.notes),
        tuple(problems),
        tuple(unreadable),
    )


def opened(files: Sequence[Path]) -> list[Path]:
    """Return files, folders replaced by the values files and manifests below them. Raises as `read` does."""
    return [path for file in files for path in _below(file, [])]


def _below(path: Path, notes: list[str]) -> Iterator[Path]:
    """Yield a file, or the files below a folder, without those whose name begins with a dot.

    Charts and the files of Kustomize in a folder are neither values nor manifests, and are passed over with a note.
    """
    if path == STDIN or not path.is_dir():
        yield path
        return
    if (path / _CHART_FILE).is_file():
        raise IsolationError(f"{show_name(path)}: is a chart", "give the values for it, and the chart with --chart")
    below = [one for one in sorted(path.rglob("*")) if one.is_file() and one.suffix in _SUFFIXES]
    visible = [one for one in below if not any(part.startswith(".") for part in one.relative_to(path).parts)]
    charts = [one.parent for one in visible if one.name == _CHART_FILE]
    found = [one for one in visible if one.stem != _KUSTOMIZE and _chart_around(one, charts) is None]
    notes += [
        f"{show_name(chart)} is passed over: it is a chart" for chart in charts if _chart_around(chart, charts) == chart
    ]
    notes += [f"{show_name(one)} is passed over: it is Kustomize's" for one in visible if one.stem == _KUSTOMIZE]
    if not found:
        what = f"{show_name(path)}: has no .yaml, .yml or .json files"
        raise IsolationError(what, "name a folder of values files or manifests")
    yield from found


def _chart_around(path: Path, charts: Sequence[Path]) -> Path | None:
    """Return the outermost of some charts' folders that a file or folder is in, None if it is in none."""
    return next((chart for chart in sorted(charts) if path.is_relative_to(chart)), None)


def _file(path: Path, text: str) -> _File:
    """Return what a file holds. JSON, which may be what kubectl prints of a whole cluster, is read as such.

    Of JSON that is short, and YAML as well, the lines are known.
    """
    name = show_name(path)
    if text.lstrip().startswith("{") and not text.lstrip().startswith("{{"):
        with suppress(InputError):
            if len(text) <= _LONG:
                return _File(path, *parsed_stream(text, name))
        with suppress(InputError):  # YAML can begin with a brace as well
            return _File(path, stream_of(stream.objects(io.StringIO(text)), text, name), lines=False)
    return _File(path, *parsed_stream(text, name))


def _name_of_chart(chart: Path) -> str | None:
    """Return the name in a chart's Chart.yaml, None without one."""
    text = read_chart_file(chart, "Chart.yaml")
    name = parse_mapping(text, str(chart / "Chart.yaml")).get("name") if text else None
    return name if isinstance(name, str) else None


def _add_plain(files: Sequence[_File], sorting: _Sorting) -> Iterator[Problem]:
    """Add the one release that plain values files are. Yield what is not a values file."""
    contents: list[Content] = []
    for file in files:
        try:
            contents.append(of_plain(file.stream, file.outer, known=sorting.is_ours))
        except InputError as error:
            yield from error.problems
    if len(contents) < len(files):
        return  # the others mean nothing without it
    content = _joined(contents)
    kept = (None if file.path == STDIN or file.outer is not None else file.path for file in files)
    sorting.releases.append(replace(_release("", sorting.chart, content, sorting), paths=tuple(kept)))


def _joined(contents: Iterable[Content]) -> Content:
    """Return several contents as one."""
    whole = Content()
    for content in contents:
        whole.layers += content.layers
        whole.problems += content.problems
        whole.remarks += content.remarks
        whole.words |= content.words
    return whole


def _release(title: str, chart: Path, content: Content, sorting: _Sorting) -> Release:
    """Return a release, refused if its values are those of an old vCluster."""
    old = legacy.problem_of(content.layers) if chart == CHART or sorting.is_ours else None
    return Release(
        title,
        chart,
        tuple(content.layers),
        problems=tuple(content.problems),
        remarks=tuple(content.remarks),
        refused=(old,) if old else (),
        words=frozenset(content.words),
    )


def _add_objects(files: Sequence[_File], sorting: _Sorting) -> Iterator[Problem]:
    """Add the manifests in files, and the releases in their objects. Yield what is not a manifest as it stands."""
    sources = [(file, index, source) for file in files for index, source in _sources(file)]
    items = [source.item for _, _, source in sources]
    holding: dict[str, set[int]] = {}
    by_item = {id(source.item): source for _, _, source in sources}
    yield from _twin_holders([source for _, _, source in sources])
    for file, index, source in sources:
        if not objects.holds_releases(source.item):
            continue
        if not source.above and file.lines:
            holding.setdefault(file.stream.name, set()).add(index)
        for site in objects.sites_of(source.item, items):
            inside = source if site.item is None else by_item[id(site.item)]
            over = [content_of(one, by_item[id(one.item)]) for one in site.over]
            yield from _add_site(replace(site, title=source.restore(site.title)), inside, over, sorting)
    for file in files:
        found = Manifests(file.stream, frozenset(holding.get(file.stream.name, ())), file.lines)
        if found.objects and file.outer is not None:
            lines = [expression for _, expression in file.outer.lines]
            what = f"has manifests with expressions, such as {[*file.outer.words.values(), *lines][0]}: not resolved"
            yield Problem("", what, "render it, and give the result", "values", found.name)
        elif found.objects:
            sorting.manifests.append(found)


def _twin_holders(sources: Sequence[Source]) -> Iterator[Problem]:
    """Yield each object that holds releases and is a second one of its name: only one of the two is in a cluster."""
    holders = [source for source in sources if objects.holds_releases(source.item)]
    for index, first in twins([source.item for source in holders], ""):
        here, other = holders[index], holders[first]
        line = other.line(())
        place = f"in {other.name}" if other.name != here.name else "here"
        place += f" on line {line}" if line else ""
        title = here.restore(f"{here.item['kind']}/{here.item['metadata']['name']}")
        what = f"is defined twice, also {place}, and only the last one counts"
        yield Problem(title, what, "keep one of them", "values", here.name, here.line(()))


def _sources(file: _File) -> Iterator[tuple[int, Source]]:
    """Yield each object of a file, those in Lists too, with the number of its document."""
    for index, document in enumerate(file.stream.values):
        for above, item in objects.flattened(document):
            if isinstance(item, dict):
                number = index if file.lines else None
                yield index, Source(file.stream.name, file.stream.text, number, above, item, file.outer)


def is_vclusters(chart: str | None) -> bool:
    """Return whether a chart of this name takes a vcluster.yaml."""
    return chart in _CHARTS


def _add_site(site: Site, source: Source, over: Sequence[Content], sorting: _Sorting) -> Iterator[Problem]:
    """Add a release of an object, or a note that it is passed over. Yield a problem if it may be a vCluster's.

    The layers of `over` are laid over its own.
    """
    chart = _text(site.chart, site, source)
    own = sorting.own_chart
    if chart in _CHARTS or chart == own:
        content = _joined([content_of(site, source, known=chart in _CHARTS), *over])
        at_hand = sorting.chart if chart == own or own in _CHARTS else CHART
        if at_hand != sorting.chart:
            said = f"its chart is {quoted(chart or '')}"
            sorting.notes.append(f"{source.name}: {site.title}: --chart is not used, because {said}")
        release = _release(site.title, at_hand, content, sorting)
        name, namespace = (_text(one, site, source) for one in (site.name, site.namespace))
        sorting.releases.append(replace(release, name=name, namespace=namespace))
        sorting.notes += site.notes
    elif chart in _UNKNOWN and any(_is_like_ours(at_path(source.item, path)) for path in site.values):
        what = f"{site.title}: its chart is not known, and its values are like those of a vCluster"
        next_step = "give the values by themselves, or name the chart"
        yield Problem(dotted(site.path), what, next_step, "values", source.name, source.line(site.path))
    else:
        what = "its chart is not known" if chart in _UNKNOWN else f"its chart is {quoted(chart)}"
        sorting.notes.append(f"{source.name}: {site.title} is passed over: {what}")


def _is_like_ours(values: Any) -> bool:
    """Return whether values, or their text, may be those of a vCluster."""
    return any(key in str(values) for key in _OUR_KEYS)


def _text(text: str | None, site: Site, source: Source) -> str | None:
    """Return a text of an object with its expressions filled in; None where one is not resolved."""
    if text is None:
        return None
    raw = source.restore(text)
    if site.engine is None and source.outer is None:
        return raw
    found = without_expressions(raw, site.engine, scalar=True)
    return None if found.words else found.text
