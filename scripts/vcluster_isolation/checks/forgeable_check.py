"""Grants that other tenants can use, as warnings of `check`: the values are legal, but `prove --strict` fails."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from vcluster_isolation.chart_instances import Instance
from vcluster_isolation.errors import Problem
from vcluster_isolation.helm import Request
from vcluster_isolation.layers import Layer, locate
from vcluster_isolation.proof.platform_subject import subjects_of_render
from vcluster_isolation.proof.rule_notes import PLATFORM_KEY
from vcluster_isolation.proof.settings import at
from vcluster_isolation.prove.forgeable import forgeable_grants
from vcluster_isolation.wording import printable, undotted


def forgeable(
    layers: Sequence[Layer], request: Request, found: Sequence[Instance], manifests: str
) -> Iterator[Problem]:
    """Yield a warning for each grant of the values that other tenants can use.

    `found` are the instances of this chart in what `request` renders, and `manifests` is that.

    Each has the place of the grant in the values, and the selector that is safe where there is one. Raises InputError
    for manifests that cannot be read, and what reading the chart raises.
    """
    on = ("policies.networkPolicy.enabled", f"{PLATFORM_KEY}.enabled")
    isolated = [instance for instance in found if any(at(instance.values, key) for key in on)]
    for subject in subjects_of_render(request, isolated, manifests):
        for grant in forgeable_grants(subject):
            advice = grant.advice + (f": {json.dumps(grant.safe)}" if grant.safe else "")
            place = locate(layers, undotted(grant.path) or ())
            yield Problem(grant.path, printable(f"{grant.peer}: {grant.why}"), printable(advice), "chart", *place)
