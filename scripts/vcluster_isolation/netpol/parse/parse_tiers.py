"""A manifest of a cluster-scoped policy becomes a `TierPolicy`; everything that has no clear meaning is refused.

Sources: the types of policy.networking.k8s.io and what their CRDs refuse: v1alpha1 (sigs.k8s.io/network-policy-api
v0.1.7), v1alpha2 and v1beta1 (v0.3.0, which has one schema for both), experimental fields included; and the CRD of
ClusterNetworkPolicy of networking.k8s.aws/v1alpha1 (aws/amazon-network-policy-controller-k8s). A field that is not
known here may restrict what the rule is about: "an unknown field [...] should fail closed", so its policy is refused.
Null is the same as a missing field. Limits on lengths are not looked at: they change no meaning.

Two things in the kind of AWS cannot be judged, and are refused: a named port (the controller resolves it at the pods of
one of the subject's namespaces, for all of them), and bits of a CIDR beyond its prefix length (the CRD takes them, and
agents differ in what they make of them).

A policy may be there and enforced nowhere. OVN-Kubernetes, the plugin of AdminNetworkPolicy, takes priorities up to 99
of 1000 ("OVNK only supports priority ranges 0-99"), and says in the conditions `Ready-In-Zone-NAME`, or `Ready`, what
it did not take. Such a policy is kept, and is not `enforced`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any, Final

from vcluster_isolation.errors import Problem
from vcluster_isolation.netpol.objects.fields import mapping, note, only, sequence, shown
from vcluster_isolation.netpol.objects.model import EGRESS, INGRESS, IPBlock, Origin, Peer
from vcluster_isolation.netpol.objects.tiers import ADMIN, ALLOW, BASELINE, DENY, PASS, TIERS, TierPolicy, TierRule
from vcluster_isolation.netpol.parse.parse_policy import PEERS, domains, network, parse_selector
from vcluster_isolation.netpol.parse.parse_tier_ports import PortReader, port_of_aws, port_of_v1alpha1, port_of_v1alpha2
from vcluster_isolation.netpol.sets.addresses import AddressSet, union_of
from vcluster_isolation.netpol.sets.ports import ALL, NONE, PortSet

_GROUP: Final = "policy.networking.k8s.io"
_AWS: Final = "networking.k8s.aws"
_LAST_PRIORITY: Final = 1000
_LAST_OF_OVN_KUBERNETES: Final = 99
_READY: Final = re.compile(r"Ready(-In-Zone-.*)?")
_DOMAINS: Final = "domainNames"
_LEADING_ZERO: Final = re.compile(r"(?:^|\.)0[0-9][^:]*/|/0[0-9]")
"""A number with a leading zero in an IPv4 address or in a prefix length; groups of an IPv6 address may have some."""
_EGRESS_ONLY: Final = ("nodes", "networks", _DOMAINS)


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one kind says things: its tier (empty: in the field `tier`), whether it has a priority, and its words.

    `name` is what the kind is called in reports, with its group where another group has a kind of that name; `egress`
    are its peers that only egress rules have; `canonical` says that the bits of a CIDR beyond its prefix length must
    be zero; `last` is the last priority that is enforced; `unordered` is that of `TierPolicy`.
    """

    name: str
    tier: str
    actions: Mapping[str, str]
    ports: str
    port: PortReader
    ranked: bool = True
    egress: tuple[str, ...] = _EGRESS_ONLY
    canonical: bool = True
    unordered: bool = False
    last: int = _LAST_PRIORITY


_ALLOW_OR_DENY = {"Allow": ALLOW, "Deny": DENY}
_ACCEPT = {"Accept": ALLOW, "Deny": DENY, "Pass": PASS}
_ADMIN = _Kind(
    "AdminNetworkPolicy",
    ADMIN,
    {**_ALLOW_OR_DENY, "Pass": PASS},
    "ports",
    port_of_v1alpha1,
    canonical=False,
    last=_LAST_OF_OVN_KUBERNETES,
)
_BASELINE = _Kind(
    "BaselineAdminNetworkPolicy",
    BASELINE,
    _ALLOW_OR_DENY,
    "ports",
    port_of_v1alpha1,
    ranked=False,
    egress=("nodes", "networks"),
    canonical=False,
)
_CLUSTER = _Kind("ClusterNetworkPolicy", "", _ACCEPT, "protocols", port_of_v1alpha2)
_CLUSTER_OF_AWS = _Kind(
    f"ClusterNetworkPolicy.{_AWS}",
    "",
    _ACCEPT,
    "ports",
    port_of_aws,
    egress=("networks", _DOMAINS),
    unordered=True,
)
_KINDS: Final = {
    (f"{_GROUP}/v1alpha1", "AdminNetworkPolicy"): _ADMIN,
    (f"{_GROUP}/v1alpha1", "BaselineAdminNetworkPolicy"): _BASELINE,
    (f"{_GROUP}/v1alpha2", "ClusterNetworkPolicy"): _CLUSTER,
    (f"{_GROUP}/v1beta1", "ClusterNetworkPolicy"): _CLUSTER,
    (f"{_AWS}/v1alpha1", "ClusterNetworkPolicy"): _CLUSTER_OF_AWS,
}
TIER_KINDS: Final = frozenset(_KINDS)
"""The (apiVersion, kind) of what is read here."""


def parse_tier(  # noqa: PLR0913, PLR0917 - what an object is made of, and where problems go
    kind: tuple[str, str], spec: Any, name: str, where: str, problems: list[Problem], status: Any = None
) -> TierPolicy:
    """Return the policy of one of `TIER_KINDS` with this `spec`; it is to be used only if no problem was added.

    `status` is what plugins said of it, if they did.

    There is one BaselineAdminNetworkPolicy in a cluster, and it has no priority: here it has 0.
    """
    words = _KINDS[kind]
    spec = mapping(spec, where, problems)
    known = (*(() if words.tier else ("tier",)), *(("priority",) if words.ranked else ()))
    only(spec, (*known, "subject", "ingress", "egress"), where, problems)
    tier = words.tier or _tier(spec.get("tier"), f"{where}.tier", problems)
    priority = _priority(spec.get("priority"), f"{where}.priority", problems) if words.ranked else 0
    subject = _subject(spec.get("subject"), f"{where}.subject", problems)
    ingress, egress = (
        _rules(spec, words, Origin("", name, way, 0, words.name), where, problems) for way in (INGRESS, EGRESS)
    )
    enforced = priority <= words.last and not _is_refused(status)
    return TierPolicy(words.name, name, tier, priority, subject, ingress, egress, words.unordered, enforced)


def _is_refused(status: Any) -> bool:
    """Return whether a plugin says in a status that it does not enforce a policy, in one zone at least."""
    conditions = status.get("conditions") if isinstance(status, dict) else None
    return any(
        isinstance(one, dict) and _READY.fullmatch(str(one.get("type"))) is not None and one.get("status") == "False"
        for one in (conditions if isinstance(conditions, list) else ())
    )


def _tier(value: Any, where: str, problems: list[Problem]) -> str:
    """Return the tier."""
    if value not in TIERS:
        note(problems, where, f"{shown(value)} is not a tier", "use Admin or Baseline")
        return ADMIN
    return str(value)


def _priority(value: Any, where: str, problems: list[Problem]) -> int:
    """Return the priority."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LAST_PRIORITY:
        return value
    note(problems, where, f"{shown(value)} is not a priority", f"use a number from 0 to {_LAST_PRIORITY} (unquoted)")
    return 0


def _subject(value: Any, where: str, problems: list[Problem]) -> Peer:
    """Return which pods a policy is about."""
    value = mapping(value, where, problems)
    field = _one_of(value, ("namespaces", "pods"), where, problems)
    return _pods(value, field, where, problems) if field else Peer()


def _rules(
    spec: Mapping[str, Any], words: _Kind, first: Origin, where: str, problems: list[Problem]
) -> tuple[TierRule, ...]:
    """Return the rules of one direction, that of the `first` rule."""
    field = first.direction.lower()
    items = sequence(spec.get(field), f"{where}.{field}", problems)
    return tuple(
        _rule(item, words, replace(first, index=at), f"{where}.{field}[{at}]", problems)
        for at, item in enumerate(items)
    )


def _rule(value: Any, words: _Kind, origin: Origin, where: str, problems: list[Problem]) -> TierRule:
    """Return one rule: peers must be there, a missing list of ports does not restrict."""
    value = mapping(value, where, problems)
    field = PEERS[origin.direction]
    only(value, ("name", "action", field, words.ports), where, problems)
    action = value.get("action")
    if not isinstance(action, str) or action not in words.actions:
        note(problems, f"{where}.action", f"{shown(action)} is not an action", f"use {_listed(words.actions)}")
    listed = sequence(value.get(field), f"{where}.{field}", problems)
    if not listed:
        note(problems, f"{where}.{field}", "names no peer", "list one at least; `namespaces: {}` is all pods")
    peers = tuple(
        _peer(item, words, origin.direction, f"{where}.{field}[{at}]", problems) for at, item in enumerate(listed)
    )
    ports, named = _ports(value.get(words.ports), words, f"{where}.{words.ports}", problems)
    if named and any(peer.block is not None or peer.nodes is not None for peer in peers):
        what = "has a named port beside networks, nodes or domainNames, which have none"
        note(problems, where, what, "make them rules of their own")
    return TierRule(origin, words.actions.get(str(action), DENY), peers, ports, named)


def _ports(
    value: Any, words: _Kind, where: str, problems: list[Problem]
) -> tuple[PortSet, tuple[tuple[str, str], ...]]:
    """Return the ports of a rule, and its named ports."""
    if value is None:
        return ALL, ()
    items = sequence(value, where, problems)
    if not items:
        note(problems, where, "is empty", "leave it out for every port")
    ports, named = NONE, []
    for at, item in enumerate(items):
        one = words.port(item, f"{where}[{at}]", problems)
        if isinstance(one, PortSet):
            ports |= one
        else:
            named += one
    return ports, tuple(named)


def _peer(value: Any, words: _Kind, direction: str, where: str, problems: list[Problem]) -> Peer:
    """Return one peer; ingress rules have pods only."""
    value = mapping(value, where, problems)
    fields = ("namespaces", "pods", *(words.egress if direction == EGRESS else ()))
    field = _one_of(value, fields, where, problems)
    if field == _DOMAINS:
        return Peer(block=domains(value[field], f"{where}.{field}", problems))
    if field == "networks":
        return Peer(block=_networks(value[field], words, f"{where}.{field}", problems))
    if field == "nodes":
        return Peer(nodes=parse_selector(value[field], f"{where}.nodes", problems))
    return _pods(value, field, where, problems) if field else Peer()


def _one_of(value: Mapping[str, Any], fields: tuple[str, ...], where: str, problems: list[Problem]) -> str:
    """Return the field that is there, which has to be one of some; the empty text after a problem."""
    before = len(problems)
    only(value, fields, where, problems)
    there = [field for field in fields if value.get(field) is not None]
    if len(there) > 1:
        note(problems, where, f"has {' and '.join(there)}", "make them entries of their own")
    elif not there and len(problems) == before:
        note(problems, where, "selects nothing", f"set one of {', '.join(fields)}")
    return there[0] if len(there) == 1 else ""


def _pods(value: Mapping[str, Any], field: str, where: str, problems: list[Problem]) -> Peer:
    """Return the pods that `namespaces`, or `pods` with its two selectors, stand for; `{}` selects everything."""
    where = f"{where}.{field}"
    if field == "namespaces":
        return Peer(namespaces=parse_selector(value[field], where, problems))
    both = mapping(value[field], where, problems)
    only(both, ("namespaceSelector", "podSelector"), where, problems)
    pods = parse_selector(both.get("podSelector"), f"{where}.podSelector", problems)
    return Peer(pods, parse_selector(both.get("namespaceSelector"), f"{where}.namespaceSelector", problems))


def _networks(value: Any, words: _Kind, where: str, problems: list[Problem]) -> IPBlock:
    """Return the addresses of a list of CIDRs."""
    cidrs = sequence(value, where, problems)
    if not cidrs:
        note(problems, where, "names no CIDR", "list one at least")
    found = [_network(item, words, f"{where}[{at}]", problems) for at, item in enumerate(cidrs)]
    return IPBlock(union_of(found), ", ".join(map(str, cidrs)))


def _network(value: Any, words: _Kind, where: str, problems: list[Problem]) -> AddressSet:
    """Return the addresses of a CIDR that CEL's isCIDR takes: no leading zeros, and canonical where that is asked for.

    Source: `isCIDR(self) && cidr(self) == cidr(self).masked()`, network-policy-api v0.2.1 and later; v0.2.0 and the
    kinds of v1alpha1 asked for isCIDR only.
    """
    found = network(value, where, problems)
    if not found:
        return found
    if _LEADING_ZERO.search(value):
        note(problems, where, f"{shown(value)} has leading zeros", f"write {found}")
    elif words.canonical and not _is_canonical(value):
        what = f"{shown(value)} has bits set beyond its prefix length"
        note(problems, where, what, f"write {found}, or the address with /32 (IPv6: /128)")
    return found


def _is_canonical(cidr: str) -> bool:
    """Return whether no bit beyond the prefix length of a CIDR is set."""
    try:
        ip_network(cidr)
    except ValueError:
        return False
    return True


def _listed(words: Mapping[str, str]) -> str:
    """Return words as `A, B or C`."""
    *first, last = words
    return f"{', '.join(first)} or {last}"
