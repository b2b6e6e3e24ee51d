"""What `audit` prints for programs: everything, with a vCluster a line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from vcluster_isolation.audit.audit import Audit, Audited, Verdicts
from vcluster_isolation.audit.judge import Finding
from vcluster_isolation.audit.report import is_fine, warnings
from vcluster_isolation.netpol.objects.model import Origin
from vcluster_isolation.netpol.words.naming import policy_of, rule_of
from vcluster_isolation.subject.said_rule import SaidRule


def as_json(audit: Audit) -> Iterator[str]:
    """Yield the lines of one JSON object; what is the same for all vClusters of a group stands there once."""
    verdicts = {id(vcluster.verdicts): vcluster.verdicts for vcluster in audit.vclusters}
    groups = {key: number for number, key in enumerate(verdicts)}
    cluster = audit.cluster
    head = {
        "ok": audit.ok,
        "namespaces": len(cluster.namespaces),
        "pods": len(cluster.pods),
        "policies": len(cluster.policies),
        "cluster_policies": len(cluster.tiers),
        "warnings": warnings(audit),
        "problems": [problem.as_dict() for problem in cluster.problems],
        "not_evaluated": [policy.as_dict() for policy in cluster.not_evaluated],
        "not_there": [asdict(one) for one in audit.broken],
    }
    yield f'{json.dumps(head)[:-1]}, "groups": ['
    yield from _listed(_group(number, one) for number, one in enumerate(verdicts.values()))
    yield '], "vclusters": ['
    yield from _listed(_vcluster(vcluster, groups[id(vcluster.verdicts)]) for vcluster in audit.vclusters)
    yield "]}"


def _listed(items: Iterator[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line an item, with commas in between."""
    before = None
    for item in items:
        if before is not None:
            yield f"{before},"
        before = json.dumps(item)
    if before is not None:
        yield before


def _group(number: int, verdicts: Verdicts) -> Mapping[str, Any]:
    """Return what holds for all vClusters of a group, JSON-ready."""
    return {
        "group": number,
        "example_of": {"name": verdicts.first.tenant.name, "namespace": verdicts.first.tenant.namespace},
        "not_judged": verdicts.unjudged or None,
        "claims": [_finding(finding) for finding in verdicts.findings],
    }


def _vcluster(one: Audited, group: int) -> Mapping[str, Any]:
    """Return one vCluster, JSON-ready."""
    return {
        "name": one.found.tenant.name,
        "namespace": one.found.tenant.namespace,
        "group": group,
        "ok": is_fine(one),
        "isolated": one.isolated,
        "private_nodes": not one.hosted,
        "synced_namespaces": list(one.found.synced),
        "found_by": list(one.found.found_by),
        "pods": dict(sorted(Counter(role for role, _ in one.found.pods).items())),
        "uncovered": [asdict(pod) for pod in one.uncovered],
        "unselected": list(one.unselected),
        "not_evaluated": [str(policy) for policy in one.not_evaluated if policy.confined],
    }


def _finding(found: Finding) -> Mapping[str, Any]:
    """Return what became of a claim, JSON-ready."""
    return {
        "name": found.claim.name,
        "type": found.claim.kind,
        "there": found.there,
        "possible": found.possible,
        "there_example": found.there_example and found.there_example.as_dict(_rule),
        "possible_example": found.possible_example and found.possible_example.as_dict(_rule),
    }


def _rule(origin: Origin) -> SaidRule:
    """Return a rule as the report names it: of the values that put it there nothing is known."""
    return SaidRule(policy_of(origin, ()), rule_of(origin))
