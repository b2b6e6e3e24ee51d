"""What NOTES.txt says: each sentence with values that bring it about, and what each value changes in the notes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from tests.chart.matrix import everything, put
from tests.chart.oracle_values import SPECIAL_4
from tests.chart.rendering import Json, isolating
from vcluster_isolation.helm.notes import template_with_notes
from vcluster_isolation.helm.template import CHART, Request
from vcluster_isolation.vcluster.grant_rows import GrantRow, named_grants

METADATA = "Workloads reach cloud metadata at 169.254.169.254."
PLATFORM = "counts as vCluster Platform"
PRIVATE = "Workloads reach private addresses in"
PEERS: list[Json] = [{"podSelector": {}}]


def public(cidr: str, *excepted: str) -> Json:
    """Return values of which the workloads reach `cidr`; the default exceptions hold when there are no others."""
    block = {"cidr": cidr, "except": list(excepted)} if excepted else {"cidr": cidr}
    return isolating(workload={"publicEgress": block})


def everywhere(annotations: Json) -> Json:
    """Return values with annotations of everything that vCluster renders."""
    return {**isolating(), "controlPlane": {"advanced": {"globalMetadata": {"annotations": annotations}}}}


def admission(webhook: Json) -> Json:
    """Return values with a central admission webhook."""
    values = isolating()
    values["policies"] |= {"centralAdmission": {"validatingWebhooks": [{"webhooks": [webhook]}]}}
    return values


def guarded(**guard: Any) -> Json:
    """Return values with the guard."""
    return isolating(guard={"enabled": True, **guard})


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
    "sync.toHost.networkPolicies is on:": (
        {**guarded(networkPolicies={"enabled": False}), "sync": SYNC},
        {**guarded(), "sync": SYNC},
    ),
    "sync.toHost.networkPolicies is on: NetworkPolicies": (
        {**guarded(validationActions=["Warn", "Audit"]), "sync": SYNC},
        {**guarded(validationActions=["Audit", "Deny"]), "sync": SYNC},
    ),
    "and for the API server, a ValidatingAdmissionPolicy bound to ns, other:\n  vc-guard.ns.a\n": (
        isolating(guard={"enabled": True}, workload={"namespaces": ["other"]}),
        isolating(workload={"namespaces": ["other"]}),
    ),
    "and for the API server, a ValidatingAdmissionPolicy": (
        guarded(),
        {**guarded(), "privateNodes": {"enabled": True}},
    ),
    "guard: the host cluster needs Kubernetes 1.31 or later.": (guarded(), isolating()),
    "guard: nothing is refused, because guard.validationActions is Warn and Audit.": (
        guarded(validationActions=["Warn", "Audit"]),
        guarded(validationActions=["Audit", "Deny"]),
    ),
    "guard: requests that the guard cannot judge are let through, because guard.failurePolicy is Ignore.": (
        guarded(failurePolicy="Ignore"),
        guarded(failurePolicy="Fail"),
    ),
    "guard: these rules are off: guard.pods, guard.services.\n": (
        guarded(pods={"enabled": False}, services={"enabled": False}),
        guarded(pods={"enabled": False}),
    ),
    "guard: these rules are off": (guarded(addresses={"enabled": False}), guarded()),
    **{
        f"guard: these rules are off: guard.{rule}.\n": (guarded(**{rule: {"enabled": False}}), guarded())
        for rule in ("ownership", "networkPolicies", "labels", "templates", "endpoints")
    },
    "sync.toHost.namespaces is on: workloads in namespaces of their own are not isolated": (
        {**isolating(), "sync": {"toHost": {"namespaces": {"enabled": True}}}},
        {**isolating(), "sync": SYNC},
    ),
    "privateNodes is on: workloads run on nodes of their own": (
        {**isolating(), "privateNodes": {"enabled": True}},
        isolating(),
    ),
    "privateNodes.enabled is set: it needs\n    private nodes --> API, TCP 8443, which is closed.\n    "
    "Turn on policies.networkPolicy.controlPlane.apiAccess.\n": (
        {**isolating(), "privateNodes": {"enabled": True}},
        {**isolating(controlPlane={"apiAccess": {"enabled": True}}), "privateNodes": {"enabled": True}},
    ),
    "central admission webhook in the host cluster, which is closed.\n    "
    "Add a rule to policies.networkPolicy.controlPlane.egress.\n": (
        admission({"clientConfig": {"service": {"name": "w", "namespace": "hooks"}}}),
        admission({"clientConfig": {}}),
    ),
    "controlPlane.standalone.enabled is set:\n    the control plane is not a pod of the host cluster": (
        {**isolating(), "controlPlane": {"standalone": {"enabled": True}}},
        {**isolating(), "controlPlane": {"standalone": {"enabled": False}}},
    ),
    "experimental.multiNamespaceMode is on: workloads in namespaces of their own are not isolated,\n": (
        {**isolating(), "experimental": {"multiNamespaceMode": {"enabled": True}}},
        {**isolating(), "experimental": {"multiNamespaceMode": {"enabled": False}}},
    ),
    "and for its workloads in other, which must be there before them:\n  vc-work-a, vc-kube-dns-a\n": (
        {**isolating(), "experimental": {"syncSettings": {"targetNamespace": "other"}}},
        {**isolating(), "experimental": {"syncSettings": {"targetNamespace": "ns"}}},
    ),
    'sync.toHost.namespaces.mappings names no namespace with "h-*": workloads in': (
        {**isolating(), "sync": {"toHost": {"namespaces": {"enabled": True, "mappings": {"byName": {"v-*": "h-*"}}}}}},
        {**isolating(), "sync": {"toHost": {"namespaces": {"enabled": True, "mappings": {"byName": {"v": "h"}}}}}},
    ),
    "The host API server's address is not configured, so the control plane and snapshots\n": (
        isolating(profile="hardened"),
        isolating(profile="hardened", hostApiServer={"cidrs": ["34.118.224.0/28"]}),
    ),
    'controlPlane.advanced.globalMetadata.annotations: "helm.sh/hook" makes hooks, and is left out of the policies.': (
        everywhere({"helm.sh/hook": "pre-install"}),
        everywhere({"helm.sh/resource-policy": "keep"}),
    ),
    "Helm refuses the second of the two releases, and Argo CD and kubectl apply overwrite one with the other": (
        isolating(),
        {},
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
    "the listed peers (1) --> control plane, TCP 8443 (controlPlane.apiAccess)": (
        isolating(controlPlane={"apiAccess": {"enabled": True, "from": [{"podSelector": {}}]}}),
        isolating(controlPlane={"apiAccess": {"enabled": False, "from": [{"podSelector": {}}]}}),
    ),
    "workloads --> 1.0.0.0/8 except 1.2.0.0/16, on any port": (
        isolating(workload={"publicEgress": {"cidr": "1.0.0.0/8", "except": ["1.2.0.0/16"]}}),
        isolating(workload={"publicEgress": {"cidr": "1.0.0.0/8"}}),
    ),
    "workloads --> 0.0.0.0/0 except private, special-purpose and metadata ranges (16), on any port": (
        isolating(profile="hardened"),
        isolating(profile="hardened", workload={"publicEgress": {"except": SPECIAL_4[1:]}}),
    ),
    "except private, special-purpose and metadata ranges (16), 34.1.0.0/16, on any port": (
        isolating(profile="hardened", nodes={"cidrs": ["34.1.0.0/16"]}),
        isolating(profile="hardened"),
    ),
    "workloads --> 0.0.0.0/0": (isolating(), isolating(workload={"publicEgress": {"enabled": False}})),
    "workloads --> peers of your own egress rules (2, 1 of them to anywhere)": (
        isolating(workload={"egress": [{}, {"to": PEERS}]}),
        isolating(workload={"egress": [{"to": PEERS}, {"to": PEERS}]}),
    ),
    "workloads --> peers of your own egress rules (1)": (
        isolating(workload={"egress": [{"to": PEERS}]}),
        isolating(workload={"egress": [{"to": []}]}),
    ),
    "peers of your own ingress rules (1, 1 of them from anywhere) --> control plane": (
        isolating(controlPlane={"ingress": [{}]}),
        isolating(workload={"ingress": [{}]}),
    ),
    f"{METADATA} To close it, put 169.254.0.0/16 into\n    workload.publicEgress.except, beside the entries shown above: "
    "a list of yours replaces the default one.\n": (isolating(), public("0.0.0.0/0", "169.254.0.0/16")),
    f"{METADATA} To close it, put 169.254.0.0/16 into\n    outgoingConnections.ipBlock.except, beside": (
        isolating(outgoingConnections={"ipBlock": {"cidr": "0.0.0.0/0"}}),
        isolating(outgoingConnections={"platform": False}),
    ),
    METADATA: (public("169.254.169.254/32"), public("169.254.169.253/32")),
    "cloud metadata at 169.254": (public("0.0.0.0/0"), public("::/0")),
    f"{METADATA} To close it, put 169.254.0.0/16 into\n    workload.publicEgress.except.\n": (
        public("169.254.0.0/15"),
        public("169.254.0.0/16"),
    ),
    f"{METADATA} To close it, put 169.254.169.254/32 into\n    workload.publicEgress.except.\n": (
        public("169.254.0.0/16"),
        public("169.254.169.254/32"),
    ),
    f"{METADATA} To close it, set workload.publicEgress.enabled: false.": (
        public("169.254.169.254/32"),
        public("169.254.169.254/31"),
    ),
    "Workloads reach cloud metadata at fd00:ec2::254. To close it, put fd00:ec2::254/128 into": (
        public("::/0"),
        public("::/0", "fd00:ec2::/32"),
    ),
    "cloud metadata at fd00:ec2::254": (public("fd00:ec2::/32"), public("2000::/3")),
    f"{PRIVATE} 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10: pods of other tenants, nodes and services": (
        public("0.0.0.0/0", "1.0.0.0/8"),
        isolating(),
    ),
    f"{PRIVATE} 10.0.0.0/8, 100.64.0.0/10: ": (public("0.0.0.0/0", "128.0.0.0/1"), public("0.0.0.0/0", "0.0.0.0/1")),
    f"{PRIVATE} 10.0.0.0/8: ": (public("10.1.0.0/16", "10.1.1.0/24"), public("11.0.0.0/8")),
    f"{PRIVATE} fc00::/7: ": (public("fd00::/8"), public("2000::/3")),
    PRIVATE: (public("::/0"), public("::/0", "fc00::/6")),
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
def notes_of(text: str, chart: Path = CHART) -> str:
    return template_with_notes(Request(name="a", namespace="ns", inline=text, chart=chart)).notes


# Each value that can be set, and a setting that must show in the manifests or in the notes.
EFFECTS_OF_POLICY: dict[str, Json] = {
    "profile": {"profile": "hardened"},
    "platform.namespaces": {"platform": {"namespaces": ["loft"]}},
    "hostApiServer.cidrs": {"hostApiServer": {"cidrs": ["34.118.224.0/28"]}},
    "hostApiServer.ports": {"hostApiServer": {"ports": [6443]}},
    "nodes.cidrs": {"profile": "hardened", "nodes": {"cidrs": ["34.0.0.0/9"]}},
    "pods.cidrs": {"profile": "hardened", "pods": {"cidrs": ["34.0.0.0/9"]}},
    "hostDns.presets": {"hostDns": {"presets": ["openshift"]}},
    "hostDns.extra": {"hostDns": {"extra": PEERS}},
    "project.name": {"project": {"name": "p"}},
    "project.namespaceSelector": {"project": {"namespaceSelector": {"matchLabels": {"a": "b"}}}},
    "defaultDeny.enabled": {"defaultDeny": {"enabled": True}},
    "floor.enabled": {"floor": {"enabled": True}},
    "workload.publicEgress.extraExcept": {"workload": {"publicEgress": {"extraExcept": ["34.0.0.0/8"]}}},
    "workload.publicEgress.ipv6.enabled": {"workload": {"publicEgress": {"ipv6": {"enabled": True}}}},
    "workload.namespaces": {"workload": {"namespaces": ["other"]}},
    "coredns.ingress": {"coredns": {"ingress": [{}]}},
    "coredns.egress": {"coredns": {"egress": [{}]}},
    "snapshots.ingress": {"snapshots": {"ingress": [{}]}},
    "snapshots.egress": {"snapshots": {"egress": [{}]}},
}
# Each value that only says how something is that another one switches on, and a setting that must show then.
EFFECTS_OF_PARTS: dict[str, Any] = {
    "project.ports": [{"port": 1}],
    "floor.api": "ClusterNetworkPolicy/v1beta1",
    "floor.priority": 7,
    "workload.publicEgress.ipv6.cidr": "2600::/12",
    "workload.publicEgress.ipv6.except": ["2600::/12"],
    **{f"{row.path}.{row.peers}": PEERS for row in named_grants()},
    **{f"{row.path}.ports": [{"port": 1}] for row in named_grants() if row.has_ports},
}


# Each value of the guard, and a setting that must show once it is on.
EFFECTS_OF_GUARD: dict[str, Any] = {
    "failurePolicy": "Ignore",
    "validationActions": ["Warn", "Audit"],
    "creators": ["istio-system/istiod"],
    "reservedLabels": ["team"],
    "networkPolicies.from": ["198.51.100.0/24"],
    "networkPolicies.to": ["10.5.0.0/16"],
    "templates.resources": ["clusters.postgresql.cnpg.io"],
    "endpoints.cidrs": ["10.7.0.0/24"],
    "endpoints.services": ["b"],
    "services.externalNames": ["example.com"],
    **{
        f"{rule}.enabled": False
        for rule in (
            "ownership",
            "networkPolicies",
            "pods",
            "labels",
            "templates",
            "endpoints",
            "services",
            "addresses",
        )
    },
}


def with_guard(path: str, part: Any) -> Json:
    values = guarded()
    put(values, f"policies.networkPolicy.guard.{path}", part)
    return values


def with_part(path: str, part: Any) -> Json:
    values = everything(profile="hardened")
    put(values, f"policies.networkPolicy.{path}", part)
    return values


def switched(row: GrantRow) -> Json:
    """Return values with a grant on, or off where it is on by default."""
    values = isolating()
    put(values, f"policies.networkPolicy.{row.path}", {"enabled": not row.on_by_default, row.peers: PEERS})
    return values


# Values, or values and those that they are compared with instead of isolation by itself.
EFFECTS: dict[str, Json | tuple[Json, Json]] = {
    "vcluster.name": {**isolating(), "vcluster": {"name": "b"}},
    **{
        f"policies.networkPolicy.{path}": (with_part(path, part), everything(profile="hardened"))
        for path, part in EFFECTS_OF_PARTS.items()
    },
    "policies.networkPolicy.guard.enabled": guarded(),
    **{
        f"policies.networkPolicy.guard.{path}": (with_guard(path, part), guarded())
        for path, part in EFFECTS_OF_GUARD.items()
    },
    "controlPlane.advanced.serviceAccount.name": (
        {**guarded(), "controlPlane": {"advanced": {"serviceAccount": {"name": "tenant-a"}}}},
        guarded(),
    ),
    **{f"policies.networkPolicy.{row.path}.enabled": switched(row) for row in named_grants()},
    "policies.networkPolicy.fallbackDns": (
        isolating(profile="hardened", fallbackDns="1.1.1.1"),
        isolating(profile="hardened"),
    ),
    "policies.networkPolicy.enabled": {},
    "policies.networkPolicy.labels": isolating(labels={"a": "b"}),
    "policies.networkPolicy.annotations": isolating(annotations={"a": "b"}),
    "policies.networkPolicy.platform.enabled": isolating(platform={"enabled": False}),
    "policies.networkPolicy.controlPlane.ingress": isolating(controlPlane={"ingress": [{}]}),
    "policies.networkPolicy.controlPlane.egress": isolating(controlPlane={"egress": [{}]}),
    "policies.networkPolicy.workload.publicEgress.enabled": isolating(workload={"publicEgress": {"enabled": False}}),
    "policies.networkPolicy.workload.publicEgress.cidr": isolating(workload={"publicEgress": {"cidr": "1.0.0.0/8"}}),
    "policies.networkPolicy.workload.publicEgress.except": isolating(workload={"publicEgress": {"except": []}}),
    "policies.networkPolicy.workload.ingress": isolating(workload={"ingress": [{}]}),
    "policies.networkPolicy.workload.egress": isolating(workload={"egress": [{}]}),
    **{f"policies.networkPolicy.{path}": isolating(**policy) for path, policy in EFFECTS_OF_POLICY.items()},
    "controlPlane.coredns.enabled": {**isolating(), "controlPlane": {"coredns": {"enabled": False}}},
    "controlPlane.coredns.embedded": {**isolating(), "controlPlane": {"coredns": {"embedded": True}}},
    "controlPlane.advanced.globalMetadata.annotations": {
        **isolating(),
        "controlPlane": {"advanced": {"globalMetadata": {"annotations": {"a": "b"}}}},
    },
    "privateNodes.enabled": {**isolating(), "privateNodes": {"enabled": True}},
    "sync.toHost.networkPolicies.enabled": {**isolating(), "sync": SYNC},
    "sync.toHost.namespaces.enabled": {**isolating(), "sync": {"toHost": {"namespaces": {"enabled": True}}}},
    "sync.toHost.namespaces.mappings.byName": (
        {**isolating(), "sync": {"toHost": {"namespaces": {"enabled": True, "mappings": {"byName": {"v": "h"}}}}}},
        {**isolating(), "sync": {"toHost": {"namespaces": {"enabled": True}}}},
    ),
    "experimental.multiNamespaceMode.enabled": {
        **isolating(),
        "experimental": {"multiNamespaceMode": {"enabled": True}},
    },
    "experimental.syncSettings.targetNamespace": {
        **isolating(),
        "experimental": {"syncSettings": {"targetNamespace": "other"}},
    },
}
