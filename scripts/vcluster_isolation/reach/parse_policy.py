"""A NetworkPolicy manifest becomes a `Policy`: defaults applied, everything the API server refuses refused.

Source: networking.k8s.io/v1 API reference (NetworkPolicySpec and below, LabelSelector), the defaulting of
policyTypes and protocol, and what the API server of Kubernetes 1.36 refuses. Null is the same as a missing field,
and so is an empty list.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from vcluster_isolation.errors import Problem
from vcluster_isolation.reach.addresses import AddressSet, parse_cidr, union_of
from vcluster_isolation.reach.fields import (
    label_mapping,
    legal_key,
    legal_value,
    mapping,
    note,
    only,
    sequence,
    shown,
)
from vcluster_isolation.reach.model import (
    DOES_NOT_EXIST,
    EGRESS,
    EXISTS,
    IN,
    INGRESS,
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
from vcluster_isolation.reach.ports import ALL, HIGHEST, LOWEST, NONE, PROTOCOLS, PortSet, every_port, port_range

PEERS = {INGRESS: "from", EGRESS: "to"}
PORT_NAME = re.compile(r"(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?")

Named = tuple[str, str]


def parse_policy(spec: Any, namespace: str, name: str, where: str, problems: list[Problem]) -> Policy:
    """Return the policy with this `spec`; it is to be used only if no problem was added.

    policyTypes that are missing or empty default to Ingress, and Egress if there is an egress rule.
    """
    spec = mapping(spec, where, problems)
    only(spec, ("podSelector", "policyTypes", "ingress", "egress"), where, problems)
    origin = (namespace, name)
    ingress = _rules(spec.get("ingress"), INGRESS, origin, f"{where}.ingress", problems)
    egress = _rules(spec.get("egress"), EGRESS, origin, f"{where}.egress", problems)
    types = _types(spec.get("policyTypes"), f"{where}.policyTypes", problems)
    default = frozenset({INGRESS, EGRESS} if egress else {INGRESS})
    chosen = parse_selector(spec.get("podSelector"), f"{where}.podSelector", problems)
    return Policy(namespace, name, chosen, types or default, ingress, egress)


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
    value: Any, direction: str, policy: tuple[str, str], where: str, problems: list[Problem]
) -> tuple[Rule, ...]:
    """Return the rules of one direction."""
    items = sequence(value, where, problems)
    return tuple(
        _rule(item, Origin(*policy, direction, at), f"{where}[{at}]", problems) for at, item in enumerate(items)
    )


def _rule(value: Any, origin: Origin, where: str, problems: list[Problem]) -> Rule:
    """Return one rule: a missing or empty list of peers or ports does not restrict."""
    value = mapping(value, where, problems)
    field = PEERS[origin.direction]
    only(value, (field, "ports"), where, problems)
    found = sequence(value.get(field), f"{where}.{field}", problems)
    peers = tuple(_peer(item, f"{where}.{field}[{at}]", problems) for at, item in enumerate(found))
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


def _port(value: Any, where: str, problems: list[Problem]) -> PortSet | Named:
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


def _peer(value: Any, where: str, problems: list[Problem]) -> Peer:
    """Return one peer: an ipBlock, or selectors; null is a selector that is not there, `{}` one for everything."""
    value = mapping(value, where, problems)
    only(value, ("podSelector", "namespaceSelector", "ipBlock"), where, problems)
    pods, namespaces, block = (value.get(field) for field in ("podSelector", "namespaceSelector", "ipBlock"))
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


def _prefixed(value: Any) -> str:
    """Return a text with a prefix length (an ipBlock takes no bare address); ValueError for anything else."""
    if not isinstance(value, str) or "/" not in value:
        raise ValueError(value)
    return value
