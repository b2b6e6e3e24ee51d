"""Everybody a claim speaks of, in a real host cluster: the pods that are there, and those that there could be.

Of a vCluster these are its own pods, by role; every label set that its tenant can give a pod (hostile workloads, in
each namespace that it has), told apart by every selector of the whole cluster; and the cast's control plane, etcd,
CoreDNS, snapshot pod and stray, with the labels they usually have. Of the host they are the cast's actors, and the
real pods that the cluster has instead.

A vCluster that has synced namespaces could make one more, in which nothing isolates a pod: its workloads are there,
too. That is not so where the chart mapped each of them, with a policy of its own. Not covered is a pod that a tenant
creates in the host's network, which no NetworkPolicy reaches (Pod Security does).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from vcluster_isolation.audit.cluster_index import ClusterIndex
from vcluster_isolation.audit.find import BY_NAMESPACES, DiscoveredVCluster, RolePod
from vcluster_isolation.audit.near import near_peers_policy, near_policies, near_tiers
from vcluster_isolation.netpol.engine.classes import Profiler
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.engine.labels import FREE
from vcluster_isolation.netpol.objects.model import Endpoint, External, Pod, Policy
from vcluster_isolation.netpol.objects.tiers import PolicySet
from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.vcluster import cast
from vcluster_isolation.vcluster.actor_ref import ActorRef
from vcluster_isolation.vcluster.cast import MANAGED_BY, VIRTUAL_NAMESPACE, Actor, PodActor
from vcluster_isolation.vcluster.pod_roles import COREDNS, WORKLOAD
from vcluster_isolation.vcluster.policy_names import CONTROL_PLANE, WORKLOADS, is_of, policy_name
from vcluster_isolation.vcluster.policy_names import COREDNS as COREDNS_POLICY
from vcluster_isolation.vcluster.tenants import named_spaces
from vcluster_isolation.worlds.world import World


def chosen(actor: Actor) -> bool:
    """Return whether somebody hostile chooses the labels of an actor."""
    return isinstance(actor, PodActor) and actor.others is FREE


_HOSTILE = tuple(ActorRef(one) for one in (*cast.OF_A_VCLUSTER, cast.ORDINARY) if chosen(one))
_USUAL = tuple(ActorRef(actor, labels_fixed=True) for actor in cast.OF_A_VCLUSTER if chosen(actor))
_FIXED = tuple(ActorRef(one) for one in (*cast.OF_A_VCLUSTER, cast.STRAY) if not chosen(one))
_HOST = tuple(ActorRef(one) for one in (*cast.OF_THE_HOST, cast.ANYBODY, *cast.ADDRESSES, *cast.OF_VALUES))


@dataclass(frozen=True, slots=True, eq=False)
class EndpointClass:
    """Pods or addresses that no policy tells apart: `members` are two of them, or the same one twice.

    `tags` are the actors of the cast that they are (see `tag`); `real` says that they are there. `size` is how
    complicated it is: by its labels, an address being simpler than a pod (as `Counterexample.size`).
    """

    tags: frozenset[str]
    members: tuple[Endpoint, Endpoint]
    real: bool
    size: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        """Count the labels, once."""
        size = (len(self.at.labels), 1) if isinstance(self.at, Pod) else (0, 0)
        object.__setattr__(self, "size", size)

    @property
    def at(self) -> Endpoint:
        """One of them, which stands for all."""
        return self.members[0]


def tag(who: ActorRef) -> str:
    """Return the name under which the ends of an actor are kept."""
    return f"usual {who.actor.name}" if who.labels_fixed and chosen(who.actor) else who.actor.name


def tags_of_role(role: str, pod: Pod) -> frozenset[str]:
    """Return which actors of the cast a pod of a vCluster is."""
    if role != WORKLOAD:
        return frozenset({role})
    virtual = (VIRTUAL_NAMESPACE, "kube-system") in pod.labels
    return frozenset({WORKLOAD, *map(tag, _USUAL)} | (set() if virtual else {cast.ORDINARY.name}))


@dataclass(frozen=True, slots=True, eq=False)
class VClusterScope:
    """A vCluster with everybody it can meet but other tenants and the host's real pods.

    `own` are its ends, `beside` the pods in its namespaces that are no vCluster's own, `host` the cast's actors of
    the host and all addresses. `evaluator` knows the policies of its namespaces and of the host's. `subject` is what
    is known of it, without its policies.
    """

    found: DiscoveredVCluster
    own: tuple[EndpointClass, ...]
    beside: tuple[EndpointClass, ...]
    host: tuple[EndpointClass, ...]
    evaluator: Evaluator
    subject: Subject


def scope_of(found: DiscoveredVCluster, beside: Sequence[RolePod], index: ClusterIndex) -> VClusterScope:
    """Return a vCluster with its ends. Raises TooManyClasses when its selectors tell too many kinds of pods apart."""
    subject = _subject(found, index)
    near, tiers = _near(found, beside, index)
    wide = (*near, near_peers_policy(found, beside, index))
    profiler = Profiler(Evaluator(wide, tiers))
    world = World(subject, (near, tiers), alone=True, known=index.spaces)
    stray = ActorRef(cast.STRAY)
    own = [*_folded(found.pods, profiler), *_imagined(subject, (wide, tiers), index)]
    own += (_could_be(who, end) for who in _FIXED if who != stray for end in world.ends(who))
    return VClusterScope(
        found,
        tuple(own),
        (*_folded(beside, profiler), *(_could_be(stray, end) for end in world.ends(stray))),
        tuple(_could_be(who, end) for who in _HOST for end in world.ends(who)),
        world.evaluator,
        subject,
    )


def _near(found: DiscoveredVCluster, beside: Sequence[RolePod], index: ClusterIndex) -> PolicySet:
    """Return the policies that can concern a vCluster and whom it can meet in its own namespaces and the host's.

    Those of the host are the ones that the cast knows, and all that policies among these name.
    """
    mine = near_policies(found, beside, index)
    policies, tiers = mine, near_tiers(found, beside, found.spaces, index)
    others: set[str] = set()
    more = set(index.host_spaces)
    while more:
        others |= more
        policies = [*mine, *index.policies(sorted(others))]
        tiers = near_tiers(found, beside, (*found.spaces, *sorted(others)), index)
        more = named_spaces((*policies, *tiers)) - others - set(found.spaces)
    return tuple(policies), tiers


def _subject(found: DiscoveredVCluster, index: ClusterIndex) -> Subject:
    """Return what is known of a vCluster beside its policies."""
    policies = list(index.policies(found.spaces))
    hosted = is_hosted(found, policies)
    return Subject(
        found.tenant.name,
        found.tenant.namespace,
        (),
        hosted=hosted,
        coredns=hosted and has_coredns(found, policies),
        namespace_sync=bool(_unmapped(found, policies)),
        settings=replace(index.settings_of(found), release_label_forgeable=BY_NAMESPACES in found.found_by),
    )


def _unmapped(found: DiscoveredVCluster, policies: Iterable[Policy]) -> set[str]:
    """Return the namespaces to which a vCluster syncs pods without the chart's policies: it could sync to more."""
    mapped = {policy.namespace for policy in policies if is_of(policy, found.tenant.name, WORKLOADS)}
    return set(found.synced) - mapped


def is_hosted(found: DiscoveredVCluster, policies: Iterable[Policy]) -> bool:
    """Return whether workloads run in the host cluster; if not, they run on private nodes.

    With private nodes vCluster renders no policies but those of control plane and snapshots, and syncs no pods. So
    any policy that speaks of its workloads says that there are some, by its name or by its podSelector, even if it is
    not recognised: to take a vCluster for one with private nodes leaves claims out.
    """
    name = found.tenant.name
    if found.synced or any(role in (WORKLOAD, COREDNS) for role, _ in found.pods):
        return True
    of_workloads = {policy_name(role, name) for role in (WORKLOADS, COREDNS_POLICY)}
    spoken = any(policy.name in of_workloads or (MANAGED_BY, name) in policy.selector.equal for policy in policies)
    return spoken or not any(is_of(policy, name, CONTROL_PLANE) for policy in policies)


def has_coredns(found: DiscoveredVCluster, policies: Iterable[Policy]) -> bool:
    """Return whether CoreDNS is a pod of its own: by its policy, or because it is there."""
    by_policy = any(is_of(policy, found.tenant.name, COREDNS_POLICY) for policy in policies)
    return by_policy or any(role == COREDNS for role, _ in found.pods)


def _imagined(subject: Subject, rendered: PolicySet, index: ClusterIndex) -> Iterator[EndpointClass]:
    """Yield every kind of pod that a tenant can create, in each namespace of its vCluster."""
    alone = replace(subject, settings=replace(subject.settings, workload_namespaces=()))
    for space in subject.spaces:
        here = replace(alone, namespace=space, namespace_sync=subject.namespace_sync and space == subject.namespace)
        world = World(here, rendered, alone=True, known=index.spaces)
        yield from (_could_be(who, end) for who in (*_HOSTILE, *_USUAL) for end in world.ends(who))


def _could_be(who: ActorRef, end: Endpoint) -> EndpointClass:
    """Return an end of the cast: addresses are there, its pods could be."""
    return EndpointClass(frozenset({tag(who)}), (end, end), real=isinstance(end, External))


def _folded(pods: Iterable[RolePod], profiler: Profiler) -> Iterator[EndpointClass]:
    """Yield the pods that are there, those of one role that no policy tells apart as one."""
    roles: dict[frozenset[str], list[Pod]] = {}
    for role, pod in pods:
        roles.setdefault(tags_of_role(role, pod), []).append(pod)
    for tags, listed in roles.items():
        for kind in profiler.fold(listed, Mode.MAY):
            yield EndpointClass(tags, (kind.members[0], kind.members[-1]), real=True)
