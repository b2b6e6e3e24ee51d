"""Of manifests with pods, who reaches whom among these pods; of several vClusters, with their names."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.connectivity.flows import MANAGED, Json, given, manifests, pod, policy
from tests.netpol import fleet as vclusters
from vcluster_isolation.connectivity import fleet
from vcluster_isolation.connectivity import report as render_text
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.objects.model import Endpoint
from vcluster_isolation.netpol.objects.verdict import Mode, Verdict
from vcluster_isolation.netpol.parse.parse import parse_cluster
from vcluster_isolation.netpol.sets.addresses import POD_RANGES


def shown(documents: list[Json]) -> list[str]:
    return render_text.text(fleet.matrix_of(given(documents), reasons=False)).splitlines()


def vcluster(name: str = "a", space: str = "ns") -> list[Json]:
    """A vCluster with its policies and three pods."""
    synced = {MANAGED: name, "vcluster.loft.sh/namespace": "default"}
    return [
        *manifests(name, space),
        pod(space, f"{name}-0", "10.1.0.1", labels={"app": "vcluster", "release": name}),
        pod(space, f"web-{name}", "10.1.0.2", labels={**synced, "app": "web"}),
        pod(space, f"db-{name}", "10.1.0.3", labels={**synced, "app": "db"}),
    ]


def test_pods_of_a_vcluster_are_called_by_their_role() -> None:
    found = shown(vcluster("team", "vcluster-team"))
    assert [line for line in found if line.partition(" => ")[2].startswith("team/")] == [
        "team/control-plane => team/workload : all ports",
        "team/workload => team/control-plane : TCP 8443, TCP+UDP 1053",
        "team/workload => team/workload : all ports",
    ]


def test_what_is_outside_is_folded_by_the_family_that_the_pod_has() -> None:
    found = shown(vcluster())
    assert "ns/a/control-plane => any IPv4 address : TCP 443, TCP 6443, TCP 8443" in found
    assert "ns/a/workload => special-ipv4 without 127.0.0.0/8 : all ports" in found
    assert not [line for line in found if "IPv6" in line or "ipv6" in line]


def test_pods_that_differ_only_in_their_family_have_their_own_lines() -> None:
    labels = {"app": "vcluster", "release": "b"}
    found = shown([*vcluster(), *manifests("b", "ns"), pod("ns", "b-0", "fd00::1", labels)])
    assert "ns/b/control-plane => any IPv6 address : TCP 443, TCP 6443, TCP 8443" in found
    assert "ns/a/control-plane => any IPv4 address : TCP 443, TCP 6443, TCP 8443" in found


def test_each_role_has_its_name() -> None:
    labels = [
        {"app": "vcluster-etcd", "release": "a"},
        {"k8s-app": "vcluster-kube-dns", "vcluster.loft.sh/namespace": "kube-system", MANAGED: "a"},
        {"app": "vcluster-snapshot"},
        {"release": "a", "app": "other"},
    ]
    names = ["a-etcd-0", "p1", "p2", "p3"]
    pods = [pod("ns", name, f"10.9.0.{at}", labels=labels[at]) for at, name in enumerate(names)]
    matrix = fleet.matrix_of(given([*vcluster(), *pods]))
    own = {one.name for one in matrix.actors if one.own}
    assert own == {"ns/a/control-plane", "ns/a/coredns", "ns/a/etcd", "ns/a/workload", "ns/p2"}
    assert "ns/p3" in [one.name for one in matrix.actors]


def test_other_pods_are_called_by_namespace_and_name_and_folded_by_namespace() -> None:
    pods = [
        pod("shop", "x", "10.2.0.1"),
        pod("shop", "y", "10.2.0.2"),
        pod("kube-system", "dns", "10.3.0.1", labels={"k8s-app": "kube-dns"}),
    ]
    found = shown([*vcluster(), *pods])
    assert "ns/a/control-plane => all pods in namespace shop : TCP 443, TCP 6443, TCP 8443" in found
    assert "ns/a/control-plane => kube-system/dns : all ports" in found
    assert not [line for line in found if "shop/x" in line]


def test_namespace_is_not_reached_because_a_pod_in_it_is() -> None:
    pods = [pod("kube-system", "dns", "10.3.0.1", {"k8s-app": "kube-dns"}), pod("kube-system", "proxy", "10.3.0.2")]
    found = [line for line in shown([*vcluster(), *pods]) if "kube-system" in line]
    assert found == [
        "ns/a/control-plane => all pods in namespace kube-system : TCP 443, TCP 6443, TCP 8443",
        "ns/a/control-plane => kube-system/dns : all ports",
    ]
    documents = vcluster()
    spec = next(one["spec"] for one in documents if one["metadata"]["name"] == "vc-work-a")
    spec["egress"].append({"to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}]})
    found = [line for line in shown([*documents, *pods]) if line.startswith("ns/a/workload => ") and "kube" in line]
    assert found == ["ns/a/workload => kube-system/dns : all ports"]


def test_pod_that_differs_from_others_of_its_role_is_an_actor() -> None:
    chosen = {"matchLabels": {"app": "web", MANAGED: "a"}}
    extra = policy(
        "ns", "web", podSelector=chosen, policyTypes=["Egress"], egress=[{"to": [{"namespaceSelector": {}}]}]
    )
    found = shown([*vcluster(), extra, pod("shop", "x", "10.2.0.1")])
    assert "ns/a/workload/web-a => shop/x : all ports" in found
    assert "ns/a/workload/db-a => ns/a/workload : all ports" in found
    assert "ns/a/control-plane => ns/a/workload : all ports" in found
    assert not [line for line in found if line.startswith("ns/a/workload/db-a => shop")]


def test_single_pod_has_no_flow_to_itself() -> None:
    found = shown([one for one in vcluster() if one["metadata"]["name"] != "db-a"])
    assert not [line for line in found if line.startswith("ns/a/workload => ns/a/workload")]


def test_block_counts_for_the_pod_whose_address_it_holds() -> None:
    documents = vcluster()
    spec = next(one["spec"] for one in documents if one["metadata"]["name"] == "vc-work-a")
    spec["egress"].append({"to": [{"ipBlock": {"cidr": "10.2.0.0/24"}}]})
    pods = [pod("shop", "x", "10.2.0.1"), pod("store", "y", "10.2.1.1"), pod("later", "z")]
    found = shown([*documents, *pods])
    assert "ns/a/workload => shop/x : all ports" in found
    assert "ns/a/workload => 10.2.0.0/24 : all ports" in found
    assert not [line for line in found if line.startswith(("ns/a/workload => store", "ns/a/workload => later"))]


def test_block_that_holds_every_address_counts_for_a_pod_without_one() -> None:
    documents = vcluster()
    spec = next(one["spec"] for one in documents if one["metadata"]["name"] == "vc-work-a")
    spec["egress"].append({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]})
    later = pod("later", "z")
    assert "ns/a/workload => later/z : all ports" in shown([*documents, later])
    assert parse_cluster([later]).pods[0].addresses == POD_RANGES


def test_named_ports_are_those_that_the_pod_has() -> None:
    documents = vcluster()
    spec = next(one["spec"] for one in documents if one["metadata"]["name"] == "vc-work-a")
    spec["ingress"].append({"ports": [{"port": "http"}]})
    web = next(one for one in documents if one["metadata"]["name"] == "web-a")
    web["spec"] = {"containers": [{"ports": [{"name": "http", "containerPort": 8080}]}]}
    found = shown([*documents, pod("shop", "x", "10.2.0.1")])
    assert "shop/x => ns/a/workload/web-a : TCP 8080" in found
    assert "any IPv4 address => ns/a/workload/web-a : TCP 8080" in found
    assert not [line for line in found if line.endswith("workload/db-a : TCP 8080")]


def test_reasons_are_there_when_they_are_asked_for() -> None:
    documents = vcluster()
    cells = {(one.source, one.destination): one for one in fleet.matrix_of(given(documents)).cells}
    inside = cells["ns/a/workload", "ns/a/control-plane"]
    assert [(one.side, one.policy, one.rule) for one in inside.reasons] == [
        ("egress", "ns/vc-work-a", "spec.egress[0]"),
        ("ingress", "ns/vc-cp-a", "spec.ingress[1]"),
    ]
    outside = cells["ns/a/workload", "internet-ipv4"]
    assert [(one.side, one.policy, one.rule) for one in outside.reasons] == [
        ("egress", "ns/vc-work-a", "spec.egress[2]"),
        ("ingress", "", ""),
    ]
    assert not [one for one in fleet.matrix_of(given(documents), reasons=False).cells if one.reasons]


def test_folded_matrix_of_pods_is_one_that_a_page_can_show() -> None:
    documents = [*vclusters.fleet(3), pod("elsewhere", "second", "10.0.0.13")]
    matrix = fleet.matrix_of(given(documents))
    names = [actor.name for actor in matrix.actors]
    pairs = [(cell.source, cell.destination) for cell in matrix.cells]
    assert len(set(names)) == len(names)
    assert len(set(pairs)) == len(pairs)
    assert {name for pair in pairs for name in pair} <= set(names)
    assert matrix.title == "3 vClusters, 19 pods"


def test_order_of_objects_makes_no_difference() -> None:
    documents = list(vclusters.fleet(4))
    expected = shown(documents)
    for seed in range(3):
        random.Random(seed).shuffle(documents)  # noqa: S311 -- an order, not a secret
        assert shown(documents) == expected


def test_other_vclusters_change_no_line_of_one() -> None:
    alone, among = shown(list(vclusters.fleet(1))), shown(list(vclusters.fleet(4)))
    assert [line for line in among if "tenant-0/" in line] == alone


@pytest.mark.parametrize("shared", [False, True])
def test_vclusters_do_not_reach_each_other_in_the_lines_of_a_fleet(shared: bool) -> None:  # noqa: FBT001
    for line in shown(list(vclusters.fleet(3, shared=shared))):
        tenants = {word for word in line.replace("/", " ").split() if word.startswith("tenant-")}
        assert len(tenants) == 1


def test_several_vclusters_without_pods_have_their_names_before_what_is_theirs() -> None:
    found = shown([*manifests("a", "vcluster-a"), *manifests("b", "elsewhere-b", "own-rules")])
    assert "a/workload => a/control-plane : TCP 8443, TCP+UDP 1053" in found
    assert "elsewhere-b/b/stray => elsewhere-b/b/workload : SCTP 6060-6070, TCP port web" in found
    assert "agent => a/control-plane : all ports" in found
    assert not [line for line in found if line.startswith(("workload", "stray", "neighbour"))]


def test_each_of_several_vclusters_has_the_lines_that_it_has_alone() -> None:
    alone = shown(manifests("a", "vcluster-a"))
    both = shown([*manifests("a", "vcluster-a"), *manifests("b", "vcluster-b", "own-rules")])
    mine = [line.replace("a/", "") for line in both if "a/" in line]
    assert sorted(mine) == alone


def test_work_grows_with_the_number_of_vclusters_and_not_with_its_square(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Counter[int]()
    flow, count = Evaluator.flow, 0

    def counted(self: Evaluator, source: Endpoint, destination: Endpoint, mode: Mode) -> Verdict:
        asked[count] += 1
        return flow(self, source, destination, mode)

    monkeypatch.setattr(Evaluator, "flow", counted)
    for count in (5, 40):
        shown(list(vclusters.fleet(count)))
    assert asked[40] < 8 * asked[5]
