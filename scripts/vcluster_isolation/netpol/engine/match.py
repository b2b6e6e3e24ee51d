"""Does one policy, peer or port of a rule match? The smallest questions of the evaluator (see `evaluate.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vcluster_isolation.netpol.objects.model import Endpoint, External, Peer, Pod, Policy, Rule
from vcluster_isolation.netpol.objects.tiers import TierRule
from vcluster_isolation.netpol.objects.verdict import DOMAIN_NAMES, EVERYONE, IP_BLOCK, SELECTOR, Grant, Mode
from vcluster_isolation.netpol.sets.addresses import AddressSet
from vcluster_isolation.netpol.sets.ports import NONE, PortSet, every_port, port_range, union_of

NOWHERE = AddressSet()


def applies(policy: Policy, pod: Pod, direction: str) -> bool:
    """Return whether a policy of a pod's own namespace isolates it in a direction: policyTypes and podSelector."""
    return direction in policy.types and policy.selector.matches(pod.labels)


def selects(peer: Peer, home: str, pod: Pod) -> bool:
    """Return whether the selectors of a peer (one without an ipBlock), in a policy of `home`, select a pod."""
    if peer.namespaces is None and pod.namespace.name != home:
        return False
    if peer.namespaces is not None and not peer.namespaces.matches(pod.namespace.labels):
        return False
    return peer.pods is None or peer.pods.matches(pod.labels)


def matched(peer: Peer, home: str, other: Endpoint, mode: Mode) -> AddressSet:
    """Return at which of its addresses the other end matches a peer: all, none, or an ipBlock's part of them.

    Domain names match any address perhaps, and none surely.
    """
    if peer.block is None:
        return other.addresses if isinstance(other, Pod) and selects(peer, home, other) else NOWHERE
    if mode is Mode.MUST and (isinstance(other, Pod) or not peer.block.certain):
        return NOWHERE
    inside = other.addresses & peer.block.addresses
    return other.addresses if inside == other.addresses else inside


def named_ports(rule: Rule | TierRule, destination: Endpoint, mode: Mode) -> PortSet:
    """Return what the named ports of a rule stand for at a destination; nothing where there is no pod to ask."""
    if not isinstance(destination, Pod):
        return NONE
    return union_of(_resolve(protocol, name, destination, mode) for protocol, name in rule.named)


def _resolve(protocol: str, name: str, pod: Pod, mode: Mode) -> PortSet:
    """Return the ports that a pod calls by this name, in this protocol."""
    may = mode is Mode.MAY
    if pod.ports is None:
        return every_port(protocol) if may else NONE
    called = (port for port in pod.ports if port.name == name and port.protocol == protocol)
    return union_of(port_range(protocol, port.number) for port in called if port.certain or may)


def grants(
    rule: Rule, asked: Iterable[tuple[int, Peer]], other: Endpoint, destination: Endpoint, mode: Mode
) -> Iterator[Grant]:
    """Yield each way in which a rule admits the other end of a flow to (or from) the `destination`'s ports.

    `asked` are its peers with their places, without such as cannot match. `other` is the end that the rule's peers
    speak of: the destination for an egress rule, else the source.
    """
    ports = rule.ports | named_ports(rule, destination, mode) if rule.named else rule.ports
    guessed = bool(rule.named) and isinstance(destination, Pod) and destination.ports is None
    if not ports:
        return
    if not rule.peers:
        yield Grant(rule.origin, None, EVERYONE, other.addresses, ports, guessed)
    for index, peer in asked:
        addresses = matched(peer, rule.origin.namespace, other, mode)
        if addresses:
            yield Grant(rule.origin, index, _via(peer), addresses, ports, guessed)


def _via(peer: Peer) -> str:
    """Return in which way a peer of a namespaced policy names the other end."""
    if peer.block is None:
        return SELECTOR
    return IP_BLOCK if peer.block.certain else DOMAIN_NAMES


def is_node(end: Endpoint) -> bool:
    """Return whether an end is a node of the cluster, or a pod in a node's network."""
    return end.node if isinstance(end, External) else end.host_network


def as_node(end: Endpoint) -> Endpoint:
    """Return a host-network pod as a plugin sees it that cannot tell it from its node; any other end unchanged."""
    if isinstance(end, Pod) and end.host_network:
        return External(end.name, end.addresses, node=True)
    return end
