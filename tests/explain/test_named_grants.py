"""What explain says is missing: a named grant before a raw rule, beside what the user has, and never more than asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.explain.asked import ask
from tests.subject.subjects import of
from vcluster_isolation.helm.template import Request
from vcluster_isolation.subject.subject import Subject, of_values

Json = dict[str, Any]
TCP = "TCP"
RULE: Json = {"to": [{"ipBlock": {"cidr": "10.9.9.9/32"}}], "ports": [{"port": 1, "protocol": TCP}]}
STORE: Json = {
    "enabled": True,
    "to": [{"ipBlock": {"cidr": "10.20.30.40/32"}}],
    "ports": [{"port": 5432, "protocol": TCP}],
}
DSN = {
    "controlPlane": {
        "backingStore": {
            "database": {"external": {"enabled": True, "dataSource": "mysql://u:p@tcp(10.20.30.40:6543)/d"}}
        }
    }
}

# source, destination, port, values under policies.networkPolicy, those at the root, and the grant or rules proposed
CASES: dict[str, tuple[str, str, str | None, Json, Json, str]] = {
    "a database": ("control-plane", "10.20.30.40", "5432", {}, {}, "controlPlane.backingStore"),
    "a database, from snapshots": ("snapshot", "10.20.30.40", "5432", {}, {}, "controlPlane.backingStore"),
    "a database whose port a value says": (
        "control-plane",
        "10.20.30.40",
        "6543",
        {},
        DSN,
        "controlPlane.backingStore",
    ),
    "a port that no value says": ("control-plane", "10.20.30.40", "6543", {}, {}, "controlPlane.egress"),
    "an ingress controller": ("ingress-controller", "workload", "8080", {}, {}, "workload.ingressControllers"),
    "an ingress controller, any port": ("ingress-controller", "workload", None, {}, {}, "workload.ingressControllers"),
    "another ingress controller": (
        "pod:app.kubernetes.io/name=traefik@traefik",
        "workload",
        "80",
        {},
        {},
        "workload.ingressControllers",
    ),
    "Prometheus": ("monitoring", "workload", "9100", {}, {}, "prometheus"),
    "metrics-server": (
        "control-plane",
        "pod:k8s-app=metrics-server@kube-system",
        "10250",
        {},
        {},
        "controlPlane.metricsServer",
    ),
    "object storage": (
        "snapshot",
        "10.1.2.3",
        "443",
        {"hostApiServer": {"cidrs": ["10.9.0.0/28"]}},
        {},
        "snapshots.objectStorage",
    ),
    "webhooks that are off": (
        "control-plane",
        "workload",
        "9443",
        {"controlPlane": {"webhooks": {"enabled": False}}},
        {},
        "controlPlane.webhooks",
    ),
    "webhooks on another port": (
        "control-plane",
        "workload",
        "9443",
        {"controlPlane": {"webhooks": {"ports": [{"port": 8443, "protocol": TCP}]}}},
        {},
        "controlPlane.webhooks",
    ),
    "the API": ("ingress-controller", "control-plane", "8443", {}, {}, "controlPlane.apiAccess"),
    "another pod": ("pod:app=x@shop", "workload", "80", {}, {}, "workload.ingress"),
    "another database beside one": (
        "control-plane",
        "10.20.30.41",
        "5432",
        {"controlPlane": {"backingStore": STORE}},
        {},
        "controlPlane.backingStore",
    ),
    "another port of the same one": (
        "control-plane",
        "10.20.30.40",
        "3306",
        {"controlPlane": {"backingStore": STORE}},
        {},
        "controlPlane.backingStore",
    ),
    "another port of another one": (
        "control-plane",
        "10.20.30.41",
        "3306",
        {"controlPlane": {"backingStore": STORE}},
        {},
        "controlPlane.egress",
    ),
    "rules that are there": ("workload", "10.1.2.3", "80", {"workload": {"egress": [RULE]}}, {}, "workload.egress"),
    "rules under a deprecated key": (
        "workload",
        "10.1.2.3",
        "80",
        {"extraWorkloadRules": [RULE]},
        {},
        "extraWorkloadRules",
    ),
}


def laid_over(policy: Json, root: Json, missing: Any, folder: Path) -> Subject:
    """Return what the values render to with those that are missing laid over them, as helm does."""
    files = [folder / "base.yaml", *(folder / f"{at}.yaml" for at, _ in enumerate(missing))]
    texts = [
        yaml.safe_dump({"policies": {"networkPolicy": {"enabled": True, **policy}}, **root}),
        *(one.yaml for one in missing),
    ]
    for path, text in zip(files, texts, strict=True):
        path.write_text(text)
    return of_values(Request(tuple(files), name="a", namespace="ns"))


@pytest.mark.parametrize("name", CASES)
def test_grant_is_proposed_opens_the_flow_and_keeps_what_was_open(name: str, tmp_path: Path) -> None:
    source, destination, port, policy, root, path = CASES[name]
    before = of(policy, **root)
    found = ask(source, destination, port, before)
    assert not found.allowed
    missing = found.missing[0]  # what webhooks need is missing on the other side as well
    value = yaml.safe_load(missing.yaml)["policies"]["networkPolicy"]
    for key in path.split("."):
        assert list(value) == [key]
        value = value[key]
    after = laid_over(policy, root, found.missing, tmp_path)
    assert ask(source, destination, port, after).allowed
    for other, number in (("10.9.9.9", "1"), ("10.20.30.40", "5432")):
        for end in ("workload", "control-plane", "snapshot"):
            if ask(end, other, number, before).allowed:
                assert ask(end, other, number, after).allowed


def test_grant_that_would_open_more_than_asked_is_not_proposed(tmp_path: Path) -> None:
    policy = {"controlPlane": {"backingStore": STORE}}
    found = ask("control-plane", "10.20.30.41", "3306", of(policy))
    after = laid_over(policy, {}, found.missing, tmp_path)
    assert not ask("control-plane", "10.20.30.40", "3306", after).allowed
    assert not ask("control-plane", "10.20.30.41", "5432", after).allowed
