"""What is filed, and what is worked out once, changes no verdict: neither for many peers, nor for many questions."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from itertools import permutations, product
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.netpol.clusters import PROBED, PROTOCOLS, clusters, naive_outside, naive_pods, real
from tests.netpol.naive import may_reach, must_reach
from tests.netpol.tier_clusters import tiered_clusters
from vcluster_isolation.netpol.engine import rulebook
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.objects.model import (
    EGRESS,
    INGRESS,
    ContainerPort,
    Endpoint,
    External,
    IPBlock,
    Origin,
    Peer,
    Pod,
    Policy,
    Rule,
    labels_of,
    namespace,
    selector,
)
from vcluster_isolation.netpol.objects.tiers import ADMIN, DENY, TierPolicy, TierRule
from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.netpol.sets.addresses import AddressIndex, address_set
from vcluster_isolation.netpol.sets.ports import ALL, NONE, PortSet, port_range, union_of

Json = dict[str, Any]
ends_of_flow = st.one_of(naive_pods, naive_pods, naive_pods, naive_outside)
any_cluster = st.one_of(clusters, tiered_clusters)
MODES = ((Mode.MAY, may_reach), (Mode.MUST, must_reach))
MANY = 40


@given(clusters, st.lists(ends_of_flow, min_size=2, max_size=3))
@settings(deadline=None)
def test_filed_peers_give_the_verdicts_of_the_naive_evaluator(cluster: Json, naive_ends: list[Json]) -> None:
    read, ends = real(cluster, naive_ends)
    with mock.patch.object(rulebook, "_FEW", -1):
        evaluator = Evaluator(read.policies)
        for (at, source), (to, destination) in permutations(enumerate(ends), 2):
            for mode, naive in MODES:
                allowed = evaluator.allowed(source, destination, mode)
                for protocol, port in product(PROTOCOLS, PROBED):
                    expected = naive(cluster, naive_ends[at], naive_ends[to], protocol, port)
                    assert ((protocol, port) in allowed) == expected, f"{mode} {at} => {to} {protocol} {port}"


@given(any_cluster, st.lists(ends_of_flow, min_size=2, max_size=4))
@settings(deadline=None)
def test_what_was_asked_before_changes_no_verdict(cluster: Json, naive_ends: list[Json]) -> None:
    read, ends = real(cluster, naive_ends)
    with mock.patch.object(rulebook, "_FEW", -1):
        asked = Evaluator(read.policies, read.tiers)
        for source, destination in permutations(ends, 2):
            for mode, each in product(Mode, (True, False)):
                fresh = Evaluator(read.policies, read.tiers)
                ends_and_mode = (source, destination, mode)
                assert asked.flow(*ends_and_mode, each_address=each) == fresh.flow(*ends_and_mode, each_address=each)


@given(any_cluster, st.lists(ends_of_flow, min_size=2, max_size=3))
@settings(deadline=None)
def test_at_each_address_is_at_every_pair_of_parts(cluster: Json, naive_ends: list[Json]) -> None:
    read, ends = real(cluster, naive_ends)
    evaluator = Evaluator(read.policies, read.tiers)
    for source, destination in permutations(ends, 2):
        if any(isinstance(end, Pod) and end.host_network for end in (source, destination)):
            continue  # two readings of each pair: what `flow` says of them
        parts = [list(evaluator.parts(end.addresses)) for end in (source, destination)]
        found: dict[int, list[PortSet]] = {}
        for one, other in product(*parts):
            if one.families() == other.families():
                pair = replace(source, addresses=one), replace(destination, addresses=other)
                found.setdefault(one.families()[0], []).append(evaluator.allowed(*pair, Mode.MAY))
        expected = union_of(reduce(PortSet.__and__, some) for some in found.values())
        assert evaluator.flow(source, destination, Mode.MAY, each_address=True).allowed == expected


def block(*cidrs: str) -> Peer:
    """Return a peer that is addresses."""
    return Peer(block=IPBlock(address_set(*cidrs), ", ".join(cidrs)))


HOME = namespace("a")
WEB = Pod(HOME, labels_of({"app": "web"}))
SELECTED = [
    Peer(pods=selector({"app": f"db-{n}"})) if n % 2 else Peer(selector({"app": f"db-{n}"}), selector({"team": "x"}))
    for n in range(MANY)
]
ADDRESSED = [block(f"10.0.{n}.7/32", f"2001:db8::{n}/128") for n in range(MANY)]


def egress(*peers: Peer) -> Evaluator:
    """Return an evaluator of one policy, with a rule for each peer on a port of its own: 1, 2 and so on."""
    rules = tuple(
        Rule(Origin("a", "p", EGRESS, at), (peer,), port_range("TCP", at + 1)) for at, peer in enumerate(peers)
    )
    return Evaluator([Policy("a", "p", selector(), frozenset({EGRESS}), egress=rules)])


@pytest.mark.parametrize("number", [0, 1, MANY - 2, MANY - 1])
def test_of_many_peers_the_one_that_matches_counts(number: int) -> None:
    evaluator = egress(*SELECTED, *ADDRESSED)
    home = namespace("b", {"team": "x"}) if number % 2 == 0 else HOME
    pod = Pod(home, labels_of({"app": f"db-{number}"}))
    address = External("address", address_set(f"10.0.{number}.7"))
    assert evaluator.allowed(WEB, pod, Mode.MUST) == port_range("TCP", number + 1)
    assert evaluator.allowed(WEB, replace(pod, namespace=namespace("c")), Mode.MUST) == NONE
    assert evaluator.allowed(WEB, address, Mode.MUST) == port_range("TCP", MANY + number + 1)
    assert evaluator.allowed(WEB, External("address", address_set("10.0.0.8")), Mode.MAY) == NONE


def test_reasons_stand_in_the_order_of_the_rules() -> None:
    mixed = [peer for pair in zip(SELECTED, ADDRESSED, strict=True) for peer in pair]
    verdict = egress(Peer(pods=selector()), *mixed).flow(WEB, Pod(HOME, labels_of({"app": "db-1"})), Mode.MAY)
    assert [grant.origin.index for grant in verdict.egress.grants] == sorted({0, 3, *range(2, 2 * MANY + 1, 2)})


def test_what_the_lowest_of_some_addresses_lacks_is_not_at_each() -> None:
    evaluator = egress(block("10.0.0.0/9"), block("10.128.0.0/9"), block("10.0.0.0/8"))
    addresses = External("some", address_set("10.0.0.0/8"))
    assert evaluator.allowed(WEB, addresses, Mode.MAY) == port_range("TCP", 1, 3)
    assert evaluator.flow(WEB, addresses, Mode.MAY, each_address=True).allowed == port_range("TCP", 3)
    assert evaluator.allowed(WEB, addresses, Mode.MUST) == port_range("TCP", 3)


def test_blocks_are_the_same_for_all_pods_of_unknown_address_and_not_for_others() -> None:
    evaluator = egress(*ADDRESSED)
    near: Endpoint = Pod(HOME, labels_of({"app": "x"}), addresses=address_set("10.0.0.0/8"))
    far = replace(near, addresses=address_set("172.16.0.0/12"))
    assert evaluator.allowed(WEB, near, Mode.MAY) == port_range("TCP", 1, MANY)
    assert evaluator.allowed(WEB, far, Mode.MAY) == NONE
    assert evaluator.allowed(WEB, near, Mode.MUST) == NONE


def test_two_pods_of_one_namespace_are_not_taken_for_each_other() -> None:
    evaluator = egress(*SELECTED)
    first, other = (Pod(HOME, labels_of({"app": f"db-{number}"})) for number in (1, 3))
    assert evaluator.allowed(WEB, first, Mode.MAY) == port_range("TCP", 2)
    assert evaluator.allowed(WEB, other, Mode.MAY) == port_range("TCP", 4)


def calling(name: str, number: int) -> Pod:
    """Return a pod that calls a port so."""
    return replace(WEB, ports=(ContainerPort(name, "TCP", number),))


def test_a_named_port_is_that_of_each_destination() -> None:
    named = (("TCP", "web"),)
    rules = tuple(Rule(Origin("a", "p", INGRESS, at), (peer,), NONE, named) for at, peer in enumerate(ADDRESSED))
    evaluator = Evaluator([Policy("a", "p", selector(), frozenset({INGRESS}), ingress=rules)])
    addresses = External("all", address_set("10.0.0.0/8"))
    assert evaluator.allowed(addresses, calling("web", 80), Mode.MAY) == port_range("TCP", 80)
    assert evaluator.allowed(addresses, calling("web", 81), Mode.MAY) == port_range("TCP", 81)


def tier(name: str, subject: Peer, *rules: TierRule) -> TierPolicy:
    """Return a cluster-scoped policy of the Admin tier with rules for ingress."""
    return TierPolicy("AdminNetworkPolicy", name, ADMIN, 1, subject, ingress=rules)


def denying(*peers: Peer, ports: PortSet = ALL, named: tuple[tuple[str, str], ...] = ()) -> TierRule:
    """Return a rule that denies."""
    return TierRule(Origin("", "t", INGRESS, 0, "AdminNetworkPolicy"), DENY, peers, ports, named)


ANYONE = Peer(selector(), selector())


def test_ends_that_other_tiers_govern_are_not_taken_for_each_other() -> None:
    web, db = (Peer(selector({"app": app}), selector()) for app in ("web", "db"))
    evaluator = Evaluator(
        [],
        [
            tier("web", web, denying(ANYONE, ports=port_range("TCP", 80))),
            tier("db", db, denying(ANYONE, ports=port_range("TCP", 81))),
        ],
    )
    source = Pod(namespace("b"))
    assert evaluator.allowed(source, WEB, Mode.MAY) == ALL - port_range("TCP", 80)
    assert evaluator.allowed(source, replace(WEB, labels=labels_of({"app": "db"})), Mode.MAY) == ALL - port_range(
        "TCP", 81
    )


def test_a_named_port_of_a_tier_is_that_of_each_destination() -> None:
    rule = denying(ANYONE, ports=NONE, named=(("TCP", "web"),))
    evaluator = Evaluator([], [tier("t", ANYONE, rule)])
    source = Pod(namespace("b"))
    assert evaluator.allowed(source, calling("web", 80), Mode.MAY) == ALL - port_range("TCP", 80)
    assert evaluator.allowed(source, calling("web", 81), Mode.MAY) == ALL - port_range("TCP", 81)


def test_what_a_tier_denies_some_addresses_is_not_at_each() -> None:
    evaluator = Evaluator([], [tier("t", ANYONE, denying(block("10.0.0.0/9"), ports=port_range("TCP", 80)))])
    source = External("some", address_set("10.0.0.0/8"))
    assert evaluator.allowed(source, WEB, Mode.MAY) == ALL
    assert evaluator.flow(source, WEB, Mode.MAY, each_address=True).allowed == ALL - port_range("TCP", 80)


def test_an_end_that_is_isolated_in_one_direction_is_open_in_the_other() -> None:
    into = Policy("a", "into", selector(), frozenset({INGRESS}))
    evaluator = Evaluator([*egress(*SELECTED).policies(), into])
    outside = External("outside", address_set("192.0.2.1"))
    assert evaluator.allowed(WEB, outside, Mode.MAY) == NONE
    assert evaluator.allowed(outside, WEB, Mode.MAY) == NONE
    assert Evaluator([into]).allowed(WEB, outside, Mode.MAY) == ALL


def test_an_index_of_addresses_says_which_sets_hold_each_part() -> None:
    sets = [address_set("10.0.0.0/8"), address_set("10.1.0.0/16", "2001:db8::/32"), address_set("10.1.2.3")]
    index = AddressIndex(sets)
    space = address_set("10.0.0.0/7", "2001:db8::/31")
    for family in (4, 6):
        for mask, part in index.classes(space, family).items():
            assert all((mask >> at & 1) == (part <= one) == bool(part & one) for at, one in enumerate(sets))
    assert [str(part) for part in index.classes(address_set("10.1.2.0/29"), 4).values()] == [
        "10.1.2.0/31, 10.1.2.2/32, 10.1.2.4/30",
        "10.1.2.3/32",
    ]
    assert list(index.touching(address_set("10.1.0.0/24", "2001:db8::1"))) == [0, 1]
