"""Nothing that a user can write breaks out of the string it is written in, into YAML or into a template."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.chart import oracle
from tests.chart.injections import INJECTIONS
from tests.chart.rendering import Json, inline, isolating, policies, refusals, schema_refusal, text
from vcluster_isolation.check.api_rules import problems
from vcluster_isolation.helm import template as helm
from vcluster_isolation.values import strict_yaml

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


def byname(**names: str) -> Json:
    mappings = {"enabled": True, "mappings": {"byName": names}}
    return {**isolating(floor={"enabled": True}), "sync": {"toHost": {"namespaces": mappings}}}


HOSTILE = [*INJECTIONS, *TEMPLATES, "x" * 64, "${name}\n- {}", "../a", "a.b", "-a"]
# A place that a text of a user or a tenant comes into, and the path by which it is refused.
PLACES = {
    "policies.networkPolicy.project.name": lambda text: isolating(project={"name": text}, floor={"enabled": True}),
    'sync.toHost.namespaces.mappings.byName["v"]': lambda text: byname(v=text),
    "experimental.syncSettings.targetNamespace": lambda text: {
        **isolating(floor={"enabled": True}),
        "experimental": {"syncSettings": {"targetNamespace": text}},
    },
}


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("path", PLACES)
def test_hostile_text_in_a_name_is_refused_by_its_path_or_stays_a_name(path: str, text: str) -> None:
    values = PLACES[path](text)
    found = refusals(values)
    if found:
        assert len(found) == 1
        assert found[0].startswith(f"{path}: ")
        assert found[0].isprintable()
    else:
        assert oracle.agrees(policies(values), values)
        assert [problem for manifest in policies(values).values() for problem in problems(manifest)] == []


@pytest.mark.parametrize("path", PLACES)
def test_most_hostile_texts_are_no_names(path: str) -> None:
    assert sum(bool(refusals(PLACES[path](text))) for text in HOSTILE) > len(HOSTILE) / 2


@pytest.mark.parametrize("template", TEMPLATES)
def test_project_that_a_reference_brings_in_is_refused_and_not_evaluated(template: str) -> None:
    values = {**isolating(project={"name": "{{ .Values.loft.x }}"}), "loft": {"x": template}}
    (sentence,) = refusals(values)
    assert "refers to nothing that can be put here" in sentence


@pytest.mark.parametrize("key", INJECTIONS)
def test_hostile_name_of_a_tenants_namespace_is_only_quoted(key: str) -> None:
    (sentence,) = refusals(byname(**{key: "Not_A_Namespace"}))
    assert sentence.startswith("sync.toHost.namespaces.mappings.byName[")
    assert sentence.isprintable()
    assert oracle.agrees(policies(byname(**{key: "h"})), byname(**{key: "h"}))


@pytest.mark.parametrize("text", [*INJECTIONS, "x" * 64])
@pytest.mark.parametrize("key", ["matchLabels", "matchExpressions"])
def test_hostile_text_in_a_selector_of_a_grant_is_refused_or_stays_a_label_value(key: str, text: str) -> None:
    whole = {"matchLabels": {"k": text}, "matchExpressions": [{"key": "k", "operator": "In", "values": [text]}]}
    selector = {key: whole[key]}
    values = isolating(
        profile="hardened",
        project={"namespaceSelector": selector},
        hostDns={"extra": [{"podSelector": selector}]},
        prometheus={"enabled": True, "from": [{"namespaceSelector": selector}]},
        controlPlane={"webhooks": {"to": [{"podSelector": selector}]}},
        snapshots={"objectStorage": {"enabled": True, "to": [{"namespaceSelector": selector}]}},
        floor={"enabled": True},
    )
    assert schema_refusal(values) or oracle.agrees(policies(values), values)
    assert bool(schema_refusal(values)) == bool(problems(labelled(text)))


def labelled(text: str) -> Json:
    return {**policies(isolating())["vc-work-a"], "metadata": {"name": "a", "labels": {"k": text}}}


KEYS = {
    "NetworkPolicy": {"podSelector", "policyTypes", "egress", "ingress"},
    "AdminNetworkPolicy": {"priority", "subject", "egress", "ingress"},
}
# Places that the schema closes to such texts; the templates must not depend on it.
CLOSED = {
    "workload.namespaces": lambda text: isolating(workload={"namespaces": [text]}),
    "platform.namespaces": lambda text: isolating(platform={"namespaces": [text, "loft"]}),
    "hostApiServer.cidrs": lambda text: isolating(hostApiServer={"cidrs": [text]}),
    "hostApiServer.ports": lambda text: isolating(hostApiServer={"ports": [text]}),
    "hostDns.presets": lambda text: isolating(hostDns={"presets": [text]}),
    "hostDns.extra": lambda text: isolating(hostDns={"extra": [{"ipBlock": {"cidr": text}}]}),
    "workload.publicEgress.extraExcept": lambda text: isolating(workload={"publicEgress": {"extraExcept": [text]}}),
    "floor.api": lambda text: isolating(floor={"enabled": True, "api": text}),
    "floor.priority": lambda text: isolating(floor={"enabled": True, "priority": text}),
    "profile": lambda text: isolating(profile=text),
}
UNTRUSTED = ["x\nspec: {}", "1\n---\napiVersion: v1\nkind: Secret", "0\n  tier: Baseline", 'x"\nlabels: {a: b}', "*a"]


@pytest.mark.parametrize("text", UNTRUSTED)
@pytest.mark.parametrize("path", CLOSED)
def test_text_breaks_out_of_nothing_where_the_schema_is_skipped(path: str, text: str) -> None:
    assert schema_refusal(CLOSED[path](text))
    request = helm.Request(name="a", namespace="ns", inline=inline(CLOSED[path](text)), skip_schema=True)
    labels = policies(isolating())["vc-cp-a"]["metadata"]["labels"]
    try:
        printed = helm.template(request)
    except helm.RenderFailed:
        return
    for document in strict_yaml.parse_documents(printed, "rendered"):
        assert document.value["metadata"]["labels"] == labels
        assert document.value["spec"].keys() <= KEYS[document.value["kind"]]


# What the templates keep among the values while they render, as if a user had written it.
KEPT: Json = {
    "values": {
        **strict_yaml.parse_mapping(strict_yaml.read_text(helm.CHART / "values.yaml"), "")["policies"]["networkPolicy"],
        "enabled": True,
    },
    "namespaces": ["ns"],
    "host-api-server": {"cidrs": ["0.0.0.0/0"], "ports": [1]},
    "public.blocks": [{"cidr": "0.0.0.0/0"}],
    "floor": {"kind": "ClusterNetworkPolicy", "version": "v1", "priority": 0, "last": 999, "most": 25},
}


def test_what_the_templates_work_out_is_never_taken_from_a_user() -> None:
    values = {**isolating(), **{f"vcluster-isolation.{key}": kept for key, kept in KEPT.items()}}
    assert schema_refusal(values)
    request = helm.Request(name="a", namespace="ns", inline=inline(values), skip_schema=True)
    try:
        printed = helm.template(request)
    except helm.RenderFailed as failed:
        assert failed.refusals, failed
    else:
        assert printed == text(isolating())


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).filter(lambda text: "{{" not in text)


@settings(max_examples=settings().max_examples // 6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
