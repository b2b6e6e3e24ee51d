"""One side of a flow where cluster-scoped policies have a say: the order of the tiers, and what rules leave open.

Source: the comments on the types of policy.networking.k8s.io (see `tiers.py`). For each port of each address of the
other end, the first rule that matches decides: Allow lets through, Deny closes, Pass goes on to NetworkPolicy, and so
does what no rule of the Admin tier matches. There, a pod that any policy isolates gets what these allow, and nobody
asks on. For a pod that none isolates, the Baseline tier decides in the same way, and what it does not match, or
passes, is open.

A rule matches surely or perhaps (`tier_match.py`). Where it is not sure, the ports go both ways: they are taken by the
rule, and they are left for the next one. Policies of one tier and one priority are each the first to be asked, and
left is what all of them leave. So in the end the ports are known that are perhaps allowed, and those that are perhaps
denied: MAY are the first, MUST all but the second.

Where the order of a policy's rules may not count (`TierPolicy.unordered`), the policy is asked twice: in the order of
its rules, and with Deny first, then Allow, then Pass. Both answers count, as those of two policies of one priority do.
A policy that may not be enforced takes what it takes, and leaves everything.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import chain, combinations, pairwise, product
from typing import Final

from vcluster_isolation.netpol.engine.tier_match import Look, Seen, looks
from vcluster_isolation.netpol.objects.model import EGRESS, Endpoint, Policy
from vcluster_isolation.netpol.objects.tiers import ACTIONS, ADMIN, ALLOW, DENY, PASS, TierPolicy, ranked, tier_rules
from vcluster_isolation.netpol.objects.verdict import (
    DOMAIN_NAMES,
    NAMED_PORT,
    NODE_LABELS,
    RULE_ORDER,
    SAME_PRIORITY,
    UNENFORCED,
    UNKNOWN_DOMAINS,
    Asked,
    Deny,
    Grant,
    Mode,
    Side,
)
from vcluster_isolation.netpol.sets.addresses import FAMILIES, AddressIndex, AddressSet, bits
from vcluster_isolation.netpol.sets.addresses import union_of as all_addresses
from vcluster_isolation.netpol.sets.ports import ALL, NONE, PortSet, union_of

_MOST: Final = 50_000
"""So many flows through the Admin tier are kept."""

Near = tuple[Look, Sequence[Seen]]
"""A rule, and its peers that match some addresses."""

Ranked = Sequence[tuple[str, Sequence["_Consulted"]]]
"""For each tier and priority, in order: the tier, and of each of its policies the rules that match some addresses."""

Ruling = tuple[tuple[Policy, ...], tuple[TierPolicy, ...]]
"""What decides on one side: the NetworkPolicies that isolate the end, and the tiers that govern it."""

Taken = dict[str, PortSet]


@dataclass(frozen=True, slots=True)
class _Consulted:
    """A policy as it is asked: its rules that match, whether their order may not count, and whether it is enforced."""

    rules: tuple[Near, ...]
    unordered: bool
    enforced: bool

    def readings(self) -> Iterator[tuple[Near, ...]]:
        """Yield the orders in which the rules may be asked."""
        yield self.rules
        if self.unordered:
            yield tuple(sorted(self.rules, key=lambda near: ACTIONS.index(near[0].rule.action)))


@dataclass(slots=True)
class _Way:
    """What became of the ports at some addresses that all rules take alike: perhaps allowed, and perhaps denied.

    `onward` are those that go on from the Admin tier, `order` the rules that match there, and `given` what
    NetworkPolicies admit there and not at each of the other end's addresses.
    """

    part: AddressSet
    order: Ranked = ()
    given: tuple[int, ...] = ()
    onward: PortSet = ALL
    allowed: PortSet = NONE
    denied: PortSet = NONE
    by_default: PortSet = NONE
    reasons: list[Grant | Deny] = field(default_factory=list)
    caveats: set[str] = field(default_factory=set)


class Tiers:
    """Follows flows through the tiers; as far as NetworkPolicy, once for all ends that the same ones govern."""

    def __init__(self) -> None:
        """Know nothing so far."""
        self._known: dict[Hashable, tuple[list[_Way], list[_Way]]] = {}

    def side(
        self, direction: str, ruling: Ruling, given: tuple[Grant, ...], ends: tuple[Endpoint, Endpoint], asked: Asked
    ) -> Side:
        """Return what an end's side lets through when cluster-scoped policies govern it.

        `given` are the grants of the NetworkPolicies that isolate it.
        """
        policies, tiers = ruling
        other = ends[1] if direction == EGRESS else ends[0]
        cut = [at for at, grant in enumerate(given) if grant.addresses != other.addresses]
        named = any(rule.named for rule in tier_rules(tiers, direction))
        key = (direction, *map(id, tiers), ends[1] if named else None, other, asked.mode is Mode.MAY)
        above = None if cut else self._known.get(key)
        if above is None:
            above = _above(direction, tiers, ends, [(at, given[at].addresses) for at in cut], asked.mode)
        if not cut:
            self._keep(key, above)
        isolated = bool(policies)
        whole = [at for at, grant in enumerate(given) if grant.addresses == other.addresses]
        ways = [[_below(way, given, whole, asked.mode, isolated=isolated) for way in some] for some in above]
        return _side(direction, ruling, ways, asked)

    def _keep(self, key: Hashable, above: tuple[list[_Way], list[_Way]]) -> None:
        """Note what the tiers say; forget all of it when it has become too much."""
        if len(self._known) > _MOST:
            self._known.clear()
        self._known[key] = above


def _side(direction: str, ruling: Ruling, ways: Sequence[Sequence[_Way]], asked: Asked) -> Side:
    """Return the side that some ways are together: those over IPv4, and over IPv6."""
    policies, tiers = ruling
    every = [way for family in ways for way in family]
    reasons = _joined(reason for way in every for reason in way.reasons)
    allowed = _through(ways[0], asked), _through(ways[1], asked)
    by_default = union_of(way.by_default for way in every)
    return Side(
        direction,
        governed=True,
        policies=policies,
        grants=tuple(reason for reason in reasons if isinstance(reason, Grant)),
        allowed=allowed,
        tiers=tiers,
        denials=tuple(reason for reason in reasons if isinstance(reason, Deny)),
        by_default=by_default if asked.mode is Mode.MAY else by_default & (allowed[0] | allowed[1]),
        caveats=frozenset().union(*(way.caveats for way in every)),
    )


def _through(ways: Sequence[_Way], asked: Asked) -> PortSet:
    """Return the ports that get through at some or at each of the addresses of one family."""
    if not asked.each_address:
        return union_of(way.allowed for way in ways)
    if asked.mode is Mode.MAY:
        return reduce(PortSet.__and__, (way.allowed for way in ways)) if ways else NONE
    return ALL - union_of(way.denied for way in ways) if ways else NONE


def _above(
    direction: str,
    tiers: Sequence[TierPolicy],
    ends: tuple[Endpoint, Endpoint],
    cut: Sequence[tuple[int, AddressSet]],
    mode: Mode,
) -> tuple[list[_Way], list[_Way]]:
    """Return for each family the parts of the other end's addresses, and what the Admin tier makes of all ports there.

    `cut` are further addresses that tell parts apart, with the places of their grants.
    """
    other = ends[1] if direction == EGRESS else ends[0]
    order = [
        (group[0].tier, [(policy, tuple(looks(policy, direction, other, ends[1]))) for policy in group])
        for group in ranked(tiers)
    ]
    bits_of: dict[int, int] = {}
    cuts: list[AddressSet] = []
    for look in (look for _, group in order for _, found in group for look in found):
        bits_of[id(look)] = len(cuts)
        cuts += (seen.perhaps for seen in look.seen)
    first = len(cuts)
    index = AddressIndex([*cuts, *(addresses for _, addresses in cut)])
    ways: tuple[list[_Way], list[_Way]] = ([], [])
    for found, family in zip(ways, FAMILIES, strict=True):
        for mask, part in index.classes(other.addresses, family).items():
            near = [
                (tier, [_Consulted(_near(rules, bits_of, mask), *policy.manner) for policy, rules in group])
                for tier, group in order
            ]
            way = _Way(part, near, tuple(cut[at][0] for at in bits(mask >> first)))
            way.onward = _tier([group for tier, group in near if tier == ADMIN], ALL, way, mode)
            found.append(way)
    return ways


def _near(found: Iterable[Look], first: Mapping[int, int], mask: int) -> tuple[Near, ...]:
    """Return the rules that match addresses at which the peers with the bits of a `mask` do."""
    near: list[Near] = []
    for look in found:
        here = mask >> first[id(look)] & (1 << len(look.seen)) - 1
        if here:
            near.append((look, [look.seen[at] for at in bits(here)]))
    return tuple(near)


def _below(above: _Way, given: Sequence[Grant], whole: Sequence[int], mode: Mode, *, isolated: bool) -> _Way:
    """Follow the ports that go on from the Admin tier: to NetworkPolicies that isolate a pod, or else to the next tier.

    `given` is what these admit, and `whole` the places of what they admit at each of the other end's addresses.
    """
    way = replace(above, reasons=list(above.reasons), caveats=set(above.caveats))
    if not isolated:
        rest = _tier([group for tier, group in way.order if tier != ADMIN], way.onward, way, mode)
        way.allowed, way.by_default = way.allowed | rest, rest
        return way
    near = (given[at] for at in (sorted((*whole, *way.given)) if way.given else whole))
    here = [replace(one, addresses=way.part, ports=one.ports & way.onward) for one in near]
    way.reasons += [one for one in here if one.ports]
    through = union_of(one.ports for one in here)
    way.allowed |= through
    way.denied |= way.onward - through
    return way


def _tier(groups: Iterable[Sequence[_Consulted]], ports: PortSet, way: _Way, mode: Mode) -> PortSet:
    """Follow ports through one tier, and return those that perhaps go on from it."""
    passed = NONE
    for group in groups:
        outcomes = [[_policy(rules, each, ports, way, mode) for rules in each.readings()] for each in group]
        for taken, left in chain.from_iterable(outcomes):
            way.allowed |= taken[ALLOW]
            way.denied |= taken[DENY]
            passed |= taken[PASS]
            ports &= left
        if any(_disagree(one, other) for some in outcomes for (one, _), (other, _) in pairwise(some)):
            way.caveats.add(RULE_ORDER)
        if any(_disagree(one, other) for some in combinations(outcomes, 2) for (one, _), (other, _) in product(*some)):
            way.caveats.add(SAME_PRIORITY)
    return passed | ports


def _policy(
    rules: Iterable[Near], consulted: _Consulted, ports: PortSet, way: _Way, mode: Mode
) -> tuple[Taken, PortSet]:
    """Follow ports through one policy; return what each action perhaps takes, and what is perhaps left."""
    taken: Taken = dict.fromkeys((ALLOW, DENY, PASS), NONE)
    all_ports = ports
    for look, near in rules:
        surely, perhaps = look.at(way.part, near, ports)
        taken[look.rule.action] |= perhaps
        ports -= surely
        way.reasons += _reasons((look, near), way.part, surely if consulted.enforced else NONE, perhaps, mode)
        if surely != perhaps:
            way.caveats.add(_doubt(look))
    if consulted.enforced:
        return taken, ports
    if any(taken.values()):
        way.caveats.add(UNENFORCED)
    return taken, all_ports


def _disagree(one: Taken, other: Taken) -> bool:
    """Return whether two policies perhaps do different things with a port."""
    return any(bool(one[action] & other[another]) for action in one for another in other if action != another)


def _doubt(look: Look) -> str:
    """Return why a rule does not match surely."""
    unsure = {seen.via for seen in look.seen if seen.surely != seen.perhaps}
    if look.guessed or not unsure:
        return NAMED_PORT
    return UNKNOWN_DOMAINS if DOMAIN_NAMES in unsure else NODE_LABELS


def _reasons(rule: Near, part: AddressSet, surely: PortSet, perhaps: PortSet, mode: Mode) -> Iterator[Grant | Deny]:
    """Yield each way in which a rule opens or closes ports at some addresses, in a mode."""
    look, near = rule
    action = look.rule.action
    doubtful = (action == ALLOW) == (mode is Mode.MAY)
    ports = perhaps if doubtful else surely
    if action == PASS or not ports:
        return
    for seen in near:
        if doubtful or part <= seen.surely:
            origin = look.rule.origin
            if action == ALLOW:
                yield Grant(origin, seen.index, seen.via, part, ports, look.guessed)
            else:
                yield Deny(origin, seen.index, seen.via, part, ports)


def _joined(reasons: Iterable[Grant | Deny]) -> list[Grant | Deny]:
    """Return the reasons with those that differ in their addresses only made one."""
    found: dict[Grant | Deny, list[AddressSet]] = {}
    for one in reasons:
        found.setdefault(replace(one, addresses=AddressSet()), []).append(one.addresses)
    return [replace(one, addresses=all_addresses(parts)) for one, parts in found.items()]
