"""The claims: sentences about the cast, each with a body that a machine can check.

Two kinds. *Isolation*: none of the sources reaches any of the destinations on any of the ports, whatever labels the
hostile ones choose, whatever the network plugin makes of what NetworkPolicy leaves open. *Availability*: every source
surely reaches every destination on all of the ports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vcluster_isolation.proof import cast
from vcluster_isolation.proof.cast import Actor, AddressActor, PodActor
from vcluster_isolation.proof.subject import Subject
from vcluster_isolation.proof.world import NEIGHBOUR, OTHER, OWN, Who
from vcluster_isolation.reach.ports import ALL, PortSet, parse_ports

ISOLATION, AVAILABILITY = "isolation", "availability"

ALWAYS, HOSTED, COREDNS = "always", "hosted", "coredns"
"""When a claim applies: always, when workloads run in the host cluster, when CoreDNS is a pod of its own."""


Flow = tuple[tuple[Who, ...], tuple[Who, ...]]
"""Sources and destinations."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim. `name` is its short, stable name; `needs` says when it applies.

    Its body: from each source to each destination of each of `flows`, on `ports`, everything is closed (isolation)
    or open (availability).
    """

    name: str
    kind: str
    sentence: str
    flows: tuple[Flow, ...]
    ports: PortSet = ALL
    needs: str = ALWAYS

    def applies(self, subject: Subject) -> bool:
        """Return whether there is in the host cluster what the claim speaks of."""
        return {ALWAYS: True, HOSTED: subject.hosted, COREDNS: subject.coredns}[self.needs]


_ACTORS: Mapping[str, Actor] = {
    actor.name: actor for actor in (*cast.OF_A_VCLUSTER, cast.STRAY, *cast.OF_THE_HOST, cast.ANYBODY, *cast.ADDRESSES)
}


def own(*names: str) -> tuple[Who, ...]:
    """Return actors of the vCluster itself, or of the host cluster, hostile if they can be."""
    return tuple(Who(_ACTORS[name]) for name in names)


def usual(*names: str) -> tuple[Who, ...]:
    """Return actors with the labels that they usually have."""
    return tuple(Who(_ACTORS[name], OWN, usual=True) for name in names)


def tenants(*names: str) -> tuple[Who, ...]:
    """Return actors of both other tenants.

    Snapshot pods carry one label, which names no vCluster, so those of two vClusters in one namespace are the same
    to every policy: they are actors of a namespace, and the neighbour has none of its own.
    """
    pairs = [(whose, name) for whose in (NEIGHBOUR, OTHER) for name in names]
    return tuple(Who(_ACTORS[name], whose) for whose, name in pairs if (whose, name) != (NEIGHBOUR, "snapshot"))


def _addresses(actors: tuple[AddressActor, ...]) -> tuple[Who, ...]:
    return tuple(Who(actor) for actor in actors)


_EVERY_POD: Final = tuple(actor.name for actor in cast.OF_A_VCLUSTER)
_HOST_PODS: Final = tuple(
    actor.name for actor in cast.OF_THE_HOST if isinstance(actor, PodActor) and actor.name != "host-dns"
)
_ELSEWHERE: Final = own("anybody", "monitoring", "ingress-controller", "host-dns")
_OUTSIDE: Final = (*_ELSEWHERE, *_addresses(cast.ADDRESSES))
API: Final = parse_ports("TCP 8443")
DNS: Final = parse_ports("TCP+UDP 1053")
ETCD: Final = parse_ports("TCP 2379-2380")
HOST_DNS: Final = parse_ports("TCP+UDP 53")
API_SERVER: Final = parse_ports("TCP 443, TCP 6443")


def _never(
    name: str,
    sentence: str,
    flow: Flow,
    ports: PortSet = ALL,
    needs: str = ALWAYS,
) -> Claim:
    """Return an isolation claim about one flow."""
    return Claim(name, ISOLATION, sentence, (flow,), ports, needs)


def _surely(
    name: str,
    sentence: str,
    flow: Flow,
    ports: PortSet,
    needs: str = ALWAYS,
) -> Claim:
    """Return an availability claim about one flow."""
    return Claim(name, AVAILABILITY, sentence, (flow,), ports, needs)


ISOLATION_CLAIMS: Final = (
    _never(
        "tenants-to-workloads",
        "No pod of another tenant, whatever its labels, reaches a workload of this vCluster.",
        (tenants(*_EVERY_POD), own("workload", "coredns")),
        needs=HOSTED,
    ),
    _never(
        "tenants-to-control-plane",
        "No pod of another tenant, whatever its labels, reaches the control plane or etcd.",
        (tenants(*_EVERY_POD), own("control-plane", "etcd")),
    ),
    _never(
        "others-to-workloads",
        "No other pod of the host cluster, whatever its labels, reaches a workload.",
        ((*_ELSEWHERE, *own("stray", "platform", "agent", "snapshot")), own("workload", "coredns")),
        needs=HOSTED,
    ),
    _never(
        "others-to-control-plane",
        "No other pod, whatever its labels, reaches the control plane or etcd, but vCluster Platform and snapshots.",
        ((*_ELSEWHERE, *own("stray")), own("control-plane", "etcd")),
    ),
    _never(
        "outside-to-workloads",
        "No address, and no node but a pod's own, reaches a workload.",
        ((*_addresses(cast.ADDRESSES), *own("node")), own("workload", "coredns")),
        needs=HOSTED,
    ),
    _never(
        "outside-to-control-plane",
        "No address, and no node but a pod's own, reaches the control plane or etcd.",
        ((*_addresses(cast.ADDRESSES), *own("node")), own("control-plane", "etcd")),
    ),
    _never(
        "etcd-closed",
        "Nothing but the control plane, its snapshots and etcd itself reaches etcd.",
        (
            (*own("workload", "coredns", "platform", "agent", "stray", "node"), *_OUTSIDE, *tenants(*_EVERY_POD)),
            own("control-plane", "etcd"),
        ),
        ETCD,
    ),
    _never(
        "workload-to-control-plane",
        "No workload, whatever its labels, reaches its control plane but for DNS on 1053 and the API on 8443.",
        (own("workload"), own("control-plane", "etcd")),
        ALL - API - DNS,
        HOSTED,
    ),
    _never(
        "snapshots-closed",
        "Nothing reaches a snapshot pod.",
        (
            (*own(*_EVERY_POD, "platform", "stray", "node"), *_OUTSIDE, *tenants(*_EVERY_POD)),
            own("snapshot"),
        ),
    ),
    _never(
        "workload-to-metadata",
        "No workload, whatever its labels, reaches a metadata address.",
        (own("workload"), _addresses(cast.METADATA_ADDRESSES)),
        needs=HOSTED,
    ),
    _never(
        "workload-to-api-server",
        "No workload, whatever its labels, reaches the host API server.",
        (own("workload"), own("host-api-server")),
        needs=HOSTED,
    ),
    _never(
        "workload-to-private",
        "No workload, whatever its labels, reaches a private address.",
        (own("workload"), _addresses(cast.PRIVATE_ADDRESSES)),
        needs=HOSTED,
    ),
    _never(
        "workload-to-special",
        "No workload, whatever its labels, reaches an address that is not globally reachable.",
        (own("workload"), (*_addresses(cast.SPECIAL_ADDRESSES), Who(cast.RESERVED))),
        needs=HOSTED,
    ),
    _never(
        "workload-to-tenants",
        "No workload, whatever its labels, reaches another tenant.",
        (own("workload"), tenants(*_EVERY_POD)),
        needs=HOSTED,
    ),
    _never(
        "workload-to-host",
        "No workload, whatever its labels, reaches a host pod other than its DNS, or a node.",
        (own("workload"), own(*_HOST_PODS, "stray", "anybody", "node")),
        needs=HOSTED,
    ),
    _never(
        "workload-to-host-dns",
        "No workload outside the virtual kube-system, whatever its labels, reaches host DNS.",
        (tuple(Who(actor) for actor in (cast.ORDINARY,)), own("host-dns")),
        needs=HOSTED,
    ),
    Claim(
        "control-plane-to-tenants",
        ISOLATION,
        "The control plane reaches no other tenant, and snapshots none in another namespace.",
        (
            (own("control-plane", "etcd"), tenants(*_EVERY_POD)),
            (own("snapshot"), tuple(who for who in tenants(*_EVERY_POD) if who.whose == OTHER)),
        ),
    ),
    _never(
        "control-plane-to-host",
        "The control plane reaches no host pod other than DNS and vCluster Platform.",
        (own("control-plane", "etcd", "snapshot"), own("stray", "anybody", "monitoring", "ingress-controller")),
    ),
    _never(
        "control-plane-to-metadata",
        "The control plane and snapshots reach no metadata address.",
        (own("control-plane", "etcd", "snapshot"), _addresses(cast.METADATA_ADDRESSES)),
    ),
)

AVAILABILITY_CLAIMS: Final = (
    _surely(
        "workload-api", "Every workload reaches its API on 8443.", (own("workload"), own("control-plane")), API, HOSTED
    ),
    _surely(
        "workload-dns", "Every workload resolves names on 1053.", (own("workload"), own("control-plane")), DNS, HOSTED
    ),
    _surely(
        "workload-coredns",
        "Every workload resolves names at a deployed CoreDNS on 1053.",
        (own("workload"), own("coredns")),
        DNS,
        COREDNS,
    ),
    _surely(
        "workload-workload",
        "Workloads reach each other on every port.",
        (usual("workload"), usual("workload")),
        ALL,
        HOSTED,
    ),
    _surely(
        "workload-internet",
        "Every workload reaches the public internet over IPv4.",
        (own("workload"), own("internet-ipv4")),
        ALL,
        HOSTED,
    ),
    _surely(
        "control-plane-api-server",
        "The control plane reaches the host API server.",
        (own("control-plane"), own("host-api-server")),
        API_SERVER,
    ),
    _surely(
        "control-plane-host-dns",
        "The control plane reaches host DNS.",
        (own("control-plane"), own("host-dns")),
        HOST_DNS,
    ),
    _surely(
        "control-plane-workload",
        "The control plane reaches every workload on every port.",
        (own("control-plane"), own("workload")),
        ALL,
        HOSTED,
    ),
    _surely(
        "control-plane-etcd",
        "The control plane reaches etcd, and its replicas each other.",
        (own("control-plane", "etcd"), own("control-plane", "etcd")),
        API | ETCD,
    ),
    _surely(
        "control-plane-platform",
        "The control plane reaches vCluster Platform.",
        (own("control-plane"), own("platform", "agent")),
        parse_ports("TCP 10443"),
    ),
    _surely(
        "platform-control-plane",
        "vCluster Platform and its agents reach the API on 8443.",
        (own("platform", "agent"), own("control-plane")),
        API,
    ),
    _surely(
        "snapshot-etcd",
        "A snapshot pod reaches etcd and the API.",
        (own("snapshot"), own("control-plane", "etcd")),
        API | ETCD,
    ),
    _surely(
        "snapshot-api-server",
        "A snapshot pod reaches the host API server.",
        (own("snapshot"), own("host-api-server")),
        API_SERVER,
    ),
    _surely("snapshot-host-dns", "A snapshot pod reaches host DNS.", (own("snapshot"), own("host-dns")), HOST_DNS),
    _surely(
        "coredns-host-dns", "A deployed CoreDNS reaches host DNS.", (own("coredns"), own("host-dns")), HOST_DNS, COREDNS
    ),
    _surely(
        "coredns-api",
        "A deployed CoreDNS reaches the API on 8443.",
        (own("coredns"), own("control-plane")),
        API,
        COREDNS,
    ),
)

CLAIMS: Final = (*ISOLATION_CLAIMS, *AVAILABILITY_CLAIMS)
