"""The probes of test_enforcement notice what is wrong: a rule that is gone, one that is wider, an agent that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest

from real_cluster import probes
from real_cluster.listeners import TCP
from real_cluster.probes import Probe
from tests.cluster import cast_on_nodes, sentinel
from tests.cluster.cast_on_nodes import Situation
from tests.cluster.deviations import explained
from tests.cluster.enforcement import Difference, compare
from tests.cluster.sentinel import Sentinel
from tests.cluster.stage import Stage, staged
from tests.on_cluster import OnCluster, pod, until
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.parse.parse import parse_cluster

pytestmark = pytest.mark.cluster
Json = dict[str, Any]

COPIES = 5
"""So many copies of each situation are there at once, each with another rule changed: the agents act once for all."""

ENOUGH = 60
"""So many of the flows that a change opens or closes are asked."""

NOTICED = 20
"""So many changes are noticed at least. Others change no certain answer about the pods and addresses that are there, or
the agent makes up for them: a rule of the other direction lets the same through (`deviations.py`)."""


@dataclass(frozen=True)
class Mutant:
    """A rule that is changed: which situation, where the rule is, how, and the policy with the change."""

    values: str
    rule: str
    change: str
    role: str
    direction: str
    index: int

    def apply(self, policy: Json) -> Json:
        changed = deepcopy(policy)
        rules = changed["spec"][self.direction]
        if self.change == "removed":
            del rules[self.index]
        else:
            rule = rules[self.index]
            rule.pop("from" if self.direction == "ingress" else "to", None) or rule.pop("ports")
        return changed


@pytest.fixture(scope="module")
def watch(cluster: OnCluster) -> Iterator[Sentinel]:
    with sentinel.watching(cluster) as there:
        yield there


@pytest.mark.parametrize("values", ["default", "hardened"])
def test_each_rule_that_is_removed_or_widened_is_noticed(cluster: OnCluster, watch: Sentinel, values: str) -> None:
    copies = [cast_on_nodes.copy_of(values, f"copy-{number}") for number in range(COPIES)]
    every = waiting = list(_mutants(values, copies[0]))
    noticed, made_up_for, unexplained = [], [], []
    with staged(cluster, watch, copies) as stage:
        while waiting:
            batch, waiting = waiting[:COPIES], waiting[COPIES:]
            for mutant, answers, left in _tried(cluster, stage, dict(zip(copies, batch, strict=False))):
                noticed += [mutant] if answers else []
                made_up_for += [mutant] if left and not answers else []
                unexplained += [f"{mutant.rule} {mutant.change}: {difference}" for why, difference in left if not why]
    print(f"{values}: of {len(every)} changes {len(noticed)} noticed, made up for:")  # noqa: T201 # shown with -s
    print(*(f"  {one.rule} {one.change}" for one in made_up_for), sep="\n")  # noqa: T201
    assert unexplained == []
    assert len(noticed) >= NOTICED


def _mutants(values: str, situation: Situation) -> Iterator[Mutant]:
    """Yield each rule of the release's own policies: removed, and without its peers, or its ports where it has none."""
    for policy in situation.manifests:
        name = policy["metadata"]["name"]
        others = (situation.neighbour, situation.other)
        if not name.endswith(f"-{situation.release}") or name.endswith(tuple(f"-{other}" for other in others)):
            continue
        role = name.removesuffix(f"-{situation.release}")
        for direction in ("ingress", "egress"):
            for index, rule in enumerate(policy["spec"].get(direction, [])):
                at = f"{role} {direction}[{index}]"
                yield Mutant(values, at, "removed", role, direction, index)
                if rule:
                    yield Mutant(values, at, "widened", role, direction, index)


def _tried(
    cluster: OnCluster, stage: Stage, changes: dict[Situation, Mutant]
) -> Iterator[tuple[Mutant, int, list[tuple[str, Difference]]]]:
    """Change a rule of each copy, and ask the flows that this opens or closes.

    Yield each change with the number of answers that are others than before, and the answers that are not as they have
    to be now, each with the deviation that explains it.
    """
    changed = {_policy_of(situation, mutant): mutant for situation, mutant in changes.items()}
    policies = [item for situation in stage.situations for item in situation.manifests]
    mutated = [changed[key].apply(item) if (key := _key(item)) in changed else item for item in policies]
    cluster.apply(*(item for item in mutated if _key(item) in changed))
    stage.sentinel.settle()
    before, after = (Evaluator(parse_cluster(items).policies) for items in (policies, mutated))
    for situation, mutant in changes.items():
        was, now = stage.questions(situation, before), stage.questions(situation, after)
        touched = [
            probe
            for probe, asked in was.items()
            if (asked.must and not now[probe].may) or (now[probe].must and not asked.may)
        ]
        some = touched[:: max(1, len(touched) // ENOUGH)]
        others = compare({probe: was[probe] for probe in some}).differences
        left = compare({probe: now[probe] for probe in some}).differences
        yield mutant, len(others), list(explained(after, left))
    cluster.apply(*(item for item in policies if _key(item) in changed))


def _policy_of(situation: Situation, mutant: Mutant) -> tuple[str, str]:
    return situation.home, f"{mutant.role}-{situation.release}"


def _key(item: Json) -> tuple[str, str]:
    return item["metadata"]["namespace"], item["metadata"]["name"]


def test_an_agent_that_stands_still_is_noticed(cluster: OnCluster, watch: Sentinel, space: str) -> None:
    """What is closed while no agent runs on the pod's node stays open."""
    names = {"asked": "n1", "asking": "n2"}
    running = cluster.run_pods(pod(space, name, {"name": name}, node=node) for name, node in names.items())
    spaces = cluster.cluster.spaces()
    asked, asking = (running[f"{space}/{name}"]["status"]["podIP"] for name in names)
    probe = Probe(spaces[f"{space}/asking"], asking, asked, TCP, sentinel.PORT)
    closed = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "closed", "namespace": space},
        "spec": {"podSelector": {"matchLabels": {"name": "asked"}}, "policyTypes": ["Ingress"]},
    }
    with probes.listening({spaces[f"{space}/asked"]: [(TCP, sentinel.PORT)]}):
        watch.settle()
        cluster.cluster.ask("stop", "agent-n1")
        try:
            cluster.apply(closed)
            with pytest.raises(AssertionError, match="the agents do nothing"):
                watch.settle(patience=3)
            assert probes.ask([probe]) == {probe: True}
        finally:
            cluster.cluster.ask("start_again", "agent-n1")
        until(lambda: probes.ask([probe]) == {probe: False}, "the agent closes it")
