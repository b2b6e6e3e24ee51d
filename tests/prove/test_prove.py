"""The proof finds every hole that a hostile tenant has, by itself, and says what it takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.subject.subjects import SITUATIONS, VALUES, outcomes, subject
from vcluster_isolation.claims.claims import AVAILABILITY, CLAIMS, ISOLATION
from vcluster_isolation.diff.changes import changes, kind
from vcluster_isolation.helm.template import Request
from vcluster_isolation.netpol.objects.model import EVERYTHING, Origin, Peer, Pod, Policy, Requirement, Rule, selector
from vcluster_isolation.netpol.sets.addresses import EVERYWHERE, union_of
from vcluster_isolation.netpol.sets.ports import parse_ports
from vcluster_isolation.prove.prove import CLOSED, FAILS, GRANTED, HOLDS, NO_SUBJECT, Outcome, broken, prove
from vcluster_isolation.subject.subject import Subject, of_values
from vcluster_isolation.vcluster import cast
from vcluster_isolation.vcluster.actor_ref import DESTINATION, SOURCE, ActorRef
from vcluster_isolation.worlds.world import World

SNAPSHOT = ("app", "vcluster-snapshot")
LOFT = ("app", "loft")
COREDNS = ("k8s-app", "vcluster-kube-dns")

# What vCluster 0.31's output leaves open (facts section 2), each with what it takes: the claim, whose pod, its label.
HOLES = {
    "tenants-to-control-plane": ("neighbour's workload", SNAPSHOT, "all ports"),
    "others-to-control-plane": ("anybody", LOFT, "all ports"),
    "etcd-closed": ("anybody", LOFT, "TCP 2379-2380"),
    "workload-to-control-plane": ("workload", SNAPSHOT, None),
    "workload-to-api-server": ("workload", SNAPSHOT, "TCP 443, TCP 6443, TCP 8443"),
    "workload-to-private": ("workload", SNAPSHOT, "TCP 443, TCP 6443, TCP 8443"),
    "workload-to-tenants": ("workload", SNAPSHOT, None),
    "workload-to-host": ("workload", SNAPSHOT, "TCP 443, TCP 6443, TCP 8443"),
    "workload-to-host-dns": ("workload outside the virtual kube-system", SNAPSHOT, "all ports"),
}


def labels(outcome: Outcome) -> frozenset[tuple[str, str]]:
    assert outcome.counterexample is not None
    source = outcome.counterexample.ends[0]
    assert isinstance(source, Pod)
    return source.labels


@pytest.mark.parametrize("claim", HOLES)
def test_hole_of_the_compatible_output_is_found_with_the_label_that_it_takes(claim: str) -> None:
    who, label, ports = HOLES[claim]
    outcome = outcomes()[claim]
    assert outcome.status == FAILS
    assert outcome.counterexample is not None
    assert str(outcome.counterexample.source) == who
    assert label in labels(outcome)
    assert ports in {None, str(outcome.counterexample.ports)}


@pytest.mark.parametrize("claim", ["workload-to-metadata", "workload-to-special"])
def test_metadata_and_special_addresses_are_open_to_any_workload(claim: str) -> None:
    outcome = outcomes()[claim]
    assert outcome.status == FAILS
    assert {key for key, _ in labels(outcome)} == {"vcluster.loft.sh/managed-by", "vcluster.loft.sh/namespace"}


def test_control_plane_reaches_the_api_server_ports_of_anything() -> None:
    for claim in ("control-plane-to-host", "control-plane-to-metadata"):
        outcome = outcomes()[claim]
        assert outcome.status == FAILS
        assert outcome.counterexample is not None
        assert outcome.counterexample.ports == parse_ports("TCP 443, TCP 6443, TCP 8443")


def test_a_pod_labelled_like_coredns_reaches_host_dns_even_without_the_snapshot_hole() -> None:
    whole = subject()
    without = tuple(policy for policy in whole.policies if not policy.name.startswith("vc-snapshot"))
    found = {one.claim.name: one for one in prove(replace(whole, policies=without))}
    assert COREDNS in labels(found["workload-to-host-dns"])


def test_nothing_else_fails() -> None:
    failing = {name for name, outcome in outcomes().items() if outcome.status == FAILS}
    assert failing == {
        *HOLES,
        "workload-to-metadata",
        "workload-to-special",
        "control-plane-to-host",
        "control-plane-to-metadata",
        "control-plane-to-tenants",
    }


NO_POLICY_REACHES = {"workload-api", "workload-dns", "workload-coredns", "control-plane-workload"}
UNAVAILABLE = {
    "embedded-coredns": {"embedded-fallback-dns"},  # as vCluster 0.31 has it: only the hardened profile has a rule
    "private-nodes": {"needs-private-nodes"},  # they come from outside, and no value says from where
    "hardened-private-nodes": {"needs-private-nodes"},
    "synced": NO_POLICY_REACHES,  # namespaces that nobody names
    "mapped-namespaces": NO_POLICY_REACHES,  # one of the namespaces is a pattern
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_availability_claim_holds_unless_values_closed_it(situation: str) -> None:
    found = [one for one in outcomes(situation).values() if one.claim.kind == AVAILABILITY]
    closed = {one.claim.name for one in found if one.status not in {HOLDS, CLOSED, NO_SUBJECT}}
    assert closed == UNAVAILABLE.get(situation, set())


def test_what_values_close_is_reported_with_their_path() -> None:
    assert outcomes("public-egress-off")["workload-internet"].keys == ("policies.networkPolicy.workload.publicEgress",)
    assert outcomes("platform-off")["control-plane-platform"].keys == ("policies.networkPolicy.platform.enabled",)
    assert outcomes("platform-off")["platform-control-plane"].status == CLOSED


def test_what_values_open_is_reported_as_granted_with_their_path() -> None:
    outcome = outcomes("api-access-anyone")["outside-to-control-plane"]
    assert (outcome.status, outcome.keys) == (GRANTED, ("policies.networkPolicy.controlPlane.apiAccess",))
    outcome = outcomes("own-rules")["tenants-to-workloads"]
    assert (outcome.status, outcome.keys) == (GRANTED, ("policies.networkPolicy.workload.ingress[0]",))


def test_deprecated_keys_are_reported_by_the_name_that_the_user_wrote() -> None:
    outcome = outcomes("deprecated-keys")["workload-internet"]
    assert outcome.status == CLOSED
    assert "policies.networkPolicy.outgoingConnections.ipBlock.except" in outcome.keys


def test_a_hole_of_the_chart_is_not_called_a_grant_because_values_opened_more() -> None:
    """publicEgress is changed, but metadata is as open as by default: it still fails."""
    assert outcomes("own-rules")["workload-to-metadata"].status == FAILS


def test_without_platform_a_pod_labelled_like_it_is_nobody() -> None:
    assert outcomes("platform-off")["others-to-control-plane"].status == HOLDS


def test_private_nodes_have_no_workloads_to_speak_of() -> None:
    found = outcomes("private-nodes")
    assert found["workload-api"].status == NO_SUBJECT
    assert found["tenants-to-workloads"].status == NO_SUBJECT
    assert found["control-plane-host-dns"].status == HOLDS


def test_no_policies_at_all_break_every_isolation_claim() -> None:
    nobody = Subject("a", "ns", ())
    for outcome in prove(nobody):
        expected = FAILS if outcome.claim.kind == ISOLATION else HOLDS
        assert outcome.status == (expected if outcome.claim.applies(nobody) else NO_SUBJECT), outcome.claim.name


def test_counts_say_what_was_gone_through() -> None:
    outcome = outcomes()["workload-to-metadata"]
    assert (outcome.addresses, outcome.pairs) == (8, 8 * outcome.labels)
    assert outcome.labels > 3, "with and without the labels that selectors mention"


def test_every_claim_has_a_name_and_a_sentence_of_its_own() -> None:
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS) == len({claim.sentence for claim in CLAIMS})


def without_rule(whole: Subject, gone: Rule) -> Subject:
    """Return the subject with one rule of its policies dropped."""
    policies = tuple(
        replace(
            policy,
            ingress=tuple(rule for rule in policy.ingress if rule != gone),
            egress=tuple(rule for rule in policy.egress if rule != gone),
        )
        for policy in whole.policies
    )
    return replace(whole, policies=policies)


EVERY_RULE = [rule for policy in subject().policies for rule in (*policy.ingress, *policy.egress)]


# A deployed CoreDNS is a workload as well, so the policy of the workloads allows what these two allow. They are kept
# because vCluster renders them, and because they say what CoreDNS needs.
REDUNDANT = {("vc-kube-dns-a", "Ingress", 0), ("vc-kube-dns-a", "Egress", 1)}


@pytest.mark.parametrize("rule", EVERY_RULE, ids=lambda rule: str(rule.origin))
def test_dropping_any_rule_of_the_default_breaks_an_availability_claim(rule: Rule) -> None:
    found = prove(without_rule(subject(), rule), [claim for claim in CLAIMS if claim.kind == AVAILABILITY])
    redundant = (rule.origin.policy, rule.origin.direction, rule.origin.index) in REDUNDANT
    assert any(outcome.status == FAILS for outcome in found) == (not redundant)


def broken_flows(whole: Subject) -> set[tuple[object, ...]]:
    """Return everything that breaks an isolation claim: ends and ports."""
    world = World(whole, (whole.policies, whole.tiers))
    found = [(claim, one) for claim in CLAIMS if claim.kind == ISOLATION for one in broken(claim, world)]
    return {(claim.name, one.source, one.destination, one.ends, one.ports) for claim, one in found}


@pytest.mark.parametrize("rule", [rule for rule in EVERY_RULE if rule.peers], ids=lambda rule: str(rule.origin))
def test_opening_the_peers_of_any_rule_breaks_more_of_the_isolation(rule: Rule) -> None:
    wide = replace(rule, peers=())
    policies = tuple(
        replace(
            policy,
            ingress=tuple(wide if one == rule else one for one in policy.ingress),
            egress=tuple(wide if one == rule else one for one in policy.egress),
        )
        for policy in subject().policies
    )
    assert broken_flows(replace(subject(), policies=policies)) - broken_flows(subject())


def test_policies_of_other_namespaces_are_no_policies_of_the_tenants() -> None:
    """A default-deny of kube-system must not be taken for one of the vCluster's namespace."""
    closed = Policy("kube-system", "default-deny-a", EVERYTHING, frozenset({"Ingress", "Egress"}))
    found = prove(replace(subject(), policies=(*subject().policies, closed)))
    failing = {one.claim.name for one in found if one.status == FAILS and one.claim.kind == ISOLATION}
    assert failing >= set(HOLES) - {"workload-to-host-dns"}


def failing(whole: Subject) -> set[str]:
    return {one.claim.name for one in prove(whole) if one.status == FAILS and one.claim.kind == ISOLATION}


def test_a_tenants_own_network_policies_are_part_of_the_adversary() -> None:
    """With sync.toHost.networkPolicies a tenant opens what it likes for its own pods: policies add up."""
    assert failing(replace(subject(), policy_sync=True)) >= failing(subject()) | {
        "tenants-to-workloads",
        "others-to-workloads",
        "outside-to-workloads",
    }


def test_synced_namespaces_are_part_of_the_adversary() -> None:
    """With sync.toHost.namespaces workloads run in namespaces that no policy of the chart reaches."""
    found = {one.claim.name: one.status for one in prove(replace(subject(), namespace_sync=True))}
    assert found["tenants-to-workloads"] == found["workload-dns"] == FAILS


def test_syncs_are_read_from_the_values() -> None:
    assert (subject("synced").namespace_sync, subject("synced").policy_sync) == (True, True)
    assert (subject().namespace_sync, subject().policy_sync) == (False, False)


def rule_from(*peers: Peer) -> Rule:
    return Rule(Origin("ns", "vc-work-a", "Ingress", 9), peers)


def with_ingress(whole: Subject, rule: Rule) -> Subject:
    """Return the subject with one more rule in the policy of the workloads."""
    policies = (
        replace(one, ingress=(*one.ingress, rule)) if one.name == "vc-work-a" else one for one in whole.policies
    )
    return replace(whole, policies=tuple(policies))


NOT_SYNCED = Requirement("vcluster.loft.sh/managed-by", "DoesNotExist")


@pytest.mark.parametrize(
    ("peer", "claim"),
    [
        (Peer(namespaces=selector({"kubernetes.io/metadata.name": "shop"})), "others-to-workloads"),
        (Peer(pods=selector({"vcluster.loft.sh/managed-by": "b"})), "tenants-to-workloads"),
        (Peer(pods=selector({"app": "backup"}, NOT_SYNCED)), "others-to-workloads"),
        (Peer(namespaces=selector({"team": "x"})), "others-to-workloads"),
    ],
    ids=["a namespace by name", "a tenant by name", "a pod of nobody's in the namespace", "a namespace by a label"],
)
def test_whoever_a_rule_names_is_in_the_world(peer: Peer, claim: str) -> None:
    assert claim not in failing(subject())
    wide = with_ingress(subject(), rule_from(peer))
    assert claim in failing(wide)
    assert kind(changes(subject(), wide)) == "widens"


def test_other_tenants_need_not_be_isolated_by_anybody() -> None:
    """The platform's label opens the control plane to a tenant without policies even when ours cannot send it there."""
    mended = replace(
        subject("default"),
        policies=tuple(
            replace(one, ingress=tuple(rule for rule in one.ingress if "vcluster-snapshot" not in str(rule.peers)))
            for one in subject().policies
            if not one.name.startswith("vc-snapshot")
        ),
    )
    outcome = next(one for one in prove(mended) if one.claim.name == "tenants-to-control-plane")
    assert (outcome.status, LOFT in labels(outcome)) == (FAILS, True)


def test_a_deprecated_key_at_its_default_grants_nothing(tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    text = "policies: {networkPolicy: {enabled: true, outgoingConnections: {platform: true}}}"
    values.write_text(text, encoding="utf-8")
    whole = of_values(Request((values,), name="a", namespace="ns"))
    assert whole.changed == {}
    assert failing(whole) == failing(subject())


def test_switching_off_grants_nothing_and_adding_a_rule_closes_nothing() -> None:
    assert "platform.enabled" in subject("platform-off").changed
    assert not any(
        "platform" in key for one in outcomes("platform-off").values() for key in one.keys if one.status == GRANTED
    )
    broken_chart = replace(
        subject("own-rules"),
        policies=tuple(
            replace(one, egress=one.egress[1:]) if one.name == "vc-cp-a" else one
            for one in subject("own-rules").policies
        ),
    )
    found = {one.claim.name: one.status for one in prove(broken_chart)}
    assert found["control-plane-host-dns"] == FAILS


def test_a_handful_of_own_rules_on_different_keys_is_judged_at_once() -> None:
    """Sources and destinations are told apart by what sees them in their role, not by everything."""
    whole = subject()
    for number in range(5):
        whole = with_ingress(whole, rule_from(Peer(pods=selector({f"key{number}": "x"}))))
    assert failing(whole) == failing(subject()) | {"tenants-to-workloads", "others-to-workloads"}
    world = World(whole, (whole.policies, whole.tiers))
    workload = ActorRef(cast.WORKLOAD)
    assert len(world.ends(workload, SOURCE)) > 4 * len(world.ends(workload, DESTINATION))


@pytest.mark.parametrize(
    ("name", "namespace"), [("elsewhere", "elsewhere"), ("loft", "loft"), ("neighbour", "other-namespace")]
)
def test_names_of_the_cast_are_as_good_as_any(name: str, namespace: str) -> None:
    whole = of_values(Request((VALUES / "default.yaml",), name=name, namespace=namespace))
    assert failing(whole) == failing(subject())


def test_the_addresses_of_the_cast_are_all_there_are() -> None:
    assert union_of(actor.addresses for actor in cast.ADDRESSES) >= EVERYWHERE
