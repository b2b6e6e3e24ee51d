"""Finding the few selectors that can match some labels among many, without asking each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Generic, TypeVar

from vcluster_isolation.netpol.objects.model import EXISTS, IN, Labels, Selector

Item = TypeVar("Item")


class SelectorIndex(Generic[Item]):
    """Items under the selectors that they hang on, filed by a label that each selector cannot do without.

    A selector with matchLabels is filed under the rarest of its labels, one with In under each of the values, one
    with Exists under the key, and one without any of them (it may match an object without labels) is asked always.
    """

    def __init__(self, items: Iterable[tuple[Selector, Item]]) -> None:
        """File each item under its selector."""
        self._listed = list(items)
        often = Counter(chain.from_iterable(selector.equal for selector, _ in self._listed))
        self._under: dict[tuple[str, str] | str, list[tuple[int, Item]]] = {}
        self._always: list[tuple[int, Item]] = []
        for at, (selector, item) in enumerate(self._listed):
            places = _places(selector, often)
            for place in places:
                self._under.setdefault(place, []).append((at, item))
            if not places:
                self._always.append((at, item))

    def all(self) -> Iterator[Item]:
        """Yield every item, in the order they came in."""
        return (item for _, item in self._listed)

    def candidates(self, labels: Labels) -> Iterator[Item]:
        """Yield, in the order they came in, every item whose selector matches, and perhaps some others."""
        found = list(self._always)
        for label in labels:
            found += self._under.get(label, ())
            found += self._under.get(label[0], ())
        return (item for _, item in sorted(found, key=_position))


def _position(filed: tuple[int, Item]) -> int:
    """Return when an item came in."""
    return filed[0]


def _places(selector: Selector, often: Counter[tuple[str, str]]) -> list[tuple[str, str] | str]:
    """Return under what a selector is filed: labels of which an object has at most one, or a key, or nothing."""
    if selector.equal:
        return [min(selector.equal, key=lambda label: (often[label], label))]
    for one in selector.others:
        if one.operator == IN:
            return [(one.key, value) for value in one.values]
    return next(([requirement.key] for requirement in selector.others if requirement.operator == EXISTS), [])
