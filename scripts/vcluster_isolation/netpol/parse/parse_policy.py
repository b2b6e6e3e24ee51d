"""A NetworkPolicy manifest becomes a `Policy`: defaults applied, everything the API server refuses refused.

Source: networking.k8s.io/v1 API reference (NetworkPolicySpec and below, LabelSelector), the defaulting of
policyTypes and protocol, and what the API server of Kubernetes 1.36 refuses. Null is the same as a missing field,
and so is an empty list.

ApplicationNetworkPolicy of networking.k8s.aws/v1alpha1 is read here as well (AWS VPC CNI; its CRD, and the controller
and agent that follow it: amazon-network-policy-controller-k8s, aws-network-policy-agent v1.4.3). It is a NetworkPolicy
whose egress peers may be `domainNames`, and adds up with NetworkPolicies. Its CRD asks for less than the API server
asks of a NetworkPolicy; what is not defined there is refused here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from vcluster_isolation.errors import Problem
from vcluster_isolation.netpol.objects.fields import (
    label_mapping,
    legal_key,
    legal_value,
    mapping,
    note,
    only,
    sequence,
    shown,
)
from vcluster_isolation.netpol.objects.model import (
    DOES_NOT_EXIST,
    EGRESS,
    EXISTS,
    IN,
    INGRESS,
    NETWORK_POLICY,
    NOT_IN,
    IPBlock,
    Origin,
    Peer,
    Policy,
    Requirement,
    Rule,
    Selector,
    selector,
)
from vcluster_isolation.netpol.sets.addresses import EVERYWHERE, AddressSet, parse_cidr, union_of
from vcluster_isolation.netpol.sets.ports import ALL, HIGHEST, LOWEST, NONE, PROTOCOLS, PortSet, every_port, port_range

PEERS = {INGRESS: "from", EGRESS: "to"}
PORT_NAME = re.compile(r"(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?")

APPLICATION_POLICY: Final = "ApplicationNetworkPolicy"
NAMESPACED_KINDS: Final = frozenset(
    {("networking.k8s.io/v1", NETWORK_POLICY), ("networking.k8s.aws/v1alpha1", APPLICATION_POLICY)}
)
"""The (apiVersion, kind) of what is read here."""

_LABEL: Final = "[a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?"
_DOMAIN: Final = re.compile(rf"(\*\.)?({_LABEL}\.)+{_LABEL}\.?")

NamedPort = tuple[str, str]


def parse_policy(  # noqa: PLR0913, PLR0917 - what an object is made of, and where problems go
    spec: Any, namespace: str, name: str, where: str, problems: list[Problem], kind: str = NETWORK_POLICY
) -> Policy:
    """Return the policy of a kind of `NAMESPACED_KINDS` with this `spec`; to be used only if no problem was added.

    policyTypes that are missing or empty default to Ingress, and Egress if there is an egress rule.
    """
    spec = mapping(spec, where, problems)
    only(spec, ("podSelector", "policyTypes", "ingress", "egress"), where, problems)
    origin = (namespace, name, kind)
    ingress = _rules(spec.get("ingress"), INGRESS, origin, f"{where}.ingress", problems)
    egress = _rules(spec.get("egress"), EGRESS, origin, f"{where}.egress", problems)
    types = _types(spec.get("policyTypes"), f"{where}.policyTypes", problems)
    default = frozenset({INGRESS, EGRESS} if egress else {INGRESS})
    if kind == APPLICATION_POLICY and not types and not (ingress and egress):
        what = "is missing, and it is not defined whether a direction without rules is then isolated"
        note(problems, f"{where}.policyTypes", what, "list Ingress, Egress or both")
    chosen = parse_selector(spec.get("podSelector"), f"{where}.podSelector", problems)
    return Policy(namespace, name, chosen, types or default, ingress, egress, kind)


def parse_selector(value: Any, where: str, problems: list[Problem]) -> Selector:
    """Return a label selector; null and `{}` select everything."""
    value = mapping(value, where, problems)
    only(value, ("matchLabels", "matchExpressions"), where, problems)
    labels = label_mapping(value.get("matchLabels"), f"{where}.matchLabels", problems)
    path = f"{where}.matchExpressions"
    items = enumerate(sequence(value.get("matchExpressions"), path, problems))
    return selector(labels, *(_requirement(item, f"{path}[{at}]", problems) for at, item in items))


def _requirement(value: Any, where: str, problems: list[Problem]) -> Requirement:
    """Return one item of matchExpressions."""
    value = mapping(value, where, problems)
    only(value, ("key", "operator", "values"), where, problems)
    key, operator = value.get("key"), value.get("operator")
    values = sequence(value.get("values"), f"{where}.values", problems)
    if not isinstance(key, str) or not legal_key(key):
        note(problems, f"{where}.key", f"{shown(key)} is not a label key", "use [prefix/]name")
    if operator not in (IN, NOT_IN, EXISTS, DOES_NOT_EXIST):
        note(
            problems,
            f"{where}.operator",
            f"{shown(operator)} is not an operator",
            "use In, NotIn, Exists or DoesNotExist",
        )
    elif bool(values) != (operator in (IN, NOT_IN)):
        what = "must have values" if not values else "must have no values"
        note(problems, f"{where}.values", f"{operator} {what}", "add some" if not values else "remove them")
    values = ["" if one is None else one for one in values]  # as to the API server
    for at, one in enumerate(values):
        if not isinstance(one, str) or not legal_value(one):
            note(problems, f"{where}.values[{at}]", f"{shown(one)} is not a label value", "use quoted text that is one")
    return Requirement(str(key), str(operator), frozenset(map(str, values)))


def _types(value: Any, where: str, problems: list[Problem]) -> frozenset[str]:
    """Return the policyTypes as they are written, none if they are not."""
    types = sequence(value, where, problems)
    for at, one in enumerate(types):
        if one not in (INGRESS, EGRESS):
            note(problems, f"{where}[{at}]", f"{shown(one)} is not a policy type", "use Ingress or Egress")
    return frozenset(map(str, types))


def _rules(
    value: Any, direction: str, policy: tuple[str, str, str], where: str, problems: list[Problem]
) -> tuple[Rule, ...]:
    """Return the rules of one direction; `policy` is its namespace, name and kind."""
    items = sequence(value, where, problems)
    namespace, name, kind = policy
    return tuple(
        _rule(item, Origin(namespace, name, direction, at, kind), f"{where}[{at}]", problems)
        for at, item in enumerate(items)
    )


def _rule(value: Any, origin: Origin, where: str, problems: list[Problem]) -> Rule:
    """Return one rule: a missing or empty list of peers or ports does not restrict."""
    value = mapping(value, where, problems)
    field = PEERS[origin.direction]
    only(value, (field, "ports"), where, problems)
    found = sequence(value.get(field), f"{where}.{field}", problems)
    with_domains = origin.kind == APPLICATION_POLICY and origin.direction == EGRESS
    peers = tuple(
        _peer(item, f"{where}.{field}[{at}]", problems, domain_names=with_domains) for at, item in enumerate(found)
    )
    listed = sequence(value.get("ports"), f"{where}.ports", problems)
    if not listed:
        return Rule(origin, peers, ALL)
    ports, named = NONE, []
    for at, item in enumerate(listed):
        one = _port(item, f"{where}.ports[{at}]", problems)
        if isinstance(one, PortSet):
            ports |= one
        else:
            named.append(one)
    return Rule(origin, peers, ports, tuple(named))


def _port(value: Any, where: str, problems: list[Problem]) -> PortSet | NamedPort:
    """Return the ports that one item of `ports` stands for, or (protocol, name) of a named port."""
    value = mapping(value, where, problems)
    only(value, ("protocol", "port", "endPort"), where, problems)
    protocol, port, end = value.get("protocol"), value.get("port"), value.get("endPort")
    protocol = PROTOCOLS[0] if protocol is None else protocol
    if protocol not in PROTOCOLS:
        note(problems, f"{where}.protocol", f"{shown(protocol)} is not a protocol", "use TCP, UDP or SCTP")
        return NONE
    if isinstance(port, str) and PORT_NAME.fullmatch(port) and end is None:
        return protocol, port
    if port is None and end is None:
        return every_port(protocol)
    if not is_port(port):
        what = "endPort needs a numeric port" if end is not None else f"{shown(port)} is not a port"
        note(problems, f"{where}.port", what, f"use a number from {LOWEST} to {HIGHEST} (unquoted), or a port's name")
    elif end is not None and (not is_port(end) or end < port):
        note(
            problems, f"{where}.endPort", f"{shown(end)} does not end a range from {port}", "use a number from port on"
        )
    else:
        return port_range(protocol, port, end)
    return NONE


def is_port(value: Any) -> bool:
    """Return whether a value is the number of a port (a boolean is not, though Python counts it as an integer)."""
    return isinstance(value, int) and not isinstance(value, bool) and LOWEST <= value <= HIGHEST


def _peer(value: Any, where: str, problems: list[Problem], *, domain_names: bool = False) -> Peer:
    """Return one peer: an ipBlock, or selectors; null is a selector that is not there, `{}` one for everything.

    With `domain_names`, it may be `domainNames` as well.
    """
    value = mapping(value, where, problems)
    fields = ("podSelector", "namespaceSelector", "ipBlock", *(("domainNames",) if domain_names else ()))
    only(value, fields, where, problems)
    pods, namespaces, block = (value.get(field) for field in ("podSelector", "namespaceSelector", "ipBlock"))
    if domain_names and value.get("domainNames") is not None:
        if len([one for one in value.values() if one is not None]) > 1:
            note(problems, where, "has domainNames beside another field", "make them entries of their own")
        return Peer(block=domains(value["domainNames"], f"{where}.domainNames", problems))
    selectors = pods is not None or namespaces is not None
    if selectors == (block is not None):
        what = "has both an ipBlock and a selector" if selectors else "names no peer"
        note(problems, where, what, "give either selectors or an ipBlock")
        return Peer()
    if block is not None:
        return Peer(block=_block(block, f"{where}.ipBlock", problems))
    return Peer(
        None if pods is None else parse_selector(pods, f"{where}.podSelector", problems),
        None if namespaces is None else parse_selector(namespaces, f"{where}.namespaceSelector", problems),
    )


def _block(value: Any, where: str, problems: list[Problem]) -> IPBlock:
    """Return an ipBlock; each `except` must lie strictly inside its cidr."""
    value = mapping(value, where, problems)
    only(value, ("cidr", "except"), where, problems)
    inside = network(value.get("cidr"), f"{where}.cidr", problems)
    excepts = sequence(value.get("except"), f"{where}.except", problems)
    holes = tuple(network(item, f"{where}.except[{at}]", problems) for at, item in enumerate(excepts))
    for at, hole in enumerate(holes):
        if inside and hole and not _strictly_inside(hole, inside):
            what = f"{excepts[at]} is not inside cidr {value['cidr']}"
            note(problems, f"{where}.except[{at}]", what, "remove it or widen cidr")
    return IPBlock(_without(inside, holes), str(value.get("cidr")), tuple(map(str, excepts)))


@lru_cache(maxsize=4096)
def _strictly_inside(hole: AddressSet, inside: AddressSet) -> bool:
    """Return whether a hole is a part of a CIDR, and not all of it."""
    return hole <= inside and hole != inside


@lru_cache(maxsize=4096)
def _without(inside: AddressSet, holes: tuple[AddressSet, ...]) -> AddressSet:
    """Return a CIDR's addresses that are in no hole; kept, because many policies have the same ones."""
    return inside - union_of(holes)


def network(value: Any, where: str, problems: list[Problem]) -> AddressSet:
    """Return the addresses of a CIDR."""
    try:
        return parse_cidr(_prefixed(value))
    except ValueError:
        note(problems, where, f"{shown(value)} is not a CIDR", "use one like 192.168.1.0/24 or 2001:db8::/64")
        return AddressSet()


def domains(value: Any, where: str, problems: list[Problem]) -> IPBlock:
    """Return what a list of domain names stands for: perhaps any address, as nothing here says which they have."""
    names = sequence(value, where, problems)
    if not names:
        note(problems, where, "names no domain", "list one at least")
    for at, name in enumerate(names):
        if not isinstance(name, str) or not _DOMAIN.fullmatch(name):
            note(
                problems,
                f"{where}[{at}]",
                f"{shown(name)} is not a domain name",
                "use one like example.com or *.example.com",
            )
    return IPBlock(EVERYWHERE, ", ".join(map(str, names)), certain=False)


def _prefixed(value: Any) -> str:
    """Return a text with a prefix length (an ipBlock takes no bare address); ValueError for anything else."""
    if not isinstance(value, str) or "/" not in value:
        raise ValueError(value)
    return value
