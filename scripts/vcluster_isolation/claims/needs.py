"""The claims about what the values of a vCluster need: a flow that is closed makes one fail, and says what to set."""

from __future__ import annotations

from vcluster_isolation.claims.claim import AVAILABILITY, Claim, Flow, own
from vcluster_isolation.subject.needs import Need, where_of
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.vcluster.actor_ref import ActorRef
from vcluster_isolation.vcluster.cast import NamedActor

NEEDS = "needs-"
"""What the names of these claims begin with; also what stands before a need's key among whom values name."""


def needs_claims(subject: Subject) -> tuple[Claim, ...]:
    """Return a claim for each flow that a value of the subject needs; none for manifests, whose values nobody knows."""
    return tuple(map(_claim, subject.needs))


def _claim(need: Need) -> Claim:
    sentence = f"{where_of(need)} needs a flow: {need.flow}."
    flows = (_flow(need),) if need.sources or need.destination else ()
    if not flows:
        sentence = f"{where_of(need)} is on: {need.flow}."
    key = f"{NEEDS}{need.key}"
    return Claim(key, AVAILABILITY, sentence, flows, None, value=key, advice=need.advice)


def _flow(need: Need) -> Flow:
    """Return the ends: the vCluster's, and the other one that the values name or that may be anybody."""
    other = (ActorRef(NamedActor(need.name, f"{NEEDS}{need.key}", need.flow)),)
    return (other, own(need.destination)) if need.destination else (own(*need.sources), other)
