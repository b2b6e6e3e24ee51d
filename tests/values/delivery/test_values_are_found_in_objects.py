"""Values inside objects of delivery tools: whose they are, where they stand, and what cannot be resolved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.values.delivery.delivery_cases import CASES, OBJECTS, Case
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.values.delivery.objects import flattened, holds_releases
from vcluster_isolation.values.layers import locate, overlay
from vcluster_isolation.values.releases import ReadFiles, Release, read

PROFILE = ("policies", "networkPolicy", "profile")


def found_in(folder: Path, text: str, name: str = "x.yaml", chart: Path = CHART) -> ReadFiles:
    path = folder / name
    path.write_bytes(text.encode())
    return read([path], chart)


def values_of(release: Release) -> dict[str, Any]:
    return overlay([layer.values for layer in release.layers])


def said(found: ReadFiles) -> list[str]:
    problems = [*found.unreadable, *found.problems]
    problems += [one for release in found.releases for one in (*release.refused, *release.problems)]
    return [f"{one.line}: {one.where}: {one.what}" for one in problems]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_release_has_its_title_name_namespace_and_values(case: Case, tmp_path: Path) -> None:
    found = found_in(tmp_path, case.text)
    assert said(found) == []
    (release,) = found.releases
    assert (release.title, release.name, release.namespace) == (case.title, case.name, case.namespace)
    assert values_of(release)["policies"]["networkPolicy"] == {"enabled": True, "profile": "hardened"}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_line_of_a_value_is_that_of_its_file(case: Case, tmp_path: Path) -> None:
    (release,) = found_in(tmp_path, case.text).releases
    assert locate(release.layers, PROFILE) == (str(tmp_path / "x.yaml"), case.line)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_windows_line_ends_change_nothing(case: Case, tmp_path: Path) -> None:
    (release,) = found_in(tmp_path, case.text.replace("\n", "\r\n")).releases
    assert locate(release.layers, PROFILE)[1] == case.line


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_helm_reads_is_what_was_read(case: Case, tmp_path: Path) -> None:
    (release,) = found_in(tmp_path, case.text).releases
    assert [yaml.safe_load(layer.text) for layer in release.layers] == [layer.values for layer in release.layers]


def test_objects_are_read_as_json_as_well(tmp_path: Path) -> None:
    documents = list(yaml.safe_load_all(CASES["flux-v2beta1"].text))
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": documents})
    (release,) = found_in(tmp_path, text, "x.json").releases
    assert (release.name, release.namespace) == ("red-app", "red")


def test_release_of_another_chart_is_passed_over_and_named(tmp_path: Path) -> None:
    found = found_in(tmp_path, CASES["argocd-values"].text.replace("vcluster", "grafana"))
    assert (found.releases, found.manifests) == ((), ())
    assert found.notes == (f'{tmp_path / "x.yaml"}: Application/app is passed over: its chart is "grafana"',)


def test_umbrella_that_the_user_names_is_taken(tmp_path: Path) -> None:
    chart = tmp_path / "umbrella"
    chart.mkdir()
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: tenant-stack\nversion: 1.0.0\n")
    text = CASES["argocd-values"].text.replace("vcluster", "tenant-stack")
    assert [one.chart for one in found_in(tmp_path, text, chart=chart).releases] == [chart]
    beside = found_in(tmp_path, CASES["argocd-values"].text, chart=chart)
    assert [one.chart for one in beside.releases] == [CHART]


ELSEWHERE = {
    "argocd-values-files": ("argocd-values", "helm:\n", "helm:\n      valueFiles: [x.yaml]\n", "values files"),
    "argocd-file-parameters": (
        "argocd-values",
        "helm:\n",
        "helm:\n      fileParameters: [{name: a, path: b}]\n",
        "values out of files",
    ),
    "argocd-plugin": ("argocd-values", "chart: vcluster\n", "chart: vcluster\n    plugin: {name: x}\n", "a plugin"),
    "flux-values-from": (
        "flux-v2beta1",
        "spec:\n",
        "spec:\n  valuesFrom: [{kind: Secret, name: x}]\n",
        "values of ConfigMaps or Secrets",
    ),
    "flux-patches": ("flux-v2beta1", "spec:\n", "spec:\n  postRenderers: [{kustomize: {}}]\n", "patches"),
    "fleet-targets": ("fleet", "helm:", "targetCustomizations: [{name: x}]\nhelm:", "other values for some clusters"),
    "k3s-set": ("k3s-helm-chart", "spec:\n", "spec:\n  set: {a: b}\n", "values given one by one"),
    "crossplane-set": ("crossplane", "forProvider: {", "forProvider: {set: [{name: a, value: b}], ", "values given"),
}


@pytest.mark.parametrize(("case", "old", "new", "words"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_comes_from_elsewhere_is_a_problem(case: str, old: str, new: str, words: str, tmp_path: Path) -> None:
    problems = said(found_in(tmp_path, CASES[case].text.replace(old, new, 1)))
    assert len(problems) == 1
    assert f"also uses {words}" in problems[0]
    assert problems[0].partition(":")[0].isdecimal()


def test_versions_of_a_template_are_releases_of_their_own() -> None:
    found = read([OBJECTS / "template-versions.yaml"], CHART)
    titles = ["VirtualClusterTemplate/team-template", "VirtualClusterTemplate/team-template version 1.0.0"]
    assert [one.title for one in found.releases] == titles
    assert [locate(one.layers, ("policies",))[1] for one in found.releases] == [None, 35]


def test_several_documents_are_several_releases() -> None:
    found = read([OBJECTS / "several.yaml"], CHART)
    assert [(one.title, one.name) for one in found.releases] == [
        ("VirtualClusterInstance/red", "red"),
        ("VirtualClusterTemplate/t", None),
    ]


TEMPLATE = """
apiVersion: management.loft.sh/v1
kind: VirtualClusterTemplate
metadata: {{name: t}}
spec:
  template:
    helmRelease:
      values: |
        policies:
          networkPolicy:
            enabled: true
            workload:
              egress:
                - to:
                    - ipBlock:
                        cidr: {{{{ .Values.cidr }}}}
  parameters:
    - variable: cidr
      {default}
---
apiVersion: management.loft.sh/v1
kind: VirtualClusterInstance
metadata: {{name: red, namespace: p-acme}}
spec:
  templateRef: {{name: {ref}}}
  parameters: |
    cidr: 10.2.0.0/16
"""


def cidrs(found: ReadFiles) -> list[str]:
    policies = [values_of(one)["policies"]["networkPolicy"] for one in found.releases if one.layers]
    return [one["workload"]["egress"][0]["to"][0]["ipBlock"]["cidr"] for one in policies]


def test_parameters_are_filled_in_from_the_template_and_from_its_instance(tmp_path: Path) -> None:
    found = found_in(tmp_path, TEMPLATE.format(default='defaultValue: "10.1.0.0/16"', ref="t"))
    assert said(found) == []
    assert cidrs(found) == ["10.1.0.0/16", "10.2.0.0/16"]
    assert [one.title for one in found.releases][1] == "VirtualClusterInstance/red by VirtualClusterTemplate/t"


def test_parameter_without_a_value_is_a_problem_where_it_stands(tmp_path: Path) -> None:
    found = found_in(tmp_path, TEMPLATE.format(default="type: string", ref="t"))
    where = "policies.networkPolicy.workload.egress[0].to[0].ipBlock.cidr"
    assert said(found) == [f"16: {where}: {{{{ .Values.cidr }}}} is not resolved, and may decide on flows"]


def test_template_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    (problem,) = said(found_in(tmp_path, TEMPLATE.format(default='defaultValue: "10.1.0.0/16"', ref="other")))
    assert "also uses the values of VirtualClusterTemplate/other: not resolved" in problem


APPLICATION_SET = """
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: tenants}
spec:
  generators:
    - list:
        elements: [{name: red, cidr: 10.1.0.0/16}, {name: blue, cidr: 10.2.0.0/16}]
  template:
    metadata: {name: 'vc-{{name}}'}
    spec:
      source:
        chart: vcluster
        helm:
          valuesObject:
            policies: {networkPolicy: {workload: {egress: [{to: [{ipBlock: {cidr: '{{cidr}}'}}]}]}}}
      destination: {namespace: 'ns-{{ .name }}'}
"""


def test_list_of_elements_gives_a_release_each(tmp_path: Path) -> None:
    found = found_in(tmp_path, APPLICATION_SET)
    assert [(one.name, one.namespace) for one in found.releases] == [("vc-red", "ns-red"), ("vc-blue", "ns-blue")]
    assert (cidrs(found), said(found)) == (["10.1.0.0/16", "10.2.0.0/16"], [])


def test_elements_that_a_cluster_or_git_gives_are_not_known(tmp_path: Path) -> None:
    found = found_in(tmp_path, APPLICATION_SET.replace("- list:", "- matrix:"))
    assert [(one.name, one.namespace) for one in found.releases] == [(None, None)]
    (problem,) = said(found)
    assert problem.endswith("{{cidr}} is not resolved, and may decide on flows")


def test_patch_of_applications_is_a_problem(tmp_path: Path) -> None:
    patched = APPLICATION_SET.replace("  template:\n", "  templatePatch: 'spec: {}'\n  template:\n", 1)
    assert all("a patch of the Application" in one for one in said(found_in(tmp_path, patched)))
    assert len(said(found_in(tmp_path, patched))) == 2


def test_file_that_is_a_template_of_helm_itself_is_read_without_its_expressions(tmp_path: Path) -> None:
    text = CASES["flux-v2beta1"].text.replace("name: app", "name: {{ .Release.Name }}")
    found = found_in(tmp_path, text)
    assert [(one.name, one.namespace) for one in found.releases] == [(None, "red")]
    assert said(found) == []


def test_manifests_with_expressions_are_not_taken_for_what_they_are_without_them(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {{ .Values.name }}\n"
    found = found_in(tmp_path, text)
    assert found.manifests == ()
    assert "has manifests with expressions, such as {{ .Values.name }}" in said(found)[0]


def test_values_with_expressions_that_no_flow_depends_on_are_values(tmp_path: Path) -> None:
    found = found_in(tmp_path, "policies:\n  networkPolicy:\n    enabled: true\n    labels:\n      team: {{ .team }}\n")
    (release,) = found.releases
    assert said(found) == []
    assert [(one.line, one.where) for one in release.remarks] == [(5, "policies.networkPolicy.labels.team")]


@pytest.mark.parametrize(
    "line", ["{{ if .x }}", "{{- range .list }}", '{{ include "values" . }}', "{{ end }} {{ with .y }}"]
)
def test_line_that_is_an_expression_may_be_anything(line: str, tmp_path: Path) -> None:
    found = found_in(tmp_path, f"policies:\n  networkPolicy:\n    {line}\n    enabled: true\n")
    assert said(found) == [f"3: : {line} decides on the lines around it, and is not resolved"]


def test_yaml_mistakes_inside_an_object_have_the_lines_of_its_file(tmp_path: Path) -> None:
    text = CASES["argocd-values"].text.replace("            profile: hardened", "            enabled: false")
    assert said(found_in(tmp_path, text)) == ["14: policies.networkPolicy.enabled: is set again; it was set on line 13"]


def test_vcluster_yaml_with_apiversion_and_kind_is_values_and_no_manifest(tmp_path: Path) -> None:
    for head in (
        "apiVersion: config.vcluster.loft.sh/v1alpha1\nkind: VirtualClusterConfig\n",
        "apiVersion: v1\nkind: X\n",
    ):
        found = found_in(tmp_path, f"{head}policies: {{networkPolicy: {{enabled: true}}}}\n")
        assert (len(found.releases), found.manifests) == (1, ())


def test_kinds_of_other_groups_hold_no_releases() -> None:
    assert not holds_releases({"apiVersion": "app.k8s.io/v1beta1", "kind": "Application"})
    assert not holds_releases({"helm": {"chart": "x"}, "policies": {}})


HELM_TEMPLATE = """{{{{- range .Values.tenants }}}}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: vc-{{{{ .name }}}}
spec:
  source:
    chart: vcluster
    helm:
      {values}
{{{{- end }}}}
"""


def test_expressions_around_a_whole_object_do_not_decide_on_its_values(tmp_path: Path) -> None:
    found = found_in(
        tmp_path, HELM_TEMPLATE.format(values="valuesObject: {policies: {networkPolicy: {enabled: true}}}")
    )
    assert (said(found), [one.name for one in found.releases]) == ([], [None])


@pytest.mark.parametrize(
    ("values", "line", "words"),
    [
        ("values:\n        {{ .v | toYaml | indent 8 }}", 12, "decides on the lines around it"),
        ("valuesObject:\n{{- if .x }}\n        policies: {}\n{{- end }}", 12, "decides on the lines around it"),
        ("values: |\n        policies:\n          {{ .p }}", 13, "decides on the lines around it"),
        ("values: {{ toYaml .v | nindent 8 }}", 11, "decides on the lines around it"),
        ("valuesObject: {policies: {networkPolicy: {extraWorkloadRules: '{{ .r }}'}}}", 11, "may decide on flows"),
        ("valuesObject: {policies: {networkPolicy: {outgoingConnections: '{{ .r }}'}}}", 11, "may decide on flows"),
    ],
)
def test_expressions_inside_an_object_are_never_taken_for_no_values(
    values: str, line: int, words: str, tmp_path: Path
) -> None:
    problems = said(found_in(tmp_path, HELM_TEMPLATE.format(values=values)))
    assert problems[0].startswith(f"{line}: ")
    assert words in problems[0]


def test_flows_of_an_umbrella_may_depend_on_anything(tmp_path: Path) -> None:
    chart = tmp_path / "umbrella"
    chart.mkdir()
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: tenant-stack\nversion: 1.0.0\n")
    plain = "vcluster:\n  policies:\n    networkPolicy:\n      enabled: {{ .on }}\n"
    assert said(found_in(tmp_path, plain, chart=chart)) == [
        "4: vcluster.policies.networkPolicy.enabled: {{ .on }} is not resolved, and may decide on flows"
    ]


@pytest.mark.parametrize("path", [".", "'{{ .path }}'"])
def test_values_like_a_vclusters_of_a_chart_that_is_not_known_are_a_problem(path: str, tmp_path: Path) -> None:
    text = CASES["argocd-values"].text.replace("chart: vcluster", f"path: {path}")
    if "{{" in path:
        text = APPLICATION_SET.replace("chart: vcluster", f"chart: {path}")
    problems = said(found_in(tmp_path, text))
    assert problems
    assert all("its chart is not known, and its values are like those of a vCluster" in one for one in problems)


def test_long_json_is_read_without_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vcluster_isolation.values.releases._LONG", 0)
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}
    items = [*yaml.safe_load_all(CASES["flux-v2beta1"].text), space]
    found = found_in(tmp_path, json.dumps({"apiVersion": "v1", "kind": "List", "items": items}), "x.json")
    (release,) = found.releases
    assert (release.name, locate(release.layers, PROFILE)) == ("red-app", (str(tmp_path / "x.json"), None))
    assert space in found.manifests[0].objects


K3S_CHART = """\
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {name: red, namespace: red}
spec:
  chart: vcluster
  valuesContent: |
    policies: {networkPolicy: {enabled: true, profile: hardened}}
---
"""
K3S_CONFIG = """\
apiVersion: helm.cattle.io/v1
kind: HelmChartConfig
metadata: {name: red, namespace: red}
spec:
  valuesContent: |
    policies: {networkPolicy: {profile: compatible}}
---
"""


@pytest.mark.parametrize("text", [K3S_CHART + K3S_CONFIG, K3S_CONFIG + K3S_CHART], ids=["after", "before"])
def test_config_of_k3s_is_laid_over_the_chart_of_its_name(text: str, tmp_path: Path) -> None:
    found = found_in(tmp_path, text)
    assert said(found) == []
    (release,) = found.releases
    assert (release.title, release.name) == ("HelmChart/red", "red")
    assert values_of(release)["policies"]["networkPolicy"] == {"enabled": True, "profile": "compatible"}
    assert locate(release.layers, PROFILE) == (
        str(tmp_path / "x.yaml"),
        text[: text.index("compatible")].count("\n") + 1,
    )


def test_config_of_k3s_with_secrets_is_not_resolved(tmp_path: Path) -> None:
    found = found_in(tmp_path, K3S_CHART + K3S_CONFIG.replace("spec:", "spec:\n  valuesSecrets: [{name: x}]"))
    (one,) = said(found)
    assert "HelmChartConfig/red also uses values of Secrets" in one


@pytest.mark.parametrize("other", ["", K3S_CHART.replace("namespace: red", "namespace: blue")])
@pytest.mark.parametrize(
    "values", ["policies: {networkPolicy: {}}", "sync: {toHost: {networkPolicies: {enabled: true}}}"]
)
def test_config_of_k3s_without_its_chart_is_not_resolved(other: str, values: str, tmp_path: Path) -> None:
    config = K3S_CONFIG.replace("policies: {networkPolicy: {profile: compatible}}", values)
    (one,) = said(found_in(tmp_path, other + config))
    assert "HelmChartConfig/red: its chart is not known, and its values are like those of a vCluster" in one


def test_config_of_k3s_for_another_chart_is_passed_over(tmp_path: Path) -> None:
    found = found_in(tmp_path, K3S_CONFIG.replace("policies: {networkPolicy: {profile: compatible}}", "hubble: {}"))
    assert (found.releases, said(found)) == ((), [])
    assert found.notes == (f"{tmp_path / 'x.yaml'}: HelmChartConfig/red is passed over: its chart is not known",)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("around", ["typed", "nested"])
def test_release_in_lists_of_any_kind_is_found(case: Case, around: str, tmp_path: Path) -> None:
    documents = [one for one in yaml.safe_load_all(case.text) if one]
    if any("kind" not in one for one in documents):
        pytest.skip("a fleet.yaml has no kind, and is in no list")
    if around == "typed":
        lists = [{"apiVersion": one["apiVersion"], "kind": f"{one['kind']}List", "items": [one]} for one in documents]
    else:
        lists = [
            {"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "List", "items": documents}]}
        ]
    found = found_in(tmp_path, yaml.safe_dump_all(lists))
    assert said(found) == []
    (release,) = found.releases
    assert (release.title, values_of(release)["policies"]["networkPolicy"]["profile"]) == (case.title, "hardened")


def test_item_of_a_list_of_one_kind_has_that_kind(tmp_path: Path) -> None:
    item = yaml.safe_load(CASES["argocd-values"].text)
    text = yaml.safe_dump({"apiVersion": item.pop("apiVersion"), "kind": f"{item.pop('kind')}List", "items": [item]})
    assert [one.title for one in found_in(tmp_path, text).releases] == ["Application/app"]


def test_list_inside_of_itself_is_gone_through_once() -> None:
    loop: dict[str, Any] = {"apiVersion": "v1", "kind": "List", "items": [{"kind": "a"}]}
    loop["items"].append(loop)
    assert list(flattened(loop)) == [(("items", 0), {"kind": "a"})]


def test_line_of_a_value_beside_a_parameter_is_its_own(tmp_path: Path) -> None:
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec:\n  source:\n"
        "    chart: vcluster\n    helm:\n      valuesObject:\n        policies:\n          networkPolicy:\n"
        "            profile: hardened\n      parameters:\n        - name: policies.networkPolicy.enabled\n"
        '          value: "true"\n'
    )
    (release,) = found_in(tmp_path, text).releases
    assert [locate(release.layers, (*PROFILE[:2], key))[1] for key in ("profile", "enabled")] == [11, 13]
