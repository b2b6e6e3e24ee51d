"""Commands as a shell takes them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable


def command(words: Iterable[str], options: Iterable[Iterable[str]]) -> str:
    """Return a command, with a line for each option; every word is quoted, so that a shell reads it as it is."""
    return " \\\n  ".join([shlex.join(words), *map(shlex.join, options)])


def option(name: str, value: str | None) -> list[list[str]]:
    """Return an option as one word, so that no value is read as another option; none if there is no value."""
    return [] if value is None else [[f"--{name}={value}"]]
