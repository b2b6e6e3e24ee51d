"""Cluster-scoped policies decide before NetworkPolicy, and after it: which tier, which policy, which rule comes first."""

from __future__ import annotations

from typing import Any

import pytest

from tests.netpol.cast import CAST, egress, ingress
from tests.netpol.tier_cast import (
    ANYWHERE,
    PODS,
    PORT_80,
    SUBJECT,
    WEB,
    admin,
    baseline,
    both,
    cluster,
    named,
    rule,
    tier_evaluator,
    to,
    verdict,
)
from vcluster_isolation.netpol.objects.verdict import LOOPBACK, SAME_PRIORITY, UNENFORCED, Mode

OPEN, CLOSED = "all ports", "no ports"
IN_80 = ingress({"ports": [{"port": 80}]})


def into_db(*manifests: dict[str, Any]) -> str:
    return both("a/web", "a/db", *manifests)


def test_an_admin_allow_opens_what_network_policies_close() -> None:
    assert into_db(ingress()) == CLOSED
    assert into_db(ingress(), admin(rule("Allow"))) == OPEN


def test_an_admin_deny_closes_what_network_policies_open() -> None:
    assert into_db(ingress({}), admin(rule("Deny"))) == CLOSED


def test_an_admin_deny_closes_a_pod_that_no_network_policy_isolates() -> None:
    assert into_db(admin(rule("Deny"))) == CLOSED


def test_an_admin_pass_leaves_it_to_network_policies() -> None:
    assert into_db(IN_80, admin(rule("Pass"), rule("Deny"))) == "TCP 80"


def test_what_no_admin_rule_matches_is_left_to_network_policies() -> None:
    assert into_db(IN_80, admin(rule("Deny", {"namespaces": {"matchLabels": {"team": "blue"}}}))) == "TCP 80"


def test_a_pass_without_network_policies_goes_on_to_the_baseline() -> None:
    assert into_db(admin(rule("Pass")), baseline(rule("Deny"))) == CLOSED


def test_the_baseline_is_not_asked_about_a_pod_that_a_network_policy_isolates() -> None:
    assert into_db(ingress({}), baseline(rule("Deny"))) == OPEN
    assert into_db(IN_80, baseline(rule("Allow"))) == "TCP 80"


def test_the_baseline_is_asked_where_network_policies_isolate_the_other_direction_only() -> None:
    assert into_db(egress(), baseline(rule("Deny"))) == CLOSED


def test_what_the_baseline_does_not_match_is_open() -> None:
    assert into_db(baseline(rule("Deny", **PORT_80))) == "TCP+UDP+SCTP 1-79, TCP+UDP+SCTP 81-65535, UDP+SCTP 80"


def test_the_first_baseline_rule_that_matches_decides() -> None:
    assert into_db(baseline(rule("Allow", **PORT_80), rule("Deny"))) == "TCP 80"


def test_a_baseline_pass_is_open() -> None:
    assert into_db(cluster("Baseline", rule("Pass"), rule("Deny"))) == OPEN


def test_a_decision_of_the_admin_tier_is_final() -> None:
    assert into_db(admin(rule("Allow")), baseline(rule("Deny"))) == OPEN
    assert into_db(admin(rule("Deny")), baseline(rule("Allow"))) == CLOSED


def test_accept_of_a_cluster_network_policy_is_allow() -> None:
    assert into_db(ingress(), cluster("Admin", rule("Accept"), rule("Deny"))) == OPEN


def test_the_first_rule_that_matches_decides() -> None:
    assert into_db(admin(rule("Allow", **PORT_80), rule("Deny"))) == "TCP 80"
    assert into_db(admin(rule("Deny"), rule("Allow", **PORT_80))) == CLOSED


def test_a_lower_priority_value_is_asked_first_wherever_it_is_written() -> None:
    first, second = admin(rule("Allow"), priority=1), admin(rule("Deny"), priority=2)
    assert into_db(first, second) == into_db(second, first) == OPEN


def test_priorities_are_numbers_and_not_text() -> None:
    assert into_db(admin(rule("Allow"), priority=9), admin(rule("Deny"), priority=10)) == OPEN


def test_a_pass_skips_all_later_policies_of_the_tier() -> None:
    assert into_db(admin(rule("Pass", **PORT_80), priority=1), admin(rule("Deny"), priority=2)) == "TCP 80"


def test_the_priority_of_the_baseline_tier_is_its_own() -> None:
    found = cluster("Baseline", rule("Deny"), priority=0), cluster("Admin", rule("Accept"), priority=9)
    assert into_db(*found) == OPEN


def test_priorities_order_the_baseline_tier_too() -> None:
    found = [cluster("Baseline", rule(action), priority=at) for at, action in ((2, "Deny"), (1, "Accept"))]
    assert into_db(*found) == OPEN


def test_policies_of_one_priority_that_disagree_are_read_either_way() -> None:
    found = admin(rule("Allow", **PORT_80)), named(admin(rule("Deny")), "other")
    assert into_db(*found) == "TCP 80; surely no ports"
    assert into_db(*reversed(found)) == "TCP 80; surely no ports"


def test_policies_of_one_priority_are_asked_before_those_of_a_later_one() -> None:
    found = admin(rule("Allow", **PORT_80)), named(admin(rule("Allow")), "other"), admin(rule("Deny"), priority=6)
    assert into_db(*found) == OPEN


def test_what_one_of_several_policies_of_a_priority_surely_takes_is_not_left_for_later_ones() -> None:
    narrow = named(admin(rule("Deny", {"namespaces": {"matchLabels": {"team": "blue"}}})), "other")
    assert into_db(admin(rule("Allow")), narrow, admin(rule("Deny"), priority=6)) == OPEN


def test_a_verdict_says_if_it_depends_on_the_order_of_one_priority() -> None:
    allow, deny = admin(rule("Allow", **PORT_80)), named(admin(rule("Deny")), "other")
    assert SAME_PRIORITY in verdict("a/web", "a/db", allow, deny).caveats
    assert SAME_PRIORITY not in verdict("a/web", "a/db", allow, named(allow, "other")).caveats
    assert SAME_PRIORITY not in verdict("a/web", "a/db", allow, admin(rule("Deny"), priority=6)).caveats


@pytest.mark.parametrize("spec", [{}, {"ingress": None}, {"ingress": []}])
def test_a_policy_without_ingress_rules_does_not_affect_ingress(spec: dict[str, Any]) -> None:
    assert into_db(admin(to("Deny"), **spec)) == OPEN


def test_each_side_is_judged_by_itself() -> None:
    web = {"pods": {"namespaceSelector": {}, "podSelector": WEB}}
    sends = admin(to("Allow"), subject=web, priority=1)
    assert into_db(sends, admin(rule("Deny"), priority=2)) == CLOSED
    assert into_db(admin(to("Deny"), subject=web, priority=1), admin(rule("Allow"), priority=2)) == CLOSED


def test_the_subject_can_be_all_pods_of_some_namespaces() -> None:
    red = {"namespaces": {"matchLabels": {"team": "red"}}}
    found = admin(rule("Deny", PODS), subject=red)
    assert [both("c/web", end, found) for end in ("a/db", "a/bare", "b/web")] == [CLOSED, CLOSED, OPEN]


def test_the_subject_can_be_some_pods_of_some_namespaces() -> None:
    blue = {"pods": {"namespaceSelector": {"matchLabels": {"team": "blue"}}, "podSelector": WEB}}
    found = admin(rule("Deny", PODS), subject=blue)
    assert [both("a/db", end, found) for end in ("b/web", "b/bare", "a/web")] == [CLOSED, OPEN, OPEN]


def test_the_subject_is_never_a_pod_of_the_hosts_network() -> None:
    everyone: dict[str, Any] = {"namespaces": {}}
    assert both("a/web", "host", admin(rule("Deny"), subject=everyone)) == OPEN
    assert both("host", "a/web", admin(to("Deny", PODS, ANYWHERE), subject={"pods": {"podSelector": {}}})) == OPEN


def test_addresses_outside_are_no_subject() -> None:
    found = tier_evaluator(admin(to("Deny", ANYWHERE), subject={"namespaces": {}}))
    assert found.governing(CAST["v4"], "Egress") == ()
    assert found.allowed(CAST["v4"], CAST["a/db"], Mode.MUST)


def test_the_policies_that_govern_a_pod_are_in_the_order_in_which_they_are_asked() -> None:
    every = (
        baseline(rule("Deny")),
        admin(rule("Deny"), priority=10),
        admin(rule("Deny"), priority=9),
        cluster("Admin", to("Deny"), priority=1),
        admin(rule("Deny"), subject={"namespaces": {"matchLabels": {"team": "blue"}}}, priority=3),
    )
    found = tier_evaluator(*every).governing(CAST["a/db"], "Ingress")
    assert list(map(str, found)) == [
        "AdminNetworkPolicy/at-9",
        "AdminNetworkPolicy/at-10",
        "BaselineAdminNetworkPolicy/default",
    ]


def test_a_pod_still_reaches_itself() -> None:
    found = verdict("a/db", "a/db", admin(rule("Deny"), to("Deny"), subject=SUBJECT))
    assert (found.shortcut, str(found.allowed)) == (LOOPBACK, OPEN)


def with_condition(manifest: dict[str, Any], kind: str, status: str) -> dict[str, Any]:
    """The same policy, of which a plugin says this."""
    return {**manifest, "status": {"conditions": [{"type": kind, "status": status, "reason": "SetupFailed"}]}}


def test_ovn_kubernetes_enforces_no_admin_policy_above_99() -> None:
    assert into_db(admin(rule("Deny"), priority=99)) == CLOSED
    assert into_db(admin(rule("Deny"), priority=100)) == "all ports; surely no ports"
    assert into_db(admin(rule("Pass"), priority=100), admin(rule("Allow"), priority=101)) == OPEN
    assert into_db(cluster("Admin", rule("Deny"), priority=100)) == CLOSED


@pytest.mark.parametrize("kind", ["Ready-In-Zone-node-1", "Ready"])
def test_a_policy_that_is_not_ready_may_be_enforced_nowhere(kind: str) -> None:
    assert into_db(with_condition(admin(rule("Deny")), kind, "False")) == "all ports; surely no ports"
    assert into_db(with_condition(admin(rule("Deny")), kind, "True")) == CLOSED
    assert into_db(with_condition(admin(rule("Deny")), f"Not{kind}", "False")) == CLOSED


def test_what_is_not_enforced_leaves_all_to_the_policies_below() -> None:
    above = admin(rule("Allow"), priority=100)
    assert into_db(above, admin(rule("Deny"), priority=101)) == "all ports; surely no ports"
    assert into_db(ingress(), above) == "all ports; surely no ports"


def test_a_verdict_says_if_it_depends_on_a_policy_that_may_not_be_enforced() -> None:
    found = verdict("a/web", "a/db", admin(rule("Deny"), priority=100))
    assert found.caveats == {UNENFORCED}
    assert not found.ingress.denials
    assert len(verdict("a/web", "a/db", admin(rule("Deny"), priority=100), mode=Mode.MUST).ingress.denials) == 1
    assert verdict("a/web", "v4", admin(rule("Deny"), priority=100)).caveats == set()


@pytest.mark.parametrize("status", [None, [], {"conditions": {}}, {"conditions": [1, {"type": 5, "status": "False"}]}])
def test_a_status_that_says_nothing_changes_nothing(status: Any) -> None:
    assert into_db({**admin(rule("Deny")), "status": status}) == CLOSED
