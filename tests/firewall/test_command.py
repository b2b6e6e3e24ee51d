"""The command explains itself."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from vcluster_isolation.cli.firewall import command
from vcluster_isolation.firewall.providers import PROVIDERS, SETTINGS
from vcluster_isolation.firewall.rules import ENDS, PURPOSES


def test_help_names_every_provider_purpose_end_and_setting() -> None:
    text = CliRunner().invoke(command, ["--help"], terminal_width=200).output
    settings = [f"--{name.replace('_', '-')}" for name in SETTINGS]
    for word in (*PROVIDERS, *PURPOSES, *(f"--{name}" for name in ENDS), *settings):
        assert word in text


@pytest.mark.parametrize(
    "words", [[], ["--provider=other"], ["--provider=aws", "--for=all"], ["--provider=aws", "--context=c"]]
)
def test_usage_errors_are_clicks(words: list[str]) -> None:
    result = CliRunner().invoke(command, words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage:" in result.stderr


@pytest.mark.parametrize("provider", PROVIDERS)
def test_examples_in_messages_are_right_themselves(provider: str) -> None:
    machines = PROVIDERS[provider].machines
    assert machines.allows(machines.example)


@pytest.mark.parametrize("name", SETTINGS)
def test_examples_of_settings_are_right_themselves(name: str) -> None:
    assert SETTINGS[name].allows(SETTINGS[name].example)
