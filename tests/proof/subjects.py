"""Subjects for tests of the proof: the situations of tests/situations, each rendered once in a process."""

from __future__ import annotations

from functools import cache

from vcluster_isolation.helm import Request
from vcluster_isolation.proof.prove import Outcome, prove
from vcluster_isolation.proof.subject import Subject, of_values
from vcluster_isolation.tools import PROJECT

VALUES = PROJECT / "tests" / "situations" / "values"
SITUATIONS = sorted(path.stem for path in VALUES.glob("*.yaml"))


@cache
def subject(situation: str = "default") -> Subject:
    """Return what a situation renders to, as vCluster `a` in namespace `ns`."""
    return of_values(Request((VALUES / f"{situation}.yaml",), name="a", namespace="ns"))


@cache
def outcomes(situation: str = "default") -> dict[str, Outcome]:
    """Return what becomes of each claim in a situation, by the claim's name."""
    return {outcome.claim.name: outcome for outcome in prove(subject(situation))}
