"""Classes of pods, all flows of a cluster, and tenants that differ in nothing but names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.netpol.cast import CAST, DB, SPACES, egress, evaluator, ingress
from tests.netpol.clusters import Json, clusters, naive_pods, real
from tests.netpol.fleet import fleet
from vcluster_isolation.netpol.engine import flows as flows_module
from vcluster_isolation.netpol.engine.classes import EndClass, Profiler
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.engine.flows import allowed_flows
from vcluster_isolation.netpol.objects.model import External, Pod, Policy
from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.netpol.parse.parse import Cluster, parse_cluster

WEB = {"matchLabels": {"app": "web"}}


def names(found: EndClass) -> str:
    return "+".join(f"{one.namespace.name}/{one.name}" if isinstance(one, Pod) else one.name for one in found.members)


def folded(found: Evaluator, *ends: str, mode: Mode = Mode.MAY) -> list[str]:
    return [names(one) for one in Profiler(found).fold([CAST[end] for end in ends], mode)]


def flows(found: Evaluator, *ends: str, mode: Mode = Mode.MAY, **options: Any) -> list[str]:
    every = allowed_flows(found, [CAST[end] for end in ends], mode, **options)
    return [f"{names(flow.source)} => {names(flow.destination)} : {flow.ports}" for flow in every]


def test_pods_that_no_policy_tells_apart_are_one_across_namespaces() -> None:
    assert folded(evaluator(), "a/web", "a/bare", "b/web") == ["a/web+a/bare+b/web"]


def test_pods_that_a_policy_isolates_are_a_class() -> None:
    assert folded(evaluator(ingress()), "a/web", "a/db", "b/web") == ["a/web+b/web", "a/db"]


def test_pods_that_a_peer_selects_are_a_class() -> None:
    found = evaluator(ingress({"from": [{"podSelector": WEB}]}))
    assert folded(found, "a/web", "a/bare", "b/web", "b/bare") == ["a/web", "a/bare+b/web+b/bare"]


def test_pods_with_another_number_for_a_mentioned_name_are_a_class() -> None:
    plain, named = CAST["a/web"], CAST["b/web"]
    assert isinstance(plain, Pod)
    found = evaluator(ingress({"ports": [{"port": "http"}]}))
    ends = [replace(plain, ports=()), named]
    assert [len(one.members) for one in Profiler(found).fold(ends, Mode.MAY)] == [1, 1]


def test_pods_that_an_ip_block_tells_apart_are_classes_only_where_it_counts() -> None:
    found = evaluator(egress({"to": [{"ipBlock": {"cidr": "10.0.0.2/32"}}]}))
    pods = ("a/web", "a/bare", "b/web")
    assert folded(found, *pods) == ["a/web", "a/bare+b/web"]
    assert folded(found, *pods, mode=Mode.MUST) == ["a/web+a/bare+b/web"]


def test_a_single_pod_has_no_flow_to_itself_and_two_of_a_kind_have() -> None:
    assert flows(evaluator(), "a/web") == []
    assert flows(evaluator(), "a/web", "b/web") == ["a/web+b/web => a/web+b/web : all ports"]


def test_flows_are_those_that_both_sides_allow() -> None:
    found = evaluator(ingress({"from": [{"podSelector": WEB}], "ports": [{"port": 80}]}), egress())
    assert flows(found, "a/db", "a/web", "a/bare") == [
        "a/web => a/db : TCP 80",
        "a/web => a/bare : all ports",
        "a/bare => a/web : all ports",
    ]


def test_a_rule_for_everyone_meets_a_rule_for_some() -> None:
    out, into = egress({}), ingress({"from": [{"podSelector": DB}]}, selected=WEB)
    assert flows(evaluator(out, into), "a/db", "a/web", "a/bare")[:2] == [
        "a/db => a/web : all ports",
        "a/db => a/bare : all ports",
    ]


def test_addresses_outside_have_flows_with_pods_and_not_with_each_other() -> None:
    found = evaluator(ingress({"from": [{"ipBlock": {"cidr": "8.8.8.8/32"}}]}), egress({"to": [{"podSelector": {}}]}))
    assert flows(found, "a/db", "v4", "net") == ["v4 => a/db : all ports"]


def test_flows_that_are_not_wanted_are_left_out() -> None:
    found = flows(evaluator(ingress()), "a/db", "a/web", wanted=lambda source, _: names(source) == "a/web")
    assert found == []
    found = flows(evaluator(egress()), "a/db", "a/web", wanted=lambda source, _: names(source) == "a/web")
    assert found == ["a/web => a/db : all ports"]


def every_flow(found: Evaluator, ends: Iterable[Pod | External], mode: Mode) -> list[tuple[str, str, str]]:
    every = allowed_flows(found, ends, mode)
    return [(names(flow.source), names(flow.destination), str(flow.ports)) for flow in every]


@given(clusters, st.lists(naive_pods, min_size=2, max_size=5), st.sampled_from(Mode))
@settings(deadline=None)
def test_it_makes_no_difference_from_which_side_pairs_are_found(cluster: Json, found: list[Json], mode: Mode) -> None:
    read, ends = real(cluster, found)
    narrow = every_flow(Evaluator(read.policies), ends, mode)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flows_module, "_WIDE", 0)
        assert every_flow(Evaluator(read.policies), ends, mode) == narrow


def read_fleet(count: int, *, shared: bool = False) -> Cluster:
    found = parse_cluster(fleet(count, shared=shared))
    assert found.problems == ()
    return found


def test_a_fleet_has_the_flows_of_its_tenants_and_no_more_between_them() -> None:
    found = read_fleet(3)
    across = set()
    for flow in allowed_flows(Evaluator(found.policies), found.pods, Mode.MAY):
        for source, destination in ((a, b) for a in flow.source.members for b in flow.destination.members):
            assert isinstance(source, Pod)
            assert isinstance(destination, Pod)
            if source.namespace != destination.namespace and "tenant-1" in destination.namespace.name:
                across.add((source.namespace.name, source.name, destination.name, str(flow.ports)))
    assert across == {("vcluster-platform", "loft", "tenant-1-0", "all ports")}


def test_tenants_of_one_namespace_are_told_apart_by_their_labels() -> None:
    found = read_fleet(2, shared=True)
    pods = {pod.name: pod for pod in found.pods}
    allowed = Evaluator(found.policies).allowed
    assert not allowed(pods["web-x-tenant-0"], pods["web-x-tenant-1"], Mode.MAY)
    assert allowed(pods["web-x-tenant-0"], pods["db-x-tenant-0"], Mode.MUST)


def test_the_selectors_that_can_see_a_pod_are_those_of_its_namespace_and_of_peers_that_look_there() -> None:
    no_team = {"key": "team", "operator": "DoesNotExist"}
    peers = [
        {"podSelector": WEB},
        {"namespaceSelector": {"matchLabels": {"team": "blue"}}, "podSelector": {"matchLabels": {"x": "y"}}},
        {"namespaceSelector": {"matchLabels": {"team": "green"}}, "podSelector": {"matchLabels": {"v": "w"}}},
        {"namespaceSelector": {"matchExpressions": [no_team]}, "podSelector": {"matchLabels": {"s": "t"}}},
    ]
    found = evaluator(ingress({"from": peers}))
    seen = {name: [dict(one.equal) for one in found.pod_selectors(space)] for name, space in SPACES.items()}
    assert seen == {"a": [DB["matchLabels"], WEB["matchLabels"]], "b": [{"x": "y"}], "c": [{"s": "t"}]}
    assert len(found.pod_selectors()) == 5
    assert [dict(one.equal) for one in found.namespace_selectors()] == [{"team": "blue"}, {"team": "green"}, {}]


def test_selectors_of_rules_without_effect_are_not_counted() -> None:
    spec = {"podSelector": DB, "policyTypes": ["Egress"], "ingress": [{"from": [{"podSelector": WEB}]}]}
    assert [dict(one.equal) for one in evaluator(spec).pod_selectors()] == [DB["matchLabels"]]


def test_each_ip_block_is_listed_once() -> None:
    block = {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}
    found = evaluator(ingress({"from": [block]}), egress({"to": [block, {"ipBlock": {"cidr": "::/0"}}]})).blocks()
    assert [(one.cidr, one.excepts) for one in found] == [("10.0.0.0/8", ("10.1.0.0/16",)), ("::/0", ())]


def test_the_policies_of_a_namespace_can_be_listed() -> None:
    found: list[Policy] = list(evaluator(ingress(), egress()).policies("a"))
    assert ([one.name for one in found], list(evaluator(ingress()).policies("b"))) == (["p0", "p1"], [])
