"""An object as the API server decodes it, and as JSON that every reader of YAML takes.

The API server decodes strictly, and knows null: in a mapping it is an absent field, for built-in kinds and (pruned)
for custom resources; in a list of a built-in kind it is the empty value of its type. Only under a key that the kind
does not know it is refused, as any value is. (encoding/json of Go; Kubernetes documentation, "Extend the Kubernetes API
with CustomResourceDefinitions", defaulting and nullable; measured with kube-apiserver 1.37.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

_ZERO: Final[Mapping[str, Any]] = {"object": {}, "array": [], "string": "", "integer": 0, "number": 0, "boolean": False}
_PAIR = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|\\u(d[89a-f][0-9a-f]{2})|\\.|\x7f")


def decoded(document: Any, schema: Schema, *, custom: bool = False) -> Any:
    """Return `document` with nulls in the place of which the API server sees something else, or nothing.

    `schema` is that of its kind, complete in itself; `custom` says that it is of a custom resource. What the schema
    does not know stays as it is, and so do the indices of lists.
    """
    return _decoded(document, schema, schema, custom=custom)


def has_whole_float(value: Any) -> bool:
    """Whether there is a number such as 1.0 or 1e3 in a JSON-like value: of a built-in kind it is not an integer."""
    if isinstance(value, Mapping):
        return any(map(has_whole_float, value.values()))
    if isinstance(value, list):
        return any(map(has_whole_float, value))
    return isinstance(value, float) and value.is_integer()


def as_text(value: Any) -> str:
    r"""Return a JSON-like value as JSON, on one line, that readers of YAML 1.1 and 1.2 take for the same value.

    JSON writes a character beyond U+FFFF as two escapes (`\ud83d\ude80`), which YAML does not have: it stands there as
    it is. Half of such a pair, which is not a character, becomes U+FFFD, as the API server has it.
    """
    return _PAIR.sub(_as_yaml, json.dumps(value))


def _as_yaml(escape: re.Match[str]) -> str:
    """Return one escape of JSON, or a DEL, as YAML has it."""
    high, low, half = escape.groups()
    if high:
        return bytes.fromhex(high + low).decode("utf-16-be")
    if half:
        return "\\ufffd"
    return "\\u007f" if escape[0] == "\x7f" else escape[0]


def _decoded(value: Any, node: Any, whole: Schema, *, custom: bool) -> Any:
    """Decode a value that stands at a node of the schema."""
    node = _referred(node, whole)
    if isinstance(value, Mapping):
        return _decoded_mapping(value, node, whole, custom=custom)
    if isinstance(value, list):
        items = _referred(node.get("items"), whole)
        empty = None if custom else _zero(items)
        return [empty if inner is None else _decoded(inner, items, whole, custom=custom) for inner in value]
    return value


def _decoded_mapping(value: Mapping[str, Any], node: Schema, whole: Schema, *, custom: bool) -> dict[str, Any]:
    """Decode a mapping: of nulls, those under unknown keys stay, and those that a built-in kind must have are empty."""
    known, more = node.get("properties", {}), node.get("additionalProperties", False)
    found: dict[str, Any] = {}
    for key, inner in value.items():
        below = known.get(key, more)
        if inner is not None or below is False:
            found[key] = _decoded(inner, below, whole, custom=custom)
        elif not custom and key in node.get("required", ()):
            found[key] = _zero(_referred(below, whole))
    return found


def _zero(node: Schema) -> Any:
    """Return the empty value of a type, null where the schema says none."""
    kinds: Any = node.get("type", ())
    found = [_ZERO[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind in _ZERO]
    return found[0] if found else None


def _referred(node: Any, whole: Schema) -> Schema:
    """Follow references inside the schema; what is no mapping says nothing."""
    while isinstance(node, Mapping) and isinstance(reference := node.get("$ref"), str):
        node = whole.get("$defs", {}).get(reference.removeprefix("#/$defs/"))
    return node if isinstance(node, Mapping) else {}
