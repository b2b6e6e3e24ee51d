"""What values need and their own policies close: a warning for each such flow, at the value that needs it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vcluster_isolation.errors import Problem
from vcluster_isolation.helm import Request
from vcluster_isolation.layers import Layer, chart_defaults, locate, over_defaults, overlay
from vcluster_isolation.proof.claims_needs import needs_claims
from vcluster_isolation.proof.prove import FAILS, prove
from vcluster_isolation.proof.subject import described
from vcluster_isolation.vcluster.needs import where_of


def unmet_needs(layers: Sequence[Layer], request: Request, manifests: str) -> Iterator[Problem]:
    """Yield a warning for each flow that a value needs and that the rendered `manifests` do not surely let through.

    The layers are those of one release, which the chart accepted. Raises what reading the chart or manifests raises.
    """
    values = over_defaults(chart_defaults(request.chart), overlay([layer.values for layer in layers]))
    subject = described(values, request, manifests)
    found = zip(subject.needs, prove(subject, needs_claims(subject)), strict=True)
    for need in (need for need, outcome in found if outcome.status == FAILS):
        what = f"needs {need.flow}, which is closed" if need.sources or need.destination else f"is on: {need.flow}"
        yield Problem(where_of(need), what, need.advice, "chart", *locate(layers, need.where))
