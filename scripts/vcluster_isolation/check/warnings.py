"""What values do that is not wrong, and that nobody may have meant: warnings of `check`.

What stays open, which grants other tenants can use (`prove --strict` fails), and which needs the policies close.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vcluster_isolation.claims.needs import needs_claims
from vcluster_isolation.errors import Problem
from vcluster_isolation.helm.rule_notes import PLATFORM_KEY
from vcluster_isolation.helm.template import Request
from vcluster_isolation.prove.forgeable import forgeable_grants
from vcluster_isolation.prove.prove import FAILS, prove
from vcluster_isolation.subject.platform_settings import served
from vcluster_isolation.subject.settings import mapped
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.values.chart_instances import Instance
from vcluster_isolation.values.layers import Layer, locate
from vcluster_isolation.values.paths import at
from vcluster_isolation.wording import dotted, printable, quoted, undotted

_POLICY = "policies.networkPolicy"


def left_open(layers: Sequence[Layer], request: Request, instances: Sequence[Instance]) -> Iterator[Problem]:
    """Yield a warning for each thing that the chart has to leave open with these values, which it accepts.

    These are the ports of a host API server that nobody said where to find, in the hardened profile, namespaces of
    workloads that no value names, and the ports of the platform for an API server that may connect from anywhere.
    `instances` are where the chart is in the one that was rendered. Raises nothing.
    """
    for instance in instances:
        for warning in _of_instance(instance, request, layers):
            whole = (*instance.path, *warning.where.split("."))
            file, line = locate(layers, whole) if instance.path else (warning.file, warning.line)
            yield replace(warning, where=dotted(whole), file=file, line=line)


def _of_instance(instance: Instance, request: Request, layers: Sequence[Layer]) -> Iterator[Problem]:
    """Yield the warnings about one instance, with paths in its own values."""
    values, policy = instance.values, instance.policy
    yield from _of_platform(values, layers)
    if not policy.get("enabled"):
        return
    if policy.get("profile") == "hardened" and not at(policy, "hostApiServer.cidrs"):
        where = f"{_POLICY}.hostApiServer.cidrs"
        ports = ", ".join(str(port) for port in at(policy, "hostApiServer.ports"))
        what = f"is empty, so the control plane and snapshots may reach TCP {ports} at any address"
        if at(policy, "hostApiServer.discover"):
            what += ", where no cluster is there to look the API server up in"
        yield _warning(where, what, "name the addresses of the host cluster's API server", layers)
    yield from _of_syncs(values, policy, str(at(values, "vcluster.name") or request.name), layers)


def _of_syncs(
    values: Mapping[str, Any], policy: Mapping[str, Any], name: str, layers: Sequence[Layer]
) -> Iterator[Problem]:
    """Yield a warning about each way in which a tenant gets namespaces or policies of its own into the host cluster."""
    sync, many = "sync.toHost.namespaces", "experimental.multiNamespaceMode"
    hosts = mapped(values, name)
    for pattern in (host for host in hosts if "*" in host):
        what = f"{quoted(pattern)} names no namespace: workloads in namespaces like that are not isolated"
        yield _warning(f"{sync}.mappings.byName", what, f"list them in {_POLICY}.workload.namespaces", layers)
    for where, on in ((sync, at(values, f"{sync}.enabled") and not hosts), (many, at(values, f"{many}.enabled"))):
        if on:
            what = "is on: workloads in namespaces of their own are not isolated"
            yield _warning(f"{where}.enabled", what, f"list them in {_POLICY}.workload.namespaces", layers)
    policies = "sync.toHost.networkPolicies.enabled"
    if at(values, policies) and not at(policy, "floor.enabled") and not _guarded(policy):
        what = "is on: policies add up, so a tenant's own can open again what these close"
        yield _warning(policies, what, f"turn {_POLICY}.floor on, if the network plugin has such a tier", layers)


def _guarded(policy: Mapping[str, Any]) -> bool:
    """Whether the API server refuses a tenant's policies that open more than the chart's."""
    actions = at(policy, "guard.validationActions") or ()
    return bool(at(policy, "guard.enabled") and at(policy, "guard.networkPolicies.enabled") and "Deny" in actions)


def _of_platform(values: Mapping[str, Any], layers: Sequence[Layer]) -> Iterator[Problem]:
    """Yield a warning about the ports that the platform has for kube-apiserver only."""
    platform = values.get(PLATFORM_KEY) or {}
    if not platform.get("enabled") or at(platform, "apiServer.cidrs") or at(platform, "apiServer.peers"):
        return
    ports = served(agent_only=bool(platform.get("agentOnly")))["kube-apiserver"]
    what = f"is empty, and so are peers: anyone may reach {ports} of the platform, which are for kube-apiserver"
    next_step = "name where the host cluster's API server connects from"
    yield _warning(f"{PLATFORM_KEY}.apiServer.cidrs", what, next_step, layers)


def _warning(where: str, what: str, next_step: str, layers: Sequence[Layer]) -> Problem:
    """Return a warning about a key, with its place if somebody wrote it."""
    return Problem(where, what, next_step, "chart", *locate(layers, where.split(".")))


def forgeable(layers: Sequence[Layer], subjects: Iterable[Subject]) -> Iterator[Problem]:
    """Yield a warning for each grant of the values that other tenants can use; `subjects` are what these describe.

    Each has the place of the grant in the values, and the selector that is safe where there is one.
    """
    for subject in subjects:
        for grant in forgeable_grants(subject):
            advice = grant.advice + (f": {json.dumps(grant.safe)}" if grant.safe else "")
            place = locate(layers, undotted(grant.path) or ())
            yield Problem(grant.path, printable(f"{grant.peer}: {grant.why}"), printable(advice), "chart", *place)


def unmet_needs(layers: Sequence[Layer], subjects: Iterable[Subject]) -> Iterator[Problem]:
    """Yield a warning for each flow that a value needs and that the rendered policies do not surely let through.

    The layers are those of one release, which the chart accepted, and `subjects` what they describe.
    """
    for subject in subjects:
        judged = zip(subject.needs, prove(subject, needs_claims(subject)), strict=True)
        for need in (need for need, outcome in judged if outcome.status == FAILS):
            where = (*subject.below, *need.where)
            what = f"needs {need.flow}, which is closed" if need.sources or need.destination else f"is on: {need.flow}"
            yield Problem(dotted(where), what, need.advice, "chart", *locate(layers, where))
