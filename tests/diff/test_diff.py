"""diff: what a change opens and closes, classed, with its causes, and nothing that is not a change of flows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.subject.subjects import VALUES, subject
from vcluster_isolation import tools
from vcluster_isolation.cli.diff import command
from vcluster_isolation.diff import report as diff_report
from vcluster_isolation.diff.changes import MIXED, NARROWS, NEUTRAL, WIDENS, changes, kind
from vcluster_isolation.helm.template import CHART


def compared(before: str, after: str) -> diff_report.Difference:
    old, new = subject(before), subject(after)
    return diff_report.difference(old, new, changes(old, new))


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words])


KINDS = {
    ("default", "api-access-anyone"): WIDENS,
    ("api-access-anyone", "default"): NARROWS,
    ("default", "platform-off"): NARROWS,
    ("default", "public-egress-ipv6"): MIXED,
    ("platform-off", "public-egress-off"): MIXED,
    ("default", "labels-and-annotations"): NEUTRAL,
    ("default", "synced"): WIDENS,
    ("default", "off"): WIDENS,
    ("off", "default"): NARROWS,
}


@pytest.mark.parametrize(("before", "after"), KINDS)
def test_change_is_classed_by_what_it_opens_and_closes(before: str, after: str) -> None:
    assert kind(changes(subject(before), subject(after))) == KINDS[before, after]


def test_opened_and_closed_change_places_when_the_sides_do() -> None:
    there = compared("default", "own-rules").rows
    back = compared("own-rules", "default").rows
    assert {(str(row), row.causes) for row in there} == {(str(row), row.causes) for row in back}
    assert {row.opened for row in there} == {True}
    assert {row.opened for row in back} == {False}


def test_rows_name_flows_and_their_causes() -> None:
    rows = compared("default", "api-access-peers").rows
    assert [(str(row), row.causes) for row in rows] == [
        (
            "anybody {app.kubernetes.io/name: ingress-nginx} in ingress-nginx, ingress-controller, "
            "198.51.100.0/24 except 198.51.100.7/32 => control-plane, etcd : TCP 8443",
            ("vc-cp-a spec.ingress[4] (policies.networkPolicy.controlPlane.apiAccess)",),
        )
    ]


def test_a_change_that_only_matters_to_an_odd_label_is_a_change() -> None:
    rows = compared("default", "embedded-coredns").rows
    assert "workload {k8s-app: vcluster-kube-dns}" in rows[0].sources


def test_a_change_of_text_alone_is_neutral_and_says_so() -> None:
    report = diff_report.text([compared("default", "labels-and-annotations")])
    assert report == "neutral: vCluster a in namespace ns: the manifests differ, and every flow is what it was"
    report = diff_report.text([compared("default", "default")])
    assert report == "neutral: vCluster a in namespace ns: the manifests are the same"


def test_markdown_stays_inside_its_table() -> None:
    row = diff_report.Row(True, ("a|b`c\n# x",), ("<b>",), subject().policies[0].egress[0].ports, ("|",))
    report = diff_report.markdown([diff_report.Difference("n`|", "s", WIDENS, (row,), text=True)])
    assert "| `a¦b'c\\n# x` | `<b>` | `all ports` | `¦` |" in report.splitlines()


def test_exit_code_is_1_when_it_widens_and_0_when_that_is_allowed() -> None:
    sides = (VALUES / "default.yaml", VALUES / "api-access-anyone.yaml")
    assert run(*sides).exit_code == 1
    assert run(*sides, "--allow-widening").exit_code == 0
    assert run(*reversed(sides)).exit_code == 0


def test_json_has_every_change() -> None:
    result = run(VALUES / "default.yaml", VALUES / "platform-off.yaml", "--output", "json", "--name", "a")
    (found,) = json.loads(result.stdout)
    assert (found["name"], found["namespace"], found["verdict"], found["text_changed"]) == (
        "a",
        "vcluster-a",
        "narrows",
        True,
    )
    assert {one["change"] for one in found["changes"]} == {"closed"}


def test_manifests_and_values_are_compared_with_each_other() -> None:
    golden = VALUES.parent / "golden" / "default" / "manifests.yaml"
    result = run(golden, VALUES / "default.yaml", "--name", "default", "--output", "json")
    assert [one["verdict"] for one in json.loads(result.stdout)] == ["neutral"]


def test_a_chart_is_rendered_with_the_values_that_are_given() -> None:
    result = run(CHART, CHART, "--values", VALUES / "default.yaml")
    assert result.stdout.startswith("neutral: ")
    result = run(CHART, CHART)
    assert str(result.exception) == f"{CHART}: is a chart; give the values to render it with: --values FILE"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository with the chart and one tenant's values, the last in two versions."""
    shutil.copytree(CHART, tmp_path / "chart")
    tenant = tmp_path / "tenant ü.yaml"
    tenant.write_text((VALUES / "default.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    for words in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "one"]):
        assert tools.run(["git", *words]).code == 0
    tenant.write_text((VALUES / "platform-off.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def test_a_side_may_be_what_a_file_or_a_chart_was_at_a_revision(repository: Path) -> None:
    assert run("HEAD:tenant ü.yaml", "tenant ü.yaml").stdout.startswith("narrows: ")
    peers = repository / "chart" / "templates" / "vcluster" / "_peers.tpl"
    peers.write_text(peers.read_text(encoding="utf-8").replace("app: loft", "app: lofty"), encoding="utf-8")
    assert run("HEAD:chart", "chart", "--values", "tenant ü.yaml").stdout.startswith("neutral: ")
    assert run("HEAD:chart", "chart", "--values", VALUES / "default.yaml").stdout.startswith("mixed: ")


@pytest.mark.parametrize(
    ("side", "message"),
    [
        ("nope.yaml", "nope.yaml: there is no such file; give a path, or REV:PATH for a git revision"),
        (":x", ":x: there is no such file; give a path, or REV:PATH for a git revision"),
        ("--output=x:y", None),
    ],
)
@pytest.mark.usefixtures("repository")
def test_a_side_that_is_not_there(side: str, message: str | None) -> None:
    result = run("--", side, "tenant ü.yaml")
    assert str(result.exception) == (message or "--output=x: is not a git revision; give a branch, tag or commit")


@pytest.mark.usefixtures("repository")
def test_a_path_that_is_not_in_the_revision_is_said_in_gits_words() -> None:
    result = run("HEAD:nope", "tenant ü.yaml")
    assert str(result.exception).startswith("git cat-file -t HEAD:nope: fatal: path 'nope' does not exist in 'HEAD'")


def test_a_vcluster_that_is_new_or_gone_is_compared_with_none(tmp_path: Path) -> None:
    empty = tmp_path / "off.yaml"
    empty.write_text("{}\n", encoding="utf-8")
    assert run(empty, VALUES / "default.yaml").stdout.startswith("narrows: ")
    assert "no policy isolates one of the two" in run(VALUES / "default.yaml", empty).stdout
