"""Which ports a rule means."""

from __future__ import annotations

from typing import Any

import pytest

from tests.netpol.cast import egress, ingress, may, must

ALL, NONE = "all ports", "no ports"


def opens(*ports: dict[str, Any]) -> str:
    return may("a/web", "a/db", ingress({"ports": list(ports)}))


@pytest.mark.parametrize("rule", [{}, {"ports": []}, {"ports": None}])
def test_missing_null_and_empty_ports_mean_all(rule: dict[str, Any]) -> None:
    assert may("a/web", "a/db", ingress(rule)) == ALL


def test_a_port_is_tcp_unless_it_says_otherwise() -> None:
    assert opens({"port": 80}) == "TCP 80"


@pytest.mark.parametrize("protocol", ["TCP", "UDP", "SCTP"])
def test_a_port_has_the_protocol_it_names(protocol: str) -> None:
    assert opens({"port": 80, "protocol": protocol}) == f"{protocol} 80"


def test_a_protocol_without_a_port_means_all_its_ports() -> None:
    assert opens({"protocol": "UDP"}) == "UDP all ports"


def test_an_item_with_nothing_means_all_tcp_ports() -> None:
    assert opens({}) == "TCP all ports"


def test_items_add_up() -> None:
    assert opens({"port": 80}, {"port": 53, "protocol": "UDP"}) == "TCP 80, UDP 53"


def test_end_port_makes_a_range_that_includes_both_ends() -> None:
    assert opens({"port": 8000, "endPort": 8080}) == "TCP 8000-8080"


def test_end_port_equal_to_port_is_one_port() -> None:
    assert opens({"port": 8000, "endPort": 8000}) == "TCP 8000"


def test_a_named_port_is_what_the_destination_calls_so() -> None:
    assert opens({"port": "http"}) == "TCP 80"


def test_a_named_port_has_to_have_the_protocol() -> None:
    assert (opens({"port": "dns"}), opens({"port": "dns", "protocol": "UDP"})) == (NONE, "UDP 53")


def test_a_name_can_stand_for_several_ports() -> None:
    assert opens({"port": "many"}) == "TCP 1000, TCP 2000"


def test_a_name_that_the_destination_does_not_have_means_no_port() -> None:
    assert opens({"port": "nobody"}) == NONE


def test_a_name_beside_a_number_takes_nothing_from_the_number() -> None:
    assert opens({"port": "nobody"}, {"port": 22}) == "TCP 22"


def test_a_named_port_in_egress_is_asked_of_the_destination() -> None:
    rule = egress({"ports": [{"port": "http"}]})
    assert (may("a/db", "b/web", rule), may("a/db", "host", rule)) == ("TCP 80", NONE)


def test_a_named_port_means_nothing_at_an_address_outside() -> None:
    rule = egress({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": "http"}, {"port": 443}]})
    assert may("a/db", "v4", rule) == "TCP 443"


def test_a_named_port_is_asked_of_the_destination_whatever_the_source() -> None:
    assert may("v4", "a/db", ingress({"ports": [{"port": "http"}]})) == "TCP 80"


def test_a_port_of_an_init_container_may_be_there_but_not_surely() -> None:
    rule = ingress({"ports": [{"port": "setup"}]})
    assert (may("a/web", "a/db", rule), must("a/web", "a/db", rule)) == ("TCP 9", NONE)


def test_a_pod_of_unknown_ports_may_call_any_port_so_but_not_surely() -> None:
    rule = ingress({"ports": [{"port": "http", "protocol": "UDP"}]}, selected={})
    assert (may("a/web", "any", rule), must("a/web", "any", rule)) == ("UDP all ports", NONE)


def test_ports_and_peers_must_both_match() -> None:
    rule = ingress({"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 80}]})
    assert (may("a/web", "a/db", rule), may("a/bare", "a/db", rule)) == ("TCP 80", NONE)


def test_the_ports_of_one_rule_do_not_go_with_the_peers_of_another() -> None:
    first = {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 80}]}
    second = {"from": [{"namespaceSelector": {"matchLabels": {"team": "blue"}}}], "ports": [{"port": 443}]}
    assert may("b/bare", "a/db", ingress(first, second)) == "TCP 443"
