"""The forms of `--output json`: a JSON Schema for each command, out of `json_forms.yaml`, and what is made from them.

That file is the only description of the forms. The end of each `--help` and docs/reference/json.md come from it, and
tests hold real output of every command against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from textwrap import TextWrapper
from typing import Any, Final

import yaml

_FILE: Final = Path(__file__).with_name("json_forms.yaml")
_PAGE: Final = "docs/reference/json.md"
_WIDTH: Final = 78

Schema = Mapping[str, Any]


@cache
def _table() -> Schema:
    """Return the file's content."""
    table: Schema = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return table


def forms() -> tuple[str, ...]:
    """Return the names of the commands that print JSON."""
    return tuple(_table()["forms"])


def schema(form: str) -> Schema:
    """Return the JSON Schema of what a command prints: every key is required, and no other is allowed."""
    table = _table()
    closed: Schema = _closed({**table["forms"][form], "$defs": table["$defs"]})
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **closed}


def _closed(node: Any) -> Any:
    """Return a schema with `required` and `additionalProperties` wherever it has `properties`."""
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    inner = {key: _closed(value) for key, value in node.items()}
    if "type" in node and "properties" in node:
        inner |= {"required": list(node["properties"]), "additionalProperties": False}
    return inner


def help_of(form: str) -> str:
    """Return the end of a command's --help: the keys of the outermost object, or of each object of a list."""
    top = _table()["forms"][form]
    first = next((part for part in top.get("oneOf", [top]) if "items" not in part), top)
    inner = _resolved(first.get("items", first))
    width = max(map(len, inner["properties"]))
    lines = ["\b", *TextWrapper(_WIDTH).wrap(f"--output json prints {_opening(top['description'])}")]
    for key, value in inner["properties"].items():
        head = f"  {key:<{width}}  "
        words = TextWrapper(_WIDTH, initial_indent=head, subsequent_indent=" " * len(head))
        lines += words.wrap(_plain(_description(value)))
    return "\n".join([*lines, f"{_PAGE} describes every key.", ""])


def _opening(text: str) -> str:
    """Return a description as the rest of a sentence: `one object:`."""
    return f"{text[0].lower()}{text[1:].rstrip('.')}:"


def _plain(text: str) -> str:
    """Return text without links."""
    return text.replace("[claims](claims.md)", "docs/reference/claims.md")


def rows(form: str) -> list[list[str]]:
    """Return a row for each key of a form, at any depth: its path, its type and what it means, as Markdown."""
    return [[f"`{path}`", _type(node), _description(node)] for path, node in keys(form).items()]


def keys(form: str) -> dict[str, Schema]:
    """Return the schema of each key of a form by the key's path; of a key that several objects have, the first.

    `[]` stands for each item of a list.
    """
    found: dict[str, Schema] = {}
    for path, node in _keys(_table()["forms"][form], ""):
        found.setdefault(path, node)
    return found


def description(form: str) -> str:
    """Return the sentence about a form."""
    return str(_table()["forms"][form]["description"])


def _keys(node: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """Yield the path of each key below a schema, and the key's schema."""
    node = _resolved(node)
    for part in node.get("oneOf", ()):
        if _resolved(part).get("type") != "array":  # the list of a form has the keys of its items
            yield from _keys(part, path)
    if "items" in node:
        yield from _keys(node["items"], f"{path}[]" if path else "")
    for key, inner in node.get("properties", {}).items():
        here = f"{path}.{key}" if path else key
        yield here, _resolved(inner)
        yield from _keys(inner, here)


def _resolved(node: Schema) -> Schema:
    """Return a schema with its `$ref` replaced by what that names; a description beside the reference comes first."""
    if "$ref" not in node:
        return node
    target = _table()["$defs"][str(node["$ref"]).rpartition("/")[2]]
    return {**target, **{key: value for key, value in node.items() if key != "$ref"}}


def _type(node: Schema) -> str:
    """Return the type of a value in words: `list of strings`, `string or null`."""
    if "oneOf" in node:
        return "object"
    if "enum" in node:
        return ", ".join("null" if value is None else f"`{value}`" for value in node["enum"])
    if node["type"] == "array":
        item = _resolved(node["items"])
        return f"list of {_type(item)}" if "enum" in item else f"list of {_type(item)}s"
    types = [node["type"]] if isinstance(node["type"], str) else node["type"]
    return " or ".join(types)


def _description(node: Schema) -> str:
    """Return what a value means."""
    return str(_resolved(node)["description"])
