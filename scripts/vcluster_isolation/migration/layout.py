"""The layout of a YAML file: its comments and blank lines made keys for a while, and lines put back byte for byte.

A round trip of ruamel.yaml ties a comment to the value above it, so that a key that moves would take the comments of
its neighbour along and leave its own. While keys move, each comment and blank line between keys is therefore an entry
of its own, and what stands behind a key is a comment of one word. Lines that no key moved in are not written anew.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeAlias, TypeGuard

import yaml

from vcluster_isolation.values.renames import Keys
from vcluster_isolation.wording import printable

_Level: TypeAlias = tuple[int, str]  # of a collection in block style: its column, and what an entry begins with

_SEQUENCE = "- "
_MAPPING = ""
_WAITING = (
    yaml.ValueToken,
    yaml.BlockEntryToken,
    yaml.KeyToken,
    yaml.TagToken,
    yaml.AnchorToken,
    yaml.StreamStartToken,
    yaml.DocumentStartToken,
)
"""Tokens that something else has to follow, if only nothing at all, which is null."""
_OUTSIDE = (yaml.StreamStartToken, yaml.DirectiveToken, yaml.DocumentStartToken, yaml.DocumentEndToken)
"""Tokens behind which no key is open yet, or none is left."""


class CannotEdit(Exception):
    """Keys cannot be moved in a file of this layout: `str()` says why, and on which line if it is one line."""

    def __init__(self, why: str, line: int | None = None) -> None:
        """Say `why` not, and on which `line`, counted from 0 as PyYAML does."""
        super().__init__(why if line is None else f"{why} (line {line + 1})")


@dataclass(frozen=True, slots=True)
class Marked:
    """A text with marks for its comments, in as many lines: `words` are what stood there, by mark.

    A mark is `prefix` and a number. A blank line has a mark without words.
    """

    original: str
    lines: tuple[str, ...]
    prefix: str
    words: Mapping[str, str]

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(f"{line}\n" for line in self.lines)

    def is_mark(self, key: object) -> bool:
        """Whether a key or an item is a mark."""
        return isinstance(key, str) and key in self.words

    def marks_in(self, text: str) -> list[str]:
        """Return the marks in a text, in their order."""
        return re.findall(rf"{self.prefix}[0-9]+z", text)

    def plain(self, line: str) -> str:
        """Return a line with what its mark stands for."""
        behind = re.sub(rf" *#({self.prefix}[0-9]+z)", lambda found: self.words[found[1]], line)
        above = re.fullmatch(rf"(.*?)(?:- )?({self.prefix}[0-9]+z)(?:: 0)?", behind)
        return (above[1] + self.words[above[2]].strip()).rstrip() if above else behind


def newline(text: str) -> str:
    """Return how the first line of a text ends: CRLF or LF."""
    return "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"


@lru_cache(maxsize=8)
def compose(text: str) -> yaml.Node | None:
    """Return the root node of a text: one reading answers all questions about it, so nobody changes the nodes.

    Raises CannotEdit if it is not YAML, with libyaml's words.
    """
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise CannotEdit(printable(str(error.problem)), mark.line if mark else None) from error
    return node


@dataclass(slots=True)
class _Marker:
    """Marks the comments of a text: its lines, what the marks stand for, and the collections that are open."""

    lines: list[str]
    prefix: str
    words: dict[str, str] = field(default_factory=dict)
    levels: list[_Level | None] = field(default_factory=list)  # None: in flow style

    def mark(self, words: str) -> str:
        """Return a new mark for some words."""
        name = f"{self.prefix}{len(self.words)}z"
        self.words[name] = words
        return name

    def follow(self, token: yaml.Token) -> None:
        """Open or close the collection that a token opens or closes."""
        column = token.start_mark.column
        if isinstance(token, yaml.BlockMappingStartToken):
            self.levels.append((column, _MAPPING))
        elif isinstance(token, yaml.BlockSequenceStartToken):
            self.levels.append((column, _SEQUENCE))
        elif isinstance(token, (yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken)):
            self.levels.append(None)
        elif isinstance(token, (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)):
            self.levels.pop()

    def places(self, before: yaml.Token, after: yaml.Token) -> list[_Level]:
        """Return the collections in which an entry may stand between two tokens, the outermost first.

        `after` is the next token that closes nothing. A sequence may stand in the column of the mapping that it is in:
        libyaml has no token for its start.
        """
        column = after.start_mark.column
        if isinstance(after, yaml.BlockMappingStartToken):
            return [(column, _MAPPING)]
        if isinstance(after, yaml.BlockSequenceStartToken):
            return [(column, _SEQUENCE)]
        if None in self.levels or not isinstance(
            after, (yaml.KeyToken, yaml.BlockEntryToken, yaml.StreamEndToken, yaml.DocumentEndToken)
        ):
            return []
        open_ones = [level for level in self.levels if level and level[0] >= column]
        if isinstance(after, yaml.BlockEntryToken) and (column, _SEQUENCE) not in open_ones:
            deeper = [] if isinstance(before, _WAITING) else [level for level in open_ones if level[0] > column]
            return [(column, _SEQUENCE), *deeper]
        return open_ones

    def between(self, first: int, end: int, places: Sequence[_Level]) -> None:
        """Mark the lines from `first` to `end`, each in the place that its column is nearest to."""
        last = places[0][0]  # an entry further in cannot follow one further out
        for number in reversed(range(first, end)):
            words = self.lines[number].strip()
            column = len(self.lines[number]) - len(self.lines[number].lstrip()) if words else 0
            fitting = [level for level in places if last <= level[0] <= max(column, last)]
            last, entry = fitting[-1]
            self.lines[number] = f"{' ' * last}{entry}{self.mark(words)}{'' if entry else ': 0'}"


def marked(text: str) -> Marked:
    """Return a text (as `strict_yaml` accepts it) with its comments and blank lines as marks.

    Comments stand between tokens only: a `#` in a text is none. Those for which there is no entry, as inside `{ }`,
    become comments of a mark alone.
    """
    prefix = "comment"
    while prefix in text:
        prefix += "x"
    marker = _Marker(text.removesuffix("\n").replace("\r\n", "\n").split("\n"), prefix)
    tokens = list(yaml.scan("\n".join(marker.lines), Loader=yaml.CSafeLoader))
    closing = yaml.BlockEndToken
    for number, (before, after) in enumerate(pairwise(tokens)):
        marker.follow(before)
        if isinstance(before, _OUTSIDE):
            continue
        first, end = before.end_mark.line, after.start_mark.line
        if before.end_mark.column and isinstance(after, yaml.StreamEndToken):
            end = len(marker.lines)
        elif isinstance(before, yaml.ScalarToken) and before.end_mark.column == 0 and first < end:
            first -= 1  # a block scalar ends where the next line begins
        start = before.end_mark.column if first == before.end_mark.line else len(marker.lines[first])
        _behind(marker, first, start, max(first, end))
        following = next((one for one in tokens[number + 1 :] if not isinstance(one, closing)), after)
        if end > first + 1 and (places := marker.places(before, following)):
            marker.between(first + 1, end, places)
        else:
            for line in range(first + 1, end):
                _behind(marker, line, 0, end)
    return Marked(text, tuple(marker.lines), prefix, marker.words)


def _behind(marker: _Marker, number: int, start: int, end: int) -> None:
    """Mark the comment that stands behind something else on a line."""
    if number >= end:
        return
    head, gap, words = re.match(r"(.*?)([ \t]*)(#.*)?$", marker.lines[number][start:]).groups()  # type: ignore[union-attr]
    if words:
        marker.lines[number] = f"{marker.lines[number][:start]}{head} #{marker.mark(gap + words.rstrip())}"


def replaced(
    source: Marked, new: str, units: Collection[Keys], moves: Collection[tuple[Keys, Keys]], paths: Collection[Keys]
) -> str:
    """Return the original of `source` with the mappings at `units` as they are in `new`, which has the same marks.

    In them as well, keys that are on none of the `paths` keep their lines, and so do keys that `moves` moved. Lines end
    as the first one does.
    """
    old = source.original
    lines = old.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += newline(old)
    before, after = compose(source.text), compose(new)
    fresh = [[source.plain(line)] for line in new.splitlines()]
    for pair in [*moves, *_kept(source, (before, after), paths)]:
        _take_over(lines, fresh, (before, after), pair)
    spans = []
    for unit in units:
        there, here = _mapping(before, unit), _mapping(after, unit)
        shift = there.value[0][0].start_mark.column - here.value[0][0].start_mark.column
        were = dict(_entries(there, len(lines)))
        for path in paths:
            were.pop(path[len(unit)] if path[: len(unit)] == unit else "", None)
        written = []
        for key, (first, end) in _entries(here, len(fresh)):
            written += lines[slice(*were[key])] if key in were else _shifted(fresh[first:end], shift, newline(old))
        spans.append((*_span(there, len(lines)), written))
    for first, end, written in sorted(spans, reverse=True):
        lines[first:end] = written
    text = "".join(lines)
    return text if old.endswith("\n") else text.removesuffix(newline(old))


def _kept(source: Marked, roots: tuple[Any, Any], paths: Collection[Keys]) -> Iterator[tuple[Keys, Keys]]:
    """Yield the keys (twice each, as of moves) beside the `paths`, in mappings that are there before and after."""
    for above in {path[:end] for path in paths for end in range(1, len(path))}:
        old, new = ({key.value for key, _ in getattr(_find(root, above), "value", ())} for root in roots)
        for key in (old & new) - source.words.keys():
            path = (*above, key)
            if not any(other[: len(path)] == path for other in paths):
                yield path, path


def _take_over(lines: Sequence[str], fresh: list[list[str]], roots: tuple[Any, Any], move: tuple[Keys, Keys]) -> None:
    """Put the lines that a moved key had into those that it has now, if both are lines for themselves."""
    places = []
    for root, path, count in zip(roots, move, (len(lines), len(fresh)), strict=True):
        mapping = _mapping(root, path[:-1])
        if mapping.flow_style:
            return
        key = next(key for key, _ in mapping.value if key.value == path[-1])
        places.append((key, *dict(_entries(mapping, count))[path[-1]]))
    (was, first, end), (now, start, stop) = places
    if lines[first][: was.start_mark.column].strip():
        return  # behind a `?`
    shift = now.start_mark.column - was.start_mark.column
    head = fresh[start][0][: now.end_mark.column] + lines[first][was.end_mark.column :].rstrip("\r\n")
    below = [line.rstrip("\r\n") for line in lines[first + 1 : end]]
    fresh[start:stop] = [[head, *_shifted([below], shift, "")], *([] for _ in range(start + 1, stop))]


def _shifted(groups: Sequence[Sequence[str]], by: int, line_end: str) -> list[str]:
    """Return lines `by` columns further in (or out, as far as they have spaces); an empty line stays empty."""
    margins = [(line, len(line) - len(line.lstrip(" "))) for group in groups for line in group]
    return [(" " * max(0, margin + by) + line[margin:] if line else "") + line_end for line, margin in margins]


def _entries(node: yaml.MappingNode, count: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield each key of a mapping in block style with its first line and the one after its last."""
    starts = [key.start_mark.line for key, _ in node.value]
    end = _span(node, count)[1]
    for (key, _), first, last in zip(node.value, starts, [*starts[1:], end], strict=True):
        yield key.value, (first, last)


def _span(node: yaml.MappingNode, count: int) -> tuple[int, int]:
    """Return the first line of a mapping in block style, and the one after its last, of `count` lines."""
    return node.value[0][0].start_mark.line, min(count, node.end_mark.line)


def _mapping(root: yaml.Node | None, path: Keys) -> yaml.MappingNode:
    """Return the mapping at a path."""
    node = _find(root, path)
    if node is None:
        raise CannotEdit("a value stands where a mapping is needed")
    return node


def _find(node: yaml.Node | None, path: Keys) -> yaml.MappingNode | None:
    """Return the mapping at a path, if there is one."""
    for key in path:
        node = next((value for name, value in node.value if name.value == key), None) if _is_mapping(node) else None
    return node if _is_mapping(node) else None


def _is_mapping(node: yaml.Node | None) -> TypeGuard[yaml.MappingNode]:
    """Whether a node is a mapping."""
    return isinstance(node, yaml.MappingNode)


def unit_of(text: str, path: Keys) -> Keys:
    """Return the path of the innermost mapping on `path` that has its lines for itself: block style, not empty."""
    node = compose(text)
    unit: Keys = ()
    for end in range(len(path) + 1):
        if not isinstance(node, yaml.MappingNode) or node.flow_style or not node.value:
            break
        unit = path[:end]
        node = next((value for name, value in node.value if path[end : end + 1] == (name.value,)), None)
    return unit
