"""Expressions of another engine in values: filled in, kept out of the way, or named; never judged as a default."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcluster_isolation.values.delivery.expressions import Engine, decides_on_flows, without_expressions

ENGINE = Engine(
    {".Values.a": "x", ".Values.b.c": 5, ".Values.t": True, ".Values.l": ["x"], ".Values.h": 'a"\nb: c', "n": "y"}
)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("{{ .Values.a }}", "x"),
        ("{{.Values.a}}", "x"),
        ("{{- .Values.a -}}", "x"),
        ("{{ .Values.b.c }}", "5"),
        ("{{ .Values.t }}", "true"),
        ("{{ .Values.a | quote }}", '"x"'),
        ("{{n}}", "y"),
    ],
)
def test_references_that_are_known_are_filled_in(expression: str, text: str) -> None:
    found = without_expressions(f"k: {expression} # z", ENGINE)
    assert (found.text, dict(found.words)) == (f"k: {text} # z", {})


@pytest.mark.parametrize(
    "expression",
    [
        "{{ .Values.unknown }}",
        "{{ .Values.l }}",
        "{{ .Values.h }}",
        "{{ .Values.b }}",
        "{{ .Values.a | upper }}",
        "{{ default 1 .Values.a }}",
        "{{ .Values.a }}{{ .Values.z }}"[15:],
        "{{}}",
    ],
)
def test_anything_else_is_not_guessed(expression: str) -> None:
    found = without_expressions(f"k: {expression}", ENGINE)
    assert list(found.words.values()) == [expression]
    assert found.restore(found.text) == f"k: {expression}"


def test_words_are_nowhere_else_in_the_text() -> None:
    found = without_expressions("unresolved0e: {{ x }}\nunresolvedx: {{ y }}")
    assert [text for text in found.words if text in "unresolved0e unresolvedx"] == []


@given(st.text(alphabet="a:{}\n\r -.#'\"x", max_size=60))
def test_taking_expressions_out_and_putting_them_back_changes_nothing(text: str) -> None:
    found = without_expressions(text)
    assert found.restore(found.text) == text
    assert found.text.count("\n") == text.count("\n")


POLICY = ("policies", "networkPolicy")


@pytest.mark.parametrize(
    "path",
    [
        (*POLICY, "labels", "team"),
        (*POLICY, "annotations", "a/b"),
        ("controlPlane", "advanced", "globalMetadata", "annotations", "x"),
        ("controlPlane", "statefulSet", "resources", "limits", "cpu"),
        ("exportKubeConfig", "context"),
        ("external", "platform", "autoSnapshot", "retention", "period"),
    ],
)
def test_no_flow_depends_on_labels_and_on_what_the_chart_does_not_read(path: tuple[str, ...]) -> None:
    assert not decides_on_flows(path)


@pytest.mark.parametrize(
    "path",
    [
        (),
        ("policies",),
        POLICY,
        (*POLICY, "enabled"),
        (*POLICY, "extraWorkloadRules"),
        (*POLICY, "outgoingConnections", "ipBlock", "cidr"),
        (*POLICY, "misspelt"),
        (*POLICY, "hostApiServer", "cidrs", 0),
        (*POLICY, "workload", "egress", 0, "to"),
        (*POLICY, "project", "namespaceSelector", "matchLabels", "team"),
        ("vcluster", "name"),
        ("privateNodes", "enabled"),
        ("sync", "toHost", "namespaces", "mappings", "byName", "a"),
        ("sync", "toHost", "networkPolicies", "enabled"),
        ("controlPlane", "backingStore", "database", "external", "enabled"),
        ("controlPlane", "advanced"),
        ("integrations", "metricsServer", "enabled"),
        ("experimental", "isolatedControlPlane", "enabled"),
        ("platformNetworkPolicy", "namespace"),
    ],
)
def test_flows_may_depend_on_everything_else(path: tuple[str | int, ...]) -> None:
    assert decides_on_flows(path)
