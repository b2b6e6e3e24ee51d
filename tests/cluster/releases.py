"""Releases of charts in the real cluster, and the charts that the tests install beside ours and around it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.on_cluster import CHART, Finished, Json, OnCluster, documents
from vcluster_isolation.helm import render_cache
from vcluster_isolation.helm.template import Request
from vcluster_isolation.netpol.objects.model import Policy
from vcluster_isolation.netpol.parse.parse import parse_cluster

HELMS = ("helm3", "helm4")
NAME = "team-a"
OURS = f"{NAME}-isolation"
FOUR = frozenset(f"vc-{role}-{NAME}" for role in ("cp", "work", "kube-dns", "snapshot"))


def values(**network_policy: Any) -> Json:
    """Return values that isolate the vCluster, with more settings of its NetworkPolicies."""
    return {"vcluster": {"name": NAME}, "policies": {"networkPolicy": {"enabled": True, **network_policy}}}


@dataclass(frozen=True)
class Release:
    """A release in a namespace, and the helm that installs it."""

    cluster: OnCluster
    space: str
    which: str = "helm4"
    name: str = OURS
    chart: Path = CHART

    def helm(self, verb: str, *words: str) -> Finished:
        return self.cluster.helm(verb, self.name, *words, "--namespace", self.space, which=self.which)

    def try_upgrade(self, given: Json, *words: str) -> Finished:
        """Install or upgrade with exactly these values, and return how that ended."""
        command = ("upgrade", "--install", self.name, str(self.chart), "--namespace", self.space, "--values", "-")
        return self.cluster.helm(*command, *words, which=self.which, stdin=json.dumps(given))

    def upgrade(self, given: Json, *words: str) -> str:
        """Do it; helm has to succeed. Returns what it printed."""
        done = self.try_upgrade(given, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def done(self, verb: str, *words: str) -> str:
        """Have helm do something else with the release; it has to succeed."""
        done = self.helm(verb, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def statuses(self) -> list[str]:
        """Return the status of each revision, the first one first."""
        found = json.loads(self.done("history", "--output", "json"))
        return [revision["status"] for revision in found]


def live(cluster: OnCluster, space: str) -> dict[str, Policy]:
    """Return what the policies of a namespace mean, by their names."""
    return meaning(cluster.policies(space).values())


def meaning(items: Iterable[Json]) -> dict[str, Policy]:
    """Return policies as the evaluator reads them: what a field left out means is the same as what is written."""
    listed = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
    return {policy.name: policy for policy in parse_cluster([{**listed, **item} for item in items]).policies}


def rendered(space: str, given: Json, *, name: str = OURS) -> dict[str, Policy]:
    """Return what the policies mean that our chart renders for these values."""
    return meaning(documents(render_cache.template(Request((), name, space, CHART, json.dumps(given)))))


def versions(cluster: OnCluster, space: str) -> dict[str, tuple[str, str]]:
    """Return what tells whether a policy is the same object as before, and unchanged."""
    found = cluster.policies(space)
    return {name: (item["metadata"]["uid"], item["metadata"]["resourceVersion"]) for name, item in found.items()}


def vcluster_chart(folder: Path) -> Path:
    """Write a chart that stands in for vCluster's: its control plane, and its policies behind the same value.

    vCluster's own chart is in no registry that the tests use. Its four policies are those that our chart renders by
    default (`tests/situations/golden/default`), labelled as vCluster's.
    """
    given = {"policies": {"networkPolicy": {"enabled": True}}}
    items = documents(render_cache.template(Request((), NAME, "SPACE", CHART, json.dumps(given))))
    for item in items:
        item["metadata"]["labels"]["chart"] = "vcluster-0.31.0"
    policies = (
        yaml.safe_dump_all(items).replace("SPACE", "{{ .Release.Namespace }}").replace(NAME, "{{ .Release.Name }}")
    )
    labels = {"app": "vcluster", "release": "{{ .Release.Name }}"}
    plane = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "{{ .Release.Name }}", "labels": labels},
        "spec": {
            "serviceName": "{{ .Release.Name }}-headless",
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "syncer", "image": "ghcr.io/loft-sh/vcluster-pro"}]},
            },
        },
    }
    return write_chart(
        folder,
        {"name": "vcluster", "version": "0.31.0"},
        {"policies": {"networkPolicy": {"enabled": False}}},
        {
            "control-plane.yaml": yaml.safe_dump(plane),
            "policies.yaml": f"{{{{- if .Values.policies.networkPolicy.enabled }}}}\n{policies}{{{{- end }}}}\n",
        },
    )


def write_chart(folder: Path, about: Json, given: Json, templates: dict[str, str]) -> Path:
    """Write a chart, and return its folder."""
    place = folder / str(about["name"])
    (place / "templates").mkdir(parents=True)
    (place / "Chart.yaml").write_text(yaml.safe_dump({"apiVersion": "v2", **about}), encoding="utf-8")
    (place / "values.yaml").write_text(yaml.safe_dump(given), encoding="utf-8")
    for name, text in templates.items():
        (place / "templates" / name).write_text(text, encoding="utf-8")
    return place


def parent_chart(folder: Path, dependencies: list[Json], subcharts: Iterable[Path]) -> Path:
    """Write a chart that has others as subcharts."""
    place = write_chart(folder, {"name": "tenant", "version": "1.0.0", "dependencies": dependencies}, {}, {})
    for chart in subcharts:
        shutil.copytree(chart, place / "charts" / chart.name)
    return place
