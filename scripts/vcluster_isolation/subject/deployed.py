"""Manifests in values that vCluster itself applies to the host cluster: they may hold policies, which count as well.

Source: vCluster's values `experimental.deploy.host.manifests`, a text of manifests, and `manifestsTemplate`, one that
vCluster fills in before; up to 0.20 both are right below `experimental.deploy`. Objects that name no namespace are in
that of the vCluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from vcluster_isolation.errors import InputError
from vcluster_isolation.netpol.objects.model import Policy
from vcluster_isolation.netpol.objects.tiers import TierPolicy
from vcluster_isolation.netpol.parse.parse import Cluster, parse_cluster
from vcluster_isolation.netpol.policy_kinds import OPENS_AND_CLOSES
from vcluster_isolation.netpol.unevaluated import UnevaluatedPolicy
from vcluster_isolation.values.paths import at_path
from vcluster_isolation.values.strict_yaml import parse_documents
from vcluster_isolation.wording import dotted

_PLACES: Final = (("experimental", "deploy", "host"), ("experimental", "deploy"))
_TEXT, _TEMPLATE = "manifests", "manifestsTemplate"


@dataclass(frozen=True, slots=True)
class Deployed:
    """The policies in these manifests; `not_evaluated` has those of other APIs, and values that could not be read."""

    policies: tuple[Policy, ...] = ()
    tiers: tuple[TierPolicy, ...] = ()
    not_evaluated: tuple[UnevaluatedPolicy, ...] = ()


def deployed_by(values: Mapping[str, Any], below: tuple[str, ...], namespace: str, names: AbstractSet[str]) -> Deployed:
    """Return what the values of a vCluster in a namespace deploy to the host cluster.

    `below` are the keys below which a user writes them. A text that holds no manifests, a template, and a policy that
    takes one of the `names` of those that the chart renders are not understood: what each says is not known. Raises
    nothing.
    """
    policies: list[Policy] = []
    tiers: list[TierPolicy] = []
    unknown: list[UnevaluatedPolicy] = []
    for place in _PLACES:
        cluster = _cluster(at_path(values, (*place, _TEXT)), namespace)
        if cluster is None or not names.isdisjoint(_names(cluster)):
            unknown.append(_unknown((*below, *place, _TEXT), namespace))
        else:
            policies += cluster.policies
            tiers += cluster.tiers
            unknown += cluster.not_evaluated
        if at_path(values, (*place, _TEMPLATE)):
            unknown.append(_unknown((*below, *place, _TEMPLATE), namespace))
    return Deployed(tuple(policies), tuple(tiers), tuple(unknown))


def _names(cluster: Cluster) -> set[str]:
    """Return what the policies of a cluster are called."""
    return {policy.name for policy in cluster.policies} | {tier.name for tier in cluster.tiers}


def _cluster(text: Any, namespace: str) -> Cluster | None:
    """Return what a text of manifests describes; None for what is not understood."""
    if text is not None and not isinstance(text, str):
        return None
    try:
        found = parse_cluster(_values(text or ""), home=namespace)
    except InputError:
        return None
    return None if found.problems else found


def _values(text: str) -> Iterator[Any]:
    """Yield the documents of a text. Raises InputError for what is not YAML."""
    yield from (document.value for document in parse_documents(text, _TEXT))


def _unknown(path: tuple[str, ...], namespace: str) -> UnevaluatedPolicy:
    """Return a value as a policy of which nothing is known: it may be about any namespace."""
    return UnevaluatedPolicy(path[-1], namespace, dotted(path), "vCluster's values", OPENS_AND_CLOSES, confined=False)
