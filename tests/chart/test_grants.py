"""grants.yaml, values.yaml, needs.yaml and the policies speak of the same grants, and each row says what is so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from tests.chart.matrix import put
from tests.chart.notes_said import PEERS, notes_of
from tests.chart.rendering import Json, inline, isolating
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.values.paths import at
from vcluster_isolation.vcluster.grant_rows import (
    GRANT,
    OWN_RULES,
    GrantRow,
    grant_rows,
    named_grants,
    platform_grant_rows,
)
from vcluster_isolation.vcluster.need_rows import need_rows

VALUES: Json = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
POLICY, PLATFORM = VALUES["policies"]["networkPolicy"], VALUES["platformNetworkPolicy"]
GRANTS = [(row, POLICY) for row in named_grants()] + [(row, PLATFORM) for row in platform_grant_rows()]
EVERY_ROW = [(row, POLICY) for row in grant_rows()] + [(row, PLATFORM) for row in platform_grant_rows()]
FILES = {"control-plane": "control-plane", "workload": "workloads", "coredns": "coredns", "snapshot": "snapshots"}
"""The template of the policy of these pods."""


def name_of(case: object) -> str:
    return case.path if isinstance(case, GrantRow) else ""


def maps(values: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Yield each map in values with its dotted path."""
    yield path, values
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from maps(dict(value), f"{path}.{key}" if path else key)


@pytest.mark.parametrize(("row", "values"), EVERY_ROW, ids=name_of)
def test_row_is_about_a_value(row: GrantRow, values: Json) -> None:
    assert at(values, row.path) is not None
    assert row.kind != OWN_RULES or at(values, row.path) == []


@pytest.mark.parametrize(("row", "values"), GRANTS, ids=name_of)
def test_default_of_a_grant_is_the_one_of_values_yaml(row: GrantRow, values: Json) -> None:
    assert at(values, row.path) == row.default


def test_every_switch_with_peers_is_a_grant() -> None:
    for values, rows in ((POLICY, named_grants()), (PLATFORM, platform_grant_rows())):
        switched = {path for path, one in maps(values) if "enabled" in one and {"from", "to"} & one.keys()}
        switched -= {"guard.networkPolicies"}  # says what a tenant's own policies may name, and opens nothing itself
        assert sorted(switched) == sorted(row.path for row in rows)


def test_every_list_of_own_rules_has_a_row() -> None:
    lists = {f"{part}.{side}" for part, one in maps(POLICY) for side in ("ingress", "egress") if side in one}
    assert lists == {row.path for row in grant_rows() if row.kind == OWN_RULES}


@pytest.mark.parametrize("row", grant_rows(), ids=name_of)
def test_row_is_in_the_policies_that_it_names_and_in_no_other(row: GrantRow) -> None:
    """The comment above a rule names its value in parentheses; that of webhooks is a named template."""
    pods = {pods for rule in row.rules for pods in rule.pods}
    side = {"from": "ingress:", "to": "egress:"}.get(row.peers)
    for name, file in FILES.items():
        text = (CHART / "templates" / "vcluster" / f"{file}.yaml").read_text(encoding="utf-8")
        sides = {"ingress:": text.partition("\n  ingress:")[2], "egress:": text.partition("\n  ingress:")[0]}
        there = f"({row.path})" in (sides[side] if side else text) or (
            row.path == "controlPlane.webhooks" and "vcluster-isolation.webhooks" in sides["egress:"]
        )
        assert there == (name in pods) or not row.rules, f"{file}.yaml"


@pytest.mark.parametrize("row", grant_rows(), ids=name_of)
def test_row_is_hosted_where_all_its_rules_are_of_workloads(row: GrantRow) -> None:
    assert row.hosted == (bool(row.rules) and all(rule.of_workloads for rule in row.rules))


@pytest.mark.parametrize(("row", "values"), EVERY_ROW, ids=name_of)
def test_floor_repeats_keys_that_there_are(row: GrantRow, values: Any) -> None:
    known = {"from", "to", "ports"} if row.kind == OWN_RULES else set(at(values, row.path) if row.floor else ())
    assert set(row.floor) <= known


def test_needs_name_values_that_open_flows() -> None:
    assert {path for row in need_rows() for path in row.grants} <= {row.path for row in grant_rows()}


def test_claims_and_actors_have_names_of_their_own() -> None:
    claims = [rule.claim for row, _ in GRANTS for rule in row.rules]
    actors = [row.actor for row in named_grants()]
    for names in (claims, actors):
        assert all(names)
        assert len(names) == len(set(names))
    assert all(rule.says.endswith(".") for row, _ in GRANTS for rule in row.rules)


@pytest.mark.parametrize("row", named_grants(), ids=name_of)
def test_notes_name_a_grant_that_is_on_and_no_other(row: GrantRow) -> None:
    on, off = isolating(), isolating()
    put(on, f"policies.networkPolicy.{row.path}", {"enabled": True, row.peers: PEERS})
    put(off, f"policies.networkPolicy.{row.path}", {"enabled": False, row.peers: PEERS})
    line = re.compile(rf"^  (.* --> .*) \({re.escape(row.path)}\)$", re.MULTILINE)
    said = {which: line.findall(notes_of(inline(values))) for which, values in (("on", on), ("off", off))}
    if row.on_by_default:
        assert (said["on"], len(said["off"])) == ([], 1)
        assert said["off"][0].startswith("also denied: ")
    else:
        assert (len(said["on"]), said["off"]) == (1, [])


def test_kinds_are_the_three_that_readers_know() -> None:
    assert {row.kind for row, _ in EVERY_ROW} == {GRANT, OWN_RULES, "other"}
    assert {row.whose for row, _ in EVERY_ROW} == {"host", "tenant", "tenants", ""}
