"""Texts that are JSON: what JSON has and YAML 1.1 has not, and the numbers that YAML makes others of.

kubectl and the API server take a text that begins with `{` for JSON (k8s.io/apimachinery, `yaml.GuessJSONStream`);
helm takes all values for YAML.
"""

from __future__ import annotations

import json
import re
from typing import Any

_ESCAPE = re.compile(
    r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\."
)


def value_of(text: str) -> Any:
    """Return the value of a text that is one JSON object; None for any other text."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def as_yaml(text: str) -> str:
    r"""Return a text that is JSON with the characters that JSON writes as two escapes; another text as it is.

    A character beyond U+FFFF is `\ud83d\ude80` in JSON. Half of such a pair is U+FFFD, as the API server has it.
    Lines stay what they are.
    """
    return text if "\\" not in text or value_of(text) is None else _ESCAPE.sub(_character, text)


def _character(escape: re.Match[str]) -> str:
    """Return one escape of JSON as YAML has it."""
    high, low = escape.groups()
    if high:
        return bytes.fromhex(high + low).decode("utf-16-be")
    if escape[0] == r"\/":
        return "/"
    return "\ufffd" if len(escape[0]) > len(r"\n") else escape[0]
