"""Values given one by one, as `helm --set` takes them: Argo CD's parameters, and `set` of other tools.

Source: Helm's documentation, "The Format and Limitations of --set". Only what has one meaning is read: names with dots
and indexes, and values that are a scalar or a list in braces.
"""

from __future__ import annotations

import re
from typing import Any

_STEP = re.compile(r"(?P<key>(?:\\.|[^.\[\]=,{}\\])+)(?P<indexes>(?:\[[0-9]{1,3}\])*)(?:\.|$)")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "": ""}
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")


def path_of(name: str) -> tuple[str | int, ...] | None:
    r"""Return the path that a name like `a.b\.c[0]` stands for; None for a name in another form."""
    steps: list[str | int] = []
    position = 0
    while position < len(name):
        found = _STEP.match(name, position)
        if found is None:
            return None
        steps.append(re.sub(r"\\(.)", r"\1", found["key"]))
        steps += [int(index) for index in re.findall(r"[0-9]+", found["indexes"])]
        position = found.end()
    return tuple(steps) or None


def value_of(text: Any, *, string: bool = False) -> Any:
    """Return what a value means: true, false, null, a whole number, a list in braces, or text; text with `string`."""
    if not isinstance(text, str):
        return text
    if string:
        return text
    if text.startswith("{") and text.endswith("}"):
        inside = text[1:-1]
        return [value_of(item.strip()) for item in inside.split(",")] if inside else []
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text


def put(values: dict[str, Any], path: tuple[str | int, ...], value: Any) -> bool:
    """Set the value at a path, making what is missing above it. Return False if something else stands in the way."""
    here: Any = values
    for step, following in zip(path, (*path[1:], None), strict=True):
        new: Any = value if following is None else [] if isinstance(following, int) else {}
        if isinstance(step, int):
            if not isinstance(here, list) or step > len(here):
                return False
            if step == len(here):
                here.append(new)
            elif following is None:
                here[step] = new
        elif not isinstance(here, dict):
            return False
        elif following is None or step not in here:
            here[step] = new
        here = here[step]
    return True
