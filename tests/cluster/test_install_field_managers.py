"""Another field manager beside Helm: server-side apply of the same policies, by GitOps tools and by people."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.cluster.releases import FOUR, HELMS, NAME, OURS, Release, live, rendered, values, versions
from tests.on_cluster import Finished, Json, OnCluster, documents
from vcluster_isolation.helm import render_cache
from vcluster_isolation.helm.template import Request

pytestmark = pytest.mark.cluster

COMPATIBLE, HARDENED = values(), values(profile="hardened")
REPLACE_4 = ("--force-replace", "--server-side=false")


def manifests(space: str, given: Json) -> list[Json]:
    return documents(render_cache.template(Request((), OURS, space, inline=json.dumps(given))))


def apply(cluster: OnCluster, items: list[Json], *words: str) -> Finished:
    """Apply objects as another field manager does, with strict validation."""
    command = ("apply", "--server-side", "--field-manager=gitops", "--validate=strict", "--filename=-")
    return cluster.kubectl(*command, *words, stdin=yaml.safe_dump_all(items))


def managers(cluster: OnCluster, space: str) -> set[str]:
    """Return who manages fields of the policies."""
    return {
        entry["manager"] for item in cluster.policies(space).values() for entry in item["metadata"]["managedFields"]
    }


def test_the_rendered_manifests_can_be_applied_again_and_again_without_helm(cluster: OnCluster, space: str) -> None:
    for given in (COMPATIBLE, HARDENED, COMPATIBLE):
        done = apply(cluster, manifests(space, given))
        assert done.returncode == 0, done.stderr
        assert live(cluster, space) == rendered(space, given)
        before = versions(cluster, space)
        assert apply(cluster, manifests(space, given)).returncode == 0
        assert versions(cluster, space) == before


@pytest.mark.parametrize("which", HELMS)
def test_the_same_fields_of_two_managers_are_no_conflict(cluster: OnCluster, space: str, which: str) -> None:
    release = Release(cluster, space, which)
    release.upgrade(COMPATIBLE)
    done = apply(cluster, manifests(space, COMPATIBLE))
    assert done.returncode == 0, done.stderr
    assert managers(cluster, space) == {"helm", "gitops"}
    release.upgrade(COMPATIBLE)
    assert live(cluster, space) == rendered(space, COMPATIBLE)


@pytest.mark.parametrize("which", HELMS)
def test_other_rules_of_another_manager_are_a_conflict_that_names_helm(
    cluster: OnCluster, space: str, which: str
) -> None:
    Release(cluster, space, which).upgrade(HARDENED)
    before = versions(cluster, space)
    done = apply(cluster, manifests(space, COMPATIBLE))
    assert done.returncode == 1
    assert 'conflicts with "helm"' in done.stderr
    after = versions(cluster, space)
    # What has other rules is as it was. A policy that is the same in both profiles may have a second manager now.
    changed = {
        name for name, policy in rendered(space, HARDENED).items() if policy != rendered(space, COMPATIBLE)[name]
    }
    assert changed >= FOUR - {f"vc-kube-dns-{NAME}"}
    assert {name: after[name] for name in changed} == {name: before[name] for name in changed}
    assert live(cluster, space) == rendered(space, HARDENED)


def test_helm_3_takes_back_what_another_manager_forced(cluster: OnCluster, space: str) -> None:
    release = Release(cluster, space, "helm3")
    release.upgrade(HARDENED)
    force(cluster, space)
    release.upgrade(HARDENED, "--force")
    assert live(cluster, space) == rendered(space, HARDENED)


def test_helm_4_names_the_manager_that_forced_its_rules_and_takes_them_back_when_told(
    cluster: OnCluster, space: str
) -> None:
    release = Release(cluster, space, "helm4")
    release.upgrade(HARDENED)
    force(cluster, space)
    before = live(cluster, space)
    done = release.try_upgrade(HARDENED)
    assert done.returncode == 1
    assert f"{space}/vc-cp-{NAME}" in done.stderr
    assert 'conflicts with "gitops"' in done.stderr
    assert live(cluster, space) == before
    release.upgrade(HARDENED, *REPLACE_4)
    assert live(cluster, space) == rendered(space, HARDENED)


def force(cluster: OnCluster, space: str) -> None:
    """Put the rules of the other profile in the place of Helm's."""
    done = apply(cluster, manifests(space, COMPATIBLE), "--force-conflicts")
    assert done.returncode == 0, done.stderr
    assert live(cluster, space) == rendered(space, COMPATIBLE)


@pytest.mark.parametrize(("which", "replace"), [("helm3", ("--force",)), ("helm4", REPLACE_4)])
def test_a_rule_added_where_there_is_none_stays_until_helm_is_told_to_replace(
    cluster: OnCluster, space: str, which: str, replace: tuple[str, ...]
) -> None:
    """Helm merges: what its manifest does not have, here a direction without rules, stays as another wrote it."""
    release = Release(cluster, space, which)
    release.upgrade(HARDENED)
    name = f"vc-snapshot-{NAME}"
    patch = ("patch", "networkpolicy", name, "--namespace", space, "--type=merge", "--patch")
    done = cluster.kubectl(*patch, json.dumps({"spec": {"ingress": [{}]}}))
    assert done.returncode == 0, done.stderr
    release.upgrade(HARDENED)
    assert live(cluster, space)[name].ingress
    release.upgrade(HARDENED, *replace)
    assert live(cluster, space) == rendered(space, HARDENED)


@pytest.mark.parametrize("which", HELMS)
def test_labels_and_annotations_of_another_manager_survive_an_upgrade(
    cluster: OnCluster, space: str, which: str
) -> None:
    release = Release(cluster, space, which)
    release.upgrade(COMPATIBLE)
    mark = {"labels": {"team": "red"}, "annotations": {"example.com/reviewed": "yes"}}
    items = [
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name, **mark}}
        for name in FOUR
    ]
    done = apply(cluster, items, "--namespace", space)
    assert done.returncode == 0, done.stderr
    release.upgrade(HARDENED)
    assert live(cluster, space) == rendered(space, HARDENED)
    for item in cluster.policies(space).values():
        assert item["metadata"]["labels"]["team"] == "red"
        assert item["metadata"]["annotations"]["example.com/reviewed"] == "yes"
