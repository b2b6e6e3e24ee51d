"""Sets of integers as sorted, disjoint, never touching inclusive intervals: the algebra under ports and addresses.

Every function takes and returns normalised tuples (see `normalise`), so that equal sets are equal tuples.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from operator import xor

Pair = tuple[int, int]
Intervals = tuple[Pair, ...]
"""Inclusive `(first, last)` pairs; ascending, with at least one missing number between two of them."""

EMPTY: Intervals = ()


def normalise(pairs: Iterable[Pair]) -> Intervals:
    """Return the set that `pairs` (any order, overlaps allowed) cover; a pair with first > last is empty."""
    merged: list[Pair] = []
    for first, last in sorted(pair for pair in pairs if pair[0] <= pair[1]):
        if merged and first <= merged[-1][1] + 1:
            if last > merged[-1][1]:
                merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return tuple(merged)


def union(left: Intervals, right: Intervals) -> Intervals:
    """Return what is in either set."""
    if left == right or not right:
        return left
    return normalise((*left, *right)) if left else right


def intersection(left: Intervals, right: Intervals) -> Intervals:
    """Return what is in both sets."""
    if left == right:
        return left
    found: list[Pair] = []
    i = j = 0
    while i < len(left) and j < len(right):
        first, last = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if first <= last:
            found.append((first, last))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def difference(left: Intervals, right: Intervals) -> Intervals:
    """Return what is in `left` and not in `right`."""
    rest: list[Pair] = []
    j = 0
    for first, last in left:
        start = first
        while j < len(right) and right[j][1] < start:
            j += 1
        k = j
        while k < len(right) and right[k][0] <= last:
            if right[k][0] > start:
                rest.append((start, right[k][0] - 1))
            start = right[k][1] + 1
            k += 1
        if start <= last:
            rest.append((start, last))
    return tuple(rest)


def contains(intervals: Intervals, number: int) -> bool:
    """Return whether `number` is in the set."""
    at = bisect_right(intervals, number, key=_first) - 1
    return at >= 0 and number <= intervals[at][1]


def meets(intervals: Intervals, first: int, last: int) -> bool:
    """Return whether any number from `first` to `last` is in the set."""
    at = bisect_right(intervals, last, key=_first) - 1
    return at >= 0 and intervals[at][1] >= first


def elementary(space: Intervals, sets: Iterable[Intervals]) -> Intervals:
    """Cut `space` at every edge of `sets`: no set begins or ends inside a returned pair.

    The pairs are ascending and may touch: they are pieces, not a normalised set.
    """
    cuts = {edge for pairs in sets for first, last in pairs for edge in (first, last + 1)}
    edges = sorted(cuts)
    return tuple(piece for pair in space for piece in _cut(pair, edges))


def sweep(sets: Iterable[Intervals]) -> tuple[list[int], list[int]]:
    """Return where any of many sets begins or ends, ascending, and which sets hold the numbers between two such edges.

    A set goes by its place, as a bit: the second list has one item more than the first, the one at `i` is of the
    numbers from the edge before `i` up to the edge at `i`. One pass over the sorted edges, each of which turns the bits
    of the sets that begin or end there.
    """
    turns: dict[int, int] = {}
    for at, pairs in enumerate(sets):
        bit = 1 << at
        for first, last in pairs:
            turns[first] = turns.get(first, 0) ^ bit
            turns[last + 1] = turns.get(last + 1, 0) ^ bit
    edges = sorted(turns)
    return edges, list(accumulate((turns[edge] for edge in edges), xor, initial=0))


def _cut(pair: Pair, edges: Sequence[int]) -> Iterable[Pair]:
    """Cut one pair at the `edges` (sorted) that lie inside it."""
    start, last = pair
    for at in range(bisect_right(edges, start), len(edges)):
        if edges[at] > last:
            break
        yield start, edges[at] - 1
        start = edges[at]
    yield start, last


def _first(pair: Pair) -> int:
    """Return where a pair begins."""
    return pair[0]
