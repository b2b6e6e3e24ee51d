"""Rules of Azure: priorities of their own, one kind of end a side, families that fit."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.firewall.cases import ASG, AZURE, RANGES, printed
from tests.firewall.grammar import commands, options, resources
from vcluster_isolation.errors import InputError

MIXED = (*RANGES, "--nodes=my-asg", "--nodes=other-asg")


def rules(*words: str) -> list[dict[str, Any]]:
    return [options("az", each) for each in commands(printed("--provider=azure", *AZURE, *words))]


def test_priorities_and_names_are_unique() -> None:
    found = rules(*MIXED)
    assert [int(rule["priority"]) for rule in found] == list(range(1000, 1000 + len(found)))
    assert len({rule["name"] for rule in found}) == len(found)


def test_the_first_priority_is_chosen() -> None:
    assert [rule["priority"] for rule in rules("--nodes=10.0.0.0/16", "--first-priority=4095")] == ["4095", "4096"]


def test_a_last_priority_that_is_none_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        rules("--nodes=10.0.0.0/16", "--first-priority=4096")
    assert str(refused.value) == "--first-priority: the last rule would have 4097; begin 1 earlier, or more"


@pytest.mark.parametrize("priority", ["99", "4097", "0", "x", "10000000000000000000", "-1"])
def test_a_priority_that_is_none_is_refused(priority: str) -> None:
    with pytest.raises(InputError, match="cannot be the priority of the first rule, from 100 to 4096"):
        rules("--nodes=10.0.0.0/16", f"--first-priority={priority}")


def test_a_side_has_prefixes_of_one_family_or_one_group() -> None:
    for rule in rules(*MIXED):
        for side in ("source", "destination"):
            prefixes, groups = rule.get(f"{side}_address_prefixes", []), rule.get(f"{side}_asgs", [])
            assert bool(prefixes) != bool(groups)
            assert len(groups) <= 1
            assert len({":" in prefix for prefix in prefixes}) <= 1


def test_all_pairs_of_ends_are_opened_but_those_of_two_families() -> None:
    found = rules(*MIXED, "--for=platform")
    ends = [
        (
            *rule.get("source_address_prefixes", ()),
            *(rule.get("destination_address_prefixes") or rule["destination_asgs"]),
        )
        for rule in found
    ]
    v4, v6 = "172.16.0.0/28", "fd00:a::/64"
    assert ends == [
        (v4, "10.0.0.0/16"),
        (v4, "my-asg"),
        (v4, "other-asg"),
        (v6, "fd00:b::/64"),
        (v6, "my-asg"),
        (v6, "other-asg"),
    ]


def test_a_source_without_a_target_of_its_family_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        rules("--api-server=fd00::/64", "--api-server=10.9.0.0/28", "--platform=10.0.0.0/16")
    assert str(refused.value) == (
        "allow-k8s-api-to-vcluster-platform: source fd00::/64 is of another family of addresses than all of its targets;"
        " give a target of the same family"
    )


def test_ports_protocol_direction_and_access_are_said() -> None:
    udp, tcp = rules("--nodes=10.0.0.0/16")
    assert (udp["protocol"], tcp["protocol"]) == ("Udp", "Tcp")
    for rule in (udp, tcp):
        assert (rule["direction"], rule["access"]) == ("Inbound", "Allow")
        assert (rule["source_port_ranges"], rule["destination_port_ranges"]) == (["*"], ["1053"])


def test_descriptions_are_short_enough() -> None:
    found = rules(*RANGES, "--for=platform", "--for=agent", "--for=prometheus", "--for=dns")
    assert max(len(rule["description"]) for rule in found) <= 140  # Azure REST API, SecurityRule


def test_terraform_has_the_same_rules() -> None:
    words = (*RANGES, f"--nodes={ASG}/nodes", f"--agent={ASG}/agents")
    found = [body for _, _, body in resources(printed("--provider=terraform-azure", *AZURE, *words))]
    for body, rule in zip(found, rules(*words), strict=True):
        assert (body["name"], str(body["priority"]), body["protocol"]) == (
            rule["name"],
            rule["priority"],
            rule["protocol"],
        )
        assert body["destination_port_ranges"] == rule["destination_port_ranges"]
        for side in ("source", "destination"):
            assert body.get(f"{side}_address_prefixes") == rule.get(f"{side}_address_prefixes")
            assert body.get(f"{side}_application_security_group_ids") == rule.get(f"{side}_asgs")
    assert all(one["priority"] < two["priority"] for one, two in pairwise(found))
