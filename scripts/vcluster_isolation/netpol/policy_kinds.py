"""Kinds of policies, as data: `policy_kinds.yaml` says what each may do, and whether it is evaluated.

Fail closed. A kind that is not in the table, and whose name ends in Policy, Firewall or Tier, counts as one that may
open and close whatever it likes, and so does a kind of the table in a version that no row has: a new version may mean
something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

import yaml

OPENS_AND_CLOSES: Final = "opens-and-closes"
OPENS: Final = "opens"
CLOSES: Final = "closes"
OTHER_INTERFACES: Final = "other-interfaces"
STAGED: Final = "staged"
NONE: Final = "none"

MEANINGS: Final[Mapping[str, str]] = {
    OPENS_AND_CLOSES: "may open and close what NetworkPolicies say",
    OPENS: "may open what NetworkPolicies close",
    CLOSES: "may close what NetworkPolicies open",
    OTHER_INTERFACES: "acts on further interfaces of pods only",
    STAGED: "is staged, which enforces nothing",
    NONE: "does not affect connectivity",
}
"""Each effect that the table may name, in words that go on after "it"."""

NAMESPACED: Final = "Namespaced"
CLUSTER: Final = "Cluster"
ANY: Final = "*"

_SUSPICIOUS = re.compile(r"(policy|firewall|tier)(list)?$", re.IGNORECASE)
_SUSPICIOUS_RESOURCE = re.compile(r"(policies|firewalls|tiers)(\.|$)")
_PACKAGE = "vcluster_isolation.netpol"


@dataclass(frozen=True, slots=True)
class PolicyKind:
    """A row of the table: kinds of one API group, who enforces them, and their `effect`, one of `MEANINGS`.

    `versions` and `kinds` are `("*",)` for all. With scope Namespaced an object changes traffic of pods of its own
    namespace only. It has no effect unless its spec has one of the fields `only_with`, if there are any. `plurals` are
    the names of resources that are not the plural of their kind. `source` is where all of this is said.
    """

    group: str
    versions: tuple[str, ...]
    kinds: tuple[str, ...]
    enforced_by: str
    effect: str
    scope: str
    evaluated: bool
    source: str
    only_with: tuple[str, ...] = ()
    plurals: Mapping[str, str] = field(default_factory=dict)

    @property
    def matters(self) -> bool:
        """Whether it may open or close anything."""
        return self.effect in (OPENS_AND_CLOSES, OPENS, CLOSES)

    def resources(self) -> Iterator[str]:
        """Yield what `kubectl get` calls the kinds: `tiers.projectcalico.org`."""
        suffix = f".{self.group}" if self.group else ""
        yield from (f"{self.plurals.get(kind) or _plural(kind.lower())}{suffix}" for kind in self.kinds if kind != ANY)


@dataclass(frozen=True, slots=True)
class Mirror:
    """A name under which an API shows policies of another kind: `prefix`, then the name of a policy of kind `of`.

    With `by` it is no name but a field of the spec that says of which policy (`name`, `namespace`) the object is; its
    own name is then the policy's and a suffix.
    """

    group: str
    kind: str
    of: str
    prefix: str = ""
    by: str = ""


UNKNOWN: Final = PolicyKind(
    ANY,
    (ANY,),
    (ANY,),
    "an unknown program",
    OPENS_AND_CLOSES,
    CLUSTER,
    evaluated=False,
    source="a kind not known here",
)
"""What is assumed of a kind that is not in the table."""


@cache
def policy_kinds() -> tuple[PolicyKind, ...]:
    """Return the rows of the table, in its order."""
    return tuple(_row(row) for row in _table()["kinds"])


@cache
def mirrors() -> tuple[Mirror, ...]:
    """Return the names under which policies are shown once more."""
    return tuple(Mirror(**row) for row in _table()["mirrors"])


@lru_cache(maxsize=4096)
def policy_kind(api_version: str, kind: str) -> PolicyKind | None:
    """Return the row about a kind, `UNKNOWN` for one that no row has and that may be a policy, None for all others.

    A list of objects (`CiliumNetworkPolicyList`) is what its items are.
    """
    group, slash, version = api_version.rpartition("/")
    rows = _by_kind()
    named = [
        row for name in (kind, kind.removesuffix("List"), ANY) for row in rows.get((group if slash else "", name), ())
    ]
    found = next((row for row in named if not {version, ANY}.isdisjoint(row.versions)), None)
    if found is None and (named or _SUSPICIOUS.search(kind)):
        return UNKNOWN
    return found


def resource_pattern() -> str:
    """Return an extended regular expression for the resources that an audit asks for, as kubectl lists their names.

    Namespaces, pods, every resource whose name could be that of a policy, and those of the table that have an effect
    and other names.
    """
    rows = (row for row in policy_kinds() if row.matters)
    odd = sorted({name for row in rows for name in row.resources() if not _SUSPICIOUS_RESOURCE.search(name)})
    named = "|".join(name.replace(".", r"\.") for name in ("namespaces", "pods", *odd))
    return rf"^({named})$|{_SUSPICIOUS_RESOURCE.pattern}"


@cache
def _table() -> Mapping[str, Any]:
    """Return what is in the file."""
    text = (files(_PACKAGE) / "policy_kinds.yaml").read_text(encoding="utf-8")
    table: Mapping[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return table


def _row(row: Mapping[str, Any]) -> PolicyKind:
    """Return a row of the file."""
    plurals = row.get("plural", {})
    lists = {key: tuple(row.get(key, ())) for key in ("versions", "kinds", "only_with")}
    found: Mapping[str, Any] = {key: value for key, value in row.items() if key != "plural"} | lists
    return PolicyKind(**found, plurals=plurals)


@cache
def _by_kind() -> Mapping[tuple[str, str], list[PolicyKind]]:
    """Return the rows by group and kind."""
    found: dict[tuple[str, str], list[PolicyKind]] = {}
    for row in policy_kinds():
        for kind in row.kinds:
            found.setdefault((row.group, kind), []).append(row)
    return found


def _plural(word: str) -> str:
    """Return the plural of a kind in lower case, as API servers form it."""
    if word.endswith("y"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith("s") else f"{word}s"
