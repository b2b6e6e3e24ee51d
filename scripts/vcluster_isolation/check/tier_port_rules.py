"""What is wrong with the ports of a rule in a cluster-scoped policy (see `tier_rules.py`).

Source: AdminNetworkPolicyPort of policy.networking.k8s.io/v1alpha1, ClusterNetworkPolicyProtocol of v1alpha2 and
v1beta1. Names of ports are of the experimental channel: in v1alpha1 always, in the others since v0.2.1.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from vcluster_isolation.check.object_rules import LAST_PORT, PORT_NAME, PROTOCOLS
from vcluster_isolation.kubernetes.shapes import Path, ShapeProblem
from vcluster_isolation.wording import quoted


@dataclass(frozen=True, slots=True)
class Ports:
    """How one version writes ports: the field of the rule, the shape of an item and its rules, the field of a name."""

    field: str
    shape: dict[str, Any]
    rules: Callable[[dict[str, Any], Path], Iterator[ShapeProblem]]
    name: str
    experimental: tuple[str, ...] = ()


def exactly_one(value: dict[str, Any], fields: Collection[str], at: Path) -> Iterator[ShapeProblem]:
    """Check that a mapping has one of some fields; `fields` are those that it can have."""
    there = [field for field in fields if field in value]
    if not there:
        yield at, "has no field set", f"set {'one of ' if len(fields) > 1 else ''}{', '.join(fields)}"
    elif len(there) > 1:
        yield at, f"has {there[0]} together with {' and '.join(there[1:])}", "make them entries of their own"


def _of_v1alpha1(item: dict[str, Any], at: Path) -> Iterator[ShapeProblem]:
    """Check an item of `ports`."""
    yield from exactly_one(item, _V1ALPHA1, at)
    if "namedPort" in item:
        yield from _name(item["namedPort"], (*at, "namedPort"))
    for key in ("portNumber", "portRange"):
        protocol = item.get(key, {}).get("protocol", "TCP")
        if protocol not in PROTOCOLS:
            yield (*at, key, "protocol"), f"{quoted(protocol)} is not a protocol", "use TCP, UDP or SCTP"
    if "portNumber" in item:
        yield from _number(item["portNumber"].get("port"), (*at, "portNumber", "port"))
    if "portRange" in item:
        yield from _range(item["portRange"], (*at, "portRange"))


def _of_v1alpha2(item: dict[str, Any], at: Path) -> Iterator[ShapeProblem]:
    """Check an item of `protocols`."""
    yield from exactly_one(item, _V1ALPHA2, at)
    if "destinationNamedPort" in item:
        yield from _name(item["destinationNamedPort"], (*at, "destinationNamedPort"))
    for key in ("tcp", "udp", "sctp"):
        if key not in item:
            continue
        yield from exactly_one(item[key], ("destinationPort",), (*at, key))
        port, place = item[key].get("destinationPort"), (*at, key, "destinationPort")
        if port is None:
            continue
        yield from exactly_one(port, ("number", "range"), place)
        if "number" in port:
            yield from _number(port["number"], (*place, "number"))
        if "range" in port:
            yield from _range(port["range"], (*place, "range"))


def _number(value: int | None, at: Path) -> Iterator[ShapeProblem]:
    """Check the number of a port."""
    if value is None:
        yield at, "is missing", f"use 1 to {LAST_PORT}"
    elif not 1 <= value <= LAST_PORT:
        yield at, f"{value} is not a valid port number", f"use 1 to {LAST_PORT}"


def _range(value: dict[str, Any], at: Path) -> Iterator[ShapeProblem]:
    """Check a range of ports: "the Start value must be less than End"."""
    start, end = value.get("start"), value.get("end")
    yield from _number(start, (*at, "start"))
    yield from _number(end, (*at, "end"))
    if start is not None and end is not None and end <= start:
        yield (*at, "end"), f"{end} is not above start {start}", "set it to the last port of the range"


def _name(value: str, at: Path) -> Iterator[ShapeProblem]:
    """Check the name of a port."""
    if not PORT_NAME.fullmatch(value):
        what = f"{quoted(value)} is not a valid port name"
        yield at, what, "use a container port's name (1 to 15 of a-z, 0-9 and -, one letter at least)"


_ENDS = {"start": int, "end": int}
_PORT = {"destinationPort": {"number": int, "range": _ENDS}}
_V1ALPHA1 = {
    "portNumber": {"protocol": str, "port": int},
    "portRange": {"protocol": str, **_ENDS},
    "namedPort": str,
}
_V1ALPHA2 = {"tcp": _PORT, "udp": _PORT, "sctp": _PORT, "destinationNamedPort": str}

V1ALPHA1 = Ports("ports", _V1ALPHA1, _of_v1alpha1, "namedPort", experimental=("namedPort",))
V1ALPHA2 = Ports("protocols", _V1ALPHA2, _of_v1alpha2, "destinationNamedPort", experimental=("destinationNamedPort",))
