"""The isolation claims: who never reaches whom."""

from __future__ import annotations

from typing import Final

from vcluster_isolation.claims.claim import API, DNS, ETCD, HOSTED, addresses, isolation_claim, named, own, tenants
from vcluster_isolation.netpol.sets.ports import ALL
from vcluster_isolation.vcluster import cast
from vcluster_isolation.vcluster.actor_ref import OTHER, OUTSIDE, ActorRef
from vcluster_isolation.vcluster.cast import PodActor

_EVERY_POD: Final = tuple(actor.name for actor in cast.OF_A_VCLUSTER)
_HOST_PODS: Final = tuple(
    actor.name for actor in cast.OF_THE_HOST if isinstance(actor, PodActor) and actor.name != "host-dns"
)
_ELSEWHERE: Final = own("anybody", "monitoring", "ingress-controller", "host-dns")
_OUTSIDE: Final = (*_ELSEWHERE, *addresses(cast.ADDRESSES))

ISOLATION_CLAIMS: Final = (
    isolation_claim(
        "tenants-to-workloads",
        "No pod of another tenant, whatever its labels, reaches a workload of this vCluster.",
        (tenants(*_EVERY_POD), own("workload", "coredns")),
        needs=HOSTED,
    ),
    isolation_claim(
        "tenants-to-control-plane",
        "No pod of another tenant, whatever its labels, reaches the control plane or etcd.",
        (tenants(*_EVERY_POD), own("control-plane", "etcd")),
    ),
    isolation_claim(
        "others-to-workloads",
        "No other pod of the host cluster, whatever its labels, reaches a workload.",
        ((*_ELSEWHERE, *own("stray", "platform", "agent", "snapshot")), own("workload", "coredns")),
        needs=HOSTED,
    ),
    isolation_claim(
        "others-to-control-plane",
        "No other pod, whatever its labels, reaches the control plane or etcd, but vCluster Platform and snapshots.",
        ((*_ELSEWHERE, *own("stray")), own("control-plane", "etcd")),
    ),
    isolation_claim(
        "outside-to-workloads",
        "No address, and no node but a pod's own, reaches a workload.",
        ((*addresses(cast.ADDRESSES), *own("node")), own("workload", "coredns")),
        needs=HOSTED,
    ),
    isolation_claim(
        "outside-to-control-plane",
        "No address, and no node but a pod's own, reaches the control plane or etcd.",
        ((*addresses(cast.ADDRESSES), *own("node")), own("control-plane", "etcd")),
    ),
    isolation_claim(
        "etcd-closed",
        "Nothing but the control plane, its snapshots and etcd itself reaches etcd.",
        (
            (*own("workload", "coredns", "platform", "agent", "stray", "node"), *_OUTSIDE, *tenants(*_EVERY_POD)),
            own("control-plane", "etcd"),
        ),
        ports=ETCD,
    ),
    isolation_claim(
        "workload-to-control-plane",
        "No workload, whatever its labels, reaches its control plane but for DNS on 1053 and the API on 8443.",
        (own("workload"), own("control-plane", "etcd")),
        ports=ALL - API - DNS,
        needs=HOSTED,
    ),
    isolation_claim(
        "snapshots-closed",
        "Nothing reaches a snapshot pod.",
        (
            (*own(*_EVERY_POD, "platform", "stray", "node"), *_OUTSIDE, *tenants(*_EVERY_POD)),
            own("snapshot"),
        ),
    ),
    isolation_claim(
        "workload-to-metadata",
        "No workload, whatever its labels, reaches a metadata address.",
        (own("workload"), addresses(cast.METADATA_ADDRESSES)),
        needs=HOSTED,
    ),
    isolation_claim(
        "workload-to-api-server",
        "No workload, whatever its labels, reaches the host API server.",
        (own("workload"), (*own("host-api-server"), *named("hostApiServer"))),
        needs=HOSTED,
    ),
    isolation_claim(
        "workload-to-private",
        "No workload, whatever its labels, reaches a private address.",
        (own("workload"), addresses(cast.PRIVATE_ADDRESSES)),
        needs=HOSTED,
    ),
    isolation_claim(
        "workload-to-special",
        "No workload, whatever its labels, reaches an address that is not globally reachable.",
        (own("workload"), (*addresses(cast.SPECIAL_ADDRESSES), ActorRef(cast.RESERVED))),
        needs=HOSTED,
    ),
    isolation_claim(
        "workload-to-tenants",
        "No workload, whatever its labels, reaches another tenant.",
        (own("workload"), tenants(*_EVERY_POD)),
        needs=HOSTED,
    ),
    isolation_claim(
        "workload-to-host",
        "No workload, whatever its labels, reaches a host pod other than its DNS, or a node.",
        (own("workload"), own(*_HOST_PODS, "stray", "anybody", "node")),
        needs=HOSTED,
    ),
    isolation_claim(
        "workload-to-host-dns",
        "No workload outside the virtual kube-system, whatever its labels, reaches host DNS.",
        (tuple(ActorRef(actor) for actor in (cast.ORDINARY,)), own("host-dns")),
        needs=HOSTED,
    ),
    isolation_claim(
        "control-plane-to-tenants",
        "The control plane reaches no other tenant, and snapshots none in another namespace.",
        (own("control-plane", "etcd"), tenants(*_EVERY_POD)),
        (own("snapshot"), tuple(who for who in tenants(*_EVERY_POD) if who.tenant == OTHER)),
    ),
    isolation_claim(
        "control-plane-to-host",
        "The control plane reaches no host pod other than DNS and vCluster Platform.",
        (own("control-plane", "etcd", "snapshot"), own("stray", "anybody", "monitoring", "ingress-controller")),
    ),
    isolation_claim(
        "control-plane-to-metadata",
        "The control plane and snapshots reach no metadata address.",
        (own("control-plane", "etcd", "snapshot"), addresses(cast.METADATA_ADDRESSES)),
    ),
    isolation_claim(
        "project-outsiders",
        "No workload outside the project, whatever its labels, reaches a workload or is reached by one.",
        (tenants("workload", place=OUTSIDE), own("workload", "coredns")),
        (own("workload"), tenants("workload", place=OUTSIDE)),
        needs=HOSTED,
        value="project",
    ),
    isolation_claim(
        "namespace-closed",
        "A pod of the namespace that is none of the vCluster's reaches nothing, and nothing reaches it.",
        (own("stray"), (*own(*_EVERY_POD, "platform", "node"), *_OUTSIDE, *tenants(*_EVERY_POD))),
        ((*own(*_EVERY_POD, "platform", "node"), *_OUTSIDE, *tenants(*_EVERY_POD)), own("stray")),
        value="defaultDeny",
    ),
)
