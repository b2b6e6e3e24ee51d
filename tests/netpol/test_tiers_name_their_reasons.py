"""A verdict names the cluster-scoped rules that let through, or that closed; and who quantifies sees what they ask."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.netpol.cast import CAST, DB, SPACES, ingress
from tests.netpol.clusters import naive_pods, policy, real
from tests.netpol.tier_cast import (
    ANYWHERE,
    PODS,
    PORT_80,
    WEB,
    admin,
    baseline,
    cluster,
    rule,
    tier_evaluator,
    to,
    verdict,
)
from tests.netpol.tier_clusters import ADMIN, tier_policy, tiered_clusters
from vcluster_isolation.netpol.engine.canonical import shape_of_tiers
from vcluster_isolation.netpol.engine.classes import EndClass, Profiler
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.engine.flows import allowed_flows
from vcluster_isolation.netpol.objects.model import Origin, Pod
from vcluster_isolation.netpol.objects.verdict import NETWORKS, NODES, SELECTOR, Mode
from vcluster_isolation.netpol.parse.parse import parse_cluster
from vcluster_isolation.netpol.parse.stream import objects
from vcluster_isolation.netpol.sets.addresses import address_set
from vcluster_isolation.netpol.sets.ports import ALL, parse_ports

Json = dict[str, Any]
BLUE = {"namespaces": {"matchLabels": {"team": "blue"}}}


def test_an_allow_names_its_rule_and_peer() -> None:
    found = verdict("a/web", "a/db", ingress(), admin(rule("Pass", BLUE), rule("Allow", BLUE, PODS), priority=7))
    grants = [(str(one.origin), one.peer, one.via) for one in found.ingress.granting(ALL)]
    assert grants == [("AdminNetworkPolicy/at-7 spec.ingress[1]", 1, SELECTOR)]


def test_a_deny_names_its_rule_peer_and_ports() -> None:
    found = verdict("a/web", "a/db", baseline(rule("Deny", **PORT_80)))
    assert [(str(one.origin), one.peer, str(one.ports)) for one in found.ingress.denials] == [
        ("BaselineAdminNetworkPolicy/default spec.ingress[0]", 0, "TCP 80")
    ]


def test_the_deny_behind_a_closed_port_can_be_asked_for() -> None:
    found = verdict("a/web", "a/db", ingress(), admin(rule("Deny", **PORT_80)))
    assert found.ingress.denying(parse_ports("TCP 81")) == ()
    [denial] = found.denials(parse_ports("TCP 80"))
    assert [one.origin.kind for one in denial.side.denying(denial.ports)] == [ADMIN]


def test_networks_and_nodes_are_named_with_the_addresses_that_they_match() -> None:
    found = verdict("a/db", "net", admin(to("Allow", {"networks": ["10.9.0.0/25"]}))).egress.grants
    assert [(one.via, one.addresses) for one in found] == [(NETWORKS, address_set("10.9.0.0/25"))]
    assert [one.via for one in verdict("a/db", "node", admin(to("Deny", {"nodes": {}}))).egress.denials] == [NODES]


def test_a_rule_that_closes_over_both_families_is_named_once() -> None:
    found = verdict("a/db", "dual", admin(to("Deny", ANYWHERE))).egress.denials
    assert [one.addresses for one in found] == [address_set("8.8.8.8", "2001:db8::1")]


def test_a_deny_that_comes_too_late_for_a_port_is_not_named_for_it() -> None:
    found = verdict("a/web", "a/db", admin(rule("Allow", **PORT_80), rule("Deny")))
    assert found.ingress.denying(parse_ports("TCP 80")) == ()


def test_a_grant_of_a_network_policy_has_only_what_was_passed_on_to_it() -> None:
    found = verdict("a/web", "a/db", ingress({}), admin(rule("Pass", **PORT_80), rule("Deny")))
    assert [(str(one.origin), str(one.ports)) for one in found.ingress.grants] == [
        ("NetworkPolicy/a/p0 spec.ingress[0]", "TCP 80")
    ]


def test_a_grant_of_a_network_policy_that_nothing_was_passed_on_to_is_not_named() -> None:
    assert verdict("a/web", "a/db", ingress({}), admin(rule("Deny"))).ingress.grants == ()


def test_in_doubt_a_verdict_names_the_rules_that_it_counts() -> None:
    labelled = {"nodes": {"matchLabels": {"pool": "edge"}}}
    manifest = admin(to("Deny", labelled), to("Allow", labelled))
    may, must = (verdict("a/db", "node", manifest, mode=mode).egress for mode in (Mode.MAY, Mode.MUST))
    assert ([one.origin.index for one in may.grants], may.denials) == ([1], ())
    assert (must.grants, [one.origin.index for one in must.denials]) == ((), [0])


def test_a_doubtful_peer_is_not_named_beside_a_sure_one() -> None:
    labelled = {"nodes": {"matchLabels": {"pool": "edge"}}}
    found = verdict("a/db", "node", admin(to("Deny", labelled, ANYWHERE))).egress.denials
    assert [one.peer for one in found] == [1]


def test_a_side_says_what_is_open_because_nobody_decided() -> None:
    assert str(verdict("a/web", "a/db").ingress.by_default) == "all ports"
    assert str(verdict("a/web", "a/db", ingress({})).ingress.by_default) == "no ports"
    found = verdict("a/web", "a/db", admin(rule("Deny"), rule("Allow"))).ingress
    assert str(found.by_default) == "no ports"
    found = verdict("a/web", "a/db", admin(rule("Pass", **PORT_80), rule("Deny"))).ingress
    assert (str(found.by_default), found.isolated, len(found.tiers)) == ("TCP 80", False, 1)


def test_an_origin_is_written_with_its_kind() -> None:
    assert str(Origin("", "deny", "Egress", 3, ADMIN)) == "AdminNetworkPolicy/deny spec.egress[3]"


def test_who_quantifies_over_labels_sees_subjects_and_peers() -> None:
    blue = {"matchLabels": {"team": "blue"}}
    found = tier_evaluator(
        admin(rule("Deny", {"pods": {"namespaceSelector": blue, "podSelector": WEB}}), to("Deny", ANYWHERE))
    )
    seen = {name: [dict(one.equal) for one in found.pod_selectors(space)] for name, space in SPACES.items()}
    assert seen == {"a": [DB["matchLabels"]], "b": [DB["matchLabels"], {"app": "web"}], "c": [DB["matchLabels"]]}
    assert [dict(one.equal) for one in found.namespace_selectors()] == [{"team": "blue"}]
    assert [one.cidr for one in found.blocks()] == ["0.0.0.0/0, ::/0"]


def test_a_role_is_seen_by_subjects_of_its_direction_and_by_peers_of_the_other() -> None:
    mine = {"pods": {"namespaceSelector": {}, "podSelector": WEB}}
    found = tier_evaluator(
        ingress({"from": [{"podSelector": {"matchLabels": {"x": "in"}}}]}),
        admin(to("Allow", {"pods": {"podSelector": {"matchLabels": {"x": "out"}}}})),
        admin(rule("Deny", {"pods": {"podSelector": {"matchLabels": {"x": "denied"}}}}), subject=mine, priority=6),
    )
    roles = {way: [dict(one.equal) for one in found.role_selectors(SPACES["a"], way)] for way in ("Egress", "Ingress")}
    assert roles == {
        "Egress": [{"x": "in"}, {"app": "db"}, {"x": "denied"}],
        "Ingress": [{"app": "db"}, {"x": "out"}, {"app": "web"}],
    }
    assert {"x": "in"} not in [dict(one.equal) for one in found.role_selectors(SPACES["b"], "Egress")]


def names(found: EndClass) -> str:
    return "+".join(f"{one.namespace.name}/{one.name}" if isinstance(one, Pod) else one.name for one in found.members)


def folded(found: Evaluator, *ends: str, mode: Mode = Mode.MUST) -> list[str]:
    return [names(one) for one in Profiler(found).fold([CAST[end] for end in ends], mode)]


def test_pods_that_a_tier_tells_apart_are_classes() -> None:
    subject, peer = admin(rule("Deny"), subject=BLUE), admin(rule("Deny", BLUE))
    for found in map(tier_evaluator, (subject, peer)):
        assert folded(found, "a/web", "a/bare", "b/web", "b/bare") == ["a/web+a/bare", "b/web+b/bare"]
    network = tier_evaluator(admin(to("Deny", {"networks": ["10.0.0.2/32"]})))
    assert folded(network, "a/web", "a/bare", "b/web") == ["a/web", "a/bare+b/web"]


def test_pods_with_another_number_for_a_name_in_a_tier_are_a_class() -> None:
    pod = CAST["a/web"]
    assert isinstance(pod, Pod)
    found = tier_evaluator(admin(rule("Deny", ports=[{"namedPort": "http"}])))
    assert [len(one.members) for one in Profiler(found).fold([pod, replace(pod, ports=())], Mode.MAY)] == [1, 1]


def test_pods_of_several_addresses_are_one_class_only_with_the_same_addresses() -> None:
    pod = CAST["a/web"]
    assert isinstance(pod, Pod)
    wide = [replace(pod, addresses=address_set(cidr)) for cidr in ("10.0.0.0/24", "10.0.0.0/24", "10.0.0.0/23")]
    found = Profiler(tier_evaluator(admin(to("Deny", {"networks": ["10.0.0.0/8"]})))).fold(wide, Mode.MUST)
    assert [len(one.members) for one in found] == [2, 1]


def test_an_allow_makes_flows_that_no_network_policy_looks_for() -> None:
    found = tier_evaluator(ingress(), admin(rule("Allow", BLUE)))
    every = allowed_flows(found, [CAST["a/db"], CAST["b/web"], CAST["a/web"]], Mode.MAY)
    assert [
        f"{names(one.source)} => {names(one.destination)}" for one in every if one.destination.example == CAST["a/db"]
    ] == ["b/web => a/db"]


def floor(tenant: str, space: str) -> Json:
    chosen = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space}},
        "podSelector": {"matchLabels": {"owner": tenant}},
    }
    spec = {"priority": 1, "subject": {"pods": chosen}, "egress": [to("Pass", {"pods": chosen}), to("Deny", ANYWHERE)]}
    return tier_policy(ADMIN, f"floor.{space}.{tenant}", spec)


def shape(manifest: Json, tenant: str, space: str) -> Any:
    return shape_of_tiers(parse_cluster([manifest]).tiers, {space: "<namespace>", tenant: "<tenant>"})


def test_floors_of_tenants_that_differ_in_names_have_one_shape() -> None:
    assert shape(floor("one", "a"), "one", "a") == shape(floor("two", "b"), "two", "b")
    assert shape(floor("one", "a"), "one", "a") != shape(floor("one", "a"), "two", "a")


def test_the_order_of_rules_and_the_priority_are_part_of_a_shape() -> None:
    base = admin(rule("Allow"), rule("Deny"))
    others = [
        admin(rule("Deny"), rule("Allow")),
        admin(rule("Allow"), rule("Deny"), priority=6),
        cluster("Baseline", rule("Accept"), rule("Deny")),
        admin(rule("Allow"), rule("Pass")),
        admin(to("Allow"), to("Deny")),
        admin(rule("Allow"), rule("Deny"), subject=PODS),
        admin(to("Allow", {"nodes": {}}), to("Deny")),
    ]
    assert len({shape(one, "x", "y") for one in (base, *others)}) == 1 + len(others)
    assert shape(base, "x", "y") == shape(cluster("Admin", rule("Accept"), rule("Deny")), "x", "y")


@given(tiered_clusters, st.lists(naive_pods, min_size=1, max_size=3))
@settings(deadline=None)
def test_pods_of_one_class_have_the_same_verdicts(generated: Json, found: list[Json]) -> None:
    read, ends = real(generated, found)
    judge = Evaluator(read.policies, read.tiers)
    for mode in Mode:
        for one in Profiler(judge).fold(ends, mode):
            for other in CAST["v4"], CAST["node"]:
                assert len({judge.allowed(member, other, mode) for member in one.members}) == 1
                assert len({judge.allowed(other, member, mode) for member in one.members}) == 1


def test_cluster_scoped_policies_are_read_from_a_stream_too() -> None:
    items = [policy("p", "a", {}), admin(rule("Deny")), baseline(rule("Allow")), cluster("Admin", to("Pass"))]
    whole = {"apiVersion": "v1", "kind": "List", "items": items}
    read = parse_cluster(objects(io.StringIO(json.dumps(whole))))
    assert list(map(str, read.tiers)) == [
        "AdminNetworkPolicy/at-5",
        "BaselineAdminNetworkPolicy/default",
        "ClusterNetworkPolicy/admin-5",
    ]
    assert (len(read.policies), read.passed_over, read.problems) == (1, {}, ())
