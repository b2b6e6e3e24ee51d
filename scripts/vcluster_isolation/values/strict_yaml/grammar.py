"""What is wrong with a text before it means anything: hidden characters and mistakes of YAML's grammar."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from vcluster_isolation.wording import printable

# What YAML 1.1 does not allow (section 4.1.1), and what it takes for the end of a line where editors show none.
_HIDDEN = re.compile("[^\t\r\x20-\x7e\xa0-\u2027\u202a-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|\r(?!\\Z)")


def hidden_characters(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, what is wrong) for each line with a character that YAML refuses or that ends a line unseen."""
    for number, line in enumerate(text.split("\n"), start=1):
        if found := _HIDDEN.search(line):
            yield number, f"holds the character U+{ord(found[0]):04X}, which an editor does not show"


def grammar_mistake(error: yaml.YAMLError, text: str) -> tuple[int | None, str, str]:
    """Return (line, what is wrong, what next) for what libyaml says of `text`."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return None, f"is not YAML: {printable(str(error))}", "check its indentation, quotes and colons"
    line, column = error.problem_mark.line, error.problem_mark.column
    before = text.split("\n")[line : line + 1] or [""]
    indent = before[0][: column + 1]
    tab = "\t" in indent and indent.isspace()
    next_step = "indent with spaces, not tabs" if tab else "check the indentation, quotes and colons there"
    if "Unicode character escape" in str(error.problem):  # a surrogate, which JSON has and YAML 1.1 has not (5.7)
        next_step = "write the character itself: YAML has no escape for half of one, as JSON has (\\ud83d\\ude80)"
    return line + 1, f"is not YAML: {printable(str(error.problem))}", next_step
