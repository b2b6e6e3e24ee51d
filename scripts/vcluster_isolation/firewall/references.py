"""References to values of Terraform, in the place of literals: `var.network_id`, `module.vpc.vpc_id`, `data.x.y.z`.

Source: Terraform's language, "References to Named Values", of which only attributes and literal indexes are taken: no
function, operator or splat, so that nothing else can be written into a resource.
"""

from __future__ import annotations

import re
from typing import Final, Literal, Self

ReferenceKind = Literal["name", "ipv4", "ipv6"]

_PREFIXES: Final[dict[str, ReferenceKind]] = {"cidr:": "ipv4", "cidr6:": "ipv6"}
_STEP: Final = r"(\.[A-Za-z_][A-Za-z0-9_-]{0,127}|\[[0-9]{1,6}\]|\[\"[A-Za-z0-9_./:-]{1,128}\"\])"
_NAMED: Final = rf"(var|local|module|data|each)(?=\.){_STEP}+"
_RESOURCE: Final = rf"[a-z][a-z0-9]*_[a-z0-9_]*(?=\.){_STEP}{{2,}}"
_REFERENCE: Final = re.compile(rf"({_NAMED}|{_RESOURCE})", re.ASCII)
_WRAPPED: Final = re.compile(r"\$\{ *(?P<inside>[^{}\n]*?) *\}")


class Reference(str):
    """An expression of Terraform's language that refers to one value; `kind` says what that is.

    A name is whatever the provider calls a network, a project or a set of machines; the others are one CIDR each.
    """

    __slots__ = ("kind",)
    kind: ReferenceKind

    def __new__(cls, text: str, kind: ReferenceKind = "name") -> Self:
        """Return a reference. Raises ValueError for any other expression."""
        if _REFERENCE.fullmatch(text) is None:
            raise ValueError(text)
        made = super().__new__(cls, text)
        made.kind = kind
        return made


def reference(text: str) -> Reference | None:
    """Return the reference that a text is, in `${}` or not; None for other texts.

    With `cidr:` or `cidr6:` before it, it stands for a CIDR.
    """
    prefix = next((one for one in _PREFIXES if text.startswith(one)), "")
    inside = text.removeprefix(prefix)
    if wrapped := _WRAPPED.fullmatch(inside):
        inside = wrapped["inside"]
    try:
        return Reference(inside, _PREFIXES.get(prefix, "name"))
    except ValueError:
        return None
