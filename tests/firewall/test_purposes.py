"""Which rules are printed: those of the table, for what is asked for or what applies."""

from __future__ import annotations

from typing import Any

import pytest

from tests.firewall.cases import NODE, printed
from tests.firewall.grammar import aws_parameters, commands

API, NODES = "--api-server=10.0.0.0/28", f"--nodes={NODE}"


def text(*words: str) -> str:
    return printed("--provider=aws", *words)


def opened(*words: str) -> list[tuple[str, int]]:
    calls: list[dict[str, Any]] = [aws_parameters(each) for each in commands(text(*words))]
    return [(each["IpProtocol"], each["FromPort"]) for call in calls for each in call["IpPermissions"]]


PLATFORM = [("tcp", 8443), ("tcp", 9443), ("tcp", 9444)]
AGENT = [("tcp", 9443), ("tcp", 9444)]
PROMETHEUS = [("tcp", 9090)]
DNS = [("udp", 1053), ("tcp", 1053)]


@pytest.mark.parametrize(
    ("words", "ports"),
    [
        (["--for=platform"], PLATFORM),
        (["--for=agent"], AGENT),
        (["--for=prometheus"], PROMETHEUS),
        (["--for=dns"], DNS),
        (["--for=dns", "--for=platform", "--for=dns"], DNS + PLATFORM),
        ([], PLATFORM + DNS),
        (["--agent-only"], AGENT + DNS),
        ([f"--prometheus={NODE}"], PLATFORM + PROMETHEUS + DNS),
    ],
)
def test_ports_are_those_of_what_is_opened(words: list[str], ports: list[tuple[str, int]]) -> None:
    assert opened(API, NODES, *words) == ports


@pytest.mark.parametrize(
    ("words", "ports"),
    [
        ([NODES], DNS),
        ([API, f"--platform={NODE}"], PLATFORM),
        ([f"--prometheus={NODE}", f"--agent={NODE}"], PROMETHEUS),
    ],
)
def test_only_what_has_an_input_applies(words: list[str], ports: list[tuple[str, int]]) -> None:
    assert opened(*words) == ports


def test_what_does_not_apply_is_said_and_how_to_get_it() -> None:
    assert "# Left out: platform (API server to vCluster Platform: API services and webhook). Ask for it with" in text(
        NODES
    )
    assert "agent of vCluster Platform" not in text(NODES)
    assert "# Left out: agent (" in text(NODES, "--agent-only")


def test_nothing_is_said_to_be_left_out_of_what_was_asked_for() -> None:
    assert "Left out" not in text(NODES, "--for=dns")


def test_every_address_there_is_is_pointed_out() -> None:
    assert "# 0.0.0.0/0 is every address there is: narrow it if you can." in text(NODES, "--api-server=0.0.0.0/0")
    assert "every address" not in text(NODES, API)


def test_the_same_end_twice_is_one() -> None:
    assert text(API, API, "--api-server=10.0.0.0/28", NODES) == text(API, NODES)


def test_an_address_is_a_range_of_one() -> None:
    assert '"10.0.0.5/32"' in text("--api-server=10.0.0.5", NODES)
    assert '"fd00::5/128"' in text("--api-server=FD00:0::5", NODES)
