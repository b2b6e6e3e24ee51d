"""Which policies isolate a pod, and what several of them allow together."""

from __future__ import annotations

from tests.netpol.cast import CAST, egress, evaluator, ingress, may

ALL, NONE = "all ports", "no ports"
TO_80 = {"ports": [{"port": 80}]}
TO_443 = {"ports": [{"port": 443}]}


def test_without_policies_everything_is_allowed() -> None:
    assert may("a/web", "a/db") == ALL


def test_a_policy_isolates_the_pods_it_selects() -> None:
    assert may("a/web", "a/db", ingress()) == NONE


def test_a_policy_leaves_other_pods_open() -> None:
    assert may("a/db", "a/web", ingress()) == ALL


def test_a_policy_isolates_only_pods_with_all_its_labels() -> None:
    chosen = {"matchLabels": {"app": "web", "tier": "back"}}
    assert [may("b/web", pod, ingress(selected=chosen)) for pod in ("a/web", "a/db")] == [ALL, ALL]


def test_a_policy_can_select_by_expressions() -> None:
    chosen = {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web", "other"]}]}
    found = [may("b/web", pod, ingress(selected=chosen)) for pod in ("a/web", "a/db", "a/bare")]
    assert found == [ALL, NONE, NONE]


def test_a_policy_can_select_by_several_values() -> None:
    chosen = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "db"]}]}
    found = [may("b/web", pod, ingress(selected=chosen)) for pod in ("a/web", "a/db", "a/bare")]
    assert found == [NONE, NONE, ALL]


def test_an_empty_pod_selector_isolates_every_pod_of_the_namespace() -> None:
    assert may("b/web", "a/bare", ingress(selected={})) == NONE


def test_a_missing_pod_selector_isolates_every_pod_of_the_namespace() -> None:
    assert may("b/web", "a/bare", {"policyTypes": ["Ingress"]}) == NONE


def test_a_policy_does_not_isolate_pods_of_another_namespace() -> None:
    assert may("a/web", "b/web", ingress(selected={})) == ALL


def test_ingress_policies_leave_egress_open() -> None:
    assert may("a/db", "b/web", ingress()) == ALL


def test_egress_policies_isolate_egress() -> None:
    assert may("a/db", "b/web", egress()) == NONE


def test_egress_policies_leave_ingress_open() -> None:
    assert may("b/web", "a/db", egress()) == ALL


def test_policies_add_up() -> None:
    assert may("a/web", "a/db", ingress(TO_80), ingress(TO_443)) == "TCP 80, TCP 443"


def test_a_policy_that_allows_nothing_takes_nothing_back() -> None:
    assert may("a/web", "a/db", ingress(TO_80), ingress()) == "TCP 80"


def test_rules_of_a_policy_add_up() -> None:
    assert may("a/web", "a/db", ingress(TO_80, TO_443)) == "TCP 80, TCP 443"


def test_both_sides_must_agree() -> None:
    out = egress(TO_80, TO_443, selected={"matchLabels": {"app": "web"}})
    assert may("a/web", "a/db", out, ingress(TO_443, {"ports": [{"port": 22}]})) == "TCP 443"


def test_egress_alone_does_not_admit() -> None:
    assert may("a/web", "a/db", egress({}, selected={"matchLabels": {"app": "web"}}), ingress()) == NONE


def test_ingress_alone_does_not_let_out() -> None:
    assert may("a/web", "a/db", egress(selected={"matchLabels": {"app": "web"}}), ingress({})) == NONE


def test_missing_policy_types_isolate_ingress_even_without_ingress_rules() -> None:
    assert may("b/web", "a/db", {"podSelector": {}, "egress": [{}]}) == NONE


def test_missing_policy_types_isolate_egress_if_there_are_egress_rules() -> None:
    assert may("a/db", "b/web", {"podSelector": {}, "egress": [TO_80]}) == "TCP 80"


def test_missing_policy_types_leave_egress_open_without_egress_rules() -> None:
    assert may("a/db", "b/web", {"podSelector": {}, "egress": []}) == ALL


def test_empty_policy_types_are_missing_ones() -> None:
    spec = {"podSelector": {}, "policyTypes": [], "egress": [TO_80]}
    assert (may("a/db", "b/web", spec), may("b/web", "a/db", spec)) == ("TCP 80", NONE)


def test_egress_rules_without_their_policy_type_have_no_effect() -> None:
    assert may("a/db", "b/web", {"podSelector": {}, "policyTypes": ["Ingress"], "egress": [TO_80]}) == ALL


def test_ingress_rules_without_their_policy_type_have_no_effect() -> None:
    assert may("b/web", "a/db", {"podSelector": {}, "policyTypes": ["Egress"], "ingress": [TO_80]}) == ALL


def test_a_pod_that_two_policies_select_is_isolated_by_both() -> None:
    found = evaluator(ingress(), ingress(selected={}), egress()).isolating(CAST["a/db"], "Ingress")
    assert [policy.name for policy in found] == ["p0", "p1"]


def test_a_concrete_pod_reaches_itself_whatever_the_policies_say() -> None:
    assert may("a/db", "a/db", ingress(), egress()) == ALL


def test_a_kind_of_pods_does_not_reach_its_like_by_loopback() -> None:
    assert may("any", "any", ingress(selected={})) == NONE
