"""Why each rendered rule is there: the comment that the chart writes above it, with the value that switches it.

The chart writes `# workloads --> control plane: DNS and API`, and names a value that put the rule there in
parentheses: `# your own rules (workload.egress)`. Nothing that a user writes can make such a comment: values
reach the manifests in quotes. Comments of other manifests than the chart's own are never asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vcluster_isolation.netpol.objects.model import EGRESS, INGRESS
from vcluster_isolation.wording import dotted

OWN_RULES = "your own rules"
PLATFORM_KEY = "platformNetworkPolicy"
"""The root key of the platform's values; all others are under policies.networkPolicy."""

_COMMENT = re.compile(r"^    # (?P<flow>.*?)(?: \((?P<key>[a-z][A-Za-z]*(?:\.[A-Za-z]+)*)\))?$")

Lines = Mapping[tuple[int, tuple[str | int, ...]], int]
"""The line, from 1, of each key and list entry, by the number of its document and its path there."""

RuleId = tuple[str, str, int]
"""A policy's name, a direction, and the index of a rule in it."""


@dataclass(frozen=True, slots=True)
class RuleNote:
    """What the chart says of a rule: its flow, and the value that put it there.

    `key` is the value's dotted path, under policies.networkPolicy or from PLATFORM_KEY on, empty for a rule that is
    always there; `item` is the index of a rule of the user's own in the list at `key`, else None. `below` are the keys
    below which the user writes all of them, where the chart is a subchart.
    """

    flow: str
    key: str = ""
    item: int | None = None
    below: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The whole path of the value, `policies.networkPolicy.workload.egress[0]`; empty without a key."""
        index = "" if self.item is None else f"[{self.item}]"
        root = "" if self.key.startswith(f"{PLATFORM_KEY}.") else "policies.networkPolicy."
        prefix = f"{dotted(self.below)}." if self.below else ""
        return f"{prefix}{root}{self.key}{index}" if self.key else ""


def rule_notes(
    text: str, documents: Mapping[int, Mapping[str, Any]], lines: Lines, below: tuple[str, ...] = ()
) -> Mapping[RuleId, RuleNote]:
    """Return the notes of all rules in what the chart rendered.

    `documents` are those of the `text` that the chart made, by their numbers, and `lines` is where everything stands in
    it. `below` are the keys below which the chart's values stand. Raises nothing: other documents have no notes.
    """
    comments = {at: match for at, line in enumerate(text.splitlines(), 1) if (match := _COMMENT.match(line))}
    found: dict[RuleId, RuleNote] = {}
    for number, document in documents.items():
        for name, direction, start, places in _lists(number, document, lines):
            first: dict[int, int] = {}
            for index, line in enumerate(places):
                above = max((at for at in comments if start < at < line), default=None)
                if above is None:
                    continue
                flow, key = comments[above]["flow"], comments[above]["key"] or ""
                item = index - first.setdefault(above, index) if flow == OWN_RULES else None
                found[name, direction, index] = RuleNote(flow, key, item, below)
    return found


def _lists(number: int, document: Mapping[str, Any], lines: Lines) -> Iterator[tuple[str, str, int, list[int]]]:
    """Yield, for each list of rules of a policy: its name, direction, the line of its key, and those of its rules."""
    name, spec = _mapping(document.get("metadata")).get("name"), _mapping(document.get("spec"))
    for field, direction in (("ingress", INGRESS), ("egress", EGRESS)):
        rules, start = spec.get(field), lines.get((number, ("spec", field)))
        if isinstance(name, str) and isinstance(rules, list) and start:
            yield name, direction, start, [lines.get((number, ("spec", field, at)), 0) for at in range(len(rules))]


def _mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping; none for anything else."""
    return value if isinstance(value, Mapping) else {}
