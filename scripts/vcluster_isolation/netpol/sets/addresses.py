"""Sets of IP addresses of both families, and their classes.

Two addresses are in one class when every CIDR that anybody mentions holds both or neither: then no ipBlock can
tell them apart, and one stands for all. An IPv4 address is never in an IPv6 CIDR, nor the other way round.
"""

from __future__ import annotations

import ipaddress
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from vcluster_isolation.netpol.sets.intervals import (
    EMPTY,
    Intervals,
    Pair,
    difference,
    intersection,
    normalise,
    sweep,
    union,
)

FAMILIES = (4, 6)

_WRITTEN = re.compile(r"[0-9a-fA-F:.]+(/[0-9]{1,3})?")
_LEADING_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")


@dataclass(frozen=True, slots=True)
class AddressSet:
    """A set of addresses; hashable, and equal sets are equal objects.

    `|` `&` `-` are union, intersection and difference, `<=` is "subset of", truth is "not empty",
    `"10.0.0.1" in addresses` asks for one; `str()` lists the CIDRs.
    """

    v4: Intervals = EMPTY
    v6: Intervals = EMPTY

    def __or__(self, other: AddressSet) -> AddressSet:
        """Return what is in either set."""
        return AddressSet(union(self.v4, other.v4), union(self.v6, other.v6))

    def __and__(self, other: AddressSet) -> AddressSet:
        """Return what is in both sets."""
        return AddressSet(intersection(self.v4, other.v4), intersection(self.v6, other.v6))

    def __sub__(self, other: AddressSet) -> AddressSet:
        """Return what is in this set and not in the other."""
        return AddressSet(difference(self.v4, other.v4), difference(self.v6, other.v6))

    def __le__(self, other: AddressSet) -> bool:
        """Return whether everything in this set is in the other."""
        return not self - other

    def __bool__(self) -> bool:
        """Return whether there is any address in the set."""
        return bool(self.v4 or self.v6)

    def __contains__(self, address: str) -> bool:
        """Return whether an address (text; ValueError if it is none) is in the set."""
        return bool(address_set(address) <= self)

    def __str__(self) -> str:
        """Return the CIDRs, IPv4 first, joined by commas; `no address` for the empty set."""
        return ", ".join(self.cidrs()) or "no address"

    def of_family(self, family: int) -> Intervals:
        """Return the integers of one family, 4 or 6."""
        return self.v4 if family == FAMILIES[0] else self.v6

    def families(self) -> tuple[int, ...]:
        """Return the families that have an address in the set."""
        return tuple(family for family in FAMILIES if self.of_family(family))

    def only(self, family: int) -> AddressSet:
        """Return the part of one family."""
        return AddressSet(v4=self.v4) if family == FAMILIES[0] else AddressSet(v6=self.v6)

    def example(self) -> str:
        """Return the lowest address of a set that is not empty, IPv4 before IPv6."""
        number = (self.v4 or self.v6)[0][0]
        return str(ipaddress.IPv4Address(number) if self.v4 else ipaddress.IPv6Address(number))

    def cidrs(self) -> list[str]:
        """Return the fewest CIDRs that make up the set, ascending, IPv4 first."""
        return [cidr(one) for family in self.families() for one in networks(self.of_family(family), family)]


Network = tuple[int, int, int]
"""A CIDR in numbers: the family, the first address, and the length of the prefix."""

BITS: Final = {4: 32, 6: 128}


def networks(pairs: Intervals, family: int) -> list[Network]:
    """Return the fewest CIDRs that make up addresses of one family, ascending."""
    found: list[Network] = []
    for start, last in pairs:
        first = start
        while first <= last:
            free = min((first & -first or 1 << BITS[family]).bit_length(), (last - first + 1).bit_length()) - 1
            found.append((family, first, BITS[family] - free))
            first += 1 << free
    return found


def cidr(network: Network) -> str:
    """Return a CIDR as text."""
    family, first, prefix = network
    kind = ipaddress.IPv4Address if family == FAMILIES[0] else ipaddress.IPv6Address
    return f"{kind(first)}/{prefix}"


@lru_cache(maxsize=65536)
def parse_cidr(text: str) -> AddressSet:
    """Return the addresses of a CIDR, or of a single address.

    As lenient as the API server was before 1.36, because its old objects are still in clusters: host bits
    below the prefix and leading zeros (decimal) are let through. Raises ValueError for anything else, and for
    an IPv4 address written as IPv6 (`::ffff:10.0.0.0/104`), which network plugins read in different ways.
    """
    if not _WRITTEN.fullmatch(text):
        raise ValueError(f"{text!r} is neither a CIDR nor an address")
    net = ipaddress.ip_network(text if ":" in text else _LEADING_ZEROS.sub("", text), strict=False)
    if isinstance(net, ipaddress.IPv6Network) and net.network_address.ipv4_mapped:
        raise ValueError(f"{text!r} is an IPv4 address written as IPv6")
    pair = (int(net.network_address), int(net.broadcast_address))
    return AddressSet(v4=(pair,)) if net.version == FAMILIES[0] else AddressSet(v6=(pair,))


def union_of(sets: Iterable[AddressSet]) -> AddressSet:
    """Return what is in any of the sets."""
    found = list(sets)
    four = normalise(pair for one in found for pair in one.v4)
    return AddressSet(four, normalise(pair for one in found for pair in one.v6))


def address_set(*cidrs: str) -> AddressSet:
    """Return the union of CIDRs and single addresses; ValueError names the first that is neither."""
    return union_of(map(parse_cidr, cidrs))


EVERYWHERE = address_set("0.0.0.0/0", "::/0")

POD_RANGES = address_set("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""Where a pod of unknown address is taken to be: RFC 1918, RFC 6598 and RFC 4193. Clusters that give pods public
addresses exist; for them, pass the real ranges wherever a function takes `addresses`."""


class AddressIndex:
    """Which of many sets hold which addresses, by one sweep over all their edges; a set goes by its place, as a bit."""

    def __init__(self, sets: Iterable[AddressSet]) -> None:
        """Note where the sets begin and end: between two such edges all addresses are in the same sets."""
        listed = list(sets)
        self._swept = {family: sweep(one.of_family(family) for one in listed) for family in FAMILIES}

    def pieces(self, space: AddressSet, family: int) -> Iterator[tuple[Pair, int]]:
        """Yield `space` of one family, cut at every edge, lowest first, each with the bits of the sets that hold it."""
        edges, masks = self._swept[family]
        for start, last in space.of_family(family):
            first, at = start, bisect_right(edges, start)
            while at < len(edges) and edges[at] <= last:
                yield (first, edges[at] - 1), masks[at]
                first, at = edges[at], at + 1
            yield (first, last), masks[at]

    def classes(self, space: AddressSet, family: int) -> dict[int, AddressSet]:
        """Return the parts of `space` of one family by the bits of the sets that hold them, lowest address first."""
        parts: dict[int, list[Pair]] = {}
        for piece, mask in self.pieces(space, family):
            parts.setdefault(mask, []).append(piece)
        return {mask: _of_family(normalise(pieces), family) for mask, pieces in parts.items()}

    def touching(self, space: AddressSet) -> Iterator[int]:
        """Yield the places of the sets that have an address in common with `space`, ascending."""
        found = 0
        for family in space.families():
            for _, mask in self.pieces(space, family):
                found |= mask
        return bits(found)


def bits(mask: int) -> Iterator[int]:
    """Yield the places of the bits that are set, ascending."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _of_family(pairs: Intervals, family: int) -> AddressSet:
    """Return addresses of one family."""
    return AddressSet(v4=pairs) if family == FAMILIES[0] else AddressSet(v6=pairs)
