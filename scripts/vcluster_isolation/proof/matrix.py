"""Who reaches whom, as data: what `connectivity` prints, `diff` compares, and the HTML report shows."""

from __future__ import annotations

from dataclasses import dataclass

from vcluster_isolation.reach.ports import PortSet


@dataclass(frozen=True, slots=True)
class Actor:
    """A row and column of the matrix: a stable name, and one sentence about who it is."""

    name: str
    about: str


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
    """An allowed flow: the ports that get from a source to a destination, by the names of the actors, and why."""

    source: str
    destination: str
    ports: PortSet
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """All actors, in the order in which they are shown, and the allowed flows, sorted by source and destination."""

    title: str
    actors: tuple[Actor, ...]
    cells: tuple[Cell, ...]
