"""How fast `audit` is, and `prove`, `connectivity` and `diff` beside it: `python -m tests.audit.bench_audit [--quick]`.

Writes what kubectl would print of host clusters with many vClusters (five pods each, policies rendered by the chart),
and runs the command on it as anybody would, in a process of its own: what is printed is processor time and peak
memory of that process, reading the JSON included. The fleets:

- mixed: the configurations of `tests.audit.fleet`, which take turns (own rules, embedded CoreDNS, missing policies, a
  tenant's own policies, namespace sync and so on);
- own addresses: every vCluster has an ipBlock of its own;
- own ports: every vCluster has a rule with a port of its own, so that no two can be judged together: the worst case;
- one namespace: all vClusters share it, so that each is the others' neighbour: judged one by one as well.

Asserts nothing: a benchmark, not a test. `--quick` leaves out what takes longer than some seconds.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.audit.fleet import CONFIGURATIONS, OWN_PORT, fleet, host, plus, vcluster, write
from tests.subject.subjects import VALUES, subject
from vcluster_isolation.connectivity import report as render_text
from vcluster_isolation.connectivity.fleet import matrix_of
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.prove.prove import prove
from vcluster_isolation.subject.inputs import read_input

OWN_PORTS = "a port of its own"
CONFIGURATIONS_OF_FLEETS = tuple(CONFIGURATIONS)
CONFIGURATIONS[OWN_PORTS] = ("default", plus(OWN_PORT))

Fleet = Callable[[int], Iterator[str]]


def mixed(count: int) -> Iterator[str]:
    """All configurations, one after another."""
    return fleet(count, CONFIGURATIONS_OF_FLEETS)


def one_namespace(count: int) -> Iterator[str]:
    """The default in one namespace."""
    yield from host()
    for number in range(count):
        texts = vcluster("default", number, home="shared")
        yield from (text for text in texts if number == 0 or '"kind": "Namespace"' not in text)


FLEETS: list[tuple[str, Fleet, int]] = [
    ("mixed", mixed, 1000),
    ("mixed", mixed, 10_000),
    ("own addresses", lambda count: fleet(count, ["a database of its own"]), 10_000),
    ("own ports", lambda count: fleet(count, [OWN_PORTS]), 1000),
    ("one namespace", one_namespace, 100),
]


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def run(*words: str | Path) -> tuple[float, float, float]:
    """Run our command line; return its seconds of processor time, of wall time, and its peak memory in MiB."""
    command = [sys.executable, "-m", "vcluster_isolation", *map(str, words)]
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, _, used = os.wait4(process.pid, 0)
    return used.ru_utime + used.ru_stime, time.monotonic() - start, used.ru_maxrss / 1024


def measure_audit(name: str, make: Fleet, count: int, folder: Path) -> float:
    """Print the row of one fleet, and return its processor time."""
    file = folder / f"{count}.json"
    write(make(count), file)
    seconds, wall, peak = run("audit", file)
    size = file.stat().st_size / 1e6
    file.unlink()
    say(
        f"audit   {name:<14} {count:6} vClusters  {size:5.0f} MB  {seconds:6.1f} s  (wall {wall:5.1f} s)  {peak:5.0f} MiB"
    )
    return seconds


def measure_prove() -> None:
    """Print how long one tenant takes, helm not counted."""
    whole = subject()
    took = []
    for _ in range(5):
        start = time.process_time()
        prove(whole)
        took.append(time.process_time() - start)
    say(f"prove   one tenant, helm not counted: {statistics.median(took):.3f} s")


def measure_connectivity(folder: Path) -> None:
    """Print how long `connectivity` of 200 vClusters with their pods takes, after parsing and with it."""
    file = folder / "200.json"
    write(fleet(200, ["default"]), file)
    start = time.process_time()
    given = read_input([file], name=None, namespace=None, chart=CHART)
    parsed = time.process_time()
    render_text.text(matrix_of(given, reasons=False))
    done = time.process_time()
    say(f"connectivity  200 vClusters of 5 pods: {done - parsed:.2f} s after parsing, {done - start:.2f} s with it")


def measure_diff() -> None:
    """Print how long `diff` of two values files takes, the process and helm included."""
    _, wall, _ = run("diff", VALUES / "default.yaml", VALUES / "own-rules.yaml")
    say(f"diff    two values files, all included: {wall:.2f} s of wall time")


def main() -> None:
    """Measure everything."""
    with tempfile.TemporaryDirectory() as folder:
        measure_prove()
        measure_connectivity(Path(folder))
        measure_diff()
        fleets = FLEETS[:1] if "--quick" in sys.argv else FLEETS
        took = [measure_audit(*one, Path(folder)) for one in fleets]
        if len(took) > 1:
            say(f"audit   growth from 1,000 to 10,000 vClusters of the mixed fleet: {took[1] / took[0]:.1f}-fold")


if __name__ == "__main__":
    main()
