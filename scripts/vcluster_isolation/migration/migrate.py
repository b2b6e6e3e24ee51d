"""Rewriting the keys of vCluster 0.20 to 0.30 to today's, in the text of a values file.

What was renamed is data (`renames.yaml`). Which key wins follows the chart: it refuses a deprecated key beside a
successor that is set, so this is nothing that a program can decide, either. What the file means after the edit
is compared, node by node, with what it should mean, before anybody sees it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vcluster_isolation.errors import Problem
from vcluster_isolation.migration.layout import CannotEdit
from vcluster_isolation.migration.meaning import check_meaning, has_own
from vcluster_isolation.migration.moves import edit, tree
from vcluster_isolation.values.paths import at_path
from vcluster_isolation.values.renames import BASE, Keys, Rename, policy_places, read_renames
from vcluster_isolation.values.strict_yaml import line_of, parse_mapping
from vcluster_isolation.wording import dotted

_PLATFORM = ("outgoingConnections", "platform")
_PLATFORM_NOTE = (
    "was false, which in v0.30 closed only the egress of the control plane to vCluster Platform; "
    "platform.enabled: false closes both directions; to let the platform in, admit it with a rule of "
    "controlPlane.ingress"
)


@dataclass(frozen=True, slots=True)
class Migration:
    """What became of a file: its new text, what was done to it, and what its owner should know about that.

    With `problems`, which only a person can decide, the text is the old one and nothing was done.
    """

    text: str
    done: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _File:
    """A values file: its text, what messages call it, and its values."""

    text: str
    name: str
    values: Mapping[str, Any]

    def problem(self, path: Keys, what: str, next_step: str) -> Problem:
        """Return a problem with the line of the key at `path`."""
        return Problem(dotted(path), what, next_step, "migrate", self.name, self.line(path))

    def line(self, path: Keys) -> int | None:
        """Return the line of the key at `path`, or of the nearest one above it."""
        return line_of(self.text, path)


def migrate(
    text: str, name: str, renames: Sequence[Rename] | None = None, values: Mapping[str, Any] | None = None
) -> Migration:
    """Return what `text`, the content of a values file that messages call `name`, becomes today.

    `values` is what it says, where it was read already.

    In the values of an umbrella chart, what stands below a subchart's key is migrated as well.
    Comments, anchors, order and quotes stay, and so does every line outside the mapping that a renamed key stands in;
    where others change in layout, a note says so. Migrating again changes nothing more. Raises InputError when the
    text is not strict YAML.
    """
    file = _File(text, name, parse_mapping(text, name) if values is None else values)
    rows = list(_everywhere(file.values, read_renames() if renames is None else renames))
    used = [row for row in rows if at_path(file.values, row.source) is not None]
    empty = tuple(_empty(file.values, tree(row.source for row in rows)))
    problems = (*_odd(file, rows), *_set_twice(file, used))
    if problems or not (used or empty):
        return Migration(text, problems=problems)
    moves = [(row.source, row.target) for row in used]
    try:
        if borrowed := tuple(_borrowed(file, [*(row.source for row in used), *empty])):
            return Migration(text, problems=borrowed)
        new = edit(text, moves, empty)
        check_meaning(text, new, moves, empty)
    except CannotEdit as error:
        return Migration(text, problems=tuple(_by_hand(file, moves, empty, error)))
    notes = (*_notes(file, moves), *layout_notes(text, new, name, [*(row.source for row in used), *empty]))
    return Migration(new, tuple(_done(file, moves, empty)), notes)


def layout_notes(old: str, new: str, name: str, paths: Iterable[Keys]) -> Iterator[str]:
    """Yield a note if other lines than those of the keys at `paths`, and of the mappings that these are in, changed."""
    own = {line_of(old, path[:end]) for path in paths for end in range(1, len(path) + 1)}
    there = Counter(line.strip() for line in new.splitlines())
    others = Counter(line.strip() for number, line in enumerate(old.splitlines(), 1) if number not in own)
    if any((others - there).elements()):
        what = "the layout of other lines changed as well (spaces, line breaks, indentation), and not what they mean"
        yield f"{name}: {what}"


def _everywhere(values: Mapping[str, Any], renames: Sequence[Rename]) -> Iterator[Rename]:
    """Yield the renames at the root of a file, and below each key, at any depth, that holds a subchart's values."""
    yield from renames
    for place in policy_places(values):
        yield from (row.below(place) for row in renames if place)


def _empty(values: Any, keys: Mapping[str, Any], path: Keys = ()) -> Iterator[Keys]:
    """Yield deprecated keys that hold nothing: helm drops null, and a mapping of nothing sets nothing.

    Moved, a null would take its successor's default away. `keys` is the tree of deprecated keys.
    """
    for key, below in keys.items():
        here = (*path, key)
        if not isinstance(values, dict) or key not in values:
            continue
        if BASE[-1] in path and _is_nothing(values[key], below):
            yield here
        else:
            yield from _empty(values[key], below, here)


def _is_nothing(value: Any, keys: Mapping[str, Any]) -> bool:
    """Tell whether a deprecated key's value sets nothing; `keys` is what it may hold."""
    if value is None or not keys:
        return value is None
    return isinstance(value, dict) and all(key in keys and _is_nothing(value[key], keys[key]) for key in value)


def _odd(file: _File, rows: Sequence[Rename]) -> Iterator[Problem]:
    """Yield what stands where a mapping of renamed keys should be, and what such a mapping holds besides them."""
    keys = tree(row.source for row in rows)
    places = {row.source[:end] for row in rows for end in range(1, len(row.source))}
    for path in sorted(places):
        value = at_path(file.values, path)
        if value is not None and not isinstance(value, dict):
            yield file.problem(path, "is not a mapping", "correct it first")
        elif value and BASE[-1] in path[:-1]:
            known = at_path(keys, path)
            for key in value.keys() - known.keys():
                yield file.problem((*path, key), "is not a key of vCluster 0.20 to 0.30", "correct or remove it first")


def _set_twice(file: _File, used: Sequence[Rename]) -> Iterator[Problem]:
    """Yield the deprecated keys whose successor is set, too: present, and not what it is by default."""
    for row in used:
        for path, default in row.defaults.items():
            if _effective(file.values, path, default) != default:
                beside = f"{dotted(path)} is set too (line {file.line(path)})"
                what = f"is the deprecated name of {dotted(row.target)}, and {beside}"
                next_step = f"bring the two together under {dotted(row.target)} and remove {dotted(row.source)}"
                yield file.problem(row.source, what, next_step)


def _effective(values: Any, path: Keys, default: Any) -> Any:
    """Return what helm makes of a key: its value, its default if it is not there, nothing if it is null."""
    for key in path:
        if not isinstance(values, dict):
            return None
        if key not in values:
            return default
        values = values[key]
    return values


def _borrowed(file: _File, paths: Sequence[Keys]) -> Iterator[Problem]:
    """Yield the keys that are not written where they count, but come from an alias or a merge."""
    for path in paths:
        if not has_own(file.text, path):
            next_step = "write it out here, or rename it by hand at its anchor"
            yield file.problem(path, "comes from an alias (*) or a merge (<<)", next_step)


def _by_hand(
    file: _File, moves: Sequence[tuple[Keys, Keys]], empty: Sequence[Keys], error: CannotEdit
) -> Iterator[Problem]:
    """Yield what has to be renamed and cannot be, because the file's layout does not allow it."""
    for source, target in moves:
        yield file.problem(source, f"cannot be moved: {error}", f"rename it to {dotted(target)} by hand")
    for path in empty:
        yield file.problem(path, f"cannot be removed: {error}", "remove it by hand, it sets nothing")


def _done(file: _File, moves: Sequence[tuple[Keys, Keys]], empty: Sequence[Keys]) -> Iterator[str]:
    """Yield a line for each key that was moved or removed."""
    for source, target in moves:
        yield f"{file.name}:{file.line(source)}: {dotted(source)} is now {dotted(target)}"
    for path in empty:
        yield f"{file.name}:{file.line(path)}: {dotted(path)} set nothing and is removed"


def _notes(file: _File, moves: Sequence[tuple[Keys, Keys]]) -> Iterator[str]:
    """Yield what means something else than it did in v0.30."""
    for source, _ in moves:
        if source[-len(_PLATFORM) :] == _PLATFORM and at_path(file.values, source) is False:
            yield f"{file.name}:{file.line(source)}: {dotted(source)} {_PLATFORM_NOTE}"
