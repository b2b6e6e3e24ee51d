"""Named grants: each makes possible what it is for, in both profiles, and is reported where it opens what was closed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from tests.subject.subjects import mended, of, statuses
from vcluster_isolation.claims.claims import CLAIMS
from vcluster_isolation.netpol.objects.model import EGRESS, INGRESS, Policy, Rule
from vcluster_isolation.prove.prove import FAILS, GRANTED, HOLDS, NO_SUBJECT, prove
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.vcluster.grant_rows import TENANT, GrantRow, named_grants

BASE: Final = {"hostApiServer": {"cidrs": ["10.0.0.1/32"], "ports": [6443]}}
PROFILES = ["compatible", "hardened"]
MONITORING = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}},
    "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
}
HOOK = {"podSelector": {"matchLabels": {"app": "hook"}}}
DATABASE = {"ipBlock": {"cidr": "10.9.0.5/32"}}
PORT = [{"port": 9090, "protocol": "TCP"}]


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant: its values, the claims that it makes hold, and of each the policies and direction of its rules."""

    values: dict[str, Any]
    claims: dict[str, tuple[str, str]]
    path: str


POLICIES = {
    "control-plane": "vc-cp-a",
    "coredns": "vc-kube-dns-a",
    "snapshot": "vc-snapshot-a",
    "workload": "vc-work-a",
}


def of_row(row: GrantRow) -> Grant:
    """Return a grant that is on, and its claims."""
    peer = HOOK if row.whose == TENANT else MONITORING if row.peers == "from" else DATABASE
    value: dict[str, Any] = {"enabled": True, row.peers: [peer], **({"ports": PORT} if row.has_ports else {})}
    for key in reversed(row.path.split(".")):
        value = {key: value}
    side = INGRESS if row.peers == "from" else EGRESS
    return Grant(value, {rule.claim: (POLICIES[rule.pods[0]], side) for rule in row.rules}, row.path)


GRANTS: Final = {
    **{row.path: of_row(row) for row in named_grants()},
    "metrics-server at its default": Grant(
        {"controlPlane": {"metricsServer": {"enabled": True}}},
        {"metrics-server": ("vc-cp-a", EGRESS)},
        "controlPlane.metricsServer",
    ),
    "object storage anywhere": Grant(
        {"snapshots": {"objectStorage": {"enabled": True}}},
        {"object-storage": ("vc-snapshot-a", EGRESS)},
        "snapshots.objectStorage",
    ),
    "IPv6 public egress": Grant(
        {"workload": {"publicEgress": {"ipv6": {"enabled": True}}}},
        {"workload-internet-ipv6": ("vc-work-a", EGRESS)},
        "workload.publicEgress",
    ),
    "a project": Grant({"project": {"name": "p"}}, {"project-peers": ("vc-work-a", EGRESS)}, "project"),
    "a project by labels": Grant(
        {"project": {"namespaceSelector": {"matchLabels": {"team": "p"}}, "ports": PORT}},
        {"project-peers": ("vc-work-a", INGRESS)},
        "project",
    ),
}
EVERY_CLAIM = [(name, claim) for name, grant in GRANTS.items() for claim in grant.claims]


def granted(name: str, profile: str = "hardened", **more: Any) -> Subject:
    return of({**BASE, "profile": profile, **GRANTS[name].values, **more})


def without_its_rule(whole: Subject, policy: str, direction: str, path: str) -> Subject:
    """Return a subject without the rules of one direction of a policy that a value put there."""

    def kept(rules: Iterable[Rule]) -> tuple[Rule, ...]:
        return tuple(one for one in rules if whole.note(one.origin) is None or path != whole.note(one.origin).key)  # type: ignore[union-attr]

    def changed(one: Policy) -> Policy:
        if one.name != policy:
            return one
        return (
            replace(one, ingress=kept(one.ingress)) if direction == INGRESS else replace(one, egress=kept(one.egress))
        )

    policies = tuple(map(changed, whole.policies))
    assert policies != whole.policies
    return mended(whole, policies=policies)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("name", "claim"), EVERY_CLAIM)
def test_a_grant_makes_possible_what_it_is_for(name: str, claim: str, profile: str) -> None:
    assert claim in statuses(granted(name, profile))[HOLDS]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("name", "claim"), EVERY_CLAIM)
def test_without_its_rule_it_is_not_possible(name: str, claim: str, profile: str) -> None:
    policy, direction = GRANTS[name].claims[claim]
    gone = without_its_rule(granted(name, profile), policy, direction, GRANTS[name].path)
    assert claim in statuses(gone)[FAILS]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_grant_that_is_off_makes_no_claim(profile: str) -> None:
    claims = {claim for grant in GRANTS.values() for claim in grant.claims}
    assert claims <= statuses(of({**BASE, "profile": profile}))[NO_SUBJECT]


@pytest.mark.parametrize("name", GRANTS)
def test_in_the_hardened_profile_nothing_fails_because_of_a_grant(name: str) -> None:
    found = statuses(granted(name))
    assert found[FAILS] == set()


A_POD_MAY_HAVE_THE_ADDRESS = {"control-plane-to-tenants", "control-plane-to-host"}
HOST_ENDS = ("host", "api-server", "host-dns")
OPENED = {
    ("control-plane", "from"): {"others-to-control-plane"},
    ("workload", "from"): {"others-to-workloads"},
    ("coredns", "from"): {"others-to-workloads"},
    ("control-plane", "to"): A_POD_MAY_HAVE_THE_ADDRESS,
    ("snapshot", "to"): A_POD_MAY_HAVE_THE_ADDRESS,
    ("workload", "to"): {"workload-to-tenants", "workload-to-private", *(f"workload-to-{end}" for end in HOST_ENDS)},
}
"""The claims that are granted where a grant names such pods or addresses, by whose policy its rule is in and its side."""

OPENS: dict[str, set[str]] = {
    **{
        row.path: set().union(
            *(OPENED[pods, row.peers] for rule in row.rules for pods in rule.pods if row.whose != TENANT)
        )
        for row in named_grants()
    },
    "metrics-server at its default": set(),
    "object storage anywhere": set(),
    "IPv6 public egress": set(),
    "a project": {"tenants-to-workloads", "others-to-workloads", "workload-to-tenants", "workload-to-host"},
    "a project by labels": {"tenants-to-workloads", "others-to-workloads", "workload-to-tenants", "workload-to-host"},
}


@pytest.mark.parametrize("name", GRANTS)
def test_what_a_grant_opens_is_reported_with_its_path(name: str) -> None:
    found = {one.claim.name: one for one in prove(granted(name)) if one.status == GRANTED}
    assert set(found) == OPENS[name]
    assert {key for one in found.values() for key in one.keys} <= {f"policies.networkPolicy.{GRANTS[name].path}"}


@pytest.mark.parametrize("api", ["AdminNetworkPolicy", "ClusterNetworkPolicy"])
@pytest.mark.parametrize("name", GRANTS)
def test_the_floor_passes_every_grant_on(name: str, api: str) -> None:
    found = statuses(granted(name, floor={"enabled": True, "api": api}))
    assert set(GRANTS[name].claims) <= found[HOLDS]
    assert found[FAILS] == set()


def test_all_grants_at_once_are_all_possible() -> None:
    values: dict[str, Any] = {}
    for grant in (
        one
        for name, one in GRANTS.items()
        if name not in {"a project by labels", "object storage anywhere", "metrics-server at its default"}
    ):
        merge(values, grant.values)
    claims = {claim for grant in GRANTS.values() for claim in grant.claims}
    found = statuses(of({**BASE, "profile": "hardened", **values}))
    assert claims <= found[HOLDS]
    assert found[FAILS] == set()


def merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and key in into:
            merge(into[key], value)
        else:
            into[key] = dict(value) if isinstance(value, dict) else value


@pytest.mark.parametrize("name", ["a project", "a project by labels"])
def test_outsiders_of_a_project_stay_outside(name: str) -> None:
    assert "project-outsiders" in statuses(granted(name))[HOLDS]


@pytest.mark.parametrize("name", ["a project", "a project by labels"])
def test_a_namespace_that_a_tenant_made_cannot_pass_for_one_of_the_project(name: str) -> None:
    """vCluster labels what it syncs: without asking for that, a tenant labels its namespace as it likes."""
    whole = granted(name)
    forged = [
        replace(one, ingress=tuple(map(unasked, one.ingress)), egress=tuple(map(unasked, one.egress)))
        for one in whole.policies
    ]
    found = {one.claim.name: one for one in prove(mended(whole, policies=forged), CLAIMS)}
    assert found["project-outsiders"].status in {FAILS, GRANTED}
    example = found["project-outsiders"].counterexample
    assert example is not None
    keys = {key for end in example.ends for key, _ in end.namespace.labels}  # type: ignore[union-attr]
    assert "vcluster.loft.sh/vcluster-namespace" in keys


def unasked(rule: Rule) -> Rule:
    """Return a rule of which no peer asks that nobody synced a namespace."""
    peers = (
        replace(one, namespaces=replace(one.namespaces, others=frozenset())) if one.namespaces is not None else one
        for one in rule.peers
    )
    return replace(rule, peers=tuple(peers))


def test_a_pod_of_a_projects_namespace_that_is_no_workload_is_an_outsider() -> None:
    """Peers are pods that some vCluster synced, and not what else is in the namespace."""
    found = {one.claim.name: one for one in prove(granted("a project"))}
    example = found["others-to-workloads"].counterexample
    assert example is not None
    assert "vcluster.loft.sh/managed-by" in {key for key, _ in example.ends[0].labels}  # type: ignore[union-attr]


def test_the_name_of_a_project_may_refer_to_other_values() -> None:
    whole = of(
        {**BASE, "profile": "hardened", "project": {"name": "{{ .Values.loft.project }}"}}, loft={"project": "p"}
    )
    assert whole.settings.project == of({**BASE, "profile": "hardened", "project": {"name": "p"}}).settings.project
    found = statuses(whole)
    assert {"project-peers", "project-outsiders"} <= found[HOLDS]


def test_changing_only_the_ports_of_webhooks_closes_the_others() -> None:
    found = {one.claim.name: one for one in prove(of({**BASE, "controlPlane": {"webhooks": {"ports": PORT}}}))}
    assert found["webhooks"].status == HOLDS
    assert "policies.networkPolicy.controlPlane.webhooks" in found["control-plane-workload"].keys


def test_the_compatible_profile_does_not_narrow_webhooks() -> None:
    elsewhere = {"controlPlane": {"webhooks": {"to": [MONITORING]}}}
    assert "webhooks" in statuses(of({**BASE, **elsewhere}))[HOLDS]


@pytest.mark.parametrize("peer", [HOOK, {**HOOK, "namespaceSelector": {}}])
def test_in_the_hardened_profile_webhooks_reach_no_pod_but_workloads_of_this_vcluster(peer: dict[str, Any]) -> None:
    found = statuses(of({**BASE, "profile": "hardened", "controlPlane": {"webhooks": {"to": [peer]}}}))
    assert {"webhooks", "control-plane-to-tenants", "control-plane-to-host"} <= found[HOLDS]


def test_own_rules_of_coredns_and_snapshots_are_reported_as_granted() -> None:
    whole = of({**BASE, "profile": "hardened", "snapshots": {"ingress": [{"from": [MONITORING]}]}})
    found = {one.claim.name: one for one in prove(whole)}
    assert (found["snapshots-closed"].status, found["snapshots-closed"].keys) == (
        GRANTED,
        ("policies.networkPolicy.snapshots.ingress[0]",),
    )
    whole = of({**BASE, "profile": "hardened", "coredns": {"ingress": [{"from": [MONITORING]}]}})
    found = {one.claim.name: one for one in prove(whole)}
    assert found["others-to-workloads"].keys == ("policies.networkPolicy.coredns.ingress[0]",)
