"""What is wrong with a cluster-scoped policy: the limits and rules in CEL of its CRD, and what nobody can follow.

Sources: the CRDs of policy.networking.k8s.io (sigs.k8s.io/network-policy-api v0.1.7: AdminNetworkPolicy and
BaselineAdminNetworkPolicy v1alpha1; v0.3.0: ClusterNetworkPolicy v1alpha2 and v1beta1, which differ in nothing else),
and the comments on their types. In a custom resource the API server does not look into label selectors, protocols and
names of ports, and v1alpha1 does not compare the ends of a range: these are refused here because no network plugin can
follow them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vcluster_isolation.check.object_rules import METADATA, SELECTOR, beside_mistyped, metadata_rules, selector_rules
from vcluster_isolation.check.tier_port_rules import V1ALPHA1, V1ALPHA2, Ports, exactly_one
from vcluster_isolation.kubernetes.cidr import BadCidr, parse
from vcluster_isolation.kubernetes.shapes import Path, ShapeProblem, fit
from vcluster_isolation.wording import quoted

_GROUP: Final = "policy.networking.k8s.io"
_LAST_PRIORITY: Final = 1000
_LAST_OF_OVN_KUBERNETES: Final = 99
_LONGEST_NAME: Final = 100
_LONGEST_CIDR: Final = 43
_MOST_NETWORKS: Final = 25
_SIDES: Final = (("ingress", "from"), ("egress", "to"))

_PODS = {"namespaces": SELECTOR, "pods": {"namespaceSelector": SELECTOR, "podSelector": SELECTOR}}
_PEER = {**_PODS, "nodes": SELECTOR, "networks": [str], "domainNames": [str]}
_NAMELESS = ("networks", "nodes", "domainNames")
_EXPERIMENTAL = ("nodes", "domainNames")


@dataclass(frozen=True, slots=True)
class _Kind:
    """What one kind has: actions, how many of anything, how ports are written, and its own fields of the spec.

    `host_bits` says that CIDRs may have bits set beyond their prefix length, as they could until v0.2.0.
    """

    actions: tuple[str, ...]
    most: int
    ports: Ports
    tier: bool = False
    priority: bool = True
    host_bits: bool = False

    def shape(self) -> dict[str, Any]:
        """Return the JSON types of the fields that are looked at."""
        rule = {"name": str, "action": str, self.ports.field: [self.ports.shape]}
        sides = {"ingress": [{**rule, "from": [_PODS]}], "egress": [{**rule, "to": [_PEER]}]}
        return {"metadata": METADATA, "spec": {"tier": str, "priority": int, "subject": _PODS, **sides}}


_CLUSTER: Final = _Kind(("Accept", "Deny", "Pass"), 25, V1ALPHA2, tier=True)
_KINDS: Final = {
    (f"{_GROUP}/v1alpha1", "AdminNetworkPolicy"): _Kind(("Allow", "Deny", "Pass"), 100, V1ALPHA1, host_bits=True),
    (f"{_GROUP}/v1alpha1", "BaselineAdminNetworkPolicy"): _Kind(
        ("Allow", "Deny"), 100, V1ALPHA1, priority=False, host_bits=True
    ),
    (f"{_GROUP}/v1alpha2", "ClusterNetworkPolicy"): _CLUSTER,
    (f"{_GROUP}/v1beta1", "ClusterNetworkPolicy"): _CLUSTER,
}


def is_tier(document: Mapping[str, Any]) -> bool:
    """Whether an object is a cluster-scoped policy of a kind and version that these rules are about."""
    return (document.get("apiVersion"), document.get("kind")) in tuple(_KINDS)  # they may be anything, even unhashable


def findings(document: Mapping[str, Any]) -> list[ShapeProblem]:
    """Return everything that is wrong with an object that `is_tier`: path, what is wrong, what to do."""
    kind = _KINDS[document["apiVersion"], document["kind"]]
    policy, mistyped = fit(document, kind.shape())
    metadata = policy.get("metadata", {})
    rules = [*metadata_rules(metadata), *_spec(policy.get("spec", {}), kind)]
    if not kind.priority and metadata.get("name") != "default":
        rules.append((("metadata", "name"), "is not default", "call it default: a cluster has one such policy"))
    return beside_mistyped(rules, mistyped)


def experimental(document: Mapping[str, Any]) -> list[ShapeProblem]:
    """Return the fields of an object that `is_tier` which only the experimental channel has: others drop them."""
    kind = _KINDS[document["apiVersion"], document["kind"]]
    what = "is of the experimental channel: the standard CRD does not have it"
    next_step = "install the experimental CRD"
    spec = fit(document, kind.shape())[0].get("spec", {})
    return [
        ((*at, key), what, next_step)
        for at, item in _items(spec, kind)
        for key in (*_EXPERIMENTAL, *kind.ports.experimental)
        if key in item
    ]


def unenforced(document: Mapping[str, Any]) -> list[ShapeProblem]:
    """Return why OVN-Kubernetes, the plugin of AdminNetworkPolicy, enforces nothing of an object that `is_tier`."""
    if document["kind"] != "AdminNetworkPolicy":
        return []
    kind = _KINDS[document["apiVersion"], document["kind"]]
    priority = fit(document, kind.shape())[0].get("spec", {}).get("priority", 0)
    if priority <= _LAST_OF_OVN_KUBERNETES:
        return []
    what = f"is above {_LAST_OF_OVN_KUBERNETES}: OVN-Kubernetes does not enforce the policy"
    return [(("spec", "priority"), what, f"use 0 to {_LAST_OF_OVN_KUBERNETES}")]


def _items(spec: dict[str, Any], kind: _Kind) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield each peer and each port of each rule, with its place."""
    for direction, side in _SIDES:
        for index, rule in enumerate(spec.get(direction, [])):
            for field in (side, kind.ports.field):
                at: Path = ("spec", direction, index, field)
                yield from (((*at, number), item) for number, item in enumerate(rule.get(field, [])))


def _spec(spec: dict[str, Any], kind: _Kind) -> Iterator[ShapeProblem]:
    """Check a spec."""
    if kind.tier and spec.get("tier") not in ("Admin", "Baseline"):
        yield ("spec", "tier"), _missing(spec.get("tier"), "a tier"), "use Admin or Baseline"
    if kind.priority and not 0 <= spec.get("priority", -1) <= _LAST_PRIORITY:
        yield ("spec", "priority"), _missing(spec.get("priority"), "a priority"), f"use 0 to {_LAST_PRIORITY}"
    yield from _pods(spec.get("subject", {}), ("spec", "subject"), tuple(_PODS))
    for direction, side in _SIDES:
        rules = spec.get(direction, [])
        yield from _at_most(rules, kind.most, "rules", ("spec", direction))
        for index, rule in enumerate(rules):
            yield from _rule(rule, kind, side, ("spec", direction, index))


def _rule(rule: dict[str, Any], kind: _Kind, side: str, at: Path) -> Iterator[ShapeProblem]:
    """Check a rule."""
    name, action, field = rule.get("name", ""), rule.get("action"), kind.ports.field
    if len(name) > _LONGEST_NAME:
        yield (*at, "name"), f"has {len(name)} characters, more than {_LONGEST_NAME}", "shorten it"
    if action not in kind.actions:
        *first, last = kind.actions
        yield (*at, "action"), _missing(action, "an action"), f"use {', '.join(first)} or {last}"
    peers, ports = rule.get(side, []), rule.get(field)
    if not peers:
        yield (*at, side), "names no peer", "list one at least; `namespaces: {}` is all pods"
    yield from _at_most(peers, kind.most, "peers", (*at, side))
    for number, peer in enumerate(peers):
        yield from _peer(peer, kind, (*at, side, number), tuple(_PEER if side == "to" else _PODS))
    if ports is None:
        return
    if not ports:
        yield (*at, field), "is empty", "leave it out for every port"
    yield from _at_most(ports, kind.most, "entries", (*at, field))
    for number, port in enumerate(ports):
        yield from kind.ports.rules(port, (*at, field, number))
    if any(kind.ports.name in port for port in ports) and any(key in peer for peer in peers for key in _NAMELESS):
        what = f"has {kind.ports.name} beside networks, nodes or domainNames, whose ports have no names"
        yield at, what, "make them rules of their own"


def _peer(peer: dict[str, Any], kind: _Kind, at: Path, fields: tuple[str, ...]) -> Iterator[ShapeProblem]:
    """Check a peer."""
    yield from _pods(peer, at, fields)
    if "nodes" in peer:
        yield from selector_rules(peer["nodes"], (*at, "nodes"))
    for field in ("networks", "domainNames"):
        if field not in peer:
            continue
        values = peer[field]
        if not values:
            yield (*at, field), "is empty", "list one at least"
        yield from _at_most(values, _MOST_NETWORKS, "entries", (*at, field))
        if twice := next((one for number, one in enumerate(values) if one in values[:number]), None):
            yield (*at, field), f"has {quoted(twice)} twice", "remove one"
    for number, text in enumerate(peer.get("networks", [])):
        yield from _network(text, kind, (*at, "networks", number))


def _pods(value: dict[str, Any], at: Path, fields: tuple[str, ...]) -> Iterator[ShapeProblem]:
    """Check a subject, or that a peer is one thing only; and the selectors of pods in it."""
    yield from exactly_one(value, fields, at)
    if "namespaces" in value:
        yield from selector_rules(value["namespaces"], (*at, "namespaces"))
    for key, selector in value.get("pods", {}).items():
        yield from selector_rules(selector, (*at, "pods", key))


def _network(text: str, kind: _Kind, at: Path) -> Iterator[ShapeProblem]:
    """Check a CIDR: isCIDR lets bits beyond the prefix length through, and `cidr(self).masked()` does not."""
    try:
        parse(text, host_bits=kind.host_bits)
    except BadCidr as bad:
        yield at, bad.what, bad.next
    else:
        if len(text) > _LONGEST_CIDR:
            yield at, f"has {len(text)} characters, more than {_LONGEST_CIDR}", "shorten it"


def _at_most(values: list[Any], most: int, what: str, at: Path) -> Iterator[ShapeProblem]:
    """Check how many of something there are."""
    if len(values) > most:
        yield at, f"has {len(values)} {what}, more than {most}", "remove some"


def _missing(value: Any, what: str) -> str:
    """Return what is wrong with a word or a number that has to be one of some."""
    return "is missing" if value is None else f"{quoted(value)} is not {what}"
