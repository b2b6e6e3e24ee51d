"""The command `audit` on small clusters: every word that it prints, its exit codes, and what it refuses."""

from __future__ import annotations

import gc
import io
import json
from itertools import chain
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.audit.fleet import CONFIGURATIONS, fleet, listed, plus, pod, write
from vcluster_isolation.cli.audit import command, teller
from vcluster_isolation.tools import PROJECT

CLUSTERS = PROJECT / "tests" / "audit" / "files"
FINE = {"isolated"}
TOLD = sorted(path.stem for path in CLUSTERS.glob("*.txt"))


def run(*words: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words], input=stdin)


@pytest.mark.parametrize("name", TOLD)
def test_it_says_of_a_small_cluster_exactly_this(name: str) -> None:
    result = run(CLUSTERS / f"{name}.json", "--claims", "isolation")
    assert result.output == (CLUSTERS / f"{name}.txt").read_text()
    assert result.exit_code == (0 if name in FINE else 1)


def test_every_cluster_but_the_empty_one_has_its_text() -> None:
    assert {path.stem for path in CLUSTERS.glob("*.json")} - set(TOLD) == {"no-vcluster"}


def test_standard_input_is_read_the_same() -> None:
    file = CLUSTERS / "neighbours.json"
    result = run("-", "--claims", "isolation", stdin=file.read_bytes())
    assert result.output == (CLUSTERS / "neighbours.txt").read_text()


def test_without_any_vcluster_it_cannot_run() -> None:
    result = run(CLUSTERS / "no-vcluster.json")
    assert result.exception is not None
    assert str(result.exception) == (
        "no vCluster is among 2 pods and 0 policies; "
        "give the output of kubectl get namespaces,pods,networkpolicies -A -o json"
    )
    assert getattr(result.exception, "exit_code", 0) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"items": [', "standard input: character 12: not JSON: Expecting value"),
        (b"kind: List", "standard input: character 1: not JSON: Expecting value"),
        (b'{"items": ["\xff"]}', "standard input: is not UTF-8: invalid start byte"),
        (b'{"items": []}', "no vCluster is among 0 pods and 0 policies"),
    ],
)
def test_text_that_is_not_a_cluster_is_refused(text: bytes, message: str) -> None:
    result = run("-", stdin=text)
    assert str(result.exception).startswith(message)
    assert getattr(result.exception, "exit_code", 0) == 2


def test_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    result = run(tmp_path / "no\x1b.json")
    assert "no\\x1b.json: cannot be read: No such file or directory" in str(result.exception)


def test_problems_are_told_when_they_leave_no_vcluster() -> None:
    result = run("-", stdin=b'{"items": [{"kind": "Pod"}]}')
    assert str(result.exception).startswith("object 1: has no apiVersion and kind")


def test_byte_order_mark_is_nothing() -> None:
    text = (CLUSTERS / "isolated.json").read_bytes()
    assert run("-", "--claims", "isolation", stdin=b"\xef\xbb\xbf" + text).exit_code == 0


def test_json_has_every_vcluster_and_every_claim() -> None:
    result = run(CLUSTERS / "not-isolated.json", "--output", "json")
    found = json.loads(result.output)
    assert not found["ok"]
    assert [(one["namespace"], one["name"], one["isolated"], one["ok"]) for one in found["vclusters"]] == [
        ("vcluster-a", "a", True, False),
        ("vcluster-b", "b", False, False),
        ("team", "c", False, False),
    ]
    claims = {one["group"]: {claim["name"]: claim for claim in one["claims"]} for one in found["groups"]}
    bare = claims[found["vclusters"][1]["group"]]
    assert {bare[name]["there"] for name in bare if bare[name]["type"] == "isolation"} == {"FAILS", "n/a"}
    example = bare["workload-to-metadata"]["there_example"]
    assert example == {
        "source": {
            "actor": "workload",
            "namespace": "vcluster-b",
            "pod": "web-x-default-x-b",
            "labels": {"app": "web", "vcluster.loft.sh/managed-by": "b", "vcluster.loft.sh/namespace": "default"},
        },
        "destination": {
            "actor": "metadata 169.254.169.254",
            "addresses": "169.254.169.254/32",
            "address": "169.254.169.254",
        },
        "ports": "all ports",
        "rules": [],
        "not_isolated": ["egress"],
        "denied_by": [],
    }


def test_json_is_the_same_whatever_the_order_of_objects() -> None:
    cluster = json.loads((CLUSTERS / "neighbours.json").read_text())
    turned = json.dumps({"items": cluster["items"][::-1]}).encode()
    first = json.loads(run(CLUSTERS / "neighbours.json", "--output", "json").output)
    second = json.loads(run("-", "--output", "json", stdin=turned).output)
    assert [one["unselected"] for one in first["vclusters"]] == [one["unselected"] for one in second["vclusters"]]
    for one, two in zip(first["groups"], second["groups"], strict=True):
        assert [(claim["name"], claim["there"], claim["possible"]) for claim in one["claims"]] == [
            (claim["name"], claim["there"], claim["possible"]) for claim in two["claims"]
        ]


def test_many_vclusters_are_few_lines_and_all_of_them_when_asked(tmp_path: Path) -> None:
    file = tmp_path / "cluster.json"
    write(fleet(300, ["default", "platform off"]), file)
    short, long = run(file).output, run(file, "--all").output
    assert (
        "14 claims fail: t-0, t-2, t-4 … and 147 more" in short or "claims fail: t-0, t-2, t-4 … and 147 more" in short
    )
    assert len(short.splitlines()) < 120
    assert all(f"t-{number}" in long for number in range(300))


def test_huge_input_is_read_as_a_stream(tmp_path: Path) -> None:
    file = tmp_path / "cluster.json"
    write(fleet(1000), file)
    assert file.stat().st_size > 10_000_000
    result = run(file, "--output", "json")
    found = json.loads(result.output)
    assert len(found["vclusters"]) == 1000
    assert len(found["groups"]) < 1.2 * len(CONFIGURATIONS)
    assert found["problems"] == []


def test_it_leaves_the_garbage_collector_as_it_was() -> None:
    assert gc.isenabled()
    run(CLUSTERS / "isolated.json")
    assert gc.isenabled()


def test_progress_is_told_on_request_and_on_standard_error_only() -> None:
    result = run(CLUSTERS / "isolated.json", "--claims", "isolation", "--progress")
    assert result.stdout == (CLUSTERS / "isolated.txt").read_text()
    size = (CLUSTERS / "isolated.json").stat().st_size
    assert result.stderr.splitlines()[0] == f"reading: {size:,} of {size:,}"
    assert result.stderr.splitlines()[-1] == "judging groups of vClusters: 1 of 1"


def test_progress_is_told_now_and_then() -> None:
    times = chain([0.0, 0.1, 0.3, 0.3, 0.4, 5.0, 5.0], [9.0] * 9)
    stream = io.StringIO()
    tell = teller(stream, lambda: next(times), tty=True)
    for done in (10, 2_000_000, 3_000_000, 4_000_000):
        tell("reading", done, 4_000_000)
    assert stream.getvalue() == "\rreading: 2 MB of 4 MB\x1b[K\rreading: 4 MB of 4 MB\x1b[K\n"


def test_pods_in_a_namespace_without_a_namespace_object_are_judged_with_a_warning() -> None:
    cluster = json.loads((CLUSTERS / "isolated.json").read_text())
    kept = [one for one in cluster["items"] if one["kind"] != "Namespace"]
    result = run("-", "--claims", "isolation", stdin=json.dumps({"items": kept}).encode())
    assert result.exit_code == 0
    assert "warning: labels of 4 namespaces are not known" in result.output


def test_policies_alone_are_judged_with_a_warning() -> None:
    cluster = json.loads((CLUSTERS / "isolated.json").read_text())
    kept = [one for one in cluster["items"] if one["kind"] != "Pod"]
    result = run("-", "--claims", "isolation", stdin=json.dumps({"items": kept}).encode())
    assert result.exit_code == 0
    assert "warning: there are no pods: what claims say of pods that are there was not judged" in result.output


def test_pod_that_ended_has_no_network_and_is_not_judged() -> None:
    cluster = json.loads((CLUSTERS / "isolated.json").read_text())
    ended = json.loads(json.dumps(plus(pod("job", {"app": "job"}, home="vcluster-a"))([])[0]))
    ended["status"] = {"phase": "Succeeded"}
    result = run("-", "--claims", "isolation", stdin=json.dumps({"items": [*cluster["items"], ended]}).encode())
    assert result.exit_code == 0
    assert "warning: 1 of v1 Pod (finished) were not looked at" in result.output


def test_list_of_the_fleet_is_what_kubectl_prints() -> None:
    assert listed(fleet(1))["kind"] == "List"
