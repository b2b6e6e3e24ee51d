"""The cast: everybody a claim speaks of, as data. Who they are, where, with which labels, and who chooses those.

Source: facts about vCluster (which labels it puts on what, which it lets a tenant choose) and its documentation. A
tenant chooses every label of its pods but four keys that vCluster rewrites: `release`, and `namespace`, `managed-by`
and `controlled-by` under `vcluster.loft.sh/` (since vCluster 0.21).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from vcluster_isolation.netpol.engine.labels import ABSENT, FREE, Domain, none_of, one_of
from vcluster_isolation.netpol.sets.addresses import EVERYWHERE, POD_RANGES, AddressSet, address_set
from vcluster_isolation.vcluster.address_ranges import INTERNET_4, INTERNET_6, METADATA, PRIVATE, SPECIAL
from vcluster_isolation.vcluster.grant_rows import named_grants

MANAGED_BY: Final = "vcluster.loft.sh/managed-by"
VIRTUAL_NAMESPACE: Final = "vcluster.loft.sh/namespace"
CONTROLLED_BY: Final = "vcluster.loft.sh/controlled-by"

SYNCED_FROM: Final = "vcluster.loft.sh/vcluster-name"
SYNCED_HOME: Final = "vcluster.loft.sh/vcluster-namespace"
"""The labels of a namespace that vCluster made for a tenant: no tenant can take them off."""

TENANT: Final = "{tenant}"
"""Stands for the name of the actor's vCluster."""

HOME: Final = "{home}"
"""Stands for the namespace of the actor's vCluster."""


@dataclass(frozen=True, slots=True, eq=False)
class PodActor:
    """A kind of pods. `labels` are those it usually has; `chosen` what its owner may do about each label.

    `chosen` maps keys to what they can be, `others` says it of all further keys: with `ABSENT` the labels are fixed,
    with `FREE` the pod is hostile and has whatever labels serve it. `namespace` is a name, or `HOME`.
    """

    name: str
    namespace: str
    labels: Mapping[str, str]
    about: str
    chosen: Mapping[str, Domain] = field(default_factory=dict)
    others: Domain = ABSENT


@dataclass(frozen=True, slots=True, eq=False)
class AddressActor:
    """Addresses that are no pod's; `node` for the nodes of the host cluster."""

    name: str
    addresses: AddressSet
    about: str
    node: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class NamedActor:
    """Whoever a value names; `key` is the value's path under policies.networkPolicy."""

    name: str
    key: str
    about: str


Actor = PodActor | AddressActor | NamedActor

HOSTILE: Final[Mapping[str, Domain]] = {
    MANAGED_BY: one_of(TENANT),
    VIRTUAL_NAMESPACE: none_of(),  # always there; a tenant names its namespaces as it likes
    "release": ABSENT,
}
"""What a tenant can do about the labels of its pods, all other keys being free."""

WORKLOAD: Final = PodActor(
    "workload",
    HOME,
    {VIRTUAL_NAMESPACE: "default", MANAGED_BY: TENANT},
    "a pod of the tenant, synced to the host cluster",
    HOSTILE,
    FREE,
)

OF_A_VCLUSTER: Final = (
    PodActor(
        "control-plane", HOME, {"app": "vcluster", "release": TENANT}, "the vCluster's API server and controllers"
    ),
    PodActor("etcd", HOME, {"app": "vcluster-etcd", "release": TENANT}, "a deployed etcd"),
    PodActor(
        "coredns",
        HOME,
        {"k8s-app": "vcluster-kube-dns", VIRTUAL_NAMESPACE: "kube-system", MANAGED_BY: TENANT},
        "a deployed CoreDNS, synced like a workload",
    ),
    WORKLOAD,
    PodActor("snapshot", HOME, {"app": "vcluster-snapshot"}, "a pod that takes or restores a snapshot"),
)
"""The pods of one vCluster. Every tenant of the cast has these."""

ORDINARY: Final = PodActor(
    "workload outside the virtual kube-system",
    HOME,
    {VIRTUAL_NAMESPACE: "default", MANAGED_BY: TENANT},
    "a pod of a user who may not create pods in the kube-system of the virtual cluster",
    {**HOSTILE, VIRTUAL_NAMESPACE: none_of("kube-system")},
    FREE,
)
"""Inside a tenant, who is no administrator of it cannot put pods into the virtual kube-system."""

STRAY: Final = PodActor(
    "stray",
    HOME,
    {"app": "unrelated"},
    "a pod in the vCluster's namespace that is none of the vCluster's",
    {
        MANAGED_BY: ABSENT,
        "app": none_of("vcluster", "vcluster-etcd", "vcluster-snapshot", "loft", absent=True),
    },
    FREE,
)
"""No tenant can make one: every pod of a tenant carries managed-by. Who can chooses all labels but a vCluster's; its
`release` is no vCluster's either (see `world.py`)."""

PLATFORM_NAMESPACE: Final = "vcluster-platform"

HOST_API_SERVER: Final = AddressActor(
    "host-api-server", POD_RANGES, "the host cluster's API server, on a private address"
)
NODE: Final = AddressActor("node", POD_RANGES, "a node of the host cluster, other than the pod's own", node=True)
"""Both have private addresses unless values give others (see `world.py`)."""

OF_THE_HOST: Final[tuple[Actor, ...]] = (
    PodActor("platform", PLATFORM_NAMESPACE, {"app": "loft", "release": "loft"}, "vCluster Platform"),
    PodActor(
        "agent", PLATFORM_NAMESPACE, {"app": "loft", "release": "agent"}, "the platform's agent in a connected cluster"
    ),
    PodActor("host-dns", "kube-system", {"k8s-app": "kube-dns"}, "the host cluster's DNS"),
    HOST_API_SERVER,
    NODE,
    PodActor(
        "ingress-controller",
        "ingress-nginx",
        {"app.kubernetes.io/name": "ingress-nginx"},
        "an ingress controller of the host cluster",
    ),
    PodActor("monitoring", "monitoring", {"app.kubernetes.io/name": "prometheus"}, "Prometheus of the host cluster"),
    PodActor("elsewhere", "elsewhere", {}, "a pod in another namespace, without labels and without policies"),
)
"""What else is in the host cluster."""


def own_pods(*, platform: bool) -> tuple[Actor, ...]:
    """Return the pods that are a subject's own: those of a vCluster, or of the platform and its agents."""
    return OF_THE_HOST[:2] if platform else OF_A_VCLUSTER


ANYBODY: Final = PodActor(
    "anybody", "elsewhere", {}, "a pod in another namespace with labels of its owner's choice", {}, FREE
)
"""Somebody else's pod, not isolated by anybody: the worst that can happen outside the vCluster's namespace."""

OF_VALUES: Final = (
    NamedActor("host DNS", "hostDns", "what hostDns names"),
    NamedActor("fallback DNS", "fallbackDns", "the address of fallbackDns"),
    NamedActor("known API server", "hostApiServer", "what hostApiServer names"),
    *(NamedActor(row.actor, row.path, f"what {row.path}.{row.peers} names") for row in named_grants()),
    NamedActor("IPv6 internet", "workload.publicEgress.ipv6", "what workload.publicEgress.ipv6 opens"),
)
"""Whom values name: who they are differs from user to user."""

INTERNET: Final = (
    AddressActor("internet-ipv4", INTERNET_4, "every public IPv4 address"),
    AddressActor("internet-ipv6", INTERNET_6, "every public IPv6 address"),
)


def _addresses(ranges: Mapping[str, str], about: str) -> tuple[AddressActor, ...]:
    return tuple(AddressActor(name, address_set(cidr), about) for name, cidr in ranges.items())


PRIVATE_ADDRESSES: Final = _addresses(PRIVATE, "a private range, where clusters have pods, nodes and services")
SPECIAL_ADDRESSES: Final = _addresses(SPECIAL, "a range that is not globally reachable")
RESERVED: Final = AddressActor(
    "unassigned-ipv6",
    (EVERYWHERE - INTERNET_6 - address_set(*PRIVATE.values(), *SPECIAL.values(), *METADATA.values())).only(6),
    "IPv6 addresses that are not handed out so far",
)
METADATA_ADDRESSES: Final = _addresses(METADATA, "a metadata or credential service of a cloud")

ADDRESSES: Final = (*INTERNET, *PRIVATE_ADDRESSES, *SPECIAL_ADDRESSES, *METADATA_ADDRESSES, RESERVED)
"""Every address that claims speak of."""
