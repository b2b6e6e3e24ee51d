"""The availability claims: who surely reaches whom, so that a vCluster works, and what named grants are for."""

from __future__ import annotations

from typing import Final

from vcluster_isolation.claims.claim import (
    ALWAYS,
    API,
    COREDNS,
    DNS,
    EMBEDDED,
    ETCD,
    HOST_DNS,
    HOSTED,
    Claim,
    availability_claim,
    named,
    own,
    usual,
)
from vcluster_isolation.netpol.sets.ports import ALL, parse_ports
from vcluster_isolation.subject.settings import tcp
from vcluster_isolation.vcluster.actor_ref import INSIDE, OTHER, SPREAD
from vcluster_isolation.vcluster.grant_rows import GrantRow, GrantRule, named_grants

_EVERY_WORKLOAD: Final = usual("workload", place=SPREAD)


def _of_a_grant(row: GrantRow, rule: GrantRule) -> Claim:
    """Return the claim about a rule of a named grant."""
    ends = own(*rule.pods), named(row.path)
    hosted = HOSTED if rule.hosted or rule.of_workloads else ALWAYS
    return availability_claim(
        rule.claim,
        rule.says,
        ends if row.peers == "to" else ends[::-1],
        ports=tcp(rule.ports) if rule.ports else None,
        needs=COREDNS if rule.pods == ("coredns",) else hosted,
        value=row.path,
    )


AVAILABILITY_CLAIMS: Final = (
    availability_claim(
        "workload-api",
        "Every workload reaches its API on 8443.",
        (own("workload"), own("control-plane")),
        ports=API,
        needs=HOSTED,
    ),
    availability_claim(
        "workload-dns",
        "Every workload resolves names on 1053.",
        (own("workload"), own("control-plane")),
        ports=DNS,
        needs=HOSTED,
    ),
    availability_claim(
        "workload-coredns",
        "Every workload resolves names at a deployed CoreDNS on 1053.",
        (own("workload"), own("coredns")),
        ports=DNS,
        needs=COREDNS,
    ),
    availability_claim(
        "workload-workload",
        "Workloads reach each other on every port.",
        (_EVERY_WORKLOAD, _EVERY_WORKLOAD),
        ports=ALL,
        needs=HOSTED,
    ),
    availability_claim(
        "workload-internet",
        "Every workload reaches the public internet over IPv4.",
        (own("workload"), own("internet-ipv4")),
        ports=ALL,
        needs=HOSTED,
    ),
    availability_claim(
        "workload-internet-ipv6",
        "Every workload reaches the public internet over IPv6.",
        (own("workload"), named("workload.publicEgress.ipv6")),
        ports=ALL,
        needs=HOSTED,
        value="workload.publicEgress.ipv6",
    ),
    availability_claim(
        "control-plane-api-server",
        "The control plane reaches the host API server.",
        (own("control-plane"), named("hostApiServer")),
        ports=None,
        value="hostApiServer",
    ),
    availability_claim(
        "control-plane-host-dns",
        "The control plane reaches host DNS.",
        (own("control-plane"), named("hostDns")),
        ports=HOST_DNS,
        value="hostDns",
    ),
    availability_claim(
        "control-plane-workload",
        "The control plane reaches every workload on every port.",
        (own("control-plane"), own("workload")),
        ports=ALL,
        needs=HOSTED,
    ),
    availability_claim(
        "control-plane-etcd",
        "The control plane reaches etcd, and its replicas each other.",
        (own("control-plane", "etcd"), own("control-plane", "etcd")),
        ports=API | ETCD,
    ),
    availability_claim(
        "control-plane-platform",
        "The control plane reaches vCluster Platform.",
        (own("control-plane"), own("platform", "agent")),
        ports=parse_ports("TCP 10443"),
    ),
    availability_claim(
        "platform-control-plane",
        "vCluster Platform and its agents reach the API on 8443.",
        (own("platform", "agent"), own("control-plane")),
        ports=API,
    ),
    availability_claim(
        "snapshot-etcd",
        "A snapshot pod reaches etcd and the API.",
        (own("snapshot"), own("control-plane", "etcd")),
        ports=API | ETCD,
    ),
    availability_claim(
        "snapshot-api-server",
        "A snapshot pod reaches the host API server.",
        (own("snapshot"), named("hostApiServer")),
        ports=None,
        value="hostApiServer",
    ),
    availability_claim(
        "snapshot-host-dns",
        "A snapshot pod reaches host DNS.",
        (own("snapshot"), named("hostDns")),
        ports=HOST_DNS,
        value="hostDns",
    ),
    availability_claim(
        "coredns-host-dns",
        "A deployed CoreDNS reaches host DNS.",
        (own("coredns"), named("hostDns")),
        ports=HOST_DNS,
        needs=COREDNS,
        value="hostDns",
    ),
    availability_claim(
        "coredns-fallback-dns",
        "A deployed CoreDNS reaches fallback DNS.",
        (own("coredns"), named("fallbackDns")),
        ports=HOST_DNS,
        needs=COREDNS,
    ),
    availability_claim(
        "embedded-fallback-dns",
        "An embedded CoreDNS reaches fallback DNS.",
        (own("control-plane"), named("fallbackDns")),
        ports=HOST_DNS,
        needs=EMBEDDED,
    ),
    availability_claim(
        "coredns-api",
        "A deployed CoreDNS reaches the API on 8443.",
        (own("coredns"), own("control-plane")),
        ports=API,
        needs=COREDNS,
    ),
    *(_of_a_grant(row, rule) for row in named_grants() for rule in row.rules if rule.claim),
    availability_claim(
        "project-peers",
        "Workloads of the same project reach each other on the ports granted.",
        (usual("workload", place=INSIDE), usual("workload", whose=OTHER, place=INSIDE)),
        (usual("workload", whose=OTHER, place=INSIDE), usual("workload", place=INSIDE)),
        ports=None,
        needs=HOSTED,
        value="project",
    ),
)
