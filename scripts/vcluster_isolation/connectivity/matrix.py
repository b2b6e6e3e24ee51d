"""Who reaches whom, as data: what `connectivity` prints, `diff` compares, and the HTML report shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from vcluster_isolation.netpol.sets.addresses import AddressSet
from vcluster_isolation.netpol.sets.ports import PortSet
from vcluster_isolation.netpol.unevaluated import UnevaluatedPolicy


@dataclass(frozen=True, slots=True)
class MatrixActor:
    """A row and column of the matrix: a stable name, and one sentence about who it is.

    `own` says that it is a pod of the vCluster that the matrix is about, `addresses` which addresses it is if it is no
    pod, and `part_of` the names of what it is a part of, the widest first (see `fold.py`).
    """

    name: str
    about: str
    own: bool = False
    addresses: AddressSet = field(default_factory=AddressSet)
    part_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that lets a flow through on one side (`egress` of the source, or `ingress` of the destination).

    `policy` and `rule` say where it is written (`vc-work-a`, `spec.egress[0]`), `flow` what the chart's comment says
    of it, `value` the values path that put it there; both are empty when that is not known. A side without any
    policy has a reason whose `policy` is empty: nothing isolates it.
    """

    side: str
    policy: str
    rule: str
    ports: PortSet
    flow: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """An allowed flow: the ports that get from a source to a destination, by the names of the actors, and why.

    Where a rule names a port, `ports` are all that the destination may call so, and `words` say it in other words:
    `TCP 8443, TCP port web`; else `words` are empty.
    """

    source: str
    destination: str
    ports: PortSet
    reasons: tuple[Reason, ...]
    words: str = ""

    @property
    def text(self) -> str:
        """The ports as a report shows them."""
        return self.words or str(self.ports)


@dataclass(frozen=True, slots=True)
class Matrix:
    """All actors, in the order in which they are shown, and the allowed flows, sorted by source and destination.

    `not_evaluated` are the policies beside those that were evaluated, as far as they could change a flow or are worth a
    note.
    """

    title: str
    actors: tuple[MatrixActor, ...]
    cells: tuple[Cell, ...]
    not_evaluated: tuple[UnevaluatedPolicy, ...] = ()

    @property
    def undecided(self) -> bool:
        """Whether a policy that was not evaluated could open or close a flow."""
        return any(policy.changes for policy in self.not_evaluated)
