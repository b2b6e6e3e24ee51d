"""One flow of a matrix: its ports, what the rules call them, and the rules on both sides that let it through."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest

from vcluster_isolation.proof.matrix import Reason
from vcluster_isolation.proof.naming import policy_of, rule_of
from vcluster_isolation.proof.subject import Subject
from vcluster_isolation.proof.tenants import Tenant, own_origin
from vcluster_isolation.proof.world import OWN
from vcluster_isolation.reach.addresses import FAMILIES, AddressSet, address_classes
from vcluster_isolation.reach.evaluate import Evaluator
from vcluster_isolation.reach.model import Endpoint, Origin, Pod, Rule
from vcluster_isolation.reach.ports import ALL, NONE, PROTOCOLS, PortSet, every_port, union_of
from vcluster_isolation.reach.tiers import TierRule, tier_rules
from vcluster_isolation.reach.verdict import NAMED_PORT, Grant, Mode, Side, Verdict


@dataclass(frozen=True, slots=True)
class Judged:
    """The ports of a flow, their words where names of ports are among them, and the reasons of both sides.

    `verdicts` are those of the evaluator, one for each part of the addresses that the ends may have; where something
    gets through, only those of the families over which it does.
    """

    ports: PortSet
    words: str
    reasons: tuple[Reason, ...]
    verdicts: tuple[Verdict, ...]


class Judge:
    """Judges the flows among the ends of one scene."""

    def __init__(self, evaluator: Evaluator, subject: Subject, tenants: Mapping[str, Tenant]) -> None:
        """Take the policies, and the subject that knows why its rules are there."""
        self.evaluator = evaluator
        self._subject = subject
        self._tenants = tenants
        self._blocks = [block.addresses for block in evaluator.blocks()]
        self._parts: dict[AddressSet, Mapping[int, Sequence[AddressSet]]] = {}
        self._kinds: dict[AddressSet, Hashable] = {}
        self._known: dict[Hashable, Judged] = {}
        self._rules: dict[Origin, Rule | TierRule] = {}

    def flow(self, source: Endpoint, destination: Endpoint) -> Judged:
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
            held = tuple(end.addresses <= one for one in self._blocks)
            cut = any(end.addresses & one and not inside for one, inside in zip(self._blocks, held, strict=True))
            self._kinds[end.addresses] = end if cut else (end.addresses.families(), held)
        return self._kinds[end.addresses]

    def _judge(self, source: Endpoint, destination: Endpoint) -> Judged:
        ports, verdicts = self._allowed(source, destination)
        words = ""
        if any(NAMED_PORT in one.caveats for one in verdicts) and isinstance(destination, Pod):
            fixed, _ = self._allowed(source, replace(destination, ports=()))
            words = self._words(ports, fixed, verdicts)
        return Judged(ports, words, tuple(self._reasons(verdicts, ports)) if ports else (), verdicts)

    def _allowed(self, source: Endpoint, destination: Endpoint) -> tuple[PortSet, tuple[Verdict, ...]]:
        """Return what gets through at every address that the ends may have of one family, or of the other."""
        parts = (self._split(source), self._split(destination))
        if all(len(found) <= 1 for part in parts for found in part.values()):
            verdict = self.evaluator.flow(source, destination, Mode.MAY)
            return verdict.allowed, (verdict,)
        ports = NONE
        verdicts: dict[bool, list[Verdict]] = {True: [], False: []}
        for family in FAMILIES:
            pairs = list(_pairs(parts[0][family], parts[1][family]))
            found = [
                self.evaluator.flow(replace(source, addresses=one), replace(destination, addresses=other), Mode.MAY)
                for one, other in pairs
            ]
            total = ALL if found else NONE
            for verdict in found:
                total &= verdict.allowed
            ports |= total
            verdicts[bool(total)] += found
        return ports, tuple(verdicts[bool(ports)])

    def classes(self, end: Endpoint, family: int) -> Sequence[AddressSet]:
        """Return the parts of an end's addresses of one family, 4 or 6, that no ipBlock tells apart."""
        return self._split(end)[family]

    def _split(self, end: Endpoint) -> Mapping[int, Sequence[AddressSet]]:
        """Return the parts of an end's addresses that ipBlocks tell apart, by family."""
        if end.addresses not in self._parts:
            parts = {one: address_classes(end.addresses.only(one), self._blocks) for one in FAMILIES}
            self._parts[end.addresses] = parts
        return self._parts[end.addresses]

    def _reasons(self, verdicts: Sequence[Verdict], ports: PortSet) -> Iterator[Reason]:
        """Yield why each side lets the ports through."""
        for sides in ([one.egress for one in verdicts], [one.ingress for one in verdicts]):
            name = sides[0].direction.lower()
            by_default = union_of(side.by_default for side in sides)
            if by_default & ports:
                yield Reason(name, "", "", by_default)
            found = (self._reason(name, grant.origin, grant.ports) for grant in granting(sides, ports))
            yield from dict.fromkeys(found)

    def _reason(self, side: str, origin: Origin, ports: PortSet) -> Reason:
        """Return one rule, with what is known of it; a symbolic tenant's rules are there for the same reasons."""
        policy = policy_of(origin, self._homes())
        note = self._subject.note(self.own_origin(origin))
        return Reason(side, policy, rule_of(origin), ports, note.flow if note else "", self._subject.granted(origin))

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
            given = (rule for one in self.evaluator.policies() for rule in (*one.ingress, *one.egress))
            self._rules = {rule.origin: rule for rule in given}
            self._rules |= {rule.origin: rule for rule in tier_rules(self.evaluator.tiers)}
        return self._rules[origin]


def granting(sides: Sequence[Side], ports: PortSet) -> tuple[Grant, ...]:
    """Return what lets ports through on one side, at every address that an end may have.

    Where rules that do so at each of the addresses are enough, those that do so at some are left out.
    """
    each = [{grant.origin: grant for grant in side.granting(ports)} for side in sides]
    always = set(each[0]).intersection(*each[1:])
    every = [grant for side in sides for grant in side.granting(ports)]
    enough = [grant for grant in every if grant.origin in always]
    return tuple(dict.fromkeys(enough if ports <= union_of(grant.ports for grant in enough) else every))


def _pairs(
    sources: Sequence[AddressSet], destinations: Sequence[AddressSet]
) -> Iterator[tuple[AddressSet, AddressSet]]:
    """Yield pairs that have every part of both sides: the sides look at one part each, and not at the pair."""
    if sources and destinations:
        yield from ((one or sources[0], other or destinations[0]) for one, other in zip_longest(sources, destinations))
