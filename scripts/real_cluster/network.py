"""The wires: two nodes, their pods, and the outside that connects the nodes, each a network namespace.

    pod eth0 ── n1 ── outside ── n2 ── eth0 pod

The outside is the router between the nodes, and everything that is no pod: the internet, a cloud's metadata service
and the host's API server are addresses of its loopback device. A node routes each pod's two addresses to the pod's
cable: there is no bridge, so that whatever goes from pod to pod goes through the node's FORWARD chain. Neighbours are
entered by hand: a question by ARP or NDP that waits for its answer looks like a closed port.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from real_cluster import linux

OUTSIDE: Final = "outside"
_NODE_END, _POD_END = "02:00:00:00:00:01", "02:00:00:00:00:02"  # every cable has just these two
_GATEWAY_4, _GATEWAY_6 = "169.254.1.1", "fe80::1"
_ROUTER_4: Final = "172.29.0.1"

ROUTING: Final[Mapping[str, str]] = {
    "net/ipv4/ip_forward": "1",
    "net/ipv6/conf/all/forwarding": "1",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
    # Each refusal is to be heard: a host says only so often in a second that something is unreachable.
    "net/ipv4/icmp_ratemask": "0",
    "net/ipv6/icmp/ratemask": "\n",
    "net/ipv6/conf/all/accept_dad": "0",
    "net/ipv6/conf/default/accept_dad": "0",
}
_TRACKING: Final[Mapping[str, str]] = {
    # Hundreds of thousands of probes: what is over is to be forgotten before the table is full.
    "net/netfilter/nf_conntrack_tcp_timeout_time_wait": "1",
    "net/netfilter/nf_conntrack_tcp_timeout_close": "1",
    "net/netfilter/nf_conntrack_udp_timeout": "1",
    "net/netfilter/nf_conntrack_udp_timeout_stream": "1",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A node: its number makes its name and addresses, and those of its pods."""

    number: int

    @property
    def name(self) -> str:
        """The name of the Node object, and of the network namespace."""
        return f"n{self.number}"

    @property
    def addresses(self) -> tuple[str, str]:
        """The node's own addresses."""
        return f"172.29.0.1{self.number}", f"fd00:29::1{self.number}"

    @property
    def ranges(self) -> tuple[str, str]:
        """The ranges of its pods."""
        return f"10.213.{self.number * 16}.0/20", f"fd00:10:213:{self.number}::/64"

    def pod_addresses(self, index: int) -> tuple[str, str]:
        """Return the addresses of its pod number `index`, from 1 on."""
        high, low = divmod(index, 256)
        return f"10.213.{self.number * 16 + high}.{low}", f"fd00:10:213:{self.number}::{index:x}"


NODES: Final = (Node(1), Node(2))


@dataclass(frozen=True, slots=True)
class PodCable:
    """A pod's network: its namespace, and what its node has of it. `index` is its number on the node, from 1 on."""

    node: Node
    index: int

    @property
    def space(self) -> str:
        """The name of the pod's network namespace."""
        return f"{self.node.name}-p{self.index}"

    @property
    def addresses(self) -> tuple[str, str]:
        """The pod's addresses."""
        return self.node.pod_addresses(self.index)


def lay_outside() -> None:
    """Make the outside. Raises OSError or ToolFailed."""
    linux.add(OUTSIDE)
    place = linux.NAMES / OUTSIDE
    linux.configure(place, ROUTING)
    linux.ip(["link set lo up", f"address add {_ROUTER_4}/32 dev lo"], OUTSIDE)


def lay_node(node: Node) -> None:
    """Make a node and connect it to the outside. Raises OSError or ToolFailed."""
    linux.add(node.name)
    linux.configure(linux.NAMES / node.name, {**ROUTING, **_TRACKING})
    linux.ip([f"link add {node.name} netns {OUTSIDE} type veth peer name uplink netns {node.name}"])
    four, six = node.addresses
    pods_4, pods_6 = node.ranges
    linux.ip(
        [
            "link set lo up",
            "link set uplink up",
            f"address add {four}/32 dev uplink",
            f"address add {six}/128 dev uplink nodad",
            "address add fe80::2/64 dev uplink nodad",
            f"route add {_ROUTER_4} dev uplink src {four}",
            f"route add default via {_ROUTER_4} dev uplink src {four}",
            f"route add ::/0 via {_GATEWAY_6} dev uplink src {six}",
        ],
        node.name,
    )
    linux.ip(
        [
            f"link set {node.name} up",
            f"address add {_GATEWAY_6}/64 dev {node.name} nodad",
            f"route add {four} dev {node.name} src {_ROUTER_4}",
            f"route add {pods_4} via {four} dev {node.name} src {_ROUTER_4}",
            f"route add {six} via fe80::2 dev {node.name}",
            f"route add {pods_6} via fe80::2 dev {node.name}",
        ],
        OUTSIDE,
    )


def cut_node(node: Node) -> None:
    """Remove a node, with its end of every cable. Raises OSError."""
    linux.ip(["link delete uplink"], node.name)
    linux.delete(node.name)


def lay_pods(pods: Iterable[PodCable]) -> None:
    """Make the network of pods and connect them to their nodes. Raises OSError or ToolFailed."""
    new = list(pods)
    for pod in new:
        linux.add(pod.space)
        linux.configure(linux.NAMES / pod.space, {"net/ipv6/conf/default/accept_dad": "0"})
    connect_pods(new)


def connect_pods(pods: Iterable[PodCable]) -> None:
    """Lay the cables of pods whose namespaces are there. Raises ToolFailed."""
    new = list(pods)
    linux.ip(
        f"link add eth0 address {_POD_END} netns {pod.space} type veth "
        f"peer name p{pod.index} address {_NODE_END} netns {pod.node.name}"
        for pod in new
    )
    for node in {pod.node for pod in new}:
        linux.ip((line for pod in new if pod.node == node for line in _at_node(pod)), node.name)
    for pod in new:
        linux.ip(_at_pod(pod), pod.space)


def cut_pod(pod: PodCable) -> None:
    """Remove a pod's network; the kernel soon takes the cable away, of many pods at once. Raises OSError."""
    linux.delete(pod.space)


def add_outside(addresses: Iterable[str]) -> None:
    """Give the outside more addresses; those that it has already are fine. Raises ToolFailed."""
    linux.ip((f"address replace {address} dev lo nodad" for address in map(_single, addresses)), OUTSIDE)


def _single(address: str) -> str:
    return f"{address}/128" if ":" in address else f"{address}/32"


def _at_node(pod: PodCable) -> Iterator[str]:
    """Yield how a node gets to a pod."""
    device = f"p{pod.index}"
    yield f"link set {device} up"
    for address in pod.addresses:
        yield f"route add {_single(address)} dev {device}"
        yield f"neighbour replace {address} lladdr {_POD_END} dev {device} nud permanent"


def _at_pod(pod: PodCable) -> Iterator[str]:
    """Yield how a pod gets to its node."""
    yield from ("link set lo up", "link set eth0 up")
    ways = (("0.0.0.0/0", _GATEWAY_4), ("::/0", _GATEWAY_6))
    for address, (everything, gateway) in zip(pod.addresses, ways, strict=True):
        yield f"address replace {_single(address)} dev eth0 nodad"
        yield f"neighbour replace {gateway} lladdr {_NODE_END} dev eth0 nud permanent"
        yield f"route replace {everything} via {gateway} dev eth0 onlink"
