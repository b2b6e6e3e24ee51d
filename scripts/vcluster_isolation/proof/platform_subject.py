"""vCluster Platform as what is to be proved about: from values, beside a vCluster or alone, or from its policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from vcluster_isolation import layers, render_cache, strict_yaml
from vcluster_isolation.helm import Request
from vcluster_isolation.proof.platform_settings import (
    API_SERVER,
    EGRESS_KEY,
    GRANTS,
    HTTP,
    HTTPS,
    PROMETHEUS,
    settings_of_platform,
    settings_of_platform_policy,
)
from vcluster_isolation.proof.rule_notes import PLATFORM_KEY, rule_notes
from vcluster_isolation.proof.settings import at, filled
from vcluster_isolation.proof.subject import PLATFORM, Subject, cluster_in, of_render
from vcluster_isolation.reach.parse import Cluster
from vcluster_isolation.vcluster.policy_names import PLATFORM as PLATFORM_POLICY
from vcluster_isolation.vcluster.policy_names import is_role

Json = Mapping[str, Any]

NAME: Final = "platform"
"""What the subject is called: there is one in a namespace."""

_HOST_DNS = "policies.networkPolicy.hostDns"
_KEYS: Final = (
    API_SERVER,
    HTTPS,
    HTTP,
    PROMETHEUS,
    f"{PLATFORM_KEY}.ingress",
    *(f"{EGRESS_KEY}.{key}" for key in ("dns", *GRANTS, "rules")),
)
"""The values that put rules there."""


def subjects_of_values(request: Request) -> list[Subject]:
    """Return what values files describe: the vCluster, and the platform where it has policies.

    Where only the platform has policies, nobody asks about the vCluster. Raises what `of_values` raises.
    """
    return subjects_of_render(_values(request), render_cache.template(request), request)


def subjects_of_render(values: Json, text: str, request: Request) -> list[Subject]:
    """Return what values, over the chart's defaults, describe, given what they rendered. Raises as `of_render` does."""
    defaults = layers.chart_defaults(request.chart)
    platform = [_of_render(request, values, defaults, text)] if at(values, f"{PLATFORM_KEY}.enabled") else []
    isolated = at(values, "policies.networkPolicy.enabled")
    return [*([of_render(values, text, request)] if isolated or not platform else []), *platform]


def platforms_of(cluster: Cluster) -> list[Subject]:
    """Return a subject for each platform whose policy is in a cluster, in the order of namespaces."""
    found = sorted((one for one in cluster.policies if is_role(one, PLATFORM_POLICY)), key=lambda one: one.namespace)
    usual = Subject(
        NAME,
        "",
        cluster.policies,
        cluster.tiers,
        hosted=False,
        coredns=False,
        kind=PLATFORM,
        not_evaluated=cluster.not_evaluated,
    )
    return [replace(usual, namespace=one.namespace, settings=settings_of_platform_policy(one)) for one in found]


def _values(request: Request) -> Json:
    """Return values over the chart's defaults."""
    read = [strict_yaml.read_mapping(path) for path in request.values]
    return layers.over_defaults(layers.chart_defaults(request.chart), layers.overlay(read))


def _of_render(request: Request, values: Json, defaults: Json, text: str) -> Subject:
    """Return the platform that values describe."""
    ours, policy = (
        filled(at(defaults, path) or {}, at(values, path) or {}) for path in (PLATFORM_KEY, "policies.networkPolicy")
    )
    home = str(ours["namespace"] or request.namespace)
    cluster = cluster_in(text, request.namespace)
    return Subject(
        NAME,
        home,
        cluster.policies,
        cluster.tiers,
        hosted=False,
        coredns=False,
        notes=rule_notes(text),
        changed=_changed(values, defaults),
        usual_policies=lambda: (cluster.policies, cluster.tiers),
        manifests=text,
        settings=settings_of_platform(ours, policy, home),
        kind=PLATFORM,
        not_evaluated=cluster.not_evaluated,
    )


def _changed(values: Json, defaults: Json) -> dict[str, str]:
    """Return the values that differ from their defaults, each with the path that the user wrote."""
    found = {key: key for key in _KEYS if at(values, key) != at(defaults, key)}
    if at(values, _HOST_DNS) != at(defaults, _HOST_DNS):
        found.setdefault(f"{EGRESS_KEY}.dns", _HOST_DNS)
    return found
