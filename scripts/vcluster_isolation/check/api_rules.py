"""What the Kubernetes API server refuses in a NetworkPolicy although every JSON schema accepts it.

The rules of networking.k8s.io/v1 as Kubernetes 1.36 applies them to a new object (Kubernetes API reference:
NetworkPolicy, LabelSelector, ObjectMeta; strict IP and CIDR validation, KEP-4858). Cluster-scoped policies are judged
by `tier_rules.py`; objects of other kinds have no problems here.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Any

from vcluster_isolation.check import tier_rules
from vcluster_isolation.check.object_rules import (
    LAST_PORT,
    METADATA,
    PORT_NAME,
    PROTOCOLS,
    SELECTOR,
    beside_mistyped,
    metadata_rules,
    selector_rules,
)
from vcluster_isolation.errors import Problem
from vcluster_isolation.kubernetes.cidr import BadCidr, Network, inside, parse
from vcluster_isolation.kubernetes.names import name_of
from vcluster_isolation.kubernetes.shapes import Path, ShapeProblem, fit
from vcluster_isolation.wording import dotted, quoted

_PEER = {
    "podSelector": SELECTOR,
    "namespaceSelector": SELECTOR,
    "ipBlock": {"cidr": str, "except": [str]},
}
_PORTS = [{"protocol": str, "port": (int, str), "endPort": int}]
_POLICY = {
    "metadata": METADATA,
    "spec": {
        "podSelector": SELECTOR,
        "policyTypes": [str],
        "ingress": [{"from": [_PEER], "ports": _PORTS}],
        "egress": [{"to": [_PEER], "ports": _PORTS}],
    },
}


def is_policy(document: Mapping[str, Any]) -> bool:
    """Whether an object is a NetworkPolicy of networking.k8s.io/v1, the kind that these rules are about."""
    return document.get("kind") == "NetworkPolicy" and document.get("apiVersion") == "networking.k8s.io/v1"


def findings(document: Mapping[str, Any]) -> list[ShapeProblem]:
    """Return everything the API server would refuse in `document`: path, what is wrong, what to do."""
    if tier_rules.is_tier(document):
        return tier_rules.findings(document)
    if not is_policy(document):
        return []
    policy, mistyped = fit(document, _POLICY)
    rules = (*metadata_rules(policy.get("metadata", {})), *_spec(policy.get("spec", {})))
    return beside_mistyped(rules, mistyped)


def ineffective(document: Mapping[str, Any]) -> list[ShapeProblem]:
    """Return what the API server accepts but may do nothing.

    That are rules of a direction that is not in policyTypes, and in a cluster-scoped policy fields of the experimental
    channel and a priority that its plugin does not take.
    """
    if tier_rules.is_tier(document):
        return [*tier_rules.unenforced(document), *tier_rules.experimental(document)]
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


def as_problems(found: Iterable[ShapeProblem], where: str) -> list[Problem]:
    """Return findings as problems of the object that `where` names."""
    return [Problem(f"{where} {dotted(path)}", what, next_step, "api") for path, what, next_step in found]


def _spec(spec: dict[str, Any]) -> Iterator[ShapeProblem]:
    """Check a NetworkPolicySpec."""
    yield from selector_rules(spec.get("podSelector", {}), ("spec", "podSelector"))
    types = spec.get("policyTypes", [])
    if len(types) > 2:  # noqa: PLR2004 - there are two
        yield ("spec", "policyTypes"), f"has {len(types)} entries", "name Ingress and Egress at most once each"
    for index, kind in enumerate(types):
        if kind not in ("Ingress", "Egress"):
            yield ("spec", "policyTypes", index), f"{quoted(kind)} is not a policy type", "use Ingress or Egress"
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction, [])):
            at: Path = ("spec", direction, index)
            for number, port in enumerate(rule.get("ports", [])):
                yield from _port(port, (*at, "ports", number))
            for number, peer in enumerate(rule.get(side, [])):
                yield from _peer(peer, (*at, side, number))


def _port(port: dict[str, Any], at: Path) -> Iterator[ShapeProblem]:
    """Check a NetworkPolicyPort."""
    protocol = port.get("protocol", "TCP")
    if protocol not in PROTOCOLS:
        yield (*at, "protocol"), f"{quoted(protocol)} is not a protocol", "use TCP, UDP or SCTP"
    first, last = port.get("port"), port.get("endPort")
    if isinstance(first, int) and not 1 <= first <= LAST_PORT:
        yield (*at, "port"), f"{first} is not a valid port number", "use 1 to 65535"
    if isinstance(first, str) and not PORT_NAME.fullmatch(first):
        hint = "write a number without quotes" if first.isdecimal() else "use a container port's name"
        yield (
            (*at, "port"),
            f"{quoted(first)} is not a valid port name",
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
    if not 1 <= last <= LAST_PORT:
        yield (*at, "endPort"), f"{last} is not a valid port number", "use 1 to 65535"


def _peer(peer: dict[str, Any], at: Path) -> Iterator[ShapeProblem]:
    """Check a NetworkPolicyPeer."""
    selectors = [key for key in ("podSelector", "namespaceSelector") if key in peer]
    if not selectors and "ipBlock" not in peer:
        yield at, "names no peer", "set podSelector, namespaceSelector or ipBlock"
    elif selectors and "ipBlock" in peer:
        yield at, f"has ipBlock together with {' and '.join(selectors)}", "make them entries of their own"
    for key in selectors:
        yield from selector_rules(peer[key], (*at, key))
    if "ipBlock" in peer:
        yield from _ip_block(peer["ipBlock"], (*at, "ipBlock"))


def _ip_block(block: dict[str, Any], at: Path) -> Iterator[ShapeProblem]:
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


def _network(text: str, at: Path) -> Generator[ShapeProblem, None, Network | None]:
    """Check a CIDR and return it; None when it is none."""
    try:
        return parse(text)
    except BadCidr as bad:
        yield at, bad.what, bad.next
        return None
