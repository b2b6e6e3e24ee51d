"""What the floor must be, a second time: cluster-scoped policies that no NetworkPolicy of a tenant overrides.

Sources: the types of policy.networking.k8s.io/v1alpha1 (AdminNetworkPolicy), v1alpha2 and v1beta1 (ClusterNetworkPolicy);
OVN-Kubernetes enforces no AdminNetworkPolicy of a priority above 99.
"""

from __future__ import annotations

import copy

from tests.chart.oracle_peers import (
    API,
    COREDNS,
    DNS,
    MANAGED,
    PORT_53,
    PORT_5353,
    Setup,
    at,
    fallback_address,
    granted,
    in_effect,
    in_namespaces,
    openshift_dns,
    project,
    public,
    resolvers,
    rule,
    tidy,
)
from tests.chart.oracle_values import METADATA, Json, inside

EVERYWHERE = ["0.0.0.0/0", "::/0"]
# By floor.api: the kind, its version, and the priority where none is given.
APIS = {
    "AdminNetworkPolicy": ("AdminNetworkPolicy", "v1alpha1", 50),
    "ClusterNetworkPolicy": ("ClusterNetworkPolicy", "v1alpha2", 100),
    "ClusterNetworkPolicy/v1beta1": ("ClusterNetworkPolicy", "v1beta1", 100),
}


def floors(setup: Setup, metadata: Json) -> list[Json]:
    """Return the cluster-scoped policies, rules without names."""
    if not (setup.hosted and at(setup.policy, "floor.enabled", False)):
        return []
    priority = at(setup.policy, "floor.priority", "")
    priority = _api(setup)[2] if priority == "" else priority
    found = [_floor(setup, metadata, "vc-floor", priority + 1, _workloads(setup), _egress(setup), _ingress(setup))]
    if setup.coredns:
        labels = {**COREDNS, "vcluster.loft.sh/namespace": "kube-system", MANAGED: setup.name}
        subject = {"namespaceSelector": in_namespaces(*setup.namespaces), "podSelector": {"matchLabels": labels}}
        egress, ingress = _coredns_egress(setup), _coredns_ingress(setup)
        found.append(_floor(setup, metadata, "vc-floor-coredns", priority, subject, egress, ingress))
    return found


def _floor(  # noqa: PLR0913, PLR0917 - the fields of the manifest
    setup: Setup, metadata: Json, name: str, priority: int, subject: Json, egress: list[Json], ingress: list[Json]
) -> Json:
    kind, version, _ = _api(setup)
    spec: Json = {"priority": priority, "subject": {"pods": subject}}
    spec |= {} if kind == "AdminNetworkPolicy" else {"tier": "Admin"}
    spec |= {"egress": egress} if egress else {}
    spec |= {"ingress": ingress} if ingress else {}
    return {
        "apiVersion": f"policy.networking.k8s.io/{version}",
        "kind": kind,
        "metadata": {"name": f"{name}.{setup.namespace}.{setup.name}", **copy.deepcopy(metadata)},
        "spec": spec,
    }


def _api(setup: Setup) -> tuple[str, str, int]:
    return APIS[at(setup.policy, "floor.api", "AdminNetworkPolicy")]


def _workloads(setup: Setup) -> Json:
    return {
        "namespaceSelector": in_namespaces(*setup.namespaces),
        "podSelector": {"matchLabels": {MANAGED: setup.name}},
    }


def _control_plane(setup: Setup) -> Json:
    return {
        "namespaceSelector": in_namespaces(setup.namespace),
        "podSelector": setup.pods({"release": setup.name}, always=True),
    }


def _egress(setup: Setup) -> list[Json]:
    rules = [
        _pass(setup, rule("to", [_control_plane(setup)], [*DNS, API]), "to"),
        _pass(setup, rule("to", [_workloads(setup)]), "to"),
        *_project(setup, "to"),
    ]
    rules += _own(setup, "workload.egress", "to", "extraWorkloadRules")
    rules.append({"action": "Deny", "to": [{"namespaces": {}}]})  # before addresses, which pods have as well
    if at(setup.policy, "workload.publicEgress.enabled", True):
        blocks = public(setup)
        closed = [entry for block in blocks for entry in block.get("except", [])]
        closed += [entry for entry in METADATA if any(inside(entry, block["cidr"]) for block in blocks)]
        rules += [{"action": "Deny", "to": [{"networks": closed}]}] if closed else []
        rules.append({"action": "Pass", "to": [{"networks": [block["cidr"] for block in blocks]}]})
    return [*rules, {"action": "Deny", "to": [{"networks": EVERYWHERE}]}]


def _ingress(setup: Setup) -> list[Json]:
    rules = []
    if at(setup.policy, "controlPlane.webhooks.enabled", True):
        ports = tidy(at(setup.policy, "controlPlane.webhooks.ports", []))
        rules.append(_pass(setup, rule("from", [_control_plane(setup)], ports), "from"))
    rules.append(_pass(setup, rule("from", [_workloads(setup)]), "from"))
    rules += [_pass(setup, given, "from") for given in granted(setup, "workload", "from")] + _project(setup, "from")
    rules += _own(setup, "workload.ingress", "from")
    return [*(found for found in rules if found["from"]), {"action": "Deny", "from": _everything("from")}]


def _coredns_egress(setup: Setup) -> list[Json]:
    rules = [_pass(setup, rule("to", peers, PORT_53), "to") for peers in [resolvers(setup, kube_dns=True)] if peers]
    if "openshift" in at(setup.policy, "hostDns.presets", ["kube-dns"]):
        rules.append(_pass(setup, rule("to", [openshift_dns(hardened=setup.hardened)], PORT_5353 + PORT_53), "to"))
    rules.append(_pass(setup, rule("to", [{"ipBlock": {"cidr": fallback_address(setup)}}], PORT_53), "to"))
    return rules + _own(setup, "coredns.egress", "to")


def _coredns_ingress(setup: Setup) -> list[Json]:
    rules = [_pass(setup, given, "from") for given in granted(setup, "coredns", "from")]
    rules += _own(setup, "coredns.ingress", "from")
    return [found for found in rules if found["from"]]


def _project(setup: Setup, side: str) -> list[Json]:
    ports = tidy(at(setup.policy, "project.ports", []))
    return [_pass(setup, rule(side, [project(setup)], ports), side)] if in_effect(setup) else []


def _own(setup: Setup, path: str, side: str, deprecated: str = "") -> list[Json]:
    old = at(setup.policy, deprecated, []) if deprecated else []
    return [_pass(setup, given, side) for given in tidy(at(setup.policy, path, []) or old)]


def _everything(side: str) -> list[Json]:
    return [{"namespaces": {}}, *([{"networks": EVERYWHERE}] if side == "to" else [])]


def _pass(setup: Setup, given: Json, side: str) -> Json:
    """Return the Pass rule of a rule of NetworkPolicy; without peers where the API has none of this kind."""
    if side not in given:
        return {"action": "Pass", side: _everything(side), **_ports(setup, given)}
    peers = [_peer(setup, peer) for peer in given[side] if side == "to" or "ipBlock" not in peer]
    return {"action": "Pass", side: peers, **_ports(setup, given)}


def _peer(setup: Setup, peer: Json) -> Json:
    if "ipBlock" in peer:
        return {"networks": [peer["ipBlock"]["cidr"]]}
    if "podSelector" not in peer:
        return {"namespaces": peer["namespaceSelector"]}
    return {"pods": {"namespaceSelector": in_namespaces(*setup.namespaces), **peer}}


def _ports(setup: Setup, given: Json) -> Json:
    admin = _api(setup)[0] == "AdminNetworkPolicy"
    converted = [(_admin_port if admin else _cluster_port)(port) for port in given.get("ports", [])]
    return {"ports" if admin else "protocols": converted} if converted else {}


def _range(port: Json) -> tuple[int, int]:
    """Return the first and last port; a port entry without a port is every port of its protocol."""
    first: int = port.get("port", 1)
    last: int = port.get("endPort", first if "port" in port else 65535)
    return first, last


def _admin_port(port: Json) -> Json:
    if isinstance(port.get("port"), str):
        return {"namedPort": port["port"]}
    (first, last), protocol = _range(port), port.get("protocol", "TCP")
    if first == last:
        return {"portNumber": {"port": first, "protocol": protocol}}
    return {"portRange": {"start": first, "end": last, "protocol": protocol}}


def _cluster_port(port: Json) -> Json:
    if isinstance(port.get("port"), str):
        return {"destinationNamedPort": port["port"]}
    first, last = _range(port)
    numbers = {"number": first} if first == last else {"range": {"start": first, "end": last}}
    return {port.get("protocol", "TCP").lower(): {"destinationPort": numbers}}
