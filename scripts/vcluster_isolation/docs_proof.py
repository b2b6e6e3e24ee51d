"""Generated blocks that say what the default output is proved to do: see `docs.py`."""

from __future__ import annotations

from vcluster_isolation.helm import Request
from vcluster_isolation.proof.prove import prove
from vcluster_isolation.proof.subject import of_values
from vcluster_isolation.tools import PROJECT

_SITUATIONS = PROJECT / "tests" / "situations"


def connectivity() -> list[str]:
    """Return the golden connectivity of the default output."""
    path = _SITUATIONS / "golden" / "default" / "connectivity.txt"
    return ["```text", *path.read_text(encoding="utf-8").splitlines(), "```"]


def claims() -> list[list[str]]:
    """Return for each claim: its name, its sentence, and whether it holds for the default output."""
    subject = of_values(Request((_SITUATIONS / "values" / "default.yaml",)))
    return [[outcome.claim.name, outcome.claim.sentence, outcome.status] for outcome in prove(subject)]
