"""Who reaches whom, for tests: lines of matrices, and manifests of vClusters and of what is around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from tests.subject.subjects import subject
from vcluster_isolation.connectivity.connectivity import matrix_of
from vcluster_isolation.connectivity.fold import folded
from vcluster_isolation.helm.template import Request, template
from vcluster_isolation.netpol.parse.parse import parse_cluster
from vcluster_isolation.subject.inputs import Input
from vcluster_isolation.subject.subject import Subject, of_cluster
from vcluster_isolation.tools import PROJECT

Json = dict[str, Any]
MANAGED = "vcluster.loft.sh/managed-by"


def lines(one: Subject | str) -> list[str]:
    """Return the folded lines of a subject, or of a situation."""
    given = subject(one) if isinstance(one, str) else one
    cells = folded(matrix_of(given)).cells
    return [f"{cell.source} => {cell.destination} : {cell.text}" for cell in cells]


def of(source: str, found: list[str]) -> list[str]:
    """Return what a source reaches."""
    return [line.removeprefix(f"{source} => ") for line in found if line.startswith(f"{source} => ")]


def manifests(name: str = "a", space: str = "ns", situation: str = "default") -> list[Json]:
    """Return what the chart renders."""
    values = (PROJECT / "tests" / "situations" / "values" / f"{situation}.yaml",)
    return list(yaml.safe_load_all(template(Request(values, name, space))))


def policy(space: str, name: str, **spec: Any) -> Json:
    """Return a NetworkPolicy."""
    metadata = {"name": name, "namespace": space}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def pod(space: str, name: str, ip: str = "", labels: Mapping[str, str] | None = None) -> Json:
    """Return a pod."""
    metadata = {"name": name, "namespace": space, "labels": dict(labels or {})}
    status = {"podIP": ip} if ip else {}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}, "status": status}


def given(documents: list[Json]) -> Input:
    """Return manifests as they are read."""
    cluster = parse_cluster(documents)
    assert not cluster.problems
    return Input(of_cluster(cluster), cluster)


def with_rules(section: str, direction: str, *rules: Json) -> Subject:
    """Return vCluster `a` with more rules in one of its policies, as manifests have them."""
    documents = manifests()
    spec = next(one["spec"] for one in documents if one["metadata"]["name"] == f"{section}-a")
    spec[direction] += rules
    return given(documents).subjects[0]
