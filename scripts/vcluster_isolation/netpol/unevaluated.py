"""Objects that may decide who reaches whom and that the evaluator does not read: what each could change.

What such an object says is not known, so the worst is assumed: that it opens, or closes, every flow with an end in the
namespace that it is about, or every flow of the cluster. `opened` and `closed` are policies as they would be then.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

from vcluster_isolation.netpol.objects.fields import legal_name, shown
from vcluster_isolation.netpol.objects.model import EGRESS, IN, INGRESS, NAME_LABEL, NETWORK_POLICY, Policy, Selector
from vcluster_isolation.netpol.objects.tiers import ALLOW, DENY, PolicySet, TierPolicy
from vcluster_isolation.netpol.policy_kinds import (
    CLOSES,
    MEANINGS,
    NAMESPACED,
    NONE,
    OPENS,
    OPENS_AND_CLOSES,
    Mirror,
    PolicyKind,
    mirrors,
    policy_kind,
)

_SHOWN: Final = 3
_RANDOM: Final = 5
_BASE: Final = 58
"""Letters that Kubernetes adds to a `generateName`, and how much it keeps of that."""
_IDENTITY: Final = ("apiVersion", "kind", "metadata", "status")


@dataclass(frozen=True, slots=True, order=True)
class UnevaluatedPolicy:
    """One object that the evaluator does not read.

    `effect` is what it may do (`policy_kinds.MEANINGS`). `namespace` is where it is, empty for a cluster-scoped one;
    `confined` says that it can change traffic of pods of that namespace only. `content` is equal for objects that say
    the same. `shows` are the namespace and name of the policy of which it says that it is the addresses.
    """

    kind: str
    namespace: str
    name: str
    api_version: str
    effect: str
    confined: bool
    content: str = ""
    shows: tuple[str, str] = ("", "")

    @property
    def opens(self) -> bool:
        """Whether it may let something through."""
        return self.effect in (OPENS, OPENS_AND_CLOSES)

    @property
    def closes(self) -> bool:
        """Whether it may close something."""
        return self.effect in (CLOSES, OPENS_AND_CLOSES)

    @property
    def changes(self) -> bool:
        """Whether it may change anything."""
        return self.opens or self.closes

    def concerns(self, namespaces: Collection[str]) -> bool:
        """Return whether it may change traffic of pods in one of some namespaces."""
        return self.changes and (not self.confined or self.namespace in namespaces)

    def __str__(self) -> str:
        """Return `CiliumNetworkPolicy/shop/open (cilium.io/v2)`."""
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind}/{place}{self.name} ({self.api_version})"

    def as_dict(self) -> dict[str, Any]:
        """Return its identity and what it may do, JSON-ready."""
        return {
            "api_version": self.api_version,
            "kind": self.kind,
            "namespace": self.namespace or None,
            "name": self.name,
            "effect": self.effect,
            "meaning": MEANINGS[self.effect],
        }


def unevaluated(item: Mapping[str, Any], home: str) -> UnevaluatedPolicy | None:
    """Return an object as one that is not evaluated; None when its kind does not affect connectivity.

    `home` is the namespace of objects that name none. The object may be anything that has a kind and an apiVersion.
    Raises nothing.
    """
    row = policy_kind(str(item["apiVersion"]), str(item["kind"]))
    if row is None or row.effect == NONE or not _says_something(row, item):
        return None
    metadata = item.get("metadata")
    known = metadata if isinstance(metadata, dict) else {}
    confined = row.scope == NAMESPACED and isinstance(metadata, dict)
    namespace = _named(known.get("namespace")) or (home if confined else "")
    confined = confined and legal_name(namespace)
    return UnevaluatedPolicy(
        _word(item["kind"]),
        namespace,
        _named(known.get("name")) or "(no name)",
        _word(item["apiVersion"]),
        row.effect,
        confined,
        _content(item),
        _shows(item),
    )


def _shows(item: Mapping[str, Any]) -> tuple[str, str]:
    """Return the namespace and name of the policy that an object's spec refers to; empty texts if there is none."""
    spec = item.get("spec")
    fields = {row.by for row in mirrors() if row.by and row.kind == item["kind"]}
    for said in (spec.get(field) for field in sorted(fields)) if isinstance(spec, dict) else ():
        if isinstance(said, dict) and isinstance(said.get("name"), str):
            namespace = said.get("namespace")
            return namespace if isinstance(namespace, str) else "", said["name"]
    return "", ""


def _says_something(row: PolicyKind, item: Mapping[str, Any]) -> bool:
    """Return whether an object has one of the fields without which its kind has no effect."""
    spec = item.get("spec")
    return not row.only_with or not isinstance(spec, dict) or any(spec.get(field) for field in row.only_with)


def _named(value: Any) -> str:
    """Return a name as it is shown: one that is none is quoted and escaped; the empty text if there is none."""
    if value is None:
        return ""
    return value if isinstance(value, str) and legal_name(value) else shown(value)


def _word(value: str) -> str:
    """Return a kind or apiVersion with whatever could break out of a report escaped."""
    return shown(value)[1:-1]


def _content(item: Mapping[str, Any]) -> str:
    """Return what is equal for objects that say the same."""
    said = {key: value for key, value in item.items() if key not in _IDENTITY}
    try:
        text = json.dumps(said, sort_keys=True, default=str)
    except (TypeError, ValueError, RecursionError):  # keys of several types, or a list inside of itself
        text = f"{id(item)}"
    return sha256(text.encode()).hexdigest()


def without_mirrors(
    found: Iterable[UnevaluatedPolicy], policies: Iterable[Policy], tiers: Iterable[TierPolicy]
) -> Iterator[UnevaluatedPolicy]:
    """Yield objects but for those that show, in the API of Calico or AWS, a policy that was read."""
    read = {("NetworkPolicy", policy.namespace, policy.name) for policy in policies}
    read |= {(tier.kind, "", tier.name) for tier in tiers}
    for one in found:
        rows = [row for row in mirrors() if one.api_version.startswith(f"{row.group}/") and one.kind == row.kind]
        if not any(_shown_by(row, one) in read for row in rows):
            yield one


def _shown_by(row: Mirror, one: UnevaluatedPolicy) -> tuple[str, str, str] | None:
    """Return the kind, namespace and name of the policy that an object shows by a row; None if it shows none.

    AWS's controller makes endpoints with `generateName: POLICY-` in the namespace of their `policyRef`, and its agent
    goes by the name (aws-network-policy-agent v1.4.3, GetParentNPNameFromPEName). Kubernetes cuts what stands before
    the five letters that it adds to 58 (`names.SimpleNameGenerator`). One with another name is of no policy.
    """
    if not row.by:
        return (row.of, one.namespace, one.name.removeprefix(row.prefix)) if one.name.startswith(row.prefix) else None
    namespace, name = one.shows
    if not name or namespace != one.namespace or one.name[:-_RANDOM] != f"{name}-"[:_BASE]:
        return None
    return (row.of, namespace if row.of == NETWORK_POLICY else "", name)


def listed(found: Sequence[UnevaluatedPolicy]) -> str:
    """Return the names of some objects, and how many more there are."""
    names = ", ".join(map(str, found[:_SHOWN]))
    return f"{names} and {len(found) - _SHOWN} more" if len(found) > _SHOWN else names


def caveats(policies: Sequence[UnevaluatedPolicy]) -> Iterator[str]:
    """Yield a line for each effect that policies which are not evaluated may have."""
    for effect, meaning in MEANINGS.items():
        if alike := [policy for policy in policies if policy.effect == effect]:
            yield f"not evaluated: {listed(alike)}: {meaning}"


def opened(rendered: PolicySet, namespaces: Collection[str]) -> PolicySet:
    """Return policies as if everything that pods of some namespaces may do, and whoever reaches them, were open."""
    policies, tiers = rendered
    kept = tuple(policy for policy in policies if policy.namespace not in namespaces)
    return kept, tuple(_only(ALLOW, tier) if _may_be_about(tier, namespaces) else tier for tier in tiers)


def closed(rendered: PolicySet, namespaces: Collection[str]) -> PolicySet:
    """Return policies as if nothing got out of pods of some namespaces, or into them."""
    policies, tiers = rendered
    kept = [policy for policy in policies if policy.namespace not in namespaces]
    both = frozenset({INGRESS, EGRESS})
    kept += [Policy(name, "not-evaluated", Selector(), both) for name in sorted(namespaces)]
    return tuple(kept), tuple(_only(DENY, tier) if _may_be_about(tier, namespaces) else tier for tier in tiers)


def _may_be_about(tier: TierPolicy, namespaces: Collection[str]) -> bool:
    """Return whether a cluster-scoped policy may be about pods of one of some namespaces."""
    selector = tier.subject.namespaces or Selector()
    names = {value for key, value in selector.equal if key == NAME_LABEL}
    if not names:
        requirements = (
            requirement
            for requirement in selector.others
            if requirement.key == NAME_LABEL and requirement.operator == IN
        )
        names = set(next((requirement.values for requirement in requirements), ()))
    return not names or not names.isdisjoint(namespaces)


def _only(action: str, tier: TierPolicy) -> TierPolicy:
    """Return a cluster-scoped policy with its rules of one action only: with more of them than there were, no less."""
    ingress, egress = (tuple(rule for rule in rules if rule.action == action) for rules in (tier.ingress, tier.egress))
    return replace(tier, ingress=ingress, egress=egress)
