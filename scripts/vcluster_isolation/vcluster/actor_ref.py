"""An actor of the cast as claims and reports name it: which one, of which tenant, and where."""

from __future__ import annotations

from dataclasses import dataclass

from vcluster_isolation.vcluster.cast import HOME, Actor, PodActor

OWN, NEIGHBOUR, OTHER = "own", "neighbour", "other"
SPREAD, INSIDE, OUTSIDE = "spread", "inside", "outside"
"""Where somebody is: in each of the vCluster's namespaces, in one of the project's, in one that is none of it."""

SOURCE, DESTINATION = "source", "destination"
"""Which end of a flow somebody is."""

SYNCED_NAMESPACE = "a synced namespace"
"""Stands for a namespace that vCluster makes for a tenant, and that nobody names."""


@dataclass(frozen=True, slots=True)
class ActorRef:
    """An actor of the cast; `tenant` says of which tenant. `labels_fixed` takes it with its usual labels only.

    `place` says where it is, if it is not everywhere that it can be: SPREAD, INSIDE or OUTSIDE.
    """

    actor: Actor
    tenant: str = OWN
    labels_fixed: bool = False
    place: str = ""

    def __str__(self) -> str:
        """Return the actor's name, with the tenant's for one that is not ours: `neighbour's workload`."""
        owned = isinstance(self.actor, PodActor) and self.actor.namespace == HOME and self.tenant != OWN
        where = {INSIDE: " in the project", OUTSIDE: " outside the project"}.get(self.place, "")
        return f"{self.tenant}'s {self.actor.name}{where}" if owned else self.actor.name
