"""The two sides of a flow, and what passes both: the sums and products of the evaluator (see `evaluate.py`)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from vcluster_isolation.netpol.engine.match import is_node
from vcluster_isolation.netpol.engine.rulebook import RuleBook
from vcluster_isolation.netpol.engine.tier_sides import Tiers
from vcluster_isolation.netpol.objects.model import EGRESS, INGRESS, Endpoint, External, Pod
from vcluster_isolation.netpol.objects.tiers import TierPolicy, tier_rules
from vcluster_isolation.netpol.objects.verdict import (
    DOMAIN_NAMES,
    HOST_NETWORK,
    IP_BLOCK,
    LOOPBACK,
    NAMED_PORT,
    OWN_NODE,
    POD_ADDRESS,
    UNKNOWN_DOMAINS,
    Asked,
    Grant,
    Mode,
    Reading,
    Side,
)
from vcluster_isolation.netpol.sets.addresses import FAMILIES, AddressIndex, AddressSet, bits
from vcluster_isolation.netpol.sets.ports import ALL, NONE, PortSet, union_of

_MOST: Final = 200_000
"""So many grants are kept: some tens of megabytes."""

Ends = tuple[Endpoint, Endpoint]

Ruling = tuple[RuleBook, tuple[TierPolicy, ...]]
"""What decides on one side: the rules of the NetworkPolicies that isolate the end, and the tiers that govern it."""


class Sides:
    """Works out the sides of flows, each of them once for all pods that the same policies isolate.

    What it depends on is which policies isolate the end, what the other end is, and the named ports of the destination
    where rules name any.
    """

    def __init__(self) -> None:
        """Know nothing so far."""
        self._known: dict[Hashable, Side] = {}
        self._grants = 0
        self._tiers = Tiers()

    def read(self, hosts_are: str, rulings: tuple[Ruling, Ruling], seen: Ends, real: Ends, asked: Asked) -> Reading:
        """Evaluate both sides of the ends as a plugin has `seen` them, and what gets through both."""
        egress = self._side(EGRESS, rulings[0], seen, asked)
        ingress = self._side(INGRESS, rulings[1], seen, asked)
        return Reading(hosts_are, egress, ingress, _both(egress, ingress, real, asked.mode))

    def _side(self, direction: str, ruling: Ruling, ends: Ends, asked: Asked) -> Side:
        """Return what one end's policies let through in a direction."""
        source, destination = ends
        end, other = (source, destination) if direction == EGRESS else (destination, source)
        book, tiers = ruling
        if not book.policies and not tiers:
            return _OPEN[direction, isinstance(end, Pod)]
        named = book.named or (tiers and any(rule.named for rule in tier_rules(tiers, direction)))
        ports = _ports(destination) if named else None
        key = (id(book), *map(id, tiers), asked.mode is Mode.MAY, asked.each_address, _kind(other), ports)
        known = self._known.get(key)
        if known is None:
            known = self._keep(key, self._worked_out(direction, ruling, ends, asked))
        return known

    def _worked_out(self, direction: str, ruling: Ruling, ends: Ends, asked: Asked) -> Side:
        """Return what the policies of an isolated or governed end let through in a direction."""
        book, tiers = ruling
        source, destination = ends
        other = destination if direction == EGRESS else source
        given = tuple(book.grants(other, destination, asked.mode))
        if tiers:
            side = self._tiers.side(direction, (book.policies, tiers), given, ends, asked)
            return replace(side, doubtful=_doubtful(side.grants, other))
        four, six = FAMILIES
        allowed = _through(given, other.addresses, four, asked), _through(given, other.addresses, six, asked)
        return Side(
            direction,
            governed=True,
            policies=book.policies,
            grants=given,
            allowed=allowed,
            doubtful=_doubtful(given, other),
        )

    def _keep(self, key: Hashable, side: Side) -> Side:
        """Note a side; forget all of them when they have become too many."""
        if self._grants > _MOST:
            self._known.clear()
            self._grants = 0
        self._known[key] = side
        self._grants += 1 + len(side.grants)
        return side


_OPEN: Final = {
    (direction, governed): Side(direction, governed, (), (), (ALL, ALL), by_default=ALL)
    for direction in (EGRESS, INGRESS)
    for governed in (True, False)
}
"""Sides of ends that no policy isolates: a pod, and what is no pod."""


def _kind(other: Endpoint) -> Hashable:
    """Return what a side sees of the other end: not its name."""
    if isinstance(other, Pod):
        return other.namespace, other.labels, other.addresses, other.host_network
    return other.addresses, other.node


def _ports(destination: Endpoint) -> Hashable:
    """Return what the named ports of rules depend on."""
    return destination.ports if isinstance(destination, Pod) else ()


def _doubtful(given: Sequence[Grant], other: Endpoint) -> tuple[tuple[str, PortSet], ...]:
    """Return the ports that a side lets through with a caveat, each after its caveat."""
    by_address: Sequence[Grant] = ()
    if isinstance(other, Pod) and not other.host_network:
        by_address = [grant for grant in given if grant.via == IP_BLOCK]
    domains = [grant for grant in given if grant.via == DOMAIN_NAMES]
    guessed = [grant for grant in given if grant.guessed]
    found = ((POD_ADDRESS, by_address), (UNKNOWN_DOMAINS, domains), (NAMED_PORT, guessed))
    return tuple((caveat, union_of(grant.ports for grant in grants)) for caveat, grants in found if grants)


def _through(given: Iterable[Grant], addresses: AddressSet, family: int, asked: Asked) -> PortSet:
    """Return the ports granted for some or for each of the other end's addresses of one family."""
    if not addresses.of_family(family):
        return NONE
    here = [grant for grant in given if grant.addresses.of_family(family)]
    if not asked.each_address:
        return union_of(grant.ports for grant in here)
    whole = union_of(grant.ports for grant in here if grant.addresses is addresses)
    parts = [grant for grant in here if grant.addresses is not addresses]
    if not parts:
        return whole
    total = ALL
    for mask in AddressIndex(grant.addresses for grant in parts).classes(addresses, family):
        total &= whole | union_of(parts[at].ports for at in bits(mask))
        if total == whole:  # it cannot become less
            break
    return total


def _both(egress: Side, ingress: Side, ends: Ends, mode: Mode) -> PortSet:
    """Return what passes both sides over one family: any family (MAY), or each that is needed (MUST).

    Needed is each family in which both ends have addresses, and each in which an `External` end has some.
    """
    through = {family: out & into for family, out, into in zip(FAMILIES, egress.allowed, ingress.allowed, strict=True)}
    common = [family for family in ends[0].addresses.families() if ends[1].addresses.of_family(family)]
    if mode is Mode.MAY:
        return union_of([through[family] for family in common])
    needed = set(common).union(*(end.addresses.families() for end in ends if isinstance(end, External)))
    total = ALL if needed else NONE
    for family in needed:
        total &= through[family] if family in common else NONE
    return total


def shortcut_of(ends: Ends, mode: Mode, *, same_node: bool) -> tuple[PortSet, str]:
    """Return what gets through whatever the policies say, and why; no ports and no text when they decide."""
    source, destination = ends
    if isinstance(source, Pod) and source.name and source == destination:
        return ALL, LOOPBACK
    return (ALL, OWN_NODE) if same_node and mode is Mode.MAY else (NONE, "")


def caveats_of_ends(ends: Ends) -> frozenset[str]:
    """Return the caveats that come with the ends."""
    found = set()
    if any(map(is_node, ends)):
        found.add(OWN_NODE)
    if any(isinstance(end, Pod) and end.host_network for end in ends):
        found.add(HOST_NETWORK)
    return frozenset(found)


def caveats_of_grants(readings: Iterable[Reading], allowed: PortSet) -> frozenset[str]:
    """Return the caveats that come with the tiers, and with the grants that let something through."""
    found: set[str] = set()
    for reading in readings:
        for side in (reading.egress, reading.ingress):
            found |= side.caveats
            found.update(caveat for caveat, ports in side.doubtful if ports & allowed)
    return frozenset(found)
