"""What gets through on a real dataplane is what the evaluator says, for every situation and every actor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.cluster import cast_on_nodes, sentinel
from tests.cluster.deviations import DEVIATIONS, explained
from tests.cluster.enforcement import compare
from tests.cluster.sentinel import Sentinel
from tests.cluster.stage import staged
from tests.on_cluster import OnCluster
from vcluster_isolation.netpol.engine.evaluate import Evaluator

pytestmark = pytest.mark.cluster

AT_ONCE = 8
"""So many situations are in the cluster together: more make each packet pass more chains."""


@pytest.fixture(scope="module")
def watch(cluster: OnCluster) -> Iterator[Sentinel]:
    with sentinel.watching(cluster) as there:
        yield there


def test_what_gets_through_is_what_the_evaluator_says(cluster: OnCluster, watch: Sentinel) -> None:
    counted: Counter[str] = Counter()
    unexplained = []
    every = cast_on_nodes.situations()
    for group in cast_on_nodes.batches(every, AT_ONCE):
        with staged(cluster, watch, group) as stage:
            evaluator = Evaluator(stage.read.policies)
            for situation in group:
                compared = compare(stage.questions(situation, evaluator))
                counted += compared.counted
                for why, difference in explained(evaluator, compared.differences):
                    counted[why] += 1
                    unexplained += [] if why else [f"{situation.name}: {difference}"]
    assert unexplained == [], f"{len(unexplained)} differences, of {counted}"
    # A test that asks little, or that asks only what is open, could not fail.
    assert counted["open"] > 50_000, counted
    assert counted["closed"] > 100_000, counted
    assert counted["left to the plugin"] < counted.total() / 20, counted
    stale = [deviation.name for deviation in DEVIATIONS if not counted[deviation.name]]
    assert not stale, f"the agent does not do this any more: {stale}"
    print(f"{len(every)} situations, {counted.total()} probes: {dict(counted)}")  # noqa: T201 # shown with -s
