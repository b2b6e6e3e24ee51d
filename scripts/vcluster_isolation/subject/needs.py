"""What the values of one vCluster need and policies may not open: who, whom, on which ports, and what to set.

A flow whose address is in the values is judged at that address. Of one whose address is a host name, or in a file or
secret, only the user knows where it goes, and an ipBlock matches no names: it is judged at the peers that the grant
names, or the user's own rule on that port; where none does, at every kind of peer, so that it fails unless the port is
open anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from vcluster_isolation.netpol.engine.labels import label_classes, one_of
from vcluster_isolation.netpol.objects.model import EVERYTHING, NAME_LABEL, IPBlock, Peer, selector
from vcluster_isolation.netpol.sets.addresses import address_set
from vcluster_isolation.netpol.sets.ports import ALL, NONE, PortSet, port_range, union_of
from vcluster_isolation.subject.settings import PeersAndPorts, peers_of, ports_of, tcp
from vcluster_isolation.values.paths import at
from vcluster_isolation.vcluster.endpoints import Endpoint, endpoints
from vcluster_isolation.vcluster.grant_rows import grant_rows
from vcluster_isolation.vcluster.need_rows import NeedRow, Path, applies, need_rows, values_at
from vcluster_isolation.wording import dotted, printable

Json = Mapping[str, Any]

POLICY_KEY: Final = "policies.networkPolicy"


@dataclass(frozen=True, slots=True)
class Need:
    """A flow that a value needs.

    `key` is a name for it, `where` the path of the value, `flow` who reaches whom in words, with the address or port
    that the value says, and `name` what the other end is called. `sources` are actors of the vCluster, or `destination`
    is one; `other` is the other end, with the ports: without peers it may be anything. Without sources and destination
    no NetworkPolicy can give it. `grant` is the value that opens it best, empty for none. `advice`
    says what to set.
    """

    key: str
    where: Path
    flow: str
    name: str
    sources: tuple[str, ...]
    destination: str
    other: PeersAndPorts
    grant: str
    advice: str


def needs_of(values: Json, policy: Json, changed: Mapping[str, str], home: str, *, hosted: bool) -> tuple[Need, ...]:
    """Return what the values of a vCluster need, in the order of `needs.yaml`.

    `values` are those of the whole vcluster.yaml, `policy` what is under policies.networkPolicy with its defaults,
    `changed` maps grants to the paths at which the user set them, `home` is the namespace. Raises nothing.
    """
    if not policy.get("enabled"):
        return ()
    grants = {path: _granted(policy, path, changed) for row in need_rows() for path in row.grants}
    found: list[Need] = []
    for row in need_rows():
        where = applies(row, values, hosted=hosted)
        if where is not None:
            targets = list(dict.fromkeys(_targets(row, values, home)))
            given = [one for path in row.grants for one in grants[path]]
            keys = [row.name, *(f"{row.name}-{index}" for index in range(2, len(targets) + 1))]
            found += (
                replace(_need(row, target, given, home), key=key, where=where)
                for key, target in zip(keys, targets, strict=True)
            )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Granted:
    """One rule that the user's values make: whom, on which ports, and the path of the value."""

    path: str
    peers: tuple[Peer, ...]
    ports: PortSet


@dataclass(frozen=True, slots=True)
class _Target:
    """The other end as far as a value says it."""

    endpoint: Endpoint | None = None
    namespace: str = ""


def _targets(row: NeedRow, values: Json, home: str) -> Iterator[_Target]:
    """Yield where the other ends are said to be; one that is not said where nothing is."""
    found: list[_Target] = []
    for path in row.at:
        for _, value in values_at(values, path):
            text = _argument(str(value), row.texts) if row.texts else str(value)
            found += (_Target(one, one.namespace(home)) for one in endpoints(text) if not one.inside)
    for path in row.services:
        found += (
            _Target(namespace=_namespace(path, str(value), home)) for _, value in values_at(values, path) if value
        )
    yield from found or [_Target()]


def _argument(text: str, names: Sequence[str]) -> str:
    """Return what stands behind the name of an argument; nothing for other arguments."""
    return next((text.partition(name)[2] for name in names if name in text), "")


def _namespace(path: str, value: str, home: str) -> str:
    """Return the namespace that a value names: itself, or the first part of `namespace/name`."""
    if path.lower().endswith("namespace"):
        return value
    return value.partition("/")[0] if "/" in value else home


def _granted(policy: Json, path: str, changed: Mapping[str, str]) -> tuple[_Granted, ...]:
    """Return the rules that a grant or a list of the user's own rules makes, none for one that is off."""
    written = changed.get(path, f"{POLICY_KEY}.{path}")
    value = at(policy, written.removeprefix(f"{POLICY_KEY}."))
    if isinstance(value, list):
        rules = [one for one in value if isinstance(one, Mapping)]
        return tuple(
            _Granted(
                f"{written}[{index}]",
                peers_of(one.get("to") or one.get("from") or ()),
                ports_of(one.get("ports") or ()),
            )
            for index, one in enumerate(rules)
        )
    if not isinstance(value, Mapping) or not value.get("enabled"):
        return ()
    fixed = next((row.fixed_ports for row in grant_rows() if row.path == path), ())
    ports = tcp(fixed) if fixed else ports_of(value.get("ports") or ())
    return (_Granted(f"{POLICY_KEY}.{path}", peers_of(value.get("to") or value.get("from") or ()), ports),)


def _need(row: NeedRow, target: _Target, given: Sequence[_Granted], home: str) -> Need:
    """Return a row and one of the ends that its value names as a need, by the row's name and without a path."""
    numbers = (target.endpoint.port,) if target.endpoint and target.endpoint.port else row.ports
    ports = union_of(port_range("TCP", number, number) for number in numbers)
    before, _, after = row.flow.partition(" --> ")
    return Need(
        row.name,
        (),
        _flow(row, target, ports),
        before if row.destination else after,
        row.sources,
        row.destination,
        _other(row, target, ports, given, home),
        next(iter(row.grants), ""),
        _advice(row, target, ports, given, home),
    )


def _other(row: NeedRow, target: _Target, ports: PortSet, given: Sequence[_Granted], home: str) -> PeersAndPorts:
    """Return who the other end is, and the ports."""
    if target.endpoint and target.endpoint.address:
        return PeersAndPorts((_block(target.endpoint.address),), ports or _first(given) or ALL)
    named = [
        one for one in given if ports <= one.ports and any(_in(peer, target.namespace, home) for peer in one.peers)
    ]
    if named:
        best = named[0]
        return PeersAndPorts(tuple(one for one in best.peers if _in(one, target.namespace, home)), ports or best.ports)
    labels = row.pods[1] if row.pods else {}
    namespace = target.namespace or (row.pods[0] if row.pods else "")
    peers = (Peer(selector(labels) if labels else EVERYTHING, selector({NAME_LABEL: namespace})),) if namespace else ()
    return PeersAndPorts(peers, ports or ALL)


def _first(given: Sequence[_Granted]) -> PortSet:
    return given[0].ports if given else NONE


def _block(cidr: str) -> Peer:
    return Peer(block=IPBlock(address_set(cidr), cidr))


def _in(peer: Peer, namespace: str, home: str) -> bool:
    """Return whether a peer may be pods of a namespace; whatever it is where none is known."""
    if not namespace:
        return True
    if peer.block:
        return False
    if peer.namespaces is None:
        return namespace == home
    found = label_classes([peer.namespaces], {NAME_LABEL: one_of(namespace)})
    return any(one.signature for one in found)


def _flow(row: NeedRow, target: _Target, ports: PortSet) -> str:
    """Return the flow in words, with what the values say of the other end."""
    place = f" {printable(target.endpoint.host)}" if target.endpoint else ""
    place += f" in namespace {printable(target.namespace)}" if target.namespace else ""
    return f"{row.flow}{place}{f', {ports}' if ports else ''}"


def _advice(row: NeedRow, target: _Target, ports: PortSet, given: Sequence[_Granted], home: str) -> str:
    """Return what to set, in the user's words."""
    if not row.grants:
        return "isolate its machines with a firewall"
    path = f"{POLICY_KEY}.{row.grants[0]}"
    whom = _whom(row, target)
    on = next((one for one in given if one.path == path), None)
    if on and ports and not ports <= on.ports:
        return f"{path} is on, but its ports are {on.ports} and not {ports}: add that port"
    if on and target.namespace and not any(_in(one, target.namespace, home) for one in on.peers):
        return f"{path} is on, but names no pod of namespace {printable(target.namespace)}: add it"
    if on:
        return f"{path} is on, but names other peers: add {whom}"
    if path.endswith("gress"):
        return f"add a rule{f' on {ports}' if ports else ''} to {path} that names {whom}"
    extra = f" and {ports} among its ports" if row.at and ports else ""
    return f"turn {path} on, with {whom}{extra}"


def _whom(row: NeedRow, target: _Target) -> str:
    """Return the peer that is missing, in words."""
    if target.endpoint and target.endpoint.address:
        return f"ipBlock {target.endpoint.address}"
    if target.namespace or row.pods:
        namespace = target.namespace or (row.pods[0] if row.pods else "")
        labels = ", ".join(f"{key}: {value}" for key, value in (row.pods[1] if row.pods else {}).items())
        return f"pods{f' {labels}' if labels else ''} of namespace {printable(namespace)}"
    if target.endpoint:
        return f"the addresses of {printable(target.endpoint.host)}"
    return "the addresses or pods that it is" if row.sources else "the peers that connect"


def where_of(need: Need) -> str:
    """Return the path of the value that needs a flow, as the user would write it."""
    return dotted(need.where)
