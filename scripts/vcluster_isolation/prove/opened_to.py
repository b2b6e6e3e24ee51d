"""Grants that open a flow to another tenant's pod, told by the counterexample of a claim: a backstop for `--strict`.

`prove/forgeable.py` looks at peers; this looks at what was found. Flows by addresses are left to the former: it knows
which addresses are pods', while a claim may take any private address for one.
"""

from __future__ import annotations

from typing import Final

from vcluster_isolation.claims.claims import ISOLATION
from vcluster_isolation.netpol.engine.match import selects
from vcluster_isolation.netpol.objects.model import Origin, Pod, Rule
from vcluster_isolation.prove.example import Example
from vcluster_isolation.prove.prove import GRANTED, Outcome
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.vcluster.actor_ref import OWN
from vcluster_isolation.vcluster.grant_rows import TENANTS, grant_rows

_FOR_TENANTS: Final = frozenset(row.path for row in grant_rows() if row.whose == TENANTS)
"""The values whose purpose is other tenants."""


def opened_to_tenants(subject: Subject, outcome: Outcome) -> bool:
    """Return whether a claim of isolation is granted, and its counterexample is a flow with another tenant's pod.

    The flow must be opened by a rule of the user's whose peers select that pod by labels, or are everyone.
    """
    found = outcome.counterexample
    if outcome.status != GRANTED or outcome.claim.kind != ISOLATION or found is None:
        return False
    return any(
        _selected(rule, end)
        for who, end in zip((found.source, found.destination), found.ends, strict=True)
        if who.tenant != OWN and isinstance(end, Pod)
        for rule in _rules(subject, found)
    )


def _rules(subject: Subject, found: Example) -> list[Rule]:
    """Return the rules of the user's that let a flow through, but for those of a project."""
    mine = {origin for origin in found.rules if _counts(subject, origin)}
    rules = (rule for policy in subject.policies for rule in (*policy.ingress, *policy.egress))
    return [rule for rule in rules if rule.origin in mine]


def _counts(subject: Subject, origin: Origin) -> bool:
    """Return whether a rule is a grant whose purpose is not other tenants."""
    note = subject.note(origin)
    return bool(subject.granted(origin)) and (note is None or note.key not in _FOR_TENANTS)


def _selected(rule: Rule, pod: Pod) -> bool:
    """Return whether the peers of a rule select a pod by its labels, or are everyone."""
    home = rule.origin.namespace
    return not rule.peers or any(peer.block is None and selects(peer, home, pod) for peer in rule.peers)
