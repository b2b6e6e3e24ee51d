"""What the evaluator answers: the ports of a flow, and on each side the policies and rules that made it so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from vcluster_isolation.netpol.objects.model import Origin, Policy
from vcluster_isolation.netpol.objects.tiers import TierPolicy
from vcluster_isolation.netpol.sets.addresses import AddressSet
from vcluster_isolation.netpol.sets.ports import ALL, NONE, PortSet


class Mode(Enum):
    """How to read what NetworkPolicy leaves open (see `evaluate.py`)."""

    MAY = "may"
    """May it reach? For isolation: what any network plugin, address or port name could let through counts."""

    MUST = "must"
    """Can it surely reach? For availability: only what every network plugin and address lets through counts."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a flow is asked about: in which mode, and whether at each address of the two ends, or at some.

    MUST is always at each. MAY at each is what may get through wherever in its addresses either end is.
    """

    mode: Mode
    each_address: bool


EVERYONE: Final = "everyone"
SELECTOR: Final = "selector"
IP_BLOCK: Final = "ipBlock"
NETWORKS: Final = "networks"
NODES: Final = "nodes"
DOMAIN_NAMES: Final = "domainNames"


@dataclass(frozen=True, slots=True)
class Grant:
    """One way in which one rule admits the other end.

    `peer` is the index in the rule's `from` or `to`, None when the rule lists no peer; `via` is `everyone`,
    `selector` or `ipBlock`, for a cluster-scoped rule also `networks` or `nodes`, and `domainNames` where a rule can
    have them; `addresses` are those of the other end to which it applies (a part of them only for addresses); `ports`
    are the rule's, named ports resolved; `guessed` if the pod could name any port so. Where cluster-scoped policies
    have a say, `ports` and `addresses` are those that got as far as this rule.
    """

    origin: Origin
    peer: int | None
    via: str
    addresses: AddressSet
    ports: PortSet
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Deny:
    """One way in which one Deny rule of a cluster-scoped policy shuts the other end out; fields as in `Grant`."""

    origin: Origin
    peer: int
    via: str
    addresses: AddressSet
    ports: PortSet


@dataclass(frozen=True, slots=True)
class Side:
    """What the policies of one end say: the source's egress or the destination's ingress.

    `policies` isolate the end in this direction; when there are none it is open, as far as `tiers` do not say
    otherwise, and `governed` says why: True for a pod that no policy selects, False for an end to which
    NetworkPolicy does not apply. `allowed` are the ports that this side lets through, over IPv4 and over IPv6.
    `tiers` are the cluster-scoped policies that have rules for the end in this direction, the first to be asked
    first; `denials` is what their Deny rules take away, and `by_default` are the ports of an end that no policy
    isolates about which no rule decided. `caveats` come with the tiers, and each of `doubtful` with these ports.
    """

    direction: str
    governed: bool
    policies: tuple[Policy, ...]
    grants: tuple[Grant, ...]
    allowed: tuple[PortSet, PortSet]
    tiers: tuple[TierPolicy, ...] = ()
    denials: tuple[Deny, ...] = ()
    by_default: PortSet = NONE
    caveats: frozenset[str] = frozenset()
    doubtful: tuple[tuple[str, PortSet], ...] = ()

    @property
    def isolated(self) -> bool:
        """Whether any NetworkPolicy isolates this end in this direction."""
        return bool(self.policies)

    @property
    def ports(self) -> PortSet:
        """The ports that this side lets through, over either family."""
        return self.allowed[0] | self.allowed[1]

    def granting(self, ports: PortSet) -> tuple[Grant, ...]:
        """Return the grants that let any of these ports through."""
        return tuple(grant for grant in self.grants if grant.ports & ports)

    def denying(self, ports: PortSet) -> tuple[Deny, ...]:
        """Return the Deny rules of cluster-scoped policies that keep any of these ports closed."""
        return tuple(deny for deny in self.denials if deny.ports & ports)


@dataclass(frozen=True, slots=True)
class Reading:
    """The two sides when host-network pods are taken as `pods` like any, or as `nodes` that policies pass by."""

    hosts_are: str
    egress: Side
    ingress: Side
    allowed: PortSet


@dataclass(frozen=True, slots=True)
class Denial:
    """The ports that a side does not let through, in one reading: what a rule of its policies would have to add."""

    hosts_are: str
    side: Side
    ports: PortSet


@dataclass(frozen=True, slots=True)
class Verdict:
    """The ports that may (or must) get from a source to a destination, and why.

    There is one reading unless an end is a host-network pod, then two: MAY allows what either allows, MUST
    what both allow. `shortcut` says why policies were not asked: `loopback`, `own-node` or an empty text.
    `caveats` are the keys of `CAVEATS` on which this verdict depends.
    """

    mode: Mode
    allowed: PortSet
    readings: tuple[Reading, ...]
    shortcut: str = ""
    caveats: frozenset[str] = frozenset()

    @property
    def egress(self) -> Side:
        """The source's side, of the first reading."""
        return self.readings[0].egress

    @property
    def ingress(self) -> Side:
        """The destination's side, of the first reading."""
        return self.readings[0].ingress

    def denials(self, ports: PortSet = ALL) -> tuple[Denial, ...]:
        """Return, for those of `ports` that do not get through, which side of which reading lacks what.

        Empty if they all get through, or if each side by itself allows them: then no address family is common
        to both ends and both sides (MUST: to all addresses).
        """
        lacking = ports - self.allowed
        return tuple(
            Denial(reading.hosts_are, side, lacking - side.ports)
            for reading in self.readings
            for side in (reading.egress, reading.ingress)
            if lacking - side.ports
        )


LOOPBACK: Final = "loopback"
OWN_NODE: Final = "own-node"
HOST_NETWORK: Final = "host-network"
POD_ADDRESS: Final = "ip-block-on-pod"
NAMED_PORT: Final = "unknown-named-port"
SAME_PRIORITY: Final = "same-priority"
NODE_LABELS: Final = "unknown-node-labels"
UNKNOWN_DOMAINS: Final = "unknown-domain-names"
RULE_ORDER: Final = "order-of-rules"
UNENFORCED: Final = "policy-not-enforced"

CAVEATS: Final = {
    OWN_NODE: "A pod and its own node always reach each other, whatever the policies say.",
    HOST_NETWORK: "Whether policies apply to host-network pods is left to the network plugin.",
    POD_ADDRESS: "An ipBlock covers an address the pod has or may have; whether that counts is left to the plugin.",
    NAMED_PORT: "The destination may give the named port any number.",
    SAME_PRIORITY: "Cluster-scoped policies of one priority disagree; which of them counts is left to the plugin.",
    NODE_LABELS: "A rule selects nodes by labels, and the labels of this node are not known here.",
    UNKNOWN_DOMAINS: "A rule names domains, and which addresses they have is not known here: it may be any.",
    RULE_ORDER: "Rules of one policy disagree, and AWS lets Deny win whatever their order: either may count.",
    UNENFORCED: "A cluster-scoped policy may be enforced nowhere: OVN-Kubernetes takes no AdminNetworkPolicy above "
    "priority 99, or its status says that it is not ready.",
}
"""What the APIs leave open, a sentence for each; the keys are those of `Verdict.caveats`."""
