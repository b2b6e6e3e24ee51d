"""What the user sees while set-up works: one line a step, alive on a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


class Progress:
    """Writes `set-up 1/3: what is done ... 12 s` to `stream`, a line for each step.

    On a terminal the seconds count while the step runs; elsewhere the line is finished when the step is.
    """

    __slots__ = ("_clock", "_label", "_number", "_since", "_stream", "_total", "_tty")

    def __init__(self, stream: TextIO, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Count up to `total` steps; `clock` returns seconds."""
        self._stream, self._total, self._clock = stream, total, clock
        self._tty = stream.isatty()
        self._number, self._label, self._since = 0, "", 0.0

    @contextmanager
    def step(self, label: str) -> Iterator[None]:
        """Show one step while the body runs; an exception is shown, and goes on."""
        self._number += 1
        self._label, self._since = f"set-up {self._number}/{self._total}: {label}", self._clock()
        self._show("" if self._tty else f"{self._label} ... ")
        try:
            yield
        except BaseException as error:
            self._finish(f"{'failed' if isinstance(error, Exception) else 'stopped'} after {self._elapsed()}")
            raise
        self._finish(self._elapsed())

    def tick(self) -> None:
        """Show that the step is still going on (on a terminal only)."""
        if self._tty:
            self._show(f"\r\x1b[K{self._label} ... {self._elapsed()}")

    def _finish(self, result: str) -> None:
        """End the step's line with `result`."""
        self._show(f"\r\x1b[K{self._label} ... {result}\n" if self._tty else f"{result}\n")

    def _elapsed(self) -> str:
        """Return the step's time so far, in whole seconds."""
        return f"{self._clock() - self._since:.0f} s"

    def _show(self, text: str) -> None:
        """Write at once."""
        self._stream.write(text)
        self._stream.flush()
