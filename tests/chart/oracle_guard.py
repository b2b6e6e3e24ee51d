"""The guard a second time: what it is about, where it is bound and how it fails. What it refuses: tests/guard/meaning.py."""

from __future__ import annotations

import copy

from tests.chart.oracle_peers import HOME, Json, Setup, at

ROUTES = ["httproutes", "grpcroutes", "tlsroutes", "tcproutes", "udproutes"]
PODS = ["pods", "pods/*"]
# The kinds of each rule by group, and how many messages it has.
RULES: dict[str, tuple[dict[str, list[str]], int]] = {
    "ownership": (
        {"": [*PODS, "endpoints"], "networking.k8s.io": ["networkpolicies"], "discovery.k8s.io": ["endpointslices"]},
        1,
    ),
    "networkPolicies": ({"networking.k8s.io": ["networkpolicies"]}, 3),
    "pods": ({"": ["pods"]}, 1),
    "labels": (
        {
            "": [*PODS, "replicationcontrollers"],
            "apps": ["deployments", "replicasets", "statefulsets", "daemonsets"],
            "batch": ["jobs", "cronjobs"],
        },
        2,
    ),
    "templates": (
        {
            "gateway.networking.k8s.io": ["gateways", *ROUTES],
            "cert-manager.io": ["issuers"],
            "kubevirt.io": ["virtualmachines", "virtualmachineinstances", "virtualmachineinstancereplicasets"],
            "pool.kubevirt.io": ["virtualmachinepools"],
        },
        3,
    ),
    "endpoints": ({"": ["endpoints"], "discovery.k8s.io": ["endpointslices"]}, 2),
    "services": ({"": ["services", "services/status"]}, 2),
    "addresses": (
        {
            "networking.k8s.io": ["ingresses"],
            "gateway.networking.k8s.io": ROUTES,
            "monitoring.coreos.com": ["servicemonitors", "podmonitors", "probes", "scrapeconfigs"],
            "networking.istio.io": ["serviceentries", "workloadentries"],
            "gateway.envoyproxy.io": ["backends"],
        },
        4,
    ),
}


def guards(setup: Setup, metadata: Json) -> list[Json]:
    """Return the guard and its binding as they are compared; nothing where it is off or no workload runs here."""
    guard = at(setup.policy, "guard", {})
    if not (setup.hosted and at(guard, "enabled", False)):
        return []
    name = f"vc-guard.{setup.namespace}.{setup.name}"
    spaces = {"key": HOME, "operator": "In", "values": [*setup.namespaces]}
    bound = {
        "policyName": name,
        "validationActions": at(guard, "validationActions", ["Deny"]),
        "matchResources": {"namespaceSelector": {"matchExpressions": [spaces]}},
    }
    return [
        _object("ValidatingAdmissionPolicy", name, _frame(guard), metadata),
        _object("ValidatingAdmissionPolicyBinding", name, bound, metadata),
    ]


def _object(kind: str, name: str, spec: Json, metadata: Json) -> Json:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name, **copy.deepcopy(metadata)},
        "spec": spec,
    }


def _frame(guard: Json) -> Json:
    """Return the guard as `comparable` shows one."""
    on = [rule for rule in RULES if at(guard, f"{rule}.enabled", True)]
    kinds = {(group, kind) for rule in on for group, kinds in RULES[rule][0].items() for kind in kinds}
    if "templates" in on:
        listed = [resource.partition(".") for resource in at(guard, "templates.resources", [])]
        kinds |= {(group, kind) for kind, _, group in listed}
    rules = [{"operations": ["CREATE", "UPDATE"], "pairs": kinds}]
    if "ownership" in on:
        rules.append({"operations": ["DELETE"], "pairs": {("", "pods"), ("networking.k8s.io", "networkpolicies")}})
    about = {(operation, *pair) for rule in rules for operation in rule["operations"] for pair in rule["pairs"]}
    return {
        "failurePolicy": at(guard, "failurePolicy", "Fail"),
        "about": sorted({(operation, kind) for operation, _, kind in about}),
        "groups": sorted({(operation, group) for operation, group, _ in about}),
        "reasons": ["Forbidden"] * sum(RULES[rule][1] for rule in on),
    }
