"""A second evaluator of NetworkPolicy, for comparison: one packet at a time, straight from the API reference.

It works on manifests as they are written, knows nothing of classes, sets or indexes, and shares no code with the
real one. Slow on purpose: every question is answered by reading every policy again. `naive_tiers.py` adds
cluster-scoped policies.

A packet goes from one address to another, on one protocol and port. Ends are mappings:

    {"namespace": "a", "labels": {...}, "ports": [{"name", "protocol", "containerPort"}], "addresses": ["10.0.0.1"],
     "hostNetwork": False}                                                a pod
    {"addresses": ["8.8.8.8"], "node": False}                             addresses that are no pod's

`ports` of a pod is None if it may come to call any port by any name; a port with `sometimes` is an init container's.

`plugin` holds what is left open, one way or the other: `blocks_match_pods` (an ipBlock sees a pod's address),
`hosts_are_nodes` (host-network pods are not told from their node), `names_hold` (a port that may be called so, is; and
an address that may be a domain's, is).
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Callable
from typing import Any

from tests.netpol.naive_match import (
    address_in,
    is_outside,
    namespace_labels,
    port_matches,
    seen_as_address,
    selector_matches,
)
from tests.netpol.naive_tiers import with_tiers

Json = dict[str, Any]

PLUGINS = [
    {"blocks_match_pods": blocks, "hosts_are_nodes": hosts, "names_hold": names}
    for blocks in (False, True)
    for hosts in (False, True)
    for names in (False, True)
]


def may_reach(cluster: Json, source: Json, destination: Json, protocol: str, port: int) -> bool:
    """Some plugin, and some pair of addresses, lets a packet through."""
    for plugin in PLUGINS:
        for sender, receiver in packets(source, destination):
            if True in packet_passes(cluster, plugin, (source, sender), (destination, receiver), (protocol, port)):
                return True
    return False


def must_reach(cluster: Json, source: Json, destination: Json, protocol: str, port: int) -> bool:
    """Every plugin lets every packet through, there is one, and no outside address is left without any."""
    possible = packets(source, destination)
    if not possible:
        return False
    for address in source["addresses"] if is_outside(source) else []:
        if address not in [sender for sender, _ in possible]:
            return False
    for address in destination["addresses"] if is_outside(destination) else []:
        if address not in [receiver for _, receiver in possible]:
            return False
    for plugin in PLUGINS:
        for sender, receiver in possible:
            if False in packet_passes(cluster, plugin, (source, sender), (destination, receiver), (protocol, port)):
                return False
    return True


def packets(source: Json, destination: Json) -> list[tuple[str, str]]:
    """Every pair of addresses of one family."""
    pairs = itertools.product(source["addresses"], destination["addresses"])
    return [(a, b) for a, b in pairs if ipaddress.ip_address(a).version == ipaddress.ip_address(b).version]


def packet_passes(
    cluster: Json, plugin: Json, source: tuple[Json, str], destination: tuple[Json, str], port: tuple[str, int]
) -> set[bool]:
    """The source may send it, and the destination may receive it: every answer that the policies leave possible."""
    sends = side_lets_through(cluster, plugin, "Egress", (source, destination), port)
    receives = side_lets_through(cluster, plugin, "Ingress", (source, destination), port)
    return {out and into for out in sends for into in receives}


def side_lets_through(
    cluster: Json,
    plugin: Json,
    direction: str,
    packet: tuple[tuple[Json, str], tuple[Json, str]],
    port: tuple[str, int],
) -> set[bool]:
    """What one side says: cluster-scoped policies are asked first, and where they pass, NetworkPolicies."""
    source, destination = packet
    me, other = (source[0], destination) if direction == "Egress" else (destination[0], source)
    if seen_as_address(me, plugin):
        return {True}
    asked = port_question(plugin, destination[0], port)
    said = isolated_side(cluster, plugin, direction, (me, other), asked)
    if not cluster.get("tiers"):
        return {said is not False}
    return with_tiers(cluster, plugin, direction, (me, other, destination[0], port), said=said)


def port_question(plugin: Json, destination: Json, port: tuple[str, int]) -> Callable[[Json], bool]:
    """Whether an item of `ports` means the packet's port at its destination."""
    return lambda item: port_matches(plugin, item, destination, port)


def isolated_side(
    cluster: Json, plugin: Json, direction: str, ends: tuple[Json, tuple[Json, str]], asked: Callable[[Json], bool]
) -> bool | None:
    """What the NetworkPolicies that select `me` say about the packet in one direction; None if none does."""
    me, other = ends
    isolated = False
    for policy in cluster["policies"]:
        spec = policy.get("spec") or {}
        home = policy["metadata"]["namespace"]
        if home != me["namespace"] or not selector_matches(spec.get("podSelector") or {}, me["labels"]):
            continue
        if direction not in policy_types(spec):
            continue
        isolated = True
        for rule in spec.get(direction.lower()) or []:
            peers = rule.get("from" if direction == "Ingress" else "to") or []
            ports = rule.get("ports") or []
            peer_ok = peers == [] or any(peer_matches(cluster, plugin, peer, home, other) for peer in peers)
            port_ok = ports == [] or any(asked(item) for item in ports)
            if peer_ok and port_ok:
                return True
    return False if isolated else None


def policy_types(spec: Json) -> list[str]:
    """The policyTypes, or what is assumed when there are none."""
    if spec.get("policyTypes"):
        return list(spec["policyTypes"])
    if spec.get("egress"):
        return ["Ingress", "Egress"]
    return ["Ingress"]


def peer_matches(cluster: Json, plugin: Json, peer: Json, home: str, other: tuple[Json, str]) -> bool:
    """One item of `from` or `to`, against the other end and the address it uses in this packet."""
    end, address = other
    if peer.get("domainNames") is not None:
        return bool(plugin["names_hold"])
    if peer.get("ipBlock") is not None:
        if not seen_as_address(end, plugin) and not plugin["blocks_match_pods"]:
            return False
        block = peer["ipBlock"]
        holes = block.get("except") or []
        return address_in(address, block["cidr"]) and not any(address_in(address, hole) for hole in holes)
    if seen_as_address(end, plugin):
        return False
    if peer.get("namespaceSelector") is None:
        namespace_ok = end["namespace"] == home
    else:
        namespace_ok = selector_matches(peer["namespaceSelector"], namespace_labels(cluster, end["namespace"]))
    pod_ok = peer.get("podSelector") is None or selector_matches(peer["podSelector"], end["labels"])
    return namespace_ok and pod_ok
