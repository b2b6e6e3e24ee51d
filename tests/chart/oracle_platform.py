"""What the chart must render around vCluster Platform, worked out a second time: from documents, not from templates."""

from __future__ import annotations

from typing import Any

from tests.chart import oracle
from tests.chart.oracle_peers import (
    HOME,
    MANAGED,
    PORT_53,
    PORT_5353,
    Setup,
    at,
    openshift_dns,
    public_objects,
    resolvers,
    rule,
    setup_of,
)
from tests.chart.oracle_values import tidy

Json = dict[str, Any]
NOT_SYNCED = [{"key": MANAGED, "operator": "DoesNotExist"}]
PLATFORM = {"matchLabels": {"app": "loft"}, "matchExpressions": NOT_SYNCED}
VCLUSTERS = {
    "namespaceSelector": {},
    "podSelector": {"matchLabels": {"app": "vcluster"}, "matchExpressions": NOT_SYNCED},
}
PROMETHEUS = {
    "matchLabels": {"app.kubernetes.io/name": "prometheus", "app.kubernetes.io/component": "server"},
}
# Each grant of egress: whom it names by default, and its ports.
GRANTS: dict[str, tuple[list[Json], list[int]]] = {
    "vclusters": ([VCLUSTERS], [8443]),
    "apiServers": ([], [443, 6443]),
    "platform": ([], [443, 10443]),
    "licenseServer": ([], [443]),
    "identityProviders": ([], [443]),
    "database": ([], [3306, 5432]),
}


def expected(values: Json, name: str = "a", namespace: str = "ns", version: str = "0.1.0") -> dict[str, Json]:
    """Return the manifests of `platformNetworkPolicy` by key (see oracle.py); none when it is off."""
    given = at(values, "platformNetworkPolicy", {})
    if not at(given, "enabled", False):
        return {}
    setup = setup_of(values, name, namespace)
    home = at(given, "namespace", "") or namespace
    found = [_manifest("vc-platform", home, _spec(given, setup, home), setup, version)]
    if at(given, "prometheus.enabled", False) and at(given, "prometheus.isolated", False):
        space = at(given, "prometheus.namespace", "monitoring")
        found.append(_manifest("vc-platform-prometheus", space, _prometheus_spec(given, home), setup, version))
    return {oracle.key_of(manifest, namespace): manifest for manifest in found}


def everything(values: Json, name: str = "a", namespace: str = "ns") -> dict[str, Json]:
    """Return the manifests around the vCluster and around the platform."""
    return oracle.expected(values, name, namespace) | expected(values, name, namespace)


def _manifest(name: str, home: str, spec: Json, setup: Setup, version: str) -> Json:
    """Return a manifest with the labels and annotations that those around a vCluster have."""
    isolated = {**setup.values, "policies": {"networkPolicy": {**setup.policy, "enabled": True}}}
    beside = next(iter(oracle.expected(isolated, setup.release, setup.namespace, version).values()))
    metadata = {**beside["metadata"], "name": name, "namespace": home}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def _spec(given: Json, setup: Setup, home: str) -> Json:
    spec: Json = {"podSelector": PLATFORM, "policyTypes": ["Ingress"], "ingress": _ingress(given, home)}
    if at(given, "egress.enabled", False):
        spec["policyTypes"] = ["Egress", "Ingress"]
        spec["egress"] = _egress(given, setup, home)
    return spec


def _tcp(*numbers: int) -> list[Json]:
    return [{"port": number, "protocol": "TCP"} for number in numbers]


def _own_pods(home: str) -> Json:
    return {"namespaceSelector": {"matchLabels": {HOME: home}}, "podSelector": PLATFORM}


def _ingress(given: Json, home: str) -> list[Json]:
    dialled = [9443, 9444] if at(given, "agentOnly", False) else [8443, 9443, 9444]
    server = [{"ipBlock": {"cidr": cidr}} for cidr in at(given, "apiServer.cidrs", [])]
    https, http = (tidy(at(given, f"{key}.from", [])) for key in ("https", "http"))
    rules = [rule("from", server + tidy(at(given, "apiServer.peers", [])), _tcp(*dialled))]
    rules.append(rule("from", https, _tcp(10443)))
    rules += [rule("from", [_own_pods(home), VCLUSTERS], _tcp(10443))] if https else []
    rules.append(rule("from", http, _tcp(8080)))
    return rules + list(tidy(at(given, "ingress", [])))


def _egress(given: Json, setup: Setup, home: str) -> list[Json]:
    rules = _dns(setup) if at(given, "egress.dns.enabled", True) else []
    rules += [] if at(given, "agentOnly", False) else [rule("to", [_own_pods(home)], _tcp(10443))]
    for key, (peers, ports) in GRANTS.items():
        grant = at(given, f"egress.{key}", {})
        if at(grant, "enabled", key == "vclusters"):
            to = tidy(at(grant, "to", peers)) or public_objects(setup)
            rules.append(rule("to", to, tidy(at(grant, "ports", _tcp(*ports)))))
    if at(given, "prometheus.enabled", False):
        space = {"matchLabels": {HOME: at(given, "prometheus.namespace", "monitoring")}}
        peer = {"namespaceSelector": space, "podSelector": at(given, "prometheus.podSelector", {}) or PROMETHEUS}
        rules.append(rule("to", [peer], _tcp(at(given, "prometheus.port", 9090))))
    return rules + list(tidy(at(given, "egress.rules", [])))


def _dns(setup: Setup) -> list[Json]:
    peers = resolvers(setup, kube_dns=True, hardened=True)
    openshift = "openshift" in at(setup.policy, "hostDns.presets", ["kube-dns"])
    return [rule("to", peers, PORT_53)] * bool(peers) + [
        rule("to", [openshift_dns(hardened=True)], PORT_5353 + PORT_53)
    ] * openshift


def _prometheus_spec(given: Json, home: str) -> Json:
    return {
        "podSelector": at(given, "prometheus.podSelector", {}) or PROMETHEUS,
        "policyTypes": ["Ingress"],
        "ingress": [rule("from", [_own_pods(home)], _tcp(at(given, "prometheus.port", 9090)))],
    }
