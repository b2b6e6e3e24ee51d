"""The commands for Google Cloud are those of the platform's documentation, with what they lack."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.firewall.cases import DOCUMENTED, printed
from tests.firewall.grammar import commands, options, resources

RULES = [
    {
        "names": ["allow-k8s-api-to-vcluster-platform"],
        "allow": "tcp:8443,tcp:9443,tcp:9444",
        "source_ranges": "172.16.0.0/28",
        "target_tags": "vcluster-platform",
    },
    {
        "names": ["allow-vcluster-platform-to-prometheus"],
        "allow": "tcp:9090",
        "source_ranges": "10.0.0.5/32",
        "target_tags": "prometheus",
    },
]
"""The two commands of the documentation ("Firewall rules configuration"), their inputs filled in."""

NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")  # Compute Engine, naming resources


def rules(*words: str) -> list[dict[str, Any]]:
    return [options("gcloud", each) for each in commands(printed("--provider=gcloud", *words))]


@pytest.mark.parametrize("number", range(2))
def test_the_documented_commands_are_there_with_network_direction_and_description(number: int) -> None:
    found = rules(*DOCUMENTED)
    assert len(found) == len(RULES)
    added = {key: value for key, value in found[number].items() if key not in RULES[number]}
    assert {key: found[number][key] for key in RULES[number]} == RULES[number]
    assert added.pop("description")
    assert added == {"network": "my-network", "direction": "INGRESS"}


def test_a_rule_has_ranges_of_one_family_and_a_name_of_its_own() -> None:
    sources = ("--api-server=10.0.0.0/28", "--api-server=fd00::/64", "--api-server=a-tag")
    v4, v6 = rules("--network=n", "--platform=p", "--for=platform", *sources)
    assert (v4["source_ranges"], v4["source_tags"], v6["source_ranges"]) == ("10.0.0.0/28", "a-tag", "fd00::/64")
    assert "source_tags" not in v6
    assert v6["names"] == ["allow-k8s-api-to-vcluster-platform-ipv6"]


def test_terraform_has_the_same_rules() -> None:
    found = [body for _, _, body in resources(printed("--provider=terraform-google", *DOCUMENTED))]
    assert [(body["name"], body["target_tags"], body["source_ranges"]) for body in found] == [
        (rule["names"][0], [rule["target_tags"]], [rule["source_ranges"]]) for rule in RULES
    ]
    assert [body["allow"] for body in found] == [
        [{"protocol": "tcp", "ports": ["8443", "9443", "9444"]}],
        [{"protocol": "tcp", "ports": ["9090"]}],
    ]


def test_names_are_what_google_takes() -> None:
    found = rules("--network=n", "--nodes=t", "--api-server=fd00::/64", "--for=agent", "--for=platform", "--for=dns")
    assert all(NAME.fullmatch(rule["names"][0]) for rule in found)
