"""Subjects for tests of the proof: the situations of tests/situations, each rendered once in a process."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from vcluster_isolation.helm.template import Request
from vcluster_isolation.netpol.objects.model import Policy
from vcluster_isolation.netpol.objects.tiers import TierPolicy
from vcluster_isolation.netpol.parse.parse import parse_cluster
from vcluster_isolation.prove.prove import CLOSED, FAILS, GRANTED, HOLDS, KNOWN_GAP, NO_SUBJECT, Outcome, prove
from vcluster_isolation.subject.subject import Subject, of_cluster, of_values
from vcluster_isolation.tools import PROJECT

VALUES = PROJECT / "tests" / "situations" / "values"
SITUATIONS = sorted(path.stem for path in VALUES.glob("*.yaml"))


@cache
def subject(situation: str = "default") -> Subject:
    """Return what a situation renders to, as vCluster `a` in namespace `ns`."""
    return of_values(Request((VALUES / f"{situation}.yaml",), name="a", namespace="ns"))


def of(policy: Any, **root: Any) -> Subject:
    """Return what values render to, those under policies.networkPolicy and others at the root, as `a` in `ns`."""
    return _rendered(json.dumps({"policies": {"networkPolicy": {"enabled": True, **policy}}, **root}))


@cache
def _rendered(text: str) -> Subject:
    path = Path(tempfile.mkdtemp(prefix="vcluster-isolation-tests-")) / "values.yaml"
    atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
    path.write_text(text, encoding="utf-8")
    return of_values(Request((path,), name="a", namespace="ns"))


def of_manifests(documents: Iterable[Any], *, home: str = "default") -> list[Subject]:
    """Return the vClusters whose policies are among manifests, all of which can be read."""
    cluster = parse_cluster(documents, home=home)
    assert cluster.problems == ()
    return of_cluster(cluster)


def mended(
    whole: Subject, *, policies: Iterable[Policy] | None = None, tiers: Iterable[TierPolicy] | None = None
) -> Subject:
    """Return a subject with other policies, as if the chart rendered them whatever the values are."""
    new = (whole.policies if policies is None else tuple(policies), whole.tiers if tiers is None else tuple(tiers))
    return replace(whole, policies=new[0], tiers=new[1], render_at_default_values=lambda: new)


def statuses(whole: Subject) -> dict[str, set[str]]:
    """Return the names of all claims by what becomes of them."""
    found: dict[str, set[str]] = {status: set() for status in (HOLDS, FAILS, GRANTED, CLOSED, KNOWN_GAP, NO_SUBJECT)}
    for outcome in prove(whole):
        found[outcome.status].add(outcome.claim.name)
    return found


@cache
def outcomes(situation: str = "default") -> dict[str, Outcome]:
    """Return what becomes of each claim in a situation, by the claim's name."""
    return {outcome.claim.name: outcome for outcome in prove(subject(situation))}
