"""Why a flow is allowed or denied: on each side the policies and rules, who put them there, and what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from vcluster_isolation.connectivity.connectivity import NamedEndpoint, could_change
from vcluster_isolation.connectivity.reasons import JudgedFlow, granting
from vcluster_isolation.errors import IsolationError
from vcluster_isolation.explain.advice import Missing, in_the_way, is_passed_on, missing
from vcluster_isolation.explain.partly import (
    Lack,
    PartReport,
    Split,
    closed_parts,
    is_open,
    lacks,
    open_parts,
    said,
    split,
    told_apart,
)
from vcluster_isolation.explain.resolver import EndpointResolver
from vcluster_isolation.explain.variants import variants
from vcluster_isolation.netpol.objects.model import EGRESS, Origin, Pod
from vcluster_isolation.netpol.objects.tiers import ADMIN
from vcluster_isolation.netpol.objects.verdict import CAVEATS, Deny, Side, Verdict
from vcluster_isolation.netpol.sets.addresses import AddressSet, union_of
from vcluster_isolation.netpol.sets.ports import ALL, HIGHEST, LOWEST, PortSet, port_range
from vcluster_isolation.netpol.sets.ports import union_of as union_of_ports
from vcluster_isolation.netpol.unevaluated import UnevaluatedPolicy
from vcluster_isolation.netpol.words.naming import name_of
from vcluster_isolation.subject.said_rule import SaidRule
from vcluster_isolation.wording import quoted

_SOME: Final = "some that the two have or may have"
_PORT: Final = re.compile(r"(?P<first>[0-9]{1,5})(-(?P<last>[0-9]{1,5}))?(/(?P<protocol>tcp|udp|sctp))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RuleReport(SaidRule):
    """A rule that lets something through, or denies it, and its ports."""

    ports: str = ""


@dataclass(frozen=True, slots=True)
class SideReport:
    """One side: the policies that isolate it, the rules that matter here, and the ports that it does not let through.

    `cluster_policies` are the cluster-scoped policies above and below these, and `denials` their rules that deny what
    is not let through. `pod` is False for addresses, to which no policy applies. `lacks_at` are the addresses of the
    other end, as CIDRs, at which it does not let them through; empty for all of them.
    """

    side: str
    of: str
    pod: bool
    policies: tuple[str, ...]
    cluster_policies: tuple[str, ...]
    rules: tuple[RuleReport, ...]
    denials: tuple[RuleReport, ...]
    lacks: str
    lacks_at: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer. `ports` are those that get through, of those `asked` about (None: all).

    It is `allowed` where every one of the addresses that the two may be is open, and `partly` where only some are, or
    only some of the ports: `open` and `closed` say which. `undecided` says that one of `not_evaluated`, policies beside
    those that were evaluated, may make it another one.
    """

    source: str
    destination: str
    asked: str | None
    allowed: bool
    partly: bool
    ports: str
    open: tuple[PartReport, ...]
    closed: tuple[PartReport, ...]
    sides: tuple[SideReport, ...]
    missing: tuple[Missing, ...]
    caveats: tuple[str, ...]
    undecided: bool = False
    not_evaluated: tuple[UnevaluatedPolicy, ...] = ()


def parse_port(text: str) -> PortSet:
    """Return the ports that a user names: `8443` (TCP), `53/UDP`, `8000-8100/TCP`. Raises IsolationError."""
    found = _PORT.fullmatch(text)
    first, last = (int(found["first"]), int(found["last"] or found["first"])) if found else (0, 0)
    if not found or not LOWEST <= first <= last <= HIGHEST:
        raise IsolationError(f"{quoted(text)} is not a port", "write one like 8443, 8443/TCP, 53/UDP or 8000-8100/TCP")
    return port_range((found["protocol"] or "TCP").upper(), first, last)


def explain(
    resolver: EndpointResolver, source: NamedEndpoint, destination: NamedEndpoint, asked: PortSet | None = None
) -> Explanation:
    """Return why `asked` ports (None: any) get from a source to a destination, or do not."""
    if source == destination and isinstance(destination.end, Pod):  # not itself: another one like it
        destination = replace(destination, end=replace(destination.end, name=""))
    ends = (source, destination)
    flow = resolver.judge.flow(source.end, destination.end)
    doubts = could_change(resolver.subject, {end.end.namespace.name for end in ends if isinstance(end.end, Pod)})
    whole = split(resolver.judge, source.end, destination.end)
    open_ports = is_open(whole, (source.end, destination.end), flow.ports, asked)
    if open_ports is None:
        return _not_all(resolver, ends, flow, whole, asked)
    words = flow.words if asked is None and open_ports == flow.ports else ""
    more = [
        f"On {rest} it is allowed where an ipBlock holds their addresses: {_SOME}."
        for rest in _more(whole, open_ports, asked)
    ]
    return Explanation(
        source.actor.name,
        destination.actor.name,
        None if asked is None else str(asked),
        allowed=True,
        partly=False,
        ports=words or str(open_ports),
        open=(),
        closed=(),
        sides=tuple(_said(resolver, side, ends, open_ports, ()) for side in _sides(flow.verdicts)),
        missing=(),
        caveats=(*_caveats(flow), *more),
        undecided=_is_undecided(resolver, ends, _sides(flow.verdicts), asked, allowed=True),
        not_evaluated=doubts,
    )


def _is_undecided(  # noqa: PLR0913 - what was asked, and what was found
    resolver: EndpointResolver,
    ends: tuple[NamedEndpoint, NamedEndpoint],
    sides: tuple[_Side, _Side],
    asked: PortSet | None,
    *,
    allowed: bool,
    partly: bool = False,
) -> bool:
    """Return whether a policy that is not evaluated may make the answer another one.

    It may close what is allowed on either side. To open what is denied, each side that denies it must be one that such
    a policy may open; without ports asked about, to open more is another answer as well. Of a set that is open in part
    both can happen.
    """
    about = [
        could_change(resolver.subject, {end.end.namespace.name} if isinstance(end.end, Pod) else ()) for end in ends
    ]
    if (allowed or partly) and any(policy.closes for policies in about for policy in policies):
        return True
    wanted = ALL if asked is None else asked
    lacking = [policies for side, policies in zip(sides, about, strict=True) if not wanted <= side.ports]
    answered = allowed and asked is not None
    return bool(lacking) and not answered and all(any(policy.opens for policy in policies) for policies in lacking)


def _not_all(
    resolver: EndpointResolver,
    ends: tuple[NamedEndpoint, NamedEndpoint],
    flow: JudgedFlow,
    whole: Split,
    asked: PortSet | None,
) -> Explanation:
    """Return why a flow is closed, wholly or in part."""
    found = (ends[0].end, ends[1].end)
    through, shut = open_parts(whole, asked), closed_parts(whole, asked)
    lacking = lacks(shut, asked)
    about = ALL if asked is None else asked
    sides = _sides(flow.verdicts)
    if whole.parts:
        sides = _side([one for _, one in whole.egress]), _side([one for _, one in whole.ingress])
    no_family = () if whole.parts else ("The two have no addresses of one family, IPv4 or IPv6.",)
    return Explanation(
        ends[0].actor.name,
        ends[1].actor.name,
        None if asked is None else str(asked),
        allowed=False,
        partly=bool(through),
        ports=str(whole.common & about),
        open=said(through, found),
        closed=said(shut, found) if through else (),
        sides=tuple(_said(resolver, side, ends, about, lack) for side, lack in zip(sides, lacking, strict=True)),
        missing=tuple(
            one for side, lack in zip(sides, lacking, strict=True) for one in _missing(resolver, side, ends, lack)
        ),
        caveats=(*_caveats(flow), *no_family, *variants(resolver, ends, whole, asked)),
        undecided=_is_undecided(resolver, ends, sides, asked, allowed=False, partly=bool(through)),
        not_evaluated=could_change(resolver.subject, {end.namespace.name for end in found if isinstance(end, Pod)}),
    )


def _more(whole: Split, open_ports: PortSet, asked: PortSet | None) -> Iterator[PortSet]:
    """Yield the further ports that get through at some addresses only, of those asked about."""
    may = union_of_ports(part.ports for part in whole.parts) - open_ports
    more = may if asked is None else may & asked
    if more:
        yield more


@dataclass(frozen=True, slots=True)
class _Side:
    """One side over all parts of the addresses that the ends may have: the ports that it lets through at each."""

    side: Side
    ports: PortSet
    parts: tuple[Side, ...]

    def denying(self, ports: PortSet, addresses: AddressSet) -> Iterator[Deny]:
        """Yield the Deny rules that close any of some ports, at any of some addresses of the other end."""
        found = (deny for part in self.parts for deny in part.denying(ports))
        yield from (deny for deny in found if deny.addresses & addresses)


def _sides(verdicts: tuple[Verdict, ...]) -> tuple[_Side, _Side]:
    """Return both sides."""
    return _side([verdict.egress for verdict in verdicts]), _side([verdict.ingress for verdict in verdicts])


def _side(found: list[Side]) -> _Side:
    ports = ALL
    for side in found:
        ports &= side.ports
    return _Side(found[0], ports, tuple(found))


def _said(
    resolver: EndpointResolver,
    side: _Side,
    ends: tuple[NamedEndpoint, NamedEndpoint],
    about: PortSet,
    found: Sequence[Lack],
) -> SideReport:
    """Return one side in words: the rules for some ports, and where it lacks which."""
    at = 0 if side.side.direction == EGRESS else 1
    lacks = union_of_ports(one.ports for one in found)
    where = union_of(one.addresses for one in found)
    rules = dict.fromkeys(
        _rule(resolver, one.origin, resolver.judge.ports_of(one)) for one in granting(side.parts, about)
    )
    denials = dict.fromkeys(
        _rule(resolver, denial.origin, str(denial.ports & lacks)) for denial in side.denying(lacks, where)
    )
    homes = {resolver.subject.namespace}
    return SideReport(
        side.side.direction.lower(),
        ends[at].actor.name,
        side.side.governed,
        tuple(name_of(policy, homes) for policy in side.side.policies),
        tuple(name_of(tier, homes) for tier in side.side.tiers),
        tuple(rules),
        tuple(denials),
        str(lacks) if lacks else "",
        told_apart(where, ends[1 - at].end, ends[at].end),
    )


def _rule(resolver: EndpointResolver, origin: Origin, ports: str) -> RuleReport:
    """Return a rule in words."""
    said = resolver.subject.said(origin, {resolver.subject.namespace}, resolver.judge.own_origin(origin))
    return RuleReport(said.policy, said.rule, said.flow, said.value, said.yours, ports)


def _missing(
    resolver: EndpointResolver, side: _Side, ends: tuple[NamedEndpoint, NamedEndpoint], found: Sequence[Lack]
) -> Iterator[Missing]:
    """Yield what is missing on a side that lacks ports: what is in the way of any rule, and a rule.

    Where a cluster-scoped policy above NetworkPolicies denies the ports, a rule is missing only if these would not let
    them through either. The floor of the values in which the rule belongs is not in the way: it passes the rule on. Nor
    is what is below: a NetworkPolicy goes before it.
    """
    if not found:
        return
    rule = missing(side.side, ends, found, resolver.subject)
    above = {(tier.kind, tier.name) for tier in side.side.tiers if tier.tier == ADMIN}
    origins = dict.fromkeys(deny.origin for lack in found for deny in side.denying(lack.ports, lack.addresses))
    denials = [origin for origin in origins if (origin.kind, origin.policy) in above and not is_passed_on(origin, rule)]
    yield from (in_the_way(side.side, origin) for origin in denials)
    below = split(resolver.judge.below, ends[0].end, ends[1].end)
    egress = side.side.direction == EGRESS
    if not denials or any(
        (part.destination if egress else part.source) & lack.addresses
        and lack.ports - (part.egress if egress else part.ingress)
        for part in below.parts
        for lack in found
    ):
        yield rule


def _caveats(flow: JudgedFlow) -> Iterator[str]:
    """Yield what the answer depends on."""
    keys = {key for verdict in flow.verdicts for key in verdict.caveats}
    yield from (sentence for key, sentence in CAVEATS.items() if key in keys)
