"""NOTES.txt: what is closed, what is open, what was deprecated, and the warnings, each when it is true and only then."""

from __future__ import annotations

from functools import cache

import pytest
from rendering import Json, inline, isolating

from vcluster_isolation.helm import Request
from vcluster_isolation.notes import template_with_notes

METADATA = "Workloads reach cloud metadata at 169.254.169.254."
PLATFORM = "counts as vCluster Platform"
SYNC = {"toHost": {"networkPolicies": {"enabled": True}}}
# A sentence, values with which it is said, and the nearest values with which it is not.
SAID: dict[str, tuple[Json, Json]] = {
    "NOTHING IS ISOLATED: policies.networkPolicy.enabled is not true": ({}, isolating()),
    "The key `enabled` at the top only switches this chart on as a subchart.": ({"enabled": True}, {"enabled": False}),
    "A CNI that enforces NetworkPolicy has to run in the host cluster.": (isolating(), {}),
    "Keep policies.networkPolicy.enabled false in the values of the vCluster itself.": (isolating(), {}),
    "vc-cp-a, vc-snapshot-a, vc-work-a, vc-kube-dns-a\n": (
        isolating(),
        {**isolating(), "privateNodes": {"enabled": True}},
    ),
    "vc-cp-a, vc-snapshot-a, vc-work-a\n": (
        {**isolating(), "controlPlane": {"coredns": {"embedded": True}}},
        {**isolating(), "controlPlane": {"coredns": None}},
    ),
    "sync.toHost.networkPolicies is on: NetworkPolicies add up": ({**isolating(), "sync": SYNC}, isolating()),
    "sync.toHost.namespaces is on: workloads in namespaces of their own are not isolated": (
        {**isolating(), "sync": {"toHost": {"namespaces": {"enabled": True}}}},
        {**isolating(), "sync": SYNC},
    ),
    "privateNodes is on: workloads run on nodes of their own": (
        {**isolating(), "privateNodes": {"enabled": True}},
        isolating(),
    ),
    "policies.networkPolicy.labels: app, release are the chart's own labels": (
        isolating(labels={"release": "x", "app": "y", "z": "z"}),
        isolating(labels={"z": "z"}),
    ),
    "control plane <-> pods app: loft in any namespace (vCluster Platform), on any port": (
        isolating(),
        isolating(platform={"enabled": False}),
    ),
    PLATFORM: (isolating(), isolating(outgoingConnections={"platform": False})),
    "anyone --> control plane, TCP 8443 (controlPlane.apiAccess)": (
        isolating(controlPlane={"apiAccess": {"enabled": True}}),
        isolating(controlPlane={"apiAccess": {"enabled": True, "from": [{"podSelector": {}}]}}),
    ),
    "1 listed peers --> control plane, TCP 8443 (controlPlane.apiAccess)": (
        isolating(controlPlane={"apiAccess": {"enabled": True, "from": [{"podSelector": {}}]}}),
        isolating(controlPlane={"apiAccess": {"enabled": False, "from": [{"podSelector": {}}]}}),
    ),
    "workloads --> 1.0.0.0/8 except 1.2.0.0/16, on any port": (
        isolating(workload={"publicEgress": {"cidr": "1.0.0.0/8", "except": ["1.2.0.0/16"]}}),
        isolating(workload={"publicEgress": {"cidr": "1.0.0.0/8"}}),
    ),
    "workloads --> 0.0.0.0/0": (isolating(), isolating(workload={"publicEgress": {"enabled": False}})),
    "workloads --> peers of your own egress rules (2)": (
        isolating(workload={"egress": [{}, {}]}),
        isolating(workload={"egress": [{}]}),
    ),
    "peers of your own ingress rules (1) --> control plane": (
        isolating(controlPlane={"ingress": [{}]}),
        isolating(workload={"ingress": [{}]}),
    ),
    METADATA: (isolating(), isolating(workload={"publicEgress": {"except": ["169.254.0.0/16"]}})),
    f"{METADATA} Add": (
        isolating(workload={"publicEgress": {"cidr": "169.254.169.254/32"}}),
        isolating(workload={"publicEgress": {"cidr": "169.254.169.253/32"}}),
    ),
    "extraWorkloadRules --> workload.egress, since vCluster 0.31": (
        isolating(extraWorkloadRules=[]),
        isolating(extraWorkloadRules=None, extraControlPlaneRules=[]),
    ),
    "outgoingConnections.ipBlock.cidr --> workload.publicEgress.cidr, since vCluster 0.31": (
        isolating(outgoingConnections={"ipBlock": {"cidr": "0.0.0.0/0"}}),
        isolating(outgoingConnections={"ipBlock": {"except": []}}),
    ),
}


@cache
def notes_of(text: str) -> str:
    return template_with_notes(Request(name="a", namespace="ns", inline=text)).notes


@pytest.mark.parametrize("sentence", SAID)
def test_sentence_is_said_when_it_is_true(sentence: str) -> None:
    assert sentence in notes_of(inline(SAID[sentence][0]))


@pytest.mark.parametrize("sentence", SAID)
def test_sentence_is_not_said_when_it_is_not_true(sentence: str) -> None:
    assert sentence not in notes_of(inline(SAID[sentence][1]))


def test_notes_are_plain_text_without_template_left_or_broken_layout() -> None:
    for values in (isolating(), {}, isolating(extraWorkloadRules=[]), {**isolating(), "sync": SYNC}):
        text = notes_of(inline(values))
        assert text == text.strip() + "\n"
        assert "{{" not in text
        assert "\n\n\n" not in text
        assert "<no value>" not in text


# Each value that can be set, and a setting that must show in the manifests or in the notes.
EFFECTS: dict[str, Json] = {
    "vcluster.name": {**isolating(), "vcluster": {"name": "b"}},
    "policies.networkPolicy.enabled": {},
    "policies.networkPolicy.labels": isolating(labels={"a": "b"}),
    "policies.networkPolicy.annotations": isolating(annotations={"a": "b"}),
    "policies.networkPolicy.platform.enabled": isolating(platform={"enabled": False}),
    "policies.networkPolicy.controlPlane.apiAccess.enabled": isolating(controlPlane={"apiAccess": {"enabled": True}}),
    "policies.networkPolicy.controlPlane.apiAccess.from": isolating(
        controlPlane={"apiAccess": {"enabled": True, "from": [{"podSelector": {}}]}}
    ),
    "policies.networkPolicy.controlPlane.ingress": isolating(controlPlane={"ingress": [{}]}),
    "policies.networkPolicy.controlPlane.egress": isolating(controlPlane={"egress": [{}]}),
    "policies.networkPolicy.workload.publicEgress.enabled": isolating(workload={"publicEgress": {"enabled": False}}),
    "policies.networkPolicy.workload.publicEgress.cidr": isolating(workload={"publicEgress": {"cidr": "1.0.0.0/8"}}),
    "policies.networkPolicy.workload.publicEgress.except": isolating(workload={"publicEgress": {"except": []}}),
    "policies.networkPolicy.workload.ingress": isolating(workload={"ingress": [{}]}),
    "policies.networkPolicy.workload.egress": isolating(workload={"egress": [{}]}),
    "controlPlane.coredns.enabled": {**isolating(), "controlPlane": {"coredns": {"enabled": False}}},
    "controlPlane.coredns.embedded": {**isolating(), "controlPlane": {"coredns": {"embedded": True}}},
    "controlPlane.advanced.globalMetadata.annotations": {
        **isolating(),
        "controlPlane": {"advanced": {"globalMetadata": {"annotations": {"a": "b"}}}},
    },
    "privateNodes.enabled": {**isolating(), "privateNodes": {"enabled": True}},
    "sync.toHost.networkPolicies.enabled": {**isolating(), "sync": SYNC},
    "sync.toHost.namespaces.enabled": {**isolating(), "sync": {"toHost": {"namespaces": {"enabled": True}}}},
}


@pytest.mark.parametrize("path", EFFECTS)
def test_every_value_has_an_effect(path: str) -> None:
    usual = template_with_notes(Request(name="a", namespace="ns", inline=inline(isolating())))
    assert template_with_notes(Request(name="a", namespace="ns", inline=inline(EFFECTS[path]))) != usual
