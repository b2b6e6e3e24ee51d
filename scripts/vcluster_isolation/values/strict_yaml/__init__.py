"""Reading YAML strictly: what helm reads, without what helm lets pass in silence.

Duplicate keys, several documents where one is meant, unknown aliases, aliases that multiply, characters that
an editor does not show and anything that is not a mapping are errors, all of them reported at once, each with
its line. Scalars mean what they mean to helm (see `yaml_scalars`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from vcluster_isolation.errors import InputError, Problem
from vcluster_isolation.values.strict_yaml import json_text
from vcluster_isolation.values.strict_yaml.engines import explained
from vcluster_isolation.values.strict_yaml.reader import Reader
from vcluster_isolation.wording import printable

_GZIP = b"\x1f\x8b"  # RFC 1952, section 2.3.1

Keys = tuple[str | int, ...]
"""A path in a document."""

STDIN = Path("-")
"""The file name that stands for standard input."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a YAML stream: its content, the file's name, and the line where its content starts."""

    value: dict[str, Any]
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A text that was read once: its documents, empty ones left out, and what messages call the file.

    `lines` has the line of every key and list entry, by the number of its document and its path, if these were asked
    for. `mapping` is the same text as a values file.
    """

    text: str
    name: str
    documents: tuple[Document, ...]
    lines: Mapping[tuple[int, Keys], int] = field(default_factory=dict)
    _later: tuple[int, ...] = ()
    _is_yaml: bool = True

    @property
    def values(self) -> tuple[dict[str, Any], ...]:
        """What the documents hold."""
        return tuple(document.value for document in self.documents)

    def mapping(self) -> dict[str, Any]:
        """Return the one mapping in the text, as `parse_mapping` does. Raises InputError as that does."""
        if self._later or not self._is_yaml:
            return parse_mapping(self.text, self.name)
        return self.documents[0].value if self.documents else {}


def parse_mapping(text: str, name: str) -> dict[str, Any]:
    """Return the one mapping that a values file holds; an empty file is an empty mapping, as for helm.

    `name` stands for the file in messages. Raises InputError with every problem found.
    """
    reader = Reader(name)
    reader.read(text)
    for line in reader.later:
        reader.report(line, "", "another document begins", "keep one document in a values file")
    _raise(reader, text)
    return reader.documents[0][0] if reader.documents else {}


def parse_documents(text: str, name: str) -> list[Document]:
    """Return the documents of a stream of manifests, as `parse_stream` does. Raises InputError as that does."""
    return list(parse_stream(text, name).documents)


def parse_stream(text: str, name: str, *, track: bool = False) -> Stream:
    """Return what `text` holds; `name` stands for the file in messages, and with `track` all lines are known.

    A text that is JSON is read as JSON, as the API server and kubectl do. Raises InputError with every problem found.
    """
    reader = Reader(name, track=track)
    as_yaml = json_text.as_yaml(text)
    reader.read(as_yaml)
    _raise(reader, text)
    documents = tuple(Document(value, name, line) for value, line in reader.documents)
    return Stream(text, name, documents, reader.lines, tuple(reader.later), as_yaml == text)


def stream_of(values: Iterable[Any], text: str, name: str) -> Stream:
    """Return a text of which somebody else read what it holds: lines of it are not known."""
    return Stream(text, name, tuple(Document(value, name, 1) for value in values), _is_yaml=False)


def line_of(text: str, path: Keys, document: int = 0) -> int | None:
    """Return the line of the key or list entry at `path`, or of the nearest one above it that is there.

    `document` counts the documents that are not empty. Where nothing of the path is there, it is the line where
    the document starts; where there is no such document, None.
    """
    lines = _lines(text)
    above = (path[:length] for length in range(len(path), -1, -1))
    return next((lines[document, part] for part in above if (document, part) in lines), None)


@lru_cache(maxsize=4)
def _lines(text: str) -> dict[tuple[int, Keys], int]:
    """Return the line of every key and list entry: one reading answers all questions about a text."""
    reader = Reader("", track=True)
    reader.read(json_text.as_yaml(text))
    return reader.lines


def show_name(path: Path) -> str:
    """Return a file's name as messages show it."""
    return "standard input" if path == STDIN else printable(str(path))


def read_text(path: Path) -> str:
    """Return a file's text, without a byte order mark.

    Raises InputError when it cannot be read (source `file`) or is not UTF-8 (source `yaml`).
    """
    try:
        content = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
    except OSError as error:
        problem = Problem(
            "",
            f"cannot be read: {error.strerror}",
            "check the name and its permissions",
            "file",
            show_name(path),
        )
        raise InputError([problem]) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if content.startswith(_GZIP):
            next_step = "give a chart with --chart, and values files or manifests here"
            raise InputError([Problem("", "is a packed archive", next_step, "file", show_name(path))]) from error
        line = content.count(b"\n", 0, error.start) + 1
        problem = Problem("", "is not UTF-8", "save the file as UTF-8", "yaml", show_name(path), line)
        raise InputError([problem]) from error


def _raise(reader: Reader, text: str) -> None:
    """Raise InputError if the reader found problems in `text`, or if it is a template, in the order of the text."""
    problems = explained(reader.problems, text, reader.name)
    if problems:
        raise InputError(sorted(problems, key=lambda problem: problem.line or 0))
