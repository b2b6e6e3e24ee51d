"""The ports of a rule in a cluster-scoped policy, as its API versions write them.

Sources: AdminNetworkPolicyPort of policy.networking.k8s.io/v1alpha1, ClusterNetworkPolicyProtocol of v1alpha2 and
v1beta1, ClusterNetworkPolicyPort of networking.k8s.aws/v1alpha1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vcluster_isolation.errors import Problem
from vcluster_isolation.netpol.objects.fields import mapping, note, only, shown
from vcluster_isolation.netpol.parse.parse_policy import PORT_NAME, is_port
from vcluster_isolation.netpol.sets.ports import HIGHEST, LOWEST, NONE, PROTOCOLS, PortSet, port_range

Names = list[tuple[str, str]]
PortReader = Callable[[Any, str, list[Problem]], PortSet | Names]
"""Reads one item: its ports, or (protocol, name) for each protocol if it is a name."""

_RANGE = ("start", "end")


def port_of_v1alpha1(value: Any, where: str, problems: list[Problem]) -> PortSet | Names:
    """Return what one item of `ports` stands for: portNumber, portRange or namedPort."""
    value = mapping(value, where, problems)
    field = _single(value, ("portNumber", "portRange", "namedPort"), where, problems)
    if field == "namedPort":
        return _name(value[field], f"{where}.{field}", problems)
    if not field:
        return NONE
    where = f"{where}.{field}"
    inner = mapping(value[field], where, problems)
    only(inner, ("protocol", *(("port",) if field == "portNumber" else _RANGE)), where, problems)
    protocol = inner.get("protocol")
    protocol = PROTOCOLS[0] if protocol is None else protocol
    if protocol not in PROTOCOLS:
        note(problems, f"{where}.protocol", f"{shown(protocol)} is not a protocol", "use TCP, UDP or SCTP")
        return NONE
    if field == "portNumber":
        return _number(inner.get("port"), protocol, f"{where}.port", problems)
    return _range(inner, protocol, where, problems)


def port_of_aws(value: Any, where: str, problems: list[Problem]) -> PortSet | Names:
    """Return what one item of `ports` of AWS' kind stands for; it is written as in v1alpha1.

    A named port is refused: the controller looks it up at the pods of one of the subject's namespaces, and opens the
    numbers that it finds there at all of them, so no number of the pod in question says what it means
    (amazon-network-policy-controller-k8s, getSubjectNamespace).
    """
    found = port_of_v1alpha1(value, where, problems)
    if isinstance(found, list) and found:
        what = "cannot be judged: AWS looks the name up at other pods than the one that is reached"
        note(problems, f"{where}.namedPort", what, "write the port's number")
    return found


def port_of_v1alpha2(value: Any, where: str, problems: list[Problem]) -> PortSet | Names:
    """Return what one item of `protocols` stands for: destinationPort of tcp, udp or sctp, or destinationNamedPort."""
    value = mapping(value, where, problems)
    field = _single(value, ("tcp", "udp", "sctp", "destinationNamedPort"), where, problems)
    if field == "destinationNamedPort":
        return _name(value[field], f"{where}.{field}", problems)
    if not field:
        return NONE
    protocol, where = field.upper(), f"{where}.{field}"
    inner = mapping(value[field], where, problems)
    if not _single(inner, ("destinationPort",), where, problems):
        return NONE
    where = f"{where}.destinationPort"
    port = mapping(inner["destinationPort"], where, problems)
    kind = _single(port, ("number", "range"), where, problems)
    if kind == "number":
        return _number(port[kind], protocol, f"{where}.number", problems)
    if not kind:
        return NONE
    pair = mapping(port[kind], f"{where}.range", problems)
    only(pair, _RANGE, f"{where}.range", problems)
    return _range(pair, protocol, f"{where}.range", problems)


def _single(value: Mapping[str, Any], fields: tuple[str, ...], where: str, problems: list[Problem]) -> str:
    """Return the one field that is there; the empty text after a problem."""
    only(value, fields, where, problems)
    there = [field for field in fields if value.get(field) is not None]
    if len(there) != 1:
        what = f"has {' and '.join(there)}" if there else "names no port"
        note(problems, where, what, f"set one of {', '.join(fields)}" if len(fields) > 1 else f"set {fields[0]}")
        return ""
    return there[0]


def _number(value: Any, protocol: str, where: str, problems: list[Problem]) -> PortSet:
    """Return a single port."""
    if is_port(value):
        return port_range(protocol, value)
    note(problems, where, f"{shown(value)} is not a port", f"use a number from {LOWEST} to {HIGHEST} (unquoted)")
    return NONE


def _range(value: Mapping[str, Any], protocol: str, where: str, problems: list[Problem]) -> PortSet:
    """Return the ports from `start` to `end`: "the Start value must be less than End"."""
    ends = [_number(value.get(field), protocol, f"{where}.{field}", problems) for field in _RANGE]
    if not all(ends):
        return NONE
    start, end = value["start"], value["end"]
    if start >= end:
        note(problems, f"{where}.end", f"{end} is not above start {start}", "set it to the last port of the range")
        return NONE
    return port_range(protocol, start, end)


def _name(value: Any, where: str, problems: list[Problem]) -> Names:
    """Return a named port, in any protocol."""
    if isinstance(value, str) and PORT_NAME.fullmatch(value):
        return [(protocol, value) for protocol in PROTOCOLS]
    note(problems, where, f"{shown(value)} is not the name of a port", "use the name of a container port")
    return []
