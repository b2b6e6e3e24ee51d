"""vCluster Platform as what is to be proved about: from values, beside a vCluster or alone, or from its policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from vcluster_isolation.errors import IsolationError
from vcluster_isolation.helm import render_cache
from vcluster_isolation.helm.rule_notes import PLATFORM_KEY
from vcluster_isolation.helm.template import Request
from vcluster_isolation.netpol.parse.parse import Cluster
from vcluster_isolation.subject.platform_settings import (
    API_SERVER,
    EGRESS_KEY,
    HTTP,
    HTTPS,
    PLATFORM_GRANTS,
    PROMETHEUS,
    settings_of_platform,
    settings_of_platform_policy,
)
from vcluster_isolation.subject.render import Render, read_render
from vcluster_isolation.subject.subject import (
    PLATFORM,
    Subject,
    is_home,
    of_cluster,
    of_render,
    with_deployed,
)
from vcluster_isolation.values.chart_instances import NAME as CHART_NAME
from vcluster_isolation.values.chart_instances import Instance, instances
from vcluster_isolation.values.layers import Layer
from vcluster_isolation.values.paths import at
from vcluster_isolation.vcluster.policy_names import PLATFORM as PLATFORM_POLICY
from vcluster_isolation.vcluster.policy_names import is_role
from vcluster_isolation.wording import dotted, printable

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
    f"{EGRESS_KEY}.dns",
    *(f"{PLATFORM_KEY}.{path}" for path in PLATFORM_GRANTS),
    f"{EGRESS_KEY}.rules",
)
"""The values that put rules there."""


def subjects_of_values(request: Request, layers: Sequence[Layer] | None = None) -> list[Subject]:
    """Return what values files describe: the vClusters, and the platforms that have policies, in the order of names.

    Where only the platform has policies, nobody asks about the vCluster. A chart that has this one as a subchart has a
    vCluster for each instance; of one that has not, what it renders is read as manifests are. `layers` are the values
    files of the request where they were read already. Raises what `instances` and `read_render` raise, and
    IsolationError for a chart without a policy of a vCluster.
    """
    found = instances(request, layers)
    render = read_render(render_cache.template(request), request.namespace)
    return subjects_of_render(request, found, render) if found else _of_strange_chart(request, render.cluster)


def subjects_of_render(request: Request, found: Sequence[Instance], render: Render) -> list[Subject]:
    """Return the subjects that instances of this chart describe, given what they rendered. Raises nothing."""
    return [subject for instance in found for subject in _of_instance(request, instance, render)]


def _of_instance(request: Request, instance: Instance, render: Render) -> Iterator[Subject]:
    """Yield the vCluster of an instance, and the platform."""
    platform = at(instance.values, f"{PLATFORM_KEY}.enabled")
    if at(instance.values, "policies.networkPolicy.enabled") or not platform:
        yield of_render(request, instance, render)
    if platform:
        yield _platform(request, instance, render)


def _of_strange_chart(request: Request, cluster: Cluster) -> list[Subject]:
    """Return the vClusters whose policies a chart renders in which this one is not, or not switched on."""
    platforms = platforms_of(cluster)
    homes = any(map(is_home, cluster.policies))
    if not homes and not platforms:
        what = f"{printable(str(request.chart))}: renders no policies of a vCluster, and {CHART_NAME} is not on in it"
        raise IsolationError(what, "check the conditions and tags of its dependencies, and the values")
    return [*(of_cluster(cluster) if homes else []), *platforms]


def platforms_of(cluster: Cluster) -> list[Subject]:
    """Return a subject for each platform whose policy is in a cluster, in the order of namespaces."""
    found = sorted(
        (policy for policy in cluster.policies if is_role(policy, PLATFORM_POLICY)), key=lambda one: one.namespace
    )
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


def _platform(request: Request, instance: Instance, render: Render) -> Subject:
    """Return the platform that the values of an instance describe."""
    home = str(instance.platform["namespace"] or request.namespace)
    cluster = render.cluster
    subject = Subject(
        NAME,
        home,
        cluster.policies,
        cluster.tiers,
        hosted=False,
        coredns=False,
        notes=render.notes_of(instance),
        changed=_changed(instance),
        render_at_default_values=lambda: (cluster.policies, cluster.tiers),
        render=render,
        settings=settings_of_platform(instance.platform, instance.policy, home),
        kind=PLATFORM,
        below=instance.path,
        not_evaluated=cluster.not_evaluated,
    )
    return with_deployed(subject, instance, request.namespace)


def _changed(instance: Instance) -> dict[str, str]:
    """Return the values that differ from their defaults, each with the path that the user wrote."""
    values, defaults = instance.values, instance.defaults
    found = {key: key for key in _KEYS if at(values, key) != at(defaults, key)}
    if at(values, _HOST_DNS) != at(defaults, _HOST_DNS):
        found.setdefault(f"{EGRESS_KEY}.dns", _HOST_DNS)
    return {key: dotted((*instance.path, *path.split("."))) for key, path in found.items()}
