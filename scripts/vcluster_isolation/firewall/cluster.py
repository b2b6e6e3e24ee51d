"""What a firewall needs to know of a cluster, from `kubectl`: the addresses of its API server and nodes."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import collapse_addresses, ip_network
from pathlib import Path
from typing import Any

from vcluster_isolation.errors import IsolationError
from vcluster_isolation.kubectl import Access, items

_CHECK = "check --kubeconfig and --context, and whether you may list nodes and EndpointSlices"


@dataclass(frozen=True, slots=True)
class Addresses:
    """CIDRs, as few as possible: of API servers, and of nodes with the ranges of their pods."""

    api_server: tuple[str, ...]
    nodes: tuple[str, ...]


def read_addresses(kubeconfig: Path | None, context: str | None) -> Addresses:
    """Return the addresses of the kubeconfig's cluster; None is what kubectl takes by itself.

    An API server connects from the addresses that it says it has (the EndpointSlices of Service default/kubernetes):
    the kubeconfig's own are often those of a load balancer. Raises ToolMissing, ToolFailed, or IsolationError when
    kubectl's answer is not what the API documents.
    """
    access = Access(str(kubeconfig or ""), context or "")
    slices = ["--namespace=default", "--selector=kubernetes.io/service-name=kubernetes", "endpointslices"]
    endpoints, nodes = items(access, slices, _CHECK), items(access, ["nodes"], _CHECK)
    try:
        return Addresses(
            _ranges(address for one in endpoints for end in one["endpoints"] or [] for address in end["addresses"]),
            _ranges(address for node in nodes for address in _of_node(node)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IsolationError("kubectl's answer has addresses in a form that the API does not have", _CHECK) from error


def _of_node(node: Any) -> list[str]:
    """Return a node's internal addresses, and the range of its pods where nodes have one each."""
    addresses = node["status"].get("addresses") or []
    internal = [address["address"] for address in addresses if address["type"] == "InternalIP"]
    return [*internal, *(node["spec"].get("podCIDRs") or [])]


def _ranges(addresses: Any) -> tuple[str, ...]:
    """Return addresses and CIDRs as the fewest CIDRs, those of IPv4 first."""
    networks = [ip_network(address) for address in addresses]
    both = [[each for each in networks if each.version == version] for version in (4, 6)]
    return tuple(str(each) for family in both for each in collapse_addresses(family))  # type: ignore[type-var]
