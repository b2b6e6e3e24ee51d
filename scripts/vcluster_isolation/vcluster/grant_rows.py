"""The values that open a flow, as data: `grants.yaml` of the chart, which its templates read as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from vcluster_isolation.helm.template import CHART

GRANT, OWN_RULES, OTHER = "grant", "rules", "other"
"""Kinds of values: a named grant, a list of the user's own rules, and anything else that makes rules."""

HOST, TENANT, TENANTS = "host", "tenant", "tenants"
"""Who answers for the other end: the platform engineer, the vCluster's own tenant, or other tenants."""

ALL_PORTS, SOME_PORTS = "every", "some"
"""Whether `explain` proposes a grant for all of its ports together, or for any of them."""

_WORKLOADS: Final = frozenset({"workload", "coredns"})


@dataclass(frozen=True, slots=True)
class Fit:
    """When a grant fits a flow: the other end has one of the labels (any end without), on all or some of its ports."""

    labels: Mapping[str, Sequence[str]]
    ports: Literal["every", "some", ""]


@dataclass(frozen=True, slots=True)
class GrantRule:
    """Which policies have a rule of a value; `ports` are empty where the value says them.

    `claim` and `says` are the name and sentence of the availability claim, empty for none.
    """

    pods: tuple[str, ...]
    ports: tuple[int, ...]
    claim: str
    says: str
    hosted: bool
    fit: Fit | None

    @property
    def of_workloads(self) -> bool:
        """Whether only policies of workloads and CoreDNS have it."""
        return {*self.pods} <= _WORKLOADS


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A row of `grants.yaml`, whose head says what each field means.

    Texts are empty and `default` is None where the row says nothing.
    """

    path: str
    kind: Literal["grant", "rules", "other"]
    peers: Literal["from", "to", ""]
    whose: Literal["host", "tenant", "tenants", ""]
    rules: tuple[GrantRule, ...]
    who: str
    actor: str
    about: str
    empty: Literal["refused", "anyone", "public", "workloads", ""]
    default: Mapping[str, Any] | None
    hosted: bool
    floor: tuple[str, ...]
    closes: Literal["too", "only", ""]

    @property
    def of_workloads(self) -> bool:
        """Whether all of its rules speak of workloads in the host cluster, so that there are none with privateNodes."""
        return bool(self.rules) and all(rule.hosted or rule.of_workloads for rule in self.rules)

    @property
    def fixed_ports(self) -> tuple[int, ...]:
        """The ports of its first rule, none where the value says them."""
        return self.rules[0].ports if self.rules else ()

    @property
    def has_ports(self) -> bool:
        """Whether the user can set its ports."""
        return "ports" in (self.default or {})

    @property
    def on_by_default(self) -> bool:
        """Whether it is a grant that is on by default."""
        return bool((self.default or {}).get("enabled"))


@cache
def grant_rows(chart: Path = CHART) -> tuple[GrantRow, ...]:
    """Return the rows of values under policies.networkPolicy, in the order of the chart's `grants.yaml`."""
    return _rows(chart, "vcluster")


@cache
def platform_grant_rows(chart: Path = CHART) -> tuple[GrantRow, ...]:
    """Return the rows of values under platformNetworkPolicy, in the order of the chart's `grants.yaml`."""
    return _rows(chart, "platform")


def named_grants() -> tuple[GrantRow, ...]:
    """Return the rows of grants of a vCluster, without own rules and other values."""
    return tuple(row for row in grant_rows() if row.kind == GRANT)


def _rows(chart: Path, key: str) -> tuple[GrantRow, ...]:
    text = (chart / "grants.yaml").read_text(encoding="utf-8")
    return tuple(map(_row, yaml.load(text, Loader=yaml.CSafeLoader)[key]))


def _row(row: Mapping[str, Any]) -> GrantRow:
    return GrantRow(
        path=row["path"],
        kind=row["kind"],
        peers=row.get("peers", ""),
        whose=row.get("whose", ""),
        rules=tuple(map(_rule, row.get("rules", ()))),
        who=row.get("who", ""),
        actor=row.get("actor", ""),
        about=row.get("about", ""),
        empty=row.get("empty", ""),
        default=row.get("default"),
        hosted=row.get("hosted", False),
        floor=tuple(row.get("floor", ())),
        closes=row.get("closes", ""),
    )


def _rule(rule: Mapping[str, Any]) -> GrantRule:
    fits = rule.get("fits")
    return GrantRule(
        pods=tuple(rule["pods"]),
        ports=tuple(rule.get("ports", ())),
        claim=rule.get("claim", ""),
        says=rule.get("says", ""),
        hosted=rule.get("hosted", False),
        fit=None if fits is None else Fit(fits.get("labels", {}), fits.get("ports", "")),
    )
