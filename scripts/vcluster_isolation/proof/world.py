"""The world in which claims are judged: the vCluster, two more tenants with the same chart, and the host cluster.

Two symbolic tenants stand for any number of others, one in the same namespace (`neighbour`) and one in another
(`other`). The argument:

1. A verdict about two pods depends on the policies of their two namespaces that select them, and on nothing else.
   So tenants in namespaces other than those two change nothing: one `other` tenant at a time is enough, and all of
   them differ from it only in name.
2. A further tenant in the same namespace adds its own policies there. Each of its rules is a rule of this vCluster
   with the tenant's name replaced, and so is each selector. A rule or selector that names a tenant speaks of that
   tenant's pods only, which are not the two pods of the verdict. One that names no tenant is the same rule, on the
   same pods, that this vCluster's policies have already: policies add up, so it adds nothing a second time.
3. Names are compared for equality only, so what holds for the two tenants holds for any two that no rule names.
   Those that a rule does name, and namespaces that one names, are in the world as well.
4. Nobody says that other tenants are isolated, or by which values. So each is there twice: with this vCluster's
   policies under its own name, and without any.

`tests/proof/test_fleets.py` tests it against concrete fleets of 3, 10 and 50.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, replace

from vcluster_isolation.proof.cast import (
    ANYBODY,
    CONTROLLED_BY,
    HOME,
    MANAGED_BY,
    PLATFORM_NAMESPACE,
    STRAY,
    TENANT,
    WORKLOAD,
    Actor,
    AddressActor,
    PodActor,
)
from vcluster_isolation.proof.subject import Subject
from vcluster_isolation.reach.addresses import address_classes
from vcluster_isolation.reach.evaluate import Evaluator
from vcluster_isolation.reach.labels import FREE, Domain, label_classes, none_of, one_of
from vcluster_isolation.reach.model import (
    EGRESS,
    EVERYTHING,
    INGRESS,
    NAME_LABEL,
    Endpoint,
    External,
    Labels,
    Namespace,
    Peer,
    Pod,
    Policy,
    Requirement,
    Rule,
    Selector,
    namespace,
)

OWN, NEIGHBOUR, OTHER = "own", "neighbour", "other"
SOURCE, DESTINATION = "source", "destination"

_TENANT_KEYS = frozenset({"release", MANAGED_BY, CONTROLLED_BY, "vcluster.loft.sh/vcluster-name"})
_NAMESPACE_KEYS = frozenset({NAME_LABEL, "vcluster.loft.sh/vcluster-namespace"})


@dataclass(frozen=True, slots=True)
class Tenant:
    """A vCluster's name and its namespace."""

    name: str
    namespace: str


@dataclass(frozen=True, slots=True)
class Who:
    """An actor of the cast; `whose` says of which tenant. `usual` takes it with its usual labels only."""

    actor: Actor
    whose: str = OWN
    usual: bool = False

    def __str__(self) -> str:
        """Return the actor's name, with the tenant's for one that is not ours: `neighbour's workload`."""
        owned = isinstance(self.actor, PodActor) and self.actor.namespace == HOME and self.whose != OWN
        return f"{self.whose}'s {self.actor.name}" if owned else self.actor.name


class World:
    """All policies of the vCluster and of other tenants, and the endpoints that the actors stand for."""

    def __init__(
        self,
        subject: Subject,
        policies: Iterable[Policy],
        *,
        alone: bool = False,
        known: Mapping[str, Namespace] | None = None,
    ) -> None:
        """Put `policies` (of the subject, as they are or without what the user granted) into the world.

        `alone` leaves the symbolic tenants without policies, for a host cluster whose tenants are known; `known` are
        namespaces whose labels are known.
        """
        self._known = known or {}
        self._subject = subject
        self._taken = {subject.name, subject.namespace}
        own = Tenant(subject.name, subject.namespace)
        self.tenants: Mapping[str, Tenant] = {
            OWN: own,
            NEIGHBOUR: Tenant(self._fresh("neighbour"), subject.namespace),
            OTHER: Tenant(self._fresh("other-tenant"), self._fresh("other-namespace")),
        }
        self._anywhere = self._fresh(ANYBODY.namespace)
        given = tuple(policies)
        copied = () if alone else (NEIGHBOUR, OTHER)
        # Others have the chart's policies, and not what else is in the host cluster or in our namespace.
        charted = [one for one in given if one.namespace == own.namespace and one.name.endswith(f"-{own.name}")]
        copies = (renamed(one, own, self.tenants[whose]) for whose in copied for one in charted)
        self.evaluator = Evaluator([*given, *(one for one in copies if one not in given)])
        self.spaces = named_spaces(given, own)
        self._variants = self._every_tenant(given) if not alone else {}
        self._ends: dict[tuple[Who, str], tuple[Endpoint, ...]] = {}

    def _every_tenant(self, given: Iterable[Policy]) -> dict[str, tuple[Tenant, ...]]:
        """Return what the other tenants can be: like this vCluster, not isolated at all, or one that a rule names."""
        own, neighbour, other = self.tenants[OWN], self.tenants[NEIGHBOUR], self.tenants[OTHER]
        names = sorted(named_tenants(given) - {own.name})
        free = self._fresh("free-tenant")
        beside = [Tenant(name, own.namespace) for name in (free, *names)]
        away = [Tenant(name, self._fresh("free-namespace")) for name in (free, *names)]
        return {NEIGHBOUR: (neighbour, *beside), OTHER: (other, *away)}

    def ends(self, who: Who, role: str = "") -> tuple[Endpoint, ...]:
        """Return one endpoint for each class of what an actor can be, the simplest first.

        For a hostile pod these are all label sets that any selector tells apart, in all namespaces that any
        selector tells apart; for addresses the parts that any ipBlock tells apart. With a `role`, SOURCE or
        DESTINATION, only selectors count that see the labels of such an end: those of the policies that isolate it
        in its direction, and of the rules of the other side.
        """
        if (who, role) not in self._ends:
            actor = who.actor
            found = self._addresses(actor) if isinstance(actor, AddressActor) else self._pods(actor, who, role)
            self._ends[who, role] = tuple(dict.fromkeys(found))
        return self._ends[who, role]

    def homes(self) -> list[Namespace]:
        """Return what the vCluster's namespace can be: nobody says which labels it has."""
        name = self.tenants[OWN].namespace
        selectors = self.evaluator.namespace_selectors()
        return [Namespace(name, found.labels) for found in label_classes(selectors, {NAME_LABEL: one_of(name)})]

    def at_home_in(self, home: Namespace) -> World:
        """Return the same world with the vCluster's namespace being `home`."""
        other = copy(self)
        vars(other).update(_known={**self._known, home.name: home}, _ends={})
        return other

    def _addresses(self, actor: AddressActor) -> Iterator[Endpoint]:
        blocks = [block.addresses for block in self.evaluator.blocks()]
        for part in address_classes(actor.addresses, blocks):
            yield External(actor.name, part, actor.node)

    def _pods(self, actor: PodActor, who: Who, role: str) -> Iterator[Endpoint]:
        first = self.tenants[who.whose]
        for tenant in (first,) if who.usual else self._variants.get(who.whose, (first,)):
            labels = {key: value.replace(TENANT, tenant.name) for key, value in actor.labels.items()}
            domains = {key: one_of(value) for key, value in labels.items()}
            others = Domain(values=frozenset())
            if not who.usual and actor.others is FREE:
                domains = {key: _named(domain, tenant.name) for key, domain in actor.chosen.items()}
                others = actor.others
            if actor is STRAY and not who.usual:  # none of any vCluster's pods
                tenants = {one.name for some in (*self._variants.values(), self.tenants.values()) for one in some}
                domains["release"] = none_of(*tenants, absent=True)
            for home in self._namespaces(actor, tenant, usual=who.usual):
                for found in label_classes(self._selectors(home, role), domains, others):
                    yield Pod(home, found.labels, ports=None)

    def _selectors(self, home: Namespace, role: str) -> tuple[Selector, ...]:
        """Return the selectors that can see the labels of a pod of a namespace in a role."""
        if not role:
            return self.evaluator.pod_selectors(home)
        isolating, facing = (EGRESS, INGRESS) if role == SOURCE else (INGRESS, EGRESS)
        found: dict[Selector, None] = {}
        for policy in self.evaluator.policies():
            at_home = policy.namespace == home.name
            if at_home and isolating in policy.types:
                found[policy.selector] = None
            for peer in (peer for rule in policy.rules(facing) for peer in rule.peers if facing in policy.types):
                seen = at_home if peer.namespaces is None else peer.namespaces.matches(home.labels)
                if peer.pods is not None and seen:
                    found[peer.pods] = None
        return tuple(one for one in found if one != EVERYTHING)

    def _namespaces(self, actor: PodActor, tenant: Tenant, *, usual: bool) -> Iterator[Namespace]:
        """Yield the namespaces that an actor can be in: labels that others choose can be any."""
        name = {HOME: tenant.namespace, ANYBODY.namespace: self._anywhere}.get(actor.namespace, actor.namespace)
        if usual or actor.others is not FREE or name == self.tenants[OWN].namespace:
            yield self._known.get(name) or namespace(name)
        else:
            names = (name, *self.spaces) if actor is ANYBODY else (name,)
            yield from (space for one in names for space in self._labelled(one, {}))
        if actor is WORKLOAD and tenant == self.tenants[OWN] and self._subject.namespace_sync and not usual:
            fixed = {
                "vcluster.loft.sh/vcluster-name": tenant.name,
                "vcluster.loft.sh/vcluster-namespace": tenant.namespace,
            }
            yield from self._labelled("a-synced-namespace", fixed)

    def _labelled(self, name: str, fixed: Mapping[str, str]) -> Iterator[Namespace]:
        """Yield a namespace with each set of labels that selectors tell apart, some of them fixed."""
        domains = {key: one_of(value) for key, value in {**fixed, NAME_LABEL: name}.items()}
        for found in label_classes(self.evaluator.namespace_selectors(), domains):
            yield Namespace(name, found.labels)

    def _fresh(self, name: str) -> str:
        """Return a name that is not taken, and take it."""
        while name in self._taken:
            name += "-x"
        self._taken.add(name)
        return name


_TRUSTED = frozenset({"kube-system", PLATFORM_NAMESPACE})
"""Namespaces in which nobody but the administrators of the host cluster has pods."""


def named_spaces(policies: Iterable[Policy], own: Tenant) -> tuple[str, ...]:
    """Return the namespaces that the policies name, as far as somebody hostile could be in them."""
    found = _mentioned(policies, _NAMESPACE_KEYS)
    return tuple(sorted(found - _TRUSTED - {own.namespace}))


def named_tenants(policies: Iterable[Policy]) -> set[str]:
    """Return the vClusters that the policies name."""
    return _mentioned(policies, _TENANT_KEYS)


def _mentioned(policies: Iterable[Policy], keys: frozenset[str]) -> set[str]:
    """Return the values of some labels that any peer mentions."""
    every = [peer for policy in policies for rule in (*policy.ingress, *policy.egress) for peer in rule.peers]
    selectors = [one for peer in every for one in (peer.pods, peer.namespaces) if one is not None]
    equal = {value for one in selectors for key, value in one.equal if key in keys}
    return equal | {value for one in selectors for more in one.others if more.key in keys for value in more.values}


def renamed(policy: Policy, old: Tenant, new: Tenant) -> Policy:
    """Return a tenant's policy as another tenant with the same values would have it."""
    return replace(
        policy,
        namespace=new.namespace,
        name=policy.name.removesuffix(old.name) + new.name,
        selector=_selector(policy.selector, old, new),
        ingress=tuple(_rule(rule, old, new) for rule in policy.ingress),
        egress=tuple(_rule(rule, old, new) for rule in policy.egress),
    )


def _rule(rule: Rule, old: Tenant, new: Tenant) -> Rule:
    origin = replace(rule.origin, namespace=new.namespace, policy=rule.origin.policy.removesuffix(old.name) + new.name)
    return replace(rule, origin=origin, peers=tuple(_peer(peer, old, new) for peer in rule.peers))


def _peer(peer: Peer, old: Tenant, new: Tenant) -> Peer:
    pods = peer.pods and _selector(peer.pods, old, new)
    return replace(peer, pods=pods, namespaces=peer.namespaces and _selector(peer.namespaces, old, new))


def _selector(selector: Selector, old: Tenant, new: Tenant) -> Selector:
    equal: Labels = frozenset((key, _value(key, value, old, new)) for key, value in selector.equal)
    return Selector(equal, frozenset(_requirement(one, old, new) for one in selector.others))


def _requirement(one: Requirement, old: Tenant, new: Tenant) -> Requirement:
    return replace(one, values=frozenset(_value(one.key, value, old, new) for value in one.values))


def _value(key: str, value: str, old: Tenant, new: Tenant) -> str:
    if key in _TENANT_KEYS and value == old.name:
        return new.name
    return new.namespace if key in _NAMESPACE_KEYS and value == old.namespace else value


def _named(domain: Domain, tenant: str) -> Domain:
    """Return a domain with the tenant's name in the place of TENANT."""
    values, excluded = (
        None if given is None else frozenset(value.replace(TENANT, tenant) for value in given)
        for given in (domain.values, domain.excluded)
    )
    return replace(domain, values=values, excluded=excluded or frozenset())
