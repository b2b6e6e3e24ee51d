"""The tests can fail: whatever is broken in the chart, the oracle or a quoted refusal notices."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest

from tests.chart import matrix, mutants, oracle
from tests.chart.hardened_mutants import of_the_hardened_profile
from tests.chart.mutants import POLICIES
from tests.chart.notes_said import SAID, notes_of
from tests.chart.noticing import Checks, is_noticed
from tests.chart.refused import REFUSED, WITHOUT_SCHEMA, refusals_without_schema
from tests.chart.rendering import Json, inline, isolating, policies, refusals
from tests.chart.seed_values import TODAY, V0_30
from vcluster_isolation.errors import InputError
from vcluster_isolation.helm.template import CHART, RenderFailed

HALVES = ["0.0.0.0/1", "128.0.0.0/1"]
MANY = [f"34.{number}.0.0/16" for number in range(30)]
SITUATIONS = [
    matrix.everything(),
    matrix.everything(profile="hardened", floor={"enabled": True, "api": "ClusterNetworkPolicy"}),
    isolating(),
    {},
    isolating(**V0_30),
    isolating(**TODAY),
    isolating(annotations={"a": "1", "b": "2"}, labels={"n": "123"}),
    isolating(workload=None, controlPlane=None, platform=None),
    isolating(workload={"publicEgress": {"except": None}}, controlPlane={"webhooks": {"enabled": None}}),
    isolating(floor={"enabled": True}, workload={"publicEgress": {"extraExcept": MANY}}),
    isolating(floor={"enabled": True}, workload={"publicEgress": {"cidr": "2000::/3", "ipv6": {"enabled": True}}}),
    isolating(profile="hardened", nodes={"cidrs": ["0.0.0.0/0"]}, workload={"publicEgress": {"enabled": False}}),
    isolating(profile="hardened", nodes={"cidrs": ["34.1.0.0/16"]}, workload={"publicEgress": {"extraExcept": HALVES}}),
    isolating(hostApiServer={"cidrs": ["0.0.0.0/0"]}),  # as wide as public egress: refused in the hardened profile only
    *matrix.pairwise(),
]


REFUSING = (
    "lib/_cidr.tpl",
    "lib/_references.tpl",
    "validation/_validate.tpl",
    "validation/_addresses.tpl",
    "validation/_grants.tpl",
    "validation/_guard.tpl",
    "validation/_rules.tpl",
    "validation/_floor.tpl",
    "validation/_names.tpl",
    "validation/_public-egress.tpl",
    "validation/_switches.tpl",
    mutants.GRANTS,
)
EVERY_RULE = matrix.everything()


def renders_otherwise(values: Json, chart: Path) -> bool:
    """Say whether the oracle disagrees, which it does too where nothing renders, or something twice."""
    try:
        return not oracle.agrees(policies(values, chart=chart), values)
    except (RenderFailed, InputError, AssertionError):
        return True


def refuses_otherwise(values: Json, sentence: str, chart: Path) -> bool:
    """Say whether a quoted refusal has changed, or is another failure now."""
    try:
        return refusals(values, chart=chart) != [sentence]
    except AssertionError:
        return True


def refuses_otherwise_without_schema(values: Json, sentence: str, chart: Path) -> bool:
    """Say whether a refusal of a user who skips the schema has changed."""
    return refusals_without_schema(values, chart) != [sentence]


def says_otherwise(sentence: str, chart: Path) -> bool:
    """Say whether a sentence of the notes is missing where it is true, or there where it is not."""
    true, false = SAID[sentence]
    return sentence not in notes_of(inline(true), chart) or sentence in notes_of(inline(false), chart)


RENDERED: Checks = {
    f"situation {number}": partial(renders_otherwise, values) for number, values in enumerate(SITUATIONS)
}
QUOTED: Checks = {
    **{f"refusal: {name}": partial(refuses_otherwise, *REFUSED[name][:2]) for name in REFUSED},
    **{
        f"refusal without schema: {name}": partial(refuses_otherwise_without_schema, values, sentence)
        for name, (values, sentence) in WITHOUT_SCHEMA.items()
    },
}
NOTED: Checks = {f"note: {sentence}": partial(says_otherwise, sentence) for sentence in SAID}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(CHART, tmp_path / "chart")


@pytest.mark.mutants
def test_the_chart_itself_is_not_noticed(copy: Path) -> None:
    assert [name for name, check in {**RENDERED, **QUOTED, **NOTED}.items() if check(copy)] == []


def of_what_no_claim_is_about() -> list[mutants.Mutant]:
    """Return the mutants but those that change what hardened policies mean: another test holds them against that."""
    elsewhere = {mutant.name for mutant in of_the_hardened_profile()}
    # The oracle does not say what the guard's expressions are by profile and namespaces: tests/guard judges requests by them.
    unsaid = ('always include "vcluster-isolation.', 'never include "vcluster-isolation.')
    elsewhere |= {
        mutant.name
        for mutant in mutants.every()
        if mutant.file.startswith("guard/_") and any(word in mutant.name for word in unsaid)
    }
    return [mutant for mutant in mutants.every() if mutant.name not in elsewhere]


@pytest.mark.mutants
@pytest.mark.parametrize("mutant", of_what_no_claim_is_about(), ids=lambda mutant: mutant.name)
def test_mutant_is_noticed(mutant: mutants.Mutant, copy: Path, request: pytest.FixtureRequest) -> None:
    mutant.apply(copy)
    if mutant.file in POLICIES:  # a mutant of a rule must render, or it shows nothing
        assert policies(EVERY_RULE, chart=copy)
    assert is_noticed(mutant, copy, checks_of(mutant.file), request), mutant.name


def checks_of(file: str) -> Checks:
    """Return what may notice a mutant of a template, the likelier first."""
    if file in POLICIES:
        return RENDERED
    if file.startswith("notes/"):
        return NOTED
    return {**QUOTED, **RENDERED} if file in REFUSING else {**RENDERED, **QUOTED}


def test_each_kind_of_mutant_is_there_and_changes_its_file() -> None:
    assert len(list(mutants.of_the_rules())) > 100
    assert len(list(mutants.of_the_floor())) > 40
    assert len(list(mutants.of_the_policies())) > 14
    assert len(list(mutants.of_the_selectors())) > 25
    assert len(list(mutants.of_the_switches())) > 20
    assert len(list(mutants.of_the_grants())) > 30
    assert all(mutant.text != mutants.read(mutant.file) for mutant in mutants.every())
