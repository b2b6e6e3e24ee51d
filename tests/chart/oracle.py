"""What the chart must render, worked out a second time in Python: from documents, not from the templates.

`expected(values)` takes the values a user gives and returns the manifests, without what does not matter to the API
server (comments, order of keys). A manifest's key is its name, with `NAMESPACE/` before it where that is not the
release's own namespace. `comparable` is how two manifests are compared,
and `agrees` compares them all.
"""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

from tests.chart import oracle_floor, oracle_guard
from tests.chart.oracle_compare import comparable, out_of_bounds
from tests.chart.oracle_peers import (
    API,
    CONTROL_PLANE_PORTS,
    COREDNS,
    DNS,
    Setup,
    api_server,
    at,
    control_plane,
    fallback,
    granted,
    host_dns,
    in_effect,
    platform,
    project,
    public,
    resolve,
    rule,
    setup_of,
    snapshots,
    tidy,
    webhooks,
    workloads,
)
from tests.chart.oracle_values import DEFAULT_EXCEPT, inside

__all__ = ["DEFAULT_EXCEPT", "agrees", "comparable", "expected", "inside", "key_of", "out_of_bounds", "tidy"]

Json = dict[str, Any]
HOOKS = ("helm.sh/hook", "argocd.argoproj.io/hook")


def key_of(manifest: Json, namespace: str) -> str:
    """Return the key of a manifest of a release in `namespace`; a binding has the name of what it binds."""
    name, home = manifest["metadata"]["name"], manifest["metadata"].get("namespace", namespace)
    if manifest["kind"] == "ValidatingAdmissionPolicyBinding":
        return f"{name} (binding)"
    return str(name) if home == namespace else f"{home}/{name}"


def expected(values: Json, name: str = "a", namespace: str = "ns", version: str = "0.1.0") -> dict[str, Json]:
    """Return the manifests of `values` by key; none when networkPolicy is off."""
    policy = at(values, "policies.networkPolicy", {})
    if not policy.get("enabled", False):
        return {}
    setup = setup_of(values, name, namespace)
    metadata = _metadata(setup, version)
    manifests = [
        _policy(part, home, spec, setup, metadata)
        for part, spec in _specs(setup).items()
        for home in homes(part, setup)
    ]
    manifests += oracle_floor.floors(setup, metadata)
    manifests += oracle_guard.guards(setup, metadata)
    return {key_of(manifest, namespace): manifest for manifest in manifests}


def agrees(rendered: dict[str, Json], values: Json) -> bool:
    """Say whether manifests by key are what `values` must render, for a release `a` in the namespace `ns`."""
    return not any(out_of_bounds(manifest) for manifest in rendered.values()) and {
        key: comparable(manifest) for key, manifest in rendered.items()
    } == _expected(json.dumps(values, sort_keys=True))


@cache
def _expected(values: str) -> dict[str, Json]:
    """Return what `values`, as JSON, must render, as it is compared: mutants of the chart are all held against it."""
    return {key: comparable(manifest) for key, manifest in expected(json.loads(values)).items()}


def homes(part: str, setup: Setup) -> tuple[str, ...]:
    """Return the namespaces in which the policy of these pods is rendered."""
    return setup.namespaces if part in ("work", "kube-dns", "default-deny") else (setup.namespace,)


def _policy(part: str, home: str, spec: Json, setup: Setup, metadata: Json) -> Json:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"vc-{part}-{setup.name}", "namespace": home, **copy.deepcopy(metadata)},
        "spec": copy.deepcopy(spec),
    }


def _metadata(setup: Setup, version: str) -> Json:
    def resolved(texts: Json) -> Json:
        return {key: resolve(text, setup.values, setup.release, setup.namespace) for key, text in texts.items()}

    own = {"app": "vcluster", "chart": f"vcluster-isolation-{version}", "heritage": "Helm", "release": setup.name}
    everywhere = at(setup.values, "controlPlane.advanced.globalMetadata.annotations", {})
    annotations = {
        **resolved(at(setup.policy, "annotations", {})),
        **{key: text for key, text in everywhere.items() if not key.startswith(HOOKS)},
    }
    labels = {**resolved(at(setup.policy, "labels", {})), **own}
    return {"labels": labels, "annotations": annotations} if annotations else {"labels": labels}


def _specs(setup: Setup) -> dict[str, Json]:
    specs = {"cp": _control_plane(setup), "snapshot": _snapshot(setup)}
    if setup.hosted:
        specs["work"] = _work(setup)
    if setup.coredns:
        specs["kube-dns"] = _coredns(setup)
    if at(setup.policy, "defaultDeny.enabled", False):
        specs["default-deny"] = {"podSelector": {}, "policyTypes": ["Egress", "Ingress"]}
    return specs


def _spec(selector: Json, egress: list[Json], ingress: list[Json]) -> Json:
    spec: Json = {"podSelector": selector, "policyTypes": ["Egress", "Ingress"], "egress": egress}
    return {**spec, "ingress": ingress} if ingress else spec


def _own(setup: Setup, path: str, deprecated: str = "") -> list[Json]:
    old = at(setup.policy, deprecated, []) if deprecated else []
    return list(tidy(at(setup.policy, path, []) or old))


def _work(setup: Setup) -> Json:
    policy = setup.policy
    ports = tidy(at(policy, "project.ports", []))
    egress = [rule("to", [control_plane(setup)], [*DNS, API]), rule("to", [workloads(setup)])]
    if at(policy, "workload.publicEgress.enabled", True):
        egress.append(rule("to", [{"ipBlock": block} for block in public(setup)]))
    egress += granted(setup, "workload", "to")
    egress += [rule("to", [project(setup)], ports)] if in_effect(setup) else []
    ingress = []
    if at(policy, "controlPlane.webhooks.enabled", True):
        ingress.append(rule("from", [control_plane(setup)], tidy(at(policy, "controlPlane.webhooks.ports", []))))
    ingress.append(rule("from", [workloads(setup)]))
    ingress += granted(setup, "workload", "from")
    ingress += [rule("from", [project(setup)], ports)] if in_effect(setup) else []
    return _spec(
        {"matchLabels": {"vcluster.loft.sh/managed-by": setup.name}},
        egress + _own(setup, "workload.egress", "extraWorkloadRules"),
        ingress + _own(setup, "workload.ingress"),
    )


def _control_plane(setup: Setup) -> Json:
    policy = setup.policy
    platform_on = at(policy, "platform.enabled", at(policy, "outgoingConnections.platform", True))
    own, hardened = control_plane(setup), setup.hardened
    egress = [*host_dns(setup), *(fallback(setup) if hardened and setup.embedded else []), api_server(setup)]
    egress.append(rule("to", [own], CONTROL_PLANE_PORTS if hardened else []))
    if at(policy, "controlPlane.webhooks.enabled", True):
        egress.append(rule("to", webhooks(setup), tidy(at(policy, "controlPlane.webhooks.ports", []))))
    egress += [rule("to", [platform(setup)], [{"port": 10443, "protocol": "TCP"}] if hardened else [])] * platform_on
    egress += granted(setup, "control-plane", "to")
    egress += _own(setup, "controlPlane.egress", "extraControlPlaneRules")
    ingress = [
        rule("from", [own], CONTROL_PLANE_PORTS if hardened else []),
        rule("from", [workloads(setup)], [*DNS, API]),
        rule("from", [snapshots(setup)], CONTROL_PLANE_PORTS if hardened else []),
    ]
    ingress += [rule("from", [platform(setup)], [API] if hardened else [])] * platform_on
    ingress += granted(setup, "control-plane", "from")
    return _spec(setup.pods({"release": setup.name}), egress, ingress + _own(setup, "controlPlane.ingress"))


def _coredns(setup: Setup) -> Json:
    selector = {"matchLabels": {**COREDNS, "vcluster.loft.sh/managed-by": setup.name}}
    if setup.hardened:
        selector["matchLabels"]["vcluster.loft.sh/namespace"] = "kube-system"
    egress, ingress = host_dns(setup), []
    if setup.hardened:  # the rest of vCluster's rules says again what the policy of the workloads says
        egress = [*egress, *fallback(setup)]
    else:
        egress = [*egress, rule("to", [control_plane(setup)], [API])]
        ingress = [rule("from", [workloads(setup)], DNS)]
    egress += granted(setup, "coredns", "to")
    ingress += granted(setup, "coredns", "from")
    return _spec(selector, egress + _own(setup, "coredns.egress"), ingress + _own(setup, "coredns.ingress"))


def _snapshot(setup: Setup) -> Json:
    egress = [rule("to", [control_plane(setup)], CONTROL_PLANE_PORTS if setup.hardened else [])]
    egress += [*host_dns(setup), api_server(setup), *granted(setup, "snapshot", "to")]
    return _spec(
        setup.pods({"app": "vcluster-snapshot"}),
        egress + _own(setup, "snapshots.egress"),
        granted(setup, "snapshot", "from") + _own(setup, "snapshots.ingress"),
    )
