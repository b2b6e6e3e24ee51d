"""Our `connectivity` beside IBM's network-config-analyzer on the same fleets: `python -m tests.connectivity.bench_peer NCA [COUNT…]`.

NCA is its program: `python3 -m venv /tmp/nca && /tmp/nca/bin/pip install network-config-analyzer` makes
/tmp/nca/bin/nca. It wants policyTypes in the order Ingress, Egress. Prints wall time, one run after the other; asserts
nothing.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import yaml

from tests.netpol.fleet import fleet
from vcluster_isolation import tools


def write(count: int, folder: Path) -> None:
    """Write a fleet of `count` vClusters of five pods as manifests."""
    documents = list(fleet(count))
    for document in documents:
        if document["kind"] == "NetworkPolicy":
            document["spec"]["policyTypes"].sort(reverse=True)
    (folder / "fleet.yaml").write_text(yaml.safe_dump_all(documents), encoding="utf-8")


def timed(command: Sequence[str | Path]) -> float:
    """Return the wall time of a command in seconds."""
    start = time.perf_counter()
    tools.run(command)
    return time.perf_counter() - start


def main(nca: str, *counts: str) -> None:
    """Print a line a fleet."""
    for count in map(int, counts or ("20", "50")):
        with tempfile.TemporaryDirectory() as place:
            write(count, Path(place))
            ours = timed([sys.executable, "-m", "vcluster_isolation", "connectivity", place])
            theirs = timed([nca, "--connectivity", place, "-r", place])
        print(f"{count} vClusters of 5 pods: ours {ours:.1f} s, network-config-analyzer {theirs:.1f} s")  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
