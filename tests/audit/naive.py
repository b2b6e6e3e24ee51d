"""The audit again, without sharing, folding or looking anything up: every end of everybody against every other.

`doubted` is the rule about policies that are not evaluated, by each flow: what could be opened, or closed, on its sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from vcluster_isolation.audit.cluster_index import ClusterIndex
from vcluster_isolation.audit.ends import EndpointClass, VClusterScope, scope_of, tag
from vcluster_isolation.audit.find import Discovery, find
from vcluster_isolation.audit.judge import ClaimResults
from vcluster_isolation.claims.claims import CLAIMS, ISOLATION, Claim
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.objects.model import Endpoint, Peer, Pod
from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.netpol.parse.parse import Cluster
from vcluster_isolation.netpol.sets.ports import ALL
from vcluster_isolation.netpol.unevaluated import UnevaluatedPolicy
from vcluster_isolation.vcluster.actor_ref import OTHER, OWN, ActorRef
from vcluster_isolation.vcluster.cast import HOME, NamedActor, PodActor

Statuses = dict[str, tuple[str, str]]


def scopes_of(fleet: Discovery, index: ClusterIndex) -> list[VClusterScope]:
    """Return each vCluster with everybody around it."""
    return [
        scope_of(found, [one for space in found.spaces for one in fleet.beside.get(space, ())], index)
        for found in fleet.found
    ]


def naive(cluster: Cluster) -> dict[tuple[str, str], Statuses]:
    """Return for each vCluster, by namespace and name, what becomes of each claim: there, and possible."""
    fleet = find(cluster)
    index = ClusterIndex(cluster, fleet)
    scopes = scopes_of(fleet, index)
    every = Evaluator(cluster.policies, cluster.tiers)
    return {
        (scope.found.tenant.namespace, scope.found.tenant.name): {
            claim.name: status(claim, scope, scopes, index, every) for claim in CLAIMS
        }
        for scope in scopes
    }


def status(
    claim: Claim, scope: VClusterScope, scopes: list[VClusterScope], index: ClusterIndex, every: Evaluator
) -> tuple[str, str]:
    """Return what becomes of one claim."""
    results = ClaimResults(scope, any("platform" in tags for tags, _ in index.host))
    finding = next(one for one in results.findings() if one.claim is claim)
    broken = {True: False, False: False}
    mode = Mode.MAY if claim.kind == ISOLATION else Mode.MUST
    for sources, destinations in claim.flows:
        for source in (end for who in sources for end in ends(claim, who, scope, scopes, index)):
            for destination in (end for who in destinations for end in ends(claim, who, scope, scopes, index)):
                real = source.real and destination.real
                if broken[real] or not results.applies(claim):
                    continue
                for one, two in pairs(source, destination, claim):
                    allowed = every.allowed(one, two, mode)
                    ports = claim.ports_of(scope.subject)
                    broken[real] |= bool(ports & allowed if claim.kind == ISOLATION else ports - allowed)
    return "FAILS" if broken[True] else finding.there, "FAILS" if broken[False] else finding.possible


def doubted(cluster: Cluster) -> dict[tuple[str, str], Statuses]:
    """Return what `naive` does, with `undecided` where a policy that is not evaluated could break a claim."""
    fleet = find(cluster)
    index = ClusterIndex(cluster, fleet)
    scopes = scopes_of(fleet, index)
    every = Evaluator(cluster.policies, cluster.tiers)
    found = {}
    for scope in scopes:
        statuses = {}
        for claim in CLAIMS:
            isolation = claim.kind == ISOLATION
            policies = [one for one in cluster.not_evaluated if (one.opens if isolation else one.closes)]
            known = dict(zip((True, False), status(claim, scope, scopes, index, every), strict=True))
            for real, pair in flows(claim, scope, scopes, index) if policies else ():
                if known[real] == "holds" and could_break(claim, scope, every, pair, policies):
                    known[real] = "undecided"
            statuses[claim.name] = known[True], known[False]
        found[scope.found.tenant.namespace, scope.found.tenant.name] = statuses
    return found


def flows(
    claim: Claim, scope: VClusterScope, scopes: list[VClusterScope], index: ClusterIndex
) -> Iterator[tuple[bool, tuple[Endpoint, Endpoint]]]:
    """Yield each flow that a claim speaks of, and whether both of its ends are there."""
    for sides in claim.flows:
        sources, destinations = (
            [end for who in side for end in ends(claim, who, scope, scopes, index)] for side in sides
        )
        for source, destination in product(sources, destinations):
            yield from ((source.real and destination.real, pair) for pair in pairs(source, destination, claim))


def could_break(
    claim: Claim,
    scope: VClusterScope,
    every: Evaluator,
    pair: tuple[Endpoint, Endpoint],
    policies: list[UnevaluatedPolicy],
) -> bool:
    """Return whether one of some policies could break a claim by the flow between two ends."""
    touched = [any(not one.confined or is_in(end, one.namespace) for one in policies) for end in pair]
    ports = claim.ports_of(scope.subject)
    if claim.kind != ISOLATION:
        return any(touched) and bool(ports)
    verdict = every.flow(*pair, Mode.MAY)
    out, into = (
        ALL if one else side.ports for one, side in zip(touched, (verdict.egress, verdict.ingress), strict=True)
    )
    return bool(ports & out & into)


def is_in(end: Endpoint, space: str) -> bool:
    """Return whether an end is a pod of a namespace."""
    return isinstance(end, Pod) and end.namespace.name == space


def pairs(source: EndpointClass, destination: EndpointClass, claim: Claim) -> Iterator[tuple[Endpoint, Endpoint]]:
    """Yield the pairs of members to ask about."""
    for one in source.members:
        for two in destination.members:
            same = isinstance(one, Pod) and one.name and one == two
            apart = not set(one.addresses.families()) & set(two.addresses.families())
            if not same and not (apart and claim.kind != ISOLATION):
                yield one, two


def ends(
    claim: Claim, who: ActorRef, scope: VClusterScope, scopes: list[VClusterScope], index: ClusterIndex
) -> list[EndpointClass]:
    """Return everybody that an actor of a claim stands for."""
    name = tag(who)
    if who.tenant != OWN:
        others = [one for one in scopes if one is not scope and shares(one, scope) == (who.tenant != OTHER)]
        return [end for one in others for end in (*one.own, *one.beside) if name in end.tags]
    found = [end for end in (*scope.own, *scope.beside, *scope.host) if name in end.tags]
    if isinstance(who.actor, PodActor) and who.actor.namespace != HOME:
        found += [EndpointClass(tags, (pod, pod), real=True) for tags, pod in index.host if name in tags]
        if name in ("anybody", "elsewhere") and claim.kind == ISOLATION:
            found += [
                end
                for one in scopes
                if not shares(one, scope)
                for end in one.beside
                if "stray" in end.tags and end.real
            ]
    named = scope.subject.settings.named.get(who.actor.key) if isinstance(who.actor, NamedActor) else None
    for peer in named.peers if named else ():
        found += [
            EndpointClass(tags, (pod, pod), real=True) for tags, pod in index.host if selects_from_afar(peer, pod)
        ]
    return found


def selects_from_afar(peer: Peer, pod: Pod) -> bool:
    """Return whether a peer that looks across namespaces selects a pod."""
    spaces, pods = peer.namespaces, peer.pods
    there = spaces is not None and spaces.matches(pod.namespace.labels)
    return there and (pods is None or pods.matches(pod.labels))


def shares(one: VClusterScope, two: VClusterScope) -> bool:
    """Return whether two vClusters have a namespace in common."""
    return bool(set(one.found.spaces) & set(two.found.spaces))
