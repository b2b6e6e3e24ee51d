"""Rules of OpenStack: one for each protocol, port, family and source."""

from __future__ import annotations

from typing import Any

from tests.firewall.cases import printed
from tests.firewall.grammar import commands, options


def rules(*words: str) -> list[dict[str, Any]]:
    return [options("openstack", each) for each in commands(printed("--provider=openstack", *words))]


def test_a_group_as_a_source_is_open_for_both_families_and_a_range_for_its_own() -> None:
    found = rules("--api-server=10.0.0.0/28", "--api-server=fd00::/64", "--api-server=g", "--platform=p")
    assert [
        (rule["ethertype"], rule.get("remote_ip"), rule.get("remote_group"))
        for rule in found
        if rule["dst_port"] == "8443"
    ] == [
        ("IPv4", "10.0.0.0/28", None),
        ("IPv6", "fd00::/64", None),
        ("IPv4", None, "g"),
        ("IPv6", None, "g"),
    ]


def test_dns_is_open_on_both_protocols_between_members_of_a_group() -> None:
    found = rules("--nodes=n")
    assert [(rule["protocol"], rule["dst_port"], rule["remote_group"], rule["names"]) for rule in found] == [
        (protocol, "1053", "n", ["n"]) for protocol in ("udp", "udp", "tcp", "tcp")
    ]


def test_every_group_gets_the_rules() -> None:
    found = rules("--agent=10.0.0.5", "--prometheus=a", "--prometheus=b")
    assert [rule["names"] for rule in found] == [["a"], ["b"]]
