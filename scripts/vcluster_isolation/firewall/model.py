"""What a firewall rule is, whoever's firewall it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vcluster_isolation.vcluster.ports import Protocol


@dataclass(frozen=True, slots=True)
class Rule:
    """Let `sources` connect to `ports` of `targets`, none of them empty.

    A source or target is a CIDR, or the provider's name of a set of machines (see `providers`). The description
    suits every provider: at most 140 characters (Azure), and only those that AWS allows.
    """

    name: str
    direction: Literal["INGRESS"]
    protocol: Protocol
    ports: tuple[int, ...]
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    description: str


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """Where rules go. Each provider needs some of it, and has no use for the rest, which is None."""

    network: str | None = None
    project: str | None = None
    region: str | None = None
    resource_group: str | None = None
    nsg: str | None = None
    first_priority: int = 1000
