"""How fast `connectivity` is: `python -m tests.connectivity.bench_connectivity [COUNT…]`; 50, 200 and 1000 if none is given.

Writes the JSON that kubectl would print of a host cluster with so many vClusters (four policies and five pods each),
then reads it and finds who reaches whom, as text (without reasons) and as JSON (with them). Each step is timed by
itself, the best of three. Asserts nothing: a benchmark, not a test.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.netpol import fleet as vclusters
from vcluster_isolation.connectivity import fleet
from vcluster_isolation.connectivity import report as render_text
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.subject.inputs import read_input

_Result = TypeVar("_Result")


def timed(step: Callable[[], _Result]) -> tuple[_Result, float]:
    """Return what a step returns, and the least processor time that it took."""
    took = []
    for _ in range(3):
        start = time.process_time()
        result = step()
        took.append(time.process_time() - start)
    return result, min(took)


def measure(count: int, *, pods: bool) -> None:
    """Print the row of one size."""
    items = [one for one in vclusters.fleet(count) if pods or one["kind"] != "Pod"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cluster.json"
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        given, read = timed(lambda: read_input([path], name=None, namespace=None, chart=CHART))
    text, lines = timed(lambda: render_text.text(fleet.matrix_of(given, reasons=False)))
    _, reasons = timed(lambda: render_text.as_json(fleet.matrix_of(given)))
    sys.stdout.write(
        f"{count:5} vClusters {'with 5 pods each' if pods else 'without pods    '}  read {read:5.2f} s  "
        f"text {lines:5.2f} s  JSON with reasons {reasons:5.2f} s  {len(text.splitlines())} flows\n"
    )


if __name__ == "__main__":
    for word in sys.argv[1:] or ("50", "200", "1000"):
        measure(int(word), pods=True)
    measure(50, pods=False)
