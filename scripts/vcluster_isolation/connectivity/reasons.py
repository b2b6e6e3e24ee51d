"""One flow of a matrix: its ports, what the rules call them, and the rules on both sides that let it through."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from itertools import zip_longest

from vcluster_isolation.connectivity.matrix import Reason
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.objects.model import Endpoint, Origin, Pod, Rule
from vcluster_isolation.netpol.objects.tiers import TierRule, tier_rules
from vcluster_isolation.netpol.objects.verdict import NAMED_PORT, Grant, Mode, Side, Verdict
from vcluster_isolation.netpol.sets.addresses import FAMILIES, AddressIndex, AddressSet
from vcluster_isolation.netpol.sets.addresses import union_of as all_addresses
from vcluster_isolation.netpol.sets.ports import ALL, NONE, PROTOCOLS, PortSet, every_port, union_of
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.vcluster.actor_ref import OWN
from vcluster_isolation.vcluster.tenants import Tenant, own_origin


@dataclass(frozen=True, slots=True)
class JudgedFlow:
    """The ports of a flow, their words where names of ports are among them, and the reasons of both sides.

    `verdicts`, which `of_parts` makes, are those of the evaluator, one for each part of the addresses that the ends
    may have; where something gets through, only those of the families over which it does.
    """

    ports: PortSet
    words: str
    reasons: tuple[Reason, ...]
    of_parts: Callable[[], tuple[Verdict, ...]]

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts of all parts."""
        return self.of_parts()


@dataclass(frozen=True, slots=True)
class _Seen:
    """A verdict for each address of two ends, and these addresses: the source's, and the destination's.

    They are None where no ipBlock tells any addresses of the ends apart; then the verdict is for both families.
    """

    verdict: Verdict
    addresses: tuple[AddressSet, AddressSet] | None = None


class Judge:
    """Judges the flows among the ends of one scene."""

    def __init__(self, evaluator: Evaluator, subject: Subject, tenants: Mapping[str, Tenant]) -> None:
        """Take the policies, and the subject that knows why its rules are there."""
        self.evaluator = evaluator
        self._subject = subject
        self._tenants = tenants
        self._blocks = AddressIndex(block.addresses for block in evaluator.blocks())
        self._parts: dict[AddressSet, Mapping[int, Sequence[AddressSet]]] = {}
        self._kinds: dict[AddressSet, Hashable] = {}
        self._known: dict[Hashable, JudgedFlow] = {}
        self._rules: dict[Origin, Rule | TierRule] = {}

    def flow(self, source: Endpoint, destination: Endpoint) -> JudgedFlow:
        """Return the flow from a source to a destination, whatever their addresses are; no ports: there is none.

        Addresses that no ipBlock tells apart are judged once.
        """
        key = (self._kind(source), self._kind(destination))
        if key not in self._known:
            self._known[key] = self._judge(source, destination)
        return self._known[key]

    def _kind(self, end: Endpoint) -> Hashable:
        """Return what is equal for ends with equal verdicts: of addresses, which ipBlocks hold them."""
        if isinstance(end, Pod) or end.node:
            return end
        if end.addresses not in self._kinds:
            families = end.addresses.families()
            held = {mask for family in families for _, mask in self._blocks.pieces(end.addresses, family)}
            self._kinds[end.addresses] = (families, held.pop()) if len(held) == 1 else end
        return self._kinds[end.addresses]

    def _judge(self, source: Endpoint, destination: Endpoint) -> JudgedFlow:
        ports, seen = self._allowed(source, destination)
        words = ""
        if any(NAMED_PORT in one.verdict.caveats for one in seen) and isinstance(destination, Pod):
            fixed, _ = self._allowed(source, replace(destination, ports=()))
            words = self._words(ports, fixed, [one.verdict for one in seen])
        reasons = tuple(self._reasons(seen, ports)) if ports else ()
        return JudgedFlow(ports, words, reasons, lambda: self._verdicts(source, destination))

    def _allowed(self, source: Endpoint, destination: Endpoint) -> tuple[PortSet, Sequence[_Seen]]:
        """Return what gets through at every address that the ends may have of one family, or of the other."""
        if self._alike(source, destination):
            verdict = self.evaluator.flow(source, destination, Mode.MAY)
            return verdict.allowed, (_Seen(verdict),)
        ports = NONE
        seen: dict[bool, list[_Seen]] = {True: [], False: []}
        for family in FAMILIES:
            found = list(self._of_family(source, destination, family))
            total = ALL if found else NONE
            for one in found:
                total &= one.verdict.allowed
            ports |= total
            seen[bool(total)] += found
        return ports, seen[bool(ports)]

    def _alike(self, source: Endpoint, destination: Endpoint) -> bool:
        """Return whether no ipBlock tells addresses of one family of either end apart."""
        return all(len(parts) <= 1 for end in (source, destination) for parts in self._split(end).values())

    def _of_family(self, source: Endpoint, destination: Endpoint, family: int) -> Iterator[_Seen]:
        """Yield verdicts that are together for each address of one family.

        Each side looks at one part of the other end's addresses, and not at the pair of parts. So what gets through at
        all pairs is what the source's side lets through to all parts, and the destination's from all parts: that is
        one flow, asked at each address. Of a host-network pod there are two readings, and then it is not.
        """
        if any(isinstance(end, Pod) and end.host_network for end in (source, destination)):
            pairs = list(_pairs(self._split(source)[family], self._split(destination)[family]))
        else:
            pairs = [(source.addresses.only(family), destination.addresses.only(family))]
        for one, other in pairs:
            if one and other:
                ends = _at(source, one), _at(destination, other)
                yield _Seen(self.evaluator.flow(*ends, Mode.MAY, each_address=True), (one, other))

    def _verdicts(self, source: Endpoint, destination: Endpoint) -> tuple[Verdict, ...]:
        """Return the verdicts for each part of the ends' addresses, of families over which anything gets through."""
        if self._alike(source, destination):
            return (self.evaluator.flow(source, destination, Mode.MAY),)
        verdicts: dict[bool, list[Verdict]] = {True: [], False: []}
        for family in FAMILIES:
            pairs = list(_pairs(self._split(source)[family], self._split(destination)[family]))
            found = [self.evaluator.flow(_at(source, one), _at(destination, other), Mode.MAY) for one, other in pairs]
            through = bool(found) and bool(reduce(PortSet.__and__, (one.allowed for one in found)))
            verdicts[through] += found
        return tuple(verdicts[bool(verdicts[True])])

    def classes(self, end: Endpoint, family: int) -> Sequence[AddressSet]:
        """Return the parts of an end's addresses of one family, 4 or 6, that no ipBlock tells apart."""
        return self._split(end)[family]

    def _split(self, end: Endpoint) -> Mapping[int, Sequence[AddressSet]]:
        """Return the parts of an end's addresses that ipBlocks tell apart, by family."""
        if end.addresses not in self._parts:
            parts = {family: tuple(self._blocks.classes(end.addresses, family).values()) for family in FAMILIES}
            self._parts[end.addresses] = parts
        return self._parts[end.addresses]

    def _reasons(self, seen: Sequence[_Seen], ports: PortSet) -> Iterator[Reason]:
        """Yield why each side lets the ports through."""
        for at in (0, 1):  # the source's side looks at the destination's addresses, and the other way round
            sides = [(one.verdict.egress, one.verdict.ingress)[at] for one in seen]
            spaces = [one.addresses and one.addresses[1 - at] for one in seen]
            name = sides[0].direction.lower()
            by_default = union_of(side.by_default for side in sides)
            if by_default & ports:
                yield Reason(name, "", "", by_default)
            found = (self._reason(name, grant.origin, grant.ports) for grant in _granting(sides, spaces, ports))
            yield from dict.fromkeys(found)

    def _reason(self, side: str, origin: Origin, ports: PortSet) -> Reason:
        """Return one rule, with what is known of it; a symbolic tenant's rules are there for the same reasons."""
        said = self._subject.said(origin, self._homes(), self.own_origin(origin))
        return Reason(side, said.policy, said.rule, ports, said.flow, self._subject.granted(origin))

    @cached_property
    def below(self) -> Judge:
        """Who judges what NetworkPolicies say without the cluster-scoped policies above and below them."""
        return Judge(Evaluator(self.evaluator.policies()), self._subject, self._tenants)

    def own_origin(self, origin: Origin) -> Origin:
        """Return the subject's own rule that a symbolic tenant's is a copy of; any other rule as it is."""
        others = (tenant for whose, tenant in self._tenants.items() if whose != OWN)
        return own_origin(origin, Tenant(self._subject.name, self._subject.namespace), others)

    def _homes(self) -> set[str]:
        """Return the namespaces of the vCluster and of the symbolic tenants."""
        return {tenant.namespace for tenant in self._tenants.values()}

    def _words(self, ports: PortSet, fixed: PortSet, verdicts: Sequence[Verdict]) -> str:
        """Return ports of which some have names only, as `TCP 8443, TCP port web`."""
        sides = [side for verdict in verdicts for side in (verdict.egress, verdict.ingress)]
        names = {pair for side in sides for pair in self._named(side, ports)}
        items = [str(fixed)] if fixed else []
        for protocol in PROTOCOLS:
            called = "/".join(sorted(name for one, name in names if one == protocol))
            rest = (ports - fixed) & every_port(protocol)
            if rest and called:
                whole = rest == every_port(protocol) - fixed
                numbers = str(rest).replace(f"{protocol} ", "")
                items.append(f"{protocol} port {called}" + ("" if whole else f" (if {numbers})"))
        return ", ".join(items)

    def _named(self, side: Side, ports: PortSet) -> Iterator[tuple[str, str]]:
        """Yield protocol and name of the named ports of the rules that let something through."""
        for grant in side.granting(ports):
            if grant.guessed:
                yield from self._rule(grant.origin).named

    def ports_of(self, grant: Grant) -> str:
        """Return the ports that a grant is for, in the words of its rule where it names some that may be any."""
        if not grant.guessed:
            return str(grant.ports)
        rule = self._rule(grant.origin)
        names = [f"{protocol} port {name}" for protocol, name in rule.named]
        return ", ".join([str(rule.ports), *names] if rule.ports else names)

    def _rule(self, origin: Origin) -> Rule | TierRule:
        """Return the rule that is written somewhere."""
        if not self._rules:
            given = (rule for policy in self.evaluator.policies() for rule in (*policy.ingress, *policy.egress))
            self._rules = {rule.origin: rule for rule in given}
            self._rules |= {rule.origin: rule for rule in tier_rules(self.evaluator.tiers)}
        return self._rules[origin]


def granting(sides: Sequence[Side], ports: PortSet) -> tuple[Grant, ...]:
    """Return what lets ports through on one side, which is given for each part of the addresses that an end may have.

    Where rules that do so at each of the addresses are enough, those that do so at some are left out.
    """
    return _granting(sides, [None] * len(sides), ports)


def _granting(sides: Sequence[Side], spaces: Sequence[AddressSet | None], ports: PortSet) -> tuple[Grant, ...]:
    """Return the same, where the other end's addresses in one side need not be one part: those are the `spaces`.

    What lets ports through at the lowest address comes first, as it would part by part.
    """
    found = [side.granting(ports) for side in sides]
    always = set.intersection(*(_everywhere(some, space) for some, space in zip(found, spaces, strict=True)))
    ordered = (sorted(some, key=_lowest) if space else some for some, space in zip(found, spaces, strict=True))
    every = [grant for some in ordered for grant in some]
    enough = [grant for grant in every if grant.origin in always]
    return tuple(dict.fromkeys(enough if ports <= union_of(grant.ports for grant in enough) else every))


def _everywhere(given: Iterable[Grant], space: AddressSet | None) -> set[Origin]:
    """Return the rules that some grants are of, as far as they are for all addresses of a `space`, if there is one."""
    found: dict[Origin, list[AddressSet]] = {}
    for grant in given:
        found.setdefault(grant.origin, []).append(grant.addresses)
    return {origin for origin, parts in found.items() if space is None or space <= all_addresses(parts)}


def _lowest(grant: Grant) -> int:
    """Return the lowest address that a grant, of one family, is for."""
    return (grant.addresses.v4 or grant.addresses.v6)[0][0]


def _at(end: Endpoint, addresses: AddressSet) -> Endpoint:
    """Return an end at some of its addresses."""
    return end if end.addresses == addresses else replace(end, addresses=addresses)


def _pairs(
    sources: Sequence[AddressSet], destinations: Sequence[AddressSet]
) -> Iterator[tuple[AddressSet, AddressSet]]:
    """Yield pairs that have every part of both sides: the sides look at one part each, and not at the pair."""
    if sources and destinations:
        yield from ((one or sources[0], other or destinations[0]) for one, other in zip_longest(sources, destinations))
