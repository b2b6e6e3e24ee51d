"""How fast the evaluator is: `python -m tests.netpol.bench_evaluator [COUNT…]`; 200 and 1000 vClusters if none is given.

Writes the JSON that kubectl would print of a host cluster with so many vClusters (the four policies of vCluster
0.31 and five pods each), then reads, folds and evaluates it in one process, and prints the processor time of each step. The
tenants' symbolic pods are evaluated once for each shape of policies. Asserts nothing: a benchmark, not a test.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.netpol.fleet import MANAGED, fleet
from vcluster_isolation.netpol.engine.canonical import shape_of_policies
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.engine.flows import allowed_flows
from vcluster_isolation.netpol.engine.labels import label_classes, one_of
from vcluster_isolation.netpol.objects.model import Namespace, Pod
from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.netpol.parse.parse import Cluster, parse_cluster
from vcluster_isolation.netpol.parse.stream import objects


@contextmanager
def timed(name: str, took: dict[str, float]) -> Iterator[None]:
    """Note how long a step took."""
    start = time.process_time()
    yield
    took[name] = time.process_time() - start


def write(count: int, path: Path) -> None:
    """Write the cluster as kubectl prints it, object by object."""
    with path.open("w") as file:
        file.write('{"apiVersion": "v1", "items": [')
        for at, item in enumerate(fleet(count)):
            file.write(f"{',' if at else ''}\n{json.dumps(item, indent=4)}")
        file.write('], "kind": "List"}')


def hostile_pods(cluster: Cluster, evaluator: Evaluator, tenant: str, space: Namespace) -> int:
    """Evaluate every pod that a tenant could create against the pods of its namespace; return how many kinds."""
    ends = [pod for pod in cluster.pods[:8] if pod.namespace.name == space.name]
    fixed = {MANAGED: one_of(tenant)}
    kinds = label_classes(evaluator.pod_selectors(space), fixed)
    for kind in kinds:
        pod = Pod(space, kind.labels, ports=None)
        for end in ends:
            evaluator.allowed(pod, end, Mode.MAY)
    return len(kinds)


def measure(count: int) -> None:
    """Print the row of one size."""
    took: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cluster.json"
        write(count, path)
        size = path.stat().st_size
        with timed("read", took), path.open() as file:
            began = time.perf_counter()
            cluster = parse_cluster(objects(file))
    with timed("flows", took):
        evaluator = Evaluator(cluster.policies)
        flows = sum(1 for _ in allowed_flows(evaluator, cluster.pods, Mode.MAY))
    with timed("shapes", took):
        seen: dict[object, int] = {}
        for space in cluster.namespaces.values():
            tenant = space.name.removeprefix("vcluster-")
            policies = list(evaluator.policies(space.name))
            shape = shape_of_policies(policies, {space.name: "<namespace>", tenant: "<tenant>"})
            if policies and shape not in seen:
                seen[shape] = hostile_pods(cluster, Evaluator(policies), tenant, space)
    wall = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    steps = "  ".join(f"{name} {seconds:6.2f} s" for name, seconds in took.items())
    sys.stdout.write(
        f"{count:6} vClusters  {size / 1e6:6.0f} MB JSON  {steps}  total {sum(took.values()):6.2f} s of processor, {wall:.2f} s of wall time  "
        f"{flows} flows  {len(seen)} shape(s), {sum(seen.values())} kinds of pods  peak {peak:.0f} MiB\n"
    )


if __name__ == "__main__":
    gc.disable()  # nothing here makes cycles, and looking for them costs half of the time
    for word in sys.argv[1:] or ("200", "1000"):
        measure(int(word))
