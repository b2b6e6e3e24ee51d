"""Manifests that values make vCluster apply to the host cluster: their policies count, and what is not known never holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vcluster_isolation.helm.template import CHART
from vcluster_isolation.prove.prove import FAILS, HOLDS, NO_SUBJECT, UNDECIDED, prove
from vcluster_isolation.subject.inputs import Input, read_input

HARDENED = "policies: {networkPolicy: {enabled: true, profile: hardened, hostApiServer: {cidrs: [10.0.0.1/32]}}}\n"
OPEN = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: open}
spec: {podSelector: {}, ingress: [{}], egress: [{}], policyTypes: [Ingress, Egress]}
"""
PLACES = ("experimental.deploy.host.{}", "experimental.deploy.{}")


def given(folder: Path, path: str, value: object, *more: Path) -> Input:
    for key in reversed(path.split(".")):
        value = {key: value}
    file = folder / "v.yaml"
    file.write_text(HARDENED + json.dumps(value)[1:-1] + "\n", encoding="utf-8")
    return read_input([file, *more], name="a", namespace="ns", chart=CHART)


def statuses(found: Input) -> set[str]:
    (subject,) = found.subjects
    return {one.status for one in prove(subject)} - {NO_SUBJECT}


@pytest.mark.parametrize("place", PLACES)
def test_policy_that_opens_everything_breaks_claims(place: str, tmp_path: Path) -> None:
    path = place.format("manifests")
    assert statuses(given(tmp_path, path, "")) == {HOLDS}
    assert statuses(given(tmp_path, path, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")) == {HOLDS}
    assert FAILS in statuses(given(tmp_path, path, OPEN))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("manifestsTemplate", OPEN),
        ("manifests", "{{ if .x }}\n" + OPEN),
        ("manifests", OPEN.replace("podSelector: {}", "podSelector: 5")),
        ("manifests", OPEN.replace("name: open", "name: vc-work-a")),
        ("manifests", OPEN.replace("networking.k8s.io/v1", "cilium.io/v2").replace("Network", "CiliumNetwork")),
    ],
)
def test_what_is_not_understood_is_undecided(place: str, key: str, value: str, tmp_path: Path) -> None:
    assert statuses(given(tmp_path, place.format(key), value)) == {UNDECIDED}


def test_value_that_is_not_understood_is_named(tmp_path: Path) -> None:
    (subject,) = given(tmp_path, "experimental.deploy.host.manifestsTemplate", OPEN).subjects
    assert "experimental.deploy.host.manifestsTemplate" in str(subject.not_evaluated[0])


def test_they_count_beside_manifests_as_well(tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(OPEN.replace("name: open", "name: x, namespace: elsewhere"), encoding="utf-8")
    assert FAILS in statuses(given(tmp_path, "experimental.deploy.host.manifests", OPEN, other))
    assert UNDECIDED in statuses(given(tmp_path, "experimental.deploy.host.manifestsTemplate", OPEN, other))
