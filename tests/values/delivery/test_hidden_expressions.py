"""Expressions in comments: an engine runs them as anywhere else, so that no text with one is taken as it stands."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from vcluster_isolation.helm.template import CHART
from vcluster_isolation.values.releases import ReadFiles, read

VALUES = "policies:\n  networkPolicy:\n    enabled: true\n{}\n    profile: hardened # {}\n"
TEMPLATE = """\
apiVersion: management.loft.sh/v1
kind: VirtualClusterTemplate
metadata: {name: red}
spec:
  parameters: [{variable: a, defaultValue: x}]
  template:
    helmRelease:
      values: |
"""
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: red}
spec:
  source:
    chart: vcluster
    helm:
      values: |
"""


def said(folder: Path, text: str) -> list[str]:
    (folder / "x.yaml").write_text(text, encoding="utf-8")
    found: ReadFiles = read([folder / "x.yaml"], CHART)
    return [
        f"{one.line}: {one.what}" for one in [*found.problems, *(bad for one in found.releases for bad in one.problems)]
    ]


@pytest.mark.parametrize("around", ["", TEMPLATE, APPLICATION], ids=["plain", "template", "application"])
@pytest.mark.parametrize(
    "expression",
    ["{{- if .Values.b }}", "{{ .Values.b | nindent 0 }}", '{{ "\\nsync: 1" }}', "{{- /* b */ -}}", "{{/*"],
)
def test_expression_in_a_comment_is_named_with_its_line(around: str, expression: str, tmp_path: Path) -> None:
    own = indent(VALUES.format(f"    #{expression}", "plain"), "        " if around else "")
    line = around.count("\n") + 4
    assert said(tmp_path, around + own) == [f"{line}: {expression} decides on the lines around it, and is not resolved"]
    own = indent(VALUES.format("    # plain", expression), "        " if around else "")
    assert [one.partition(":")[0] for one in said(tmp_path, around + own)] == [str(line + 1)]


@pytest.mark.parametrize("around", ["", TEMPLATE, APPLICATION], ids=["plain", "template", "application"])
def test_comment_of_go_templates_prints_nothing(around: str, tmp_path: Path) -> None:
    own = indent(VALUES.format("    # {{/* why */}}", "plain"), "        " if around else "")
    assert said(tmp_path, around + own) == []


def test_expression_beside_one_that_makes_it_no_yaml_is_named_too(tmp_path: Path) -> None:
    text = VALUES.format("    labels: {{ .Values.b }}\n    # {{ .Values.c }}", "plain")
    assert said(tmp_path, text) == ["5: {{ .Values.c }} decides on the lines around it, and is not resolved"]


def test_known_reference_in_a_comment_is_filled_in(tmp_path: Path) -> None:
    assert said(tmp_path, TEMPLATE + indent(VALUES.format("", "{{ .Values.a }}"), "        ")) == []


def test_known_reference_that_trims_the_end_of_its_line_is_named(tmp_path: Path) -> None:
    (one,) = said(tmp_path, TEMPLATE + indent(VALUES.format("    # {{ .Values.a -}}", "plain"), "        "))
    assert "decides on the lines around it" in one


def test_text_of_a_value_is_no_comment(tmp_path: Path) -> None:
    label = "    labels: {a: '# {{ .Release.Name }}'}"
    assert said(tmp_path, VALUES.format(label, "plain")) == []


def test_expression_in_a_comment_of_the_object_is_named(tmp_path: Path) -> None:
    release = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: red}\nspec:\n"
        "  chart: {spec: {chart: vcluster}}\n  values:\n    policies:\n      networkPolicy:\n        enabled: true\n"
        "        # {{ if .Values.b }}\n        profile: hardened\n"
    )
    assert said(tmp_path, release) == ["10: {{ if .Values.b }} decides on the lines around it, and is not resolved"]


def test_manifests_with_an_expression_in_a_comment_are_refused(tmp_path: Path) -> None:
    policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n# {{ if .x }}\nmetadata: {name: a}\n"
    (one,) = said(tmp_path, policy)
    assert "has manifests with expressions, such as {{ if .x }}" in one


def test_a_comment_of_plain_values_may_speak_of_a_value(tmp_path: Path) -> None:
    assert said(tmp_path, VALUES.format("    # A value may hold `{{ .Values.a.b }}`.", "plain")) == []
    assert said(tmp_path, (CHART / "values.yaml").read_text(encoding="utf-8")) == []
    own = indent(VALUES.format("    # {{ .Values.a.b }}", "plain"), "        ")
    assert len(said(tmp_path, TEMPLATE + own)) == 1
