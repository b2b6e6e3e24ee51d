"""Two objects of one name in one stream: one of the two would be lost, and helm and kubectl do not say so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from vcluster_isolation.check.manifests_check import judge
from vcluster_isolation.cli import app as cli
from vcluster_isolation.values.strict_yaml import parse_stream

HEAD = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a%s}\nspec: {podSelector: {}}\n"
POLICY = HEAD % ""


def said(text: str, *, namespace: str = "default") -> list[str]:
    return [str(problem) for problem in judge(parse_stream(text, "f"), namespace=namespace).problems]


TWICE = "f:6: NetworkPolicy/a: is defined twice, here and on line 1, and only the last one counts; keep one of them"


@pytest.mark.parametrize("second", [POLICY, HEAD % ", namespace: null", HEAD % ", namespace: default"])
def test_a_second_object_of_a_name_is_a_problem(second: str) -> None:
    assert said(f"{POLICY}---\n{second}") == [TWICE]


def test_a_third_one_is_a_second_problem() -> None:
    assert len(said(f"{POLICY}---\n{POLICY}---\n{POLICY}")) == 2


def test_the_namespace_of_the_release_is_that_of_objects_that_name_none() -> None:
    both = f"{POLICY}---\n{HEAD % ', namespace: red'}"
    assert said(both) == []
    assert said(both, namespace="red") == [TWICE]


def test_inside_a_list_it_is_the_same_object() -> None:
    one = json.dumps(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "a"},
            "spec": {"podSelector": {}},
        }
    )
    (problem,) = said(f"apiVersion: v1\nkind: List\nitems:\n- {one}\n- {one}\n")
    assert problem.startswith("f:5: NetworkPolicy/a: is defined twice, here and on line 4, ")


def test_a_list_of_one_kind_names_it_once() -> None:
    one = {"metadata": {"name": "a"}, "spec": {"podSelector": {}}}
    policies = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicyList", "items": [one, one]}
    (problem,) = said(json.dumps(policies, indent=1))
    assert problem.startswith("f:13: NetworkPolicy/a: is defined twice, here and on line 5, ")
    assert said(json.dumps({**policies, "items": [{"metadata": {"name": "a"}, "spec": {"podSelector": 5}}]})) != []


OTHERS = {
    "another group": ("apiVersion: crd.projectcalico.org/v1", "apiVersion: projectcalico.org/v3"),
    "another kind": ("kind: NetworkPolicy", "kind: Ingress"),
    "another namespace": ("{name: a}", "{name: a, namespace: b}"),
    "another name": ("{name: a}", "{name: b}"),
    "a name that the API server makes": ("{name: a}", "{generateName: a}"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_another_object_is_none_of_the_two(what: str) -> None:
    first, second = OTHERS[what]
    changed = POLICY.replace(first, second) if first in POLICY else POLICY.replace(POLICY.splitlines()[0], second)
    assert changed != POLICY
    assert not [problem for problem in said(f"{POLICY}---\n{changed}") if "twice" in problem]


def test_two_versions_of_one_group_serve_the_same_object() -> None:
    tier = "apiVersion: policy.networking.k8s.io/%s\nkind: ClusterNetworkPolicy\nmetadata: {name: a}\nspec: {tier: Admin}\n"
    problems = said(f"{tier % 'v1alpha2'}---\n{tier % 'v1alpha3'}")
    assert any("is defined twice" in problem for problem in problems)


def test_check_refuses_what_prove_refuses(tmp_path: Path) -> None:
    """One object in one file: the command says it, and its exit code."""
    path = tmp_path / "twice.yaml"
    path.write_text(f"{POLICY}---\n{POLICY}", encoding="utf-8")
    result = CliRunner().invoke(cli.app, ["check", str(path)])
    assert result.exit_code == 1
    assert "NetworkPolicy/a: is defined twice, here and on line 1" in result.output


def test_what_only_the_evaluator_refuses_is_a_problem_as_well() -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i}]}\nstatus: {podIP: 300.0.0.1}\n"
    (problem,) = said(pod)
    assert problem.startswith("f:1: Pod/default/p status.podIP")


def files_with(folder: Path, **texts: str) -> list[str]:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return [str(folder / f"{name}.yaml") for name in texts]


def test_an_object_of_two_files_is_a_problem_of_one_cluster(tmp_path: Path) -> None:
    one, two = files_with(tmp_path, one=f"{HEAD % 1}---\n{POLICY}", two=f"{HEAD % 2}---\n{POLICY}")
    for words in ([one, two], [str(tmp_path)]):
        result = CliRunner().invoke(cli.app, ["check", *words])
        assert (result.exit_code, result.output.splitlines()[0]) == (
            1,
            f"{two}:6: NetworkPolicy/a: is defined twice, here and in {one} on line 6, and only the last one counts; "
            "keep one of them, or check files of different clusters with --each",
        )
    assert CliRunner().invoke(cli.app, ["check", "--each", one, two]).exit_code == 0


def test_values_beside_what_they_render_are_a_problem(tmp_path: Path) -> None:
    (values,) = files_with(tmp_path, values="policies: {networkPolicy: {enabled: true}}\n")
    rendered = CliRunner().invoke(cli.app, ["isolate", values, "--name", "red"]).stdout
    _, other = files_with(tmp_path, values=Path(values).read_text(), manifests=rendered)
    result = CliRunner().invoke(cli.app, ["check", values, other, "--name", "red"])
    assert result.exit_code == 1
    assert result.output.count(f"is rendered by the values, and is in {other} too; leave one of the two out") == 4
    assert CliRunner().invoke(cli.app, ["check", values, other, "--name", "blue"]).exit_code == 0
