"""A small cast for examples: pods in three namespaces, addresses outside, and policies about the database pod.

`a/db` is the pod that the policies of `ingress` and `egress` isolate. Namespace `a` is labelled team=red, `b`
team=blue, `c` has no label of its own. Every pod has an IPv4 and an IPv6 address.
"""

from __future__ import annotations

from typing import Any

from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.objects.model import ContainerPort, Endpoint, External, Pod, labels_of, namespace
from vcluster_isolation.netpol.objects.verdict import Mode, Verdict
from vcluster_isolation.netpol.parse.parse import parse_cluster
from vcluster_isolation.netpol.sets.addresses import address_set

Json = dict[str, Any]

SPACES = {"a": namespace("a", {"team": "red"}), "b": namespace("b", {"team": "blue"}), "c": namespace("c")}
NAMED = (
    ContainerPort("http", "TCP", 80),
    ContainerPort("dns", "UDP", 53),
    ContainerPort("many", "TCP", 1000),
    ContainerPort("many", "TCP", 2000),
    ContainerPort("setup", "TCP", 9, certain=False),
)


def pod(space: str, name: str, number: int, **labels: str) -> Pod:
    addresses = address_set(f"10.0.0.{number}", f"fd00::{number}")
    return Pod(SPACES[space], labels_of(labels), name, NAMED, addresses)


CAST: dict[str, Endpoint] = {
    "a/db": pod("a", "db", 1, app="db", tier="back"),
    "a/web": pod("a", "web", 2, app="web", tier="front"),
    "a/empty": pod("a", "empty", 3, app=""),
    "a/bare": pod("a", "bare", 4),
    "b/web": pod("b", "web", 5, app="web", tier="front"),
    "b/bare": pod("b", "bare", 6),
    "c/web": pod("c", "web", 7, app="web", tier="front"),
    "host": Pod(SPACES["b"], labels_of({"app": "agent"}), "agent", (), address_set("192.168.0.1"), host_network=True),
    "any": Pod(SPACES["a"], labels_of({"app": "any"}), ports=None),
    "v4": External("v4", address_set("8.8.8.8")),
    "v6": External("v6", address_set("2001:db8::1")),
    "net": External("net", address_set("10.9.0.0/24")),
    "dual": External("dual", address_set("8.8.8.8", "2001:db8::1")),
    "node": External("node", address_set("192.168.0.1"), node=True),
}
DB = {"matchLabels": {"app": "db"}}


def ingress(*rules: Json, selected: Json | None = None) -> Json:
    """The spec of a policy of namespace `a` that isolates `a/db` (or what is `selected`) in ingress."""
    return {"podSelector": DB if selected is None else selected, "policyTypes": ["Ingress"], "ingress": list(rules)}


def egress(*rules: Json, selected: Json | None = None) -> Json:
    """The same in egress."""
    return {"podSelector": DB if selected is None else selected, "policyTypes": ["Egress"], "egress": list(rules)}


def evaluator(*specs: Json, space: str = "a") -> Evaluator:
    """The evaluator of these specs, as policies p0, p1… of one namespace."""
    manifests = [
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": f"p{at}"}, "spec": spec}
        for at, spec in enumerate(specs)
    ]
    cluster = parse_cluster(manifests, home=space)
    assert cluster.problems == ()
    return Evaluator(cluster.policies)


def verdict(source: str, destination: str, *specs: Json, mode: Mode = Mode.MAY, same_node: bool = False) -> Verdict:
    """What the specs, as policies of namespace `a`, say of two of the cast."""
    return evaluator(*specs).flow(CAST[source], CAST[destination], mode, same_node=same_node)


def may(source: str, destination: str, *specs: Json) -> str:
    """The ports that may get through, as text."""
    return str(verdict(source, destination, *specs).allowed)


def must(source: str, destination: str, *specs: Json) -> str:
    """The ports that surely get through, as text."""
    return str(verdict(source, destination, *specs, mode=Mode.MUST).allowed)
