"""Every command that reads values reads them in objects too, by the same door, and says what it cannot resolve."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner, Result

from tests.values.delivery.delivery_cases import CASES, OBJECTS
from vcluster_isolation.cli import check, connectivity, diff, explain, golden, isolate, prove
from vcluster_isolation.errors import InputError, IsolationError

CALLS: dict[str, Callable[[str], tuple[click.Command, list[str]]]] = {
    "prove": lambda file: (prove.command, [file]),
    "connectivity": lambda file: (connectivity.command, [file]),
    "explain": lambda file: (explain.command, ["workload", "internet-ipv4", "-f", file]),
    "diff": lambda file: (diff.command, [file, file]),
    "isolate": lambda file: (isolate.command, [file]),
}


def run(command: click.Command, *words: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(command, list(map(str, words)), input=stdin)


def called(call: str, file: str | Path) -> Result:
    command, words = CALLS[call](str(file))
    return run(command, *words)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", ["application", "helmrelease"])
def test_values_in_an_object_are_judged(call: str, name: str) -> None:
    result = called(call, OBJECTS / f"{name}.yaml")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.exit_code in {0, 1}
    assert "red" in result.stdout or call in {"connectivity", "explain"}


@pytest.mark.parametrize("call", CALLS)
def test_what_is_not_resolved_stops_every_command(call: str, tmp_path: Path) -> None:
    path = tmp_path / "app.yaml"
    path.write_text(CASES["argocd-values"].text.replace("helm:\n", "helm:\n      valueFiles: [x.yaml]\n", 1))
    result = called(call, path)
    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith(f"{path}:9: spec.source.helm.valueFiles: Application/app also uses")
    assert result.stdout == ""


@pytest.mark.parametrize("call", CALLS)
def test_values_of_an_old_vcluster_stop_every_command(call: str) -> None:
    path = OBJECTS / "vcluster-0.19.yaml"
    result = called(call, path)
    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith(f"{path}:12: isolation: these are values of vCluster 0.19 or older")


def test_check_names_the_object_and_its_line() -> None:
    result = run(check.command, OBJECTS / "template.yaml")
    assert result.exit_code == 0
    where = f"{OBJECTS / 'template.yaml'}:14: VirtualClusterTemplate/t policies.networkPolicy.labels.team"
    assert result.stdout.startswith(
        f"warning: {where}: {{{{ .Values.team }}}} is not resolved; no flow depends on it\n"
    )


def test_check_finds_mistakes_in_each_release_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "several.yaml"
    path.write_text((OBJECTS / "several.yaml").read_text().replace("enabled: true", "enable: true"))
    problems = json.loads(run(check.command, path, "--output", "json").stdout)["problems"]
    assert [(one["line"], one["where"]) for one in problems] == [
        (14, "VirtualClusterInstance/red policies.networkPolicy.enable"),
        (30, "VirtualClusterTemplate/t policies.networkPolicy.enable"),
    ]


def test_check_says_what_is_not_resolved_and_the_rest_as_well(tmp_path: Path) -> None:
    text = CASES["flux-v2beta1"].text.replace("profile: hardened", "profile: harder")
    path = tmp_path / "x.yaml"
    path.write_text(text.replace("spec:\n", "spec:\n  valuesFrom: [{kind: ConfigMap, name: x}]\n", 1))
    result = run(check.command, path, "--output", "json")
    problems = json.loads(result.stdout)["problems"]
    assert [one["where"] for one in problems] == [
        "HelmRelease/app spec.valuesFrom",
        "HelmRelease/app policies.networkPolicy.profile",
    ]
    assert result.exit_code == 1


def test_check_refuses_values_of_an_old_vcluster_once() -> None:
    result = run(check.command, OBJECTS / "vcluster-0.19.yaml")
    assert (result.exit_code, len(result.stdout.splitlines())) == (1, 2)


def test_check_takes_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "values.yaml").write_text("policies: {networkPolicy: {enabled: true}}\n")
    (tmp_path / "app.yaml").write_text(CASES["argocd-values"].text)
    (tmp_path / "space.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n")
    found = json.loads(run(check.command, tmp_path, "--output", "json").stdout)
    assert found["ok"]
    assert found["checked"]["files"] == [str(tmp_path / one) for one in ("a/values.yaml", "app.yaml", "space.yaml")]
    assert len(found["checked"]["objects"]) == 9


def test_charts_and_kustomizations_in_a_folder_are_passed_over_and_named(tmp_path: Path) -> None:
    chart = tmp_path / "charts" / "app"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: app\nversion: 1.0.0\n")
    (chart / "templates" / "x.yaml").write_text("{{ if .Values.x }}\nkind: X\n{{ end }}\n")
    (tmp_path / "kustomization.yaml").write_text("resources: [values.yaml]\n")
    (tmp_path / "values.yaml").write_text("policies: {networkPolicy: {enabled: true}}\n")
    found = json.loads(run(check.command, tmp_path, "--output", "json").stdout)
    assert (found["ok"], found["checked"]["files"]) == (True, [str(tmp_path / "values.yaml")])
    assert [one["what"] for one in found["warnings"]] == [
        f"{chart} is passed over: it is a chart",
        f"{tmp_path / 'kustomization.yaml'} is passed over: it is Kustomize's",
    ]


def test_folder_of_a_chart_is_no_folder_of_values(tmp_path: Path) -> None:
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: app\nversion: 1.0.0\n")
    assert str(run(check.command, tmp_path).exception).startswith(f"{tmp_path}: is a chart; give the values for it")


def test_check_of_a_folder_without_files_is_an_error(tmp_path: Path) -> None:
    assert "has no .yaml, .yml or .json files" in str(run(check.command, tmp_path).exception)


def test_versions_of_a_template_are_told_apart() -> None:
    text = run(prove.command, OBJECTS / "template-versions.yaml").stdout
    titles = [line for line in text.splitlines() if line.startswith("vCluster ")]
    assert titles == [
        f"vCluster my-vcluster in namespace vcluster-my-vcluster (VirtualClusterTemplate/team-template{one})"
        for one in ("", " version 1.0.0")
    ]
    lines = run(connectivity.command, OBJECTS / "template-versions.yaml").stdout.splitlines()
    assert (
        "my-vcluster (VirtualClusterTemplate/team-template version 1.0.0)/workload => 10.9.8.7/32 : all ports" in lines
    )


def test_diff_of_a_template_compares_each_version_with_itself(tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text((OBJECTS / "template-versions.yaml").read_text().replace("10.9.8.7", "10.9.8.6"))
    found = json.loads(run(diff.command, OBJECTS / "template-versions.yaml", new, "--output", "json").stdout)
    assert [(one["where"], one["verdict"]) for one in found] == [
        ("VirtualClusterTemplate/team-template", "neutral"),
        ("VirtualClusterTemplate/team-template version 1.0.0", "mixed"),
    ]


def test_profile_is_laid_over_the_values_in_an_object() -> None:
    lines = run(diff.command, OBJECTS / "application.yaml", "--profile", "hardened").stdout.splitlines()
    assert lines[0] == "mixed: vCluster red in namespace red (Application/red-vcluster)"
    assert any(line.startswith("  - workload {app: vcluster-snapshot} => ") for line in lines)


def test_profile_is_nothing_for_manifests(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(run(isolate.command, OBJECTS / "application.yaml").stdout)
    says = f"{path}: is manifests, and --profile is for values; give the values"
    assert str(run(diff.command, path, "--profile", "hardened").exception) == says


def test_isolate_reads_standard_input() -> None:
    text = (OBJECTS / "application.yaml").read_text()
    spaces = {one["metadata"]["namespace"] for one in yaml.safe_load_all(run(isolate.command, "-", stdin=text).stdout)}
    assert spaces == {"red"}
    plain = run(isolate.command, "-", "--name", "a", stdin="policies: {networkPolicy: {enabled: true}}\n")
    assert (plain.exit_code, plain.stdout.count("kind: NetworkPolicy")) == (0, 4)


def test_isolate_of_several_releases_wants_a_name() -> None:
    path = OBJECTS / "several.yaml"
    says = "there are several releases: VirtualClusterInstance/red; VirtualClusterTemplate/t; choose one by its name"
    assert str(run(isolate.command, path).exception).startswith(says)
    assert "vc-work-red" in run(isolate.command, path, "--name", "red").stdout


def test_isolate_installs_no_expression() -> None:
    result = run(isolate.command, OBJECTS / "template.yaml", "--name", "red")
    assert isinstance(result.exception, InputError)
    assert "policies.networkPolicy.labels.team: {{ .Values.team }} is not resolved" in str(result.exception)


def test_isolate_of_manifests_is_an_error() -> None:
    assert "has manifests, and no values" in str(run(isolate.command, OBJECTS / "gate.yaml").exception)


def test_isolate_passes_over_the_manifests_beside_a_release(tmp_path: Path) -> None:
    path = tmp_path / "flux.yaml"
    head = "apiVersion: v1\nkind: Namespace\nmetadata: {name: red}\n---\n"
    alone, text = OBJECTS / "helmrelease.yaml", (OBJECTS / "helmrelease.yaml").read_text()
    path.write_text(head + text)
    result = run(isolate.command, path)
    assert (result.exit_code, result.stdout) == (0, run(isolate.command, alone).stdout)
    assert f"note: {path}: the manifests in it are passed over: only values are rendered" in result.stderr


@pytest.mark.parametrize("command", [check.command, prove.command, connectivity.command, isolate.command])
def test_two_objects_of_one_name_that_hold_values_are_refused(command: click.Command, tmp_path: Path) -> None:
    text = (OBJECTS / "application.yaml").read_text()
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text(f"{text}\n---\n{text}")
    result = run(command, one)
    assert "is defined twice, also here on line " in result.output + str(result.exception)
    for path in (one, two):
        path.write_text(text)
    result = run(command, one, two)
    said = result.output + str(result.exception)
    assert f"is defined twice, also in {one} on line " in said
    assert f"{two}:" in said
    assert run(check.command, "--each", one, two).exit_code == 0


def test_two_releases_of_one_name_are_not_told_apart_by_name(tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    one = CASES["argocd-values"].text.replace("{name: app}", "{name: app, namespace: one}", 1)
    path.write_text(f"{one}---\n{one.replace('namespace: one', 'namespace: two', 1)}")
    error = str(run(isolate.command, path, "--name", "app").exception)
    assert error.startswith("2 releases are called app: Application/app; Application/app; give a file with one of them")


def test_a_chart_that_an_object_does_not_use_is_said(tmp_path: Path) -> None:
    chart = tmp_path / "umb"
    chart.mkdir()
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: umb\nversion: 1.0.0\n")
    file = OBJECTS / "application.yaml"
    for command in (prove.command, check.command):
        result = run(command, file, "--chart", chart)
        assert ': --chart is not used, because its chart is "vcluster' in result.output
        assert "--chart is not used" not in run(command, file).output


def test_nothing_but_other_charts_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(CASES["argocd-values"].text.replace("vcluster", "grafana"))
    for call in CALLS:
        result = called(call, path)
        assert isinstance(result.exception, IsolationError)
        assert "there are no values of a vCluster" in str(result.exception)
        assert 'Application/app is passed over: its chart is "grafana"' in str(result.exception)


def test_golden_takes_values_files_only(tmp_path: Path) -> None:
    (tmp_path / "values").mkdir()
    (tmp_path / "values" / "a.yaml").write_text(CASES["argocd-values"].text)
    (tmp_path / "values" / "b.yaml").write_text((OBJECTS / "vcluster-0.19.yaml").read_text())
    result = run(golden.command, "check", "--tests", tmp_path)
    said = result.stdout + result.stderr + str(result.exception)
    assert "a.yaml: is a Kubernetes object, and no values file" in said
    assert "b.yaml:12: isolation: these are values of vCluster 0.19 or older" in said


def test_name_that_kubernetes_does_not_take_is_refused_with_its_object(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(CASES["argocd-values"].text.replace("name: app", 'name: "App\\u001b[31m"'))
    said = str(run(prove.command, path).exception)
    assert said.startswith("Application/App\\x1b[31m: --name: ")
    assert said.isprintable()


def test_json_with_a_key_twice_is_a_problem_of_its_line() -> None:
    text = '{"apiVersion": "v1", "kind": "Namespace",\n"metadata": {"name": "x", "name": "y"}}\n'
    result = run(check.command, "-", stdin=text)
    assert (result.exit_code, result.stdout.splitlines()[0].split("; ")[0]) == (
        1,
        "standard input:2: metadata.name: is set again",
    )


SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: all}
spec:
  goTemplate: true
  generators: [{list: {elements: [{name: red}, {name: blue}]}}]
  template:
    metadata: {name: "{{.name}}"}
    spec:
      source:
        chart: vcluster
        repoURL: https://charts.loft.sh
        helm:
          values: |
            policies: {networkPolicy: {enabled: true, profile: "{{.profile}}"}}
"""


@pytest.mark.parametrize("call", ["prove", "connectivity"])
def test_what_is_not_resolved_names_the_release_it_is_of(call: str, tmp_path: Path) -> None:
    path = tmp_path / "set.yaml"
    path.write_text(SET)
    lines = str(called(call, path).exception).splitlines()
    where = f"{path}:15: ApplicationSet/all element"
    key = "policies.networkPolicy.profile: {{.profile}} is not resolved"
    assert [line.partition(",")[0] for line in lines] == [f"{where} 0 {key}", f"{where} 1 {key}"]
