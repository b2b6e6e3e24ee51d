"""The platform's ports, as data: `ports.yaml` of the chart, which its templates read as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from vcluster_isolation.helm.template import CHART

Protocol = Literal["TCP", "UDP"]
PortNeed = Literal["required", "optional", "unused"]
"""Whether a cluster needs a port to be open."""


@dataclass(frozen=True, slots=True)
class PortParty:
    """Who serves or dials a port; `pod_labels` (key and value) are empty where it is no pods, or not known which."""

    name: str
    about: str
    pod_labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Port:
    """A row of the table: a pod's port, who listens there, who connects, and which clusters need it open.

    `service` is the name of the Service that leads there, empty where it is not known, and `note` what else there
    is to know, often nothing.
    """

    name: str
    port: int
    protocols: tuple[Protocol, ...]
    serves: str
    service: str
    served_by: tuple[PortParty, ...]
    dialled_by: tuple[PortParty, ...]
    platform_cluster: PortNeed
    agent_cluster: PortNeed
    note: str

    def is_served_by(self, end: str) -> bool:
        """Whether the end of that name listens here."""
        return end in (each.name for each in self.served_by)

    def is_dialled_by(self, end: str) -> bool:
        """Whether the end of that name connects to this port."""
        return end in (each.name for each in self.dialled_by)


@cache
def read_ports(chart: Path = CHART) -> tuple[Port, ...]:
    """Return the rows of the chart's `ports.yaml`, in its order; the file is read once."""
    text = (chart / "ports.yaml").read_text(encoding="utf-8")
    table = yaml.load(text, Loader=yaml.CSafeLoader)
    ends = {name: _end(name, end) for name, end in table["ends"].items()}
    return tuple(_port(row, ends) for row in table["ports"])


def _end(name: str, end: Mapping[str, Any]) -> PortParty:
    """Return one of the `ends`."""
    return PortParty(name, end["about"], tuple(end.get("podLabels", {}).items()))


def _port(row: Mapping[str, Any], ends: Mapping[str, PortParty]) -> Port:
    """Return one of the `ports`, with its ends looked up."""
    return Port(
        name=row["name"],
        port=row["port"],
        protocols=tuple(row["protocols"]),
        serves=row["serves"],
        service=row["service"],
        served_by=tuple(ends[name] for name in row["servedBy"]),
        dialled_by=tuple(ends[name] for name in row["dialledBy"]),
        platform_cluster=row["platformCluster"],
        agent_cluster=row["agentCluster"],
        note=row["note"],
    )
