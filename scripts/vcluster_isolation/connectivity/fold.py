"""A matrix in few lines: where all parts of something have ports in common, one line about the whole.

Actors say what they are part of: an address of its range, that of a group of ranges, that of all addresses; a pod of
its role or namespace. A line about the whole holds for every part, and what a part has beyond that has its own line,
which says all ports of the part. Parts of one range with the same ports are one actor, whatever the other actors are:
so a line's words depend on its own flow only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final

from vcluster_isolation.connectivity.matrix import Cell, Matrix, MatrixActor, Reason
from vcluster_isolation.connectivity.ranges import ANY_ADDRESS, SPECIAL, words
from vcluster_isolation.netpol.sets.addresses import union_of
from vcluster_isolation.netpol.sets.ports import NONE, PortSet

ANYTHING: Final = "anything"

_ABOUT: Final = {
    ANYTHING: "every actor here",
    ANY_ADDRESS: "every address there is",
    "any IPv4 address": "every IPv4 address",
    "any IPv6 address": "every IPv6 address",
    "private-ipv4": "all private ranges, where clusters have pods, nodes and services",
    "special-ipv4": "all ranges that are not globally reachable, private ones not counted",
    "special-ipv6": "all ranges that are not globally reachable, unique local ones not counted",
    "metadata-ipv4": "all metadata and credential services of clouds, over IPv4",
    "metadata-ipv6": "all metadata and credential services of clouds, over IPv6",
}


@dataclass(frozen=True, slots=True)
class Tree:
    """A whole and its parts; a leaf has none, and is an actor of the matrix."""

    actor: MatrixActor
    parts: tuple[Tree, ...] = ()
    leaves: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """What one end's flow to (or from) an actor is."""

    actor: MatrixActor
    ports: PortSet
    reasons: tuple[Reason, ...]
    words: str = ""


def folded(matrix: Matrix) -> Matrix:
    """Return a matrix with the same flows in as few cells as its actors' wholes allow."""
    tree = tree_of(matrix.actors)
    own = [actor for actor in matrix.actors if actor.own]
    out: dict[str, dict[str, Cell]] = {one.name: {} for one in own}
    into: dict[str, dict[str, Cell]] = {one.name: {} for one in own}
    for cell in matrix.cells:
        out.get(cell.source, {})[cell.destination] = cell
        into.get(cell.destination, {})[cell.source] = cell
    found = [(one, line, True) for one in own for line in lines(tree, out[one.name])]
    found += [(one, line, False) for one in own for line in lines(tree, into[one.name]) if not line.actor.own]
    cells = [_cell(*one) for one in found]
    actors = {line.actor.name: line.actor for _, line, _ in found}
    pods = [actor for actor in matrix.actors if not actor.addresses]
    others = [one for name, one in actors.items() if name not in {pod.name for pod in pods}]
    order = {one.name: at for at, one in enumerate(wholes(tree))}
    others.sort(key=lambda one: (order.get(one.name, len(order)), one.name))
    ordered = tuple(sorted(cells, key=lambda one: (one.source, one.destination)))
    return replace(matrix, actors=(*pods, *others), cells=ordered)


def _cell(own: MatrixActor, line: Line, outward: bool) -> Cell:  # noqa: FBT001
    """Return the flow between an own actor and another."""
    source, destination = (own, line.actor) if outward else (line.actor, own)
    return Cell(source.name, destination.name, line.ports, line.reasons, line.words)


def tree_of(actors: Iterable[MatrixActor]) -> Tree:
    """Return all actors as parts of what they are part of."""
    return _tree(MatrixActor(ANYTHING, _ABOUT[ANYTHING]), list(actors), 0)


def _tree(whole: MatrixActor, actors: Sequence[MatrixActor], depth: int) -> Tree:
    """Return a whole with its parts; what has only one part is that part."""
    groups: dict[str, list[MatrixActor]] = {}
    for one in actors:
        groups.setdefault(one.part_of[depth] if len(one.part_of) > depth else "", []).append(one)
    parts = [Tree(one, (), (one.name,)) for one in groups.pop("", ())]
    for name, members in groups.items():
        addresses = union_of(member.addresses for member in members)
        about = _ABOUT.get(name, members[0].about)
        parts.append(_tree(MatrixActor(name, about, addresses=addresses), members, depth + 1))
    return parts[0] if len(parts) == 1 and depth else Tree(whole, tuple(parts), tuple(actor.name for actor in actors))


def wholes(tree: Tree) -> Iterator[MatrixActor]:
    """Yield a whole and all of its parts, the whole first."""
    yield tree.actor
    for part in tree.parts:
        yield from wholes(part)


def lines(tree: Tree, cells: Mapping[str, Cell], have: PortSet = NONE) -> Iterator[Line]:
    """Yield the flows in `cells`, which are by the names of leaves; `have` is what is said already."""
    if not tree.parts:
        cell = cells.get(tree.actor.name)
        if cell and not cell.ports <= have:
            yield Line(tree.actor, cell.ports, cell.reasons, cell.words)
        return
    if not any(name in cells for name in tree.leaves):
        return
    common = _common(tree, cells)
    if not common <= have:
        yield Line(tree.actor, common, _reasons(tree.leaves, cells))
        have |= common
    if tree.actor.addresses and tree.parts[0].actor.part_of[-1:] == (tree.actor.name,):
        yield from _merged(tree, cells, have)
    elif tree.actor.name.startswith(f"{SPECIAL}-"):
        yield from _mostly(tree, cells, have)
    else:
        for part in tree.parts:
            yield from lines(part, cells, have)


def _common(tree: Tree, cells: Mapping[str, Cell]) -> PortSet:
    """Return the ports that all leaves of a whole have."""
    if len(cells) < len(tree.leaves):
        return NONE
    found = (cells[name].ports if name in cells else NONE for name in tree.leaves)
    return reduce(PortSet.__and__, found)


def _reasons(leaves: Iterable[str], cells: Mapping[str, Cell]) -> tuple[Reason, ...]:
    """Return the reasons of all leaves, each once."""
    return tuple(dict.fromkeys(reason for name in leaves if name in cells for reason in cells[name].reasons))


def _merged(tree: Tree, cells: Mapping[str, Cell], have: PortSet) -> Iterator[Line]:
    """Yield the parts of one range, those with the same ports as one."""
    groups: dict[PortSet, list[MatrixActor]] = {}
    for part in tree.parts:
        cell = cells.get(part.actor.name)
        if cell and not cell.ports <= have:
            groups.setdefault(cell.ports, []).append(part.actor)
    for ports, members in groups.items():
        addresses = union_of(member.addresses for member in members)
        name = words(addresses, tree.actor.name, tree.actor.addresses)
        actor = replace(members[0], name=name, addresses=addresses)
        yield Line(actor, ports, _reasons([member.name for member in members], cells))


def _mostly(tree: Tree, cells: Mapping[str, Cell], have: PortSet) -> Iterator[Line]:
    """Yield the ranges of a group: those with the same ports as one, where they are two thirds of it or more."""
    shares = {part.actor.name: _common(part, cells) for part in tree.parts}
    most, times = Counter(shares.values()).most_common(1)[0]
    without = [part for part in tree.parts if shares[part.actor.name] != most]
    if most <= have or 3 * times < 2 * len(tree.parts):
        without = list(tree.parts)
    else:
        kept = [part for part in tree.parts if part not in without]
        names = ", ".join(part.actor.name.rpartition(" ")[2] for part in without)
        addresses = union_of(part.actor.addresses for part in kept)
        actor = replace(tree.actor, name=f"{tree.actor.name} without {names}", addresses=addresses)
        yield Line(actor, most, _reasons([name for part in kept for name in part.leaves], cells))
        for part in kept:
            yield from lines(part, cells, have | most)
    for part in without:
        yield from lines(part, cells, have)
