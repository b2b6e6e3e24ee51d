"""What an audit found, short enough to compare."""

from __future__ import annotations

from vcluster_isolation.audit.audit import Audit


def statuses(found: Audit) -> dict[tuple[str, str], dict[str, tuple[str, str]]]:
    return {
        (one.found.tenant.namespace, one.found.tenant.name): {
            finding.claim.name: (finding.there, finding.possible) for finding in one.verdicts.findings
        }
        for one in found.vclusters
    }


def kinds(found: Audit) -> int:
    return len({id(one.verdicts) for one in found.vclusters})
