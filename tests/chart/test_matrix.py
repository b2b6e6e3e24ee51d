"""Every pair of settings renders what the oracle says, and nothing that a cluster would refuse."""

from __future__ import annotations

import itertools
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.chart import matrix, oracle
from tests.chart.rendering import HELMS, Json, policies, text
from vcluster_isolation.check import api_rules, kubeconform

PAIRWISE = list(matrix.pairwise())
IDS = [f"pair{index}" for index in range(len(PAIRWISE))]


def wrong(values: Json) -> list[str]:
    """Return what is wrong with the manifests of `values`: an empty list when nothing is."""
    rendered = policies(values)
    problems = [str(found) for manifest in rendered.values() for found in api_rules.problems(manifest)]
    problems += [f"{values}: renders an empty {path}" for manifest in rendered.values() for path in empty(manifest)]
    problems += [f"{values}: {rule}" for manifest in rendered.values() for rule in oracle.out_of_bounds(manifest)]
    return problems if oracle.agrees(rendered, values) else [f"{values}: differs from the oracle", *problems]


def empty(manifest: object, path: str = "") -> list[str]:
    """Return the paths of nulls, empty lists and empty maps; an empty selector or rule means something."""
    if isinstance(manifest, dict):
        return [found for key, value in manifest.items() for found in empty(value, f"{path}.{key}")]
    if isinstance(manifest, list) and manifest:
        return [found for entry in manifest if entry != {} for found in empty(entry, f"{path}[]")]
    return (
        [path]
        if manifest is None or manifest == [] or (manifest == {} and not path.endswith(("elector", ".namespaces")))
        else []
    )


@pytest.mark.parametrize("values", PAIRWISE, ids=IDS)
def test_pair_of_settings_renders_what_the_oracle_says(values: Json) -> None:
    assert wrong(values) == []


def test_the_matrix_has_every_setting_with_every_kind_of_vcluster_that_takes_it() -> None:
    choices = matrix.pairs()
    for path, settings in {**matrix.TOGGLES, **matrix.DRESS}.items():
        for kind, setting in itertools.product(matrix.KINDS, settings):
            having = [choice for choice in choices if kind.items() <= choice.items() and choice[path] == setting]
            assert having or not matrix.possible({**kind, path: setting}), (kind, path, setting)


@pytest.mark.parametrize("values", PAIRWISE, ids=IDS)
def test_both_helms_render_the_same_text_but_for_empty_lines_between_documents(values: Json) -> None:
    one, other = (re.sub(r"\n+---", "\n---", text(values, which=which)) for which in HELMS)
    assert one == other


def test_kubeconform_takes_what_every_pair_of_settings_renders() -> None:
    objects = [manifest for values in PAIRWISE for manifest in policies(values).values()]
    assert [finding for findings in kubeconform.findings(objects) for finding in findings] == []
    assert len(objects) > len(PAIRWISE)


@pytest.mark.exhaustive
def test_every_combination_renders_what_the_oracle_says() -> None:
    with ThreadPoolExecutor(2) as threads:
        problems = [found for each in threads.map(wrong, matrix.exhaustive()) for found in each]
    assert problems == []
