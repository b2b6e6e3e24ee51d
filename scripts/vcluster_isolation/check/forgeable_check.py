"""Grants that other tenants can use, as warnings of `check`: the values are legal, but `prove --strict` fails."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from vcluster_isolation.errors import Problem
from vcluster_isolation.prove.forgeable import forgeable_grants
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.values.layers import Layer, locate
from vcluster_isolation.wording import printable, undotted


def forgeable(layers: Sequence[Layer], subjects: Iterable[Subject]) -> Iterator[Problem]:
    """Yield a warning for each grant of the values that other tenants can use; `subjects` are what these describe.

    Each has the place of the grant in the values, and the selector that is safe where there is one.
    """
    for subject in subjects:
        for grant in forgeable_grants(subject):
            advice = grant.advice + (f": {json.dumps(grant.safe)}" if grant.safe else "")
            place = locate(layers, undotted(grant.path) or ())
            yield Problem(grant.path, printable(f"{grant.peer}: {grant.why}"), printable(advice), "chart", *place)
