"""The event machine under `strict_yaml`: libyaml's events in, JSON-like values and problems out.

It keeps its own stack. libyaml's composer recurses in C, and a deeply nested file from a stranger would end
the process; here depth and aliases have limits.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import yaml

from vcluster_isolation.errors import Problem
from vcluster_isolation.values.strict_yaml.grammar import grammar_mistake, hidden_characters
from vcluster_isolation.values.strict_yaml.scalars import as_number, resolve
from vcluster_isolation.wording import dotted, printable, quoted

Path = tuple[str | int, ...]

_DEEPEST = 100  # levels: more than any Kubernetes object has, fewer than Python's own stack
_MOST_ALIASED = 100_000  # values that aliases may add to one stream: "billion laughs" stops here
_MERGE_TAG = "tag:yaml.org,2002:merge"


class _Stop(Exception):
    """Reading further would cost too much; the reason is among the problems."""


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is being read."""

    value: dict[str, Any] | list[Any]
    line: int
    anchor: str | None
    key: str | None = None  # the mapping's key whose value comes next
    merging: bool = False  # that key is <<
    lines: dict[str, int] = field(default_factory=dict)  # where each key of the mapping was set
    size: int = 1  # values inside, this one counted, aliases as if written out


class Reader:
    """Reads one stream: `documents` are its mappings, each with its line; `problems` is what is wrong.

    `later` are the lines of documents that are not the stream's first: helm 3 drops those in silence.

    With `track`, `lines` maps (document, path) to the line of that key or list entry.
    """

    def __init__(self, name: str, *, track: bool = False) -> None:
        """Prepare to read a stream that messages call `name`."""
        self.name = name
        self.problems: list[Problem] = []
        self.documents: list[tuple[dict[str, Any], int]] = []
        self.later: list[int] = []
        self.lines: dict[tuple[int, Path], int] = {}
        self._track = track
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int] | None] = {}
        self._aliased = 0
        self._begun = 0

    def read(self, text: str) -> None:
        """Read the whole stream; a mistake of YAML's grammar ends it, other problems do not."""
        for line, what in hidden_characters(text):
            self.report(line, "", what, "remove it, or write it as an escape in double quotes")
        if self.problems:
            return
        try:
            for event in yaml.parse(text, Loader=yaml.CSafeLoader):
                self._take(event)
        except yaml.YAMLError as error:
            place, what, next_step = grammar_mistake(error, text)
            self.report(place, "", what, next_step)
        except _Stop:
            self._stack.clear()

    def report(self, line: int | None, where: str, what: str, next_step: str) -> None:
        """Add a problem."""
        self.problems.append(Problem(where, what, next_step, "yaml", self.name, line))

    def _take(self, event: Any) -> None:
        """Take one event of the parser."""
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent():
                self._open(event, {})
            case yaml.SequenceStartEvent():
                self._open(event, [])
            case yaml.CollectionEndEvent():
                self._close()
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.DocumentStartEvent():
                self._begin(event)

    def _begin(self, event: Any) -> None:
        """Begin a document: anchors do not outlive one."""
        self._anchors.clear()
        self._begun += 1
        if event.version not in (None, (1, 1)):
            self.report(
                event.start_mark.line + 1,
                "",
                "asks for a YAML version that helm refuses",
                "remove the %YAML line",
            )

    def _open(self, event: Any, empty: dict[str, Any] | list[Any]) -> None:
        """Begin a mapping or list."""
        line = event.start_mark.line + 1
        if len(self._stack) >= _DEEPEST:
            self.report(line, "", f"is nested more than {_DEEPEST} levels deep", "flatten it")
            raise _Stop
        if event.anchor:
            self._anchors[event.anchor] = None
        self._stack.append(_Frame(empty, line, event.anchor))

    def _close(self) -> None:
        """End a mapping or list and put it where it belongs."""
        frame = self._stack.pop()
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.value, frame.size)
        self._put(frame.value, frame.line, frame.size)

    def _alias(self, event: Any) -> None:
        """Put what an alias stands for, counting what it adds."""
        line = event.start_mark.line + 1
        name = printable(event.anchor)
        known = self._anchors.get(event.anchor)
        if known is None:
            inside = event.anchor in self._anchors
            what = f"alias *{name} " + ("stands inside its own anchor" if inside else "has no anchor before it")
            self.report(
                line,
                dotted(self._path()),
                what,
                f"write &{name} before a value above, or quote the text",
            )
            known = (None, 1)
        self._aliased += known[1]
        if self._aliased > _MOST_ALIASED:
            self.report(
                line,
                "",
                f"aliases add more than {_MOST_ALIASED} values",
                "write the values out, or use fewer",
            )
            raise _Stop
        value, size = known
        self._put(value, line, size)

    def _scalar(self, event: Any) -> None:
        """Read a scalar as helm does and put it where it belongs."""
        line = event.start_mark.line + 1
        frame = self._stack[-1] if self._stack else None
        is_key = frame is not None and isinstance(frame.value, dict) and frame.key is None
        if is_key and event.value == "<<" and (event.implicit[0] or event.tag == _MERGE_TAG):
            self._key("<<", line)
            self._stack[-1].merging = True
            return
        try:
            value = resolve(event.value, event.tag, plain=event.implicit[0])
            value = value if is_key or isinstance(value, (str, bool)) or value is None else as_number(value)
        except ValueError as error:
            self.report(line, dotted(self._path()), f"{quoted(event.value)} {error}", "put it in quotes")
            value = ""
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._put(value, line, 1)

    def _put(self, value: Any, line: int, size: int) -> None:
        """Put a finished value: into the list or mapping around it, or as a document."""
        if not self._stack:
            self._document(value, line)
            return
        frame = self._stack[-1]
        frame.size += size
        if isinstance(frame.value, list):
            self._mark(line)
            frame.value.append(value)
        elif frame.key is None:
            self._key(self._as_key(value, line), line)
        elif frame.merging:
            self._merge(frame, frame.value, value, line)
        else:
            frame.value[frame.key] = value
            frame.key = None

    def _document(self, value: Any, line: int) -> None:
        """Keep a document that is a mapping; an empty one is none."""
        if value is not None and self._begun > 1:
            self.later.append(line)
        if isinstance(value, dict):
            self._mark(line)
            self.documents.append((value, line))
        elif value is not None:
            self.report(line, "", "holds no mapping", "write keys and values, like `policies:`")

    def _as_key(self, value: Any, line: int) -> str:
        """Return a key as helm writes it: text, or a whole number or boolean as text."""
        if isinstance(value, str):
            return value
        if isinstance(value, int) and -(2**63) <= value < 2**63:
            return json.dumps(value)
        kind = "a mapping or list" if isinstance(value, (dict, list)) else f"{quoted(value)}, which is not a string"
        self.report(line, dotted(self._path()), f"has a key that is {kind}", "put the key in quotes")
        return quoted(value)

    def _key(self, key: str, line: int) -> None:
        """Take a mapping's next key; the same key twice is a problem."""
        frame = self._stack[-1]
        frame.key = key
        if first := frame.lines.get(key):
            where = dotted(self._path())
            self.report(line, where, f"is set again; it was set on line {first}", "keep one of them")
        frame.lines.setdefault(key, line)
        self._mark(line)

    def _merge(self, frame: _Frame, into: dict[str, Any], value: Any, line: int) -> None:
        """Merge `<<: value`: of several mappings the first wins, a key that is set below wins over all."""
        frame.key, frame.merging = None, False
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            self.report(
                line,
                dotted((*self._path(), "<<")),
                "merges what is not a mapping",
                "give << a mapping or a list of them",
            )
            return
        for source in reversed(sources):
            for key in filter(source.__contains__, frame.lines):
                where = dotted((*self._path(), key))
                what = f"is set on line {frame.lines[key]}, and << below it overrides it"
                self.report(line, where, what, "write << above the other keys")
            into.update(source)

    def _path(self) -> Path:
        """Return the path of the value that is being read."""
        steps = (len(f.value) if isinstance(f.value, list) else f.key for f in self._stack)
        return tuple(step for step in steps if step is not None)

    def _mark(self, line: int) -> None:
        """Remember the line of the value that is being read."""
        if self._track:
            self.lines[len(self.documents), self._path()] = line
