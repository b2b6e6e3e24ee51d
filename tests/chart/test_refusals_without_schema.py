"""With the schema skipped, what would break out, widen or switch something off is refused by the chart itself."""

from __future__ import annotations

import pytest

from tests.chart.refused import refusals_without_schema
from tests.chart.refused_hostile import REFUSED
from tests.chart.rendering import Json, isolating, refusals
from vcluster_isolation.helm.template import CHART


@pytest.mark.parametrize(("values", "sentence"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_without_the_schema(values: Json, sentence: str) -> None:
    assert refusals_without_schema(values, CHART) == [sentence]


def test_a_fallback_is_no_ipv4_address_in_ipv6_form() -> None:
    assert refusals(isolating(fallbackDns="::ffff:8.8.8.8")) == [
        "policies.networkPolicy.fallbackDns: ::ffff:8.8.8.8 is an IPv4 address in IPv6 form; write it as IPv4"
    ]


def test_the_second_block_of_public_egress_is_ipv6() -> None:
    public = {"ipv6": {"enabled": True, "cidr": "0.0.0.0/0", "except": []}}
    assert refusals(isolating(workload={"publicEgress": public})) == [
        'policies.networkPolicy.workload.publicEgress.ipv6.cidr: "0.0.0.0/0" is not an IPv6 network; '
        "write one, or use cidr for IPv4"
    ]
