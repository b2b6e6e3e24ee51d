"""No rule of the hardened profile is idle: drop one, widen its peers or its ports, and a claim or a flow changes.

The oracle compares manifests; this compares what they mean.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart import matrix, mutants
from tests.chart.hardened_mutants import of_the_hardened_profile
from tests.chart.noticing import is_noticed
from tests.chart.rendering import Json, isolating
from vcluster_isolation.connectivity.connectivity import scene
from vcluster_isolation.errors import IsolationError
from vcluster_isolation.helm.template import CHART, Request
from vcluster_isolation.netpol.objects.model import Endpoint, Pod, labels_of, namespace
from vcluster_isolation.netpol.sets.addresses import address_set
from vcluster_isolation.prove.prove import prove
from vcluster_isolation.subject.subject import Subject, of_values

SERVER = {"cidrs": ["10.0.0.1/32"], "ports": [6443]}
POLICIES_SYNCED = {"sync": {"toHost": {"networkPolicies": {"enabled": True}}}}
BOTH_SYNCED = {
    "sync": {
        "toHost": {
            "networkPolicies": {"enabled": True},
            "namespaces": {"enabled": True, "mappings": {"byName": {"web": "other"}}},
        }
    }
}
PORT = [{"port": 8080}]


def pods(space: str) -> list[Json]:
    """Return a peer for the pods of a namespace."""
    return [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space}}}]


def grants(ports: list[Json]) -> dict[str, Json]:
    """Return grants that have nobody in common."""
    return {
        "prometheus": {"enabled": True, "from": pods("monitoring"), "ports": ports},
        "project": {"name": "p", "ports": ports},
        "controlPlane": {
            "webhooks": {"to": [{"podSelector": {"matchLabels": {"role": "hook"}}}], "ports": ports},
            "backingStore": {"enabled": True, "to": pods("database"), **({"ports": ports} if ports else {})},
        },
        "workload": {"ingressControllers": {"enabled": True, "from": pods("ingress"), "ports": ports}},
    }


def hardened(**policy: Any) -> Json:
    return isolating(profile="hardened", **{"hostApiServer": SERVER, **policy})


EMBEDDED = {"coredns": {"embedded": True}}
EVERYTHING = {"profile": "hardened", "hostDns": {"presets": ["kube-dns", "openshift", "aws"], "extra": pods("dns")}}
SITUATIONS: dict[str, Json] = {
    "by itself": hardened(),
    "floor": {**hardened(floor={"enabled": True}), **BOTH_SYNCED},
    "grants": hardened(**grants(PORT)),
    "floor, grants": {**hardened(floor={"enabled": True}, **grants(PORT)), **POLICIES_SYNCED},
    "everything on": {**matrix.everything(**EVERYTHING, floor={"enabled": False}), **BOTH_SYNCED},
    "floor, everything on": {**matrix.everything(**EVERYTHING, floor={"enabled": True}), **POLICIES_SYNCED},
    "mapped": hardened(workload={"namespaces": ["other"]}),
    "unknown API server": isolating(profile="hardened"),
    "grants on any port": hardened(**grants([])),
    "embedded CoreDNS": {**hardened(), "controlPlane": EMBEDDED},
    "floor without public egress": {
        **hardened(floor={"enabled": True}, workload={"publicEgress": {"enabled": False}}),
        **POLICIES_SYNCED,
    },
}


def subject(chart: Path, name: str, place: Path) -> Subject | None:
    """Return the vCluster of a situation; None when the chart does not render it."""
    values = place / "values.yaml"
    values.write_text(yaml.safe_dump(SITUATIONS[name]), encoding="utf-8")
    try:
        return of_values(Request((values,), "a", "ns", chart))
    except IsolationError:
        return None


def claims(found: Subject) -> list[object]:
    """Return what becomes of each claim."""
    return [(one.claim.name, one.status, one.keys) for one in prove(found)]


def pod(space: str, owner: str = "", **labels: str) -> Pod:
    managed = {"vcluster.loft.sh/managed-by": owner, "vcluster.loft.sh/namespace": "kube-system"} if owner else {}
    return Pod(namespace(space), labels_of({**managed, **{key.replace("_", "-"): one for key, one in labels.items()}}))


STRANGERS: dict[str, Endpoint] = {
    "public pod": replace(pod("elsewhere"), addresses=address_set("34.9.9.9/32", "2600::9/128")),
    "workload with a release": pod("ns", "a", release="a"),
    "neighbour's workload with our release": pod("ns", "neighbour", release="a"),
    "tenant in the platform's namespace": pod("vcluster-platform", "b", app="loft"),
    "CoreDNS of a mapped namespace": pod("other", "a", k8s_app="vcluster-kube-dns"),
}
"""Whom `connectivity` does not show, and rules are there for as well."""


def flows(found: Subject) -> list[object]:
    """Return what each side lets through, between all ends of `connectivity` and a pod with a public address.

    The tenant has synced what policies it may: then it is the floor that decides.
    """
    open_wide = replace(found, policies=found.with_worst_synced_policies(found.policies))
    seen = scene(open_wide)
    ends = {one.actor.name: one.end for one in seen.ends} | STRANGERS
    own = [*(one.actor.name for one in seen.own), "workload with a release", "CoreDNS of a mapped namespace"]
    pairs = [pair for name in own for other in ends for pair in ((name, other), (other, name))]
    verdicts = {(a, b): seen.judge.flow(ends[a], ends[b]).verdicts for a, b in dict.fromkeys(pairs)}
    return [(pair, [(one.egress.ports, one.ingress.ports) for one in found]) for pair, found in verdicts.items()]


@cache
def usual(name: str, place: Path) -> tuple[str, list[object], list[object]]:
    """Return the manifests of a situation, and what they mean: flows and claims."""
    found = subject(CHART, name, place)
    assert found is not None
    return found.manifests, flows(found), claims(found)


def differs(name: str, places: tuple[Path, Path], chart: Path) -> bool:
    """Return whether a chart's output of a situation means something else, or is none."""
    found = subject(chart, name, places[0])
    manifests, through, judged = usual(name, places[1])
    if found is None or found.manifests == manifests:
        return found is None
    return flows(found) != through or claims(found) != judged


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("values")


@pytest.mark.mutants
@pytest.mark.parametrize("mutant", of_the_hardened_profile(), ids=lambda mutant: mutant.name)
def test_a_claim_or_a_flow_changes(
    mutant: mutants.Mutant, tmp_path: Path, place: Path, request: pytest.FixtureRequest
) -> None:
    copy = shutil.copytree(CHART, tmp_path / "chart")
    mutant.apply(copy)
    checks = {name: partial(differs, name, (tmp_path, place)) for name in SITUATIONS}
    assert is_noticed(mutant, copy, checks, request), mutant.name
