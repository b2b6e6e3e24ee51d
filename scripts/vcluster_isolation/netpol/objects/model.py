"""What the evaluator knows of a cluster: namespaces, pods, addresses, and policies in a form without defaults.

Everything is frozen and hashable. `parse.py` builds it from manifests; a caller may build it by hand, for a pod
that does not exist yet for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vcluster_isolation.netpol.sets.addresses import EVERYWHERE, POD_RANGES, AddressSet
from vcluster_isolation.netpol.sets.ports import ALL, PortSet

Labels = frozenset[tuple[str, str]]
"""The labels of a pod or namespace as (key, value) pairs; a key comes at most once."""

NO_LABELS: Final[Labels] = frozenset()
NAME_LABEL: Final = "kubernetes.io/metadata.name"
"""The label that the API server gives every namespace; nobody else can set it."""

NETWORK_POLICY: Final = "NetworkPolicy"
INGRESS: Final = "Ingress"
EGRESS: Final = "Egress"

IN: Final = "In"
NOT_IN: Final = "NotIn"
EXISTS: Final = "Exists"
DOES_NOT_EXIST: Final = "DoesNotExist"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One item of matchExpressions; `values` is empty for Exists and DoesNotExist.

    Source: LabelSelectorRequirement, and "Labels and Selectors" of the Kubernetes documentation: NotIn and
    DoesNotExist also match an object that does not have the key.
    """

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Labels) -> bool:
        """Return whether an object with these labels meets the requirement."""
        value = next((value for key, value in labels if key == self.key), None)
        if self.operator == IN:
            return value is not None and value in self.values
        if self.operator == NOT_IN:
            return value is None or value not in self.values
        return (value is not None) == (self.operator == EXISTS)


@dataclass(frozen=True, slots=True)
class Selector:
    """A label selector: all `equal` pairs (matchLabels, or In with one value) and all `others` must hold.

    The empty selector matches everything. Selectors that were written in another order are equal.
    """

    equal: Labels = NO_LABELS
    others: frozenset[Requirement] = frozenset()

    def matches(self, labels: Labels) -> bool:
        """Return whether an object with these labels is selected."""
        return self.equal <= labels and all(one.matches(labels) for one in self.others)

    def keys(self) -> set[str]:
        """Return the label keys that the selector looks at."""
        return {key for key, _ in self.equal} | {one.key for one in self.others}


EVERYTHING: Final = Selector()


@dataclass(frozen=True, slots=True)
class IPBlock:
    """An ipBlock: `addresses` is its cidr without its `except`; `cidr` and `excepts` are the words of the policy.

    `certain` is False for domain names: which addresses they have is in no manifest, so it is all addresses, and each
    of them is matched perhaps.
    """

    addresses: AddressSet
    cidr: str
    excepts: tuple[str, ...] = ()
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Peer:
    """One item of `from` or `to`: either `block`, or one or both selectors; None is a field that is not there.

    In a cluster-scoped policy (`tiers.py`) a selector of pods never comes without one of namespaces, `block` is all
    of `networks`, and a peer can also be `nodes`.
    """

    pods: Selector | None = None
    namespaces: Selector | None = None
    block: IPBlock | None = None
    nodes: Selector | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a rule is written: the policy, the direction, and its index in `spec.ingress` or `spec.egress`.

    `namespace` is empty for a cluster-scoped policy.
    """

    namespace: str
    policy: str
    direction: str
    index: int
    kind: str = NETWORK_POLICY

    def __str__(self) -> str:
        """Return `NetworkPolicy/<namespace>/<name> spec.egress[0]`, or `<kind>/<name> spec.egress[0]`."""
        policy = f"{self.namespace}/{self.policy}" if self.namespace else self.policy
        return f"{self.kind}/{policy} spec.{self.direction.lower()}[{self.index}]"


@dataclass(frozen=True, slots=True)
class Rule:
    """One ingress or egress rule.

    `peers` empty means everyone (a missing and an empty list are the same). `ports` are the numeric ports, all
    of them when the rule lists none; `named` are (protocol, name) pairs that depend on the destination pod.
    """

    origin: Origin
    peers: tuple[Peer, ...] = ()
    ports: PortSet = ALL
    named: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """One NetworkPolicy, or an ApplicationNetworkPolicy of AWS; `types` is what it isolates, after defaulting.

    Rules of a direction that is not among `types` are kept, and are without effect. The chart renders no policy of
    another `kind` than NetworkPolicy, and an object of another kind may have the name of one that it renders.
    """

    namespace: str
    name: str
    selector: Selector
    types: frozenset[str]
    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = ()
    kind: str = NETWORK_POLICY

    def rules(self, direction: str) -> tuple[Rule, ...]:
        """Return the rules of a direction, `Ingress` or `Egress`."""
        return self.ingress if direction == INGRESS else self.egress

    def __str__(self) -> str:
        """Return `NetworkPolicy/<namespace>/<name>`, or that of another kind."""
        return f"{self.kind}/{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace; build it with `namespace()`, which adds the label that the API server adds."""

    name: str
    labels: Labels


@dataclass(frozen=True, slots=True)
class ContainerPort:
    """A named container port; `certain` is False for an init container, which is there only at the start."""

    name: str
    protocol: str
    number: int
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod, or a kind of pods.

    `name` makes it one concrete pod, which then always reaches itself; without a name it stands for any number,
    and `owner` may say whose (`Deployment/web`), as it may say of a concrete pod what made it (`ReplicaSet/web-5f`).
    `ports` are its named ports, None when whoever creates the pod may name any port.
    `addresses` are those it has, or may have; give the real ones when they are known.
    """

    namespace: Namespace
    labels: Labels = NO_LABELS
    name: str = ""
    ports: tuple[ContainerPort, ...] | None = ()
    addresses: AddressSet = POD_RANGES
    host_network: bool = False
    owner: str = ""


@dataclass(frozen=True, slots=True)
class External:
    """Addresses that belong to no pod: the internet, a metadata service, or (`node`) the nodes of the cluster."""

    name: str
    addresses: AddressSet = EVERYWHERE
    node: bool = False


Endpoint = Pod | External


def labels_of(labels: Mapping[str, str]) -> Labels:
    """Return a mapping of labels in the form that is used here."""
    return frozenset(labels.items())


def namespace(name: str, labels: Mapping[str, str] | None = None) -> Namespace:
    """Return a namespace with its labels and `kubernetes.io/metadata.name`, which always is its name."""
    return Namespace(name, labels_of({**(labels or {}), NAME_LABEL: name}))


def selector(equal: Mapping[str, str] | None = None, *requirements: Requirement) -> Selector:
    """Return the selector with these matchLabels and matchExpressions; an In with one value is a label."""
    single = [
        requirement for requirement in requirements if requirement.operator == IN and len(requirement.values) == 1
    ]
    pairs = {(one.key, value) for one in single for value in one.values}
    return Selector(labels_of(equal or {}) | pairs, frozenset(requirements) - frozenset(single))
