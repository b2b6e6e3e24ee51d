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
4. Of the namespaces that a vCluster's workloads run in, those whose names can be exchanged in all policies without a
   change are alike: a flow has two ends, so two of them, the first and another, stand for all (`interchangeable`).
5. Pods whose labels others choose are every class of label sets; of very many classes those that find whatever all of
   them would find (`covering_classes`, with its argument in `netpol/engine/labels.py`).
6. Nobody says that other tenants are isolated, or by which values. So each is there twice: with this vCluster's
   policies under its own name, and without any.

`tests/worlds/test_fleets.py` tests it against concrete fleets of 3, 10 and 50.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import replace

from vcluster_isolation.netpol.engine.classes import single
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.engine.labels import (
    ABSENT,
    FREE,
    Domain,
    covering_classes,
    label_classes,
    none_of,
    one_of,
)
from vcluster_isolation.netpol.objects.model import (
    EGRESS,
    EVERYTHING,
    INGRESS,
    NAME_LABEL,
    Endpoint,
    External,
    Namespace,
    Pod,
    Policy,
    Selector,
    namespace,
)
from vcluster_isolation.netpol.objects.tiers import PolicySet, TierPolicy
from vcluster_isolation.netpol.sets.addresses import AddressSet, union_of
from vcluster_isolation.subject.subject import VCLUSTER, Subject
from vcluster_isolation.vcluster.actor_ref import (
    INSIDE,
    NEIGHBOUR,
    OTHER,
    OUTSIDE,
    OWN,
    SOURCE,
    SPREAD,
    SYNCED_NAMESPACE,
    ActorRef,
)
from vcluster_isolation.vcluster.address_ranges import INTERNET_4, INTERNET_6
from vcluster_isolation.vcluster.cast import (
    ANYBODY,
    HOME,
    HOST_API_SERVER,
    INTERNET,
    NODE,
    ORDINARY,
    PLATFORM_NAMESPACE,
    STRAY,
    SYNCED_FROM,
    SYNCED_HOME,
    TENANT,
    WORKLOAD,
    Actor,
    AddressActor,
    NamedActor,
    PodActor,
)
from vcluster_isolation.vcluster.policy_names import is_of
from vcluster_isolation.vcluster.tenants import (
    Tenant,
    interchangeable,
    is_floor_of,
    named_spaces,
    named_tenants,
    renamed,
    renamed_tier,
    spaces_of,
)
from vcluster_isolation.worlds.mentioned import example

_PAIR = 2
"""So many namespaces stand for all that are alike: a flow has two ends."""


class World:
    """All policies of the vCluster and of other tenants, and the endpoints that the actors stand for."""

    def __init__(
        self,
        subject: Subject,
        rendered: PolicySet,
        *,
        alone: bool = False,
        known: Mapping[str, Namespace] | None = None,
        few: bool = False,
    ) -> None:
        """Put policies (of the subject, as they are or without what the user granted) into the world.

        `alone` leaves the symbolic tenants without policies, for a host cluster whose tenants are known; `known` are
        namespaces whose labels are known. With `few`, two stand for all namespaces of workloads that are alike.
        """
        self._known = known or {}
        self.subject = subject
        given, tiers = rendered
        settings = subject.settings
        self._taken = {subject.name, *subject.spaces, *settings.platform_spaces, *named_spaces((*given, *tiers))}
        own = Tenant(subject.name, subject.namespace)
        self.tenants: Mapping[str, Tenant] = {
            OWN: own,
            NEIGHBOUR: Tenant(self._fresh("neighbour"), subject.namespace),
            OTHER: Tenant(self._fresh("other-tenant"), self._fresh("other-namespace")),
        }
        self._anywhere = self._fresh(ANYBODY.namespace)
        copied = () if alone or subject.kind != VCLUSTER else (NEIGHBOUR, OTHER)
        # Others have the chart's policies, and not what else is in the host cluster or in our namespace.
        charted = [one for one in given if one.namespace in subject.spaces and is_of(one, own.name)]
        copies = (renamed(one, own, self.tenants[whose]) for whose in copied for one in charted)
        floors = [tier for tier in tiers if is_floor_of(tier, own)]
        above = [*tiers, *(renamed_tier(one, own, self.tenants[whose]) for whose in copied for one in floors)]
        self.evaluator = Evaluator([*given, *(one for one in copies if one not in given)], above)
        trusted = {"kube-system", "openshift-dns", *subject.settings.platform_spaces, *subject.spaces}
        self.spaces = tuple(sorted(named_spaces((*given, *tiers)) - trusted))
        self._workload_spaces = self._representatives(rendered) if few else settings.workload_namespaces
        self._addresses_of_pods = settings.pod_addresses
        self._placed: Mapping[Actor, AddressSet] = {NODE: settings.node_addresses}
        self._variants = self._every_tenant((*given, *tiers)) if not alone else {}
        self._ends: dict[tuple[ActorRef, str], tuple[Endpoint, ...]] = {}
        self._same_labels: World | None = None

    def _representatives(self, rendered: PolicySet) -> tuple[str, ...]:
        """Return the namespaces of workloads beside the release's; of many that are alike the first two."""
        settings = self.subject.settings
        if len(settings.workload_namespaces) <= _PAIR:
            return settings.workload_namespaces
        special = {*self._known, *settings.platform_spaces}
        special |= spaces_of(peer for named in settings.named.values() for peer in named.peers)
        others = [name for name in settings.workload_namespaces if name not in special]
        kept = {name for group in interchangeable(others, *rendered) for name in group[:_PAIR]}
        return tuple(name for name in settings.workload_namespaces if name in special or name in kept)

    def _every_tenant(self, given: Iterable[Policy | TierPolicy]) -> dict[str, tuple[Tenant, ...]]:
        """Return what the other tenants can be: like this vCluster, not isolated at all, or one that a rule names."""
        own, neighbour, other = self.tenants[OWN], self.tenants[NEIGHBOUR], self.tenants[OTHER]
        names = sorted(named_tenants(given) - {own.name})
        free = self._fresh("free-tenant")
        beside = [Tenant(name, own.namespace) for name in (free, *names)]
        away = [Tenant(name, self._fresh("free-namespace")) for name in (free, *names)]
        away += [Tenant(free, space) for space in self.subject.settings.platform_spaces if space != own.namespace]
        return {NEIGHBOUR: (neighbour, *beside), OTHER: (other, *away)}

    def ends(self, who: ActorRef, role: str = "") -> tuple[Endpoint, ...]:
        """Return one endpoint for each class of what an actor can be, the simplest first.

        For a hostile pod these are all label sets that any selector tells apart, in all namespaces that any
        selector tells apart; for addresses the parts that any ipBlock tells apart. With a `role`, SOURCE or
        DESTINATION, only selectors count that see the labels of such an end: those of the policies that isolate it
        in its direction, and of the rules of the other side.
        """
        if (who, role) not in self._ends and self._same_labels and isinstance(who.actor, PodActor):
            known = self._same_labels.ends(who, role)
            pods = (replace(end, addresses=self._addresses_of_pods) for end in known if isinstance(end, Pod))
            self._ends[who, role] = tuple(pods)
        elif (who, role) not in self._ends:
            self._ends[who, role] = tuple(dict.fromkeys(self._found(who, role)))
        return self._ends[who, role]

    def _found(self, who: ActorRef, role: str) -> Iterator[Endpoint]:
        """Yield the endpoints of an actor, some perhaps more than once."""
        match who.actor:
            case AddressActor() as actor:
                yield from self._addresses(actor)
            case NamedActor() as actor:
                yield from self._whom(actor)
            case PodActor() as actor:
                yield from self._pods(actor, who, role)

    def _whom(self, actor: NamedActor) -> Iterator[Endpoint]:
        """Yield whom a value names: of pods one with as few labels as can be, of nobody named somebody of each kind."""
        named = self.subject.settings.named.get(actor.key)
        if named is None:
            return
        if not named.peers:
            yield Pod(namespace(self._anywhere), ports=None)
            yield from (External(one.name, one.addresses) for one in INTERNET)
        for peer in named.peers:
            if peer.block:
                yield from self._addresses(AddressActor(actor.name, peer.block.addresses, actor.about))
            elif pod := example(peer, self.tenants[OWN].namespace):
                space = self._known.get(pod.namespace.name, pod.namespace)
                yield replace(pod, namespace=space, addresses=self._addresses_of_pods)

    def homes(self) -> list[Namespace]:
        """Return what the vCluster's namespace can be: nobody says which labels it has."""
        name = self.tenants[OWN].namespace
        selectors = self.evaluator.namespace_selectors()
        return [Namespace(name, kind.labels) for kind in label_classes(selectors, {NAME_LABEL: one_of(name)})]

    def at_home_in(self, home: Namespace) -> World:
        """Return the same world with the vCluster's namespace being `home`."""
        other = copy(self)
        vars(other).update(_known={**self._known, home.name: home}, _ends={})
        return other

    def at_public_addresses(self) -> World:
        """Return this world with nodes, pods and the API server at public addresses, where theirs are unknown.

        An address that a policy names by itself is that of a resolver, a database or the like, and none of theirs.
        """
        settings = self.subject.settings
        named = union_of(block.addresses for block in self.evaluator.blocks() if single(block.addresses))
        public = (INTERNET_4 | INTERNET_6) - named
        placed = {NODE: settings.nodes or public}
        if not settings.knows_api_server:
            placed[HOST_API_SERVER] = public
        other = copy(self)
        vars(other).update(_addresses_of_pods=settings.pods or public, _placed=placed, _ends={}, _same_labels=self)
        return other

    def place_of(self, actor: AddressActor) -> AddressSet:
        """Return the addresses that an actor has here: those of nodes differ from cluster to cluster."""
        return self._placed.get(actor, actor.addresses)

    def _addresses(self, actor: AddressActor) -> Iterator[Endpoint]:
        yield from (External(actor.name, part, actor.node) for part in self.evaluator.parts(self.place_of(actor)))

    def _pods(self, actor: PodActor, who: ActorRef, role: str) -> Iterator[Endpoint]:
        first = self.tenants[who.tenant]
        for tenant in (first,) if who.labels_fixed else self._variants.get(who.tenant, (first,)):
            domains, others = self._labels(actor, tenant, usual=who.labels_fixed)
            for home in self._namespaces(actor, tenant, who):
                for found in covering_classes(*self._selectors(home, role), domains, others):
                    yield Pod(home, found.labels, ports=None, addresses=self._addresses_of_pods)

    def _labels(self, actor: PodActor, tenant: Tenant, *, usual: bool) -> tuple[dict[str, Domain], Domain]:
        """Return what each label of an actor can be, and every other one."""
        if usual or actor.others is not FREE:
            labels = {key: one_of(value.replace(TENANT, tenant.name)) for key, value in actor.labels.items()}
            return labels, Domain(values=frozenset())
        domains = {key: _named(domain, tenant.name) for key, domain in actor.chosen.items()}
        if actor is STRAY:  # none of any vCluster's pods
            tenants = {one.name for some in (*self._variants.values(), self.tenants.values()) for one in some}
            domains["release"] = none_of(*tenants, absent=True)
        elif self.subject.settings.release_label_forgeable and tenant == self.tenants[OWN]:
            domains.pop("release", None)
        return domains, actor.others

    def _selectors(self, home: Namespace, role: str) -> tuple[tuple[Selector, ...], frozenset[Selector]]:
        """Return the selectors that can see the labels of a pod of a namespace in a role, and those that only add."""
        if not role:
            return self.evaluator.pod_selectors(home), self.evaluator.adding_selectors(home, EGRESS, INGRESS)
        direction = EGRESS if role == SOURCE else INGRESS
        return self.evaluator.role_selectors(home, direction), self.evaluator.adding_selectors(home, direction)

    def _namespaces(self, actor: PodActor, tenant: Tenant, who: ActorRef) -> Iterator[Namespace]:
        """Yield the namespaces that an actor can be in: labels that others choose can be any."""
        settings = self.subject.settings
        if actor.namespace == PLATFORM_NAMESPACE:
            yield from (self._space(name) for name in settings.platform_spaces)
            return
        name = {HOME: tenant.namespace, ANYBODY.namespace: self._anywhere}.get(actor.namespace, actor.namespace)
        if who.place in (INSIDE, OUTSIDE):
            yield from self._of_the_project(name, inside=who.place == INSIDE)
        elif who.labels_fixed or actor.others is not FREE or name == self.tenants[OWN].namespace:
            yield self._space(name)
        else:
            names = (name, *self.spaces) if actor is ANYBODY else (name,)
            yield from (space for name in names for space in self._labelled(name, {}))
        yield from self._further(actor, tenant, who)

    def _further(self, actor: PodActor, tenant: Tenant, who: ActorRef) -> Iterator[Namespace]:
        """Yield the namespaces of workloads beside the release's: those that are named, and any other."""
        synced = actor in (WORKLOAD, ORDINARY)
        at_home = tenant.namespace == self.tenants[OWN].namespace
        if who.place == SPREAD:
            yield from (self._space(name) for name in self._workload_spaces)
        elif at_home and (synced or actor is STRAY) and not who.labels_fixed:
            yield from (space for one in self._workload_spaces for space in self._mapped(one))
        if synced and tenant == self.tenants[OWN] and self.subject.namespace_sync and not who.labels_fixed:
            yield from self._labelled(SYNCED_NAMESPACE, {SYNCED_FROM: tenant.name, SYNCED_HOME: tenant.namespace})

    def _mapped(self, name: str) -> Iterator[Namespace]:
        """Yield what a namespace of the vCluster beside its own can be: what it is if that is known."""
        known = self._known.get(name)
        yield from (known,) if known else self._labelled(name, {})

    def _of_the_project(self, name: str, *, inside: bool) -> Iterator[Namespace]:
        """Yield namespaces of the project, called as it says or else `name`, or namespaces that are none of it."""
        project = self.subject.settings.project or EVERYTHING
        if inside:
            domains = {NAME_LABEL: one_of(name), SYNCED_HOME: ABSENT}
            free = {NAME_LABEL: none_of(), SYNCED_HOME: ABSENT}
            found = [kind for names in (domains, free) for kind in label_classes([project], names) if kind.signature]
            yield from (Namespace(dict(one.labels)[NAME_LABEL], one.labels) for one in found[:1])
            return
        for space in (one for called in (name, *self.spaces) for one in self._labelled(called, {})):
            if not project.matches(space.labels) or any(key == SYNCED_HOME for key, _ in space.labels):
                yield space
        yield from self._labelled(SYNCED_NAMESPACE, {SYNCED_HOME: name})  # with whatever labels its tenant likes

    def _space(self, name: str) -> Namespace:
        """Return a namespace with the labels that are known of it."""
        return self._known.get(name) or namespace(name)

    def _labelled(self, name: str, fixed: Mapping[str, str]) -> Iterator[Namespace]:
        """Yield a namespace with each set of labels that selectors tell apart, some of them fixed."""
        domains = {key: one_of(value) for key, value in {**fixed, NAME_LABEL: name}.items()}
        for kind in label_classes(self.evaluator.namespace_selectors(), domains):
            yield Namespace(name, kind.labels)

    def _fresh(self, name: str) -> str:
        """Return a name that is not taken, and take it."""
        while name in self._taken:
            name += "-x"
        self._taken.add(name)
        return name


def _named(domain: Domain, tenant: str) -> Domain:
    """Return a domain with the tenant's name in the place of TENANT."""
    values, excluded = (
        None if given is None else frozenset(value.replace(TENANT, tenant) for value in given)
        for given in (domain.values, domain.excluded)
    )
    return replace(domain, values=values, excluded=excluded or frozenset())
