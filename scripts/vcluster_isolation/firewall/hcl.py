"""Blocks of Terraform's language, laid out as `terraform fmt` does.

Source: HCL's native syntax specification, "Template Expressions" and "Quoted Templates".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from vcluster_isolation.firewall.references import Reference

Value = str | int | Sequence[str]
Body = Mapping[str, "Value | Body | None"]
"""Attributes and, as mappings, blocks; what is None is left out."""

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}

_OPENING = '" {'


def resource(kind: str, name: str, body: Body) -> str:
    """Return a resource; dashes of its name become underscores, as Terraform's style has it."""
    lines = [f'resource "{kind}" "{label(name)}" {{', *_lines(body, "  "), "}"]
    return "\n".join(lines)


def distinct(resources: Iterable[str]) -> Iterator[str]:
    """Yield resources, with a number after each name that one of the same kind before it has: Terraform refuses two."""
    texts = list(resources)
    heads = [text.partition("\n")[0] for text in texts]
    taken, seen = set(heads), set[str]()
    for head, text in zip(heads, texts, strict=True):
        new, number = head, 2
        if head in seen:
            while new in taken:
                new, number = f"{head.removesuffix(_OPENING)}_{number}{_OPENING}", number + 1
        seen.add(head)
        taken.add(new)
        yield new + text.removeprefix(head)


def label(text: str) -> str:
    """Return any text as a part of a resource's name."""
    return re.sub(r"[^A-Za-z0-9_]", "_", text)


def string(text: str) -> str:
    """Return a text as a quoted template that means the text: nothing in it is interpolated or ends it."""
    escaped = "".join(map(_escape, text))
    return '"' + re.sub(r"([$%])\{", r"\1\1{", escaped) + '"'


def _escape(character: str) -> str:
    """Return one character as it is written between quotes."""
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - the most that \u holds


def _lines(body: Body, indent: str) -> Iterator[str]:
    """Yield the lines of a body: its attributes with their `=` in one column, then its blocks."""
    given = {key: value for key, value in body.items() if value is not None}
    blocks = {key: value for key, value in given.items() if isinstance(value, Mapping)}
    attributes = {key: value for key, value in given.items() if not isinstance(value, Mapping)}
    width = max(map(len, attributes), default=0)
    for key, value in attributes.items():
        yield f"{indent}{key:<{width}} = {_value(value)}"
    for key, block in blocks.items():
        yield from ("", f"{indent}{key} {{", *_lines(block, indent + "  "), f"{indent}}}")


def _value(value: Value) -> str:
    """Return an attribute's value."""
    if isinstance(value, int):
        return str(value)
    return _text(value) if isinstance(value, str) else f"[{', '.join(map(_text, value))}]"


def _text(value: str) -> str:
    """Return a text as a quoted template, a reference as the expression that it is."""
    return str(value) if isinstance(value, Reference) else string(value)
