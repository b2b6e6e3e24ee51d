"""Sets of ports: for each of TCP, UDP and SCTP, which of the numbers 1 to 65535.

Source: NetworkPolicyPort of the networking.k8s.io/v1 API reference; protocols other than these three (ICMP for
one) are outside what NetworkPolicy decides, and outside this set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from vcluster_isolation.netpol.sets.intervals import (
    EMPTY,
    Intervals,
    contains,
    difference,
    elementary,
    intersection,
    normalise,
    union,
)

PROTOCOLS = ("TCP", "UDP", "SCTP")
LOWEST, HIGHEST = 1, 65535
EVERY: Intervals = ((LOWEST, HIGHEST),)

_FEW = 4
"""So many sets are put together one after another."""

_ITEM = re.compile(r"(?P<protocols>[A-Z+]+) (?:(?P<first>\d+)(?:-(?P<last>\d+))?|(?P<every>all ports))")


@dataclass(frozen=True, slots=True)
class PortSet:
    """A set of (protocol, port); hashable, and equal sets are equal objects.

    `|` `&` `-` are union, intersection and difference, `<=` is "subset of", truth is "not empty",
    `("TCP", 8443) in ports` asks for one; `str()` is the text of a report (see `__str__`).
    """

    tcp: Intervals = EMPTY
    udp: Intervals = EMPTY
    sctp: Intervals = EMPTY

    def __or__(self, other: PortSet) -> PortSet:
        """Return what is in either set."""
        if other is self or other is NONE or self is ALL:
            return self
        if self is NONE or other is ALL:
            return other
        return PortSet(union(self.tcp, other.tcp), union(self.udp, other.udp), union(self.sctp, other.sctp))

    def __and__(self, other: PortSet) -> PortSet:
        """Return what is in both sets."""
        if other is self or other is ALL:
            return self
        if self is ALL:
            return other
        return PortSet(*map(intersection, self.each(), other.each()))

    def __sub__(self, other: PortSet) -> PortSet:
        """Return what is in this set and not in the other."""
        return PortSet(*map(difference, self.each(), other.each()))

    def __le__(self, other: PortSet) -> bool:
        """Return whether everything in this set is in the other."""
        return not self - other

    def __bool__(self) -> bool:
        """Return whether there is any port in the set."""
        return bool(self.tcp or self.udp or self.sctp)

    def __contains__(self, item: tuple[str, int]) -> bool:
        """Return whether a `(protocol, port)` is in the set."""
        return contains(self.of_protocol(item[0]), item[1])

    def __str__(self) -> str:
        """Return `TCP 443, TCP 8000-8080, TCP+UDP 1053`, `UDP all ports`, `all ports` or `no ports`.

        Items with the same protocols stand together, lowest port first. `parse_ports` reads it back.
        """
        if self == ALL:
            return "all ports"
        return ", ".join(self._items()) or "no ports"

    def each(self) -> tuple[Intervals, Intervals, Intervals]:
        """Return the numbers of TCP, UDP and SCTP, in this order."""
        return self.tcp, self.udp, self.sctp

    def of_protocol(self, protocol: str) -> Intervals:
        """Return the numbers of one protocol (`TCP`, `UDP` or `SCTP`; ValueError for another)."""
        return self.each()[PROTOCOLS.index(protocol)]

    def example(self) -> tuple[str, int]:
        """Return the first (protocol, port) of a set that is not empty."""
        return next((name, pairs[0][0]) for name, pairs in zip(PROTOCOLS, self.each(), strict=True) if pairs)

    def _items(self) -> list[str]:
        """Return one text for each group of protocols and run of ports."""
        runs: dict[tuple[str, ...], list[tuple[int, int]]] = {}
        for piece in elementary(EVERY, self.each()):
            pairs = zip(PROTOCOLS, self.each(), strict=True)
            names = tuple(name for name, have in pairs if contains(have, piece[0]))
            if names:
                runs.setdefault(names, []).append(piece)
        order = sorted(runs, key=lambda names: [PROTOCOLS.index(name) for name in names])
        return [f"{'+'.join(names)} {_run(pair)}" for names in order for pair in normalise(runs[names])]


NONE = PortSet()
ALL = PortSet(EVERY, EVERY, EVERY)


@lru_cache(maxsize=4096)
def port_range(protocol: str, first: int, last: int | None = None) -> PortSet:
    """Return the ports `first` to `last` (or only `first`) of a protocol; ValueError for an unknown one."""
    pairs = [EMPTY, EMPTY, EMPTY]
    pairs[PROTOCOLS.index(protocol)] = normalise([(first, first if last is None else last)])
    return PortSet(*pairs)


def every_port(protocol: str) -> PortSet:
    """Return all ports of one protocol."""
    return port_range(protocol, LOWEST, HIGHEST)


def union_of(sets: Iterable[PortSet]) -> PortSet:
    """Return what is in any of the sets; of many in one pass."""
    found = list(sets)
    if len(found) > _FEW:
        found = list({id(one): one for one in found}.values())
    if len(found) > _FEW:
        return PortSet(*(normalise(chain.from_iterable(some)) for some in zip(*map(PortSet.each, found), strict=True)))
    total = NONE
    for one in found:
        total |= one
    return total


def parse_ports(text: str) -> PortSet:
    """Read the text form back, `TCP 443, TCP+UDP 1053`; ValueError says which part is not of that form."""
    if text in ("all ports", "no ports"):
        return ALL if text == "all ports" else NONE
    return union_of(map(_parse_item, text.split(", ")))


def _parse_item(item: str) -> PortSet:
    """Read one item of the text form."""
    found = _ITEM.fullmatch(item)
    names = found["protocols"].split("+") if found else []
    if not found or not set(names) <= set(PROTOCOLS):
        raise ValueError(f"{item!r} is not a list of ports; write them as in 'TCP 443, TCP+UDP 1053, UDP all ports'")
    first, last = int(found["first"] or LOWEST), int(found["last"] or found["first"] or HIGHEST)
    if not LOWEST <= first <= last <= HIGHEST:
        raise ValueError(f"{item!r} is not within the ports {LOWEST} to {HIGHEST}")
    return union_of(port_range(name, first, last) for name in names)


def _run(pair: tuple[int, int]) -> str:
    """Return one run of ports as text."""
    if pair == EVERY[0]:
        return "all ports"
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}-{pair[1]}"
