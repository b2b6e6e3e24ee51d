"""What the chart must render, worked out a second time in Python: from the seed's documents, not from the templates.

`expected(values)` takes the values a user gives and returns the policies by name, without what does not matter to the
API server (comments, order of keys).
"""

from __future__ import annotations

import copy
import ipaddress
from typing import Any

Json = dict[str, Any]

DEFAULT_EXCEPT = ["100.64.0.0/10", "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
HOST_DNS = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
    "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
}
PLATFORM = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "loft"}}}
SNAPSHOT = {"podSelector": {"matchLabels": {"app": "vcluster-snapshot"}}}
DNS = [{"port": 1053, "protocol": "UDP"}, {"port": 1053, "protocol": "TCP"}]
API = {"port": 8443, "protocol": "TCP"}
HOOKS = ("helm.sh/hook", "argocd.argoproj.io/hook")
API_SERVER_ANYWHERE = {"ports": [{"port": port, "protocol": "TCP"} for port in (443, 8443, 6443)]}


def at(values: Json, path: str, default: Any) -> Any:
    """Return what stands at a dotted path, or `default`."""
    here: Any = values
    for key in path.split("."):
        if not isinstance(here, dict) or here.get(key) is None:
            return default
        here = here[key]
    return here


def expected(values: Json, name: str = "a", namespace: str = "ns", version: str = "0.1.0") -> dict[str, Json]:
    """Return the policies of `values` by name; none when networkPolicy is off."""
    policy = at(values, "policies.networkPolicy", {})
    if not policy.get("enabled", False):
        return {}
    name = at(values, "vcluster.name", "") or name
    metadata: Json = {"namespace": namespace, "labels": _labels(policy, name, version)}
    everywhere = at(values, "controlPlane.advanced.globalMetadata.annotations", {})
    annotations = {
        **at(policy, "annotations", {}),
        **{key: text for key, text in everywhere.items() if not key.startswith(HOOKS)},
    }
    if annotations:
        metadata["annotations"] = annotations
    specs = {f"vc-cp-{name}": _control_plane(policy, name), f"vc-snapshot-{name}": _snapshot(name)}
    if not at(values, "privateNodes.enabled", False):
        specs[f"vc-work-{name}"] = _work(policy, name)
        if at(values, "controlPlane.coredns.enabled", True) and not at(values, "controlPlane.coredns.embedded", False):
            specs[f"vc-kube-dns-{name}"] = _coredns(name)
    return {
        key: {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": key, **copy.deepcopy(metadata)},
            "spec": copy.deepcopy(spec),
        }
        for key, spec in specs.items()
    }


def tidy(rules: Any, key: str = "") -> Any:
    """Return a user's rules without empty lists and maps; empty selectors and items of lists mean something."""
    if isinstance(rules, list):
        return [tidy(entry, key) for entry in rules]
    if not isinstance(rules, dict):
        return rules
    children = {key: tidy(child, key) for key, child in rules.items()}
    return {key: child for key, child in children.items() if child not in ([], {}) or key.endswith("Selector")}


def _labels(policy: Json, name: str, version: str) -> dict[str, str]:
    own = {"app": "vcluster", "chart": f"vcluster-isolation-{version}", "heritage": "Helm", "release": name}
    return {**at(policy, "labels", {}), **own}


def _spec(selector: Json, egress: list[Json], ingress: list[Json]) -> Json:
    spec: Json = {"podSelector": {"matchLabels": selector}, "policyTypes": ["Egress", "Ingress"], "egress": egress}
    return {**spec, "ingress": ingress} if ingress else spec


def _control(name: str) -> Json:
    return {"podSelector": {"matchLabels": {"release": name}}}


def _workloads(name: str) -> Json:
    return {"podSelector": {"matchLabels": {"vcluster.loft.sh/managed-by": name}}}


def _work(policy: Json, name: str) -> Json:
    egress: list[Json] = [{"ports": [*DNS, API], "to": [_control(name)]}, {"to": [_workloads(name)]}]
    if at(policy, "workload.publicEgress.enabled", True):
        egress.append({"to": [{"ipBlock": _public(policy)}]})
    egress += tidy(at(policy, "workload.egress", at(policy, "extraWorkloadRules", [])))
    ingress = [{"from": [_control(name)]}, {"from": [_workloads(name)]}, *tidy(at(policy, "workload.ingress", []))]
    return _spec({"vcluster.loft.sh/managed-by": name}, egress, ingress)


def _public(policy: Json) -> Json:
    old = at(policy, "outgoingConnections.ipBlock", {})
    cidr = at(policy, "workload.publicEgress.cidr", old.get("cidr", "0.0.0.0/0"))
    excepted = at(policy, "workload.publicEgress.except", old.get("except", DEFAULT_EXCEPT))
    if excepted == DEFAULT_EXCEPT:
        excepted = [entry for entry in excepted if inside(entry, cidr)]
    return {"cidr": cidr, "except": excepted} if excepted else {"cidr": cidr}


def inside(inner: str, outer: str) -> bool:
    """Say whether `inner` lies strictly inside `outer`, as an `except` must inside its `cidr`."""
    one, other = ipaddress.ip_network(inner), ipaddress.ip_network(outer)
    return one.version == other.version and one != other and one.subnet_of(other)  # type: ignore[arg-type]


def _control_plane(policy: Json, name: str) -> Json:
    platform = at(policy, "platform.enabled", at(policy, "outgoingConnections.platform", True))
    egress: list[Json] = [{"to": [HOST_DNS]}, API_SERVER_ANYWHERE, {"to": [_control(name)]}, {"to": [_workloads(name)]}]
    egress += [{"to": [PLATFORM]}] if platform else []
    egress += tidy(at(policy, "controlPlane.egress", at(policy, "extraControlPlaneRules", [])))
    ingress: list[Json] = [
        {"from": [_control(name)]},
        {"from": [_workloads(name)], "ports": [*DNS, API]},
        {"from": [SNAPSHOT]},
    ]
    ingress += [{"from": [PLATFORM]}] if platform else []
    if at(policy, "controlPlane.apiAccess.enabled", False):
        peers = at(policy, "controlPlane.apiAccess.from", [])
        ingress.append({"ports": [API], "from": peers} if peers else {"ports": [API]})
    ingress += tidy(at(policy, "controlPlane.ingress", []))
    return _spec({"release": name}, egress, ingress)


def _coredns(name: str) -> Json:
    selector = {"k8s-app": "vcluster-kube-dns", "vcluster.loft.sh/managed-by": name}
    egress = [{"to": [HOST_DNS]}, {"ports": [API], "to": [_control(name)]}]
    return _spec(selector, egress, [{"from": [_workloads(name)], "ports": DNS}])


def _snapshot(name: str) -> Json:
    return _spec({"app": "vcluster-snapshot"}, [{"to": [_control(name)]}, {"to": [HOST_DNS]}, API_SERVER_ANYWHERE], [])
