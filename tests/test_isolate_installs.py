"""`isolate --install` puts the policies into a cluster, with both helms: a fake one that keeps what it is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fake_cluster import FakeCluster, fake_cluster
from vcluster_isolation import tools
from vcluster_isolation.tools import PROJECT, Finished

EXAMPLE = PROJECT / "examples" / "vcluster.yaml"
POLICIES = {"vc-work-team-a", "vc-cp-team-a", "vc-kube-dns-team-a", "vc-snapshot-team-a"}


def install(cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str, *words: str) -> Finished:
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(tmp_path / "kubeconfig")))
    monkeypatch.setenv("VCLUSTER_ISOLATION_HELM", str(PROJECT / ".tools" / "bin" / which))
    monkeypatch.setenv("HOME", str(tmp_path))
    command = [
        PROJECT / ".venv" / "bin" / "python",
        "-m",
        "vcluster_isolation",
        "isolate",
        EXAMPLE,
        "--install",
        *words,
    ]
    return tools.run([str(word) for word in command], cwd=tmp_path)


@pytest.mark.parametrize("which", ["helm3", "helm4"])
def test_install_creates_the_policies_as_a_release_of_their_own(
    which: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_cluster() as cluster:
        done = install(cluster, tmp_path, monkeypatch, which, "--name", "team-a")
        assert done.code == 0, done.stderr
        policies = cluster.named("networkpolicies")
        assert set(policies) == POLICIES
        assert {policy["metadata"]["namespace"] for policy in policies.values()} == {"vcluster-team-a"}
        assert list(cluster.named("secrets")) == ["sh.helm.release.v1.team-a-isolation.v1"]
        owners = {policy["metadata"]["annotations"]["meta.helm.sh/release-name"] for policy in policies.values()}
        assert owners == {"team-a-isolation"}
        assert 'NetworkPolicies around vCluster "team-a"' in done.stdout + done.stderr


@pytest.mark.parametrize("which", ["helm3", "helm4"])
def test_install_again_leaves_the_same_policies(which: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_cluster() as cluster:
        for _ in range(2):
            done = install(cluster, tmp_path, monkeypatch, which, "--name", "team-a")
            assert done.code == 0, done.stderr
        assert set(cluster.named("networkpolicies")) == POLICIES


def test_install_does_not_guess_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_cluster() as cluster:
        done = install(cluster, tmp_path, monkeypatch, "helm4")
        assert done.code == 2
        assert "--name" in done.stderr
        assert cluster.objects == {}
