"""Reading fields of a manifest that may be anything: each reader notes what is wrong and goes on.

A reader gets the value, its path in the object (`where`) and the list of problems to add to; it returns an empty
value when it noted one. Names and labels that get through are made of letters, digits, `-`, `_`, `.` and `/`, so
nothing that is read can break out of a terminal, a report or a YAML file later.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from vcluster_isolation.errors import Problem

SOURCE = "api"

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_LABEL_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_SHOWN = 60


def note(problems: list[Problem], where: str, what: str, next_step: str) -> None:
    """Add one problem."""
    problems.append(Problem(where, what, next_step, SOURCE))


def shown(value: Any) -> str:
    """Return any value as short printable ASCII, for a message."""
    try:
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        text = f"a {type(value).__name__}"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


@lru_cache(maxsize=65536)
def legal_name(text: str) -> bool:
    """Return whether a text can name an object or a namespace (a DNS subdomain, RFC 1123)."""
    return bool(_NAME.fullmatch(text))


@lru_cache(maxsize=65536)
def legal_key(text: str) -> bool:
    """Return whether a text can be the key of a label ("Labels and Selectors", syntax)."""
    return bool(_LABEL_KEY.fullmatch(text))


@lru_cache(maxsize=65536)
def legal_value(text: str) -> bool:
    """Return whether a text can be the value of a label; the empty text can."""
    return bool(_LABEL_VALUE.fullmatch(text))


def mapping(value: Any, where: str, problems: list[Problem]) -> Mapping[str, Any]:
    """Return a mapping; null and a missing field are an empty one."""
    if isinstance(value, dict):
        return value
    if value is not None:
        note(problems, where, f"{shown(value)} is not a mapping", "write it as key: value")
    return {}


def sequence(value: Any, where: str, problems: list[Problem]) -> Sequence[Any]:
    """Return a list; null and a missing field are an empty one."""
    if isinstance(value, list):
        return value
    if value is not None:
        note(problems, where, f"{shown(value)} is not a list", "write it as a list")
    return ()


def only(value: Mapping[str, Any], known: Collection[str], where: str, problems: list[Problem]) -> None:
    """Note each field that the API does not have: the API server would drop it, and the meaning with it."""
    for key in value:
        if key not in known:
            note(problems, f"{where}.{_word(key)}", "is not a field here", f"use one of {', '.join(known)}")


def label_mapping(value: Any, where: str, problems: list[Problem]) -> Mapping[str, str]:
    """Return legal labels, none if one is not; every value must be text (an unquoted 123 or true is not).

    A null is the empty text, as it is to the API server (encoding/json into a map of strings).
    """
    labels = {key: "" if text is None else text for key, text in mapping(value, where, problems).items()}
    before = len(problems)
    for key, text in labels.items():
        if not isinstance(key, str) or not legal_key(key):
            note(problems, where, f"{shown(key)} is not a label key", "use [prefix/]name, name at most 63 characters")
        elif not isinstance(text, str) or not legal_value(text):
            note(problems, f"{where}.{key}", f"{shown(text)} is not a label value", "use quoted text that is one")
    return labels if len(problems) == before else {}


def name_of(value: Any, where: str, problems: list[Problem]) -> str:
    """Return a legal object name."""
    if isinstance(value, str) and legal_name(value):
        return value
    note(problems, where, f"{shown(value)} is not a name", "use lower-case letters, digits, - and .")
    return ""


def _word(key: Any) -> str:
    """Return a field's name if it is harmless, else quoted and escaped."""
    return key if isinstance(key, str) and legal_key(key) else shown(key)
