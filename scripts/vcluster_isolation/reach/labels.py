"""Unknown labels, quantified: every way in which any label set can look to a list of selectors.

Whoever chooses a pod's labels can choose among infinitely many sets, but a selector only asks, key by key, for
single values and for absence. So for each key the values that some selector mentions, "some other value" and
"absent" are all the answers there are, and two label sets with the same answers are the same to every selector.

A *signature* says which selectors match, one bit each. `label_classes` returns exactly the signatures that some
permitted label set has. The argument:

1. A selector is a conjunction of requirements, and each requirement looks at one key. So a selector matches iff
   for each key, all its requirements on that key hold: signature = AND over the keys of the masks of the keys,
   where the mask of a key has the bit of every selector whose requirements on *that* key hold (a selector that
   does not look at the key has its bit set).
2. The mask of a key depends only on the key's value, and is the same for all values that nobody mentions. So
   the mentioned values, one other value and absence, as far as the key's domain permits each, give all masks of
   the key; and each is given by a value that the domain permits.
3. Keys are chosen independently of each other (a domain restricts one key). So the set of signatures is the set
   of all ANDs with one mask from each key: adding one key after another, and keeping each distinct partial
   signature once, reaches all of them and nothing else.
4. For each partial signature one assignment with the fewest labels is kept (on a tie always the same one). What
   later keys add depends on the partial signature alone, so this gives a smallest witness of each signature.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from vcluster_isolation.errors import IsolationError
from vcluster_isolation.reach.model import IN, NO_LABELS, NOT_IN, Labels, Selector

LIMIT = 65536
"""More classes than this are refused: 17 selectors that are independent of each other."""

Witness = tuple[tuple[str, str], ...]


class TooManyClasses(IsolationError):
    """The selectors can be matched in more ways than anyone can go through: nothing was proved."""


@dataclass(frozen=True, slots=True)
class Domain:
    """What one label of a pod or namespace can be.

    `values` None permits every value but the `excluded`; `absent` permits that the key is not there.
    """

    values: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()
    absent: bool = True

    def permits(self, value: str) -> bool:
        """Return whether the label may have this value."""
        return value not in self.excluded and (self.values is None or value in self.values)


FREE = Domain()
"""Any value, or no such label."""

ABSENT = Domain(values=frozenset())
"""No such label."""


def one_of(*values: str, absent: bool = False) -> Domain:
    """Return the domain of a label that has one of `values`; with one value, a label that is fixed."""
    return Domain(values=frozenset(values), absent=absent)


def none_of(*values: str, absent: bool = False) -> Domain:
    """Return the domain of a label that has any value but these."""
    return Domain(excluded=frozenset(values), absent=absent)


@dataclass(frozen=True, slots=True)
class LabelClass:
    """All label sets that the selectors with a set bit in `signature` match, and no other of the selectors.

    `labels` is the smallest of them; bit i belongs to the i-th selector that `label_classes` was given.
    """

    signature: int
    labels: Labels


def label_classes(
    selectors: Sequence[Selector],
    domains: Mapping[str, Domain] | None = None,
    others: Domain = FREE,
    limit: int = LIMIT,
) -> tuple[LabelClass, ...]:
    """Return every class of label sets that `selectors` tell apart, the one with the fewest labels first.

    `domains` says what single keys can be, `others` what every further key can be. No class at all is returned
    when the domains permit no label set. Raises TooManyClasses beyond `limit` classes.
    """
    domains = domains or {}
    keys = set(domains).union(*(one.keys() for one in selectors))
    options = {key: _options(key, selectors, domains.get(key, others)) for key in keys}
    found: dict[int, Witness] = {(1 << len(selectors)) - 1: ()}
    # What is fixed rules most out, and many values of one key rule each other out: both keep the numbers small.
    for key in sorted(keys, key=lambda key: (len(options[key]) > 1, -len(options[key]), key)):
        found = _combine(found, options[key])
        if len(found) > limit:
            raise TooManyClasses(
                f"{len(selectors)} selectors tell more than {limit} kinds of pods apart",
                "evaluate fewer policies at once, or raise the limit",
            )
    ranked = sorted(found.items(), key=lambda item: (len(item[1]), item[1]))
    return tuple(LabelClass(signature, frozenset(witness)) for signature, witness in ranked)


def other_value(taken: Iterable[str]) -> str:
    """Return a legal label value that is not among `taken`."""
    used = set(taken)
    return next(value for n in range(len(used) + 1) if (value := f"other-{n}" if n else "other") not in used)


def _combine(found: Mapping[int, Witness], options: Sequence[tuple[int, Witness]]) -> dict[int, Witness]:
    """Add one key: AND each partial signature with each mask of the key, and keep the smallest witnesses."""
    wider: dict[int, Witness] = {}
    for signature, witness in found.items():
        for mask, label in options:
            longer = witness + label
            known = wider.get(signature & mask)
            if known is None or (len(longer), longer) < (len(known), known):
                wider[signature & mask] = longer
    return wider


def _options(key: str, selectors: Sequence[Selector], domain: Domain) -> list[tuple[int, Witness]]:
    """Return each mask that the key can give, with the label (none: absent) that gives it at the least cost."""
    parts = [_of_key(one, key) for one in selectors]
    masks: dict[int, Witness] = {_mask(parts, NO_LABELS): ()} if domain.absent else {}
    for value in _values(key, selectors, domain):
        label = (key, value)
        masks.setdefault(_mask(parts, frozenset([label])), (label,))
    return list(masks.items())


def _values(key: str, selectors: Sequence[Selector], domain: Domain) -> list[str]:
    """Return the permitted values that a selector mentions, and one that none does, in ascending order."""
    equal = {value for one in selectors for name, value in one.equal if name == key}
    listed = [more for one in selectors for more in one.others if more.key == key and more.operator in (IN, NOT_IN)]
    mentioned = equal.union(*(more.values for more in listed))
    if domain.values is None:
        return [*sorted(filter(domain.permits, mentioned)), other_value(mentioned | domain.excluded)]
    return sorted(filter(domain.permits, domain.values))


def _mask(parts: Sequence[Selector], labels: Labels) -> int:
    """Return the bits of the selectors that match, of each only the part that looks at one key."""
    return sum(1 << at for at, part in enumerate(parts) if part.matches(labels))


def _of_key(selector: Selector, key: str) -> Selector:
    """Return the part of a selector that looks at one key."""
    return Selector(
        frozenset(pair for pair in selector.equal if pair[0] == key),
        frozenset(one for one in selector.others if one.key == key),
    )
