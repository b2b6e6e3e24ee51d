"""Which values put rules there, which of them a user changed, and what they would be by default."""

from __future__ import annotations

from typing import Any

from vcluster_isolation.helm.rule_notes import PLATFORM_KEY
from vcluster_isolation.kubernetes.api_json import as_text
from vcluster_isolation.values.chart_instances import Instance
from vcluster_isolation.values.paths import at_path
from vcluster_isolation.vcluster.grant_rows import grant_rows
from vcluster_isolation.wording import dotted

PUBLIC_EGRESS = "workload.publicEgress"
API_SERVER_ANYWHERE = "hostApiServer"
POLICY = ("policies", "networkPolicy")

GRANTING_VALUES = tuple(row.path for row in grant_rows())
"""The values that put rules there: in the chart's comments they stand in parentheses."""

DEFAULT_ON = frozenset(row.path for row in grant_rows() if row.closes == "only")
"""Values that put rules there by default: whoever changes them closes, and grants nothing."""

CLOSING = frozenset(row.path for row in grant_rows() if row.closes) | {PLATFORM_KEY}
"""Values that can close what is open by default."""


def changed(instance: Instance) -> dict[str, str]:
    """Return the keys of GRANTING_VALUES that differ from their defaults, each with the path that the user wrote."""
    policy, default = at_path(instance.values, POLICY), at_path(instance.defaults, POLICY)
    differ = [key for key in GRANTING_VALUES if at_path(policy, key.split(".")) != at_path(default, key.split("."))]
    if not at_path(policy, ("hostApiServer", "cidrs")):  # ports alone say nothing about where it is
        differ = [key for key in differ if key != API_SERVER_ANYWHERE]
    found = {key: f"policies.networkPolicy.{key}" for key in differ}
    if at_path(instance.values, (PLATFORM_KEY, "enabled")):
        found[PLATFORM_KEY] = PLATFORM_KEY  # closes what the platform has open for the vCluster by default
    for rename in instance.renames:
        if at_path(instance.values, rename.source) not in (None, at_path(instance.defaults, rename.target)):
            target = ".".join(rename.target[len(POLICY) :])
            key = next(key for key in GRANTING_VALUES if target == key or target.startswith(f"{key}."))
            found[key] = ".".join(rename.source)
    return {key: dotted((*instance.path, *path.split("."))) for key, path in found.items()}


def reset(instance: Instance) -> str:
    """Return YAML that, laid over the user's values, puts every value of GRANTING_VALUES back to its default."""
    policy: dict[str, Any] = {}
    for key in GRANTING_VALUES:
        *parents, last = key.split(".")
        here = policy
        for parent in parents:
            here = here.setdefault(parent, {})
        here[last] = at_path(instance.defaults, (*POLICY, *key.split(".")))
    for rename in instance.renames:
        if at_path(instance.values, rename.source) is not None:
            policy[rename.source[len(POLICY)]] = None
    platform = {PLATFORM_KEY: {"enabled": False}} if at_path(instance.values, (PLATFORM_KEY, "enabled")) else {}
    return as_text(instance.below({POLICY[0]: {POLICY[1]: policy}, **platform}))
