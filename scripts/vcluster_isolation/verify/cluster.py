"""What `verify platform` needs to know of a cluster, out of the objects that kubectl lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from vcluster_isolation.verify.kubectl import Listing

PROVIDERS = {"gce": "gcloud", "aws": "aws", "azure": "azure", "openstack": "openstack"}
"""The scheme of a node's `spec.providerID`, and what `firewall --provider` calls it."""


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod that runs: its name, its address, and the numbers of its named container ports."""

    namespace: str
    name: str
    address: str
    named_ports: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class LoadBalancerPort:
    """A way in from outside: the address of a load balancer, the port of the Service, and the pods' port behind."""

    service: str
    host: str
    port: int
    target: int


@dataclass(frozen=True, slots=True)
class APIServiceStatus:
    """What the API server says of an API service: whether it reaches it, and if not, why."""

    name: str
    service: str
    available: bool
    message: str


@dataclass(frozen=True, slots=True)
class Nodes:
    """The addresses and pod ranges of the nodes, and their cloud as `firewall --provider` calls it, or empty."""

    addresses: frozenset[str] = frozenset()
    pod_ranges: tuple[IPv4Network | IPv6Network, ...] = ()
    provider: str = ""

    def has(self, address: str) -> bool:
        """Whether an address is a node's, or one of a pod on a node."""
        return address in self.addresses or any(ip_address(address) in block for block in self.pod_ranges)


def pods(items: Iterable[Mapping[str, Any]]) -> tuple[Pod, ...]:
    """Return the pods that run and have an address, sorted by name."""
    found = (
        Pod(str(meta.get("namespace", "")), str(meta.get("name", "")), address, tuple(_named(_map(item, "spec"))))
        for item in items
        for meta, status in [(_map(item, "metadata"), _map(item, "status"))]
        if status.get("phase") == "Running" and (address := _address(status.get("podIP")))
    )
    return tuple(sorted(found, key=lambda pod: (pod.namespace, pod.name)))


def nodes(items: Iterable[Mapping[str, Any]]) -> Nodes:
    """Return what is known of the nodes."""
    listed = list(items)
    stated = [entry.get("address") for node in listed for entry in _list(_map(node, "status"), "addresses")]
    ranges = {block for node in listed for text in _texts(_map(node, "spec"), "podCIDRs") if (block := _range(text))}
    schemes = {str(_map(node, "spec").get("providerID", "")).partition(":")[0] for node in listed}
    clouds = {PROVIDERS[scheme] for scheme in schemes if scheme in PROVIDERS}
    provider = clouds.pop() if len(clouds) == 1 else ""
    return Nodes(frozenset(filter(None, map(_address, stated))), tuple(ranges), provider)


def doors(items: Iterable[Mapping[str, Any]], platform: Iterable[Pod]) -> tuple[LoadBalancerPort, ...]:
    """Return the load balancers' addresses; a named target port is looked up in the platform's pods."""
    numbers = dict(pair for pod in platform for pair in pod.named_ports)
    return tuple(
        LoadBalancerPort(str(_map(item, "metadata").get("name", "")), host, port["port"], target)
        for item in items
        for entry in _list(_map(_map(item, "status"), "loadBalancer"), "ingress")
        if (host := entry.get("hostname") or entry.get("ip")) and isinstance(host, str)
        for port in _list(_map(item, "spec"), "ports")
        if _is_port(port.get("port")) and port.get("protocol", "TCP") == "TCP"
        if (target := numbers.get(aim) if isinstance(aim := port.get("targetPort"), str) else aim) is not None
    )


def words(items: Iterable[Mapping[str, Any]], namespace: str) -> tuple[APIServiceStatus, ...]:
    """Return what the API server says of the API services that are served in a namespace."""
    found: list[APIServiceStatus] = []
    for item in items:
        service = _map(_map(item, "spec"), "service")
        conditions = {entry.get("type"): entry for entry in _list(_map(item, "status"), "conditions")}
        said = conditions.get("Available")
        if said is not None and service.get("namespace") == namespace:
            name, message = _map(item, "metadata").get("name", ""), said.get("message", "")
            found.append(
                APIServiceStatus(str(name), str(service.get("name", "")), said.get("status") == "True", str(message))
            )
    return tuple(sorted(found, key=lambda word: word.name))


@dataclass(frozen=True, slots=True)
class PlatformCluster:
    """A cluster: its API server's URL, the pods that serve ports, and ways in. `failures` say what was not readable."""

    server: str
    namespace: str
    platform: tuple[Pod, ...]
    prometheus: tuple[Pod, ...]
    dns: tuple[Pod, ...]
    nodes: Nodes
    doors: tuple[LoadBalancerPort, ...]
    words: tuple[APIServiceStatus, ...]
    failures: Mapping[str, str]


def cluster(server: str, namespace: str, listed: Mapping[str, Listing]) -> PlatformCluster:
    """Put together what kubectl listed under the names of `reading.wanted`."""
    platform = pods(listed["platform"].items)
    return PlatformCluster(
        server=server,
        namespace=namespace,
        platform=platform,
        prometheus=pods(listed["prometheus"].items),
        dns=pods(listed["dns"].items),
        nodes=nodes(listed["nodes"].items),
        doors=doors(listed["services"].items, platform),
        words=words(listed["apiservices"].items, namespace),
        failures={name: one.failure for name, one in listed.items() if one.failure},
    )


def _map(item: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = item.get(key)
    return value if isinstance(value, dict) else {}


def _list(item: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    value = item.get(key)
    yield from (entry for entry in value if isinstance(entry, dict)) if isinstance(value, list) else ()


def _texts(item: Mapping[str, Any], key: str) -> Iterator[str]:
    value = item.get(key)
    yield from (entry for entry in value if isinstance(entry, str)) if isinstance(value, list) else ()


def _named(spec: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield the named container ports of a pod."""
    for container in _list(spec, "containers"):
        for port in _list(container, "ports"):
            if isinstance(port.get("name"), str) and _is_port(port.get("containerPort")):
                yield port["name"], port["containerPort"]


def _is_port(value: Any) -> bool:
    return isinstance(value, int) and 0 < value < 65_536  # noqa: PLR2004 # the largest port, RFC 9293


def _address(value: Any) -> str:
    """Return an IP address, or nothing for what is none: a node may state its name among its addresses."""
    if not isinstance(value, str):
        return ""
    try:
        return str(ip_address(value))
    except ValueError:
        return ""


def _range(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None
