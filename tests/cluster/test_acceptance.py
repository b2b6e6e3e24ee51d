"""The API server takes what the chart renders, and refuses what `check` refuses.

Every request is a dry run with strict field validation: an unknown or duplicate field is refused, and nothing is stored.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest

from real_cluster.client import Refused, collection
from tests.cluster.random_policies import faulty_policy
from tests.on_cluster import BUILT, Json, OnCluster, documents, until
from vcluster_isolation.check.kubernetes_schemas import spread
from vcluster_isolation.check.manifests_check import judge
from vcluster_isolation.tools import PROJECT
from vcluster_isolation.values.strict_yaml import parse_stream

pytestmark = pytest.mark.cluster

GOLDEN = PROJECT / "tests" / "situations" / "golden"
STRICT = "?dryRun=All&fieldValidation=Strict"
CRDS = ("admin-network-policy", "cluster-network-policy")
SEED = int(os.environ.get("RANDOM_POLICIES_SEED", "11"))
SPACE = "acceptance"

POLICY = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "named"}}
DISAGREED = {
    # The API server takes null for a field that is not there. kubeconform refused it: its schema has a `oneOf`.
    "port: null": ({"egress": [{"ports": [{"port": None, "protocol": "TCP"}]}], "podSelector": {}}, True),
    # JSON has one kind of numbers, but the API server takes no fraction, not even of zero. YAML reads a whole number.
    "port: 1.0 in JSON": ({"egress": [{"ports": [{"port": 1.0}]}], "podSelector": {}}, False),
}
"""Each spec about which `check` and the API server have disagreed, and whether the API server takes it."""


@pytest.fixture(scope="module")
def tiers(cluster: OnCluster) -> Iterator[None]:
    """Install the CRDs of cluster-scoped policies, from the published module."""
    crds = [item for name in CRDS for item in documents((BUILT / f"{name}.yaml").read_text(encoding="utf-8"))]
    cluster.apply(*crds)
    served = {
        f"/apis/{item['spec']['group']}/{version['name']}/{item['spec']['names']['plural']}"
        for item in crds
        for version in item["spec"]["versions"]
        if version["served"]
    }
    until(lambda: all(is_served(cluster, path) for path in served), f"{sorted(served)} are served")
    yield
    cluster.client.delete_all(crds)


@pytest.fixture(scope="module")
def acceptance(cluster: OnCluster) -> Iterator[str]:
    """Make a namespace for what is asked here."""
    cluster.apply(cluster.namespace(SPACE))
    yield SPACE
    cluster.client.delete_namespaces([SPACE])


def is_served(cluster: OnCluster, path: str) -> bool:
    try:
        cluster.client.get(path)
    except Refused:
        return False
    return True


def refusal(cluster: OnCluster, item: Json) -> str:
    """Return what the API server says against creating an object, empty if it would create it."""
    try:
        cluster.client.create(item, STRICT)  # the path is made of kind and namespace, which are right
    except Refused as refused:
        return str(refused)
    return ""


def refusals(cluster: OnCluster, items: Iterable[Json]) -> list[str]:
    """Ask several at a time."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda item: refusal(cluster, item), items))


@cache
def all_golden() -> list[tuple[str, Json]]:
    """Return each object of each situation, with the situation's name."""
    folders = sorted(GOLDEN.iterdir())
    assert len(folders) > 40
    return [
        (folder.name, item)
        for folder in folders
        for item in documents((folder / "manifests.yaml").read_text(encoding="utf-8"))
    ]


@pytest.mark.usefixtures("tiers")
def test_every_situation_is_accepted_with_strict_validation(cluster: OnCluster) -> None:
    found = all_golden()
    spaces = {item["metadata"]["namespace"] for _, item in found if "namespace" in item["metadata"]}
    there = {item["metadata"]["name"] for item in cluster.client.get("/api/v1/namespaces")["items"]}
    missing = sorted(spaces - there)
    cluster.apply(*(cluster.namespace(name) for name in missing))
    try:
        said = refusals(cluster, [item for _, item in found])
    finally:
        cluster.client.delete_namespaces(missing)
    kinds = {item["kind"] for _, item in found}
    guard = {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
    assert kinds == {"NetworkPolicy", "AdminNetworkPolicy", "ClusterNetworkPolicy", *guard}
    named = (f"{where} {item['kind']}/{item['metadata']['name']}" for where, item in found)
    assert {name: words for name, words in zip(named, said, strict=True) if words} == {}


@pytest.mark.usefixtures("tiers")
@pytest.mark.parametrize("which", ["NetworkPolicy", "AdminNetworkPolicy", "ClusterNetworkPolicy"])
def test_strict_validation_refuses_a_field_that_is_not_known(cluster: OnCluster, acceptance: str, which: str) -> None:
    item = deepcopy(next(item for _, item in all_golden() if item["kind"] == which))
    if "namespace" in item["metadata"]:
        item["metadata"]["namespace"] = acceptance
    assert refusal(cluster, item) == ""
    item["spec"]["surprise"] = True
    assert 'unknown field "spec.surprise"' in refusal(cluster, item)


@pytest.mark.parametrize("name", DISAGREED)
def test_check_agrees_where_it_once_did_not(cluster: OnCluster, acceptance: str, name: str) -> None:
    spec, accepted = DISAGREED[name]
    policy = {**POLICY, "spec": spec}
    said = refusal(cluster, in_space(policy, acceptance))
    problems = judge(parse_stream(json.dumps(policy), "policy.json"), spread()[-1:]).problems
    assert (said == "", problems == ()) == (accepted, accepted), (said, problems)


def test_check_and_the_api_server_agree_on_random_policies(cluster: OnCluster, acceptance: str, tmp_path: Path) -> None:
    compare(cluster, acceptance, 500, tmp_path)


@pytest.mark.exhaustive
def test_check_and_the_api_server_agree_on_many_random_policies(
    cluster: OnCluster, acceptance: str, tmp_path: Path
) -> None:
    compare(cluster, acceptance, 10_000, tmp_path)


def compare(cluster: OnCluster, space: str, count: int, folder: Path) -> None:
    """Hold the verdicts on random policies against each other; the same ones in each run of the same seed."""
    chance = random.Random(SEED + count)  # noqa: S311 # no secret
    policies = [faulty_policy(chance, f"random-{number}", space) for number in range(count)]
    said = refusals(cluster, policies)
    found = judge(
        parse_stream(json.dumps({"apiVersion": "v1", "kind": "List", "items": policies}), "random.json"), spread()[-1:]
    )
    refused = {f"random-{number}": "" for number in range(count)}
    for problem in found.problems:
        refused[named_in(problem.where)] += f"{problem}\n"
    disagreed = [
        {"policy": policy, "api server": words, "check": refused[name]}
        for policy, words, name in zip(policies, said, refused, strict=True)
        if bool(words) != bool(refused[name])
    ]
    (folder / "disagreed.json").write_text(json.dumps(disagreed, indent=2), encoding="utf-8")
    assert disagreed == [], f"seed {SEED}; make each a case of DISAGREED"
    accepted = said.count("")
    assert count / 5 < accepted < count * 4 / 5, f"{accepted} of {count} accepted: too few of one kind to compare"


def named_in(where: str) -> str:
    """Return the policy's name out of `NetworkPolicy/random-7 spec.egress`."""
    return where.split(maxsplit=1)[0].rpartition("/")[2]


def in_space(policy: Json, space: str) -> Json:
    item: Json = {**policy, "metadata": {**policy["metadata"], "namespace": space}}
    assert collection(item).endswith(f"/namespaces/{space}/networkpolicies")
    return item
