"""Who reaches whom among the pods of a cluster: those of each vCluster by their role, others by namespace and name.

An ipBlock counts for a pod when it holds its address; for a pod that has none yet, when ipBlocks hold every address
that the pod may get.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, product

from vcluster_isolation.connectivity import fold
from vcluster_isolation.connectivity.fold import Line, Tree
from vcluster_isolation.connectivity.matrix import Cell, Matrix, MatrixActor
from vcluster_isolation.connectivity.outside import Outside
from vcluster_isolation.connectivity.ranges import blocks_of, ranges
from vcluster_isolation.connectivity.reasons import Judge
from vcluster_isolation.netpol.engine.classes import EndClass
from vcluster_isolation.netpol.engine.evaluate import Evaluator, peers
from vcluster_isolation.netpol.engine.flows import Flow, allowed_flows
from vcluster_isolation.netpol.objects.model import Pod
from vcluster_isolation.netpol.objects.tiers import ALLOW, DENY, tier_peers
from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.netpol.parse.parse import Cluster
from vcluster_isolation.netpol.sets.addresses import FAMILIES, POD_RANGES, union_of
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.vcluster.pod_roles import SNAPSHOT_LABEL, role_of


@dataclass(frozen=True, slots=True)
class PodGroup:
    """Pods with one role and the same verdicts: an actor."""

    actor: MatrixActor
    pods: tuple[Pod, ...]


def called(name: str, namespace: str) -> str:
    """Return what a vCluster is called among others."""
    return name if namespace == f"vcluster-{name}" else f"{namespace}/{name}"


@dataclass(frozen=True, slots=True)
class Population:
    """The actors of a cluster, the flows between the classes of their pods, and all addresses in parts."""

    evaluator: Evaluator
    units: list[PodGroup]
    flows: list[Flow]
    places: list[MatrixActor]


def shows_pods(cluster: Cluster, subjects: Sequence[Subject]) -> bool:
    """Return whether a pod of a cluster belongs to one of the vClusters: without one, no flow would be theirs."""
    homes = frozenset((subject.namespace, subject.name) for subject in subjects)
    return any(_actor(pod, homes).own for pod in cluster.pods)


def population(cluster: Cluster, subjects: Sequence[Subject]) -> Population:
    """Return who is in a cluster. Raises nothing."""
    evaluator = Evaluator(cluster.policies, cluster.tiers)
    blocks = blocks_of(block.addresses for block in evaluator.blocks())
    pods = list(_addressed(cluster))
    homes = frozenset((subject.namespace, subject.name) for subject in subjects)
    roles = {id(pod): _actor(pod, homes) for pod in pods}

    def wanted(source: EndClass, destination: EndClass) -> bool:
        return any(roles[id(pod)].own for one in (source, destination) for pod in one.members)

    flows = list(allowed_flows(evaluator, pods, Mode.MAY, wanted))
    return Population(evaluator, _units(pods, roles, flows), flows, ranges(blocks))


def judge_of(found: Population) -> Judge:
    """Return who judges single flows; why rules are there, manifests do not say."""
    return Judge(found.evaluator, Subject("", "", ()), {})


def matrix_of_pods(cluster: Cluster, subjects: Sequence[Subject], *, reasons: bool = True) -> Matrix:
    """Return the matrix of a cluster's pods and all addresses, folded: the flows that have an end in a vCluster.

    Without `reasons` the cells have none, which is faster.
    """
    found = population(cluster, subjects)
    why = judge_of(found) if reasons else None
    outside = Outside(found.evaluator, found.places, why)
    cells = list(_inside(found.units, found.flows, why))
    cells += [cell for unit in found.units if unit.actor.own for cell in outside.cells(unit.actor.name, unit.pods[0])]
    title = f"{len(subjects)} vCluster{'' if len(subjects) == 1 else 's'}, {len(cluster.pods)} pods"
    spaces = {pod.namespace.name for pod in cluster.pods}
    doubts = tuple(policy for policy in cluster.not_evaluated if not policy.changes or policy.concerns(spaces))
    return Matrix(title, _actors(found.units, cells, outside), tuple(sorted(cells, key=_place)), doubts)


def _place(cell: Cell) -> tuple[str, str]:
    return cell.source, cell.destination


def _addressed(cluster: Cluster) -> Iterator[Pod]:
    """Yield the pods; one of unknown address gets addresses of each family of which no policy speaks, if there are any.

    Those that no ipBlock holds, and no rule that allows, come before those that no rule denies. Domain names may be any
    address, so there is none of which they do not speak.
    """
    opening = chain(
        (peer for policy in cluster.policies for peer in peers(policy)), tier_peers(cluster.tiers, action=ALLOW)
    )
    unknown = POD_RANGES
    for spoken in (opening, tier_peers(cluster.tiers, action=DENY)):
        rest = unknown - union_of(peer.block.addresses for peer in spoken if peer.block and peer.block.certain)
        unknown = union_of(rest.only(family) or unknown.only(family) for family in FAMILIES)
    yield from (replace(pod, addresses=unknown) if pod.addresses == POD_RANGES else pod for pod in cluster.pods)


def _actor(pod: Pod, homes: frozenset[tuple[str, str]]) -> MatrixActor:
    """Return a pod's role in its vCluster, or the pod itself where it has none."""
    space, known = pod.namespace.name, role_of(pod)
    if known and (space, known.vcluster) in homes:
        about = f"{known.role} of vCluster {known.vcluster} in namespace {space}"
        return MatrixActor(f"{called(known.vcluster, space)}/{known.role}", about, own=True)
    name = f"{space}/{pod.name or pod.owner}"
    snapshot = SNAPSHOT_LABEL in pod.labels and space in {home for home, _ in homes}
    return MatrixActor(name, f"pod in namespace {space}", own=snapshot, part_of=(f"all pods in namespace {space}",))


def _units(pods: Iterable[Pod], roles: Mapping[int, MatrixActor], flows: Iterable[Flow]) -> list[PodGroup]:
    """Return the actors, own ones first. Where pods of one role have different verdicts, each is an actor."""
    kinds = {id(pod): id(one) for flow in flows for one in (flow.source, flow.destination) for pod in one.members}
    members: dict[MatrixActor, list[Pod]] = {}
    for pod in pods:
        members.setdefault(roles[id(pod)], []).append(pod)
    found: list[PodGroup] = []
    for actor, alike in members.items():
        if len({kinds.get(id(pod)) for pod in alike}) == 1:
            found.append(PodGroup(actor, tuple(alike)))
        else:
            part_of = (*actor.part_of, actor.name)
            found += (
                PodGroup(replace(actor, name=f"{actor.name}/{pod.name or pod.owner}", part_of=part_of), (pod,))
                for pod in alike
            )
    return sorted(found, key=lambda one: (not one.actor.own, one.actor.part_of or (one.actor.name,), one.actor.name))


def _inside(units: Sequence[PodGroup], flows: Iterable[Flow], why: Judge | None) -> Iterator[Cell]:
    """Yield the flows between pods, folded."""
    cells = list(_between(units, flows, why))
    out: dict[str, dict[str, Cell]] = {}
    into: dict[str, dict[str, Cell]] = {}
    own = {unit.actor.name for unit in units if unit.actor.own}
    for cell in cells:
        if cell.source in own:
            out.setdefault(cell.source, {})[cell.destination] = cell
        else:
            into.setdefault(cell.destination, {})[cell.source] = cell
    wholes = fold.tree_of(unit.actor for unit in units).parts
    whole_of = {name: whole for whole in wholes for name in whole.leaves}
    for unit in units:
        name = unit.actor.name
        for line in _lines(unit, out.get(name, {}), whole_of):
            yield Cell(name, line.actor.name, line.ports, line.reasons)
        for line in _lines(unit, into.get(name, {}), whole_of):
            yield Cell(line.actor.name, name, line.ports, line.reasons)


def _lines(unit: PodGroup, cells: Mapping[str, Cell], whole_of: Mapping[str, Tree]) -> Iterator[Line]:
    """Yield the flows of one actor, folded; a single pod does not count as a part of what it reaches."""
    for whole in dict.fromkeys(whole_of[name] for name in cells):
        mine = unit.actor.name in whole.leaves and unit.actor.name not in cells
        yield from fold.lines(_without(whole, unit.actor.name) if mine else whole, cells)


def _without(whole: Tree, name: str) -> Tree:
    """Return a whole without one of its leaves."""
    parts = (part for part in whole.parts if part.leaves != (name,))
    return Tree(whole.actor, tuple(parts), tuple(one for one in whole.leaves if one != name))


def _between(units: Sequence[PodGroup], flows: Iterable[Flow], why: Judge | None) -> Iterator[Cell]:
    """Yield each flow between two actors one of which is a vCluster's."""
    unit_of = {id(pod): unit for unit in units for pod in unit.pods}
    for flow in flows:
        ends = (flow.source, flow.destination)
        sources, destinations = ({unit_of[id(pod)].actor.name: unit_of[id(pod)] for pod in end.members} for end in ends)
        for source, destination in product(sources.values(), destinations.values()):
            alone = source is destination and len(source.pods) == 1 and bool(source.pods[0].name)
            if not alone and (source.actor.own or destination.actor.own):
                pair = source.pods[0], destination.pods[-1]
                reasons = why.flow(*pair).reasons if why else ()
                yield Cell(source.actor.name, destination.actor.name, flow.ports, reasons)


def _actors(units: Sequence[PodGroup], cells: Iterable[Cell], outside: Outside) -> tuple[MatrixActor, ...]:
    """Return the actors in the order in which they are shown: vClusters', others, addresses; and wholes of pods."""
    used = {name for cell in cells for name in _place(cell)}
    listed = {unit.actor.name: unit.actor for unit in units}
    wholes = {name: unit.actor for unit in units for name in unit.actor.part_of if name in used}
    listed |= {name: replace(one, name=name, part_of=()) for name, one in wholes.items() if name not in listed}
    listed |= {actor.name: actor for actor in outside.actors() if actor.name in used}
    return tuple(sorted(listed.values(), key=lambda one: (not one.own, bool(one.addresses))))
