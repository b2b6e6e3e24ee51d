"""The commands in Markdown files: each line of a ```bash block, and each `$` line of a ```console block."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vcluster_isolation.tools import PROJECT

PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    """A command as a reader would type it, where it stands, and what the page says that it prints (None: nothing)."""

    page: str
    line: int
    words: str
    shown: str | None = None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def commands() -> list[Command]:
    """Return every command of the documentation, in the order of its pages."""
    return [command for page in PAGES for command in _of_page(page)]


def _of_page(page: Path) -> Iterator[Command]:
    name = page.relative_to(PROJECT).as_posix()
    text = page.read_text(encoding="utf-8")
    for fence in _FENCE.finditer(text):
        line = text.count("\n", 0, fence.start(2)) + 1
        if fence[1] == "bash":
            yield from _of_lines(fence[2], name, line)
        elif fence[1] == "console":
            yield from _of_session(fence[2], name, line)


def _of_lines(block: str, page: str, line: int) -> Iterator[Command]:
    """Yield each command of a block; a backslash at the end of a line continues it, as in a shell."""
    whole = ""
    for at, text in enumerate(block.splitlines(), line):
        whole += re.sub(r"\s+#\s.*", "", text).strip()
        if whole.endswith("\\"):
            whole = whole[:-1]
        elif whole:
            yield Command(page, at, whole)
            whole = ""


def _of_session(block: str, page: str, line: int) -> Iterator[Command]:
    """Yield each command of a block that shows what is printed."""
    for session in re.finditer(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
        yield Command(page, line + block.count("\n", 0, session.start()), session[1], session[2])


def matches(shown: str, printed: str) -> bool:
    """Return whether a command printed what a page shows: a line `...` stands for any lines, none too."""
    parts = [re.escape(line) + "\n" if line != "..." else "(?:.*\n)*" for line in shown.splitlines()]
    return re.fullmatch("".join(parts), printed if printed.endswith("\n") else f"{printed}\n") is not None
