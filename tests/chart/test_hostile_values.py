"""Nothing that a user can write breaks out of the string it is written in, into YAML or into a template."""

from __future__ import annotations

from typing import Any

import oracle
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rendering import Json, inline, isolating, policies, refusals, schema_refusal

from vcluster_isolation import helm, strict_yaml
from vcluster_isolation.checks.api_rules import problems

INJECTIONS = [
    "x\nspec: {}",
    "x\n---\napiVersion: v1\nkind: Secret",
    'x"\nlabels: {a: b}',
    "x' #",
    "# comment",
    "a: b",
    "- a",
    "&anchor",
    "*alias",
    "!!python/object:os.system",
    "|\n  block",
    "> folded",
    "%YAML 1.1",
    "}}",
    "\u2028 line separator",
    "\x85 next line",
    "tab\tand \x07 bell",
    " leading and trailing ",
    "trailing line breaks\n\n\n",
    "\n\n  leading",
    "0x1f",
    "1e3",
    "012",
    "1_000",
    "2024-01-01",
    "12:30",
    "yes",
    "null",
    "~",
    "",
    "=",
    "<<",
    ".inf",
    "\U0001f512",
    "\ufeff",
]
TEMPLATES = [
    '{{ lookup "v1" "Secret" "" "" }}',
    "{{ .Values }}",
    "{{- fail `x` }}",
    "{{/* */}}",
    "{{ .Release.Service }}",
    "{{\n.Values.a }}",
    "{{{ .Values.a.b }}}",
    "{{ .Values.a.b",
]


def annotation(manifest: Json) -> Any:
    return manifest["metadata"]["annotations"]["k"]


NAMED = {f"k{number}": text for number, text in enumerate(INJECTIONS)}


def test_annotations_come_out_as_they_went_in() -> None:
    references = {f"r{key}": f"{{{{ .Values.loft.{key} }}}}" for key in NAMED}
    values = {
        **isolating(annotations={**NAMED, **references}),
        "loft": {key: f"{text}." for key, text in NAMED.items()},
    }
    expected = {**NAMED, **{f"r{key}": f"{text}." for key, text in NAMED.items()}}
    for manifest in policies(values).values():
        assert manifest["metadata"]["annotations"] == expected
    assert {name: manifest["spec"] for name, manifest in policies(values).items()} == {
        name: manifest["spec"] for name, manifest in policies(isolating()).items()
    }


def test_global_annotations_come_out_as_they_went_in() -> None:
    values = {**isolating(), "controlPlane": {"advanced": {"globalMetadata": {"annotations": NAMED}}}}
    assert all(manifest["metadata"]["annotations"] == NAMED for manifest in policies(values).values())


@pytest.mark.parametrize("template", TEMPLATES)
def test_global_annotation_is_never_a_template(template: str) -> None:
    values = {**isolating(), "controlPlane": {"advanced": {"globalMetadata": {"annotations": {"k": template}}}}}
    assert {annotation(manifest) for manifest in policies(values).values()} == {template}


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_template_is_refused_in_a_label_or_annotation(template: str, field: str) -> None:
    (sentence,) = refusals(isolating(**{field: {"k": template}}))
    assert sentence.startswith(f'policies.networkPolicy.{field}["k"]: ')


@pytest.mark.parametrize("template", TEMPLATES)
def test_template_that_a_reference_brings_in_is_refused_and_not_evaluated(template: str) -> None:
    values = {**isolating(annotations={"k": "{{ .Values.loft.x }}"}), "loft": {"x": template}}
    (sentence,) = refusals(values)
    assert "refers to nothing that can be put here" in sentence


@pytest.mark.parametrize(
    "text",
    [
        text
        for text in INJECTIONS
        if problems(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": "a", "labels": {"k": text}},
                "spec": {"podSelector": {}},
            }
        )
    ],
)
def test_label_that_no_label_value_is_is_refused_and_quoted(text: str) -> None:
    for values in (
        isolating(labels={"k": text}),
        {**isolating(labels={"k": "{{ .Values.loft.x }}"}), "loft": {"x": text}},
    ):
        (sentence,) = refusals(values)
        assert sentence.startswith('policies.networkPolicy.labels["k"]: "')
        assert sentence.isprintable()


@pytest.mark.parametrize(
    "text", ["0x1f", "1e3", "012", "1_000", "2024-01-01", "yes", "null", "NO", "123", "true", "1.10", ""]
)
def test_label_that_looks_like_something_else_stays_a_text(text: str) -> None:
    assert {manifest["metadata"]["labels"]["k"] for manifest in policies(isolating(labels={"k": text})).values()} == {
        text
    }


@pytest.mark.parametrize("name", ["123", "0x1f", "1e3", "012", "true", "null", "no", "y", "1.10", "2024-01-01"])
def test_release_name_and_namespace_that_look_like_something_else_stay_texts(name: str) -> None:
    assert policies(isolating(), name=name, namespace=name) == oracle.expected(isolating(), name=name, namespace=name)


@pytest.mark.parametrize("text", [*INJECTIONS, *TEMPLATES, "x" * 64])
def test_hostile_text_in_a_selector_of_a_rule_is_refused_or_stays_a_label_value(text: str) -> None:
    values = isolating(workload={"ingress": [{"from": [{"podSelector": {"matchLabels": {"k": text}}}]}]})
    refused = schema_refusal(values)
    if not refused:
        rule = policies(values)["vc-work-a"]["spec"]["ingress"][-1]
        assert rule == {"from": [{"podSelector": {"matchLabels": {"k": text}}}]}
    assert bool(refused) == bool(
        problems({**policies(isolating())["vc-work-a"], "metadata": {"name": "a", "labels": {"k": text}}})
    )


@pytest.mark.parametrize("field", ["cidr", "fallbackDns", "name"])
@pytest.mark.parametrize("text", ["10.0.0.0/8\n  - 0.0.0.0/0", "1.1.1.1\nx: y", '1.1.1.1"', "{{ .Values }}", "a b"])
def test_hostile_text_elsewhere_is_refused(field: str, text: str) -> None:
    places = {
        "cidr": isolating(workload={"publicEgress": {"cidr": text}}),
        "fallbackDns": isolating(fallbackDns=text),
        "name": {**isolating(), "vcluster": {"name": text}},
    }
    with pytest.raises(helm.RenderFailed):
        policies(places[field])


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).filter(lambda text: "{{" not in text)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts=st.lists(TEXTS, min_size=10, max_size=40))
def test_any_text_survives_in_an_annotation(texts: list[str]) -> None:
    annotations = {f"k{index}": text for index, text in enumerate(texts)}
    printed = helm.template(helm.Request(name="a", inline=inline(isolating(annotations=annotations))))
    for document in strict_yaml.parse_documents(printed, "rendered"):
        assert document.value["metadata"]["annotations"] == annotations


BIG = 100_000
# Sizes at which an answer that grows with the square of the input would not come.
HUGE: dict[str, Json] = {
    "a label": isolating(labels={"k": "x" * BIG}),
    "a label of references": isolating(labels={"k": "{{ .Release.Name }}" * 2000}),
    "an annotation that references make huge": isolating(annotations={"k": "{{ .Values.loft.x }}" * 100})
    | {"loft": {"x": "x" * BIG}},
    "a reference": isolating(labels={"k": "{{ .Values." + "x" * BIG + " }}"}),
    "an address": isolating(workload={"publicEgress": {"cidr": ":" * BIG + "/8"}}),
    "a DNS server": isolating(fallbackDns="1:" * BIG),
    "a DNS server with dots": isolating(fallbackDns="1." * BIG),
    "a name": {**isolating(), "vcluster": {"name": "x" * BIG}},
}


@pytest.mark.parametrize("what", HUGE)
def test_huge_value_is_refused_in_few_words(what: str) -> None:
    with pytest.raises(helm.RenderFailed) as failed:
        helm.template(helm.Request(name="a", inline=inline(HUGE[what]), skip_schema=True))
    assert len(failed.value.refusals) == 1
    assert len(failed.value.refusals[0]) < 400


def test_a_cidr_that_is_longer_than_any_is_refused_by_the_schema() -> None:
    longest = "0000:0000:0000:0000:0000:0000:255.255.255.255/128"
    assert "maxLength: got 50, want 49" in schema_refusal(isolating(workload={"publicEgress": {"cidr": f"0{longest}"}}))
    assert policies(isolating(workload={"publicEgress": {"cidr": longest}}))
