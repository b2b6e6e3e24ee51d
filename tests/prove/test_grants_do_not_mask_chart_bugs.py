"""A grant or an exception excuses those it is for: not a workload that passes for them, and no bug of the chart."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from vcluster_isolation.helm.template import CHART, Request
from vcluster_isolation.prove.prove import prove
from vcluster_isolation.subject.subject import of_values

SERVER = {"cidrs": ["10.20.0.5/32"]}
LOCAL = {"presets": ["kube-dns", "node-local"]}


def statuses(place: Path, policy: dict[str, Any], *, chart: Path = CHART, **root: Any) -> dict[str, str]:
    """Return what becomes of each claim with these values under policies.networkPolicy."""
    values = place / "values.yaml"
    values.write_text(yaml.safe_dump({"policies": {"networkPolicy": {"enabled": True, **policy}}, **root}))
    return {one.claim.name: one.status for one in prove(of_values(Request((values,), "a", "ns", chart)))}


def broken_chart(place: Path, file: str, old: str, new: str) -> Path:
    """Return a copy of the chart with a bug."""
    copy = shutil.copytree(CHART, place / "chart")
    text = (copy / "templates" / file).read_text()
    assert text.count(old) == 1
    (copy / "templates" / file).write_text(text.replace(old, new))
    return copy


FORGEABLE = (
    "vcluster/snapshots.yaml",
    """    {{- with include "vcluster-isolation.not-synced" . }}{{ . | nindent 4 }}{{ end }}\n""",
    "",
)
"""The snapshot policy selects whatever pod calls itself one, as in the compatible profile."""


def test_where_the_api_server_is_excuses_no_workload_that_passes_for_a_snapshot(tmp_path: Path) -> None:
    assert statuses(tmp_path, {"hostApiServer": SERVER})["workload-to-api-server"] == "FAILS"


def test_a_further_resolver_does_not_excuse_the_one_that_is_there_anyway(tmp_path: Path) -> None:
    assert statuses(tmp_path, {"hostApiServer": SERVER, "hostDns": LOCAL})["workload-to-host-dns"] == "FAILS"


@pytest.mark.parametrize("server", [SERVER, {}], ids=["granted", "known-gap"])
def test_a_forgeable_selector_is_found_whatever_the_user_names(tmp_path: Path, server: dict[str, Any]) -> None:
    chart = broken_chart(tmp_path, *FORGEABLE)
    found = statuses(tmp_path, {"profile": "hardened", "hostApiServer": server, "hostDns": LOCAL}, chart=chart)
    assert {found[name] for name in ("workload-to-api-server", "workload-to-private")} == {"FAILS"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "{{- $expressions := append ($selector.matchExpressions | default list) $own }}",
            "{{- $expressions := list }}",
        ),
        ('(dict "matchLabels" $label)', "(dict)"),
    ],
    ids=["a tenant's own label", "every namespace"],
)
def test_a_project_excuses_nobody_outside_of_it(tmp_path: Path, old: str, new: str) -> None:
    chart = broken_chart(tmp_path, "vcluster/_namespaces.tpl", old, new)
    policy = {"profile": "hardened", "hostApiServer": SERVER, "project": {"name": "shop"}}
    assert statuses(tmp_path, policy, chart=chart)["project-outsiders"] == "FAILS"
    assert statuses(tmp_path, policy)["project-outsiders"] == "holds"


@pytest.mark.parametrize(
    ("name", "root"),
    [
        ("{{ .Release.Namespace }}", {}),
        ("{{ .Release.Name }}-{{ .Values.loft.project }}", {"loft": {"project": True}}),
        ("p{{ .Values.loft.project }}", {"loft": {"project": 1000.0}}),
    ],
)
def test_a_project_is_called_what_the_chart_calls_it(tmp_path: Path, name: str, root: dict[str, Any]) -> None:
    policy = {"profile": "hardened", "hostApiServer": SERVER, "project": {"name": name}}
    found = statuses(tmp_path, policy, **root)
    assert (found["project-peers"], found["project-outsiders"]) == ("holds", "holds")


SYNC: dict[str, Any] = {"sync": {"toHost": {"namespaces": {"enabled": True}}}}


@pytest.mark.parametrize("name", ["a-synced-namespace", "elsewhere", "free-namespace"])
def test_no_namespace_name_hides_a_namespace_that_nobody_named(tmp_path: Path, name: str) -> None:
    policy = {"profile": "hardened", "hostApiServer": SERVER, "workload": {"namespaces": [name]}}
    assert list(statuses(tmp_path, policy, **SYNC).values()).count("FAILS") == 14
    assert "FAILS" not in statuses(tmp_path, policy).values()


def test_where_there_is_no_host_dns_no_claim_is_about_it(tmp_path: Path) -> None:
    policy = {"profile": "hardened", "hostApiServer": SERVER, "hostDns": {"presets": []}}
    assert "FAILS" not in statuses(tmp_path, policy).values()


def test_default_deny_closes_strays_in_mapped_namespaces_too(tmp_path: Path) -> None:
    policy = {"profile": "hardened", "hostApiServer": SERVER, "defaultDeny": {"enabled": True}}
    found = statuses(tmp_path, {**policy, "workload": {"namespaces": ["team-x"]}})
    assert found["namespace-closed"] == "holds"


def test_a_tenant_in_the_platforms_namespace_is_no_platform(tmp_path: Path) -> None:
    peers = """  podSelector:
    matchLabels:
      app: loft
    {{- with include "vcluster-isolation.not-synced" . }}{{ . | nindent 4 }}{{ end }}
"""
    chart = broken_chart(tmp_path, "vcluster/_peers.tpl", peers, peers.rsplit("    {{-", 1)[0])
    policy = {"profile": "hardened", "hostApiServer": SERVER}
    assert statuses(tmp_path, policy, chart=chart)["tenants-to-control-plane"] == "FAILS"
    assert statuses(tmp_path, policy)["tenants-to-control-plane"] == "holds"
