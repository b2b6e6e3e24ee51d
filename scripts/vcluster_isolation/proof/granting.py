"""Which values put rules there, which of them a user changed, and what they would be by default."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vcluster_isolation import layers, renames
from vcluster_isolation.proof.rule_notes import PLATFORM_KEY
from vcluster_isolation.proof.settings import at_path

PUBLIC_EGRESS = "workload.publicEgress"
API_SERVER_ANYWHERE = "hostApiServer"
POLICY = ("policies", "networkPolicy")

DEFAULT_ON = frozenset({"platform.enabled"})
"""Values that put rules there by default: whoever changes them closes, and grants nothing."""

CLOSING = DEFAULT_ON | {
    PUBLIC_EGRESS,
    "controlPlane.webhooks",
    "hostDns",
    "hostApiServer",
    "nodes",
    "pods",
    PLATFORM_KEY,
}
"""Values that can close what is open by default."""

# The values that put rules there: in the chart's comments they stand in parentheses.
GRANTS = (
    "platform.enabled",
    "fallbackDns",
    "hostApiServer",
    "nodes",
    "pods",
    "hostDns",
    "project",
    "prometheus",
    "controlPlane.apiAccess",
    "controlPlane.webhooks",
    "controlPlane.metricsServer",
    "controlPlane.backingStore",
    "controlPlane.ingress",
    "controlPlane.egress",
    PUBLIC_EGRESS,
    "workload.ingressControllers",
    "workload.ingress",
    "workload.egress",
    "coredns.ingress",
    "coredns.egress",
    "snapshots.objectStorage",
    "snapshots.ingress",
    "snapshots.egress",
)


def changed(values: Mapping[str, Any], chart: Path) -> dict[str, str]:
    """Return the keys of GRANTS that differ from their defaults, each with the path that the user wrote."""
    policy, default = at_path(values, POLICY), at_path(layers.chart_defaults(chart), POLICY)
    differ = [key for key in GRANTS if at_path(policy, key.split(".")) != at_path(default, key.split("."))]
    if not at_path(policy, ("hostApiServer", "cidrs")):  # ports alone say nothing about where it is
        differ = [key for key in differ if key != API_SERVER_ANYWHERE]
    found = {key: f"policies.networkPolicy.{key}" for key in differ}
    if at_path(values, (PLATFORM_KEY, "enabled")):  # closes what the platform has open for the vCluster by default
        found[PLATFORM_KEY] = PLATFORM_KEY
    for rename in renames.read_renames(chart):
        if at_path(values, rename.source) not in (None, at_path(layers.chart_defaults(chart), rename.target)):
            target = ".".join(rename.target[len(POLICY) :])
            key = next(key for key in GRANTS if target == key or target.startswith(f"{key}."))
            found[key] = ".".join(rename.source)
    return found


def reset(values: Mapping[str, Any], chart: Path) -> str:
    """Return YAML that, laid over the user's values, puts every value of GRANTS back to its default."""
    policy: dict[str, Any] = {}
    for key in GRANTS:
        *parents, last = key.split(".")
        here = policy
        for parent in parents:
            here = here.setdefault(parent, {})
        here[last] = at_path(layers.chart_defaults(chart), (*POLICY, *key.split(".")))
    for rename in renames.read_renames(chart):
        if at_path(values, rename.source) is not None:
            policy[rename.source[len(POLICY)]] = None
    platform = {PLATFORM_KEY: {"enabled": False}} if at_path(values, (PLATFORM_KEY, "enabled")) else {}
    return json.dumps({POLICY[0]: {POLICY[1]: policy}, **platform})
