"""Migrating values wherever they stand: in a file of their own, or in the objects that `values.releases` knows.

Only the lines of the values change. A text has to be a literal block (`values: |`) and a mapping in block style; in any
other form keys cannot be moved without writing the whole anew, so that nothing is done and it is said.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from vcluster_isolation.errors import InputError, Problem
from vcluster_isolation.migration.layout import newline
from vcluster_isolation.migration.migrate import Migration, migrate
from vcluster_isolation.migration.old import migrate_old
from vcluster_isolation.values import legacy
from vcluster_isolation.values.delivery import objects
from vcluster_isolation.values.delivery.expressions import Text, parsed, parsed_stream
from vcluster_isolation.values.delivery.kinds import is_manifest
from vcluster_isolation.values.delivery.nodes import NodePlace, place_of
from vcluster_isolation.values.delivery.set_values import path_of
from vcluster_isolation.values.delivery.sites import (
    Path,
    Site,
    each,
)
from vcluster_isolation.values.paths import at_path
from vcluster_isolation.values.releases import is_vclusters
from vcluster_isolation.values.renames import policy_places, read_renames
from vcluster_isolation.values.strict_yaml import line_of, parse_documents, parse_mapping
from vcluster_isolation.wording import dotted, quoted

_SOURCE = "migrate"
_VERSION = (
    "these are keys of vcluster-isolation, and of vCluster 0.31 and later; "
    "an object that installs an older vCluster has to name another version as well"
)


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where values stand in a text: the document, the path in it, what they are, and the lines if these can change."""

    document: int
    path: Path
    value: Any
    place: NodePlace | None

    @property
    def can_change(self) -> bool:
        """Whether the lines of these values can be written anew."""
        return self.place is not None and (self.place.literal or self.place.block) and not self.place.borrowed


def migrate_any(text: str, name: str) -> Migration:
    """Migrate a values file, or the values in the objects of a file; as `migrate`, with lines of the whole file.

    Objects without values are a problem. Raises InputError when text or values are not strict YAML.
    """
    stream, outer = parsed_stream(text, name)
    documents, content = stream.values, stream.text
    if not any(is_manifest(document) or objects.holds_releases(document) for document in documents):
        return _around_expressions(text, name, outer, outer) if outer else _values(text, name, stream.mapping())
    spots, notes, by_hand = _spots(content, documents, name)
    if not any(objects.holds_releases(item) for _, item in _items(documents)):
        return Migration(text, problems=(_no_values(documents, name),))
    parts = [(spot, _of_spot(content, name, spot, outer)) for spot in spots]
    problems = [*by_hand, *(problem for _, part in parts for problem in part.problems)]
    if problems:
        return Migration(text, notes=tuple(notes), problems=tuple(problems))
    new = _put_back(content, parts)
    if broken := _broken(content, new, parts, name):
        return Migration(text, problems=(broken,))
    done = tuple(line for _, part in parts for line in part.done)
    more = [line for _, part in parts for line in part.notes]
    more += [f"{name}: {_VERSION}"] * bool(done)
    return Migration(new if outer is None else outer.restore(new), done, (*notes, *more))


def _values(text: str, name: str, known: Mapping[str, Any] | None = None) -> Migration:
    """Migrate values of any age; `known` is what they say, where it was read already."""
    values = parse_mapping(text, name) if known is None else known
    if legacy.marks(values):
        return migrate_old(text, name, values)
    if old := list(_old_places(values, ())):
        what = "holds values of vCluster 0.19 or older"
        next_step = "migrate them in a file of their own, and put the result here"
        found = (Problem(dotted(path), what, next_step, _SOURCE, name, line_of(text, path)) for path in old)
        return Migration(text, problems=tuple(found))
    return migrate(text, name, values=values)


def _old_places(values: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the keys, at any depth, that hold a subchart's values of vCluster 0.19 or older."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            if any(mark[0] == "isolation" for mark in legacy.marks(value)):
                yield (*path, key)
            else:
                yield from _old_places(value, (*path, key))


def _around_expressions(text: str, name: str, found: Text, whole: Text) -> Migration:
    """Migrate values whose expressions were taken out, and put these back.

    Where lines are expressions by themselves, keys may depend on them, and are not moved.
    """
    result = _values(found.text, name)
    if result.problems or not result.done:
        return replace(result, text=text)
    if found.lines:
        number, expression = found.lines[0]
        what = f"{expression} decides on the lines around it, so that keys cannot be moved"
        listed = "; ".join(line.partition(": ")[2] for line in result.done)
        problem = Problem("", what, f"rename by hand: {listed}", _SOURCE, name, number)
        return Migration(text, problems=(problem,))
    return replace(result, text=whole.restore(result.text), done=tuple(map(whole.restore, result.done)))


def _items(documents: Sequence[Any]) -> Iterator[tuple[tuple[int, Path], Any]]:
    """Yield each object with its place, those in Lists too."""
    for number, document in enumerate(documents):
        for above, item in objects.flattened(document):
            if isinstance(item, dict):
                yield (number, above), item


def _spots(text: str, documents: Sequence[Any], name: str) -> tuple[list[_Spot], list[str], list[Problem]]:
    """Return where vClusters' values stand, each place once, from the top.

    Beside them are notes about what is passed over, and problems with keys that stand where they cannot be moved.
    """
    found: dict[tuple[int, Path], _Spot] = {}
    notes: list[str] = []
    problems: list[Problem] = []
    numbered = list(_items(documents))
    for (document, above), item in numbered:
        for site in objects.sites_of(item, [one for _, one in numbered]):
            if site.item is not None:
                continue  # a template that is in the file by itself
            values = [(path, at_path(item, path)) for path in site.values]
            if not is_vclusters(site.chart) and not any(_has_policy(value, name) for _, value in values):
                notes.append(f"{name}: {site.title} is passed over: its chart is {quoted(site.chart or 'not known')}")
                continue
            notes += [
                f"{name}: {site.title} also uses {one.what}: migrate these by themselves" for one in site.elsewhere
            ]
            notes += [f"{name}: {site.title} also uses {one.title}: migrate it by hand" for one in site.over]
            problems += _single_values(text, name, site, (document, above), item)
            for path, value in values:
                whole = (*above, *path)
                found[document, whole] = _Spot(document, whole, value, place_of(text, document, whole))
    spots = sorted(found.values(), key=lambda spot: spot.place.line if spot.place else 0)
    return spots, list(dict.fromkeys(notes)), list(dict.fromkeys(problems))


def _single_values(text: str, name: str, site: Site, place: tuple[int, Path], item: Any) -> Iterator[Problem]:
    """Yield the renamed keys that an object sets one by one, as Argo CD's parameters do: they are no keys to move."""
    document, above = place
    for path, parameter in each(item, site.parameters) if site.parameters else ():
        steps = path_of(str(parameter.get("name"))) or ()
        for row in read_renames():
            if steps[: len(row.source)] == row.source:
                new = dotted((*row.target, *steps[len(row.source) :]))
                line = line_of(text, (*above, *path), document)
                what = f"{quoted(parameter['name'])} is the deprecated name of {new}"
                yield Problem(dotted(path), what, "rename it by hand", _SOURCE, name, line)


def _has_policy(value: Any, name: str) -> bool:
    """Return whether values of another chart have policies of a vCluster, at any depth."""
    if isinstance(value, str):
        try:
            value, _ = parsed(value, lambda one: parse_mapping(one, name))
        except InputError:
            return False
    return any(True for _ in policy_places(value))


def _no_values(documents: Sequence[Any], name: str) -> Problem:
    """Return the problem with manifests that hold no values."""
    what = f"is a Kubernetes manifest of kind {quoted(documents[0].get('kind'))}, not values"
    next_step = "give a values file, or an object that holds one, such as a VirtualClusterTemplate or an Application"
    return Problem("", what, next_step, _SOURCE, name)


def _of_spot(text: str, name: str, spot: _Spot, outer: Text | None) -> Migration:
    """Migrate the values at one place; the text of the answer is theirs, with empty lines for those above them."""
    if not spot.can_change or spot.place is None:
        return _by_hand(text, name, spot)
    lines = text.splitlines(keepends=True)[spot.place.first : spot.place.end]
    margin = _margin(lines)
    if any(line.strip() and not line.startswith(margin) for line in lines):
        return _by_hand(text, name, spot)
    inner = _blank(text, spot.place.first) + "".join(_outdented(line, len(margin)) for line in lines)
    try:
        _, found = parsed(inner, lambda one: parse_mapping(one, name))
    except InputError:
        if spot.place.block:  # an alias of an anchor above it, most likely
            return _by_hand(text, name, spot)
        raise
    if found is not None:
        return _around_expressions(inner, name, found, found)
    kept = [] if outer is None else [line for line in outer.lines if spot.place.first < line[0] <= spot.place.end]
    if kept and outer is not None:
        return _around_expressions(inner, name, replace(outer, text=inner, lines=tuple(kept)), Text(""))
    return _values(inner, name)


def _by_hand(text: str, name: str, spot: _Spot) -> Migration:
    """Return a problem for values in a form that cannot change, if there is something to change at all."""
    inner = spot.value if isinstance(spot.value, str) else _dumped(spot.value)
    if not isinstance(spot.value, (str, Mapping)):
        return Migration(text)
    line = spot.place.line + 1 if spot.place else None
    found, _ = parsed(inner, lambda one: _values(one, name))
    if not found.done and not found.problems:
        return Migration(inner)
    what = "is not a literal block" if isinstance(spot.value, str) else "is not a mapping in block style by itself"
    shape = f"as `{spot.path[-1]}: |`" if isinstance(spot.value, str) else "with one key a line, and without aliases"
    return Migration(inner, problems=(Problem(dotted(spot.path), what, f"write it {shape}", _SOURCE, name, line),))


def _dumped(value: Any) -> str:
    """Return a mapping as a text that can be migrated, to see whether there is something to do."""
    text: str = yaml.safe_dump(value)
    return text


def _blank(text: str, count: int) -> str:
    """Return empty lines, ended as a text's lines are."""
    return newline(text) * count


def _margin(lines: Sequence[str]) -> str:
    """Return what the first line that is not empty begins with."""
    first = next((line for line in lines if line.strip()), "")
    return first[: len(first) - len(first.lstrip(" "))]


def _outdented(line: str, by: int) -> str:
    """Return a line without its margin, of which a line of spaces may have less."""
    return line[by:] if len(line.rstrip("\r\n")) >= by else line.lstrip(" ")


def _put_back(text: str, parts: Sequence[tuple[_Spot, Migration]]) -> str:
    """Return a text with the values that changed in their places, as far in as they were; from the bottom up."""
    lines = text.splitlines(keepends=True)
    for spot, part in reversed(parts):
        place = spot.place
        if place is None or not part.done:
            continue
        margin = _margin(lines[place.first : place.end])
        new = part.text.splitlines(keepends=True)[place.first :]
        lines[place.first : place.end] = [margin + line if line.strip("\r\n") else line for line in new]
    return "".join(lines)


def _broken(text: str, new: str, parts: Sequence[tuple[_Spot, Migration]], name: str) -> Problem | None:
    """Return a problem if a text means something else than the same objects with their values migrated."""
    done = [line.removeprefix(f"{name}:") for _, part in parts for line in part.done]
    next_step = "rename by hand: " + "; ".join(f"line {line}" for line in done)
    try:
        before, after = ([one.value for one in parse_documents(each, name)] for each in (text, new))
    except InputError as error:
        what = f"cannot be migrated: the file would be broken then: {error.problems[0].what}"
        return Problem("", what, next_step, _SOURCE, name)
    same = len(before) == len(after) and _without(before, parts) == _without(after, parts)
    for spot, part in parts:
        if part.done and same:
            now = at_path(after[spot.document], spot.path)
            wanted, _ = parsed(part.text, lambda one: parse_mapping(one, name))
            actual = parsed(now, lambda one: parse_mapping(one, name))[0] if isinstance(now, str) else now
            same = wanted == actual
    what = "cannot be migrated: the file would mean something else then"
    return None if same else Problem("", what, next_step, _SOURCE, name)


def _without(documents: Sequence[Any], parts: Sequence[tuple[_Spot, Migration]]) -> list[Any]:
    """Return documents without the values that were migrated."""
    found = copy.deepcopy(list(documents))
    for spot, part in parts:
        if part.done:
            at_path(found[spot.document], spot.path[:-1])[spot.path[-1]] = None
    return found
