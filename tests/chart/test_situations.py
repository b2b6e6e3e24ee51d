"""The named situations: their golden files are fresh, and every manifest in them is one that clusters take."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.chart import oracle, oracle_platform
from tests.chart.rendering import policies
from vcluster_isolation import golden
from vcluster_isolation.check import api_rules, kubeconform, kubernetes_schemas
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.tools import PROJECT
from vcluster_isolation.values import strict_yaml

SITUATIONS = PROJECT / "tests" / "situations"
GUARD = {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
KINDS = {"NetworkPolicy", "AdminNetworkPolicy", "ClusterNetworkPolicy", *GUARD}
VALUES = sorted(SITUATIONS.glob("values/*.yaml"))
MANIFESTS = sorted(SITUATIONS.glob("golden/*/manifests.yaml"))


def test_there_are_about_a_dozen_of_them_and_each_has_its_golden_files() -> None:
    found = golden.render_folder(SITUATIONS, CHART)
    assert found.problems == ()
    assert (found.missing, found.changed, found.stale) == ([], [], ()), (
        "run: vcluster-isolation golden write --tests tests/situations"
    )
    assert len(MANIFESTS) > 12


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.parent.name)
def test_manifests_of_a_situation_are_what_the_api_server_takes(path: Path) -> None:
    documents = strict_yaml.parse_documents(strict_yaml.read_text(path), path.name)
    assert [found for document in documents for found in api_rules.problems(document.value)] == []
    assert all(document.value["kind"] in KINDS for document in documents)


@pytest.mark.parametrize("path", VALUES, ids=lambda path: path.stem)
def test_situation_renders_what_the_oracle_says(path: Path) -> None:
    values = strict_yaml.parse_mapping(strict_yaml.read_text(path), "")
    name, _, namespace = path.stem.partition("@")
    home = namespace or f"vcluster-{name}"
    found, wanted = policies(values, name=name, namespace=home), oracle_platform.everything(values, name, home)
    assert {key: oracle.comparable(manifest) for key, manifest in found.items()} == {
        key: oracle.comparable(manifest) for key, manifest in wanted.items()
    }


@pytest.mark.parametrize("path", VALUES, ids=lambda path: path.stem)
def test_situation_says_first_what_it_is(path: Path) -> None:
    assert re.match(r"# [A-Z].*\.$", path.read_text(encoding="utf-8").splitlines()[0])


def test_kubeconform_takes_every_manifest_of_every_situation_for_every_kubernetes_version() -> None:
    objects = [
        document.value
        for path in MANIFESTS
        for document in strict_yaml.parse_documents(strict_yaml.read_text(path), path.name)
    ]
    guards = [item for item in objects if item["kind"] in GUARD]
    versions = list(kubernetes_schemas.versions())
    found = kubeconform.findings([item for item in objects if item["kind"] not in GUARD], versions)
    found += kubeconform.findings(guards, versions[versions.index("1.30") :])
    assert [finding for findings in found for finding in findings] == []
    assert (len(objects) > 40, len(guards)) == (True, 4)
