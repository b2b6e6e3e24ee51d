"""The chart installed from a package, as a subchart, and in an umbrella: what arrives in the cluster is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.releases import (
    HELMS,
    NAME,
    OURS,
    Release,
    live,
    parent_chart,
    rendered,
    values,
    vcluster_chart,
    versions,
)
from tests.on_cluster import CHART, OnCluster

pytestmark = pytest.mark.cluster

COMPATIBLE, HARDENED = values(), values(profile="hardened")
DEPENDENCY = {"name": "vcluster-isolation", "version": "*", "repository": ""}
ALIAS = "fence"


@pytest.fixture(scope="module")
def package(cluster: OnCluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Package the chart."""
    folder = tmp_path_factory.mktemp("package")
    done = cluster.helm("package", str(CHART), "--destination", str(folder))
    assert done.returncode == 0, done.stderr
    (found,) = folder.iterdir()
    return found


@pytest.mark.parametrize("which", HELMS)
def test_from_a_package(cluster: OnCluster, space: str, which: str, package: Path) -> None:
    Release(cluster, space, which, chart=package).upgrade(HARDENED)
    before = versions(cluster, space)
    assert live(cluster, space) == rendered(space, HARDENED)
    Release(cluster, space, which).upgrade(HARDENED)  # from the folder: there is nothing to change
    assert versions(cluster, space) == before


@pytest.mark.parametrize("which", HELMS)
def test_as_a_subchart_with_an_alias_and_a_condition(
    cluster: OnCluster, space: str, which: str, tmp_path: Path
) -> None:
    dependency = {**DEPENDENCY, "alias": ALIAS, "condition": f"{ALIAS}.enabled"}
    release = Release(cluster, space, which, chart=parent_chart(tmp_path, [dependency], [CHART]))
    release.upgrade({ALIAS: {**HARDENED, "enabled": True}})
    assert live(cluster, space) == rendered(space, HARDENED)
    release.upgrade({ALIAS: {**HARDENED, "enabled": False}})
    assert cluster.policies(space) == {}
    release.upgrade({ALIAS: {**COMPATIBLE, "enabled": True}})
    assert live(cluster, space) == rendered(space, COMPATIBLE)


@pytest.mark.parametrize("which", HELMS)
def test_in_one_umbrella_with_the_vcluster(cluster: OnCluster, space: str, which: str, tmp_path: Path) -> None:
    umbrella = parent_chart(
        tmp_path,
        [{"name": "vcluster", "version": "*", "repository": ""}, DEPENDENCY],
        [CHART, vcluster_chart(tmp_path)],
    )
    release = Release(cluster, space, which, name=NAME, chart=umbrella)
    isolated = {"policies": HARDENED["policies"]}
    release.upgrade({"vcluster-isolation": isolated})
    # Both take the umbrella's name, so that the policies are for that vCluster without its name being said.
    assert live(cluster, space) == rendered(space, isolated, name=NAME) == rendered(space, HARDENED, name=OURS)
    path = f"/apis/apps/v1/namespaces/{space}/statefulsets/{NAME}"
    labels = cluster.client.get(path)["spec"]["template"]["metadata"]["labels"]
    selector = cluster.policies(space)[f"vc-cp-{NAME}"]["spec"]["podSelector"]["matchLabels"]
    assert selector.items() <= labels.items()
    release.done("uninstall")
    assert cluster.policies(space) == {}
