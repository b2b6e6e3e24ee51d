"""The layout of a YAML file: which lines belong to which key, read and written back byte for byte.

Only the mappings that are asked for are taken apart; everything else stays the text that it is. PyYAML says
where keys and comments are, by way of libyaml. Text has to be what `strict_yaml` accepts, and end with a line end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any, TypeAlias

import yaml

from vcluster_isolation.wording import printable

Wanted: TypeAlias = Mapping[str, Any]
"""Which mappings to take apart, as a tree of keys; a key that leads to an empty tree is left whole."""

_Pair: TypeAlias = tuple[yaml.Node, yaml.Node]
_Span: TypeAlias = tuple[int, int]  # of lines: the first, and the one after the last, counted from 0
_Place: TypeAlias = tuple[int, int, int]  # of an entry: its first line, its key's, and the one after its last


class CannotEdit(Exception):
    """Keys cannot be moved in a file of this layout: `str()` says why, and on which line if it is one line."""

    def __init__(self, why: str, line: int | None = None) -> None:
        """Say `why` not, and on which `line`, counted from 0 as PyYAML does."""
        super().__init__(why if line is None else f"{why} (line {line + 1})")


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping with all of its text. Without a name it is the place of a key that was taken away.

    `above` are the comments right above the key, `gap` the lines above those: blank ones, and comments that a
    blank line keeps apart. `rest` is what follows the key on its line, then whole lines. A mapping that was
    taken apart has only its key's line in `rest`. `comments` are the comments in `rest`.
    """

    key: str
    name: str
    indent: int
    gap: tuple[str, ...] = ()
    above: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    block: Block | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A mapping in block style: its entries and the lines below the last one.

    Its keys stand at column `indent`, `step` columns further in than the key that the mapping belongs to.
    """

    indent: int
    step: int
    entries: tuple[Entry, ...] = ()
    tail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Source:
    """A text, its lines, where each begins, and its comments: column and words, by line."""

    text: str
    lines: tuple[str, ...]
    starts: tuple[int, ...]
    comments: Mapping[int, tuple[int, str]]

    def comment_column(self, line: int) -> int:
        """Return the column of a comment that has a line for itself, -1 when that is not what the line is."""
        column, _ = self.comments.get(line, (-1, ""))
        return -1 if self.lines[line][: max(column, 0)].strip(" ") else column

    def words(self, first: int, end: int) -> tuple[str, ...]:
        """Return the comments on these lines, each with the file's line end."""
        return tuple(self.comments[line][1] + newline(self.text) for line in range(first, end) if line in self.comments)


def newline(text: str) -> str:
    """Return how the first line of a text ends: CRLF or LF."""
    return "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"


def compose(text: str) -> yaml.Node | None:
    """Return the root node of a text. Raises CannotEdit if it is no YAML, with libyaml's words."""
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise CannotEdit(printable(str(error.problem)), mark.line if mark else None) from error
    return node


def read(text: str, wanted: Wanted) -> Block:
    """Return the root mapping of `text`, with the `wanted` mappings in it taken apart.

    Raises CannotEdit when one of them is an alias, a flow mapping with comments, or no mapping at all.
    """
    root = compose(text)
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise CannotEdit("the whole file is one flow mapping { }")
    lines = tuple(text.splitlines(keepends=True))
    source = _Source(text, lines, tuple(accumulate(map(len, lines), initial=0)), _comments(text))
    end = next((number for number, line in enumerate(lines) if line.startswith("...")), len(lines))
    block = _block(source, root, wanted, (0, end), step=2)
    return replace(block, tail=block.tail + lines[end:])


def write(block: Block) -> Iterator[str]:
    """Yield the lines of a block; each is as it was read unless it was moved."""
    margin = " " * block.indent
    for entry in block.entries:
        yield from entry.gap
        yield from (margin + comment for comment in entry.above)
        yield f"{margin}{entry.name}{entry.rest[0]}"
        yield from (_shifted(line, block.indent - entry.indent) for line in entry.rest[1:])
        if entry.block:
            yield from write(entry.block)
    yield from block.tail


def _shifted(line: str, by: int) -> str:
    """Return a line `by` columns further in (or out, as far as it has spaces); an empty line stays empty."""
    text = line.lstrip(" ")
    return " " * max(0, len(line) - len(text) + by) + text if line.strip("\r\n") else line


def _comments(text: str) -> dict[int, tuple[int, str]]:
    """Return the column and words of each comment by its line.

    Between two tokens are only spaces, line ends and comments: a `#` inside a text is never taken for one.
    """
    found: dict[int, tuple[int, str]] = {}
    for before, after in pairwise(yaml.scan(text, Loader=yaml.CSafeLoader)):
        between = text[before.end_mark.index : after.start_mark.index].split("\n")
        for number, line in enumerate(between):
            if "#" in line:
                column = line.index("#") + (0 if number else before.end_mark.column)
                found[before.end_mark.line + number] = (column, line[line.index("#") :].rstrip())
    return found


def _block(source: _Source, node: yaml.MappingNode, wanted: Wanted, span: _Span, step: int) -> Block:
    """Take a mapping in block style apart; `span` are the lines below its key."""
    starts = [key.start_mark.line for key, _ in node.value]
    indent = node.value[0][0].start_mark.column
    for (key, _), start in zip(node.value, starts, strict=True):
        if source.lines[start][: key.start_mark.column].strip(" ") or key.start_mark.column != indent:
            raise CannotEdit("a key that does not begin its line cannot be moved", start)
    # Comments in a key's own column belong to the key below them; below the last key, those further out do, too.
    below = _climb(source, span[1], 0, indent)
    tops = [span[0], *(_climb(source, start, indent, indent) for start in starts[1:]), below]
    entries = (
        _entry(source, pair, wanted, (top, start, end), step)
        for pair, top, start, end in zip(node.value, tops[:-1], starts, tops[1:], strict=True)
    )
    return Block(indent, step, tuple(entries), source.lines[below : span[1]])


def _climb(source: _Source, line: int, lowest: int, highest: int, *, blank: bool = True) -> int:
    """Return the first of the lines right above `line` that are blank or comments in these columns."""
    while line > 0 and (
        lowest <= source.comment_column(line - 1) <= highest or (blank and not source.lines[line - 1].strip())
    ):
        line -= 1
    return line


def _entry(source: _Source, pair: _Pair, wanted: Wanted, place: _Place, step: int) -> Entry:
    """Return a key of a block mapping with all of its lines."""
    key, value = pair
    top, start, end = place
    indent = key.start_mark.column
    own = max(top, _climb(source, start, indent, indent, blank=False))
    entry = Entry(
        key=key.value,
        name=source.text[key.start_mark.index : key.end_mark.index],
        indent=indent,
        gap=source.lines[top:own],
        above=tuple(line[indent:] for line in source.lines[own:start]),
        rest=tuple(source.text[key.end_mark.index : source.starts[end]].splitlines(keepends=True)),
        comments=source.words(start, end),
    )
    inside = wanted.get(entry.key)
    if not inside:
        return entry
    _check(source, key, value)
    if isinstance(value, yaml.MappingNode) and not value.flow_style:
        below = key.end_mark.line + 1
        block = _block(source, value, inside, (below, end), value.value[0][0].start_mark.column - indent)
        return replace(entry, rest=entry.rest[:1], comments=source.words(start, below), block=block)
    last = value.end_mark.line + 1
    block = replace(_flow(source, value, inside, indent + step, step), tail=source.lines[last:end])
    rest = ":" + source.text[value.end_mark.index : source.starts[last]]
    return replace(entry, rest=(rest,), comments=source.words(last - 1, last), block=block)


def _check(source: _Source, key: yaml.Node, value: yaml.Node) -> None:
    """Raise CannotEdit unless a value is a mapping that can be taken apart."""
    line = key.start_mark.line
    if value.start_mark.index < key.start_mark.index:
        raise CannotEdit("an alias stands where a mapping has to be changed", line)
    if not isinstance(value, yaml.MappingNode):
        raise CannotEdit("a value stands where a mapping is needed", line)
    if value.flow_style and source.text[value.start_mark.index] != "{":
        raise CannotEdit("a flow mapping with an anchor or tag cannot be changed", line)
    if value.flow_style and source.words(value.start_mark.line, value.end_mark.line):
        raise CannotEdit("a comment inside { } cannot be kept", line)


def _flow(source: _Source, node: yaml.Node, wanted: Wanted, indent: int, step: int) -> Block:
    """Return a flow mapping as a block whose keys stand at `indent`, each on a line of its own."""
    starts = [key.start_mark.index for key, _ in node.value]
    entries = []
    for (key, value), end in zip(node.value, [*starts[1:], node.end_mark.index - 1], strict=False):
        text = source.text[key.end_mark.index : end].strip().removesuffix(",").strip().removeprefix(":")
        line = " ".join(text.split("\n"))
        entry = Entry(key.value, source.text[key.start_mark.index : key.end_mark.index], indent)
        inside = wanted.get(entry.key)
        if inside:
            _check(source, key, value)
            line = ""
            entry = replace(entry, block=_flow(source, value, inside, indent + step, step))
        entries.append(replace(entry, rest=(f": {line.strip()}".rstrip() + newline(source.text),)))
    return Block(indent, step, tuple(entries))
