"""Where values stand in the text of a document: the lines of a block, in which messages count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import yaml

_LITERAL: Final = re.compile(r"(?:(?:&\S+|!!str|!)[ \t]+)*\|[+-]?[ \t]*(#.*)?\r?\n")  # after an anchor or a tag, too


@dataclass(frozen=True, slots=True)
class NodePlace:
    """The node of a value: its first line (counted from 0), and what kind of text or mapping it is.

    `literal` says that it is a literal block without an indentation indicator, `block` a mapping in block style;
    `first` and `end` are then the lines of its content, `end` the one after the last. `borrowed` says that an alias
    stands there.
    """

    line: int
    first: int = 0
    end: int = 0
    literal: bool = False
    block: bool = False
    borrowed: bool = False


def place_of(text: str, document: int, path: Sequence[str | int]) -> NodePlace | None:
    """Return where a value stands; None where it is written somewhere else, as what a merge (`<<`) brings.

    `text` has to be strict YAML; `document` counts the documents that are not empty.
    """
    roots = _roots(text)
    node: Any = roots[document] if document < len(roots) else None
    borrowed, above = False, -1
    for step in path:
        key, node = _below(node, step)
        if node is None:
            return None
        above = key.start_mark.index if key else above
        borrowed = borrowed or node.start_mark.index < above
    return None if node is None else _place(text, node, borrowed=borrowed)


def _below(node: Any, step: str | int) -> tuple[Any, Any]:
    """Return the key and the value that a step leads to; None for what is not there."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(step)), (None, None))
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    return None, None


def _place(text: str, node: yaml.Node, *, borrowed: bool) -> NodePlace:
    """Return where a node stands."""
    line = node.start_mark.line
    if isinstance(node, yaml.ScalarNode) and node.style == "|":
        plain = _LITERAL.match(text, node.start_mark.index) is not None
        size = len(node.value.splitlines())
        return NodePlace(line, line + 1, line + 1 + size, literal=plain, borrowed=borrowed)
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        first = node.value[0][0].start_mark.line  # the node itself begins with its anchor or tag, a line above
        return NodePlace(first, first, _last_line(node) + 1, block=True, borrowed=borrowed)
    return NodePlace(line, borrowed=borrowed)


def _last_line(node: Any) -> int:
    """Return the last line on which a node has content: libyaml ends a block where the next token begins."""
    while isinstance(node, (yaml.MappingNode, yaml.SequenceNode)) and not node.flow_style and node.value:
        last = node.value[-1]
        key, node = last if isinstance(node, yaml.MappingNode) else (None, last)
        if key is not None and node.start_mark.index < key.start_mark.index:  # an alias
            return int(key.end_mark.line)
    mark = node.end_mark
    ended = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") and mark.column == 0
    return int(mark.line - 1 if ended else mark.line)


@lru_cache(maxsize=4)
def _roots(text: str) -> tuple[Any, ...]:
    """Return the root node of each document that is not empty."""
    found = yaml.compose_all(text, Loader=yaml.CSafeLoader)
    return tuple(node for node in found if not _is_empty(node))


def _is_empty(node: Any) -> bool:
    """Return whether a document has no content: nothing at all, or null."""
    return node is None or (isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null")
