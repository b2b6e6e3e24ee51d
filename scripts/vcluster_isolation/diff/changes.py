"""What a change of policies opens and closes, for every pod that anybody could create and for every address.

Both sides are evaluated on the same ends: all label sets, namespaces and addresses that any selector or ipBlock of
*either* side tells apart. So a change that only matters to a pod with an odd label is a change as well, and one that
matters to nobody is none, however much its text differs.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.objects.model import NAME_LABEL, Endpoint, Labels, Pod
from vcluster_isolation.netpol.objects.verdict import POD_ADDRESS, Mode, Verdict
from vcluster_isolation.netpol.sets.ports import NONE, PortSet
from vcluster_isolation.subject.subject import PLATFORM, Subject
from vcluster_isolation.vcluster import cast
from vcluster_isolation.vcluster.actor_ref import DESTINATION, NEIGHBOUR, OTHER, SOURCE, SYNCED_NAMESPACE, ActorRef
from vcluster_isolation.vcluster.cast import AddressActor
from vcluster_isolation.worlds.world import World

WIDENS: Final = "widens"
NARROWS: Final = "narrows"
MIXED: Final = "mixed"
NEUTRAL: Final = "neutral"


@dataclass(frozen=True, slots=True)
class ChangeEndpoint:
    """One end of a flow: the actor, and what it takes beyond the actor's usual labels (empty: nothing).

    `home` is the namespace that the actor is in if nothing else is said.
    """

    who: ActorRef
    end: Endpoint
    extra: Labels
    home: str

    def __str__(self) -> str:
        """Return `workload`, `workload {app: vcluster-snapshot} in y`, `any pod {app: x} in y`, or an address."""
        if not isinstance(self.end, Pod):
            actor = self.who.actor
            whole = isinstance(actor, AddressActor) and actor.addresses == self.end.addresses
            return str(self.who) if whole or self.end.node else f"{self.end.addresses}"
        labels = f" {{{', '.join(f'{key}: {value}' for key, value in sorted(self.extra))}}}" if self.extra else ""
        return f"{self.who}{labels}{_space(self, self.end)}"


def _space(end: ChangeEndpoint, pod: Pod) -> str:
    """Return the namespace of somebody who is not where the actor is by itself, with labels that it takes."""
    anywhere = end.who.actor is cast.ANYBODY
    if not anywhere and (end.who.tenant == OTHER or pod.namespace.name == end.home):
        return ""
    labels = sorted(pair for pair in pod.namespace.labels if pair[0] not in _GIVEN)
    shown = f" {{{', '.join(f'{key}: {value}' for key, value in labels)}}}" if labels else ""
    names = {SYNCED_NAMESPACE: "a synced namespace", **({end.home: "a namespace"} if anywhere else {})}
    return f" in {names.get(pod.namespace.name, pod.namespace.name)}{shown}"


_GIVEN: Final = {NAME_LABEL, cast.SYNCED_FROM, cast.SYNCED_HOME}
"""Labels of namespaces that nobody chooses."""


@dataclass(frozen=True, slots=True)
class Change:
    """A flow that changed: the ports that were opened or closed.

    `verdict` is that of the side where they are open, and `closed` that of the side where they are not.
    """

    source: ChangeEndpoint
    destination: ChangeEndpoint
    ports: PortSet
    verdict: Verdict
    closed: Verdict
    opened: bool


def changes(before: Subject, after: Subject) -> list[Change]:
    """Return every flow to or from the vCluster that differs, the simplest ends only, opened ones first.

    Both subjects must be the same vCluster: one name, one namespace.
    """
    both = _joint(before, after)
    sides = [(one.with_worst_synced_policies(one.policies), one.tiers) for one in (before, after)]
    old, new = (World(one, side).evaluator for one, side in zip((before, after), sides, strict=True))
    joint = World(both, ((*sides[0][0], *sides[1][0]), (*sides[0][1], *sides[1][1])))
    worlds = [joint.at_home_in(home) for home in joint.homes()]
    found = [change for world in worlds for ends in _pairs(world) for change in _compare(ends, old, new)]
    told = sorted(_simplest(_without_echoes(found)), key=lambda one: (str(one.source), str(one.destination)))
    return sorted(told, key=lambda one: not one.opened)


def _joint(before: Subject, after: Subject) -> Subject:
    """Return the subject whose ends are those of both sides."""
    one, other = before.settings, after.settings
    settings = replace(
        other,
        workload_namespaces=tuple(sorted({*one.workload_namespaces, *other.workload_namespaces})),
        release_label_forgeable=one.release_label_forgeable or other.release_label_forgeable,
        platform_spaces=tuple(dict.fromkeys((*one.platform_spaces, *other.platform_spaces))),
        api_server=one.api_server & other.api_server,
    )
    return replace(after, namespace_sync=before.namespace_sync or after.namespace_sync, settings=settings)


def kind(found: Sequence[Change]) -> str:
    """Return what a change does: widens, narrows, mixed or neutral."""
    opened = {change.opened for change in found}
    return {frozenset({True}): WIDENS, frozenset({False}): NARROWS, frozenset(): NEUTRAL}.get(frozenset(opened), MIXED)


def _pairs(joint: World) -> Iterator[tuple[ChangeEndpoint, ChangeEndpoint]]:
    """Yield every pair of ends of which one at least is the vCluster's own, or the platform's."""
    platform = joint.subject.kind == PLATFORM
    own = [ActorRef(actor) for actor in cast.own_pods(platform=platform)] + ([] if platform else [ActorRef(cast.STRAY)])
    rest = [*_others(), *([ActorRef(cast.STRAY)] if platform else [])]
    out, into = (_all_ends(joint, own, role) for role in (SOURCE, DESTINATION))
    yield from product(out, [*into, *_all_ends(joint, rest, DESTINATION)])
    yield from product(_all_ends(joint, rest, SOURCE), into)


def _others() -> Iterator[ActorRef]:
    """Yield everybody else."""
    for whose in (NEIGHBOUR, OTHER):
        yield from (
            ActorRef(actor, whose) for actor in cast.OF_A_VCLUSTER if (whose, actor.name) != (NEIGHBOUR, "snapshot")
        )
    # Not the host API server: its address is a private one, and those are all here.
    yield from (ActorRef(actor) for actor in cast.OF_THE_HOST if actor.name != "host-api-server")
    yield ActorRef(cast.ANYBODY)
    yield from (ActorRef(actor) for actor in cast.ADDRESSES if actor not in cast.METADATA_ADDRESSES)


def _all_ends(joint: World, actors: Iterable[ActorRef], role: str) -> list[ChangeEndpoint]:
    """Return the ends of actors in a role, with what each has beyond the actor's usual labels."""
    return [end for who in actors for end in _ends(joint, who, role)]


def _ends(joint: World, who: ActorRef, role: str) -> Iterator[ChangeEndpoint]:
    """Yield the ends of an actor."""
    usual = next(iter(joint.ends(ActorRef(who.actor, who.tenant, labels_fixed=True))))
    fixed = {key for key, _ in usual.labels} if isinstance(usual, Pod) and who.actor is not cast.STRAY else set()
    for end in joint.ends(who, role):
        extra = frozenset(pair for pair in end.labels if pair[0] not in fixed) if isinstance(end, Pod) else frozenset()
        yield ChangeEndpoint(who, end, extra, usual.namespace.name if isinstance(usual, Pod) else "")


def _compare(ends: tuple[ChangeEndpoint, ChangeEndpoint], old: Evaluator, new: Evaluator) -> Iterator[Change]:
    """Yield what was opened and what was closed between two ends."""
    pair = (ends[0].end, ends[1].end)
    was, now = (_reading(evaluator, pair) for evaluator in (old, new))
    for opened, wider, narrower in ((True, now, was), (False, was, now)):
        ports = wider[0] - narrower[0]
        if ports:
            yield Change(*ends, ports, wider[1], narrower[1], opened)


def _reading(evaluator: Evaluator, pair: tuple[Endpoint, Endpoint]) -> tuple[PortSet, Verdict]:
    """Return what may get through, and why."""
    verdict = evaluator.flow(*pair, Mode.MAY)
    return verdict.allowed, verdict


def _without_echoes(found: Sequence[Change]) -> Iterator[Change]:
    """Leave out what only says once more that an ipBlock changed, for a pod that might have an address of it.

    The address is an end as well: the same ports were opened, or closed, between it and the same own end. A change
    that no address shares stays: then it is the pod's own side that changed.
    """
    known: dict[tuple[bool, ChangeEndpoint], PortSet] = {}
    for change in found:
        for own, other in ((change.source, change.destination), (change.destination, change.source)):
            if not isinstance(other.end, Pod) and not other.end.node:
                known[change.opened, own] = known.get((change.opened, own), NONE) | change.ports
    for change in found:
        ends = (change.source, change.destination)
        echoes = POD_ADDRESS in change.verdict.caveats
        if not echoes or not any(change.ports <= known.get((change.opened, end), NONE) for end in ends):
            yield change


def _simplest(found: Iterable[Change]) -> Iterator[Change]:
    """Leave out a change that is there with fewer labels, or in fewer words, as well."""
    groups: dict[tuple[bool, str, str], list[Change]] = {}
    for change in found:
        groups.setdefault((change.opened, str(change.source.who), str(change.destination.who)), []).append(change)
    for group in groups.values():
        kept: dict[Hashable, list[Change]] = {}
        for change in sorted(group, key=_weight):
            left = change.ports
            places = product(_places(change.source), _places(change.destination))
            for one in (one for place in places for one in kept.get(place, ())):
                if _within(one.source, change.source) and _within(one.destination, change.destination):
                    left -= one.ports
            if left != NONE:
                simple = replace(change, ports=left)
                kept.setdefault((_place(change.source), _place(change.destination)), []).append(simple)
                yield simple


def _place(end: ChangeEndpoint) -> Hashable:
    """Return under what an end is filed that may be within others: an address, one of a pod's labels, or None."""
    return min(end.extra, default=None) if isinstance(end.end, Pod) else end.end


def _places(end: ChangeEndpoint) -> tuple[Hashable, ...]:
    """Return under what the ends are filed that may be within an end."""
    return (None, *end.extra) if isinstance(end.end, Pod) else (end.end,)


def _weight(change: Change) -> tuple[int, str, str]:
    """Return how much it takes: the simpler comes first."""
    return _labels(change.source) + _labels(change.destination), str(change.source), str(change.destination)


def _labels(end: ChangeEndpoint) -> int:
    """Return how much an end takes: labels, its namespace's counted, and a namespace of a certain name."""
    if not isinstance(end.end, Pod):
        return 0
    named = end.end.namespace.name != end.home
    return len(end.end.labels) + len(end.end.namespace.labels) + named


def _within(simple: ChangeEndpoint, other: ChangeEndpoint) -> bool:
    """Return whether one end is the other with fewer labels, or the same."""
    if not isinstance(simple.end, Pod) or not isinstance(other.end, Pod):
        return simple.end == other.end
    anybody = simple.who.actor is cast.ANYBODY and simple.end.namespace.name == simple.home
    anywhere = anybody or simple.end.namespace.name == other.end.namespace.name
    asked = frozenset(pair for pair in simple.end.namespace.labels if pair[0] != NAME_LABEL)
    return anywhere and simple.extra <= other.extra and asked <= other.end.namespace.labels
