"""Whom a rule of a cluster-scoped policy matches, and on which ports; surely, or only perhaps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.netpol.cast import CAST
from tests.netpol.tier_cast import (
    ANYWHERE,
    PODS,
    WEB,
    admin,
    baseline,
    both,
    cluster,
    rule,
    tier_evaluator,
    to,
    verdict,
)
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.objects.model import External, Pod, namespace
from vcluster_isolation.netpol.objects.tiers import TierPolicy
from vcluster_isolation.netpol.objects.verdict import NAMED_PORT, NODE_LABELS, POD_ADDRESS, Mode
from vcluster_isolation.netpol.parse.parse_policy import parse_policy
from vcluster_isolation.netpol.parse.parse_tiers import parse_tier
from vcluster_isolation.netpol.sets.addresses import address_set

OPEN, CLOSED, EITHER = "all ports", "no ports", "all ports; surely no ports"
BLUE = {"matchLabels": {"team": "blue"}}
NODES: dict[str, Any] = {"nodes": {}}
LABELLED = {"nodes": {"matchLabels": {"pool": "edge"}}}


def denied_to(*peers: dict[str, Any]) -> dict[str, str]:
    """Which of the cast the database pod does not reach when egress to these peers is denied."""
    ends = ("a/web", "a/bare", "b/web", "b/bare", "host", "v4", "v6", "node")
    found = {end: both("a/db", end, admin(to("Deny", *peers))) for end in ends}
    return {end: text for end, text in found.items() if text != OPEN}


def test_namespaces_are_all_pods_of_the_namespaces() -> None:
    assert denied_to({"namespaces": BLUE}) == {"b/web": CLOSED, "b/bare": CLOSED}


def test_pods_are_the_matching_pods_of_the_matching_namespaces() -> None:
    assert denied_to({"pods": {"namespaceSelector": BLUE, "podSelector": WEB}}) == {"b/web": CLOSED}


def test_empty_selectors_are_all_pods_and_nobody_else() -> None:
    every = dict.fromkeys(("a/web", "a/bare", "b/web", "b/bare"), CLOSED)
    assert denied_to(PODS) == denied_to({"pods": {"namespaceSelector": {}, "podSelector": {}}}) == every


def test_a_missing_namespace_selector_is_all_namespaces() -> None:
    assert denied_to({"pods": {"podSelector": WEB}}) == {"a/web": CLOSED, "b/web": CLOSED}


def test_selectors_never_match_pods_of_the_hosts_network() -> None:
    agent = {"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "agent"}}}}
    assert denied_to(agent) == {}


def test_networks_match_addresses_of_the_outside_and_of_pods() -> None:
    assert denied_to({"networks": ["8.8.8.0/24"]}) == {"v4": CLOSED}
    assert denied_to({"networks": ["192.168.0.0/16"]}) == {"host": CLOSED, "node": CLOSED}


def test_networks_of_one_family_close_a_pod_of_both_over_that_family_only() -> None:
    assert both("a/db", "a/web", admin(to("Deny", {"networks": ["0.0.0.0/0"]}))) == EITHER
    assert both("a/db", "a/web", admin(to("Deny", ANYWHERE))) == CLOSED


def test_networks_that_match_a_pod_are_no_caveat() -> None:
    found = verdict("a/db", "a/web", admin(to("Allow", ANYWHERE)))
    assert POD_ADDRESS not in found.caveats


def test_each_of_several_networks_counts() -> None:
    assert denied_to({"networks": ["8.8.8.8/32", "2001:db8::/32"]}) == {"v4": CLOSED, "v6": CLOSED}


def test_each_of_several_peers_counts() -> None:
    assert denied_to({"networks": ["8.8.8.8/32"]}, {"namespaces": BLUE}) == {
        "b/web": CLOSED,
        "b/bare": CLOSED,
        "v4": CLOSED,
    }


def test_a_range_that_a_deny_covers_in_part_may_be_reached_and_not_surely() -> None:
    assert both("a/db", "net", admin(to("Deny", {"networks": ["10.9.0.0/25"]}))) == EITHER


def test_two_denials_that_cover_a_range_together_close_it() -> None:
    halves = [to("Deny", {"networks": [cidr]}) for cidr in ("10.9.0.0/25", "10.9.0.128/25")]
    assert both("a/db", "net", admin(*halves)) == CLOSED


def test_what_a_pass_keeps_from_a_denial_is_open_for_its_addresses() -> None:
    found = admin(to("Pass", {"networks": ["10.9.0.0/25"]}), to("Deny", ANYWHERE))
    assert both("a/db", "net", found) == EITHER


def test_a_pod_of_unknown_address_may_escape_a_denial_by_address() -> None:
    pod = CAST["a/web"]
    assert isinstance(pod, Pod)
    unknown = replace(pod, addresses=address_set("10.0.0.0/8"))
    judge = tier_evaluator(admin(to("Deny", {"networks": ["10.0.0.0/16"]})))
    assert [str(judge.allowed(CAST["a/db"], unknown, mode)) for mode in (Mode.MAY, Mode.MUST)] == [OPEN, CLOSED]


def test_nodes_without_a_selector_are_surely_all_nodes() -> None:
    assert denied_to(NODES) == {"host": EITHER, "node": CLOSED}


def test_nodes_with_a_selector_are_perhaps_any_node() -> None:
    assert denied_to(LABELLED) == {"host": EITHER, "node": EITHER}
    assert both("a/db", "node", admin(to("Allow", LABELLED), to("Deny", ANYWHERE))) == EITHER
    assert both("a/db", "node", admin(to("Pass", LABELLED), to("Deny", ANYWHERE))) == EITHER


def test_a_selector_of_nodes_is_a_caveat() -> None:
    assert NODE_LABELS in verdict("a/db", "node", admin(to("Deny", LABELLED))).caveats
    assert NODE_LABELS not in verdict("a/db", "node", admin(to("Deny", NODES))).caveats
    assert NODE_LABELS not in verdict("a/db", "v4", admin(to("Deny", LABELLED))).caveats


def test_nodes_beside_networks_match_where_either_does() -> None:
    here = {"networks": ["192.168.0.1/32"]}
    assert both("a/db", "node", admin(to("Deny", LABELLED, here))) == CLOSED
    assert both("a/db", "node", admin(to("Deny", here, LABELLED))) == CLOSED


def ports(kind: str, *items: dict[str, Any]) -> str:
    """What a rule with these ports, and then a Deny, let through to the database pod."""
    if kind == "v1alpha1":
        return both("a/web", "a/db", admin(rule("Allow", ports=list(items)), rule("Deny")))
    return both("a/web", "a/db", cluster("Admin", rule("Accept", protocols=list(items)), rule("Deny")))


@pytest.mark.parametrize("fields", [{}, {"ports": None}])
def test_a_rule_without_ports_is_for_all_ports_of_all_protocols(fields: dict[str, Any]) -> None:
    assert both("a/web", "a/db", admin(rule("Deny", **fields))) == CLOSED


def test_a_rule_without_protocols_is_for_all_ports_of_all_protocols() -> None:
    assert both("a/web", "a/db", cluster("Baseline", rule("Deny"))) == CLOSED


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ({"portNumber": {"port": 80}}, "TCP 80"),
        ({"portNumber": {"protocol": "UDP", "port": 53}}, "UDP 53"),
        ({"portRange": {"start": 80, "end": 90}}, "TCP 80-90"),
        ({"portRange": {"protocol": "SCTP", "start": 1, "end": 65535}}, "SCTP all ports"),
        ({"namedPort": "http"}, "TCP 80"),
        ({"namedPort": "dns"}, "UDP 53"),
        ({"namedPort": "many"}, "TCP 1000, TCP 2000"),
        ({"namedPort": "setup"}, "TCP 9; surely no ports"),
        ({"namedPort": "other"}, CLOSED),
    ],
)
def test_an_item_of_ports_is_a_number_a_range_or_a_name_in_any_protocol(item: dict[str, Any], text: str) -> None:
    assert ports("v1alpha1", item) == text


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ({"tcp": {"destinationPort": {"number": 80}}}, "TCP 80"),
        ({"udp": {"destinationPort": {"range": {"start": 53, "end": 54}}}}, "UDP 53-54"),
        ({"sctp": {"destinationPort": {"number": 7}}}, "SCTP 7"),
        ({"destinationNamedPort": "dns"}, "UDP 53"),
    ],
)
def test_an_item_of_protocols_has_a_port_or_is_a_name_in_any_protocol(item: dict[str, Any], text: str) -> None:
    assert ports("v1alpha2", item) == text


def test_several_ports_add_up() -> None:
    assert ports("v1alpha1", {"portNumber": {"port": 80}}, {"namedPort": "dns"}) == "TCP 80, UDP 53"


def test_a_denied_name_that_a_pod_has_only_sometimes_is_closed_only_perhaps() -> None:
    found = admin(rule("Deny", ports=[{"namedPort": "setup"}]))
    assert both("a/web", "a/db", found) == "all ports; surely TCP+UDP+SCTP 1-8, TCP+UDP+SCTP 10-65535, UDP+SCTP 9"


def test_a_name_that_any_port_may_have_is_perhaps_every_port_and_surely_none() -> None:
    subject = {"pods": {"podSelector": {"matchLabels": {"app": "any"}}}}
    name: dict[str, Any] = {"ports": [{"namedPort": "http"}]}
    assert both("a/web", "any", admin(rule("Deny", **name), subject=subject)) == EITHER
    assert both("a/web", "any", admin(rule("Allow", **name), rule("Deny"), subject=subject)) == EITHER
    assert NAMED_PORT in verdict("a/web", "any", admin(rule("Deny", **name), subject=subject)).caveats
    assert NAMED_PORT not in verdict("a/web", "a/db", admin(rule("Deny", **name))).caveats


def test_the_names_of_an_egress_rule_are_those_of_the_destination() -> None:
    found = admin(to("Allow", ports=[{"namedPort": "http"}]), to("Deny", PODS))
    assert both("a/db", "a/web", found) == "TCP 80"


def test_a_side_lets_nothing_through_over_a_family_that_the_other_end_does_not_have() -> None:
    for mode in Mode:
        assert str(verdict("a/db", "v4", admin(to("Allow", ANYWHERE)), mode=mode).egress.allowed[1]) == CLOSED


def test_a_baseline_rule_matches_in_the_same_way() -> None:
    assert both("a/db", "net", baseline(to("Deny", {"networks": ["10.9.0.0/25"]}))) == EITHER
    assert both("a/db", "node", baseline(to("Deny", LABELLED))) == EITHER


def test_an_end_without_an_address_of_any_family_gets_nothing() -> None:
    nowhere = External("nowhere", address_set())
    judge = tier_evaluator(admin(to("Allow", ANYWHERE)))
    assert [str(judge.allowed(CAST["a/db"], nowhere, mode)) for mode in (Mode.MAY, Mode.MUST)] == [CLOSED, CLOSED]


def test_a_part_of_addresses_gets_what_an_ip_block_below_a_tier_allows_it() -> None:
    """Of a range, MAY is about some address of it, and MUST about all."""
    block = {"egress": [{"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}], "ports": [{"port": 80}]}]}
    passing = admin_of([{"action": "Pass", "name": "on", "to": [{"networks": ["10.0.0.0/8"]}]}])
    policy = {"podSelector": {}, "policyTypes": ["Egress"], **block}
    evaluator = Evaluator([parse_policy(policy, "a", "p", "", [])], [passing])
    whole = External("private", address_set("10.0.0.0/8"))
    assert str(evaluator.allowed(Pod(namespace("a")), whole, Mode.MAY)) == "TCP 80"
    assert not evaluator.allowed(Pod(namespace("a")), whole, Mode.MUST)


def admin_of(egress: list[dict[str, object]]) -> TierPolicy:
    """Return an AdminNetworkPolicy for all pods."""
    spec = {"priority": 1, "subject": {"namespaces": {}}, "egress": egress}
    return parse_tier(("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"), spec, "above", "", [])
