"""What a YAML scalar means to helm, kubectl and the API server.

All three read YAML with sigs.k8s.io/yaml: YAML 1.1 words for booleans, Go's integer syntax, timestamps and
base 60 left as text, every number a 64-bit float once a template sees it. PyYAML reads several of these
differently, so the tests compare this module with the real helm.
"""

from __future__ import annotations

import base64
import binascii
import math
import re

Scalar = str | int | float | bool | None

_PREFIX = "tag:yaml.org,2002:"
_WORDS: dict[str, Scalar] = {
    "": None,
    "~": None,
    ".inf": math.inf,
    "+.inf": math.inf,
    "-.inf": -math.inf,
    ".nan": math.nan,
    ".NaN": math.nan,
    ".NAN": math.nan,
}
_WORDS |= {f"{sign}.{word}": float(f"{sign}inf") for sign in ("", "+", "-") for word in ("Inf", "INF")}
_WORDS |= dict.fromkeys(("null", "Null", "NULL"))
_WORDS |= {s: True for w in ("y", "yes", "true", "on") for s in (w, w.capitalize(), w.upper())}
_WORDS |= {s: False for w in ("n", "no", "false", "off") for s in (w, w.capitalize(), w.upper())}

_KINDS: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "float": (int, float),
    "int": (int,),
    "null": (type(None),),
}
_INTEGERS = (
    (re.compile(r"[-+]?(?:0|[1-9][0-9]{0,19})"), 10),
    (re.compile(r"[-+]?0[oO]?[0-7]+"), 8),
    (re.compile(r"[-+]?0[xX][0-9a-fA-F]+"), 16),
    (re.compile(r"[-+]?0[bB][01]+"), 2),
)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_DOTTED_FLOAT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+)?")


def resolve(text: str, tag: str | None, *, plain: bool) -> Scalar:
    """Return what helm reads for a scalar of this `text` and explicit `tag`, `plain` or in quotes.

    Raises ValueError, with what is wrong in the user's words, where helm refuses the scalar.
    """
    if tag is None:
        return _implicit(text) if plain else text
    kind = tag.removeprefix(_PREFIX) if tag.startswith(_PREFIX) else ""
    if kind == "binary":
        return _binary(text)
    if kind not in _KINDS:
        return text
    value = _implicit(text)
    if type(value) not in _KINDS[kind]:
        raise ValueError(f"is tagged !!{kind} and is not one")
    return value


def as_number(value: float) -> int | float:
    """Return a number as a template sees it, a 64-bit float, but whole numbers as `int`.

    Raises ValueError for infinity and for "not a number", which no JSON can hold and helm refuses.
    """
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("is not a finite number")
    return int(number) if number.is_integer() and abs(number) < 2**63 else number


def _implicit(text: str) -> Scalar:
    """Resolve a plain scalar by its form alone."""
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if first == ".":
        return _finite(text) if _DOTTED_FLOAT.fullmatch(text) else text
    if not (first in "+-" or first in "0123456789"):
        return text
    digits = text.replace("_", "")
    number = _integer(digits)
    if number is not None:
        return number
    return _finite(digits, text) if _FLOAT.fullmatch(digits) else text


def _integer(digits: str) -> int | None:
    """Read an integer of 64 bits in Go's syntax, or return None."""
    if digits.startswith(("0b-", "0b+")):
        digits = f"{digits[2]}0b{digits[3:]}"  # go-yaml reads a sign after 0b, and none before it then
    for form, base in _INTEGERS:
        if form.fullmatch(digits):
            number = int(digits, base)
            return number if -(2**63) <= number < 2**64 else None
    return None


def _finite(digits: str, otherwise: str | None = None) -> float | str:
    """Read a float; one too large for 64 bits stays text."""
    number = float(digits)
    return number if math.isfinite(number) else otherwise or digits


def _binary(text: str) -> str:
    """Decode `!!binary`; bytes that are no UTF-8 become the replacement character, as in helm."""
    packed = text.replace("\n", "").replace("\r", "")
    try:
        return base64.b64decode(packed, validate=True).decode(errors="replace")
    except binascii.Error as error:
        raise ValueError("is tagged !!binary and is not base64") from error
