"""All addresses, split as far as the cast and the policies tell them apart, and what each part is called.

Each part lies in one range of the cast, and no ipBlock holds only some of it: two matrices over the same blocks have
the same parts. What to call a part depends on its range alone: the CIDRs that it is, or the range without other CIDRs.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Final

from vcluster_isolation.proof import cast
from vcluster_isolation.proof.cast import AddressActor
from vcluster_isolation.proof.matrix import Actor
from vcluster_isolation.reach.addresses import FAMILIES, AddressSet, address_classes, address_set, union_of

ANY_ADDRESS: Final = "any address"
SPECIAL: Final = "special"

_GROUPS: Final = (
    ("internet", cast.INTERNET),
    ("private", cast.PRIVATE_ADDRESSES),
    (SPECIAL, cast.SPECIAL_ADDRESSES),
    ("metadata", cast.METADATA_ADDRESSES),
)


def ranges(blocks: Sequence[AddressSet]) -> list[Actor]:
    """Return every part as an actor, in the order of the cast; together they are all addresses there are."""
    return [part for base in _base() for part in _parts(base, blocks)]


@cache
def _base() -> tuple[Actor, ...]:
    return tuple(_ranges_of_the_cast())


def _ranges_of_the_cast() -> Iterator[Actor]:
    """Yield the ranges of the cast, each without those inside of it; of two with the same addresses, metadata."""
    metadata = {one.addresses for one in cast.METADATA_ADDRESSES}
    for group, members in _GROUPS:
        for one in members:
            inside = [other.addresses for other in cast.ADDRESSES if other.addresses <= one.addresses]
            narrower = [other for other in inside if other != one.addresses]
            if group == "metadata" or one.addresses not in metadata:
                yield _actor(one, one.addresses - union_of(narrower), group)
    yield _actor(cast.RESERVED, cast.RESERVED.addresses, "unassigned")


def _actor(one: AddressActor, addresses: AddressSet, group: str) -> Actor:
    """Return a range with the groups that it belongs to."""
    family = addresses.families()[0]
    above = (ANY_ADDRESS, f"any IPv{family} address", f"{group}-ipv{family}", one.name)
    return Actor(one.name, one.about, addresses=addresses, part_of=tuple(dict.fromkeys(above)))


def _parts(base: Actor, blocks: Sequence[AddressSet]) -> Iterator[Actor]:
    """Yield the parts of a range that the blocks tell apart."""
    for part in address_classes(base.addresses, blocks):
        name = words(part, base.name, base.addresses)
        yield Actor(name, base.about, addresses=part, part_of=base.part_of)


def words(part: AddressSet, name: str, whole: AddressSet) -> str:
    """Return what a part of the range called `name` is called: the first of the shortest ways to say it.

    `10.1.0.0/16`, `private 10.0.0.0/8 without 10.1.0.0/16`, `internet-ipv4 in 32.0.0.0/3`, or both.
    """
    rest = whole - part
    if not rest:
        return name
    ways = (
        (part.cidrs(), ""),
        (rest.cidrs(), f"{name} without "),
        (_cover(part, rest), f"{name} in "),
        (_cover(rest, part), f"{name} without "),
    )
    cidrs, prefix = min(ways, key=lambda way: len(way[0]))
    return prefix + ", ".join(cidrs)


def _cover(inside: AddressSet, outside: AddressSet) -> list[str]:
    """Return few CIDRs that have all of one set in them and nothing of the other."""
    family = inside.families()[0]
    everything = ipaddress.ip_network("0.0.0.0/0" if family == FAMILIES[0] else "::/0")
    return [str(network) for network in _networks(everything, inside, outside)]


def _networks(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network, inside: AddressSet, outside: AddressSet
) -> Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Yield the largest networks below this one that have something of `inside`, and nothing of `outside`."""
    here = address_set(str(network))
    if not inside & here:
        return
    if not outside & here:
        yield network
        return
    for half in network.subnets():
        yield from _networks(half, inside, outside)


def blocks_of(peers: Iterable[AddressSet]) -> list[AddressSet]:
    """Return sets of addresses, each once, in an order that does not depend on theirs."""
    return sorted(set(peers), key=lambda one: (one.v4, one.v6))
