"""Who reaches whom around one vCluster: each allowed flow between the actors of the cast, as a matrix.

Actors have the labels that they usually have: what a hostile tenant can do beyond that is `prove`'s to say. Beside
the cast there are the pods and addresses that the policies speak of and the cast does not have (see `mentioned.py`
and `ranges.py`). Flows are those of this vCluster: one end at least is a pod of its own.

A flow is allowed when some network plugin may let it through, whatever the destination calls its ports. But nobody
knows the address of a pod of the cast, of a node or of the API server: an ipBlock admits these only when it holds
every address, of one family, that they may have. Otherwise every pod would seem to be reached wherever some private
address is; the address itself is an actor and shows it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from vcluster_isolation.connectivity.matrix import Cell, Matrix, MatrixActor
from vcluster_isolation.connectivity.ranges import blocks_of, ranges
from vcluster_isolation.connectivity.reasons import Judge
from vcluster_isolation.netpol.engine.evaluate import Evaluator, peers
from vcluster_isolation.netpol.objects.model import Endpoint, External, Pod, Policy, labels_of, namespace
from vcluster_isolation.netpol.objects.tiers import TierPolicy, tier_peers
from vcluster_isolation.netpol.unevaluated import UnevaluatedPolicy
from vcluster_isolation.subject.subject import PLATFORM, Subject
from vcluster_isolation.vcluster import cast
from vcluster_isolation.vcluster.actor_ref import NEIGHBOUR, OTHER, OWN, ActorRef
from vcluster_isolation.vcluster.cast import MANAGED_BY, VIRTUAL_NAMESPACE
from vcluster_isolation.vcluster.policy_names import SNAPSHOTS, is_of, recognise
from vcluster_isolation.vcluster.tenants import Tenant, is_floor_of, renamed, renamed_tier
from vcluster_isolation.worlds.mentioned import Mentioned, mentioned, of_others, other_tenants
from vcluster_isolation.worlds.world import World

_OF_WORKLOADS: Final = frozenset({"workload", "coredns"})


@dataclass(frozen=True, slots=True)
class NamedEndpoint:
    """An actor, and the end of a flow that stands for it."""

    actor: MatrixActor
    end: Endpoint


@dataclass(frozen=True, slots=True)
class Scene:
    """A vCluster with everybody around it: the ends that are its own, all others, and who judges flows."""

    subject: Subject
    own: tuple[NamedEndpoint, ...]
    others: tuple[NamedEndpoint, ...]
    judge: Judge

    @property
    def ends(self) -> tuple[NamedEndpoint, ...]:
        """All ends, in the order in which they are shown."""
        return self.own + self.others


def matrix_of(subject: Subject, also: Iterable[Subject] = ()) -> Matrix:
    """Return the matrix of a vCluster. Its actors are disjoint, so that two matrices of them can be compared.

    `also` are other states of the same vCluster: what their policies speak of are actors as well. With the subject
    itself among the `also` of the others, all of them have the same actors but for pods that only some of them have.
    """
    found = scene(subject, also)
    cells = sorted(_cells(found), key=lambda cell: (cell.source, cell.destination))
    spaces = {end.end.namespace.name for end in found.ends if isinstance(end.end, Pod)}
    doubts = could_change(subject, spaces)
    return Matrix(subject.title, tuple(end.actor for end in found.ends), tuple(cells), doubts)


def could_change(subject: Subject, spaces: Collection[str]) -> tuple[UnevaluatedPolicy, ...]:
    """Return the policies that are not evaluated and could change a flow of pods in some namespaces.

    Those that change nothing are among them, to be noted. Where a tenant makes namespaces, each may be one of them.
    """
    anywhere = subject.namespace_sync
    return tuple(
        policy for policy in subject.not_evaluated if anywhere or not policy.changes or policy.concerns(spaces)
    )


def _cells(found: Scene) -> Iterator[Cell]:
    """Yield each allowed flow that has an end of the vCluster's own."""
    pairs = chain(
        ((one, other) for one in found.own for other in found.ends),
        ((other, one) for one in found.own for other in found.others),
    )
    for source, destination in pairs:
        flow = found.judge.flow(source.end, destination.end)
        if flow.ports:
            yield Cell(source.actor.name, destination.actor.name, flow.ports, flow.reasons, flow.words)


def scene(subject: Subject, also: Iterable[Subject] = (), *, whole: bool = False) -> Scene:
    """Return a vCluster with everybody around it; `also` as for `matrix_of`.

    `whole` judges by all policies that there are, for ends that are not in the scene.
    """
    others = other_tenants(subject.policies, subject.namespace, subject.name)
    here = list(_of_its_own(subject, others))
    world = World(subject, (tuple(here), subject.tiers))
    spoken = [*here, *subject.tiers, *(one for state in also for one in _as_if(state, subject, others))]
    cast_ends = list(_cast(subject, world))
    known = {end.actor.name: end.end for end in cast_ends if isinstance(end.end, Pod)}
    more = mentioned(spoken, subject.namespace, known, others)
    own = [end for end in cast_ends if end.actor.own] + [_end(one) for one in more if one.isolated]
    rest = [end for end in cast_ends if not end.actor.own] + [_end(one) for one in more if not one.isolated]
    rest += _addresses(spoken)
    near = {one.end.namespace.name for one in (*own, *rest) if isinstance(one.end, Pod)} - {subject.namespace}
    far = [policy for policy in subject.policies if policy.namespace in near or (whole and policy not in here)]
    evaluator = Evaluator([*world.evaluator.policies(), *far], world.evaluator.tiers)
    return Scene(subject, tuple(own), tuple(rest), Judge(evaluator, subject, world.tenants))


def _concerns(policy: Policy, subject: Subject, others: frozenset[str]) -> bool:
    """Return whether a policy may be about pods of a vCluster: its namespace has it, and it is no other vCluster's."""
    return policy.namespace == subject.namespace and not of_others(policy.selector, others)


def _of_its_own(subject: Subject, others: frozenset[str]) -> Iterator[Policy]:
    """Yield the policies that may be about pods of a vCluster, those of snapshots in its namespace once.

    Snapshot pods carry one label, which names no vCluster, and are selected by the policies of all vClusters there.
    Where another's is ours with the name replaced, the symbolic neighbour has it already (see `world.py`).
    """
    here = [policy for policy in subject.policies if policy.namespace == subject.namespace]
    own = Tenant(subject.name, subject.namespace)
    ours = next((one for one in here if is_of(one, subject.name, SNAPSHOTS)), None)
    for one in (one for one in here if _concerns(one, subject, others)):
        known = recognise(one)
        other = known.vcluster if known and known.role == SNAPSHOTS else ""
        if not (ours and other in others and renamed(ours, own, Tenant(other, subject.namespace)) == one):
            yield one


def _as_if(state: Subject, subject: Subject, others: frozenset[str]) -> Iterator[Policy | TierPolicy]:
    """Yield the policies of another state of a vCluster, which may have been called something else then."""
    old, new = Tenant(state.name, state.namespace), Tenant(subject.name, subject.namespace)
    yield from (renamed(policy, old, new) for policy in state.policies if _concerns(policy, state, others))
    yield from (renamed_tier(tier, old, new) if is_floor_of(tier, old) else tier for tier in state.tiers)


def _cast(subject: Subject, world: World) -> Iterator[NamedEndpoint]:
    """Yield the pods of the cast that are there, and the ends of the host cluster that have no certain address.

    Of the platform these are its own pods, and all vClusters are others.
    """
    platform = subject.kind == PLATFORM
    hosted = [actor for actor in cast.OF_A_VCLUSTER if platform or subject.hosted or actor.name not in _OF_WORKLOADS]
    there = [one for one in hosted if platform or subject.coredns or one.name != "coredns"]
    for whose in (NEIGHBOUR, OTHER) if platform else (OWN, NEIGHBOUR, OTHER):
        for actor in there:
            if platform or (whose, actor.name) != (NEIGHBOUR, "snapshot"):  # the same as its own, to every policy
                yield from _usual(ActorRef(actor, whose, labels_fixed=True), world)
    for space in subject.settings.workload_namespaces if subject.hosted else ():
        end = Pod(namespace(space), labels_of({MANAGED_BY: subject.name, VIRTUAL_NAMESPACE: "default"}), ports=None)
        end = replace(end, addresses=subject.settings.pod_addresses)
        about = f"{cast.WORKLOAD.about}, in a namespace of its own"
        yield NamedEndpoint(MatrixActor(f"{cast.WORKLOAD.name} in {space}", about, own=True), end)
    for host in (cast.STRAY, *cast.OF_THE_HOST):
        yield from _usual(ActorRef(host, OWN, labels_fixed=True), world)


def _usual(who: ActorRef, world: World) -> Iterator[NamedEndpoint]:
    """Yield the one end that an actor is with its usual labels; for an address all that it may have."""
    own = who.tenant == OWN and who.actor in cast.own_pods(platform=world.subject.kind == PLATFORM)
    actor = MatrixActor(str(who), who.actor.about, own)
    if isinstance(who.actor, cast.AddressActor):
        yield NamedEndpoint(actor, External(who.actor.name, world.place_of(who.actor), who.actor.node))
    else:
        for at, end in enumerate(world.ends(who)):  # the platform can be in several namespaces
            place = f" in {end.namespace.name}" if at and isinstance(end, Pod) else ""
            yield NamedEndpoint(replace(actor, name=actor.name + place), end)


def _end(one: Mentioned) -> NamedEndpoint:
    """Return the end of a selector that is an actor."""
    about = "pods that a policy isolates" if one.isolated else "pods that a policy names"
    return NamedEndpoint(MatrixActor(one.name, about, one.isolated), one.pod)


def _addresses(policies: Sequence[Policy | TierPolicy]) -> list[NamedEndpoint]:
    """Return all addresses, as far as the policies tell them apart."""
    given = (
        peer for policy in policies for peer in (peers(policy) if isinstance(policy, Policy) else tier_peers([policy]))
    )
    blocks = blocks_of(peer.block.addresses for peer in given if peer.block)
    return [NamedEndpoint(actor, External(actor.name, actor.addresses)) for actor in ranges(blocks)]
