"""Generated blocks that say what the default output is proved to do: see `docs.py`."""

from __future__ import annotations

from vcluster_isolation.claims.platform import platform_claims as claims_of_platform
from vcluster_isolation.helm.template import Request
from vcluster_isolation.prove.prove import NO_SUBJECT, Outcome, prove
from vcluster_isolation.subject.subject import of_values
from vcluster_isolation.tools import PROJECT

_SITUATIONS = PROJECT / "tests" / "situations"


def connectivity() -> list[str]:
    """Return the golden connectivity of the default output."""
    path = _SITUATIONS / "golden" / "default" / "connectivity.txt"
    return ["```text", *path.read_text(encoding="utf-8").splitlines(), "```"]


def claims() -> list[list[str]]:
    """Return for each claim: its name, its sentence, and what becomes of it in each profile with no other value set."""
    profiles = [
        prove(of_values(Request((_SITUATIONS / "values" / f"{name}.yaml",)))) for name in ("default", "hardened")
    ]
    return [
        [one.claim.name, one.claim.sentence, _status(one), _status(other)] for one, other in zip(*profiles, strict=True)
    ]


def platform_claims() -> list[list[str]]:
    """Return for each claim about vCluster Platform its name and its sentence."""
    return [[one.name, one.sentence] for one in claims_of_platform()]


def _status(outcome: Outcome) -> str:
    """Return the status of a claim; of one about a value that is off, the value."""
    value = outcome.claim.value
    return f"with `{value}`" if outcome.status == NO_SUBJECT and value else outcome.status
