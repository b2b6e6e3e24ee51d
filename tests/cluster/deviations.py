"""What the agent is known to do in another way than NetworkPolicy says, each with its reason and how it is recognised.

A difference that one of these explains is no error of the chart or of the evaluator. `docs/cluster.md` lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tests.cluster.enforcement import Difference
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.engine.match import applies
from vcluster_isolation.netpol.objects.model import EGRESS, INGRESS, Endpoint, Pod, Policy
from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.netpol.sets.ports import NONE, PortSet


@dataclass(frozen=True)
class Deviation:
    """A deviation: its name, what the agent does and why, and whether it explains a difference."""

    name: str
    reason: str
    explains: Callable[[Evaluator, Difference], bool]


def _one_chain(evaluator: Evaluator, difference: Difference) -> bool:
    """Whether a flow is open because a rule of one direction was asked for the other."""
    ends = difference.source.endpoint(difference.family), difference.destination.endpoint(difference.family)
    if not difference.is_open:
        return False
    verdict = evaluator.flow(*ends, Mode.MAY)
    out = verdict.egress.ports | _by_a_shared_policy(evaluator, ends, INGRESS)
    into = verdict.ingress.ports | _by_a_shared_policy(evaluator, ends, EGRESS)
    return (difference.protocol, difference.port) in out & into


def _by_a_shared_policy(evaluator: Evaluator, ends: tuple[Endpoint, Endpoint], direction: str) -> PortSet:
    """Return the ports that the rules of one direction allow, of the policies that select both ends."""
    found = NONE
    source, destination = ends
    if isinstance(source, Pod) and isinstance(destination, Pod):
        for policy in evaluator.policies(source.namespace.name):
            if all(_selects(policy, end) for end in (source, destination)) and direction in policy.types:
                only = replace(policy, types=frozenset({direction}))
                found |= Evaluator([only]).flow(source, destination, Mode.MAY).allowed
    return found


def _selects(policy: Policy, end: Pod) -> bool:
    return any(applies(policy, end, direction) for direction in (INGRESS, EGRESS))


DEVIATIONS = (
    Deviation(
        "one-chain",
        "kube-router v2.1.0 has one chain of rules for both directions of a policy: between two pods that one policy "
        "selects, a rule for egress also lets in, and a rule for ingress also lets out.",
        _one_chain,
    ),
)


def explained(evaluator: Evaluator, differences: tuple[Difference, ...]) -> Iterator[tuple[str, Difference]]:
    """Yield each difference with the name of the deviation that explains it, empty if none does."""
    for difference in differences:
        names = (deviation.name for deviation in DEVIATIONS if deviation.explains(evaluator, difference))
        yield next(names, ""), difference
