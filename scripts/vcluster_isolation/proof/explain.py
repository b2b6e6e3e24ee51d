"""Why a flow is allowed or denied: on each side the policies and rules, who put them there, and what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from vcluster_isolation.errors import IsolationError
from vcluster_isolation.netpol.unevaluated import UnevaluatedPolicy
from vcluster_isolation.proof.advice import Missing, in_the_way, is_passed_on, missing
from vcluster_isolation.proof.connectivity import End, could_change
from vcluster_isolation.proof.naming import name_of, policy_of, rule_of
from vcluster_isolation.proof.reasons import Judged, granting
from vcluster_isolation.proof.stage import Stage
from vcluster_isolation.reach.model import EGRESS, Origin, Pod
from vcluster_isolation.reach.ports import ALL, HIGHEST, LOWEST, NONE, PortSet, port_range
from vcluster_isolation.reach.tiers import ADMIN
from vcluster_isolation.reach.verdict import CAVEATS, Deny, Mode, Side, Verdict
from vcluster_isolation.wording import quoted

_PORT: Final = re.compile(r"(?P<first>[0-9]{1,5})(-(?P<last>[0-9]{1,5}))?(/(?P<protocol>tcp|udp|sctp))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RuleSaid:
    """A rule that lets something through: its ports, what the chart says of it, and the value that put it there.

    `yours` says that the value is not the default's.
    """

    policy: str
    rule: str
    ports: str
    flow: str
    value: str
    yours: bool


@dataclass(frozen=True, slots=True)
class SideSaid:
    """One side: the policies that isolate it, the rules that matter here, and the ports that it does not let through.

    `cluster_policies` are the cluster-scoped policies above and below these, and `denials` their rules that deny what
    is not let through. `pod` is False for addresses, to which no policy applies.
    """

    side: str
    of: str
    pod: bool
    policies: tuple[str, ...]
    cluster_policies: tuple[str, ...]
    rules: tuple[RuleSaid, ...]
    denials: tuple[RuleSaid, ...]
    lacks: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer. `ports` are those that get through, of those `asked` about (None: all).

    `undecided` says that one of `not_evaluated`, policies beside those that were evaluated, may make it another one.
    """

    source: str
    destination: str
    asked: str | None
    allowed: bool
    ports: str
    sides: tuple[SideSaid, ...]
    missing: tuple[Missing, ...]
    caveats: tuple[str, ...]
    undecided: bool = False
    not_evaluated: tuple[UnevaluatedPolicy, ...] = ()


def parse_port(text: str) -> PortSet:
    """Return the ports that a user names: `8443` (TCP), `53/UDP`, `8000-8100/TCP`. Raises IsolationError."""
    found = _PORT.fullmatch(text)
    first, last = (int(found["first"]), int(found["last"] or found["first"])) if found else (0, 0)
    if not found or not LOWEST <= first <= last <= HIGHEST:
        raise IsolationError(f"{quoted(text)} is no port", "write one like 8443, 8443/TCP, 53/UDP or 8000-8100/TCP")
    return port_range((found["protocol"] or "TCP").upper(), first, last)


def explain(stage: Stage, source: End, destination: End, asked: PortSet | None = None) -> Explanation:
    """Return why `asked` ports (None: any) get from a source to a destination, or do not."""
    if source == destination and isinstance(destination.end, Pod):  # not itself: another one like it
        destination = replace(destination, end=replace(destination.end, name=""))
    ends = (source, destination)
    flow = stage.judge.flow(source.end, destination.end)
    through = flow.ports if asked is None else flow.ports & asked
    allowed = bool(through) if asked is None else asked <= flow.ports
    sides = _sides(flow.verdicts)
    spaces = {one.end.namespace.name for one in ends if isinstance(one.end, Pod)}
    doubts = could_change(stage.subject, spaces)
    lacks = [NONE, NONE] if allowed else [_lacks(side, sides, asked) for side in sides]
    about = through if allowed else (ALL if asked is None else asked)
    return Explanation(
        source.actor.name,
        destination.actor.name,
        None if asked is None else str(asked),
        allowed,
        flow.words if asked is None and flow.words else str(through),
        tuple(_said(stage, side, end, about, lack) for side, end, lack in zip(sides, ends, lacks, strict=True)),
        tuple(one for side, lack in zip(sides, lacks, strict=True) for one in _missing(stage, side, ends, asked, lack)),
        tuple(_caveats(stage, ends, flow, asked, allowed=allowed)),
        _is_undecided(stage, ends, sides, asked, allowed=allowed),
        doubts,
    )


def _is_undecided(
    stage: Stage, ends: tuple[End, End], sides: tuple[_Side, _Side], asked: PortSet | None, *, allowed: bool
) -> bool:
    """Return whether a policy that is not evaluated may make the answer another one.

    It may close what is allowed on either side. To open what is denied, each side that denies it must be one that such
    a policy may open; without ports asked about, to open more is another answer as well.
    """
    about = [could_change(stage.subject, {end.end.namespace.name} if isinstance(end.end, Pod) else ()) for end in ends]
    if allowed and any(policy.closes for policies in about for policy in policies):
        return True
    wanted = ALL if asked is None else asked
    lacking = [policies for side, policies in zip(sides, about, strict=True) if not wanted <= side.ports]
    answered = allowed and asked is not None
    return bool(lacking) and not answered and all(any(one.opens for one in policies) for policies in lacking)


@dataclass(frozen=True, slots=True)
class _Side:
    """One side over all parts of the addresses that the ends may have: the ports that it lets through at each."""

    side: Side
    ports: PortSet
    parts: tuple[Side, ...]

    def denying(self, ports: PortSet) -> Iterator[Deny]:
        """Yield the Deny rules that close any of some ports, at any of the addresses."""
        yield from (deny for part in self.parts for deny in part.denying(ports))


def _sides(verdicts: tuple[Verdict, ...]) -> tuple[_Side, _Side]:
    """Return both sides."""
    return _side([one.egress for one in verdicts]), _side([one.ingress for one in verdicts])


def _side(found: list[Side]) -> _Side:
    ports = ALL
    for side in found:
        ports &= side.ports
    return _Side(found[0], ports, tuple(found))


def _lacks(side: _Side, sides: tuple[_Side, _Side], asked: PortSet | None) -> PortSet:
    """Return the ports that a side would have to let through, and does not."""
    if asked is not None:
        return asked - side.ports
    closed = [one for one in sides if not one.ports]  # where each lets something else through, both lack the rest
    return ALL - side.ports if side in closed or not closed else NONE


def _said(stage: Stage, side: _Side, end: End, about: PortSet, lacks: PortSet) -> SideSaid:
    """Return one side in words."""
    rules = dict.fromkeys(_rule(stage, one.origin, stage.judge.ports_of(one)) for one in granting(side.parts, about))
    denials = dict.fromkeys(_rule(stage, one.origin, str(one.ports & lacks)) for one in side.denying(lacks))
    homes = {stage.subject.namespace}
    return SideSaid(
        side.side.direction.lower(),
        end.actor.name,
        side.side.governed,
        tuple(name_of(one, homes) for one in side.side.policies),
        tuple(name_of(one, homes) for one in side.side.tiers),
        tuple(rules),
        tuple(denials),
        str(lacks) if lacks else "",
    )


def _rule(stage: Stage, origin: Origin, ports: str) -> RuleSaid:
    """Return a rule in words."""
    own = stage.judge.own_origin(origin)
    note, yours = stage.subject.note(own), stage.subject.granted(own)
    policy = policy_of(origin, {stage.subject.namespace})
    value = yours or (note.path if note else "")
    return RuleSaid(policy, rule_of(origin), ports, note.flow if note else "", value, bool(yours))


def _missing(
    stage: Stage, side: _Side, ends: tuple[End, End], asked: PortSet | None, lacks: PortSet
) -> Iterator[Missing]:
    """Yield what is missing on a side that lacks ports: what is in the way of any rule, and a rule.

    Where a cluster-scoped policy above NetworkPolicies denies the ports, a rule is missing only if these would not let
    them through either. The floor of the values in which the rule belongs is not in the way: it passes the rule on. Nor
    is what is below: a NetworkPolicy goes before it.
    """
    if not lacks:
        return
    rule = missing(side.side, ends, asked, stage.subject)
    above = {(one.kind, one.name) for one in side.side.tiers if one.tier == ADMIN}
    origins = dict.fromkeys(one.origin for one in side.denying(lacks))
    denials = [one for one in origins if (one.kind, one.policy) in above and not is_passed_on(one, rule)]
    yield from (in_the_way(side.side, origin) for origin in denials)
    parts = _sides(stage.judge.below.flow(ends[0].end, ends[1].end).verdicts)
    below = parts[0] if side.side.direction == EGRESS else parts[1]
    if lacks - below.ports or not denials:
        yield rule


def _caveats(
    stage: Stage, ends: tuple[End, End], flow: Judged, asked: PortSet | None, *, allowed: bool
) -> Iterator[str]:
    """Yield what the answer depends on."""
    keys = {key for verdict in flow.verdicts for key in verdict.caveats}
    may = stage.judge.evaluator.flow(ends[0].end, ends[1].end, Mode.MAY)
    more = may.allowed - flow.ports
    more = more if asked is None else more & asked
    yield from (sentence for key, sentence in CAVEATS.items() if key in keys)
    if more:
        yield f"On {more} it is allowed where an ipBlock holds their addresses: some that the two have or may have."
    if not allowed and not any(verdict.denials(asked or ALL) for verdict in flow.verdicts):
        yield "The two have no addresses of one family, IPv4 or IPv6."
