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
3. Names are compared for equality only, so what holds for the two tenants holds for any two.

`tests/proof/test_fleets.py` tests it against concrete fleets of 3, 10 and 50.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from vcluster_isolation.proof.cast import CONTROLLED_BY, HOME, MANAGED_BY, TENANT, Actor, AddressActor, PodActor
from vcluster_isolation.proof.subject import Subject
from vcluster_isolation.reach.addresses import address_classes
from vcluster_isolation.reach.evaluate import Evaluator
from vcluster_isolation.reach.labels import FREE, Domain, label_classes, one_of
from vcluster_isolation.reach.model import (
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
    """All policies of the three tenants, and the endpoints that the actors stand for."""

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
        taken = {subject.name, subject.namespace}
        self.tenants: Mapping[str, Tenant] = {
            OWN: Tenant(subject.name, subject.namespace),
            NEIGHBOUR: Tenant(_fresh("neighbour", taken), subject.namespace),
            OTHER: Tenant(_fresh("other-tenant", taken), _fresh("other-namespace", taken)),
        }
        given = tuple(policies)
        own = self.tenants[OWN]
        copied = () if alone else (NEIGHBOUR, OTHER)
        # Others have the chart's policies, and not what else is in the host cluster or in our namespace.
        charted = [one for one in given if one.namespace == own.namespace and one.name.endswith(f"-{own.name}")]
        copies = (renamed(one, own, self.tenants[whose]) for whose in copied for one in charted)
        self.evaluator = Evaluator([*given, *(one for one in copies if one not in given)])
        self._ends: dict[Who, tuple[Endpoint, ...]] = {}

    def ends(self, who: Who) -> tuple[Endpoint, ...]:
        """Return one endpoint for each class of what an actor can be, the simplest first.

        For a hostile pod these are all label sets that any selector tells apart, in all namespaces that any
        selector tells apart; for addresses the parts that any ipBlock tells apart.
        """
        if who not in self._ends:
            actor = who.actor
            found = self._addresses(actor) if isinstance(actor, AddressActor) else self._pods(actor, who)
            self._ends[who] = tuple(found)
        return self._ends[who]

    def _addresses(self, actor: AddressActor) -> Iterator[Endpoint]:
        blocks = [block.addresses for block in self.evaluator.blocks()]
        for part in address_classes(actor.addresses, blocks):
            yield External(actor.name, part, actor.node)

    def _pods(self, actor: PodActor, who: Who) -> Iterator[Endpoint]:
        tenant = self.tenants[who.whose]
        labels = {key: value.replace(TENANT, tenant.name) for key, value in actor.labels.items()}
        domains = {key: one_of(value) for key, value in labels.items()}
        others = Domain(values=frozenset())
        if not who.usual and actor.others is FREE:
            domains = {key: _named(domain, tenant.name) for key, domain in actor.chosen.items()}
            others = actor.others
        for home in self._namespaces(actor, tenant, usual=who.usual):
            for found in label_classes(self.evaluator.pod_selectors(home), domains, others):
                yield Pod(home, found.labels, ports=None)

    def _namespaces(self, actor: PodActor, tenant: Tenant, *, usual: bool) -> list[Namespace]:
        """Return the namespaces that an actor can be in: labels that others choose can be any."""
        name = tenant.namespace if actor.namespace == HOME else actor.namespace
        if usual or actor.others is not FREE or name == self.tenants[OWN].namespace:
            return [self._known.get(name) or namespace(name)]
        selectors = self.evaluator.namespace_selectors()
        return [Namespace(name, found.labels) for found in label_classes(selectors, {NAME_LABEL: one_of(name)})]


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
    if domain.values is None:
        return domain
    return replace(domain, values=frozenset(value.replace(TENANT, tenant) for value in domain.values))


def _fresh(name: str, taken: set[str]) -> str:
    """Return a name that is not taken, and take it."""
    while name in taken:
        name += "-x"
    taken.add(name)
    return name
