"""Every refusal of the chart's own validation, quoted whole, beside its nearest accepted neighbour."""

from __future__ import annotations

import pytest

from tests.chart.refused import NP, REFUSED, WITHOUT_SCHEMA, refusals_without_schema
from tests.chart.rendering import isolating, policies, refusals


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_its_whole_sentence(name: str) -> None:
    values, sentence, _ = REFUSED[name]
    assert refusals(values) == [sentence]


@pytest.mark.parametrize("name", REFUSED)
def test_nearest_neighbour_is_accepted(name: str) -> None:
    _, _, neighbour = REFUSED[name]
    assert {"vc-cp-a", "vc-snapshot-a", "vc-work-a", "vc-kube-dns-a"} <= set(policies(neighbour))


def test_a_release_name_that_helm_would_not_give_is_refused_where_it_is_set() -> None:
    values = {**isolating(), "vcluster": {"name": 54 * "x"}}
    assert refusals_without_schema(values) == [
        f'vcluster.name: "{54 * "x"}" has 54 characters; a release name, and with it the labels that selectors match, has at most 53'
    ]
    values["vcluster"] = {"name": "Team_A"}
    assert refusals_without_schema(values) == [
        "vcluster.name: \"Team_A\" is not a name for a release; use lower-case letters, digits, '-' and '.'"
    ]


@pytest.mark.parametrize("name", WITHOUT_SCHEMA)
def test_refused_where_the_schema_is_skipped(name: str) -> None:
    values, sentence = WITHOUT_SCHEMA[name]
    assert refusals_without_schema(values) == [sentence]


def test_everything_wrong_is_refused_at_once_and_in_the_order_of_the_values() -> None:
    sentences = [
        REFUSED[name][1] for name in ("a label that gets too long", "fallbackDns that is a name", "except outside cidr")
    ]
    values = {
        **REFUSED["a label that gets too long"][0],
        **isolating(
            labels={"k": "{{ .Values.loft.project }}" + 63 * "x"},
            fallbackDns="dns.example.com",
            workload={"publicEgress": {"cidr": "172.16.0.0/12", "except": ["172.16.1.0/24", "203.0.113.0/24"]}},
        ),
    }
    assert refusals(values) == sentences
    assert refusals(values, which="helm3") == sentences


def test_addresses_that_hold_public_egress_together_are_all_named() -> None:
    parts = {"nodes": {"cidrs": ["34.0.0.0/9"]}, "pods": {"cidrs": ["34.128.0.0/9"]}}
    values = isolating(profile="hardened", workload={"publicEgress": {"cidr": "34.0.0.0/8"}}, **parts)
    assert [line.partition(": ")[0] for line in refusals(values)] == [f"{NP}.nodes.cidrs", f"{NP}.pods.cidrs"]


def test_values_that_isolate_nothing_are_not_validated_by_the_chart() -> None:
    assert refusals({"policies": {"networkPolicy": {"enabled": False, "fallbackDns": "x"}}}) == []
