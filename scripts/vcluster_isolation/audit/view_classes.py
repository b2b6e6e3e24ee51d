"""Nodes folded into kinds by their views, and which kinds look for each other."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from vcluster_isolation.audit.groups import Node
from vcluster_isolation.audit.views import Key, View, Views
from vcluster_isolation.netpol.objects.model import Endpoint, Pod

ActorKey = tuple[str, frozenset[str], bool]
"""Whose nodes are, which actors, and whether they are there: to claims, nodes of one class with these are the same."""

PartnerQuery = tuple[ActorKey, bool, int]
"""Own nodes in need of a partner to break a claim; whether the partner is there; the number of the claim's case."""


@dataclass(slots=True)
class ViewClass:
    """Nodes with equal views in one direction; `by_actor` has those of the same actors, simplest first.

    `tops` are the simplest node of each actor, and the simplest of all other places in it. `partners` are, for each
    need of its own nodes, the simplest of all nodes that they may meet, and the simplest from another place.
    """

    view: View
    by_actor: dict[ActorKey, list[Node]] = field(default_factory=dict)
    tops: dict[ActorKey, list[Node]] = field(default_factory=dict)
    partners: dict[PartnerQuery, list[Node]] = field(default_factory=dict)

    def add(self, node: Node) -> None:
        """Add a node, which is no simpler than those before."""
        actor = (node.whose, node.tags, node.end.real)
        self.by_actor.setdefault(actor, []).append(node)
        self.tops[actor] = simplest(self.tops.get(actor, []), [node])

    def better(self, need: PartnerQuery, found: Sequence[Node]) -> list[Node] | None:
        """Return the partners for a need if some nodes are added; None if they are no better."""
        known = self.partners.get(need, [])
        if len(known) > 1 and found[0].end.size >= known[-1].end.size:
            return None
        merged = simplest(known, found)
        return None if merged == known else merged


def simplest(known: Sequence[Node], more: Sequence[Node]) -> list[Node]:
    """Return the simplest node of all, and the simplest of another place; of equally simple ones the known."""
    ranked = sorted((*known, *more), key=lambda node: node.end.size)
    other = next((node for node in ranked if node.place != ranked[0].place), None)
    return ranked[:1] if other is None else [ranked[0], other]


def folded(nodes: Iterable[Node], views: Views, direction: str) -> list[ViewClass]:
    """Return the kinds of nodes in one direction, `Egress` for sources or `Ingress` for destinations."""
    found: dict[Hashable, ViewClass] = {}
    for node in nodes:
        if isinstance(node.end.at, Pod):
            view = views.view(node.end.at, direction)
            found.setdefault(view.kind, ViewClass(view)).add(node)
    return list(found.values())


def matching_pairs(
    sources: Iterable[ViewClass], destinations: Sequence[ViewClass]
) -> Iterator[tuple[ViewClass, ViewClass]]:
    """Yield the pairs of which each side looks for the other."""
    seen: dict[Key, list[int]] = {}
    looks: dict[Key, list[int]] = {}
    everybody = [at for at, kind in enumerate(destinations) if kind.view.selects is None]
    for at, kind in enumerate(destinations):
        for key in kind.view.selected_by:
            seen.setdefault(key, []).append(at)
        for key in kind.view.selects or ():
            looks.setdefault(key, []).append(at)
    for source in sources:
        view = source.view
        if view.selects is None:
            near = {*everybody, *(at for key in view.selected_by for at in looks.get(key, ()))}
        else:
            found = {at for key in view.selects for at in seen.get(key, ())}
            near = {at for at in found if _looks_for(destinations[at].view, view.selected_by)}
        yield from ((source, destinations[at]) for at in sorted(near))


def _looks_for(view: View, seen: frozenset[Key]) -> bool:
    """Return whether the rules of a view look for somebody who shows these keys."""
    return view.selects is None or not view.selects.isdisjoint(seen)


def representatives(source: ViewClass, destination: ViewClass) -> tuple[Endpoint, Endpoint] | None:
    """Return two ends of different places, whose verdict is that of all; None where nobody can meet anybody."""
    firsts, lasts = (
        simplest([], [node for top in kind.tops.values() for node in top]) for kind in (source, destination)
    )
    for one, two in product(firsts, lasts):
        if one.place != two.place:
            return one.end.at, two.end.at
    for one, two in product(firsts, lasts):
        if one.group is two.group and two.group and two.group.second:
            return one.end.at, two.group.second.end(two.end)
    return None
