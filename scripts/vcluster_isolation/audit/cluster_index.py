"""The host cluster as all vClusters of it see it: every policy, indexed, and what policies say across namespaces."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import chain

from vcluster_isolation.audit.blocks import RealAddresses
from vcluster_isolation.audit.find import DiscoveredVCluster, Discovery
from vcluster_isolation.netpol.engine.classes import Profiler
from vcluster_isolation.netpol.engine.evaluate import Evaluator, peers, rules
from vcluster_isolation.netpol.engine.index import SelectorIndex
from vcluster_isolation.netpol.objects.model import (
    EGRESS,
    EVERYTHING,
    Namespace,
    Origin,
    Peer,
    Pod,
    Policy,
    Rule,
    Selector,
    namespace,
)
from vcluster_isolation.netpol.objects.tiers import TierPolicy, tier_peers, tier_rules
from vcluster_isolation.netpol.parse.parse import Cluster
from vcluster_isolation.netpol.sets.addresses import POD_RANGES, AddressSet
from vcluster_isolation.subject.settings import Settings
from vcluster_isolation.subject.settings_of_policies import only_spaces, platform_spaces, settings_of_policies
from vcluster_isolation.vcluster import cast

SEVERAL_SITES = ""
"""Stands for more than one site: a site is the namespaces of a vCluster, or one of the host's."""

_ALL_NAMESPACES = "(all namespaces)"
"""The namespace of a policy that is not there, and carries peers for an index: no namespace can be called so."""


class ClusterIndex:
    """A host cluster, with what is asked of it for every vCluster."""

    def __init__(self, cluster: Cluster, fleet: Discovery, platforms: Collection[str] | None = None) -> None:
        """Index the policies of a cluster; `fleet` are the vClusters in it.

        `platforms` are the namespaces in which all of these look for vCluster Platform, unless its policies say so.
        """
        self.spaces: Mapping[str, Namespace] = cluster.namespaces
        self.pods = cluster.pods
        self.evaluator = Evaluator(cluster.policies, cluster.tiers)
        self.real = RealAddresses(cluster.pods)
        self.unknown = fleet.unknown
        """The addresses that a pod of unknown address may have."""
        self.sites = sites_of(fleet)
        self._tiers = [(tier, self._home_of(tier)) for tier in cluster.tiers]
        wide, blocks, names = _mentioned(cluster.policies, self._tiers, self.sites)
        self.wide: Mapping[Peer, str] = wide
        """Each peer that looks across namespaces, and the site of the policy that it is in."""
        self.named_ports = names
        self.relevant = frozenset(peer for addresses, peer in blocks.items() if self.real.relevant(addresses))
        self.profiler = Profiler(Evaluator([_peers_policy([*wide, *self.relevant])]))
        self._looking = SelectorIndex((peer.namespaces or EVERYTHING, peer) for peer in wide)
        self.mentions = _mentions(chain(wide.items(), ((one.subject, home) for one, home in self._tiers)))
        self.tenants: dict[str, set[str]] = {}
        """The names of the vClusters in each namespace."""
        for vcluster in fleet.found:
            for space in vcluster.spaces:
                self.tenants.setdefault(space, set()).add(vcluster.tenant.name)
        self.platforms = platform_spaces(cluster.policies) if platforms is None else platforms
        self.host = tuple((tags_of_host(pod, self.platforms), pod) for pod in fleet.host)
        asked = {pod.namespace.name for tags, pod in self.host if tags & _ASKED}
        self.host_spaces = frozenset(actor.namespace for actor in _host_actors()) - {cast.ANYBODY.namespace} | asked

    def settings_of(self, found: DiscoveredVCluster) -> Settings:
        """Return the settings of a vCluster, as far as its policies tell; its namespaces are those that were found."""
        known = settings_of_policies(self.policies([found.tenant.namespace]), found.tenant.name, found.tenant.namespace)
        return replace(known, workload_namespaces=found.synced, api_server=POD_RANGES - self.unknown)

    def _home_of(self, tier: TierPolicy) -> str:
        """Return the only site that a cluster-scoped policy can be about; MANY if there can be others."""
        found = {self.sites.get(one, one) for one in only_spaces(tier.subject.namespaces)}
        return found.pop() if len(found) == 1 else SEVERAL_SITES

    @cached_property
    def _pinned(self) -> Mapping[str, list[TierPolicy]]:
        """The cluster-scoped policies of one site only, by each of its namespaces that they name; others by MANY."""
        found: dict[str, list[TierPolicy]] = {}
        for one, home in self._tiers:
            for space in only_spaces(one.subject.namespaces) if home != SEVERAL_SITES else (SEVERAL_SITES,):
                found.setdefault(space, []).append(one)
        return found

    def tiers_of(self, spaces: Iterable[str]) -> tuple[TierPolicy, ...]:
        """Return the cluster-scoped policies that can govern pods of some namespaces, those of any namespace first."""
        listed = chain.from_iterable(self._pinned.get(one, ()) for one in (SEVERAL_SITES, *spaces))
        return tuple(dict.fromkeys(listed))

    def inbound_peers_policy(self, spaces: Iterable[str], *, anywhere: bool = False) -> Policy:
        """Return a policy with every peer that looks into some namespaces from elsewhere; it isolates nothing.

        `anywhere` adds those that may look into a namespace that is not there yet, with labels of its owner's choice.
        """
        near = [self._looking.candidates((self.spaces.get(space) or namespace(space)).labels) for space in spaces]
        free = (one for one in self.wide if anywhere and not only_spaces(one.namespaces))
        return _peers_policy(list(dict.fromkeys(chain(free, *near))))

    def policies(self, spaces: Iterable[str]) -> Iterator[Policy]:
        """Yield the policies of some namespaces, by namespace and name."""
        for space in spaces:
            yield from sorted(self.evaluator.policies(space), key=lambda one: one.name)

    @cached_property
    def used(self) -> Mapping[str, str]:
        """Each value of a label of a pod or namespace, and the site where that is."""
        found: dict[str, str] = {}
        for space, labels in (
            *((pod.namespace.name, pod.labels) for pod in self.pods),
            *((one.name, one.labels) for one in self.spaces.values()),
        ):
            for _, value in labels:
                _note(found, value, self.sites.get(space, space))
        return found


def sites_of(fleet: Discovery) -> dict[str, str]:
    """Return for each namespace of a vCluster the name of its site: namespaces that a vCluster joins are one."""
    site: dict[str, str] = {}

    def root(space: str) -> str:
        while site.setdefault(space, space) != space:
            space = site[space]
        return space

    for vcluster in fleet.found:
        for space in vcluster.spaces:
            site[root(space)] = root(vcluster.tenant.namespace)
    return {space: root(space) for space in site}


def tags_of_host(pod: Pod, platforms: Collection[str]) -> frozenset[str]:
    """Return which actors of the cast a pod of the host cluster is: of those that it has the labels of, or anybody.

    `platforms` are the namespaces in which vClusters look for vCluster Platform.
    """
    found = {
        actor.name
        for actor in _host_actors()
        if actor.labels and actor.labels.items() <= dict(pod.labels).items() and pod.namespace.name == actor.namespace
    }
    if ("app", "loft") in pod.labels and (pod.namespace.name in platforms or pod.namespace.name in _PLATFORM_SPACES):
        found |= {"platform", "agent"}
    return frozenset(found or {"anybody", "elsewhere"})


_PLATFORM_SPACES = (cast.PLATFORM_NAMESPACE, "loft")
_ASKED = {"host-dns", "platform"}
"""The pods of the host that a vCluster depends on."""


def _host_actors() -> list[cast.PodActor]:
    return [one for one in (*cast.OF_THE_HOST, cast.ANYBODY) if isinstance(one, cast.PodActor)]


def _mentioned(
    policies: Iterable[Policy], tiers: Iterable[tuple[TierPolicy, str]], sites: Mapping[str, str]
) -> tuple[dict[Peer, str], dict[AddressSet, Peer], frozenset[str]]:
    """Return the peers that look across namespaces with where they are, those with addresses, and all port names."""
    wide: dict[Peer, str] = {}
    blocks: dict[AddressSet, Peer] = {}
    names: set[str] = set()
    for policy in policies:
        names.update(name for rule in rules(policy) for _, name in rule.named)
        home = sites.get(policy.namespace, policy.namespace)
        for peer in peers(policy):
            if peer.block is not None:
                blocks[peer.block.addresses] = peer
            elif peer.namespaces is not None:
                wide[peer] = home if wide.get(peer, home) == home else SEVERAL_SITES
    for tier, home in tiers:
        names.update(name for rule in tier_rules([tier]) for _, name in rule.named)
        for peer in tier_peers([tier]):
            if peer.block is not None:
                blocks[peer.block.addresses] = peer
            elif peer.namespaces is not None:
                wide[peer] = home if wide.get(peer, home) == home else SEVERAL_SITES
    return wide, blocks, frozenset(names)


def _mentions(wide: Iterable[tuple[Peer, str]]) -> dict[str, str]:
    """Return the label values that peers across namespaces ask for, with the site whose policies do."""
    found: dict[str, str] = {}
    for peer, space in wide:
        for selector in (peer.pods, peer.namespaces):
            for value in _values(selector) if selector else ():
                _note(found, value, space)
    return found


def _values(selector: Selector) -> Iterator[str]:
    yield from (value for _, value in selector.equal)
    yield from (value for requirement in selector.others for value in requirement.values)


def _note(found: dict[str, str], value: str, site: str) -> None:
    """Note where a value is: in this site, or in many."""
    found[value] = site if found.get(value, site) == site else SEVERAL_SITES


def _peers_policy(listed: list[Peer]) -> Policy:
    """Return a policy of no namespace that has these peers."""
    rule = Rule(Origin(_ALL_NAMESPACES, "", EGRESS, 0), tuple(listed))
    return Policy(_ALL_NAMESPACES, "", Selector(), frozenset({EGRESS}), (), (rule,))
