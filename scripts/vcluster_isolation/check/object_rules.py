"""What the API server refuses in the parts that many kinds share: ObjectMeta, LabelSelector, names of ports.

Source: the Kubernetes API reference (ObjectMeta, LabelSelector); "Object Names and IDs", "Labels and Selectors".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from vcluster_isolation.kubernetes.names import KEY_RULE, VALUE_RULE, is_dns_label, is_key, is_subdomain, is_value
from vcluster_isolation.kubernetes.shapes import Path, ShapeProblem
from vcluster_isolation.wording import quoted

PORT_NAME: Final = re.compile(r"(?=.{1,15}\Z)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")  # RFC 6335, section 5.1, lower-case
LAST_PORT: Final = 65535
PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
_LARGEST_ANNOTATIONS: Final = 256 * 1024

_STRINGS = {"*": str}
METADATA: Final = {
    "name": str,
    "generateName": str,
    "namespace": str,
    "labels": _STRINGS,
    "annotations": _STRINGS,
}
"""The shape of ObjectMeta (see `shapes.fit`)."""
SELECTOR: Final = {
    "matchLabels": _STRINGS,
    "matchExpressions": [{"key": str, "operator": str, "values": [str]}],
}
"""The shape of a LabelSelector."""


def beside_mistyped(rules: Iterable[ShapeProblem], mistyped: list[ShapeProblem]) -> list[ShapeProblem]:
    """Return what is mistyped, and what `rules` found besides.

    A value of the wrong type was left out (see `shapes.fit`): what its absence breaks above or below it is no second
    problem.
    """
    wrong = [path for path, _, _ in mistyped]
    return mistyped + [rule for rule in rules if not any(_related(rule[0], path) for path in wrong)]


def _related(one: Path, other: Path) -> bool:
    """Whether one path lies above or below the other, or is the same."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def metadata_rules(metadata: dict[str, Any]) -> Iterator[ShapeProblem]:
    """Check names, labels and annotations (ObjectMeta)."""
    name = metadata.get("name", "")
    if not name and not metadata.get("generateName"):
        yield ("metadata", "name"), "is missing", "give the object a name"
    elif name and not is_subdomain(name):
        next_step = "use lower-case letters, digits, - and ., at most 253 characters"
        yield ("metadata", "name"), f"{quoted(name)} is not an object name", next_step
    namespace = metadata.get("namespace", "")
    if namespace and not is_dns_label(namespace):
        next_step = "use lower-case letters, digits and -, at most 63 characters"
        yield ("metadata", "namespace"), f"{quoted(namespace)} is not a namespace name", next_step
    yield from _labels(metadata.get("labels", {}), ("metadata", "labels"))
    annotations = metadata.get("annotations", {})
    for key in annotations:
        yield from _key(key.lower(), ("metadata", "annotations", key))
    size = sum(len(text.encode(errors="replace")) for pair in annotations.items() for text in pair)
    if size > _LARGEST_ANNOTATIONS:
        what = f"has {size} bytes of keys and values, more than {_LARGEST_ANNOTATIONS}"
        yield ("metadata", "annotations"), what, "shorten them"


def selector_rules(selector: dict[str, Any], at: Path) -> Iterator[ShapeProblem]:
    """Check a LabelSelector."""
    yield from _labels(selector.get("matchLabels", {}), (*at, "matchLabels"))
    for index, expression in enumerate(selector.get("matchExpressions", [])):
        yield from _expression(expression, (*at, "matchExpressions", index))


def _expression(expression: dict[str, Any], at: Path) -> Iterator[ShapeProblem]:
    """Check a LabelSelectorRequirement."""
    operator, values = expression.get("operator", ""), expression.get("values", [])
    if operator in ("In", "NotIn") and not values:
        yield (*at, "values"), f"is missing, {operator} needs it", "list at least one value"
    elif operator in ("Exists", "DoesNotExist") and values:
        yield (*at, "values"), f"cannot stand beside {operator}", "remove it, or use In or NotIn"
    elif operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
        next_step = "use In, NotIn, Exists or DoesNotExist"
        yield (*at, "operator"), f"{quoted(operator)} is not an operator", next_step
    yield from _key(expression.get("key", ""), (*at, "key"))
    for index, value in enumerate(values):
        yield from _label_value(value, (*at, "values", index))


def _labels(labels: dict[str, str], at: Path) -> Iterator[ShapeProblem]:
    """Check the keys and values of labels."""
    for key, value in labels.items():
        yield from _key(key, (*at, key))
        yield from _label_value(value, (*at, key))


def _key(key: str, at: Path) -> Iterator[ShapeProblem]:
    """Check the key of a label or annotation."""
    if not is_key(key):
        yield at, f"{quoted(key)} is not a key", KEY_RULE


def _label_value(value: str, at: Path) -> Iterator[ShapeProblem]:
    """Check the value of a label."""
    if not is_value(value):
        yield at, f"{quoted(value)} is not a label value", VALUE_RULE
