"""Leaving out what is alike, or what only adds, changes no outcome of `prove`."""

from __future__ import annotations

from functools import partial

import pytest

from tests.subject.subjects import of, statuses, subject
from vcluster_isolation.netpol.engine import labels
from vcluster_isolation.netpol.objects.model import NAME_LABEL, Origin, Peer, Pod, Policy, Rule, selector
from vcluster_isolation.prove.prove import GRANTED, HOLDS, prove
from vcluster_isolation.vcluster.actor_ref import ActorRef
from vcluster_isolation.vcluster.cast import WORKLOAD
from vcluster_isolation.vcluster.tenants import interchangeable
from vcluster_isolation.worlds import world

HOSTS = [f"host-{at}" for at in range(4)]


def rule(at: int, **peer: object) -> dict[str, object]:
    """Return a rule for a port of its own."""
    return {"to": [peer], "ports": [{"port": 5000 + at}]}


@pytest.mark.parametrize("situation", ["default", "hardened", "hardened-project", "hardened-floor", "own-rules"])
def test_a_cover_of_label_classes_gives_the_outcomes_of_all(situation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = statuses(subject(situation))
    cover = labels.covering_classes
    monkeypatch.setattr(world, "covering_classes", partial(cover, few=0))
    assert statuses(subject(situation)) == exact


def test_twenty_keys_of_labels_are_judged() -> None:
    rules = [rule(at, podSelector={"matchLabels": {f"key-{at}": "x"}}) for at in range(20)]
    outcomes = {one.claim.name: one for one in prove(of({"profile": "hardened", "workload": {"egress": rules}}))}
    assert outcomes["tenants-to-workloads"].status == HOLDS
    granted = outcomes["workload-to-tenants"]
    assert granted.status == GRANTED
    assert len(granted.keys) == len(rules)


@pytest.mark.parametrize("profile", ["compatible", "hardened"])
@pytest.mark.parametrize("floor", [False, True])
def test_two_namespaces_that_are_alike_stand_for_all(
    profile: str,
    floor: bool,  # noqa: FBT001 - a parameter of a test
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mappings = {"byName": {f"v{at}": name for at, name in enumerate(HOSTS)}}
    whole = of(
        {"profile": profile, "floor": {"enabled": floor}},
        sync={"toHost": {"namespaces": {"enabled": True, "mappings": mappings}}},
    )
    few = prove(whole)
    monkeypatch.setattr(world, "_PAIR", len(HOSTS))
    every = prove(whole)
    assert [(one.claim, one.status, one.keys) for one in few] == [(one.claim, one.status, one.keys) for one in every]
    assert [one.counterexample and one.counterexample.ends for one in few] == [
        one.counterexample and one.counterexample.ends for one in every
    ]
    assert sum(one.pairs for one in few) < sum(one.pairs for one in every)


def test_a_namespace_of_which_a_rule_speaks_is_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    mappings = {"byName": {f"v{at}": name for at, name in enumerate(HOSTS)}}
    last = rule(0, namespaceSelector={"matchLabels": {NAME_LABEL: HOSTS[-1]}})
    whole = of(
        {"workload": {"egress": [last]}},
        sync={"toHost": {"namespaces": {"enabled": True, "mappings": mappings}}},
    )
    found = world.World(whole, (whole.policies, whole.tiers), few=True)
    own = found.ends(ActorRef(WORKLOAD))
    assert {end.namespace.name for end in own if isinstance(end, Pod)} == {"ns", *HOSTS[:2], HOSTS[-1]}
    few = statuses(whole)
    monkeypatch.setattr(world, "_PAIR", len(HOSTS))
    assert statuses(whole) == few


def policy(space: str, *spaces: str) -> Policy:
    """Return a policy of a namespace that admits pods of some."""
    peers = tuple(Peer(namespaces=selector({NAME_LABEL: name})) for name in spaces)
    return Policy(
        space, f"p-{space}", selector(), frozenset({"Ingress"}), (Rule(Origin(space, "p", "Ingress", 0), peers),)
    )


def test_namespaces_are_alike_where_their_names_can_be_exchanged() -> None:
    every = [policy(name, "a", "b", "c", "d") for name in "abcd"]
    assert interchangeable("abcd", every, ()) == [("a", "b", "c", "d")]
    assert interchangeable("abcd", every[:3], ()) == [("a", "b", "c"), ("d",)]
    assert interchangeable("abcd", [*every, policy("x", "b")], ()) == [("a", "c", "d"), ("b",)]
    ring = [policy("a", "b"), policy("b", "c"), policy("c", "a")]
    assert interchangeable("abc", ring, ()) == [("a",), ("b",), ("c",)]
