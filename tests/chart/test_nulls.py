"""A null means the default: at every key of values.yaml, with both helms, alone and as a subchart."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path

import pytest
import yaml

from tests.chart import oracle
from tests.chart.matrix import everything, put
from tests.chart.rendering import HELMS, Json, isolating, policies
from tests.chart.value_paths import nodes
from vcluster_isolation.helm.template import CHART, RenderFailed
from vcluster_isolation.vcluster.grant_rows import named_grants

VALUES: Json = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
SCHEMA_REFUSES = "values don't meet the specifications of the schema(s)"
MUST_RENDER = ("controlPlane", "sync", "privateNodes", "experimental")


def without(values: Json, path: str) -> Json:
    """Return `values` without the key at a dotted path, which may be missing already."""
    values = copy.deepcopy(values)
    *parents, last = path.split(".")
    here = values
    for key in parents:
        here = here.get(key, {})
    here.pop(last, None)
    return values


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chart that holds ours as a subchart and nothing else."""
    folder = tmp_path_factory.mktemp("nulls") / "parent"
    shutil.copytree(CHART, folder / "charts" / "vcluster-isolation")
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: parent\nversion: 1.0.0\n", encoding="utf-8")
    return folder


def nulled(path: str) -> Json:
    values = isolating()
    put(values, path, None)
    return values


# Each path with one helm alone and with the other as a subchart: what a null does is each helm's own affair.
PLACES = [(which, path) for number, path in enumerate(nodes(VALUES)) for which in [list(HELMS)[number % 2]]]


@pytest.mark.parametrize(("which", "path"), PLACES)
def test_null_alone_is_the_default_or_refused(which: str, path: str) -> None:
    try:
        found = policies(nulled(path), which=which)
    except RenderFailed as failed:
        assert failed.refusals or SCHEMA_REFUSES in failed.stderr, failed.stderr
        assert path not in MUST_RENDER
    else:
        assert found == policies(without(isolating(), path), which=which)


@pytest.mark.parametrize(("path", "which"), [(path, ({*HELMS} - {which}).pop()) for which, path in PLACES])
def test_null_in_a_parent_is_the_default_or_refused(which: str, path: str, parent: Path) -> None:
    try:
        found = policies({"vcluster-isolation": nulled(path)}, which=which, chart=parent)
    except RenderFailed as failed:
        assert failed.refusals or SCHEMA_REFUSES in failed.stderr, failed.stderr
        assert path not in MUST_RENDER
    else:
        assert found == policies(without(isolating(), path), which=which)


# What cannot be missing once it is switched on, because nobody would be named.
NEEDED = {
    f"{row.path}.{row.peers}" for row in named_grants() if row.empty == "refused" and not (row.default or {})[row.peers]
}
PROFILES = ["compatible", "hardened"]


@pytest.mark.parametrize(
    ("profile", "path"),
    [(PROFILES[number % 2], path) for number, path in enumerate(nodes(VALUES["policies"]["networkPolicy"]))],
)
def test_null_is_the_default_where_everything_is_switched_on(profile: str, path: str) -> None:
    values = everything(profile=profile)
    put(values, f"policies.networkPolicy.{path}", None)
    if path in NEEDED:
        with pytest.raises(RenderFailed, match=f"{path}: is empty"):
            policies(values)
    else:
        assert oracle.agrees(policies(values), values)
