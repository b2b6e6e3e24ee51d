"""Moving and removing keys in the text of a YAML file, with their comments, in the place where they were.

This knows a file's layout (see `yaml_layout`), not its meaning: `migrate` compares what it means before and after.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, cast

from vcluster_isolation.migration.layout import Block, Entry, newline, read, write

Keys: TypeAlias = tuple[str, ...]
"""A path from the root of a file."""


def edit(
    text: str,
    moves: Sequence[tuple[Keys, Keys]],
    removals: Sequence[Keys],
    additions: Sequence[tuple[Keys, str]] = (),
) -> str:
    """Return `text` without the `removals`, and with each key moved from the first path of a pair to the second.

    The `additions` are new keys with a scalar each, as YAML has it.

    A moved key keeps its text. The mapping that it goes to is made, if there is none, where the one was that it
    came from; that one goes away with its last key. Comments go with their key, those of a removed key stay.
    Raises CannotEdit (see `yaml_layout.read`).
    """
    end = "" if text.endswith("\n") else newline(text)
    places = [*removals, *(path for pair in moves for path in pair), *(path for path, _ in additions)]
    block = read(text + end, tree(places))
    for path in removals:
        block = _remove(block, path)
    for source, target in moves:
        block = _move(block, source, target, newline(text))
    for path, scalar in additions:
        added = Entry("", "", block.indent, rest=(f": {scalar}{newline(text)}",))
        block = _put(block, path, added, len(block.entries), newline(text))
    return "".join(write(_tidy(block))).removesuffix(end)


def tree(paths: Iterable[Keys]) -> dict[str, Any]:
    """Return paths as a tree of keys: nested mappings, empty ones at the ends of the paths."""
    root: dict[str, Any] = {}
    for path in paths:
        branch = root
        for key in path:
            branch = branch.setdefault(key, {})
    return root


def _move(block: Block, source: Keys, target: Keys, line_end: str) -> Block:
    """Move a key, in the mapping where the two paths part."""
    index = _index(block, source[0])
    if source[0] == target[0]:
        entry = block.entries[index]
        return _at(block, index, replace(entry, block=_move(_inside(entry), source[1:], target[1:], line_end)))
    left, taken = _take(block, source)
    return _put(left, target, taken, index, line_end)


def _take(block: Block, path: Keys) -> tuple[Block, Entry]:
    """Return a block without the key at `path`, and that key with the comments of the mappings that it was in."""
    index = _index(block, path[0])
    entry = block.entries[index]
    gone = Entry("", "", entry.indent, gap=entry.gap)
    if len(path) == 1:
        return _at(block, index, gone), replace(entry, gap=())
    inside, taken = _take(_inside(entry), path[1:])
    taken = replace(taken, above=entry.above + entry.comments + taken.above)
    if any(other.name for other in inside.entries):
        head = entry.rest[0].partition("#")[0].rstrip() + _line_end(entry)
        return _at(block, index, replace(entry, above=(), rest=(head,), comments=(), block=inside)), taken
    lines = [line for other in inside.entries for line in other.gap] + list(inside.tail)
    kept = tuple(" " * taken.indent + line.lstrip() for line in lines if _is_comment(line))
    return _at(block, index, gone), replace(taken, rest=taken.rest + kept)


def _put(block: Block, path: Keys, entry: Entry, index: int, line_end: str) -> Block:
    """Return a block with `entry` at `path`: before the entry at `index` unless the path's first key is there."""
    key, below = path[0], path[1:]
    there = _find(block, key)
    if there is not None:
        return _at(block, there, _merged(block.entries[there], below, entry, line_end))
    new = replace(entry, key=key, name=key)
    if below:
        inside = _put(Block(block.indent + block.step, block.step), below, entry, 0, line_end)
        new = Entry(key, key, block.indent, rest=(f":{line_end}",), block=inside)
    if index == len(block.entries):
        return replace(block, entries=(*block.entries, new))
    next_one = block.entries[index]
    return _at(block, index, replace(new, gap=next_one.gap), replace(next_one, gap=()))


def _merged(there: Entry, below: Keys, entry: Entry, line_end: str) -> Entry:
    """Return the entry that is `there` with the new one below it; or the new one, in its place."""
    if below:
        inside = _inside(there)
        return replace(there, block=_put(inside, below, entry, len(inside.entries), line_end))
    above = there.above + there.comments + entry.above
    return replace(entry, key=there.key, name=there.name, gap=there.gap, above=above)


def _remove(block: Block, path: Keys) -> Block:
    """Return a block without a key; its comments stay in its place."""
    index = _index(block, path[0])
    entry = block.entries[index]
    if len(path) > 1:
        return _at(block, index, replace(entry, block=_remove(_inside(entry), path[1:])))
    kept = tuple(" " * entry.indent + comment for comment in entry.above + entry.comments)
    return _at(block, index, Entry("", "", entry.indent, gap=entry.gap + kept))


def _tidy(block: Block) -> Block:
    """Return a block without the places of keys that went away; comments in them go to the next entry."""
    entries: list[Entry] = []
    waiting: tuple[str, ...] = ()
    for entry in block.entries:
        if entry.name:
            entries.append(_tidied(replace(entry, gap=waiting + entry.gap)))
            waiting = ()
        elif any(map(_is_comment, entry.gap)):
            waiting += entry.gap
    return replace(block, entries=tuple(entries), tail=waiting + block.tail)


def _tidied(entry: Entry) -> Entry:
    """Return an entry with its block tidied; one without keys is written `{}`, for nothing at all would be null."""
    if entry.block is None:
        return entry
    inside = _tidy(entry.block)
    head = entry.rest[0] if inside.entries else entry.rest[0].replace(":", ": {}", 1)
    return replace(entry, block=inside, rest=(head,))


def _index(block: Block, key: str) -> int:
    """Return where in a block a key is that has to be there."""
    return [entry.key for entry in block.entries].index(key)


def _find(block: Block, key: str) -> int | None:
    """Return where in a block a key is, if it is there."""
    return _index(block, key) if any(entry.key == key for entry in block.entries) else None


def _at(block: Block, index: int, *entries: Entry) -> Block:
    """Return a block with other entries in the place of one."""
    return replace(block, entries=(*block.entries[:index], *entries, *block.entries[index + 1 :]))


def _inside(entry: Entry) -> Block:
    """Return the block of an entry that `yaml_layout.read` took apart, as the tree of paths told it."""
    return cast("Block", entry.block)


def _line_end(entry: Entry) -> str:
    """Return how an entry's first line ends."""
    return newline(entry.rest[0])


def _is_comment(line: str) -> bool:
    """Tell whether a line between entries holds a comment."""
    return line.lstrip().startswith("#")
