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

Selectors on many different keys have more signatures than anyone can go through: 2^n. `covering_classes` then leaves
most of them out, where some selectors only *add*: peers of NetworkPolicy rules, which let through and never deny.

5. Let two signatures differ in selectors that add only. What gets through with more of them is at least what gets
   through with fewer; and it is what gets through with any one of them by itself, all together, because of policies
   that add up each port is let through by one peer on each side of a flow. So what should be closed and is open with a
   signature is open with each smaller one that still has the peer which opens it; what should be open and is closed is
   closed with each smaller one. What differs between two sets of policies, on a port, is let through by a peer of the
   one, and by none of the other: it differs with each smaller signature that still has that peer.
6. Hence it is enough to go through, for each selector that adds, and for none of them, the smallest signatures that
   have it, with each way in which all other selectors can match. Of two partial signatures that are equal in the other
   selectors, the larger stays the larger (or equal) whatever keys are added, so it can be left out at once.
7. Beside these there are all signatures that at most one label more than a pod must have can give: they add nothing to
   what is found, but examples are short then, as they are where all signatures are gone through.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from vcluster_isolation.errors import IsolationError
from vcluster_isolation.netpol.objects.model import IN, NO_LABELS, NOT_IN, Labels, Selector
from vcluster_isolation.netpol.sets.addresses import bits

LIMIT = 65536
"""More classes than this are refused: 17 selectors that are independent of each other."""

FEW = 64
"""So many classes are gone through, each of them, without asking whether fewer would do."""

Witness = tuple[tuple[str, str], ...]

Options = list[tuple[int, Witness]]
"""Masks, each with the labels that give it."""


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
    found: dict[int, Witness] = {(1 << len(selectors)) - 1: ()}
    for options in _of_keys(selectors, domains or {}, others).values():
        found = _combine(found, options)
        if len(found) > limit:
            raise TooManyClasses(
                f"{len(selectors)} selectors tell more than {limit} kinds of pods apart",
                "evaluate fewer policies at once, or raise the limit",
            )
    return _ranked(found)


def _ranked(found: Mapping[int, Witness]) -> tuple[LabelClass, ...]:
    """Return classes, the one with the fewest labels first."""
    ranked = sorted(found.items(), key=lambda item: (len(item[1]), item[1]))
    return tuple(LabelClass(signature, frozenset(witness)) for signature, witness in ranked)


def covering_classes(
    selectors: Sequence[Selector],
    adding: Collection[Selector],
    domains: Mapping[str, Domain] | None = None,
    others: Domain = FREE,
    few: int = FEW,
) -> tuple[LabelClass, ...]:
    """Return what `label_classes` does; if those are more than a `few`, enough of them to find what is open or closed.

    `adding` are those of `selectors` that are peers of NetworkPolicy rules and nothing else: see 5 and 6 above. Raises
    TooManyClasses where the others alone tell too many kinds of pods apart.
    """
    try:
        return label_classes(selectors, domains, others, few)
    except TooManyClasses:
        pass
    options = _of_keys(selectors, domains or {}, others)
    adds = sum(1 << at for at, one in enumerate(selectors) if one in adding)
    smallest = {key: _smallest(dict(some), adds) for key, some in options.items()}
    found = _simple(list(options.values()), len(selectors))
    for at in (None, *bits(adds)):
        wanted = 0 if at is None else 1 << at
        of_keys = dict(smallest)
        for key in () if at is None else selectors[at].keys():
            of_keys[key] = _smallest({mask: label for mask, label in options[key] if mask & wanted}, adds)
        for signature, witness in _covering(of_keys, adds, len(selectors)).items():
            known = found.get(signature)
            if known is None or (len(witness), witness) < (len(known), known):
                found[signature] = witness
    return _ranked(found)


def _simple(of_keys: Sequence[Options], count: int) -> dict[int, Witness]:
    """Return the signatures of `count` selectors that need at most one label more than there must be."""
    found: dict[int, Witness] = {(1 << count) - 1: ()}
    most = 1
    for options in of_keys:
        most += min((len(label) for _, label in options), default=0)
        found = {mask: labels for mask, labels in _combine(found, options).items() if len(labels) <= most}
        _check(found)
    return found


def _check(found: Mapping[int, Witness]) -> None:
    """Raise TooManyClasses if there are too many to go on."""
    if len(found) > LIMIT:
        raise TooManyClasses(
            f"the selectors of policies tell more than {LIMIT} kinds of pods apart", "evaluate fewer policies at once"
        )


def _covering(of_keys: Mapping[str, Options], adds: int, count: int) -> dict[int, Witness]:
    """Return the smallest signatures of `count` selectors that some masks of keys give."""
    found: dict[int, Witness] = {(1 << count) - 1: ()}
    for options in of_keys.values():
        found = _combine(found, options)
        if len(options) > 1:
            found = dict(_smallest(found, adds))
        _check(found)
    return found


def _smallest(found: Mapping[int, Witness], adds: int) -> Options:
    """Return the masks of which no other is a part, among those that are equal but for selectors that add."""
    groups: dict[int, list[int]] = {}
    for mask in found:
        groups.setdefault(mask & ~adds, []).append(mask & adds)
    return [
        (rest | mask, found[rest | mask])
        for rest, masks in groups.items()
        for mask in masks
        if not any(other & mask == other and other != mask for other in masks)
    ]


def other_value(taken: Iterable[str]) -> str:
    """Return a legal label value that is not among `taken`."""
    used = set(taken)
    return next(value for n in range(len(used) + 1) if (value := f"other-{n}" if n else "other") not in used)


def _of_keys(selectors: Sequence[Selector], domains: Mapping[str, Domain], others: Domain) -> dict[str, Options]:
    """Return the masks of each key, in the order in which keys are combined."""
    keys = set(domains).union(*(selector.keys() for selector in selectors))
    options = {key: _options(key, selectors, domains.get(key, others)) for key in keys}
    # What is fixed rules most out, and many values of one key rule each other out: both keep the numbers small.
    order = sorted(keys, key=lambda key: (len(options[key]) > 1, -len(options[key]), key))
    return {key: options[key] for key in order}


def _combine(found: Mapping[int, Witness], options: Options) -> dict[int, Witness]:
    """Add one key: AND each partial signature with each mask of the key, and keep the smallest witnesses."""
    wider: dict[int, Witness] = {}
    for signature, witness in found.items():
        for mask, label in options:
            longer = witness + label
            known = wider.get(signature & mask)
            if known is None or (len(longer), longer) < (len(known), known):
                wider[signature & mask] = longer
    return wider


def _options(key: str, selectors: Sequence[Selector], domain: Domain) -> Options:
    """Return each mask that the key can give, with the label (none: absent) that gives it at the least cost."""
    of_key = _OfKey(key, selectors)
    masks: dict[int, Witness] = {of_key.mask(None): ()} if domain.absent else {}
    for value in _values(key, selectors, domain):
        masks.setdefault(of_key.mask(value), ((key, value),))
    return list(masks.items())


def _values(key: str, selectors: Sequence[Selector], domain: Domain) -> list[str]:
    """Return the permitted values that a selector mentions, and one that none does, in ascending order."""
    equal = {value for selector in selectors for name, value in selector.equal if name == key}
    listed = [
        more for selector in selectors for more in selector.others if more.key == key and more.operator in (IN, NOT_IN)
    ]
    mentioned = equal.union(*(more.values for more in listed))
    if domain.values is None:
        return [*sorted(filter(domain.permits, mentioned)), other_value(mentioned | domain.excluded)]
    return sorted(filter(domain.permits, domain.values))


class _OfKey:
    """What selectors ask of one key: those that ask for one value of it only are filed under that value."""

    def __init__(self, key: str, selectors: Sequence[Selector]) -> None:
        """File the selectors."""
        self._key = key
        self._free = 0
        self._equal: dict[str, int] = {}
        self._asked: list[tuple[int, Selector]] = []
        for at, one in enumerate(selectors):
            part = _of_key(one, key)
            values = [value for _, value in part.equal]
            if part.others or len(values) > 1:
                self._asked.append((1 << at, part))
            elif values:
                self._equal[values[0]] = self._equal.get(values[0], 0) | 1 << at
            else:
                self._free |= 1 << at

    def mask(self, value: str | None) -> int:
        """Return the bits of the selectors that a value of the key (None: its absence) does not rule out."""
        labels = NO_LABELS if value is None else frozenset([(self._key, value)])
        asked = sum(bit for bit, part in self._asked if part.matches(labels))
        return self._free | asked | (0 if value is None else self._equal.get(value, 0))


def _of_key(selector: Selector, key: str) -> Selector:
    """Return the part of a selector that looks at one key."""
    return Selector(
        frozenset(pair for pair in selector.equal if pair[0] == key),
        frozenset(requirement for requirement in selector.others if requirement.key == key),
    )
