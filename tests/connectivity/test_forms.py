"""The same flows as text, markdown, JSON, Mermaid and HTML; nothing that is shown breaks out of any of them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from click.testing import CliRunner, Result

from tests.connectivity.flows import manifests
from tests.subject.subjects import VALUES, subject
from vcluster_isolation.cli.connectivity import command
from vcluster_isolation.connectivity import report as render_text
from vcluster_isolation.connectivity.connectivity import matrix_of
from vcluster_isolation.connectivity.fold import folded
from vcluster_isolation.connectivity.matrix import Cell, Matrix, MatrixActor, Reason
from vcluster_isolation.netpol.sets.ports import ALL, parse_ports

HOSTILE = 'x"]|`</td><script>alert(1)</script>\x1b[31m\r\n### | $a$ & <b> #quot; --> end'
LINE = "workload => control-plane : TCP 8443, TCP+UDP 1053"


def run(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(command, words, input=stdin, catch_exceptions=False)


def hostile() -> Matrix:
    reason = Reason("egress", HOSTILE, HOSTILE, ALL, HOSTILE, HOSTILE)
    cell = Cell(HOSTILE, "b", ALL, (reason,), HOSTILE)
    return Matrix(HOSTILE, (MatrixActor(HOSTILE, HOSTILE, own=True), MatrixActor("b", "b")), (cell,))


def test_text_is_one_sorted_line_for_each_flow() -> None:
    result = run(str(VALUES / "default.yaml"))
    found = result.stdout.splitlines()
    assert (result.exit_code, found) == (0, sorted(found))
    assert LINE in found
    assert all(re.fullmatch(r"[^\n]+ => [^\n]+ : [^\n]+", line) for line in found)


def test_standard_input_is_read() -> None:
    text = (VALUES / "default.yaml").read_text()
    assert run("-", stdin=text).stdout == run(str(VALUES / "default.yaml")).stdout


def test_manifests_and_their_values_have_the_same_flows(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(yaml.safe_dump_all(manifests("my-vcluster", "vcluster-my-vcluster")))
    assert run(str(tmp_path)).stdout == run(str(VALUES / "default.yaml")).stdout


def test_markdown_is_a_table_with_the_rules() -> None:
    found = run(str(VALUES / "default.yaml"), "--output", "markdown").stdout.splitlines()
    flow = "workloads --\\> control plane: DNS and API"
    rules = f"vc-work-my-vcluster spec.egress\\[0\\] ({flow})<br>vc-cp-my-vcluster spec.ingress\\[1\\] ({flow})"
    assert found[2:4] == ["| source | destination | ports | because of |", "|---|---|---|---|"]
    assert f"| workload | control-plane | TCP 8443, TCP+UDP 1053 | {rules} |" in found


def test_markdown_says_when_nothing_isolates_either() -> None:
    found = run(str(VALUES / "off.yaml"), "--output", "markdown").stdout.splitlines()
    assert "| workload | anything | all ports | nothing isolates either |" in found


def test_json_has_actors_flows_and_reasons() -> None:
    found = json.loads(run(str(VALUES / "own-rules.yaml"), "--output", "json").stdout)
    flow = next(one for one in found["flows"] if (one["source"], one["destination"]) == ("stray", "workload"))
    assert flow["ports"] == "TCP 1-6059, TCP 6071-65535, TCP+SCTP 6060-6070"
    assert flow["text"] == "SCTP 6060-6070, TCP port web"
    assert flow["reasons"] == [
        {"side": "egress", "policy": None, "rule": None, "ports": "all ports", "flow": None, "value": None},
        {
            "side": "ingress",
            "policy": "vc-work-my-vcluster",
            "rule": "spec.ingress[2]",
            "ports": flow["ports"],
            "flow": "your own rules",
            "value": "policies.networkPolicy.workload.ingress[0]",
        },
    ]
    actors = {one["name"]: one for one in found["actors"]}
    assert actors["172.19.10.23/32"]["addresses"] == ["172.19.10.23/32"]
    assert (actors["workload"]["own"], actors["monitoring"]["own"]) == (True, False)


def test_mermaid_is_a_flowchart_of_the_actors_with_flows() -> None:
    found = run(str(VALUES / "default.yaml"), "--output", "mermaid").stdout.splitlines()
    names = dict(line.strip().removesuffix('"]').split('["') for line in found if '["' in line)
    ids = {name: number for number, name in names.items()}
    assert found[0] == "flowchart LR"
    assert f'  {ids["workload"]} -->|"TCP 8443, TCP+UDP 1053"| {ids["control-plane"]}' in found
    assert "neighbour#39;s workload" not in ids
    assert "neighbour#39;s etcd" in ids


def test_html_is_what_the_report_makes_of_the_folded_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    page = SimpleNamespace(html=lambda matrix: f"{matrix.title}: {len(matrix.cells)} flows")
    monkeypatch.setitem(sys.modules, "vcluster_isolation.connectivity.report_html", page)
    found = run(str(VALUES / "off.yaml"), "--name", "a", "--namespace", "ns", "--output", "html").stdout
    assert found == "vCluster a in namespace ns: 10 flows\n"


def test_every_cell_and_actor_of_a_folded_matrix_is_one_that_a_page_can_show() -> None:
    matrix = folded(matrix_of(subject("own-rules")))
    names = [actor.name for actor in matrix.actors]
    pairs = [(cell.source, cell.destination) for cell in matrix.cells]
    assert len(set(names)) == len(names)
    assert len(set(pairs)) == len(pairs)
    assert {name for pair in pairs for name in pair} <= set(names)


@pytest.mark.parametrize("form", [render_text.text, render_text.markdown, render_text.as_json, render_text.mermaid])
def test_no_control_character_gets_out(form: object) -> None:
    assert callable(form)
    assert re.fullmatch(r"[^\x00-\x09\x0b-\x1f\x7f-\x9f]*", form(hostile()))


def test_hostile_words_stay_on_the_line_of_their_flow() -> None:
    assert len(render_text.text(hostile()).splitlines()) == 1
    assert len(render_text.markdown(hostile()).splitlines()) == 5
    assert len(render_text.mermaid(hostile()).splitlines()) == 4


def test_hostile_words_do_not_end_a_cell_of_markdown_or_begin_html() -> None:
    row = render_text.markdown(hostile()).splitlines()[-1]
    assert len(re.findall(r"(?<!\\)\|", row)) == 5
    assert re.findall(r"(?<!\\)<[^>]*>", row) == []
    assert not re.search(r"(?<!\\)[`$&*]", row)


def test_hostile_words_do_not_end_their_quotes_in_mermaid() -> None:
    for line in render_text.mermaid(hostile()).splitlines()[1:]:
        assert re.fullmatch(r'  a0\["[^"<>`&|\[\]]*"\]|  a1\["b"\]|  a0 -->\|"[^"<>`&|\[\]]*"\| a1', line)


def test_words_of_json_are_the_words_of_the_matrix() -> None:
    assert json.loads(render_text.as_json(hostile()))["title"] == HOSTILE


def test_ports_without_words_are_shown_as_they_are() -> None:
    assert Cell("a", "b", parse_ports("TCP 1"), ()).text == "TCP 1"
