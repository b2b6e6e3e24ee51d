"""How a user's own text is shown: paths, values, and nothing that a terminal or a log would act upon."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_STEP = re.compile(r'\.?([A-Za-z_][A-Za-z0-9_-]*)|\[([0-9]{1,9})\]|\[("(?:[^"\\\n]|\\.)*")\]')
_LONGEST = 80
_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
    "string": "a string",
}


def printable(text: str) -> str:
    r"""Return `text` on one line: control, format and separator characters become escapes such as `\x1b`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def printable_lines(text: str) -> str:
    """Return what a program printed with its lines kept, and each of them made `printable`."""
    return "\n".join(map(printable, text.splitlines()))


def quoted(value: Any) -> str:
    """Return any JSON-like value as one line of JSON, cut when it is long, with nothing in it unescaped."""
    text = printable(json.dumps(_cut(value), ensure_ascii=False, default=str))
    return text if len(text) <= _LONGEST + 2 else f"{text[:_LONGEST]}…"


def undotted(text: str) -> tuple[str | int, ...] | None:
    """Return the path that `dotted` wrote, or that a template wrote with `%q` for odd keys; None for other text."""
    steps: list[str | int] = []
    position = 0
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None:
            return None
        key, index, literal = found.groups()
        try:
            steps.append(int(index) if index else key or ast.literal_eval(literal))
        except (ValueError, SyntaxError):  # an escape that Python does not have
            return None
        position = found.end()
    return tuple(steps)


def dotted(path: Iterable[str | int]) -> str:
    """Return a path as the user would write it: `a.b[2]["odd key"]`; a key's odd characters are escaped."""
    return "".join(map(_step, path)).removeprefix(".")


def mistyped(value: Any, types: Iterable[str]) -> tuple[str, str]:
    """Return what to say of a value that has none of the JSON `types`, and what to do: often it is the quotes."""
    names = [kind for kind in _TYPES if kind in set(types)]
    wanted = " or ".join(_TYPES[kind] for kind in names) or "null"
    next_step = f"write {wanted}"
    if isinstance(value, (bool, int, float)) and "string" in names and "integer" not in names:
        next_step = "put it in quotes"
    elif isinstance(value, float) and value.is_integer():
        next_step = f"write {int(value)}"
    elif isinstance(value, str) and _unquoted(value, names):
        next_step = "write it without quotes"
    return f"{quoted(value)} is not {wanted}", next_step


def _unquoted(text: str, types: Iterable[str]) -> bool:
    """Whether a text would have one of the types if it stood there without quotes."""
    if "boolean" in types and text in ("true", "false"):
        return True
    return text.isdecimal() and text.isascii() and not {"integer", "number"}.isdisjoint(types)


def _step(part: str | int) -> str:
    """Return one key or index of a path."""
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if _PLAIN_KEY.fullmatch(part) else f"[{quoted(part)}]"


def _cut(value: Any) -> Any:
    """Cut a long string before it is quoted, so that its closing quote stays."""
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{value[: _LONGEST - 2]}…"
    return value


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table; a `|` in a cell is escaped, in code as well, as GitHub wants it."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in [heads, ["---"] * len(heads), *cells]]
