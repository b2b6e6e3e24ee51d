"""Helm installs, upgrades, rolls back and uninstalls the policies in a real cluster, as a release beside a vCluster."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from real_cluster.client import Refused
from tests.cluster.releases import (
    FOUR,
    HELMS,
    NAME,
    OURS,
    Release,
    live,
    meaning,
    rendered,
    values,
    vcluster_chart,
    versions,
)
from tests.on_cluster import Json, OnCluster, documents, until
from vcluster_isolation.tools import PROJECT

pytestmark = pytest.mark.cluster

COMPATIBLE, HARDENED = values(), values(profile="hardened")
SITUATIONS = PROJECT / "tests" / "situations"


@pytest.mark.parametrize("which", HELMS)
def test_a_release_is_installed_upgraded_rolled_back_and_uninstalled(
    cluster: OnCluster, space: str, which: str
) -> None:
    foreign = policy_of_another(space)
    cluster.apply(foreign)
    release = Release(cluster, space, which)

    assert 'NetworkPolicies around vCluster "team-a"' in release.upgrade(COMPATIBLE)
    first = versions(cluster, space)
    assert installed(cluster, space) == rendered(space, COMPATIBLE)
    assert installed(cluster, space).keys() == FOUR

    release.upgrade(HARDENED)
    assert installed(cluster, space) == rendered(space, HARDENED) != rendered(space, COMPATIBLE)

    release.done("rollback", "1")
    assert installed(cluster, space) == rendered(space, COMPATIBLE)
    assert release.statuses() == ["superseded", "superseded", "deployed"]
    # They were changed where they are: a policy that is deleted and made anew is a moment without one.
    assert {name: uid for name, (uid, _) in versions(cluster, space).items()} == {
        name: uid for name, (uid, _) in first.items()
    }

    release.done("uninstall")
    assert cluster.policies(space).keys() == {"foreign"}


@pytest.mark.parametrize("which", HELMS)
def test_policies_deleted_by_hand_come_back_with_the_next_upgrade(cluster: OnCluster, space: str, which: str) -> None:
    release = Release(cluster, space, which)
    release.upgrade(COMPATIBLE)
    cluster.client.delete_all(with_kind(cluster.policies(space)))
    assert cluster.policies(space) == {}
    release.upgrade(COMPATIBLE)
    assert live(cluster, space) == rendered(space, COMPATIBLE)


@pytest.mark.parametrize("which", HELMS)
def test_an_upgrade_that_the_chart_refuses_leaves_the_policies_as_they_were(
    cluster: OnCluster, space: str, which: str
) -> None:
    release = Release(cluster, space, which)
    release.upgrade(HARDENED)
    before = versions(cluster, space)
    wrong = values(profile="hardened", workload={"publicEgress": {"cidr": "10.0.0.0/8", "except": ["192.168.0.0/16"]}})
    done = release.try_upgrade(wrong)
    assert done.returncode == 1
    assert "192.168.0.0/16" in done.stderr
    assert versions(cluster, space) == before
    assert release.statuses() == ["deployed"]


@pytest.mark.parametrize("which", HELMS)
def test_an_upgrade_that_the_api_server_refuses_leaves_the_policies_as_they_were(
    cluster: OnCluster, space: str, which: str
) -> None:
    release = Release(cluster, space, which)
    release.upgrade(HARDENED)
    before = versions(cluster, space)
    guard = guarding(space)
    cluster.apply(*guard)
    try:
        until(lambda: "frozen" in refusal_of_a_change(cluster, space), "the API server refuses changes of policies")
        done = release.try_upgrade(COMPATIBLE)
    finally:
        cluster.client.delete_all(guard)
    assert done.returncode == 1
    assert "frozen" in done.stderr
    assert versions(cluster, space) == before
    until(lambda: not refusal_of_a_change(cluster, space), "the API server takes changes again")
    release.upgrade(COMPATIBLE)
    assert live(cluster, space) == rendered(space, COMPATIBLE)


@pytest.mark.parametrize("which", HELMS)
def test_a_second_release_that_wants_the_same_names_is_refused_by_name(
    cluster: OnCluster, space: str, which: str
) -> None:
    Release(cluster, space, which).upgrade(COMPATIBLE)
    before = versions(cluster, space)
    done = Release(cluster, space, which, name="second").try_upgrade(HARDENED)
    assert done.returncode == 1
    assert f'NetworkPolicy "vc-cp-{NAME}" in namespace "{space}" exists' in done.stderr
    assert f'"meta.helm.sh/release-name" must equal "second": current value is "{OURS}"' in done.stderr
    assert versions(cluster, space) == before


@pytest.mark.parametrize("which", HELMS)
def test_isolate_installs_and_upgrades_in_the_current_context(
    cluster: OnCluster, space: str, which: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VCLUSTER_ISOLATION_HELM", str(PROJECT / ".tools" / "built" / which))
    file = tmp_path / "vcluster.yaml"
    file.write_text(yaml.safe_dump({"policies": HARDENED["policies"]}), encoding="utf-8")
    isolate = ("isolate", str(file), "--name", NAME, "--namespace", space, "--install")
    before: dict[str, tuple[str, str]] = {}
    for _ in range(2):
        done = cluster.ours(*isolate)
        assert done.returncode == 0, done.stderr
        assert live(cluster, space) == rendered(space, HARDENED)
        before = before or versions(cluster, space)
    assert versions(cluster, space) == before
    assert Release(cluster, space, which).statuses() == ["superseded", "deployed"]

    done = cluster.ours(*isolate, "--release", "second")
    assert done.returncode == 2
    assert f'NetworkPolicy "vc-cp-{NAME}" in namespace "{space}" exists' in done.stderr
    assert done.stderr.rstrip().splitlines()[-1].startswith("error: helm could not install release second")
    assert versions(cluster, space) == before


def test_isolate_refuses_wrong_values_before_the_cluster_sees_them(
    cluster: OnCluster, space: str, tmp_path: Path
) -> None:
    file = tmp_path / "vcluster.yaml"
    isolate = ("isolate", str(file), "--namespace", space, "--install")
    file.write_text(yaml.safe_dump(HARDENED), encoding="utf-8")
    assert cluster.ours(*isolate).returncode == 0
    before = versions(cluster, space)
    file.write_text(yaml.safe_dump(values(profile="hard")), encoding="utf-8")
    done = cluster.ours(*isolate)
    assert (done.returncode, done.stdout) == (2, "")
    assert "policies.networkPolicy.profile" in done.stderr
    assert versions(cluster, space) == before


@pytest.mark.parametrize("which", HELMS)
def test_values_with_keys_of_vcluster_0_30_are_installed(cluster: OnCluster, space: str, which: str) -> None:
    given = yaml.safe_load((SITUATIONS / "values" / "deprecated-keys.yaml").read_text(encoding="utf-8"))
    assert {"outgoingConnections", "extraWorkloadRules"} & given["policies"]["networkPolicy"].keys()
    Release(cluster, space, which, name="deprecated-keys").upgrade(given)
    golden = documents((SITUATIONS / "golden" / "deprecated-keys" / "manifests.yaml").read_text(encoding="utf-8"))
    for item in golden:
        item["metadata"]["namespace"] = space
    assert live(cluster, space) == meaning(golden)


def test_migrated_values_change_nothing_in_the_cluster(cluster: OnCluster, space: str) -> None:
    old = SITUATIONS / "values" / "deprecated-keys.yaml"
    release = Release(cluster, space)
    release.upgrade(yaml.safe_load(old.read_text(encoding="utf-8")))
    before = live(cluster, space)
    done = cluster.ours("migrate", str(old))
    assert done.returncode == 0, done.stderr
    migrated = yaml.safe_load(done.stdout)
    assert not {"outgoingConnections", "extraWorkloadRules"} & migrated["policies"]["networkPolicy"].keys()
    release.upgrade(migrated)
    assert live(cluster, space) == before


@pytest.mark.parametrize("which", HELMS)
def test_the_release_is_beside_a_vcluster_and_outlives_it(
    cluster: OnCluster, space: str, which: str, tmp_path: Path
) -> None:
    vcluster = Release(cluster, space, which, NAME, vcluster_chart(tmp_path))
    vcluster.upgrade({})
    ours = Release(cluster, space, which)
    ours.upgrade(COMPATIBLE)
    vcluster.upgrade({"policies": {"networkPolicy": {"enabled": False}}})
    assert live(cluster, space) == rendered(space, COMPATIBLE)
    vcluster.done("uninstall")
    assert live(cluster, space) == rendered(space, COMPATIBLE)
    ours.done("uninstall")
    assert cluster.policies(space) == {}


def installed(cluster: OnCluster, space: str) -> Json:
    """Return what the release's policies mean, without the one of another."""
    return {name: policy for name, policy in live(cluster, space).items() if name != "foreign"}


def policy_of_another(space: str) -> Json:
    """Return a policy that no release knows."""
    metadata = {"name": "foreign", "namespace": space}
    spec: Json = {"podSelector": {"matchLabels": {"app": "foreign"}}, "policyTypes": ["Ingress"]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def with_kind(policies: dict[str, Json]) -> list[Json]:
    """Return policies that can be sent: those of a list do not say what they are."""
    return [{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", **item} for item in policies.values()]


def guarding(space: str) -> list[Json]:
    """Return what has the API server refuse every change of a NetworkPolicy in a namespace."""
    version = "admissionregistration.k8s.io/v1"
    resource = {"apiGroups": ["networking.k8s.io"], "apiVersions": ["v1"], "resources": ["networkpolicies"]}
    only = {"matchLabels": {"kubernetes.io/metadata.name": space}}
    return [
        {
            "apiVersion": version,
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": space},
            "spec": {
                "matchConstraints": {"resourceRules": [{**resource, "operations": ["UPDATE"]}]},
                "validations": [{"expression": "false", "message": "frozen"}],
            },
        },
        {
            "apiVersion": version,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": space},
            "spec": {
                "policyName": space,
                "validationActions": ["Deny"],
                "matchResources": {"namespaceSelector": only},
            },
        },
    ]


def refusal_of_a_change(cluster: OnCluster, space: str) -> str:
    """Return what the API server says against changing a policy; the change is only tried."""
    item = with_kind(cluster.policies(space))[0]
    try:
        cluster.client.patch(item, {"metadata": {"labels": {"tried": "yes"}}}, "?dryRun=All")
    except Refused as refused:
        return str(refused)
    return ""
