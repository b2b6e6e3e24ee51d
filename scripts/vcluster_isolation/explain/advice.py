"""What is missing where a flow is denied: a rule for the side that denies it, as values of our chart where those do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from vcluster_isolation.connectivity.connectivity import NamedEndpoint
from vcluster_isolation.explain.named_grants import Wanted, values_of
from vcluster_isolation.explain.partly import Lack
from vcluster_isolation.netpol.objects.model import EGRESS, NAME_LABEL, Origin, Pod
from vcluster_isolation.netpol.objects.verdict import Side
from vcluster_isolation.netpol.sets.addresses import AddressSet
from vcluster_isolation.netpol.sets.ports import ALL, PROTOCOLS, PortSet
from vcluster_isolation.netpol.sets.ports import union_of as union_of_ports
from vcluster_isolation.netpol.words import shorten
from vcluster_isolation.netpol.words.naming import policy_of, rule_of
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.vcluster.policy_names import (
    CONTROL_PLANE,
    COREDNS,
    FLOOR,
    SNAPSHOTS,
    WORKLOADS,
    by_name,
    recognise,
)
from vcluster_isolation.worlds.mentioned import kind_labels

ADDRESS: Final = "192.0.2.1/32"
"""Stands for an address that nobody knows here; documentation range, RFC 5737."""

_MOST: Final = 25
"""So many peers may a rule of a ClusterNetworkPolicy have, to which the floor passes rules on."""

_IN_VALUES: Final = "in the values of vCluster "
_SECTIONS: Final = {COREDNS: "coredns", CONTROL_PLANE: "controlPlane", WORKLOADS: "workload", SNAPSHOTS: "snapshots"}
"""The policies that have rules of the user's own, and under which key; a CoreDNS is a workload as well."""


@dataclass(frozen=True, slots=True)
class Missing:
    """What would let a flow through one side: `yaml`, and in words `where` it belongs.

    Without `yaml` no rule of a NetworkPolicy would, and `where` says what is in the way.
    """

    side: str
    where: str
    yaml: str


def missing(side: Side, ends: tuple[NamedEndpoint, NamedEndpoint], lacks: Sequence[Lack], subject: Subject) -> Missing:
    """Return what would let a flow through a side that lacks ports at some addresses, and nothing beyond that."""
    end, other = ends if side.direction == EGRESS else (ends[1], ends[0])
    home = end.end.namespace.name if isinstance(end.end, Pod) else ""
    key = "to" if side.direction == EGRESS else "from"
    rules: list[dict[str, Any]] = []
    for lack in _by_peer(other, lacks):
        ports = {} if lack.ports == ALL else {"ports": list(_ports(lack.ports))}
        peers = list(_peers(other, lack.addresses, home, plain=bool(side.tiers)))
        rules += [{key: peers[at : at + _MOST], **ports} for at in range(0, len(peers), _MOST)]
    section, name = _section(side, subject.name)
    if section:
        values: dict[str, Any] = {
            "policies": {"networkPolicy": _values(Wanted(section, name, side.direction, rules, other, subject))}
        }
        for key in reversed(subject.below if name == subject.name else ()):
            values = {key: values}
        return _missing(side, f"{_IN_VALUES}{name}", values)
    labels = dict(sorted(_identity(end)))
    spec = {"podSelector": {"matchLabels": labels} if labels else {}, "policyTypes": [side.direction]}
    where = f"in a further NetworkPolicy in namespace {home}"
    return _missing(side, where, {"spec": {**spec, side.direction.lower(): rules}})


def _by_peer(other: NamedEndpoint, lacks: Sequence[Lack]) -> Iterator[Lack]:
    """Yield what is lacking; a pod is selected by its labels, whatever its address is, and so is one peer."""
    if isinstance(other.end, Pod):
        yield Lack(union_of_ports(lack.ports for lack in lacks), other.end.addresses)
    else:
        yield from lacks


def in_the_way(side: Side, origin: Origin) -> Missing:
    """Return that a rule of a cluster-scoped policy denies a flow, whatever NetworkPolicies let through."""
    rule = f"{policy_of(origin, ())} {rule_of(origin)}"
    return Missing(
        side.direction.lower(), f"{rule} is in the way: what it denies, no NetworkPolicy opens; change it", ""
    )


def is_passed_on(origin: Origin, rule: Missing) -> bool:
    """Return whether a Deny rule is that of the floor which a vCluster's values render, and passes its rules on."""
    name = rule.where.partition(_IN_VALUES)[2].split(",")[0]
    floor = by_name(origin.policy)
    return bool(name) and floor is not None and (floor.role, floor.vcluster) == (FLOOR, name)


def _missing(side: Side, where: str, content: dict[str, Any]) -> Missing:
    unknown = f"cidr: {ADDRESS}\n" in yaml.safe_dump(content)
    where += f", with the real address instead of {ADDRESS}" if unknown else ""
    return Missing(side.direction.lower(), where, yaml.safe_dump(content, sort_keys=False))


def _section(side: Side, ours: str) -> tuple[str, str]:
    """Return under which key a vCluster's values have rules for a side, and the vCluster's name; empty: nowhere.

    Of several vClusters whose policies select the same pods, the one that it is about.
    """
    known = [one for one in map(recognise, side.policies) if one]
    for role, section in _SECTIONS.items():
        names = [one.vcluster for one in known if one.role == role]
        if names:
            return section, ours if ours in names else names[0]
    return "", ""


def _values(wanted: Wanted) -> dict[str, Any]:
    """Return values under policies.networkPolicy: a named grant where there is one, or else rules."""
    closed = wanted.section == "controlPlane" and "platform.enabled" in wanted.subject.changed
    if closed and ("app", "loft") in _identity(wanted.other):
        return {"platform": {"enabled": True}}
    return values_of(wanted)


def _peers(other: NamedEndpoint, addresses: AddressSet, home: str, *, plain: bool) -> Iterator[dict[str, Any]]:
    """Yield the peers that are the other end, for a policy in the namespace `home`.

    `plain` ipBlocks are without exceptions: cluster-scoped policies, to which the floor passes rules on, know none.
    """
    if not isinstance(other.end, Pod):
        known = addresses if other.actor.addresses else other.actor.addresses
        yield from ({"ipBlock": block} for block in _blocks(known, plain=plain))
        return
    labels = dict(sorted(_identity(other)))
    peer: dict[str, Any] = {"podSelector": {"matchLabels": labels} if labels else {}}
    space = other.end.namespace.name
    if space != home:
        peer = {"namespaceSelector": {"matchLabels": {NAME_LABEL: space}}, **peer}
    yield peer


def _identity(end: NamedEndpoint) -> frozenset[tuple[str, str]]:
    """Return the labels that make a pod what it is; none for addresses."""
    kind = re.split(r"[ /]", end.actor.name.partition(" in ")[0])[-1]
    return kind_labels(kind, end.end) if isinstance(end.end, Pod) else frozenset()


def _blocks(addresses: AddressSet, *, plain: bool) -> Iterator[dict[str, Any]]:
    """Yield ipBlocks that are these addresses together."""
    if plain:
        yield from ({"cidr": cidr} for cidr in addresses.cidrs() or [ADDRESS])
        return
    for family in addresses.families():
        cover, _, rest = shorten.addresses(addresses.only(family)).partition(" except ")
        for cidr in cover.split(", "):
            yield {"cidr": cidr, "except": rest.split(", ")} if rest else {"cidr": cidr}
    if not addresses:
        yield {"cidr": ADDRESS}


def _ports(asked: PortSet) -> Iterator[dict[str, Any]]:
    """Yield ports as a rule has them."""
    for protocol in PROTOCOLS:
        for first, last in asked.of_protocol(protocol):
            yield {"port": first, "protocol": protocol} | ({"endPort": last} if last > first else {})
