"""How long `helm template` takes for this chart, against a chart of one template: `bench_render.py [ROUNDS]`.

No test: a loaded machine would fail it. The charts take turns, so that a load meets all alike, and of each the median
counts: of the CPU time of the process (user and system), which others on the machine disturb least, and of wall time.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.chart.rendering import HELMS, isolating
from vcluster_isolation.helm.template import CHART

POLICY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .Release.Name | quote }}
spec:
  podSelector: {}
"""


def main() -> None:
    """Say, for both helms, the ratio of each chart's median to that of the chart of one template."""
    rounds = int(sys.argv[1]) if sys.argv[1:] else 100
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        values = place / "values.yaml"
        values.write_text(json.dumps(isolating()), encoding="utf-8")
        made = charts(place)
        for name, helm in HELMS.items():
            taken = interleaved(helm, values, made, rounds)
            cpu, wall = ({chart: statistics.median(times[at]) for chart, times in taken.items()} for at in (0, 1))
            for chart in list(made)[1:]:
                sys.stdout.write(
                    f"{name} {chart}: CPU {cpu[chart] * 1000:.1f} ms, {cpu[chart] / cpu['one template']:.3f} times; "
                    f"wall {wall[chart] * 1000:.1f} ms, {wall[chart] / wall['one template']:.3f} times\n"
                )


def charts(place: Path) -> dict[str, Path]:
    """Make the charts: one template, ours, and ours without what may take the time."""
    one = place / "one"
    (one / "templates").mkdir(parents=True)
    (one / "Chart.yaml").write_text("apiVersion: v2\nname: one\nversion: 0.1.0\n", encoding="utf-8")
    (one / "templates" / "policy.yaml").write_text(POLICY, encoding="utf-8")
    bare = shutil.copytree(CHART, place / "bare")
    (bare / "values.schema.json").unlink()
    idle = shutil.copytree(bare, place / "idle")
    for path in (idle / "templates").rglob("*"):
        if path.suffix in (".yaml", ".txt"):
            path.unlink()
    return {"one template": one, "this chart": CHART, "without its schema": bare, "only parsed": idle}


def interleaved(
    helm: Path, values: Path, made: dict[str, Path], rounds: int
) -> dict[str, tuple[list[float], list[float]]]:
    """Return the CPU and wall times of each chart, in seconds."""
    taken: dict[str, tuple[list[float], list[float]]] = {chart: ([], []) for chart in made}
    for _ in range(rounds):
        for chart, path in made.items():
            began = time.perf_counter()
            process = subprocess.Popen(
                [helm, "template", "a", path, "--namespace", "ns", "--values", values], stdout=subprocess.DEVNULL
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            assert process.returncode == 0, chart
            taken[chart][0].append(used.ru_utime + used.ru_stime)
            taken[chart][1].append(time.perf_counter() - began)
    return taken


if __name__ == "__main__":
    main()
