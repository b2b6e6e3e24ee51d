"""The objects in a long JSON text, one after another, without ever holding the whole of it.

For what `kubectl get namespaces,pods,networkpolicies -A -o json` prints: one List, of hundreds of megabytes in a
large cluster, whose items are small.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NoReturn, TextIO

from vcluster_isolation.errors import InputError, Problem

CHUNK: Final = 1 << 20
LARGEST: Final = 1 << 24
"""No object that a cluster stores comes near 16 MiB: a longer one is broken text, and reading on would not help."""

_SPACE = " \t\r\n"
_DECODER = json.JSONDecoder()


def objects(stream: TextIO, file: str | None = None) -> Iterator[Any]:
    """Yield the items of a JSON List, or the one object if it is not a List; `file` is its name for messages.

    Raises InputError where the text is not JSON: what came before has been yielded by then.
    """
    text = _Text(stream, file)
    if text.peek() != "{":
        yield text.value()
    else:
        yield from _object(text)
    if text.peek():
        text.fail("there is more text after the end")


def _object(text: _Text) -> Iterator[Any]:
    """Yield the items of the object that begins here, or itself if it has none."""
    found: dict[str, Any] = {}
    listed = False
    text.take("{")
    while text.peek() != "}":
        if found or listed:
            text.take(",")
        key = text.value()
        text.take(":")
        if key == "items" and text.peek() == "[":
            listed = True
            yield from _array(text)
        else:
            found[str(key)] = text.value()
    text.take("}")
    if not listed:
        yield found


def _array(text: _Text) -> Iterator[Any]:
    """Yield the elements of the array that begins here."""
    text.take("[")
    if text.peek() != "]":
        yield text.value()
        while text.peek() == ",":
            text.take(",")
            yield text.value()
    text.take("]")


class _Text:
    """A window on the text: what was read and not used yet."""

    def __init__(self, stream: TextIO, file: str | None) -> None:
        """Begin at the beginning."""
        self._stream = stream
        self._file = file
        self._window = ""
        self._at = 0
        self._before = 0

    def peek(self) -> str:
        """Return the next character that is not white space, nothing at the end."""
        while True:
            while self._at < len(self._window):
                if self._window[self._at] not in _SPACE:
                    return self._window[self._at]
                self._at += 1
            if not self._more():
                return ""

    def take(self, character: str) -> None:
        """Go past one character, which must be the next one."""
        if self.peek() != character:
            self.fail(f"expected {character!r}")
        self._at += 1

    def value(self) -> Any:
        """Return the JSON value that begins here, and go past it."""
        self.peek()
        while True:
            start = self._at
            try:
                value, end = _DECODER.raw_decode(self._window, start)
            except json.JSONDecodeError as error:
                if len(self._window) - start > LARGEST or not self._more():
                    self.fail(error.msg)
            except RecursionError:
                self.fail("values are nested too deeply")
            else:
                if end < len(self._window) or not self._more():  # else a number could go on
                    self._at += end - start
                    return value

    def fail(self, what: str) -> NoReturn:
        """Say what is wrong, and where."""
        where = f"character {self._before + self._at + 1}"
        raise InputError(
            [Problem(where, f"not JSON: {what}", "give the output of kubectl get -o json", "json", self._file)]
        )

    def _more(self) -> bool:
        """Read on; forget what was used. False at the end."""
        chunk = self._stream.read(CHUNK)
        self._before += self._at
        self._window = self._window[self._at :] + chunk
        self._at = 0
        return bool(chunk)
