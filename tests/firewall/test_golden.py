"""What the command prints is what is kept, and what is kept is read by the grammar that it is written in."""

from __future__ import annotations

import pytest

from tests.firewall.cases import CASES, GOLDEN, printed
from tests.firewall.grammar import DOCUMENTED, commands, options, resources

PROGRAMS = {"gcloud": "gcloud", "azure": "az", "openstack": "openstack"}


def of(*providers: str) -> list[str]:
    return [name for name in CASES if name.startswith(providers)]


@pytest.mark.parametrize("name", CASES)
def test_output_is_the_golden_file(name: str) -> None:
    assert printed(*CASES[name]) == (GOLDEN / name).read_text(encoding="utf-8")


def test_every_golden_file_has_a_case() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(CASES)


@pytest.mark.parametrize("name", of("gcloud", "azure", "openstack"))
def test_commands_have_only_documented_options_and_never_lack_those_with_a_wide_default(name: str) -> None:
    found = commands((GOLDEN / name).read_text(encoding="utf-8"))
    assert found
    for words in found:
        options(PROGRAMS[name.split("-", maxsplit=1)[0]], words)


@pytest.mark.parametrize("name", of("terraform"))
def test_resources_have_only_documented_attributes_and_every_one_that_is_needed(name: str) -> None:
    found = resources((GOLDEN / name).read_text(encoding="utf-8"))
    assert found
    for kind, _, body in found:
        grammar = DOCUMENTED[kind]
        assert set(body) <= {*grammar["required"], *grammar["optional"]}
        assert {*grammar["required"], *grammar["needed"]} <= set(body)


@pytest.mark.parametrize("name", of("terraform"))
def test_resources_have_names_of_their_own(name: str) -> None:
    names = [(kind, label) for kind, label, _ in resources((GOLDEN / name).read_text(encoding="utf-8"))]
    assert len(set(names)) == len(names)
