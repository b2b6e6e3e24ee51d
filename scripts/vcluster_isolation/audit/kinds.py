"""Nodes folded into kinds by their views, and which kinds look for each other."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from vcluster_isolation.audit.units import Node
from vcluster_isolation.audit.views import Key, View, Views
from vcluster_isolation.netpol.objects.model import Endpoint, Pod

Words = tuple[str, frozenset[str], bool]
"""Whose nodes are, which actors, and whether they are there: to claims, nodes of one kind with these are the same."""

Need = tuple[Words, bool, int]
"""Own nodes in need of a partner to break a claim; whether the partner is there; the number of the claim's case."""


@dataclass(slots=True)
class Kind:
    """Nodes with equal views in one direction; the `groups` have those with the same words, simplest first.

    `tops` are the simplest node of each group, and the simplest of all other places in it. `partners` are, for each
    need of its own nodes, the simplest of all nodes that they may meet, and the simplest from another place.
    """

    view: View
    groups: dict[Words, list[Node]] = field(default_factory=dict)
    tops: dict[Words, list[Node]] = field(default_factory=dict)
    partners: dict[Need, list[Node]] = field(default_factory=dict)

    def add(self, node: Node) -> None:
        """Add a node, which is no simpler than those before."""
        words = (node.whose, node.tags, node.end.real)
        self.groups.setdefault(words, []).append(node)
        self.tops[words] = simplest(self.tops.get(words, []), [node])

    def better(self, need: Need, found: Sequence[Node]) -> list[Node] | None:
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


def folded(nodes: Iterable[Node], views: Views, direction: str) -> list[Kind]:
    """Return the kinds of nodes in one direction, `Egress` for sources or `Ingress` for destinations."""
    found: dict[Hashable, Kind] = {}
    for node in nodes:
        if isinstance(node.end.at, Pod):
            view = views.view(node.end.at, direction)
            found.setdefault(view.kind, Kind(view)).add(node)
    return list(found.values())


def looking(sources: Iterable[Kind], destinations: Sequence[Kind]) -> Iterator[tuple[Kind, Kind]]:
    """Yield the pairs of which each side looks for the other."""
    seen: dict[Key, list[int]] = {}
    looks: dict[Key, list[int]] = {}
    everybody = [at for at, kind in enumerate(destinations) if kind.view.looks is None]
    for at, kind in enumerate(destinations):
        for key in kind.view.seen:
            seen.setdefault(key, []).append(at)
        for key in kind.view.looks or ():
            looks.setdefault(key, []).append(at)
    for source in sources:
        view = source.view
        if view.looks is None:
            near = {*everybody, *(at for key in view.seen for at in looks.get(key, ()))}
        else:
            found = {at for key in view.looks for at in seen.get(key, ())}
            near = {at for at in found if _looks_for(destinations[at].view, view.seen)}
        yield from ((source, destinations[at]) for at in sorted(near))


def _looks_for(view: View, seen: frozenset[Key]) -> bool:
    """Return whether the rules of a view look for somebody who shows these keys."""
    return view.looks is None or not view.looks.isdisjoint(seen)


def representatives(source: Kind, destination: Kind) -> tuple[Endpoint, Endpoint] | None:
    """Return two ends of different places, whose verdict is that of all; None where nobody can meet anybody."""
    firsts, lasts = (
        simplest([], [node for top in kind.tops.values() for node in top]) for kind in (source, destination)
    )
    for one, two in product(firsts, lasts):
        if one.place != two.place:
            return one.end.at, two.end.at
    for one, two in product(firsts, lasts):
        if one.unit is two.unit and two.unit and two.unit.twin:
            return one.end.at, two.unit.twin.end(two.end)
    return None
