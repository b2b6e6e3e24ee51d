"""Moving and removing keys in the text of a YAML file with ruamel.yaml's round trip, comments with their keys.

This knows a file's layout (see `layout`), not its meaning: `migrate` compares what it means before and after.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import Comment, CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.tokens import CommentToken

from vcluster_isolation.migration.layout import CannotEdit, Marked, compose, marked, replaced, unit_of
from vcluster_isolation.values.renames import Keys
from vcluster_isolation.wording import printable

_WIDE = 1_000_000  # columns: no line is folded


def edit(
    text: str,
    moves: Sequence[tuple[Keys, Keys]],
    removals: Sequence[Keys],
    additions: Sequence[tuple[Keys, str]] = (),
) -> str:
    """Return `text` without the `removals`, and with each key moved from the first path of a pair to the second.

    The `additions` are new keys with a scalar each, as YAML has it.

    The mapping that a key goes to is made, if there is none, where the one was that it came from; that one goes away
    with its last key. Comments go with their key, those of a removed key stay. Lines of other keys stay as they are;
    of a moved key spaces, line breaks and indentation may change. Raises CannotEdit.
    """
    source = marked(text)
    engine = _engine(compose(source.text))
    try:
        root = engine.load(source.text)
    except YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        raise CannotEdit(printable(str(getattr(error, "problem", error))), line) from error
    if not isinstance(root, CommentedMap) or root.fa.flow_style():
        raise CannotEdit("the whole file is one flow mapping { }")
    _keep_anchors(root)
    editor = _Editor(source)
    for path in removals:
        editor.remove(root, path)
    for old, new in moves:
        editor.move(root, old, new)
    for path, scalar in additions:
        editor.add(root, path, scalar)
    stream = io.StringIO()
    engine.dump(root, stream)
    written = stream.getvalue()
    paths = [*removals, *(path for pair in moves for path in pair), *(path for path, _ in additions)]
    kept = [mark for mark in source.marks_in(written) if source.words[mark]]
    if sorted(kept) != sorted(mark for mark, words in source.words.items() if words):
        raise CannotEdit("a comment would be lost")
    shared = [_shared(*pair) for pair in moves] + [path[:-1] for path in removals] + [()] * bool(additions)
    units = {min(unit_of(source.text, path), unit_of(written, path), key=len) for path in shared}
    outer = {unit for unit in units if not any(unit[: len(one)] == one for one in units - {unit})}
    return replaced(source, written, outer, moves, paths)


def tree(paths: Iterable[Keys]) -> dict[str, Any]:
    """Return paths as a tree of keys: nested mappings, empty ones at the ends of the paths."""
    root: dict[str, Any] = {}
    for path in paths:
        branch = root
        for key in path:
            branch = branch.setdefault(key, {})
    return root


@dataclass(frozen=True, slots=True)
class _Taken:
    """A value without a place, what is behind its key (in ruamel.yaml's form), and the comments above it and below."""

    value: Any
    behind: Any = None
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Editor:
    """Moves keys in what ruamel.yaml read from a text whose comments are marks: those above a key go with it."""

    source: Marked

    def remove(self, root: CommentedMap, path: Keys) -> None:
        """Remove a key; its comments stay in its place, and a mapping without keys stays as `{}`."""
        mapping, key = _walk(root, path[:-1]), path[-1]
        index = list(mapping).index(key)
        self._insert_marks(mapping, index, self._marks([mapping.ca.items.pop(key, None), mapping.pop(key)]))
        if len(path) > 1 and not self._keys(mapping):
            above = _walk(root, path[:-2])
            self._insert_marks(above, list(above).index(path[-2]) + 1, self._worded(mapping))
            above[path[-2]] = CommentedMap()

    def move(self, root: CommentedMap, old: Keys, new: Keys) -> None:
        """Move a key, in the mapping where the two paths part."""
        start = len(_shared(old, new))
        base = _walk(root, old[:start])
        index = list(base).index(old[start]) - len(self._above(base, old[start]))
        self._put(base, new[start:], self._take(base, old[start:]), index)

    def add(self, root: CommentedMap, path: Keys, scalar: str) -> None:
        """Add a key below all that are there."""
        self._put(root, path, _Taken(scalar), len(root))

    def _take(self, mapping: CommentedMap, path: Keys) -> _Taken:
        """Take a key out, with its comments, those of the mappings it is in, and each of these that has no key left."""
        key = path[0]
        above = self._above(mapping, key)
        for name in above:
            del mapping[name]
        if len(path) == 1:
            return _Taken(mapping.pop(key), mapping.ca.items.pop(key, None), tuple(above))
        inner = _walk(mapping, path[:1])
        above += self._marks([mapping.ca.items.pop(key, None), inner.ca.comment])
        inner.ca.comment = None
        taken = self._take(inner, path[1:])
        below = taken.below
        if not self._keys(inner):
            del mapping[key]
            below += tuple(self._worded(inner))
        return _Taken(taken.value, taken.behind, (*above, *taken.above), below)

    def _put(self, mapping: CommentedMap, path: Keys, taken: _Taken, index: int) -> None:
        """Put a key into a mapping; mappings on the way to it are made, the first of them at `index`."""
        for key in path[:-1]:
            _loosen(mapping, taken)
            if key not in mapping:
                mapping.insert(index, key, CommentedMap())
            mapping = _walk(mapping, (key,))
            if not mapping:
                mapping.fa.set_block_style()
            index = self._end(mapping)
        _loosen(mapping, taken)
        above, key = list(taken.above), path[-1]
        if key in mapping:
            index = list(mapping).index(key)
            above = [*self._marks([mapping.pop(key), mapping.ca.items.pop(key, None)]), *above]
        self._insert_marks(mapping, index, taken.below)
        mapping.insert(index, key, taken.value)
        if taken.behind:
            mapping.ca.items[key] = taken.behind
        self._insert_marks(mapping, index, above)

    def _insert_marks(self, mapping: CommentedMap, index: int, marks: Sequence[str]) -> None:
        """Put comments into a mapping, each on a line of its own."""
        if marks and mapping.fa.flow_style():
            raise CannotEdit("a comment inside { } cannot be kept")
        for mark in reversed(marks):
            mapping.insert(index, mark, "0")

    def _keys(self, mapping: CommentedMap) -> list[str]:
        """Return the keys that are no comments."""
        return [key for key in mapping if not self.source.is_mark(key)]

    def _worded(self, mapping: CommentedMap) -> list[str]:
        """Return the comments that have a line in a mapping."""
        return [key for key in mapping if self.source.words.get(key)]

    def _end(self, mapping: CommentedMap) -> int:
        """Return the place after the last key, above the comments below it."""
        names, keys = list(mapping), self._keys(mapping)
        return names.index(keys[-1]) + 1 if keys else len(names)

    def _above(self, mapping: CommentedMap, key: str) -> list[str]:
        """Return the comments right above a key."""
        names = list(mapping)
        before = reversed(names[: names.index(key)])
        return list(takewhile(lambda name: bool(self.source.words.get(name)), before))[::-1]

    def _marks(self, parts: list[Any]) -> list[str]:
        """Return all comments in parts of a tree."""
        found = (mark for text in _texts(parts) for mark in self.source.marks_in(text))
        return [mark for mark in found if self.source.words[mark]]


def _texts(part: Any) -> Iterator[str]:
    """Yield each comment, key and text in a part of a tree of ruamel.yaml."""
    if isinstance(part, CommentToken):
        yield part.value
    elif isinstance(part, str):
        yield part
    elif isinstance(part, list):  # sequences as well
        for item in [getattr(part, "ca", None), *part]:
            yield from _texts(item)
    elif isinstance(part, CommentedMap):
        yield from _texts(part.ca)
        for key, value in part.items():
            yield key
            yield from _texts(value)
    elif isinstance(part, Comment):
        yield from _texts([part.comment, *part.items.values()])


def _loosen(mapping: CommentedMap, taken: _Taken) -> None:
    """Write a mapping with a line a key if comments or a value in block style come into it."""
    is_block = isinstance(taken.value, (CommentedMap, CommentedSeq)) and not taken.value.fa.flow_style()
    if is_block or taken.above or taken.below:
        mapping.fa.set_block_style()


def _walk(mapping: CommentedMap, path: Keys) -> CommentedMap:
    """Return the mapping at a path. Raises CannotEdit when something else stands there."""
    for key in path:
        inner = mapping[key]
        if not isinstance(inner, CommentedMap):
            raise CannotEdit("a value stands where a mapping is needed", mapping.lc.key(key)[0])
        mapping = inner
    return mapping


class _AsWritten(VersionedResolver):
    """Takes every plain scalar for a text, so that `012`, `yes` and `~` are written as they were read."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """Return the tag of a node without one."""
        return self.DEFAULT_SCALAR_TAG if kind is ScalarNode else super().resolve(kind, value, implicit)


def _engine(root: yaml.Node | None) -> YAML:
    """Return a reader and writer that keeps quotes, folds no line, and indents as the file does first."""
    engine = YAML()
    engine.Resolver = _AsWritten
    engine.preserve_quotes = True
    engine.width = _WIDE
    engine.brace_single_entry_mapping_in_flow_sequence = True
    steps = list(_steps(root))
    mapping = next((step for kind, step in steps if kind == "mapping"), 2)
    offset = next((step for kind, step in steps if kind == "sequence"), 0)
    engine.indent(mapping=mapping, sequence=offset + 2, offset=offset)
    return engine


def _keep_anchors(part: Any) -> None:
    """Let anchors be written that no alias uses."""
    if (anchor := getattr(part, "anchor", None)) and anchor.value:
        anchor.always_dump = True
    for inner in part.values() if isinstance(part, CommentedMap) else part if isinstance(part, CommentedSeq) else ():
        _keep_anchors(inner)


def _steps(node: yaml.Node | None, column: int = 0) -> Iterator[tuple[str, int]]:
    """Yield how many columns further in the collections in block style stand than the keys that hold them."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(value, yaml.MappingNode) and not value.flow_style:
            inside = value.value[0][0].start_mark.column
            yield "mapping", inside - column
            yield from _steps(value, inside)
        elif isinstance(value, yaml.SequenceNode) and value.start_mark.line > key.start_mark.line:
            yield "sequence", value.start_mark.column - column


def _shared(one: Keys, other: Keys) -> Keys:
    """Return the path that two paths begin with."""
    return tuple(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
