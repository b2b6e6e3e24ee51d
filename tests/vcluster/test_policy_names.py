"""The chart's policies are recognised by name and podSelector, all of them, and no policy that a tenant can sync."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vcluster_isolation.helm import render_cache
from vcluster_isolation.helm.template import Request
from vcluster_isolation.netpol.objects.model import (
    DOES_NOT_EXIST,
    EVERYTHING,
    IN,
    NAME_LABEL,
    Peer,
    Policy,
    Requirement,
    Selector,
    selector,
)
from vcluster_isolation.netpol.objects.tiers import ADMIN, TierPolicy
from vcluster_isolation.netpol.parse.parse import parse_cluster
from vcluster_isolation.tools import PROJECT
from vcluster_isolation.vcluster.policy_names import (
    CONTROL_PLANE,
    COREDNS,
    DEFAULT_DENY,
    FLOOR,
    PLATFORM,
    PREFIXES,
    PROMETHEUS,
    SNAPSHOTS,
    WORKLOADS,
    ChartPolicy,
    is_of,
    is_role,
    policy_name,
    recognise,
)

MANAGED = "vcluster.loft.sh/managed-by"
VIRTUAL = "vcluster.loft.sh/namespace"
VALUES = PROJECT / "tests" / "situations" / "values"
ROLES = {
    "vcluster/control-plane": CONTROL_PLANE,
    "vcluster/workloads": WORKLOADS,
    "vcluster/coredns": COREDNS,
    "vcluster/snapshots": SNAPSHOTS,
    "vcluster/default-deny": DEFAULT_DENY,
    "floor/floor": FLOOR,
    "platform/platform": PLATFORM,
    "platform/prometheus": PROMETHEUS,
}
"""The role of what each template renders."""


def policy(name: str, pods: Selector) -> Policy:
    return Policy("home", name, pods, frozenset({"Ingress"}))


def floor(name: str, **labels: str) -> TierPolicy:
    spaces = selector({NAME_LABEL: "home"})
    return TierPolicy("AdminNetworkPolicy", name, ADMIN, 1, Peer(pods=selector(labels), namespaces=spaces))


RENDERED = [
    *((file.stem, "team-a") for file in sorted(VALUES.glob("*.yaml"))),
    *(
        (stem, name)
        for stem in ("default", "hardened-floor", "default-deny")
        for name in ("a-x-b-x-c", "a.b", "x" * 53)
    ),
    *(("mapped-namespaces", name) for name in ("kube-dns-a", "work-x", "a-x-b-x-c")),
]


@pytest.mark.parametrize(("situation", "name"), RENDERED)
def test_everything_that_the_chart_renders_is_recognised(situation: str, name: str) -> None:
    file = VALUES / f"{situation}.yaml"
    text = render_cache.template(
        Request((file,), name="release", namespace="home", inline=f"vcluster: {{name: {name}}}")
    )
    for part in text.split("---\n"):
        cluster = parse_cluster([one for one in yaml.safe_load_all(part) if one], home="home")
        found: list[Policy | TierPolicy] = [*cluster.policies, *cluster.tiers]
        for one in found:
            template = part.partition("templates/")[2].partition(".yaml")[0]
            known = recognise(one)
            assert known is not None, one
            role = ROLES[template]
            assert known.role == role, one
            assert known.vcluster == ("" if role in (PLATFORM, PROMETHEUS) else name)
            assert known.namespace == ("home" if role == FLOOR else "")


def test_names_of_policies_are_made_and_read_by_one_table() -> None:
    for prefix, role in PREFIXES.items():
        assert policy_name(role, "a") == f"{prefix}a"
        assert not any(other != prefix and other.startswith(prefix) for other in PREFIXES)


NOT_SYNCED = Requirement(MANAGED, DOES_NOT_EXIST)


@pytest.mark.parametrize(
    ("name", "pods", "role"),
    [
        ("vc-cp-a", selector({"release": "a"}), CONTROL_PLANE),
        ("vc-cp-a", selector({"release": "a"}, NOT_SYNCED), CONTROL_PLANE),
        ("vc-cp-a", selector(None, Requirement("release", IN, frozenset({"a"}))), CONTROL_PLANE),
        ("vc-cp-a", selector({"release": "b"}), None),
        ("vc-cp-a", selector({"release": "a", MANAGED: "a"}), None),
        ("vc-cp-a", selector({"release": "a", "x": "y"}), None),
        ("vc-cp-a", EVERYTHING, None),
        ("vc-cp-", selector({"release": ""}), None),
        ("vc-work-a", selector({MANAGED: "a"}), WORKLOADS),
        ("vc-work-a", selector({MANAGED: "a", VIRTUAL: "default"}), None),
        ("vc-work-ab", selector({MANAGED: "a"}), None),
        ("vc-work-a", selector({MANAGED: "ab"}), None),
        ("vc-kube-dns-a", selector({"k8s-app": "vcluster-kube-dns", MANAGED: "a"}), COREDNS),
        ("vc-kube-dns-a", selector({"k8s-app": "vcluster-kube-dns", MANAGED: "a", VIRTUAL: "kube-system"}), COREDNS),
        ("vc-kube-dns-a", selector({"k8s-app": "vcluster-kube-dns", MANAGED: "a", VIRTUAL: "default"}), None),
        ("vc-kube-dns-a", selector({"k8s-app": "vcluster-kube-dns", MANAGED: "b"}), None),
        ("vc-snapshot-a", selector({"app": "vcluster-snapshot"}), SNAPSHOTS),
        ("vc-snapshot-a", selector({"app": "vcluster-snapshot"}, NOT_SYNCED), SNAPSHOTS),
        ("vc-snapshot-a", selector({"app": "vcluster-snapshot", MANAGED: "a", VIRTUAL: "default"}), None),
        ("vc-default-deny-a", EVERYTHING, DEFAULT_DENY),
        ("vc-default-deny-a", selector({MANAGED: "a"}), None),
        ("vc-platform", selector({"app": "loft"}, NOT_SYNCED), PLATFORM),
        ("vc-platform", selector({"app": "loft", MANAGED: "a"}), None),
        ("vc-platform-prometheus", selector({"app.kubernetes.io/name": "prometheus"}), PROMETHEUS),
        ("vc-platform-prometheus", selector({"app": "x", MANAGED: "a", VIRTUAL: "default"}), None),
        ("vc-floor.home.a", selector({MANAGED: "a"}), None),
        ("anything", selector({"release": "anything"}), None),
    ],
)
def test_name_and_pod_selector_have_to_agree(name: str, pods: Selector, role: str | None) -> None:
    known = recognise(policy(name, pods))
    assert (known and known.role) == role
    assert is_role(policy(name, pods), CONTROL_PLANE) is (role == CONTROL_PLANE)


def test_a_policy_of_another_kind_is_not_the_charts_whatever_it_is_called() -> None:
    ours = policy("vc-cp-a", selector({"release": "a"}))
    assert recognise(ours) == ChartPolicy(CONTROL_PLANE, "a")
    assert recognise(replace(ours, kind="ApplicationNetworkPolicy")) is None


def test_floor_names_the_namespace_and_then_the_vcluster_whose_name_may_have_dots() -> None:
    assert recognise(floor("vc-floor.home.b.c", **{MANAGED: "b.c"})) == ChartPolicy(FLOOR, "b.c", "home")
    assert recognise(floor("vc-floor-coredns.home.a", **{MANAGED: "a"})) == ChartPolicy(FLOOR, "a", "home")
    assert recognise(floor("vc-floor.home.a", **{MANAGED: "b"})) is None
    assert recognise(floor("vc-flooring.home.a", **{MANAGED: "a"})) is None
    assert recognise(floor("vc-work-a", **{MANAGED: "a"})) is None


def test_policy_is_of_one_vcluster_and_role() -> None:
    one = policy("vc-work-a", selector({MANAGED: "a"}))
    assert is_of(one, "a")
    assert is_of(one, "a", WORKLOADS, COREDNS)
    assert not is_of(one, "a", COREDNS)
    assert not is_of(one, "b")


NAMES = st.one_of(
    st.sampled_from(["vc-cp-", "vc-work-", "vc-kube-dns-", "vc-snapshot-", "vc-default-deny-", "vc-platform", "vc-"]),
    st.sampled_from(["vc-cp-b", "vc-work-a", "vc-kube-dns-a-x-b", "vc-platform-prometheus", "vc-snapshot-b"]),
    st.from_regex(r"vc-(cp|work|kube-dns|snapshot)-[a-z0-9-]{0,70}[a-z0-9]", fullmatch=True),
)
LABELS = st.dictionaries(
    st.sampled_from(["release", "app", "k8s-app", "team"]),
    st.sampled_from(["a", "b", "loft", "vcluster-snapshot", "vcluster-kube-dns"]),
)


def synced_name(*parts: str) -> str:
    """What vCluster calls what it syncs (`SafeConcatName` of loft-sh/vcluster, pkg/util/translate/translate.go)."""
    name = "-x-".join(parts)
    return name if len(name) <= 63 else f"{name[:52]}-{hashlib.sha256(name.encode()).hexdigest()[:10]}"


@given(NAMES, st.sampled_from(["default", "kube-system", "a"]), LABELS, st.booleans(), st.booleans())
def test_nothing_that_a_tenant_can_sync_is_taken_for_the_hosts(
    name: str,
    space: str,
    labels: dict[str, str],
    absent: bool,  # noqa: FBT001 - hypothesis gives it
    keeps_its_name: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    more = [NOT_SYNCED] if absent else []
    pods = selector({**labels, MANAGED: "a", VIRTUAL: space}, *more)
    known = recognise(policy(name if keeps_its_name else synced_name(name, space, "a"), pods))
    # In a namespace of its own that keeps names, the tenant's admin can write what the hardened profile has for the
    # CoreDNS of the same vCluster.
    coredns = keeps_its_name and space == "kube-system"
    assert known is None or (coredns and known == ChartPolicy(COREDNS, "a"))
