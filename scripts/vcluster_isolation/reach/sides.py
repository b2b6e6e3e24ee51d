"""The two sides of a flow, and what passes both: the sums and products of the evaluator (see `evaluate.py`)."""

from __future__ import annotations

from collections.abc import Iterable

from vcluster_isolation.reach.addresses import FAMILIES, AddressSet, address_classes
from vcluster_isolation.reach.match import grants, is_node
from vcluster_isolation.reach.model import EGRESS, INGRESS, Endpoint, External, Pod
from vcluster_isolation.reach.ports import ALL, NONE, PortSet, union_of
from vcluster_isolation.reach.tier_sides import Ruling, tiered
from vcluster_isolation.reach.verdict import (
    DOMAIN_NAMES,
    HOST_NETWORK,
    IP_BLOCK,
    LOOPBACK,
    NAMED_PORT,
    OWN_NODE,
    POD_ADDRESS,
    UNKNOWN_DOMAINS,
    Grant,
    Mode,
    Reading,
    Side,
)

Ends = tuple[Endpoint, Endpoint]


def read(hosts_are: str, rulings: tuple[Ruling, Ruling], seen: Ends, real: Ends, mode: Mode) -> Reading:
    """Evaluate both sides of the ends as a plugin has `seen` them, and what gets through both."""
    egress = _side(EGRESS, rulings[0], seen, mode)
    ingress = _side(INGRESS, rulings[1], seen, mode)
    return Reading(hosts_are, egress, ingress, _both(egress, ingress, real, mode))


def _side(direction: str, ruling: Ruling, ends: Ends, mode: Mode) -> Side:
    """Return what one end's policies let through in a direction."""
    policies, tiers = ruling
    source, destination = ends
    end, other = (source, destination) if direction == EGRESS else (destination, source)
    governed = isinstance(end, Pod)
    if not policies and not tiers:
        return Side(direction, governed, (), (), (ALL, ALL), by_default=ALL)
    given = tuple(
        grant
        for policy in policies
        for rule in policy.rules(direction)
        for grant in grants(rule, other, destination, mode)
    )
    if tiers:
        return tiered(direction, ruling, given, ends, mode)
    four, six = FAMILIES
    allowed = (_through(given, other.addresses, four, mode), _through(given, other.addresses, six, mode))
    return Side(direction, governed, policies, given, allowed)


def _through(given: Iterable[Grant], addresses: AddressSet, family: int, mode: Mode) -> PortSet:
    """Return the ports granted for some (MAY) or for each (MUST) of the other end's addresses of one family."""
    if not addresses.of_family(family):
        return NONE
    here = [grant for grant in given if grant.addresses.of_family(family)]
    if mode is Mode.MAY or all(grant.addresses is addresses for grant in here):
        return union_of([grant.ports for grant in here])
    total = ALL
    for part in address_classes(addresses.only(family), [grant.addresses for grant in here]):
        total &= union_of(grant.ports for grant in here if part <= grant.addresses)
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


def caveats_of_grants(readings: Iterable[Reading], ends: Ends, allowed: PortSet) -> frozenset[str]:
    """Return the caveats that come with the tiers, and with the grants that let something through."""
    found: set[str] = set()
    for reading in readings:
        for side, other in ((reading.egress, ends[1]), (reading.ingress, ends[0])):
            found |= side.caveats
            for grant in side.granting(allowed):
                if grant.via == IP_BLOCK and isinstance(other, Pod) and not other.host_network:
                    found.add(POD_ADDRESS)
                if grant.via == DOMAIN_NAMES:
                    found.add(UNKNOWN_DOMAINS)
                if grant.guessed:
                    found.add(NAMED_PORT)
    return frozenset(found)
