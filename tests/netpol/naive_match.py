"""What the naive evaluator asks of single things: selectors, addresses, ports (see `naive.py`)."""

from __future__ import annotations

import ipaddress
from typing import Any

Json = dict[str, Any]


def seen_as_address(end: Json, plugin: Json) -> bool:
    """An end that the plugin knows by its address only: no pod, or one that it takes for its node."""
    return is_outside(end) or bool(end["hostNetwork"] and plugin["hosts_are_nodes"])


def namespace_labels(cluster: Json, name: str) -> dict[str, str]:
    """The labels of a namespace, with the one that the API server adds."""
    labels = dict(cluster["namespaces"].get(name, {}))
    labels["kubernetes.io/metadata.name"] = name
    return labels


def address_in(address: str, cidr: str) -> bool:
    """Containment within one family."""
    number, network = ipaddress.ip_address(address), ipaddress.ip_network(cidr)
    return number.version == network.version and number in network


def port_matches(plugin: Json, item: Json, destination: Json, port: tuple[str, int]) -> bool:
    """One item of `ports`, against the packet's protocol and port."""
    protocol, number = port
    if (item.get("protocol") or "TCP") != protocol:
        return False
    wanted = item.get("port")
    if wanted is None:
        return True
    if isinstance(wanted, str):
        return name_matches(plugin, wanted, destination, port)
    if item.get("endPort") is not None:
        return bool(wanted <= number <= item["endPort"])
    return bool(wanted == number)


def name_matches(plugin: Json, wanted: str, destination: Json, port: tuple[str, int]) -> bool:
    """A named port, against the container ports of the destination."""
    if seen_as_address(destination, plugin):
        return False
    if destination["ports"] is None:
        return bool(plugin["names_hold"])
    for one in destination["ports"]:
        there = plugin["names_hold"] or not one.get("sometimes")
        if there and (one["name"], one.get("protocol") or "TCP", one["containerPort"]) == (wanted, *port):
            return True
    return False


def selector_matches(selector: Json, labels: dict[str, str]) -> bool:
    """A label selector: every requirement must hold."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    return all(expression_matches(item, labels) for item in selector.get("matchExpressions") or [])


def expression_matches(item: Json, labels: dict[str, str]) -> bool:
    """One item of matchExpressions."""
    here = item["key"] in labels
    if item["operator"] == "In":
        return here and labels[item["key"]] in item["values"]
    if item["operator"] == "NotIn":
        return not here or labels[item["key"]] not in item["values"]
    if item["operator"] == "Exists":
        return here
    return not here


def is_outside(end: Json) -> bool:
    """An end that is no pod."""
    return "namespace" not in end
