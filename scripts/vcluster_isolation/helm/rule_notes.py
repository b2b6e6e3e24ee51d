"""Why each rendered rule is there: the comment that the chart writes above it, with the value that switches it.

The chart writes `# workloads --> control plane: DNS and API`, and names a value that put the rule there in
parentheses: `# your own rules (workload.egress)`. Nothing that a user writes can make such a comment: values
reach the manifests in quotes. Comments of other manifests than the chart's own are never asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from vcluster_isolation.netpol.objects.model import EGRESS, INGRESS
from vcluster_isolation.wording import dotted

OWN_RULES = "your own rules"
PLATFORM_KEY = "platformNetworkPolicy"
"""The root key of the platform's values; all others are under policies.networkPolicy."""

_COMMENT = re.compile(r"^    # (?P<flow>.*?)(?: \((?P<key>[a-z][A-Za-z]*(?:\.[A-Za-z]+)*)\))?$")

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


def rule_notes(manifests: str, below: tuple[str, ...] = ()) -> Mapping[RuleId, RuleNote]:
    """Return the notes of all rules in what the chart rendered. Raises nothing: other texts have no notes.

    `below` are the keys below which its values stand.
    """
    comments = {at: match for at, line in enumerate(manifests.splitlines()) if (match := _COMMENT.match(line))}
    found: dict[RuleId, RuleNote] = {}
    for document in yaml.compose_all(manifests, Loader=yaml.CSafeLoader):
        for name, direction, start, lines in _lists(document):
            first: dict[int, int] = {}
            for index, line in enumerate(lines):
                above = max((at for at in comments if start <= at < line), default=None)
                if above is None:
                    continue
                flow, key = comments[above]["flow"], comments[above]["key"] or ""
                item = index - first.setdefault(above, index) if flow == OWN_RULES else None
                found[name, direction, index] = RuleNote(flow, key, item, below)
    return found


def _lists(document: yaml.Node) -> Iterator[tuple[str, str, int, list[int]]]:
    """Yield, for each list of rules of a policy: its name, direction, first line, and the lines of its rules."""
    top = _fields(document)
    name = _fields(top.get("metadata")).get("name")
    spec = _fields(top.get("spec"))
    for field, direction in (("ingress", INGRESS), ("egress", EGRESS)):
        rules = spec.get(field)
        if isinstance(name, yaml.ScalarNode) and isinstance(rules, yaml.SequenceNode):
            # The C parser starts a list at its first item; the comment stands above that, below the key.
            start = next(key.end_mark.line for key, value in _pairs(top["spec"]) if value is rules)
            yield name.value, direction, start, [rule.start_mark.line for rule in rules.value]


def _pairs(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    """Return the keys and values of a mapping; none for anything else."""
    return node.value if isinstance(node, yaml.MappingNode) else []


def _fields(node: yaml.Node | None) -> dict[str, yaml.Node]:
    """Return the values of a mapping by key."""
    return {key.value: value for key, value in _pairs(node) if isinstance(key, yaml.ScalarNode)}
