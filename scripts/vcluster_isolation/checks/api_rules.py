"""What the Kubernetes API server refuses in a NetworkPolicy although every JSON schema accepts it.

The rules of networking.k8s.io/v1 as Kubernetes 1.36 applies them to a new object (Kubernetes API reference:
NetworkPolicy, LabelSelector, ObjectMeta; "Object Names and IDs", "Labels and Selectors"; strict IP and CIDR
validation, KEP-4858). Objects of other kinds have no problems here.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Any

from vcluster_isolation.checks.cidr import BadCidr, Network, inside, parse
from vcluster_isolation.checks.labels import KEY_RULE, VALUE_RULE, is_dns_label, is_key, is_subdomain, is_value
from vcluster_isolation.checks.shapes import Finding, Path, fit
from vcluster_isolation.errors import Problem
from vcluster_isolation.wording import dotted, quoted

_PORT_NAME = re.compile(r"(?=.{1,15}\Z)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")  # RFC 6335, section 5.1, lower-case
_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,253}")
_LARGEST_ANNOTATIONS = 256 * 1024
_LAST_PORT = 65535

_STRINGS = {"*": str}
_SELECTOR = {
    "matchLabels": _STRINGS,
    "matchExpressions": [{"key": str, "operator": str, "values": [str]}],
}
_PEER = {
    "podSelector": _SELECTOR,
    "namespaceSelector": _SELECTOR,
    "ipBlock": {"cidr": str, "except": [str]},
}
_PORTS = [{"protocol": str, "port": (int, str), "endPort": int}]
_POLICY = {
    "metadata": {
        "name": str,
        "generateName": str,
        "namespace": str,
        "labels": _STRINGS,
        "annotations": _STRINGS,
    },
    "spec": {
        "podSelector": _SELECTOR,
        "policyTypes": [str],
        "ingress": [{"from": [_PEER], "ports": _PORTS}],
        "egress": [{"to": [_PEER], "ports": _PORTS}],
    },
}


def is_policy(document: Mapping[str, Any]) -> bool:
    """Whether an object is a NetworkPolicy of networking.k8s.io/v1, the kind that these rules are about."""
    return document.get("kind") == "NetworkPolicy" and document.get("apiVersion") == "networking.k8s.io/v1"


def findings(document: Mapping[str, Any]) -> list[Finding]:
    """Return everything the API server would refuse in `document`: path, what is wrong, what to do."""
    if not is_policy(document):
        return []
    policy, mistyped = fit(document, _POLICY)
    wrong = [path for path, _, _ in mistyped]
    rules = (*_metadata(policy.get("metadata", {})), *_spec(policy.get("spec", {})))
    # A value of the wrong type was left out: what its absence breaks above or below it is no second problem.
    return mistyped + [rule for rule in rules if not any(_related(rule[0], path) for path in wrong)]


def ineffective(document: Mapping[str, Any]) -> list[Finding]:
    """Return the rules that the API server accepts but that do nothing: of a direction not in policyTypes."""
    if not is_policy(document):
        return []
    spec = fit(document, _POLICY)[0].get("spec", {})
    types = spec.get("policyTypes") or ["Ingress", "Egress"]
    idle = [key for key in ("ingress", "egress") if spec.get(key) and key.capitalize() not in types]
    what = "has no effect, policyTypes does not hold"
    return [(("spec", key), f"{what} {key.capitalize()}", "add it to policyTypes, or remove the rules") for key in idle]


def problems(document: Mapping[str, Any], where: str = "") -> list[Problem]:
    """Return `findings` as problems; `where` names the object, by default `NetworkPolicy/<its name>`."""
    return as_problems(findings(document), where or name_of(document))


def as_problems(found: Iterable[Finding], where: str) -> list[Problem]:
    """Return findings as problems of the object that `where` names."""
    return [Problem(f"{where} {dotted(path)}", what, next_step, "api") for path, what, next_step in found]


def name_of(document: Mapping[str, Any]) -> str:
    """Return how messages name an object: `Kind/name`, odd characters escaped."""
    metadata = document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    parts = (document.get("kind"), name)
    shown = (part if isinstance(part, str) and _PLAIN.fullmatch(part) else quoted(part) for part in parts)
    return "/".join(text for text in shown if text != "null")


def _related(one: Path, other: Path) -> bool:
    """Whether one path lies above or below the other, or is the same."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _metadata(metadata: dict[str, Any]) -> Iterator[Finding]:
    """Check names, labels and annotations (ObjectMeta)."""
    name = metadata.get("name", "")
    if not name and not metadata.get("generateName"):
        yield ("metadata", "name"), "is missing", "give the object a name"
    elif name and not is_subdomain(name):
        next_step = "use lower-case letters, digits, - and ., at most 253 characters"
        yield ("metadata", "name"), f"{quoted(name)} is no object name", next_step
    namespace = metadata.get("namespace", "")
    if namespace and not is_dns_label(namespace):
        next_step = "use lower-case letters, digits and -, at most 63 characters"
        yield ("metadata", "namespace"), f"{quoted(namespace)} is no namespace name", next_step
    yield from _labels(metadata.get("labels", {}), ("metadata", "labels"))
    annotations = metadata.get("annotations", {})
    for key in annotations:
        yield from _key(key.lower(), ("metadata", "annotations", key))
    size = sum(len(text.encode(errors="replace")) for pair in annotations.items() for text in pair)
    if size > _LARGEST_ANNOTATIONS:
        what = f"has {size} bytes of keys and values, more than {_LARGEST_ANNOTATIONS}"
        yield ("metadata", "annotations"), what, "shorten them"


def _spec(spec: dict[str, Any]) -> Iterator[Finding]:
    """Check a NetworkPolicySpec."""
    yield from _selector(spec.get("podSelector", {}), ("spec", "podSelector"))
    types = spec.get("policyTypes", [])
    if len(types) > 2:  # noqa: PLR2004 - there are two
        yield ("spec", "policyTypes"), f"has {len(types)} entries", "name Ingress and Egress at most once each"
    for index, kind in enumerate(types):
        if kind not in ("Ingress", "Egress"):
            yield ("spec", "policyTypes", index), f"{quoted(kind)} is no policy type", "use Ingress or Egress"
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction, [])):
            at: Path = ("spec", direction, index)
            for number, port in enumerate(rule.get("ports", [])):
                yield from _port(port, (*at, "ports", number))
            for number, peer in enumerate(rule.get(side, [])):
                yield from _peer(peer, (*at, side, number))


def _port(port: dict[str, Any], at: Path) -> Iterator[Finding]:
    """Check a NetworkPolicyPort."""
    protocol = port.get("protocol", "TCP")
    if protocol not in ("TCP", "UDP", "SCTP"):
        yield (*at, "protocol"), f"{quoted(protocol)} is no protocol", "use TCP, UDP or SCTP"
    first, last = port.get("port"), port.get("endPort")
    if isinstance(first, int) and not 1 <= first <= _LAST_PORT:
        yield (*at, "port"), f"{first} is no port", "use 1 to 65535"
    if isinstance(first, str) and not _PORT_NAME.fullmatch(first):
        hint = "write a number without quotes" if first.isdecimal() else "use a container port's name"
        yield (
            (*at, "port"),
            f"{quoted(first)} is no port name",
            f"{hint} (1 to 15 of a-z, 0-9 and -, one letter at least)",
        )
    if last is None:
        return
    if first is None:
        yield (*at, "endPort"), "has no port to begin at", "set port, or remove endPort"
    elif isinstance(first, str):
        yield (*at, "endPort"), "cannot follow a named port", "write port as a number, or remove endPort"
    elif last < first:
        yield (*at, "endPort"), f"{last} is below port {first}", "set it to the last port of the range"
    if not 1 <= last <= _LAST_PORT:
        yield (*at, "endPort"), f"{last} is no port", "use 1 to 65535"


def _peer(peer: dict[str, Any], at: Path) -> Iterator[Finding]:
    """Check a NetworkPolicyPeer."""
    selectors = [key for key in ("podSelector", "namespaceSelector") if key in peer]
    if not selectors and "ipBlock" not in peer:
        yield at, "names no peer", "set podSelector, namespaceSelector or ipBlock"
    elif selectors and "ipBlock" in peer:
        yield at, f"has ipBlock together with {' and '.join(selectors)}", "make them entries of their own"
    for key in selectors:
        yield from _selector(peer[key], (*at, key))
    if "ipBlock" in peer:
        yield from _ip_block(peer["ipBlock"], (*at, "ipBlock"))


def _ip_block(block: dict[str, Any], at: Path) -> Iterator[Finding]:
    """Check an IPBlock: every `except` has to lie strictly inside `cidr`."""
    cidr = block.get("cidr", "")
    if not cidr:
        yield (*at, "cidr"), "is missing", "write one, like 10.0.0.0/8 or 2001:db8::/32"
    outer = (yield from _network(cidr, (*at, "cidr"))) if cidr else None
    for index, text in enumerate(block.get("except", [])):
        inner = yield from _network(text, (*at, "except", index))
        if outer and inner and not inside(inner, outer):
            what = f"{inner} is not strictly inside cidr {outer}"
            yield (*at, "except", index), what, "remove it or widen cidr"


def _network(text: str, at: Path) -> Generator[Finding, None, Network | None]:
    """Check a CIDR and return it; None when it is none."""
    try:
        return parse(text)
    except BadCidr as bad:
        yield at, bad.what, bad.next
        return None


def _selector(selector: dict[str, Any], at: Path) -> Iterator[Finding]:
    """Check a LabelSelector."""
    yield from _labels(selector.get("matchLabels", {}), (*at, "matchLabels"))
    for index, expression in enumerate(selector.get("matchExpressions", [])):
        yield from _expression(expression, (*at, "matchExpressions", index))


def _expression(expression: dict[str, Any], at: Path) -> Iterator[Finding]:
    """Check a LabelSelectorRequirement."""
    operator, values = expression.get("operator", ""), expression.get("values", [])
    if operator in ("In", "NotIn") and not values:
        yield (*at, "values"), f"is missing, {operator} needs it", "list at least one value"
    elif operator in ("Exists", "DoesNotExist") and values:
        yield (*at, "values"), f"cannot stand beside {operator}", "remove it, or use In or NotIn"
    elif operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
        next_step = "use In, NotIn, Exists or DoesNotExist"
        yield (*at, "operator"), f"{quoted(operator)} is no operator", next_step
    yield from _key(expression.get("key", ""), (*at, "key"))
    for index, value in enumerate(values):
        yield from _label_value(value, (*at, "values", index))


def _labels(labels: dict[str, str], at: Path) -> Iterator[Finding]:
    """Check the keys and values of labels."""
    for key, value in labels.items():
        yield from _key(key, (*at, key))
        yield from _label_value(value, (*at, key))


def _key(key: str, at: Path) -> Iterator[Finding]:
    """Check the key of a label or annotation."""
    if not is_key(key):
        yield at, f"{quoted(key)} is no key", KEY_RULE


def _label_value(value: str, at: Path) -> Iterator[Finding]:
    """Check the value of a label."""
    if not is_value(value):
        yield at, f"{quoted(value)} is no label value", VALUE_RULE
