"""All addresses, split as far as the cast and the policies tell them apart, and what each part is called.

Each part lies in one range of the cast, and no ipBlock holds only some of it: two matrices over the same blocks have
the same parts. What to call a part depends on its range alone: the CIDRs that it is, or the range without other CIDRs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Final

from vcluster_isolation.connectivity.matrix import MatrixActor
from vcluster_isolation.netpol.sets.addresses import (
    BITS,
    FAMILIES,
    AddressIndex,
    AddressSet,
    Network,
    cidr,
    networks,
    union_of,
)
from vcluster_isolation.netpol.sets.intervals import Intervals, meets
from vcluster_isolation.vcluster import cast
from vcluster_isolation.vcluster.cast import AddressActor

ANY_ADDRESS: Final = "any address"
SPECIAL: Final = "special"

_GROUPS: Final = (
    ("internet", cast.INTERNET),
    ("private", cast.PRIVATE_ADDRESSES),
    (SPECIAL, cast.SPECIAL_ADDRESSES),
    ("metadata", cast.METADATA_ADDRESSES),
)


def ranges(blocks: Sequence[AddressSet]) -> list[MatrixActor]:
    """Return every part as an actor, in the order of the cast; together they are all addresses there are."""
    index = AddressIndex(blocks)
    return [part for base in _base() for part in _parts(base, index)]


@cache
def _base() -> tuple[MatrixActor, ...]:
    return tuple(_ranges_of_the_cast())


def _ranges_of_the_cast() -> Iterator[MatrixActor]:
    """Yield the ranges of the cast, each without those inside of it; of two with the same addresses, metadata."""
    metadata = {one.addresses for one in cast.METADATA_ADDRESSES}
    for group, members in _GROUPS:
        for member in members:
            inside = [other.addresses for other in cast.ADDRESSES if other.addresses <= member.addresses]
            narrower = [other for other in inside if other != member.addresses]
            if group == "metadata" or member.addresses not in metadata:
                yield _actor(member, member.addresses - union_of(narrower), group)
    yield _actor(cast.RESERVED, cast.RESERVED.addresses, "unassigned")


def _actor(one: AddressActor, addresses: AddressSet, group: str) -> MatrixActor:
    """Return a range with the groups that it belongs to."""
    family = addresses.families()[0]
    above = (ANY_ADDRESS, f"any IPv{family} address", f"{group}-ipv{family}", one.name)
    return MatrixActor(one.name, one.about, addresses=addresses, part_of=tuple(dict.fromkeys(above)))


def _parts(base: MatrixActor, blocks: AddressIndex) -> Iterator[MatrixActor]:
    """Yield the parts of a range that the blocks tell apart."""
    for part in (part for family in FAMILIES for part in blocks.classes(base.addresses, family).values()):
        name = words(part, base.name, base.addresses)
        yield MatrixActor(name, base.about, addresses=part, part_of=base.part_of)


def words(part: AddressSet, name: str, whole: AddressSet) -> str:
    """Return what a part of the range called `name` is called: the first of the shortest ways to say it.

    `10.1.0.0/16`, `private 10.0.0.0/8 without 10.1.0.0/16`, `internet-ipv4 in 32.0.0.0/3`, or both.
    """
    rest = whole - part
    if not rest:
        return name
    family = part.families()[0]
    inside, outside = part.of_family(family), rest.of_family(family)
    ways = (
        (networks(inside, family), ""),
        (networks(outside, family), f"{name} without "),
        (_cover(inside, outside, family), f"{name} in "),
        (_cover(outside, inside, family), f"{name} without "),
    )
    found, prefix = min(ways, key=lambda way: len(way[0]))
    return prefix + ", ".join(map(cidr, found))


def _cover(inside: Intervals, outside: Intervals, family: int) -> list[Network]:
    """Return few CIDRs that have all of one set in them and nothing of the other: the largest that there are."""
    found: list[Network] = []
    waiting = [(0, 0)]
    while waiting:
        first, prefix = waiting.pop()
        size = 1 << BITS[family] - prefix
        if not meets(inside, first, first + size - 1):
            continue
        if not meets(outside, first, first + size - 1):
            found.append((family, first, prefix))
        else:
            waiting += ((first + size // 2, prefix + 1), (first, prefix + 1))
    return found


def blocks_of(peers: Iterable[AddressSet]) -> list[AddressSet]:
    """Return sets of addresses, each once, in an order that does not depend on theirs."""
    return sorted(set(peers), key=lambda one: (one.v4, one.v6))
