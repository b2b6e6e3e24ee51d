"""What the chart refuses: values, what is said of them, and the nearest values that are accepted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.chart import refused_grants, refused_guard
from tests.chart.rendering import Json, isolating
from vcluster_isolation.helm import template as helm

NP = "policies.networkPolicy"
CIDR_HELP = "write an address without leading zeros and a prefix length, like 10.0.0.0/8 or 2001:db8::/32"
ONLY = "only {{ .Values.a.b }}, {{ .Release.Name }} and {{ .Release.Namespace }} are"


# The last number that a JSON reader keeps exact (RFC 8259, section 6), and its neighbours of both signs.
NUMBERS = {"exact": 2**53 - 1, "inexact": 2**53 + 1, "below": -(2**53) - 1}
SWITCH = "is neither true nor false; write one of the two, without quotes"


def public(**block: Any) -> Json:
    return isolating(workload={"publicEgress": block})


def peer(cidr: str, *excepted: str) -> Json:
    block = {"cidr": cidr, "except": list(excepted)} if excepted else {"cidr": cidr}
    return isolating(controlPlane={"egress": [{"to": [{"ipBlock": block}]}]})


def label(value: str) -> Json:
    return {
        **isolating(labels={"k": value}),
        "loft": {"project": "p", "count": 3, "on": True, "map": {"a": 1}, "text": "{{ x }}", "none": "", **NUMBERS},
    }


def port(**fields: Any) -> Json:
    return isolating(workload={"ingress": [{"ports": [fields]}]})


# What is refused, with the whole refusal, and the nearest thing that is accepted.
REFUSED: dict[str, tuple[Json, str, Json]] = {
    "except outside cidr": (
        public(cidr="172.16.0.0/12", **{"except": ["172.16.1.0/24", "203.0.113.0/24"]}),
        f"{NP}.workload.publicEgress.except[1]: 203.0.113.0/24 is not inside cidr 172.16.0.0/12; remove it or widen cidr",
        public(cidr="172.16.0.0/12", **{"except": ["172.16.1.0/24"]}),
    ),
    "except wider than cidr": (
        public(cidr="10.1.0.0/16", **{"except": ["10.0.0.0/8"]}),
        f"{NP}.workload.publicEgress.except[0]: 10.0.0.0/8 is not inside cidr 10.1.0.0/16; remove it or widen cidr",
        public(cidr="10.0.0.0/8", **{"except": ["10.1.0.0/16"]}),
    ),
    "except as wide as cidr": (
        peer("2001:db8::/32", "2001:db8::/32"),
        f"{NP}.controlPlane.egress[0].to[0].ipBlock.except[0]: 2001:db8::/32 is all of cidr 2001:db8::/32; remove the rule, or narrow the entry",
        peer("2001:db8::/32", "2001:db8::/33"),
    ),
    "except of the other family": (
        peer("0.0.0.0/0", "::/1"),
        f"{NP}.controlPlane.egress[0].to[0].ipBlock.except[0]: ::/1 is not inside cidr 0.0.0.0/0; remove it or widen cidr",
        peer("::/0", "::/1"),
    ),
    "host bits": (
        peer("10.1.2.3/8"),
        f"{NP}.controlPlane.egress[0].to[0].ipBlock.cidr: 10.1.2.3/8 has bits set beyond its prefix length; "
        "write the first address of the network, or /32 for this one address",
        peer("10.1.2.3/32"),
    ),
    "host bits in IPv6": (
        peer("2001:db8::1/127"),
        f"{NP}.controlPlane.egress[0].to[0].ipBlock.cidr: 2001:db8::1/127 has bits set beyond its prefix length; "
        "write the first address of the network, or /128 for this one address",
        peer("2001:db8::2/127"),
    ),
    "IPv4 in IPv6 form": (
        peer("::ffff:10.0.0.0/104"),
        f"{NP}.controlPlane.egress[0].to[0].ipBlock.cidr: ::ffff:10.0.0.0/104 is an IPv4 address in IPv6 form; write it as IPv4",
        peer("::fffe:10.0.0.0/104"),
    ),
    "an IPv6 address with two gaps": (
        peer("1::2::/64"),
        f'{NP}.controlPlane.egress[0].to[0].ipBlock.cidr: "1::2::/64" is not a CIDR; {CIDR_HELP}',
        peer("1:2::/64"),
    ),
    "an IPv6 address with gaps and eight groups": (
        peer("1:2:3:4:5:6:7:8::1::2/128"),
        f'{NP}.controlPlane.egress[0].to[0].ipBlock.cidr: "1:2:3:4:5:6:7:8::1::2/128" is not a CIDR; {CIDR_HELP}',
        peer("1:2:3:4:5:6:7:8/128"),
    ),
    "endPort below port": (
        port(port=8080, endPort=8079),
        f"{NP}.workload.ingress[0].ports[0].endPort: 8079 is below port 8080; swap the two, or remove endPort",
        port(port=8080, endPort=8080),
    ),
    "a peer of the API": (
        isolating(controlPlane={"apiAccess": {"enabled": True, "from": [{"ipBlock": {"cidr": "10.0.0.1/31"}}]}}),
        f"{NP}.controlPlane.apiAccess.from[0].ipBlock.cidr: 10.0.0.1/31 has bits set beyond its prefix length; "
        "write the first address of the network, or /32 for this one address",
        isolating(controlPlane={"apiAccess": {"enabled": True, "from": [{"ipBlock": {"cidr": "10.0.0.0/31"}}]}}),
    ),
    "a deprecated rule, by the name that the user wrote": (
        isolating(extraWorkloadRules=[{"ports": [{"port": 2, "endPort": 1}]}]),
        f"{NP}.extraWorkloadRules[0].ports[0].endPort: 1 is below port 2; swap the two, or remove endPort",
        isolating(extraWorkloadRules=[{"ports": [{"port": 1, "endPort": 2}]}]),
    ),
    "a deprecated rule of the control plane, by the name that the user wrote": (
        isolating(extraControlPlaneRules=[{"ports": [{"port": 2, "endPort": 1}]}]),
        f"{NP}.extraControlPlaneRules[0].ports[0].endPort: 1 is below port 2; swap the two, or remove endPort",
        isolating(extraControlPlaneRules=[{"ports": [{"port": 2}]}]),
    ),
    "a deprecated except, by the name that the user wrote": (
        isolating(outgoingConnections={"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/8"]}}),
        f"{NP}.outgoingConnections.ipBlock.except[0]: 11.0.0.0/8 is not inside cidr 10.0.0.0/8; remove it or widen cidr",
        isolating(outgoingConnections={"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}),
    ),
    "fallbackDns that is a name": (
        isolating(fallbackDns="dns.example.com"),
        f'{NP}.fallbackDns: "dns.example.com" is not an IP address; write one, like 8.8.8.8 or 2001:4860:4860::8888',
        isolating(fallbackDns="2001:4860:4860::8888"),
    ),
    "fallbackDns with a leading zero": (
        isolating(fallbackDns="8.8.8.08"),
        f'{NP}.fallbackDns: "8.8.8.08" is not an IP address; write one, like 8.8.8.8 or 2001:4860:4860::8888',
        isolating(fallbackDns="8.8.8.80"),
    ),
    "fallbackDns with a sign": (
        isolating(fallbackDns="-1.1.1.1"),
        f'{NP}.fallbackDns: "-1.1.1.1" is not an IP address; write one, like 8.8.8.8 or 2001:4860:4860::8888',
        isolating(fallbackDns="1.1.1.1"),
    ),
    "a reference to nothing": (
        label("{{ .Values.loft.projekt }}"),
        f'{NP}.labels["k"]: "{{{{ .Values.loft.projekt }}}}" refers to nothing that can be put here; set loft.projekt to a text or a number',
        label("{{ .Values.loft.project }}"),
    ),
    "a reference to an empty text": (
        label("{{ .Values.loft.none }}"),
        f'{NP}.labels["k"]: "{{{{ .Values.loft.none }}}}" refers to nothing that can be put here; set loft.none to a text or a number',
        label("{{ .Values.loft.count }}"),
    ),
    "a reference to a map": (
        label("{{ .Values.loft.map }}"),
        f'{NP}.labels["k"]: "{{{{ .Values.loft.map }}}}" refers to nothing that can be put here; set loft.map to a text or a number',
        label("{{ .Values.loft.map.a }}"),
    ),
    "a reference to another reference": (
        label("{{ .Values.loft.text }}"),
        f'{NP}.labels["k"]: "{{{{ .Values.loft.text }}}}" refers to nothing that can be put here; set loft.text to a text or a number',
        label("{{ .Values.loft.on }}"),
    ),
    "a template function": (
        label('{{ lookup "v1" "Secret" "kube-system" "" }}'),
        f'{NP}.labels["k"]: "{{{{ lookup \\"v1\\" \\"Secret\\" \\"kube-system\\" \\"\\" }}}}" is not understood; {ONLY}',
        label("{{ .Release.Name }}"),
    ),
    "a pipeline": (
        label("{{ .Values.loft.project | upper }}"),
        f'{NP}.labels["k"]: "{{{{ .Values.loft.project | upper }}}}" is not understood; {ONLY}',
        label("{{.Values.loft.project}}-{{ .Release.Namespace }}"),
    ),
    "another built-in object": (
        label("{{ .Chart.Name }}"),
        f'{NP}.labels["k"]: "{{{{ .Chart.Name }}}}" is not understood; {ONLY}',
        label("{{ .Release.Namespace }}"),
    ),
    "an opening without a reference": (
        label("{{"),
        f'{NP}.labels["k"]: opens {{{{ without a reference; write {{{{ .Values.a.b }}}}, {{{{ .Release.Name }}}} or {{{{ .Release.Namespace }}}}',
        label("x"),
    ),
    "a label that no label value is": (
        label("-{{ .Values.loft.project }}"),
        f"{NP}.labels[\"k\"]: \"-p\" is not a label value; use letters, digits, '-', '_' and '.', with a letter or digit at both ends",
        label("x-{{ .Values.loft.project }}"),
    ),
    "a label with a line break at its end": (
        label("p\n"),
        f"{NP}.labels[\"k\"]: \"p\\n\" is not a label value; use letters, digits, '-', '_' and '.', with a letter or digit at both ends",
        label("p"),
    ),
    "a label that gets too long": (
        label("{{ .Values.loft.project }}" + 63 * "x"),
        f'{NP}.labels["k"]: "p{63 * "x"}" has 64 characters; a label value has at most 63',
        label("{{ .Values.loft.project }}" + 62 * "x"),
    ),
    "an annotation with a template": (
        isolating(annotations={"k": "{{ env }}"}),
        f'{NP}.annotations["k"]: "{{{{ env }}}}" is not understood; {ONLY}',
        isolating(annotations={"k": "}} env {"}),
    ),
    "a number that came in rounded": (
        label("{{ .Values.loft.inexact }}"),
        f'{NP}.labels["k"]: "{{{{ .Values.loft.inexact }}}}" refers to a number that is not exact; put quotes around loft.inexact',
        label("{{ .Values.loft.exact }}"),
    ),
    "a number below zero that came in rounded": (
        isolating(annotations={"k": "{{ .Values.loft.below }}"}) | {"loft": NUMBERS},
        f'{NP}.annotations["k"]: "{{{{ .Values.loft.below }}}}" refers to a number that is not exact; put quotes around loft.below',
        isolating(annotations={"k": "{{ .Values.loft.exact }}"}) | {"loft": NUMBERS},
    ),
    "a long label, cut": (
        label("x" * 81),
        f'{NP}.labels["k"]: "{"x" * 80}"… has 81 characters; a label value has at most 63',
        label("x" * 63),
    ),
    "a label of the greatest length that is shown whole": (
        label("x" * 80),
        f'{NP}.labels["k"]: "{"x" * 80}" has 80 characters; a label value has at most 63',
        label("x" * 63),
    ),
    "a long reference, cut": (
        label("{{ .Values." + "x" * 90 + " }}"),
        f'{NP}.labels["k"]: "{{{{ .Values.{"x" * 69}"… refers to nothing that can be put here; set {"x" * 80} to a text or a number',
        label("{{ .Values.loft.on }}"),
    ),
    "an annotation that makes Helm hooks": (
        isolating(annotations={"helm.sh/hook": "pre-install"}),
        f'{NP}.annotations["helm.sh/hook"]: makes hooks of the policies, and a hook does not stay in the cluster; remove it',
        isolating(annotations={"helm.sh/resource-policy": "keep"}),
    ),
    "an annotation that makes Argo CD hooks": (
        isolating(annotations={"argocd.argoproj.io/hook-delete-policy": "HookSucceeded"}),
        f'{NP}.annotations["argocd.argoproj.io/hook-delete-policy"]: makes hooks of the policies, and a hook does not stay in the cluster; remove it',
        isolating(annotations={"argocd.argoproj.io/sync-wave": "1"}),
    ),
    "annotations that are larger than the API server takes": (
        isolating(annotations={"k": "x" * 262144}),
        f"{NP}.annotations: have more than 262144 bytes with their keys, global annotations included; shorten them",
        isolating(annotations={"k": "x" * 262143}),
    ),
    "extraControlPlaneRules beside its successor": (
        isolating(extraControlPlaneRules=[{}], controlPlane={"egress": [{}]}),
        f"{NP}.extraControlPlaneRules: is the deprecated name of controlPlane.egress, and controlPlane.egress is set too; "
        "keep controlPlane.egress and remove extraControlPlaneRules",
        isolating(extraControlPlaneRules=[{}], controlPlane={"ingress": [{}]}),
    ),
    "extraWorkloadRules beside its successor": (
        isolating(extraWorkloadRules=[{}], workload={"egress": [{}]}),
        f"{NP}.extraWorkloadRules: is the deprecated name of workload.egress, and workload.egress is set too; "
        "keep workload.egress and remove extraWorkloadRules",
        isolating(extraWorkloadRules=[{}], workload={"egress": []}),
    ),
    "outgoingConnections.platform beside its successor": (
        isolating(outgoingConnections={"platform": True}, platform={"enabled": False}),
        f"{NP}.outgoingConnections.platform: is the deprecated name of platform.enabled, and platform.enabled is set too; "
        "keep platform.enabled and remove outgoingConnections.platform",
        isolating(outgoingConnections={"platform": False}, platform={"enabled": True}),
    ),
    "outgoingConnections.ipBlock.cidr beside its successor": (
        isolating(
            outgoingConnections={"ipBlock": {"cidr": "1.0.0.0/8"}}, workload={"publicEgress": {"cidr": "2.0.0.0/8"}}
        ),
        f"{NP}.outgoingConnections.ipBlock.cidr: is the deprecated name of workload.publicEgress.cidr, and "
        "workload.publicEgress.cidr is set too; keep workload.publicEgress.cidr and remove outgoingConnections.ipBlock.cidr",
        isolating(outgoingConnections={"ipBlock": {"cidr": "1.0.0.0/8"}}, workload={"publicEgress": {"enabled": True}}),
    ),
    "outgoingConnections.ipBlock.except beside its successor's switch": (
        isolating(outgoingConnections={"ipBlock": {"except": []}}, workload={"publicEgress": {"enabled": False}}),
        f"{NP}.outgoingConnections.ipBlock.except: is the deprecated name of workload.publicEgress.except, and "
        "workload.publicEgress.enabled is set too; keep workload.publicEgress.except and remove outgoingConnections.ipBlock.except",
        isolating(outgoingConnections={"ipBlock": {"except": []}}),
    ),
}
REFUSED |= refused_grants.REFUSED
REFUSED |= refused_guard.REFUSED


# What only a user who skips the schema can write, with the whole refusal.
WITHOUT_SCHEMA: dict[str, tuple[Json, str]] = {
    "enabled": (isolating(enabled="false"), f"{NP}.enabled: {SWITCH}"),
    "platform.enabled": (isolating(platform={"enabled": "false"}), f"{NP}.platform.enabled: {SWITCH}"),
    "apiAccess.enabled": (
        isolating(controlPlane={"apiAccess": {"enabled": "no"}}),
        f"{NP}.controlPlane.apiAccess.enabled: {SWITCH}",
    ),
    "vcluster.name": (
        {**isolating(), "vcluster": {"name": "Team_A"}},
        "vcluster.name: \"Team_A\" is not a name for a release; use lower-case letters, digits, '-' and '.'",
    ),
    "publicEgress.enabled": (public(enabled=1), f"{NP}.workload.publicEgress.enabled: {SWITCH}"),
    "a priority below zero": (
        isolating(floor={"enabled": True, "priority": -1}),
        "policies.networkPolicy.floor.priority: -1 is not in 0 to 98: one more is used as well, and OVN-Kubernetes enforces "
        "no AdminNetworkPolicy above 99; use one of these, or leave it empty",
    ),
    "a priority that leaves no room for a second one": (
        isolating(floor={"enabled": True, "api": "ClusterNetworkPolicy/v1beta1", "priority": 1000}),
        "policies.networkPolicy.floor.priority: 1000 is not in 0 to 999: one more is used as well, and the API ends at 1000; "
        "use one of these, or leave it empty",
    ),
    **refused_grants.SWITCHES,
    **refused_guard.WITHOUT_SCHEMA,
}


def refusals_without_schema(values: Json, chart: Path = helm.CHART) -> list[str]:
    """Return the refusals of a user who skips the schema: the chart must not depend on it."""
    try:
        helm.template(helm.Request(name="a", inline=json.dumps(values), skip_schema=True, chart=chart))
    except helm.RenderFailed as failed:
        return list(failed.refusals)
    return []
