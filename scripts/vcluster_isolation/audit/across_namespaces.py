"""Claims about other tenants and about the host's pods: who meets whom in a cluster of thousands of vClusters.

Nothing here asks about every pair. Ends are folded by their views (`audit/views.py`), and two kinds are asked about
only if each looks for the other; of each vCluster's claims only those that are not broken yet by something as small.

vClusters of the same shape are one `EquivalenceGroup`; where a claim needs another tenant and the only ones are of
that same shape, the group's `second` member is it, with the ends that it has by renaming.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import product

from vcluster_isolation.audit.cluster_index import ClusterIndex
from vcluster_isolation.audit.ends import tag
from vcluster_isolation.audit.groups import HOST, EquivalenceGroup, Node, nearby, of_host, seen_from_elsewhere
from vcluster_isolation.audit.view_classes import PartnerQuery, ViewClass, folded, matching_pairs, representatives
from vcluster_isolation.audit.views import Views
from vcluster_isolation.claims.claims import CLAIMS, ISOLATION, Claim
from vcluster_isolation.netpol.engine.classes import Profiler
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.objects.model import EGRESS, INGRESS, Endpoint
from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.netpol.sets.ports import ALL, NONE, PortSet
from vcluster_isolation.prove.example import Counterexample
from vcluster_isolation.vcluster.actor_ref import OWN, ActorRef
from vcluster_isolation.vcluster.cast import HOME, PodActor

Case = tuple[Claim, ActorRef, ActorRef]
"""A claim, and the actors of it that two ends are."""

_Side = tuple[str, frozenset[str]]
"""Whose ends, and which actors they are."""


def judge_across_namespaces(groups: Iterable[EquivalenceGroup], index: ClusterIndex) -> None:
    """Judge claims about tenants in other namespaces and about the host's real pods, in the results of the groups."""
    nodes = [*of_host(index), *(node for group in groups for node in seen_from_elsewhere(group))]
    _judge_nodes(nodes, Views(index, index.profiler, near=False), index.evaluator)


def judge_neighbours(groups: Sequence[EquivalenceGroup], index: ClusterIndex) -> None:
    """Judge claims about neighbours among groups that share a namespace, in their results."""
    spaces = sorted({space for group in groups for space in group.found.spaces})
    profiler = Profiler(
        Evaluator([*index.policies(spaces), index.inbound_peers_policy(spaces)], index.tiers_of(spaces))
    )
    _judge_nodes(
        [node for group in groups for node in nearby(group)], Views(index, profiler, near=True), index.evaluator
    )


def _judge_nodes(nodes: Sequence[Node], views: Views, evaluator: Evaluator) -> None:
    """Let every two kinds of nodes meet that look for each other, and note which claims that breaks."""
    ordered = sorted(nodes, key=lambda node: node.end.size)
    sources, destinations = (folded(ordered, views, way) for way in (EGRESS, INGRESS))
    for source, destination in matching_pairs(sources, destinations):
        _pair_classes(source, destination, evaluator)
    for kind in destinations:
        _judge(kind, evaluator, outward=False)
    for kind in sources:
        _judge(kind, evaluator, outward=True)


def _pair_classes(source: ViewClass, destination: ViewClass, evaluator: Evaluator) -> None:
    """Note for each need of two kinds that the other kind has a partner, if it gets through on the claim's ports."""
    found = [(destination, *one) for one in _wanted(destination, source, outward=False)]
    found += [(source, *one) for one in _wanted(source, destination, outward=True)]
    pair = representatives(source, destination) if found else None
    ports = evaluator.allowed(*pair, Mode.MAY) if pair else NONE
    for kind, need, partners in found:
        if _ports(_CASES[need[2]][0]) & ports:
            kind.partners[need] = partners


def _wanted(kind: ViewClass, others: ViewClass, *, outward: bool) -> Iterator[tuple[PartnerQuery, list[Node]]]:
    """Yield the needs of a kind for which another one has simpler partners than are known, with the partners."""
    for own, (words, nodes) in product(kind.by_actor, others.tops.items()):
        if own[0] == HOST:
            continue
        sides = ((OWN, own[1]), words[:2])
        for case in _about(*sides) if outward else _about(*reversed(sides)):
            need = (own, words[2], case)
            if (partners := kind.better(need, nodes)) is not None:
                yield need, partners


def _judge(kind: ViewClass, evaluator: Evaluator, *, outward: bool) -> None:
    """Note in the results of a class's groups which claims their partners break."""
    for (words, there, case), partners in kind.partners.items():
        claim, source, destination = _CASES[case]
        real = words[2] and there
        for group, node in _simplest_of_groups(kind.by_actor[words]):
            found = _partner(group, node, partners)
            if found is None or group.results.settled(claim, real=real, size=_size(node, found[0])):
                continue
            pair = (node.end.at, found[1]) if outward else (found[1], node.end.at)
            verdict = evaluator.flow(*pair, Mode.MAY)
            if wrong := claim.broken_on(verdict.allowed, group.results.scope.subject):
                broken = Counterexample(source, destination, pair, wrong, verdict)
                group.results.add(claim, broken.example(), real=real)


def _ports(claim: Claim) -> PortSet:
    """Return the ports of an isolation claim, which depend on no value."""
    return ALL if claim.ports is None else claim.ports


def _simplest_of_groups(nodes: Iterable[Node]) -> Iterator[tuple[EquivalenceGroup, Node]]:
    """Yield each group with the first of its nodes."""
    found: dict[EquivalenceGroup, Node] = {}
    for node in nodes:
        if node.group is not None:
            found.setdefault(node.group, node)
    yield from found.items()


def _partner(group: EquivalenceGroup, node: Node, partners: Sequence[Node]) -> tuple[Node, Endpoint] | None:
    """Return the partner that is somebody else's: of another place, or the group's second member."""
    for one in partners:
        if one.place != node.place:
            return one, one.end.at
    for partner in partners:
        if partner.group is group and group.second:
            return partner, group.second.end(partner.end)
    return None


def _size(node: Node, other: Node) -> tuple[int, int]:
    """Return how complicated a pair of nodes is."""
    return node.end.size[0] + other.end.size[0], node.end.size[1] + other.end.size[1]


@cache
def _about(source: _Side, destination: _Side) -> tuple[int, ...]:
    """Return the numbers of the cases of isolation claims about two ends, one of which is the vCluster's own."""
    rows = product(product(source[:1], sorted(source[1])), product(destination[:1], sorted(destination[1])))
    return tuple(at for one, two in rows for at in _TABLE.get((one, two), ()))


_Row = tuple[tuple[str, str], tuple[str, str]]


def _rows() -> Iterator[tuple[_Row, Case]]:
    """Yield the cases of isolation claims in which the ends are not of one vCluster, each with whose they are.

    Without those that speak of a value, which nobody knows here.
    """
    for claim in (claim for claim in CLAIMS if claim.kind == ISOLATION and not claim.value):
        for sources, destinations in claim.flows:
            for source, destination in product(sources, destinations):
                row = (_whose(source), tag(source)), (_whose(destination), tag(destination))
                if row[0][0] != row[1][0]:
                    yield row, (claim, source, destination)


def _whose(who: ActorRef) -> str:
    """Return whose an actor is; one that is not in a vCluster's namespace is the host's."""
    home = isinstance(who.actor, PodActor) and who.actor.namespace == HOME
    return who.tenant if home else HOST


def _table() -> tuple[list[Case], dict[_Row, list[int]]]:
    """Return the cases, and their numbers by whose the two ends are, and which actors."""
    rows = list(_rows())
    table: dict[_Row, list[int]] = {}
    for at, (row, _) in enumerate(rows):
        table.setdefault(row, []).append(at)
    return [case for _, case in rows], table


_CASES, _TABLE = _table()
