"""Why a flow changed: the rules that are there on one side of a change only, with the value that put each there.

Where the flow is open, they let it through. Where it is closed, rules of cluster-scoped policies deny it: that they
came, or went, opens or closes what NetworkPolicies let through all along.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from vcluster_isolation.diff.changes import Change
from vcluster_isolation.netpol.objects.model import Origin, Rule
from vcluster_isolation.netpol.objects.tiers import TierRule, tier_rules
from vcluster_isolation.netpol.objects.verdict import Side, Verdict
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.vcluster.actor_ref import OWN
from vcluster_isolation.vcluster.tenants import own_origin
from vcluster_isolation.wording import printable
from vcluster_isolation.worlds.world import World


class Causes:
    """Knows the rules of both sides of a change."""

    def __init__(self, before: Subject, after: Subject) -> None:
        """Take both sides."""
        self._sides = (before, after)
        self._tenants = World(after, ((), ())).tenants
        self._rules = tuple({rule.origin: rule for rule in _rules(side)} for side in self._sides)
        contents = [{origin: _content(rule) for origin, rule in one.items()} for one in self._rules]
        known = [set(content.values()) for content in contents]
        self._unique = tuple(
            {origin for origin, content in one.items() if content not in known[1 - side]}
            for side, one in enumerate(contents)
        )

    def of(self, change: Change) -> tuple[str, ...]:
        """Return what a change is due to, in words; if nothing is new, what lets the flow through where it is open."""
        here = int(change.opened)
        opening = self._own(here, _letting_through(change))
        denying = self._own(1 - here, _denying(change))
        found = [self._cause(here, one) for one in self._new(here, opening)]
        denies = "denied it" if change.opened else "denies it"
        found += [f"{self._cause(1 - here, one)} {denies}" for one in self._new(1 - here, denying)]
        return tuple(found or [self._cause(here, one) for one in opening]) or ("no policy isolates one of the two",)

    def _own(self, side: int, origins: Iterable[Origin]) -> list[Origin]:
        """Return the rules of a side, those of symbolic tenants as the subject's own; each once."""
        others = [tenant for whose, tenant in self._tenants.items() if whose != OWN]
        found = dict.fromkeys(own_origin(origin, self._tenants[OWN], others) for origin in origins)
        return [one for one in found if one in self._rules[side]]

    def _new(self, side: int, origins: Iterable[Origin]) -> list[Origin]:
        """Return the rules of a side that the other does not have, wherever in its policy each stands."""
        return [origin for origin in origins if origin in self._unique[side]]

    def _cause(self, side: int, origin: Origin) -> str:
        """Return a rule, with the values path that put it there."""
        said = self._sides[side].said(origin, {origin.namespace})
        return printable(f"{said.policy} {said.rule}" + (f" ({said.value})" if said.value else ""))


def _letting_through(change: Change) -> Iterable[Origin]:
    """Return the rules that let a flow through on the side where it is open."""
    return (grant.origin for side in _both(change.verdict) for grant in side.granting(change.ports))


def _denying(change: Change) -> Iterable[Origin]:
    """Return the rules that deny a flow on the side where it is closed."""
    return (deny.origin for side in _both(change.closed) for deny in side.denying(change.ports))


def _both(verdict: Verdict) -> tuple[Side, Side]:
    return verdict.egress, verdict.ingress


def _rules(subject: Subject) -> Iterator[Rule | TierRule]:
    """Yield the rules of a subject, those that its tenant may sync among them."""
    given = subject.with_worst_synced_policies(subject.policies)
    yield from (rule for policy in given for rule in (*policy.ingress, *policy.egress))
    yield from tier_rules(subject.tiers)


def _content(rule: Rule | TierRule) -> Hashable:
    """Return what a rule says, and in which policy and direction."""
    action = rule.action if isinstance(rule, TierRule) else ""
    origin = rule.origin
    return origin.kind, origin.policy, origin.direction, action, rule.peers, rule.ports, rule.named
