"""Whom a rule's peers mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.netpol.cast import egress, ingress, may
from vcluster_isolation.netpol.engine.match import matched
from vcluster_isolation.netpol.objects.model import External, Peer, Pod, labels_of, namespace, selector
from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.netpol.sets.addresses import address_set

ALL, NONE = "all ports", "no ports"
WEB = {"matchLabels": {"app": "web"}}
RED = {"matchLabels": {"team": "red"}}
BLUE = {"matchLabels": {"team": "blue"}}
POD = Pod(namespace("a"), labels_of({}))


def admits(source: str, *peers: dict[str, Any]) -> bool:
    return may(source, "a/db", ingress({"from": list(peers)})) == ALL


@pytest.mark.parametrize("rule", [{}, {"from": []}, {"from": None}, {"from": [], "ports": []}])
def test_missing_null_and_empty_from_mean_everyone(rule: dict[str, Any]) -> None:
    assert {may(source, "a/db", ingress(rule)) for source in ("b/web", "a/bare", "v4", "node")} == {ALL}


@pytest.mark.parametrize("rule", [{}, {"to": []}, {"to": None}])
def test_missing_null_and_empty_to_mean_everyone(rule: dict[str, Any]) -> None:
    assert {may("a/db", end, egress(rule)) for end in ("b/web", "a/bare", "v6", "node")} == {ALL}


def test_a_bare_pod_selector_means_pods_of_the_policys_namespace() -> None:
    assert [admits(source, {"podSelector": WEB}) for source in ("a/web", "b/web", "c/web")] == [True, False, False]


def test_an_empty_pod_selector_means_all_pods_of_the_policys_namespace() -> None:
    assert [admits(source, {"podSelector": {}}) for source in ("a/web", "a/bare", "b/web")] == [True, True, False]


def test_a_bare_namespace_selector_means_all_pods_of_the_namespaces() -> None:
    found = [admits(source, {"namespaceSelector": BLUE}) for source in ("b/web", "b/bare", "a/web", "c/web")]
    assert found == [True, True, False, False]


def test_an_empty_namespace_selector_means_all_pods_everywhere() -> None:
    assert all(admits(source, {"namespaceSelector": {}}) for source in ("a/bare", "b/web", "c/web"))


def test_both_selectors_in_one_peer_must_match() -> None:
    peer = {"namespaceSelector": BLUE, "podSelector": WEB}
    assert [admits(source, peer) for source in ("b/web", "b/bare", "a/web")] == [True, False, False]


def test_of_two_peers_one_must_match() -> None:
    peers = ({"namespaceSelector": BLUE}, {"podSelector": WEB})
    assert [admits(source, *peers) for source in ("b/bare", "a/web", "a/bare", "c/web")] == [True, True, False, False]


def test_a_namespace_selector_can_mean_the_policys_own_namespace() -> None:
    assert admits("a/bare", {"namespaceSelector": RED})


def test_a_namespace_can_be_selected_by_its_name() -> None:
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "c"}}}
    assert [admits(source, peer) for source in ("c/web", "b/web")] == [True, False]


def test_a_null_namespace_selector_is_no_namespace_selector() -> None:
    assert not admits("b/web", {"podSelector": WEB, "namespaceSelector": None})


def test_selectors_mean_no_address_that_is_no_pod() -> None:
    assert not admits("v4", {"namespaceSelector": {}, "podSelector": {}})


def test_egress_peers_are_about_the_destination() -> None:
    rule = egress({"to": [{"podSelector": WEB}]})
    assert [may("a/db", end, rule) for end in ("a/web", "b/web", "a/bare")] == [ALL, NONE, NONE]


def expression(operator: str, *values: str, key: str = "app") -> dict[str, Any]:
    listed = {"values": list(values)} if values else {}
    return {"podSelector": {"matchExpressions": [{"key": key, "operator": operator, **listed}]}}


def test_in_means_one_of_the_values() -> None:
    assert [admits(source, expression("In", "web", "x")) for source in ("a/web", "a/empty", "a/bare")] == [
        True,
        False,
        False,
    ]


def test_in_with_the_empty_value_does_not_mean_a_missing_key() -> None:
    for values in ([""], ["", "x"]):
        assert [admits(source, expression("In", *values)) for source in ("a/empty", "a/bare")] == [True, False]


def test_not_in_matches_other_values_and_a_missing_key() -> None:
    found = [admits(source, expression("NotIn", "web", "x")) for source in ("a/web", "a/empty", "a/bare")]
    assert found == [False, True, True]


def test_exists_matches_any_value_and_no_missing_key() -> None:
    assert [admits(source, expression("Exists")) for source in ("a/web", "a/empty", "a/bare")] == [True, True, False]


def test_does_not_exist_matches_only_a_missing_key() -> None:
    found = [admits(source, expression("DoesNotExist")) for source in ("a/web", "a/empty", "a/bare")]
    assert found == [False, False, True]


def test_all_requirements_of_a_selector_must_hold() -> None:
    both = {"podSelector": {**WEB, "matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}}
    assert not admits("a/web", both)


def test_all_expressions_of_a_selector_must_hold() -> None:
    exists = [{"key": key, "operator": "Exists"} for key in ("app", "tier")]
    peer = {"podSelector": {"matchExpressions": exists}}
    assert [admits(source, peer) for source in ("a/web", "a/empty")] == [True, False]


def test_a_label_must_have_the_value_not_only_the_key() -> None:
    assert not admits("a/empty", {"podSelector": WEB})


def test_a_selector_matches_no_address_that_is_not_a_pods() -> None:
    peer = Peer(pods=selector())
    address = External("address", address_set("10.0.0.8"))
    assert not matched(peer, "a", address, Mode.MAY)
    assert not matched(peer, "a", address, Mode.MUST)
    assert matched(peer, "a", replace(POD, addresses=address_set("10.0.0.8")), Mode.MUST)
