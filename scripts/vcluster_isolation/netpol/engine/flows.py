"""All flows among many endpoints, class by class, without asking about every pair.

A pair is worth asking about only if each side's policies look at the other: an isolated source's egress rules
name the classes that it can reach at all, an isolated destination's ingress rules those that reach it. Both come
from an index, so a cluster of many tenants that deny each other costs what is allowed in it, not its square.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from vcluster_isolation.netpol.engine.classes import EndClass, Profiler, Scoped, cluster_wide, scoped
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.objects.model import EGRESS, INGRESS, Endpoint, External, Pod, Policy
from vcluster_isolation.netpol.objects.tiers import ALLOW, TierPolicy, tier_peers
from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.netpol.sets.addresses import AddressSet
from vcluster_isolation.netpol.sets.ports import PortSet

_WIDE = 256


@dataclass(frozen=True, slots=True)
class Flow:
    """The ports that every member of one class may (or must) reach of every member of another, itself left out."""

    source: EndClass
    destination: EndClass
    ports: PortSet


Wanted = Callable[[EndClass, EndClass], bool]


def allowed_flows(
    evaluator: Evaluator, ends: Iterable[Endpoint], mode: Mode, wanted: Wanted | None = None
) -> Iterator[Flow]:
    """Yield each allowed flow among the endpoints, folded into classes, in the order of the endpoints.

    Left out are loopback, traffic between a pod and its own node, traffic between two `External` ends, and pairs
    for which `wanted` is False: they are not evaluated.
    """
    profiler = Profiler(evaluator)
    classes = profiler.fold(ends, mode)
    near = _Near(evaluator, profiler, classes)
    for source, destination in near.pairs():
        pair = classes[source], classes[destination]
        if (wanted is None or wanted(*pair)) and (ports := _ports(evaluator, *pair, mode)):
            yield Flow(*pair, ports)


def _ports(evaluator: Evaluator, source: EndClass, destination: EndClass, mode: Mode) -> PortSet:
    """Return what one class reaches of another, or of itself."""
    pair = source.pair() if source is destination else (source.example, destination.example)
    return evaluator.allowed(*pair, mode) if pair else PortSet()


class _Near:
    """Which classes the rules of a class look at. Classes go by their index here."""

    def __init__(self, evaluator: Evaluator, profiler: Profiler, classes: list[EndClass]) -> None:
        """File the classes under the peers and ipBlocks that see them."""
        self._evaluator = evaluator
        self._ends = [one.example for one in classes]
        self._seen: dict[Scoped | AddressSet, list[int]] = {}
        self._looks: dict[tuple[str, int], frozenset[int] | None] = {}
        for at, end in enumerate(self._ends):
            profile = profiler.profile(end)
            keys: list[Scoped | AddressSet] = [*profile.peers, *profile.blocks]
            for key in keys:
                self._seen.setdefault(key, []).append(at)

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Yield every pair that may have a flow, sources ascending, and for each its destinations ascending."""
        out = [self._reach(end, EGRESS) for end in self._ends]
        into = [self._reach(end, INGRESS) for end in self._ends]
        wide = [at for at, found in enumerate(into) if found is None or len(found) > _WIDE]
        sources = _turned({at: found for at, found in enumerate(into) if found is not None and len(found) <= _WIDE})
        for source, found in enumerate(out):
            near = {*sources.get(source, ()), *wide} if found is None or len(found) > _WIDE else found
            for at in sorted(near):
                if _among(at, found) and _among(source, into[at]) and self._governed(source, at):
                    yield source, at

    def _governed(self, source: int, destination: int) -> bool:
        """Return whether policies have a say: between two External ends they have none."""
        return not (isinstance(self._ends[source], External) and isinstance(self._ends[destination], External))

    def _reach(self, end: Endpoint, direction: str) -> frozenset[int] | None:
        """Return which classes the rules of an endpoint look at in a direction; None: possibly all."""
        policies = self._evaluator.isolating(end, direction)
        if not policies or (isinstance(end, Pod) and end.host_network):
            return None
        looks = [self._look(policy, direction) for policy in policies]
        looks += [self._allow(tier, direction) for tier in self._evaluator.governing(end, direction)]
        known = [one for one in looks if one is not None]
        return frozenset().union(*known) if len(known) == len(looks) else None

    def _look(self, policy: Policy, direction: str) -> frozenset[int] | None:
        """Return which classes the rules of a policy look at; None: a rule is for everyone."""
        key = (direction, id(policy))
        if key not in self._looks:
            wanted = policy.rules(direction)
            peers = [peer for rule in wanted for peer in rule.peers]
            keys = [scoped(peer, policy) if peer.block is None else peer.block.addresses for peer in peers]
            found = frozenset(at for key in keys for at in self._seen.get(key, ()))
            self._looks[key] = found if all(rule.peers for rule in wanted) else None
        return self._looks[key]

    def _allow(self, policy: TierPolicy, direction: str) -> frozenset[int] | None:
        """Return which classes a cluster-scoped policy may let in; the rest has to get through NetworkPolicy."""
        key = (direction, id(policy))
        if key not in self._looks:
            peers = list(tier_peers([policy], direction, action=ALLOW))
            keys = [cluster_wide(peer) if peer.block is None else peer.block.addresses for peer in peers]
            found = frozenset(at for key in keys for at in self._seen.get(key, ()))
            self._looks[key] = found if all(peer.nodes is None for peer in peers) else None
        return self._looks[key]


def _turned(found: Mapping[int, frozenset[int]]) -> dict[int, list[int]]:
    """Turn "is looked at by" into "looks at"."""
    turned: dict[int, list[int]] = {}
    for at, others in found.items():
        for other in others:
            turned.setdefault(other, []).append(at)
    return turned


def _among(at: int, found: frozenset[int] | None) -> bool:
    """Return whether a class is among those looked at."""
    return found is None or at in found
