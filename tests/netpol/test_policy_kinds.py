"""The table of policy kinds: what it says of the kinds of the field, and what is assumed of kinds that it does not have."""

from __future__ import annotations

import re
import subprocess
from shutil import which

import pytest

from vcluster_isolation.docs.blocks import renew
from vcluster_isolation.netpol.parse.parse import READ_POLICIES
from vcluster_isolation.netpol.policy_kinds import (
    CLUSTER,
    MEANINGS,
    NAMESPACED,
    NONE,
    OPENS_AND_CLOSES,
    OTHER_INTERFACES,
    STAGED,
    UNKNOWN,
    mirrors,
    policy_kind,
    policy_kinds,
    resource_pattern,
)
from vcluster_isolation.tools import PROJECT


def test_what_the_table_calls_evaluated_is_what_is_read() -> None:
    rows = (row for row in policy_kinds() if row.evaluated)
    kinds = {(f"{row.group}/{version}", kind) for row in rows for version in row.versions for kind in row.kinds}
    assert kinds == READ_POLICIES


def test_each_row_is_complete_and_says_something_that_has_a_meaning() -> None:
    for row in policy_kinds():
        assert row.effect in MEANINGS, row
        assert row.scope in (NAMESPACED, CLUSTER), row
        assert row.versions, row
        assert row.kinds, row
        assert row.enforced_by, row
        assert re.fullmatch(r"https://[^ ]+", row.source), row
        assert isinstance(row.evaluated, bool), row
        assert row.kinds != ("*",) or row.effect == NONE, "a whole group can only be without effect"
        assert not row.evaluated or "*" not in row.versions, "an unknown version means something that is not known"


def test_no_kind_has_two_rows() -> None:
    keys = [(row.group, version, kind) for row in policy_kinds() for version in row.versions for kind in row.kinds]
    assert len(keys) == len(set(keys))
    named = {(row.group, kind) for row in policy_kinds() if "*" in row.versions for kind in row.kinds}
    assert not {key for key in keys if key[1] != "*" and (key[0], key[2]) in named}


@pytest.mark.parametrize(
    ("api_version", "kind", "effect", "scope"),
    [
        ("cilium.io/v2", "CiliumNetworkPolicy", OPENS_AND_CLOSES, NAMESPACED),
        ("cilium.io/v3alpha1", "CiliumNetworkPolicy", OPENS_AND_CLOSES, NAMESPACED),
        ("cilium.io/v2", "CiliumClusterwideNetworkPolicy", OPENS_AND_CLOSES, CLUSTER),
        ("cilium.io/v2", "CiliumEgressGatewayPolicy", "closes", CLUSTER),
        ("projectcalico.org/v3", "NetworkPolicy", OPENS_AND_CLOSES, NAMESPACED),
        ("crd.projectcalico.org/v1", "GlobalNetworkPolicy", OPENS_AND_CLOSES, CLUSTER),
        ("projectcalico.org/v3", "StagedKubernetesNetworkPolicy", STAGED, CLUSTER),
        ("projectcalico.org/v3", "Tier", NONE, CLUSTER),
        ("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", OPENS_AND_CLOSES, CLUSTER),
        ("networking.k8s.aws/v1alpha1", "ApplicationNetworkPolicy", OPENS_AND_CLOSES, NAMESPACED),
        ("k8s.ovn.org/v1", "EgressFirewall", "closes", NAMESPACED),
        ("security.istio.io/v1", "AuthorizationPolicy", "closes", CLUSTER),
        ("k8s.cni.cncf.io/v1beta1", "MultiNetworkPolicy", OTHER_INTERFACES, NAMESPACED),
        ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", NONE, CLUSTER),
        ("kyverno.io/v1", "ClusterPolicy", NONE, CLUSTER),
        ("policies.kyverno.io/v1", "NamespacedValidatingPolicy", NONE, CLUSTER),
        ("policy/v1beta1", "PodSecurityPolicy", NONE, CLUSTER),
        ("gateway.networking.k8s.io/v1", "BackendTLSPolicy", NONE, NAMESPACED),
        ("gateway.networking.k8s.io/v1", "BackendTLSPolicyList", NONE, NAMESPACED),
    ],
)
def test_kinds_of_the_field_are_known(api_version: str, kind: str, effect: str, scope: str) -> None:
    row = policy_kind(api_version, kind)
    assert row is not None
    assert (row.effect, row.scope) == (effect, scope)


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("foo.example.com/v1", "WeirdPolicy"),
        ("foo.example.com/v1", "WeirdPolicyList"),
        ("foo.example.com/v1", "HostFirewall"),
        ("foo.example.com/v1", "Tier"),
        ("foo.example.com/v1", "weirdpolicy"),
        ("v1", "Policy"),
        ("networking.k8s.io/v2", "NetworkPolicy"),
        ("extensions/v1beta1", "NetworkPolicy"),
        ("policy.networking.k8s.io/v1", "ClusterNetworkPolicy"),
        ("policy.networking.k8s.io/v1alpha2", "AdminNetworkPolicy"),
        ("networking.k8s.aws/v1", "ClusterNetworkPolicy"),
        ("kyverno.io/v1", "NetworkPolicy"),
        ("cilium.io.evil.example/v2", "CiliumBGPPeeringPolicy"),
        ("/v1", "KyvernoPolicy"),
    ],
)
def test_a_kind_that_is_not_known_may_do_whatever_it_likes(api_version: str, kind: str) -> None:
    assert policy_kind(api_version, kind) is UNKNOWN
    assert (UNKNOWN.effect, UNKNOWN.scope) == (OPENS_AND_CLOSES, CLUSTER)


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [("v1", "Service"), ("policy/v1", "PodDisruptionBudget"), ("apps/v1", "Deployment"), ("x.io/v1", "PolicyReport")],
)
def test_other_kinds_are_no_policies(api_version: str, kind: str) -> None:
    assert policy_kind(api_version, kind) is None


def test_resources_are_called_as_api_servers_call_them() -> None:
    names = {name for row in policy_kinds() for name in row.resources()}
    assert {
        "ciliumnetworkpolicies.cilium.io",
        "egressqoses.k8s.ovn.org",
        "hostendpoints.projectcalico.org",
        "serviceintentions.consul.hashicorp.com",
        "tiers.crd.antrea.io",
    } <= names


ASKED = ["namespaces", "pods", "networkpolicies.networking.k8s.io", "weirdpolicies.foo.example.com", "tiers.a.b"]
NOT_ASKED = [
    "pods.metrics.k8s.io",
    "secrets",
    "services",
    "policyreports.wgpolicyk8s.io",
    "hostendpointsXprojectcalico.org",
]


def test_the_documented_command_asks_for_every_kind_that_may_change_something() -> None:
    needed = [name for row in policy_kinds() if row.matters for name in row.resources()]
    listed = [*ASKED, *NOT_ASKED, *needed]
    found = subprocess.run(
        [str(which("grep")), "-E", resource_pattern()],
        input="\n".join(listed),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert found == [*ASKED, *needed]


def test_mirrors_are_of_policies_that_are_read() -> None:
    assert {row.of for row in mirrors()} <= {kind for _, kind in READ_POLICIES}
    assert all(policy_kind(f"{row.group}/v3", row.kind) is not None for row in mirrors())


def test_the_page_about_kinds_is_fresh() -> None:
    path = PROJECT / "docs" / "policy-kinds.md"
    shown = path.read_text(encoding="utf-8")
    assert renew(shown, "x") == (shown, []), "refresh with: vcluster-isolation docs write docs/policy-kinds.md"
