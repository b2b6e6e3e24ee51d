"""The matrix of values: each toggle of the chart with the settings that differ in what they render."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from allpairspy import AllPairs  # type: ignore[import-untyped]
from rendering import Json

RULES_IN = [
    {"from": [{"podSelector": {}}, {"namespaceSelector": {}}], "ports": [{"port": "web"}]},
    {},
    {"ports": [], "from": []},
]
RULES_OUT = [
    {
        "to": [{"ipBlock": {"cidr": "2001:db8::/32", "except": ["2001:db8:1::/48"]}}],
        "ports": [{"port": 80, "endPort": 90}],
    },
    {"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": []}}]},
]
PEERS = [
    {
        "namespaceSelector": {
            "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["x"]}]
        }
    }
]

# Path in the values -> the settings it may have. The first one is "not set".
TOGGLES: dict[str, list[Any]] = {
    "policies.networkPolicy.platform.enabled": [None, False],
    "policies.networkPolicy.controlPlane.apiAccess": [
        None,
        {"enabled": True},
        {"enabled": True, "from": PEERS},
        {"from": PEERS},
    ],
    "policies.networkPolicy.controlPlane.ingress": [None, RULES_IN],
    "policies.networkPolicy.controlPlane.egress": [None, RULES_OUT],
    "policies.networkPolicy.workload.ingress": [None, RULES_IN],
    "policies.networkPolicy.workload.egress": [None, RULES_OUT],
    "policies.networkPolicy.workload.publicEgress": [
        None,
        {"enabled": False},
        {"cidr": "172.16.0.0/12"},
        {"cidr": "0.0.0.0/1"},
        {"cidr": "2000::/3"},
        {"except": []},
        {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]},
    ],
    "controlPlane.coredns": [None, {"enabled": False}, {"embedded": True}, {"enabled": False, "embedded": True}],
    "privateNodes.enabled": [None, True],
}
DRESS: dict[str, list[Any]] = {
    "vcluster.name": [None, "other", "123", "0x1f", "null"],
    "policies.networkPolicy.labels": [
        None,
        {"team": "x"},
        {"n": "123", "t": "true", "e": ""},
        {"app": "other", "v.io/a": "1e3"},
    ],
    "policies.networkPolicy.annotations": [None, {"a": "b: c # d"}, {"v.io/number": "12"}],
    "controlPlane.advanced.globalMetadata.annotations": [
        None,
        {"a": "global"},
        {"helm.sh/hook": "pre-install", "argocd.argoproj.io/hook": "Sync", "helm.sh/resource-policy": "keep"},
    ],
    "policies.networkPolicy.fallbackDns": [None, "2001:db8::1"],
    "integrations": [None, {"metricsServer": {"enabled": True}}],
    "global": [None, {"anything": 1}],
}


def put(values: Json, path: str, setting: Any) -> None:
    """Set a dotted path in `values`."""
    *parents, last = path.split(".")
    for key in parents:
        values = values.setdefault(key, {})
    values[last] = setting


def built(choice: dict[str, Any]) -> Json:
    """Return the values of one choice of settings, isolation on."""
    values: Json = {"policies": {"networkPolicy": {"enabled": True}}}
    for path, setting in choice.items():
        if setting is not None:
            put(values, path, setting)
    return values


def pairwise() -> Iterator[Json]:
    """Yield values in which every pair of settings of two toggles occurs, and so every single one."""
    paths = {**TOGGLES, **DRESS}
    for settings in AllPairs(list(paths.values())):
        yield built(dict(zip(paths, settings, strict=True)))


def exhaustive() -> Iterator[Json]:
    """Yield values with every combination of the toggles that decide on rules and policies."""
    for settings in itertools.product(*TOGGLES.values()):
        yield built(dict(zip(TOGGLES, settings, strict=True)))
