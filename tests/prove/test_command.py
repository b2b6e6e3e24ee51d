"""The command prove: text for people, JSON for programs, JUnit for CI, and its exit code."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

from click.testing import CliRunner, Result

from tests.subject.subjects import VALUES, mended, of, subject
from vcluster_isolation.claims.claims import CLAIMS
from vcluster_isolation.cli.prove import command
from vcluster_isolation.netpol.objects.tiers import ALLOW, DENY
from vcluster_isolation.prove import report
from vcluster_isolation.prove.prove import prove


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words])


def test_text_has_a_line_for_each_claim_and_the_smallest_counterexample_below_a_failing_one() -> None:
    result = run(VALUES / "default.yaml", "--name", "a", "--namespace", "ns")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == "vCluster a in namespace ns"
    at = next(index for index, line in enumerate(lines) if "reaches the host API server." in line)
    assert lines[at].startswith(
        "  FAILS     workload-to-api-server: No workload, whatever its labels, reaches the host API server."
    )
    assert [line.strip() for line in lines[at + 1 : at + 4]] == [
        "workload {app: vcluster-snapshot, vcluster.loft.sh/managed-by: a, vcluster.loft.sh/namespace: other} in namespace ns reaches",
        "host-api-server, for example 10.0.0.0 on TCP 443 (in all: TCP 443, TCP 6443, TCP 8443)",
        "by vc-snapshot-a spec.egress[2]: snapshots --> host API server and object storage, by their ports: anywhere",
    ]
    named = subject().settings.named
    assert all(any(claim.sentence in line for line in lines) == (claim.value in {"", *named}) for claim in CLAIMS)
    assert lines[-2].endswith(" fail")


def test_text_says_what_values_opened_closed_and_left_out() -> None:
    shown = {name: run(VALUES / f"{name}.yaml").stdout for name in ("own-rules", "platform-off", "private-nodes")}
    assert "opened on purpose by policies.networkPolicy.workload.ingress[0]" in shown["own-rules"]
    assert "closed on purpose by policies.networkPolicy.platform.enabled" in shown["platform-off"]
    assert "what it speaks of is not in the host cluster" in shown["private-nodes"]


def test_an_availability_that_fails_says_what_does_not_get_through() -> None:
    assert "does not reach" in run(VALUES / "synced.yaml").stdout


def test_json_is_complete() -> None:
    found = json.loads(run(VALUES / "default.yaml", "--output", "json", "--name", "a").stdout)
    assert found["ok"] is False
    (vcluster,) = found["vclusters"]
    assert (vcluster["name"], vcluster["namespace"]) == ("a", "vcluster-a")
    claims = {claim["name"]: claim for claim in vcluster["claims"]}
    assert set(claims) == {claim.name for claim in CLAIMS}
    assert claims["workload-api"]["counterexample"] is None
    example = claims["workload-to-metadata"]["counterexample"]
    assert example["destination"] == {
        "actor": "metadata 169.254.169.254",
        "addresses": "169.254.169.254/32",
        "address": "169.254.169.254",
    }
    assert example["source"]["labels"]["vcluster.loft.sh/managed-by"] == "a"
    assert example["rules"][0]["policy"] == "vc-work-a"


def test_junit_has_a_suite_for_the_vcluster_and_a_case_for_each_claim() -> None:
    top = ET.fromstring(run(VALUES / "private-nodes.yaml", "--output", "junit").stdout.encode())  # noqa: S314 - our own
    (suite,) = top
    cases = list(suite)
    assert suite.attrib["tests"] == str(len(cases)) == str(len(CLAIMS) + 1)  # and what privateNodes needs
    assert int(suite.attrib["failures"]) == sum(case.find("failure") is not None for case in cases) > 0
    assert int(suite.attrib["skipped"]) == sum(case.find("skipped") is not None for case in cases) > 0
    granted = ET.fromstring(run(VALUES / "own-rules.yaml", "--output", "junit").stdout.encode())  # noqa: S314 - our own
    assert "opened on purpose by" in "".join(text for case in granted[0] for text in case.itertext())


def test_what_the_chart_left_open_is_said_in_every_form() -> None:
    values = VALUES / "hardened.yaml"
    sentence = "the ports of the host API server, to any address: its address is not configured; "
    assert f"left open: {sentence}" in run(values).stdout
    assert "3 left open" in run(values).stdout.splitlines()[-2]
    (vcluster,) = json.loads(run(values, "--output", "json").stdout)["vclusters"]
    gaps = [claim for claim in vcluster["claims"] if claim["status"] == "known-gap"]
    assert len(gaps) == 3
    assert all(claim["left_open"][0].startswith(sentence) and not claim["values"] for claim in gaps)
    assert {tuple(claim["left_open"]) for claim in vcluster["claims"] if claim["status"] != "known-gap"} == {()}


def test_in_junit_what_is_left_open_is_skipped_and_never_passes() -> None:
    result = run(VALUES / "hardened.yaml", "--output", "junit")
    (suite,) = ET.fromstring(result.stdout.encode())  # noqa: S314 - our own
    skipped = [case.find("skipped") for case in suite if case.find("skipped") is not None]
    messages = [one.attrib["message"] for one in skipped if one is not None]
    assert sum(one.startswith("left open: the ports of the host API server") for one in messages) == 3
    assert suite.attrib["skipped"] == str(len(messages))
    assert suite.attrib["failures"] == "0"


def test_strict_counts_what_is_left_open_as_failed() -> None:
    assert run(VALUES / "hardened.yaml").exit_code == 0
    assert run(VALUES / "hardened.yaml", "--strict").exit_code == 1
    values = VALUES / "hardened-api-server.yaml"
    assert run(values, "--strict").exit_code == run(values).exit_code == 0


def test_an_availability_that_a_cluster_scoped_policy_denies_says_by_which_rule() -> None:
    whole = of({"profile": "hardened", "floor": {"enabled": True}})
    first, second = whole.tiers
    closed = mended(whole, tiers=(replace(first, egress=first.egress[1:]), second))
    found = [one for one in prove(closed) if one.claim.name == "workload-api"]
    rule = "vc-floor.ns.a (AdminNetworkPolicy) spec.egress[2]: workloads -/-> every other pod"
    assert f"denied by {rule}" in report.text([(closed, found)])
    (vcluster,) = json.loads(report.as_json([(closed, found)]))["vclusters"]
    assert vcluster["claims"][0]["counterexample"]["denied_by"] == [
        {
            "policy": "vc-floor.ns.a (AdminNetworkPolicy)",
            "rule": "spec.egress[2]",
            "flow": "workloads -/-> every other pod",
            "value": None,
            "yours": False,
        }
    ]


def test_a_rule_that_a_cluster_scoped_policy_allows_by_is_named_with_its_kind() -> None:
    whole = of({"profile": "hardened", "floor": {"enabled": True}})
    first, second = whole.tiers
    opened = (replace(one, action=ALLOW) if one.action == DENY else one for one in first.ingress)
    wide = mended(whole, tiers=(replace(first, ingress=tuple(opened)), second))
    found = [one for one in prove(wide) if one.claim.name == "tenants-to-workloads"]
    shown = report.text([(wide, found)])
    assert "by vc-floor.ns.a (AdminNetworkPolicy) spec.ingress[2]: every other pod -/-> workloads" in shown


def test_exit_code_is_0_when_nothing_fails() -> None:
    holding = [one for one in prove(subject()) if one.status == "holds"]
    assert not report.any_failed([(subject(), holding)])
    assert run(VALUES / "default.yaml").exit_code == 1


def test_manifests_are_judged_without_values() -> None:
    golden = VALUES.parent / "golden" / "default" / "manifests.yaml"
    values = json.loads(run(VALUES / "default.yaml", "--name", "default", "--output", "json").stdout)
    manifests = json.loads(run(golden, "--output", "json").stdout)
    statuses = [[claim["status"] for claim in one["vclusters"][0]["claims"]] for one in (values, manifests)]
    assert statuses[0] == statuses[1]
