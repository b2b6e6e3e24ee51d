"""What an ipBlock means for addresses outside, for pods, and for nodes."""

from __future__ import annotations

from typing import Any

from tests.netpol.cast import CAST, egress, evaluator, ingress, may, must, verdict
from vcluster_isolation.netpol.objects.verdict import HOST_NETWORK, NAMED_PORT, OWN_NODE, POD_ADDRESS, Mode

ALL, NONE = "all ports", "no ports"


def to(cidr: str, *excepts: str, **rule: Any) -> dict[str, Any]:
    return {"to": [{"ipBlock": {"cidr": cidr, "except": list(excepts)}}], **rule}


def test_an_ip_block_means_the_addresses_in_its_cidr() -> None:
    rule = egress(to("8.8.0.0/16"))
    assert (may("a/db", "v4", rule), may("a/db", "net", rule)) == (ALL, NONE)


def test_except_takes_addresses_out() -> None:
    assert may("a/db", "v4", egress(to("0.0.0.0/0", "8.0.0.0/8"))) == NONE


def test_each_except_takes_addresses_out() -> None:
    assert may("a/db", "v4", egress(to("0.0.0.0/0", "9.0.0.0/8", "8.0.0.0/8", "7.0.0.0/8"))) == NONE


def test_what_one_block_excepts_another_can_allow() -> None:
    assert may("a/db", "v4", egress(to("0.0.0.0/0", "8.0.0.0/8"), to("8.8.8.8/32"))) == ALL


def test_an_ipv4_block_means_no_ipv6_address() -> None:
    rule = egress(to("0.0.0.0/0"))
    assert (may("a/db", "v4", rule), may("a/db", "v6", rule)) == (ALL, NONE)


def test_an_ipv6_block_means_no_ipv4_address() -> None:
    rule = egress(to("::/0"))
    assert (may("a/db", "v4", rule), may("a/db", "v6", rule)) == (NONE, ALL)


def test_a_source_outside_is_matched_by_ingress() -> None:
    rule = ingress({"from": [{"ipBlock": {"cidr": "8.8.8.8/32"}}]})
    assert (may("v4", "a/db", rule), may("v6", "a/db", rule)) == (ALL, NONE)


def test_a_range_may_be_reached_if_a_part_is_allowed() -> None:
    rule = egress(to("10.9.0.0/25"))
    assert (may("a/db", "net", rule), must("a/db", "net", rule)) == (ALL, NONE)


def test_a_range_must_be_reached_if_the_parts_are_allowed_by_several_rules() -> None:
    low, high = to("10.9.0.0/25", ports=[{"port": 80}, {"port": 1}]), to("10.9.0.128/25", ports=[{"port": 80}])
    assert must("a/db", "net", egress(low, high)) == "TCP 80"


def test_both_families_must_be_allowed_to_reach_addresses_of_both_surely() -> None:
    rule = egress(to("0.0.0.0/0"))
    assert (may("a/db", "dual", rule), must("a/db", "dual", rule)) == (ALL, NONE)


def test_a_host_of_one_family_does_not_surely_reach_addresses_of_both() -> None:
    assert (may("host", "dual"), must("host", "dual")) == (ALL, NONE)


def test_ends_without_a_common_family_do_not_reach_each_other() -> None:
    assert (may("host", "v6"), must("host", "v6")) == (NONE, NONE)


def test_an_ip_block_may_match_a_pod_but_not_surely() -> None:
    rule = egress(to("10.0.0.0/8"))
    assert (may("a/db", "b/web", rule), must("a/db", "b/web", rule)) == (ALL, NONE)


def test_an_ip_block_does_not_match_a_pod_elsewhere() -> None:
    assert may("a/db", "b/web", egress(to("10.9.0.0/16"))) == NONE


def test_a_pod_of_unknown_address_may_be_anywhere_in_the_private_ranges() -> None:
    private, public = egress(to("172.16.0.0/12")), egress(to("8.0.0.0/8"))
    assert (may("a/db", "any", private), may("a/db", "any", public)) == (ALL, NONE)


def test_blocks_of_different_families_on_the_two_sides_let_nothing_through() -> None:
    out = egress(to("10.0.0.0/8"), selected={"matchLabels": {"app": "web"}})
    into = ingress({"from": [{"ipBlock": {"cidr": "fd00::/8"}}]})
    assert may("a/web", "a/db", out, into) == NONE


def test_blocks_of_the_same_family_on_the_two_sides_let_through() -> None:
    out = egress(to("fd00::/8"), selected={"matchLabels": {"app": "web"}})
    into = ingress({"from": [{"ipBlock": {"cidr": "fd00::/8"}}]})
    assert may("a/web", "a/db", out, into) == ALL


def test_a_named_port_resolves_at_a_pod_that_a_block_covers() -> None:
    assert may("a/db", "b/web", egress(to("10.0.0.0/8", ports=[{"port": "http"}]))) == "TCP 80"


def test_a_host_network_pod_may_be_selected_but_not_surely() -> None:
    rule = egress({"to": [{"namespaceSelector": {}}]})
    assert (may("a/db", "host", rule), must("a/db", "host", rule)) == (ALL, NONE)


def test_a_host_network_pod_may_be_matched_by_its_nodes_address_but_not_surely() -> None:
    rule = egress(to("192.168.0.0/16"))
    assert (may("a/db", "host", rule), must("a/db", "host", rule)) == (ALL, NONE)


def test_a_host_network_pod_is_surely_reached_if_both_readings_allow_it() -> None:
    selected = {"to": [{"namespaceSelector": {}}], "ports": [{"port": 80}, {"port": 1}]}
    assert must("a/db", "host", egress(selected, to("192.168.0.0/16", ports=[{"port": 80}]))) == "TCP 80"


def test_policies_may_pass_a_host_network_pod_by() -> None:
    found = evaluator({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}, space="b")
    assert [str(found.allowed(CAST["host"], CAST["v4"], mode)) for mode in Mode] == [ALL, NONE]


def test_a_node_is_matched_by_its_address_only() -> None:
    by_address, by_selector = egress(to("192.168.0.1/32")), egress({"to": [{"namespaceSelector": {}}]})
    assert (may("a/db", "node", by_address), may("a/db", "node", by_selector)) == (ALL, NONE)


def test_a_pod_may_reach_its_own_node_whatever_the_policies_say() -> None:
    found = verdict("a/db", "node", egress(), same_node=True)
    assert (str(found.allowed), found.shortcut) == (ALL, OWN_NODE)


def test_a_pod_does_not_surely_reach_its_own_node() -> None:
    assert str(verdict("a/db", "host", egress(), mode=Mode.MUST, same_node=True).allowed) == NONE


def test_being_on_the_same_node_means_nothing_between_two_pods() -> None:
    assert str(verdict("a/db", "a/web", egress(), same_node=True).allowed) == NONE


def test_a_verdict_about_a_node_says_that_it_is_not_about_the_pods_own() -> None:
    assert verdict("a/db", "node", egress()).caveats == {OWN_NODE}


def test_a_verdict_about_a_host_network_pod_says_that_plugins_differ() -> None:
    assert verdict("host", "a/db", ingress()).caveats == {OWN_NODE, HOST_NETWORK}


def test_a_verdict_that_rests_on_a_pods_address_says_so() -> None:
    assert verdict("a/db", "b/web", egress(to("10.0.0.0/8"))).caveats == {POD_ADDRESS}


def test_a_verdict_that_rests_on_an_unknown_port_name_says_so() -> None:
    assert verdict("a/web", "any", ingress({"ports": [{"port": "x"}]}, selected={})).caveats == {NAMED_PORT}


def test_a_verdict_that_rests_on_selectors_has_no_caveat() -> None:
    assert verdict("a/web", "a/db", ingress({"from": [{"podSelector": {}}]})).caveats == frozenset()
