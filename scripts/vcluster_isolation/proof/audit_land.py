"""The host cluster as all vClusters of it see it: every policy, indexed, and what policies say across namespaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain

from vcluster_isolation.proof import cast
from vcluster_isolation.proof.audit_blocks import RealAddresses
from vcluster_isolation.proof.audit_find import Fleet
from vcluster_isolation.reach.addresses import AddressSet
from vcluster_isolation.reach.classes import Profiler
from vcluster_isolation.reach.evaluate import Evaluator, peers, rules
from vcluster_isolation.reach.index import SelectorIndex
from vcluster_isolation.reach.model import (
    EGRESS,
    EVERYTHING,
    NAME_LABEL,
    Namespace,
    Origin,
    Peer,
    Pod,
    Policy,
    Rule,
    Selector,
    namespace,
)
from vcluster_isolation.reach.parse import Cluster

MANY = ""
"""Stands for more than one namespace."""

_CARRIER = "(all namespaces)"
"""The namespace of a policy that is not there, and carries peers for an index: no namespace can be called so."""


class Land:
    """A host cluster, with what is asked of it for every vCluster."""

    def __init__(self, cluster: Cluster, fleet: Fleet) -> None:
        """Index the policies of a cluster; `fleet` are the vClusters in it."""
        self.spaces: Mapping[str, Namespace] = cluster.namespaces
        self.pods = cluster.pods
        self.evaluator = Evaluator(cluster.policies)
        self.real = RealAddresses(cluster.pods)
        wide, blocks, names = _mentioned(cluster.policies)
        self.wide: Mapping[Peer, str] = wide
        """Each peer that looks across namespaces, and the namespace of the policy that it is in."""
        self.named_ports = names
        self.relevant = frozenset(peer for addresses, peer in blocks.items() if self.real.relevant(addresses))
        self.profiler = Profiler(Evaluator([_carrier([*wide, *self.relevant])]))
        self._looking = SelectorIndex((peer.namespaces or EVERYTHING, peer) for peer in wide)
        self.mentions = _mentions(wide)
        self.tenants: dict[str, set[str]] = {}
        """The names of the vClusters in each namespace."""
        for found in fleet.found:
            for space in found.spaces:
                self.tenants.setdefault(space, set()).add(found.tenant.name)
        self.host = tuple((tags_of_host(pod), pod) for pod in fleet.host)
        asked = {pod.namespace.name for tags, pod in self.host if tags & _ASKED}
        self.host_spaces = frozenset(one.namespace for one in _host_actors()) - {cast.ANYBODY.namespace} | asked

    def carrier(self, spaces: Iterable[str], *, anywhere: bool = False) -> Policy:
        """Return a policy with every peer that looks into some namespaces from elsewhere; it isolates nothing.

        `anywhere` adds those that may look into a namespace that is not there yet, with labels of its owner's choice.
        """
        near = [self._looking.candidates((self.spaces.get(one) or namespace(one)).labels) for one in spaces]
        free = (one for one in self.wide if anywhere and not _is_by_name(one))
        return _carrier(list(dict.fromkeys(chain(free, *near))))

    def policies(self, spaces: Iterable[str]) -> Iterator[Policy]:
        """Yield the policies of some namespaces, by namespace and name."""
        for space in spaces:
            yield from sorted(self.evaluator.policies(space), key=lambda one: one.name)

    @cached_property
    def used(self) -> Mapping[str, str]:
        """Each value of a label of a pod or namespace, and the namespace where that is."""
        found: dict[str, str] = {}
        for space, labels in (
            *((pod.namespace.name, pod.labels) for pod in self.pods),
            *((one.name, one.labels) for one in self.spaces.values()),
        ):
            for _, value in labels:
                _note(found, value, space)
        return found


def tags_of_host(pod: Pod) -> frozenset[str]:
    """Return which actors of the cast a pod of the host cluster is: of those that it has the labels of, or anybody."""
    found = {
        one.name
        for one in _host_actors()
        if one.labels and one.labels.items() <= dict(pod.labels).items() and pod.namespace.name == one.namespace
    }
    if ("app", "loft") in pod.labels and pod.namespace.name in _PLATFORM_SPACES:
        found |= {"platform", "agent"}
    return frozenset(found or {"anybody", "elsewhere"})


_PLATFORM_SPACES = (cast.PLATFORM_NAMESPACE, "loft")
_ASKED = {"host-dns", "platform"}
"""The pods of the host that a vCluster depends on."""


def _host_actors() -> list[cast.PodActor]:
    return [one for one in (*cast.OF_THE_HOST, cast.ANYBODY) if isinstance(one, cast.PodActor)]


def _mentioned(policies: Iterable[Policy]) -> tuple[dict[Peer, str], dict[AddressSet, Peer], frozenset[str]]:
    """Return the peers that look across namespaces with where they are, those with an ipBlock, and all port names."""
    wide: dict[Peer, str] = {}
    blocks: dict[AddressSet, Peer] = {}
    names: set[str] = set()
    for policy in policies:
        names.update(name for rule in rules(policy) for _, name in rule.named)
        for peer in peers(policy):
            if peer.block is not None:
                blocks[peer.block.addresses] = peer
            elif peer.namespaces is not None:
                wide[peer] = policy.namespace if wide.get(peer, policy.namespace) == policy.namespace else MANY
    return wide, blocks, frozenset(names)


def _is_by_name(peer: Peer) -> bool:
    """Return whether a peer asks for a namespace by its name."""
    return peer.namespaces is not None and any(key == NAME_LABEL for key, _ in peer.namespaces.equal)


def _mentions(wide: Mapping[Peer, str]) -> dict[str, str]:
    """Return the label values that peers across namespaces ask for, with the namespace whose policies do."""
    found: dict[str, str] = {}
    for peer, space in wide.items():
        for selector in (peer.pods, peer.namespaces):
            for value in _values(selector) if selector else ():
                _note(found, value, space)
    return found


def _values(selector: Selector) -> Iterator[str]:
    yield from (value for _, value in selector.equal)
    yield from (value for one in selector.others for value in one.values)


def _note(found: dict[str, str], value: str, space: str) -> None:
    """Note where a value is: in this namespace, or in many."""
    found[value] = space if found.get(value, space) == space else MANY


def _carrier(listed: list[Peer]) -> Policy:
    """Return a policy of no namespace that has these peers."""
    rule = Rule(Origin(_CARRIER, "", EGRESS, 0), tuple(listed))
    return Policy(_CARRIER, "", Selector(), frozenset({EGRESS}), (), (rule,))
