"""The seed's documents, example by example: what they show is what we render."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.chart import oracle
from tests.chart.rendering import isolating, policies, refusals, schema_refusal
from tests.chart.seed_values import TODAY, V0_30

# The two policies that vCluster's documentation shows for 0.31, as it shows them, for a vCluster called `{name}`.
DOCUMENTED = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: vc-work-{name}
  namespace: vcluster-{name}
  labels: {app: vcluster, chart: vcluster-0.31.0, heritage: Helm, release: "{name}"}
spec:
  podSelector: {matchLabels: {vcluster.loft.sh/managed-by: "{name}"}}
  policyTypes: [Egress, Ingress]
  egress:
    - ports:
        - {port: 1053, protocol: UDP}
        - {port: 1053, protocol: TCP}
        - {port: 8443, protocol: TCP}
      to:
        - podSelector: {matchLabels: {release: "{name}"}}
    - to:
        - podSelector: {matchLabels: {vcluster.loft.sh/managed-by: "{name}"}}
    - to:
        - ipBlock:
            cidr: 0.0.0.0/0
            except: [100.64.0.0/10, 127.0.0.0/8, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]
  ingress:
    - from:
        - podSelector: {matchLabels: {release: "{name}"}}
    - from:
        - podSelector: {matchLabels: {vcluster.loft.sh/managed-by: "{name}"}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: vc-cp-{name}
  namespace: vcluster-{name}
  labels: {app: vcluster, chart: vcluster-0.31.0, heritage: Helm, release: "{name}"}
spec:
  podSelector: {matchLabels: {release: "{name}"}}
  policyTypes: [Egress, Ingress]
  egress:
    - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
          podSelector: {matchLabels: {k8s-app: kube-dns}}
    - ports:
        - {port: 443, protocol: TCP}
        - {port: 8443, protocol: TCP}
        - {port: 6443, protocol: TCP}
    - to:
        - podSelector: {matchLabels: {release: "{name}"}}
    - to:
        - podSelector: {matchLabels: {vcluster.loft.sh/managed-by: "{name}"}}
    - to:
        - podSelector: {matchLabels: {app: loft}}
          namespaceSelector: {}
  ingress:
    - from:
        - podSelector: {matchLabels: {release: "{name}"}}
    - ports:
        - {port: 1053, protocol: UDP}
        - {port: 1053, protocol: TCP}
        - {port: 8443, protocol: TCP}
      from:
        - podSelector: {matchLabels: {vcluster.loft.sh/managed-by: "{name}"}}
    - from:
        - podSelector: {matchLabels: {app: vcluster-snapshot}}
    - from:
        - podSelector: {matchLabels: {app: loft}}
          namespaceSelector: {}
"""


@pytest.mark.parametrize("name", ["team-a", "123", "true"])
def test_the_documented_policies_are_rendered_as_documented(name: str) -> None:
    rendered = policies(isolating(), name=name, namespace=f"vcluster-{name}")
    for documented in yaml.safe_load_all(DOCUMENTED.replace("{name}", name)):
        documented["metadata"]["labels"]["chart"] = "vcluster-isolation-0.1.0"  # the one thing that is ours
        assert rendered[documented["metadata"]["name"]] == documented


def test_the_other_two_of_the_four_policies_are_there() -> None:
    assert set(policies(isolating())) == {"vc-work-a", "vc-cp-a", "vc-kube-dns-a", "vc-snapshot-a"}


def test_nothing_is_rendered_by_default() -> None:
    assert policies({}) == {}


def rule(pod: dict[str, Any], direction: str, index: int = -1) -> Any:
    return pod["spec"][direction][index]


def test_custom_ingress_and_egress_rules() -> None:
    destination = {"ipBlock": {"cidr": "172.19.10.23/32"}}
    to_one_port = {"to": [destination], "ports": [{"port": 7777, "protocol": "TCP"}]}
    anywhere = {"ports": [{"port": 6060}, {"port": 444}]}
    workload = {
        "ingress": [anywhere],
        "egress": [to_one_port],
        "publicEgress": {"enabled": False},
    }
    control_plane = {"ingress": [{"ports": [{"port": 8443}]}], "egress": [{"to": [destination]}]}
    rendered = policies(isolating(workload=workload, controlPlane=control_plane))
    assert rule(rendered["vc-work-a"], "ingress") == anywhere
    assert rule(rendered["vc-work-a"], "egress") == to_one_port
    assert len(rendered["vc-work-a"]["spec"]["egress"]) == 3, "control plane, workloads, and the user's: nothing public"
    assert rule(rendered["vc-cp-a"], "ingress") == {"ports": [{"port": 8443}]}
    assert rule(rendered["vc-cp-a"], "egress") == {"to": [destination]}


def test_custom_labels_and_annotations() -> None:
    labels = {"environment": "production", "team": "platform"}
    annotations = {"description": "Network isolation for production vCluster"}
    for manifest in policies(isolating(labels=labels, annotations=annotations)).values():
        assert manifest["metadata"]["labels"].items() > labels.items()
        assert manifest["metadata"]["annotations"] == annotations


def test_dns_is_on_1053_and_never_on_53() -> None:
    values = isolating(workload={"publicEgress": {"enabled": False}})
    ports = [
        port["port"]
        for manifest in policies(values).values()
        for direction in ("ingress", "egress")
        for entry in manifest["spec"].get(direction, [])
        for port in entry.get("ports", [])
    ]
    assert 1053 in ports
    assert 53 not in ports


def test_the_projects_label_of_a_virtual_cluster_template() -> None:
    labels = {"vcluster.io/project": "{{ .Values.loft.project }}"}
    values = {**isolating(labels=labels), "loft": {"project": "team-x"}}
    for manifest in policies(values).values():
        assert manifest["metadata"]["labels"]["vcluster.io/project"] == "team-x"


def test_the_v0_30_example_and_its_migration_render_the_same() -> None:
    assert policies(isolating(**V0_30)) == policies(isolating(**TODAY)) == oracle.expected(isolating(**TODAY))


def test_the_migration_example_installs_because_default_exceptions_outside_cidr_are_left_out() -> None:
    block = policies(isolating(**TODAY))["vc-work-a"]["spec"]["egress"][2]["to"][0]["ipBlock"]
    assert block == {"cidr": "172.19.10.23/32"}


def test_v0_30_platform_toggle_is_honoured() -> None:
    values = isolating(outgoingConnections={"platform": False})
    assert policies(values) == policies(isolating(platform={"enabled": False}))


def test_the_config_reference_with_all_its_defaults_is_accepted() -> None:
    reference = {
        "enabled": True,
        "fallbackDns": "8.8.8.8",
        "outgoingConnections": {
            "ipBlock": {"cidr": "0.0.0.0/0", "except": oracle.DEFAULT_EXCEPT},
            "platform": True,
        },
        "extraControlPlaneRules": [],
        "extraWorkloadRules": [],
        "annotations": {},
        "labels": {},
    }
    values = {"policies": {"networkPolicy": reference}}
    assert schema_refusal(values) == ""
    assert refusals(values) == []
    assert policies(values) == policies(isolating())
