"""Pods that policies speak of and the cast does not have: each selector as an actor, in the words of kubectl.

What a selector is called depends on the selector alone, and whether it is an actor on the selector and the cast
alone: other policies and pods change nothing. A selector is covered by an actor of the cast when everything that it
selects is of that actor's kind, or when it selects whatever pods there are in a place where the cast has one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from vcluster_isolation.netpol.engine.evaluate import peers
from vcluster_isolation.netpol.engine.labels import label_classes, none_of
from vcluster_isolation.netpol.engine.match import selects
from vcluster_isolation.netpol.objects.model import (
    DOES_NOT_EXIST,
    EVERYTHING,
    EXISTS,
    IN,
    NAME_LABEL,
    NO_LABELS,
    Labels,
    Namespace,
    Peer,
    Pod,
    Policy,
    Requirement,
    Selector,
    namespace,
)
from vcluster_isolation.netpol.objects.tiers import TierPolicy, tier_peers
from vcluster_isolation.vcluster.cast import CONTROLLED_BY, MANAGED_BY
from vcluster_isolation.vcluster.policy_names import CONTROL_PLANE, recognise

_KIND: Final[Mapping[str, frozenset[str]]] = {
    "control-plane": frozenset({"release"}),
    "etcd": frozenset({"release"}),
    "workload": frozenset({MANAGED_BY}),
    "coredns": frozenset({"k8s-app", MANAGED_BY}),
    "platform": frozenset({"app"}),
    "agent": frozenset({"app"}),
}
"""The labels that make a pod one of an actor's kind, where those are not all labels that it usually has."""

_WHATEVER: Final = frozenset({"stray", "elsewhere"})
"""Actors that stand for whatever pods there are in the vCluster's namespace, and in any other."""

_TENANT_KEYS: Final = frozenset({"release", MANAGED_BY, CONTROLLED_BY})


@dataclass(frozen=True, slots=True)
class Mentioned:
    """A selector that is an actor: its name, and a pod that it selects, with as few labels as can be.

    `isolated` says that it is the podSelector of a policy and not a peer's.
    """

    name: str
    pod: Pod
    isolated: bool


def other_tenants(policies: Iterable[Policy], home: str, name: str) -> frozenset[str]:
    """Return the names of the other vClusters in a namespace, by their policies for the control plane."""
    known = (recognise(policy) for policy in policies if policy.namespace == home)
    return frozenset({one.vcluster for one in known if one and one.role == CONTROL_PLANE} - {name})


def of_others(selector: Selector, others: frozenset[str]) -> bool:
    """Return whether a selector selects only pods of other vClusters."""
    return any(key in _TENANT_KEYS and value in others for key, value in selector.equal)


def mentioned(
    policies: Iterable[Policy | TierPolicy], home: str, known: Mapping[str, Pod], others: frozenset[str]
) -> list[Mentioned]:
    """Return the selectors that no actor of `known` covers, by name: in policies of the namespace `home`, and others.

    The others are cluster-scoped.

    Selectors that select only pods of the vClusters `others` are left out, and those that can select nothing.
    """
    found: dict[str, Mentioned] = {}
    for policy in policies:
        for peer, isolated in _selections(policy):
            if (peer.pods and of_others(peer.pods, others)) or _covered(peer, home, known):
                continue
            pod, name = example(peer, home), words(peer)
            if pod and not (name in found and found[name].isolated):
                found[name] = Mentioned(name, pod, isolated)
    return [found[name] for name in sorted(found)]


def _selections(policy: Policy | TierPolicy) -> Iterator[tuple[Peer, bool]]:
    """Yield what a policy selects, as peers; True for the pods that it isolates, which no cluster-scoped one does."""
    if isinstance(policy, Policy):
        yield Peer(pods=policy.selector), True
        found = [peer for peer in peers(policy) if peer.block is None]
    else:
        found = [peer for peer in (policy.subject, *tier_peers([policy])) if peer.namespaces is not None]
    yield from ((one, False) for peer in found for one in _by_name(peer))


def _by_name(peer: Peer) -> Iterator[Peer]:
    """Yield a peer; one that lists namespaces by their names as one for each of them."""
    spaces = peer.namespaces or EVERYTHING
    listed = [
        requirement for requirement in spaces.others if requirement.key == NAME_LABEL and requirement.operator == IN
    ]
    if len(listed) != 1:
        yield peer
        return
    rest = spaces.others - set(listed)
    for name in sorted(listed[0].values):
        yield replace(peer, namespaces=Selector(spaces.equal | {(NAME_LABEL, name)}, rest))


def _covered(peer: Peer, home: str, known: Mapping[str, Pod]) -> bool:
    """Return whether an actor of the cast stands for all pods that a peer selects."""
    return any(selects(peer, home, pod) and _stands_for(name, pod, peer, home) for name, pod in known.items())


def _stands_for(name: str, pod: Pod, peer: Peer, home: str) -> bool:
    """Return whether all pods that a peer selects are of the kind of an actor that it selects."""
    asked = peer.pods or EVERYTHING
    spaces = peer.namespaces
    if name in _WHATEVER and not asked.matches(NO_LABELS):
        return False
    if name == "elsewhere":
        return spaces is not None and spaces.matches(namespace("any other").labels)
    at_home = spaces is None and pod.namespace.name == home
    if not at_home and not (spaces and (NAME_LABEL, pod.namespace.name) in spaces.equal):
        return False
    return name in _WHATEVER or kind_labels(name, pod) <= asked.equal


def kind_labels(name: str, pod: Pod) -> Labels:
    """Return the labels that make a pod one of the kind of the actor called `name`, or `name in NAMESPACE`."""
    keys = _KIND.get(name.partition(" in ")[0], frozenset(key for key, _ in pod.labels))
    return frozenset(pair for pair in pod.labels if pair[0] in keys)


def example(peer: Peer, home: str) -> Pod | None:
    """Return a pod with as few labels as can be that a peer selects, None if there can be none."""
    space = namespace(home)
    if peer.namespaces is not None:
        found = label_classes([peer.namespaces], {NAME_LABEL: none_of()})
        labels = next((one.labels for one in found if one.signature), None)
        if labels is None:
            return None
        space = Namespace(dict(labels)[NAME_LABEL], labels)
    kinds = label_classes([peer.pods or EVERYTHING])
    return next((Pod(space, one.labels, ports=None) for one in kinds if one.signature), None)


def words(peer: Peer) -> str:
    """Return what the pods that a peer selects are called: `pods [app=web,!x] in namespaces [team notin (a,b)]`."""
    asked = peer.pods or EVERYTHING
    pods = "all pods" if asked == EVERYTHING else f"pods [{_requirements(asked)}]"
    return f"{pods} in {_places(peer.namespaces)}"


def _places(spaces: Selector | None) -> str:
    """Return which namespaces a namespaceSelector selects."""
    if spaces is None:
        return "this namespace"
    if spaces == EVERYTHING:
        return "all namespaces"
    names = [value for key, value in spaces.equal if key == NAME_LABEL]
    if names and len(spaces.equal) == 1 and not spaces.others:
        return f"namespace {names[0]}"
    return f"namespaces [{_requirements(spaces)}]"


def _requirements(selector: Selector) -> str:
    """Return a selector as `kubectl -l` takes it."""
    equal = [f"{key}={value}" for key, value in selector.equal]
    return ",".join(sorted([*equal, *map(_requirement, selector.others)]))


def _requirement(one: Requirement) -> str:
    """Return an item of matchExpressions as `kubectl -l` takes it."""
    if one.operator in (EXISTS, DOES_NOT_EXIST):
        return one.key if one.operator == EXISTS else f"!{one.key}"
    return f"{one.key} {'in' if one.operator == IN else 'notin'} ({','.join(sorted(one.values))})"
