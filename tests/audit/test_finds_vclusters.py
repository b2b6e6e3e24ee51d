"""Every vCluster is found by any trace that it leaves, and each pod is given to the right one."""

from __future__ import annotations

from typing import Any

from tests.audit.fleet import MANAGED, VIRTUAL, listed, pod, policy, space
from vcluster_isolation.audit.audit import audit
from vcluster_isolation.audit.find import Discovery, find, natural
from vcluster_isolation.claims.claims import AVAILABILITY, CLAIMS
from vcluster_isolation.netpol.parse.parse import parse_cluster

Json = dict[str, Any]
ABOUT_TENANTS_ONLY = {
    "tenants-to-workloads",
    "tenants-to-control-plane",
    "workload-to-tenants",
    "control-plane-to-tenants",
}
SYNCED = {"vcluster.loft.sh/vcluster-name": "a", "vcluster.loft.sh/vcluster-namespace": "home"}


def fleet(*objects: Json, declared: tuple[tuple[str, str], ...] = ()) -> Discovery:
    cluster = parse_cluster([{"kind": "List", "items": list(objects)}])
    assert not cluster.problems
    return find(cluster, declared)


def found(whole: Discovery) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.tenant.namespace, one.tenant.name, one.found_by) for one in whole.found]


def selecting(name: str, home: str = "home", **labels: str) -> Json:
    return policy(name, {"podSelector": {"matchLabels": labels}}, home)


def test_control_plane_alone_is_a_vcluster_and_is_not_isolated() -> None:
    control = pod("a-0", {"app": "vcluster", "release": "a"}, home="home")
    assert found(fleet(control)) == [("home", "a", ("control-plane",))]
    (one,) = audit(parse_cluster([control])).vclusters
    assert not one.isolated
    holding = {finding.claim.name for finding in one.verdicts.findings if not finding.fails}
    grants = {claim.name for claim in CLAIMS if claim.value}
    assert holding == {claim.name for claim in CLAIMS if claim.kind == AVAILABILITY} | ABOUT_TENANTS_ONLY | grants


def test_etcd_alone_is_a_vcluster() -> None:
    whole = fleet(pod("a-etcd-0", {"app": "vcluster-etcd", "release": "a"}, home="home"))
    assert [role for role, _ in whole.found[0].pods] == ["etcd"]


def test_each_of_the_charts_policies_is_a_trace() -> None:
    for one in (
        selecting("vc-cp-a", release="a"),
        selecting("vc-work-a", **{MANAGED: "a"}),
        selecting("vc-kube-dns-a", **{MANAGED: "a", "k8s-app": "vcluster-kube-dns"}),
        selecting("vc-snapshot-a", app="vcluster-snapshot"),
    ):
        assert found(fleet(one)) == [("home", "a", ("policies",))], one["metadata"]["name"]


def test_policy_that_a_tenant_named_like_the_charts_is_no_trace() -> None:
    """vCluster adds its own label to the podSelector of what it syncs."""
    assert found(fleet(selecting("vc-cp-b", release="b", **{MANAGED: "a"}))) == []
    assert found(fleet(selecting("vc-work-b", **{MANAGED: "a"}))) == []
    assert found(fleet(selecting("vc-cp-b"))) == []


def test_labels_of_a_policy_are_a_trace() -> None:
    assert found(fleet(selecting("renamed"), declared=(("home", "a"),))) == [("home", "a", ("policies",))]


def test_tenants_pod_cannot_pass_for_a_control_plane() -> None:
    whole = fleet(pod("x", {"app": "vcluster", MANAGED: "a", VIRTUAL: "default"}, home="home"))
    assert found(whole) == [("home", "a", ("synced-pods",))]
    assert [role for role, _ in whole.found[0].pods] == ["workload"]


def test_release_label_of_another_chart_is_no_vcluster() -> None:
    assert found(fleet(pod("x", {"app": "prometheus", "release": "monitoring"}, home="home"))) == []


def test_synced_pod_belongs_to_the_vcluster_that_its_namespace_names() -> None:
    away = space("away", **SYNCED)
    synced = pod("x", {MANAGED: "a", VIRTUAL: "default"}, home="away")
    whole = fleet(away, synced, selecting("vc-cp-a", "away", release="a"))
    assert ("home", "a", ("namespaces", "synced-pods")) in found(whole)


def test_namespace_of_a_vcluster_counts_before_there_is_a_pod_in_it() -> None:
    whole = fleet(space("away", **SYNCED))
    assert whole.found[0].spaces == ("home", "away")


def test_synced_pod_in_an_unlabelled_namespace_belongs_to_the_only_vcluster_of_its_name() -> None:
    control = pod("a-0", {"app": "vcluster", "release": "a"}, home="home")
    synced = pod("x", {MANAGED: "a", VIRTUAL: "default"}, home="away")
    assert fleet(control, synced).found[0].synced == ("away",)
    other = pod("a-0", {"app": "vcluster", "release": "a"}, home="second")
    assert [one.tenant.namespace for one in fleet(control, other, synced).found] == ["away", "home", "second"]


def test_pods_beside_a_vcluster_are_strays_and_snapshots_and_all_others_the_hosts() -> None:
    whole = fleet(
        selecting("vc-cp-a", release="a"),
        pod("s", {"app": "vcluster-snapshot"}, home="home"),
        pod("x", {"app": "x"}, home="home"),
        pod("y", {"app": "vcluster-snapshot"}, home="elsewhere"),
    )
    assert [(role, one.name) for role, one in whole.beside["home"]] == [("snapshot", "s"), ("stray", "x")]
    assert [one.name for one in whole.host] == ["y"]


def test_coredns_is_known_by_its_label_in_the_virtual_kube_system_only() -> None:
    labels = {MANAGED: "a", "k8s-app": "vcluster-kube-dns"}
    whole = fleet(
        pod("d", {**labels, VIRTUAL: "kube-system"}, home="home"), pod("f", {**labels, VIRTUAL: "x"}, home="home")
    )
    assert [role for role, _ in whole.found[0].pods] == ["coredns", "workload"]


def test_names_are_in_the_order_that_people_expect() -> None:
    assert sorted(["t-10", "t-2", "t", "t-2b", "10", "t-02"], key=natural) == ["10", "t", "t-02", "t-2", "t-2b", "t-10"]


def test_private_nodes_have_no_workloads_to_speak_of() -> None:
    control = pod("a-0", {"app": "vcluster", "release": "a"}, home="home")
    only = [selecting("vc-cp-a", release="a"), selecting("vc-snapshot-a", app="vcluster-snapshot"), control]
    synced = pod("x", {MANAGED: "a", VIRTUAL: "default"}, home="home")
    for objects, hosted in ((only, False), ([*only, synced], True), ([only[2]], True)):
        (one,) = audit(parse_cluster([{"kind": "List", "items": objects}])).vclusters
        assert one.hosted is hosted
        statuses = {finding.claim.name: finding.possible for finding in one.verdicts.findings}
        assert (statuses["workload-to-private"] == "n/a") is not hosted


def test_list_in_a_list_is_read() -> None:
    assert listed(iter(()))["items"] == []
