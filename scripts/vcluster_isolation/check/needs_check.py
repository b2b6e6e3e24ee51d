"""What values need and their own policies close: a warning for each such flow, at the value that needs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from vcluster_isolation.claims.needs import needs_claims
from vcluster_isolation.errors import Problem
from vcluster_isolation.prove.prove import FAILS, prove
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.values.layers import Layer, locate
from vcluster_isolation.wording import dotted


def unmet_needs(layers: Sequence[Layer], subjects: Iterable[Subject]) -> Iterator[Problem]:
    """Yield a warning for each flow that a value needs and that the rendered policies do not surely let through.

    The layers are those of one release, which the chart accepted, and `subjects` what they describe.
    """
    for subject in subjects:
        judged = zip(subject.needs, prove(subject, needs_claims(subject)), strict=True)
        for need in (need for need, outcome in judged if outcome.status == FAILS):
            where = (*subject.below, *need.where)
            what = f"needs {need.flow}, which is closed" if need.sources or need.destination else f"is on: {need.flow}"
            yield Problem(dotted(where), what, need.advice, "chart", *locate(layers, where))
