"""From the policies of a vCluster's own release to ours: what goes wrong in which order, and what the command does.

The rows of `docs/take-over.md`, with a chart that stands in for vCluster's (`releases.vcluster_chart`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.cluster.releases import (
    FOUR,
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
from tests.on_cluster import CHART, Finished, OnCluster
from vcluster_isolation.tools import PROJECT

pytestmark = pytest.mark.cluster

ON = {"policies": {"networkPolicy": {"enabled": True}}}
OFF = {"policies": {"networkPolicy": {"enabled": False}}}
COMPATIBLE, HARDENED = values(), values(profile="hardened")
KEEP = "helm.sh/resource-policy"
REPLACE = {"helm3": ("--force",), "helm4": ("--force-replace", "--server-side=false")}
"""How Helm is told to replace what it takes: otherwise it merges, and rules stay where ours has none."""


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return vcluster_chart(tmp_path_factory.mktemp("vcluster"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write the values with which ours are to be installed."""
    found = tmp_path / "vcluster.yaml"
    found.write_text(yaml.safe_dump(HARDENED), encoding="utf-8")
    return found


def owners(cluster: OnCluster, space: str) -> set[str]:
    """Return whose the policies are, as Helm says."""
    return {item["metadata"]["annotations"]["meta.helm.sh/release-name"] for item in cluster.policies(space).values()}


def is_marked(cluster: OnCluster, space: str) -> set[bool]:
    return {KEEP in item["metadata"]["annotations"] for item in cluster.policies(space).values()}


@contextmanager
def never_fewer(cluster: OnCluster, space: str) -> Iterator[None]:
    """Afterwards, ask the API server for all that happened meanwhile: no policy was deleted, not for a moment."""
    path = f"/apis/networking.k8s.io/v1/namespaces/{space}/networkpolicies"
    listed = cluster.client.get(path)
    assert {item["metadata"]["name"] for item in listed["items"]} == FOUR
    yield
    events = list(cluster.client.watch(path, f"{listed['metadata']['resourceVersion']}&timeoutSeconds=1"))
    assert {event["type"] for event in events} == {"MODIFIED"}, events


@pytest.mark.parametrize("which", HELMS)
def test_ours_first_is_refused_while_the_vclusters_own_are_on(
    cluster: OnCluster, space: str, which: str, chart: Path
) -> None:
    Release(cluster, space, which, NAME, chart).upgrade(ON)
    before = versions(cluster, space)
    done = Release(cluster, space, which).try_upgrade(HARDENED)
    assert done.returncode == 1
    assert "invalid ownership metadata" in done.stderr
    assert f'must equal "{OURS}": current value is "{NAME}"' in done.stderr
    assert versions(cluster, space) == before


@pytest.mark.parametrize("which", HELMS)
def test_taken_first_and_switched_off_later_leaves_none(
    cluster: OnCluster, space: str, which: str, chart: Path
) -> None:
    vcluster, ours = Release(cluster, space, which, NAME, chart), Release(cluster, space, which)
    vcluster.upgrade(ON)
    ours.upgrade(HARDENED, "--take-ownership")
    assert owners(cluster, space) == {OURS}
    vcluster.upgrade(OFF)
    assert cluster.policies(space) == {}
    assert (vcluster.statuses()[-1], ours.statuses()[-1]) == ("deployed", "deployed")
    listed = cluster.kubectl("get", "pods,networkpolicies,secrets", "--namespace", space, "--output", "json").stdout
    told = cluster.run(sys.executable, "-m", "vcluster_isolation", "audit", "-", stdin=listed)
    assert told.returncode == 1
    assert "NOT THERE" in told.stdout
    assert all(name in told.stdout.partition("NOT THERE")[2] for name in FOUR)


@pytest.mark.parametrize("which", HELMS)
def test_keep_then_off_then_take_leaves_four_at_all_times(
    cluster: OnCluster, space: str, which: str, chart: Path
) -> None:
    vcluster, ours = Release(cluster, space, which, NAME, chart), Release(cluster, space, which)
    vcluster.upgrade(ON)
    with never_fewer(cluster, space):
        kubectl(cluster, space, f"{KEEP}=keep")
        vcluster.upgrade(OFF)
        ours.upgrade(HARDENED, "--take-ownership", *REPLACE[which])
        kubectl(cluster, space, f"{KEEP}-")
        assert (live(cluster, space), owners(cluster, space)) == (rendered(space, HARDENED), {OURS})
        vcluster.upgrade(OFF)
        vcluster.done("uninstall")
    ours.done("uninstall")
    assert cluster.policies(space) == {}


@pytest.mark.parametrize(("theirs", "mine"), [("helm3", "helm4"), ("helm4", "helm3")])
def test_the_command_takes_over_with_four_policies_at_all_times(  # noqa: PLR0913, PLR0917 - fixtures
    cluster: OnCluster, space: str, theirs: str, mine: str, chart: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VCLUSTER_ISOLATION_HELM", str(PROJECT / ".tools" / "built" / mine))
    vcluster = Release(cluster, space, theirs, NAME, chart)
    vcluster.upgrade(ON)
    add_a_rule_where_ours_has_none(cluster, space)
    with never_fewer(cluster, space):
        stopped = take_over(cluster, space, file)
        assert stopped.returncode == 1, stopped.stderr
        assert f"2. still on: release {NAME} in namespace {space} renders" in stopped.stdout
        assert (owners(cluster, space), is_marked(cluster, space)) == ({NAME}, {True})
        vcluster.upgrade(OFF)
        assert (owners(cluster, space), is_marked(cluster, space)) == ({NAME}, {True})
        done = take_over(cluster, space, file)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "5. verified:" in done.stdout
        assert (owners(cluster, space), is_marked(cluster, space)) == ({OURS}, {False})
        assert live(cluster, space) == rendered(space, HARDENED)
        vcluster.done("uninstall")


def test_the_command_mends_what_was_taken_too_early(cluster: OnCluster, space: str, chart: Path, file: Path) -> None:
    vcluster = Release(cluster, space, "helm4", NAME, chart)
    vcluster.upgrade(ON)
    Release(cluster, space).upgrade(HARDENED, "--take-ownership")
    with never_fewer(cluster, space):
        assert take_over(cluster, space, file).returncode == 1
        vcluster.upgrade(OFF)
        done = take_over(cluster, space, file)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (owners(cluster, space), is_marked(cluster, space)) == ({OURS}, {False})


def both_on(cluster: OnCluster, space: str, which: str, chart: Path, folder: Path) -> Finished:
    """Install both charts in one umbrella, with the policies of both."""
    dependencies = [{"name": name, "version": "*", "repository": ""} for name in ("vcluster", "vcluster-isolation")]
    release = Release(cluster, space, which, NAME, parent_chart(folder, dependencies, [CHART, chart]))
    return release.try_upgrade({"vcluster": ON, "vcluster-isolation": {"policies": HARDENED["policies"]}})


def test_helm_3_refuses_both_in_one_umbrella_and_names_the_policies(
    cluster: OnCluster, space: str, chart: Path, tmp_path: Path
) -> None:
    done = both_on(cluster, space, "helm3", chart, tmp_path)
    assert done.returncode == 1
    assert all(f'networkpolicies.networking.k8s.io "{name}" already exists' in done.stderr for name in FOUR)


def test_helm_4_installs_both_in_one_umbrella_and_one_of_them_wins(
    cluster: OnCluster, space: str, chart: Path, tmp_path: Path
) -> None:
    done = both_on(cluster, space, "helm4", chart, tmp_path)
    assert done.returncode == 0, done.stderr
    found = live(cluster, space)
    mine, theirs = rendered(space, HARDENED), rendered(space, COMPATIBLE)
    assert found.keys() == FOUR
    assert all(policy in (mine[name], theirs[name]) for name, policy in found.items())


def add_a_rule_where_ours_has_none(cluster: OnCluster, space: str) -> None:
    """Open snapshots as another field manager: what the vCluster's own policies had is not to stay."""
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"vc-snapshot-{NAME}", "namespace": space},
        "spec": {"ingress": [{"from": [{"podSelector": {}}]}]},
    }
    done = cluster.kubectl("apply", "--server-side", "--field-manager=gitops", "-f", "-", stdin=json.dumps(policy))
    assert done.returncode == 0, done.stderr


def take_over(cluster: OnCluster, space: str, file: Path) -> Finished:
    return cluster.ours("isolate", str(file), "--namespace", space, "--install", "--take-over")


def kubectl(cluster: OnCluster, space: str, annotation: str) -> None:
    done = cluster.kubectl("annotate", "networkpolicy", *sorted(FOUR), "--namespace", space, annotation)
    assert done.returncode == 0, done.stderr
