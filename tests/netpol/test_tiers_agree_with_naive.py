"""With cluster-scoped policies, too, the evaluator and the naive one give the same verdict for every packet."""

from __future__ import annotations

from itertools import permutations, product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.netpol.clusters import PROTOCOLS, naive_outside, naive_pods, real
from tests.netpol.naive import may_reach, must_reach
from tests.netpol.tier_clusters import tiered_clusters
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.engine.flows import allowed_flows
from vcluster_isolation.netpol.objects.model import Pod
from vcluster_isolation.netpol.objects.verdict import Mode

Json = dict[str, Any]
ends_of_flow = st.one_of(naive_pods, naive_pods, naive_pods, naive_outside)
EXAMPLES = settings().max_examples
MODES = ((Mode.MAY, may_reach), (Mode.MUST, must_reach))
PROBED = (53, 54, 80, 8000, 8001)


@given(tiered_clusters, st.lists(naive_pods, min_size=2, max_size=2), naive_outside)
@settings(max_examples=3 * EXAMPLES, deadline=None)
def test_every_packet_gets_the_verdict_of_the_naive_evaluator(cluster: Json, pods: list[Json], outside: Json) -> None:
    naive_ends = [*pods, outside]
    read, ends = real(cluster, naive_ends)
    evaluator = Evaluator(read.policies, read.tiers)
    for (at, source), (to, destination) in permutations(enumerate(ends), 2):
        for mode, naive in MODES:
            allowed = evaluator.allowed(source, destination, mode)
            for protocol, port in product(PROTOCOLS, PROBED):
                expected = naive(cluster, naive_ends[at], naive_ends[to], protocol, port)
                assert ((protocol, port) in allowed) == expected, f"{mode} {at} => {to} {protocol} {port}"


@given(tiered_clusters, st.lists(ends_of_flow, min_size=2, max_size=5))
@settings(max_examples=2 * EXAMPLES, deadline=None)
def test_flows_by_class_are_the_flows_of_every_pair(cluster: Json, found: list[Json]) -> None:
    read, ends = real(cluster, found)
    evaluator = Evaluator(read.policies, read.tiers)
    for mode, _ in MODES:
        by_class = {
            (source, destination): flow.ports
            for flow in allowed_flows(evaluator, ends, mode)
            for source, destination in product(flow.source.members, flow.destination.members)
            if source != destination
        }
        by_pair = {
            (source, destination): ports
            for source, destination in permutations(ends, 2)
            if (ports := evaluator.allowed(source, destination, mode)) and Pod in {type(source), type(destination)}
        }
        assert by_class == by_pair


@given(tiered_clusters, st.lists(ends_of_flow, min_size=2, max_size=3))
@settings(deadline=None)
def test_what_must_get_through_may_and_the_reasons_add_up(cluster: Json, found: list[Json]) -> None:
    read, ends = real(cluster, found)
    evaluator = Evaluator(read.policies, read.tiers)
    for source, destination in permutations(ends, 2):
        may, must = (evaluator.flow(source, destination, mode) for mode in (Mode.MAY, Mode.MUST))
        assert must.allowed <= may.allowed
        for side in (may.egress, may.ingress):
            explained = side.by_default
            for grant in side.grants:
                explained |= grant.ports
            assert side.ports == explained & side.ports
            assert all(deny.ports for deny in side.denials)
