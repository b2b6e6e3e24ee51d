"""A guard among manifests opens nothing, closes nothing and makes nothing undecided: the commands say the same with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click import Command
from click.testing import CliRunner

from tests.chart.rendering import Json, inline, isolating, policies
from tests.guard.cases import HARDENED
from vcluster_isolation.check import api_rules, kubeconform
from vcluster_isolation.cli.audit import command as audit
from vcluster_isolation.cli.check import command as check
from vcluster_isolation.cli.connectivity import command as connectivity
from vcluster_isolation.cli.diff import command as diff
from vcluster_isolation.cli.prove import command as prove
from vcluster_isolation.netpol.parse.parse import parse_cluster
from vcluster_isolation.tools import PROJECT

WITHOUT = isolating(profile="hardened")
SYNCED = {"toHost": {"networkPolicies": {"enabled": True}}}


@pytest.fixture
def manifests(tmp_path: Path) -> tuple[Path, Path]:
    """Return files of manifests without a guard and with one."""
    files = tmp_path / "without.yaml", tmp_path / "with.yaml"
    for path, values in zip(files, (WITHOUT, HARDENED), strict=True):
        path.write_text(yaml.safe_dump_all(policies(values).values()), encoding="utf-8")
    return files


def said(command: Command, *words: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(command, [str(word) for word in words])
    return result.exit_code, result.stdout


def test_it_is_no_policy_of_traffic() -> None:
    cluster = parse_cluster(list(policies(HARDENED).values()), home="ns")
    assert (cluster.problems, cluster.not_evaluated) == ((), ())
    assert len(cluster.policies) == 4


@pytest.mark.parametrize("command", [prove, connectivity], ids=["prove", "connectivity"])
def test_commands_about_manifests_say_the_same(command: Command, manifests: tuple[Path, Path]) -> None:
    without, guarded = (said(command, path) for path in manifests)
    assert guarded == (without[0], without[1].replace("without.yaml", "with.yaml"))
    assert without[1]


def test_diff_finds_no_flow_that_differs(manifests: tuple[Path, Path]) -> None:
    code, text = said(diff, *manifests)
    assert code == 0
    assert not [line for line in text.splitlines() if line.startswith(("+", "-"))]


def test_audit_of_a_cluster_says_the_same_with_a_guard_in_it(tmp_path: Path) -> None:
    file = PROJECT / "tests" / "audit" / "files" / "neighbours.json"
    cluster = json.loads(file.read_text(encoding="utf-8"))
    cluster["items"] += [item for item in policies(HARDENED).values() if item["kind"] != "NetworkPolicy"]
    guarded = tmp_path / "neighbours.json"
    guarded.write_text(json.dumps(cluster), encoding="utf-8")
    code, text = said(audit, guarded, "--claims", "isolation")
    lines = [line for line in text.splitlines(keepends=True) if "admissionregistration.k8s.io" not in line]
    assert (code, "".join(lines)) == said(audit, file, "--claims", "isolation")
    assert text.count("were not looked at") == 2


def test_check_accepts_it_for_each_kubernetes_that_has_it() -> None:
    guard: list[Json] = [item for item in policies(HARDENED).values() if item["kind"] != "NetworkPolicy"]
    assert [problem for item in guard for problem in api_rules.problems(item)] == []
    assert kubeconform.findings(guard, ["1.30", "1.31", "1.37"]) == [[], []]


@pytest.mark.parametrize(
    ("guard", "warned"),
    [
        ({"enabled": True}, False),
        ({"enabled": True, "validationActions": ["Warn", "Audit"]}, True),
        ({"enabled": True, "networkPolicies": {"enabled": False}}, True),
        ({"enabled": False}, True),
    ],
)
def test_check_warns_of_synced_policies_unless_the_guard_refuses_them(
    *, guard: Json, warned: bool, tmp_path: Path
) -> None:
    values = tmp_path / "values.yaml"
    values.write_text(inline({**isolating(guard=guard), "sync": SYNCED}), encoding="utf-8")
    result = CliRunner().invoke(check, [str(values)])
    assert ("policies add up" in result.output) == warned
    assert result.exit_code == 0
