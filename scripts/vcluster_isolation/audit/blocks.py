"""What matters of ipBlocks: which real pods they cover, and how they lie to the addresses that claims speak of.

Two vClusters with ipBlocks of their own (each the address of its own database, say) are alike as long as the blocks
lie alike. `layout` is all that a verdict about addresses of the cast can depend on: for each range of addresses that
the cast tells apart, which sets of blocks have an address in it together. (The addresses that a pod of unknown
address may have are among those ranges, for all pods the same.) A block that covers the address of a real pod is
`relevant`: of it every bit counts, and it is compared as it is.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Iterator
from functools import cache, lru_cache

from vcluster_isolation.netpol.objects.model import Pod
from vcluster_isolation.netpol.sets.addresses import EVERYWHERE, FAMILIES, POD_RANGES, AddressSet
from vcluster_isolation.netpol.sets.intervals import Intervals, contains, elementary
from vcluster_isolation.vcluster import cast


class RealAddresses:
    """The addresses that pods really have; those of pods whose address is not known yet are not among them."""

    def __init__(self, pods: Iterable[Pod]) -> None:
        """Note where each family's addresses of pods begin and end."""
        known = [pod.addresses for pod in pods if pod.addresses != POD_RANGES]
        self._numbers = {
            family: sorted({edge for one in known for pair in one.of_family(family) for edge in pair})
            for family in FAMILIES
        }
        self._known: dict[AddressSet, bool] = {}

    def relevant(self, block: AddressSet) -> bool:
        """Return whether a block covers the address of a real pod."""
        if block not in self._known:
            self._known[block] = any(self._within(family, block.of_family(family)) for family in FAMILIES)
        return self._known[block]

    def _within(self, family: int, pairs: Intervals) -> bool:
        numbers = self._numbers[family]
        return any(bisect_left(numbers, first) < bisect_right(numbers, last) for first, last in pairs)


def by_family(block: AddressSet, addresses: AddressSet) -> Iterator[AddressSet]:
    """Yield the parts of a block that are of one family, and have some of these addresses."""
    for family in FAMILIES:
        part = block.only(family)
        if part & addresses:
            yield part


@lru_cache(maxsize=65536)
def layout(blocks: tuple[AddressSet, ...]) -> Hashable:
    """Return how blocks lie to each other within each range of addresses that the cast tells apart."""
    return frozenset(found for family in FAMILIES for found in _of_family(family, blocks))


def _of_family(family: int, blocks: tuple[AddressSet, ...]) -> Iterable[Hashable]:
    """Yield each combination of a range of the cast and of the blocks that have an address in it together."""
    starts, ranges = _cast(family)
    pairs = [block.of_family(family) for block in blocks]
    edges = {edge for one in pairs for first, last in one for edge in (first, last + 1)}
    for first in sorted({*starts, *edges} - {EVERYWHERE.of_family(family)[0][1] + 1}):
        at = bisect_right(starts, first) - 1
        if ranges[at]:
            yield family, ranges[at], tuple(contains(one, first) for one in pairs)


@cache
def _cast(family: int) -> tuple[list[int], list[tuple[bool, ...]]]:
    """Return where the ranges of the cast begin, ascending, and in which of its actors each range is."""
    actors = [*cast.ADDRESSES, *(actor for actor in cast.OF_THE_HOST if isinstance(actor, cast.AddressActor))]
    sets = [actor.addresses.of_family(family) for actor in actors]
    starts = [first for first, _ in elementary(EVERYWHERE.of_family(family), sets)]
    member = [tuple(contains(one, first) for one in sets) for first in starts]
    return starts, [flags if any(flags) else () for flags in member]
