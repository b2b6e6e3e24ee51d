"""What YAML text means, node by node and with its tags, to see that an edit changed what it should and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from vcluster_isolation.migration.layout import CannotEdit, compose
from vcluster_isolation.migration.moves import tree
from vcluster_isolation.values.renames import Keys


def has_own(text: str, path: Keys) -> bool:
    """Tell whether the key at `path` is written there, and not brought along by an alias or a merge (`<<`)."""
    node, is_alias = compose(text), False
    for wanted in path:
        pairs = node.value if isinstance(node, yaml.MappingNode) and not is_alias else []
        found = [(key, value) for key, value in pairs if key.value == wanted]
        if not found:
            return False
        key, node = found[0]
        is_alias = node.start_mark.index < key.start_mark.index
    return True


def check_meaning(
    old: str,
    new: str,
    moves: Sequence[tuple[Keys, Keys]],
    removals: Sequence[Keys],
    additions: Sequence[tuple[Keys, str]] = (),
) -> None:
    """Raise CannotEdit unless `new` means what `old` means, with these keys moved, removed and added."""
    paths = tree([*removals, *(path for pair in moves for path in pair), *(path for path, _ in additions)])
    expected = _meaning(compose(old), paths, {})
    for path in removals:
        del _at(expected, path[:-1])[path[-1]]
    for source, target in moves:
        value = _take(expected, source)
        _at(expected, target[:-1])[target[-1]] = value
    for path, scalar in additions:
        _at(expected, path[:-1])[path[-1]] = _digest(compose(scalar), {})
    try:
        actual = _meaning(compose(new), paths, {})
    except CannotEdit as error:
        raise CannotEdit(f"the file would be broken then: {error}") from error
    if actual != expected:
        raise CannotEdit("the file would mean something else then")


def _at(values: dict[str, Any], path: Keys) -> dict[str, Any]:
    """Return the mapping at `path`, made if it is not there."""
    for key in path:
        values = values.setdefault(key, {})
    return values


def _take(values: dict[str, Any], path: Keys) -> Any:
    """Take the key at `path` out and return what it holds; a mapping that so loses its last key goes, too."""
    key = path[0]
    if len(path) == 1:
        return values.pop(key)
    taken = _take(values[key], path[1:])
    if not values[key]:
        del values[key]
    return taken


def _meaning(node: yaml.Node | None, paths: Mapping[str, Any], known: dict[int, str]) -> Any:
    """Return the mappings on `paths` as dictionaries, and anything else as its digest."""
    if not paths or not isinstance(node, yaml.MappingNode):
        return _digest(node, known)
    return {key.value: _meaning(value, paths.get(key.value, {}), known) for key, value in node.value}


def _digest(node: Any, known: dict[int, str]) -> str:
    """Return a hash of a node's tags and values; each node is read once, however many aliases lead to it."""
    if id(node) not in known:
        content: Any = node.value
        if isinstance(node, yaml.SequenceNode):
            content = [_digest(value, known) for value in node.value]
        elif isinstance(node, yaml.MappingNode):
            content = [(_digest(key, known), _digest(value, known)) for key, value in node.value]
        known[id(node)] = hashlib.sha256(repr((node.tag, content)).encode()).hexdigest()
    return known[id(node)]
