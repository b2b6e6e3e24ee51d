"""`scripts/cluster`: a real cluster for a person, to try a chart and commands on."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from real_cluster import handle, network
from vcluster_isolation.errors import EXIT_CANNOT_RUN, EXIT_OK, IsolationError


def main(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        match options.command:
            case "up":
                return _up(options.kubeconfig)
            case "down":
                return _down()
            case _:
                return _status()
    except IsolationError as error:
        sys.stderr.write(f"error: {error}\n")
    except OSError as error:
        sys.stderr.write(f"error: {error}\n")
    return EXIT_CANNOT_RUN


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/cluster",
        description="Runs a Kubernetes cluster on this machine for tests: a real API server and a real network agent, "
        "two nodes and their pods as network namespaces. `scripts/cluster build` builds the programs first.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start a cluster that stays until `down`")
    up.add_argument("--kubeconfig", type=Path, metavar="FILE", help="write the kubeconfig, with its token, to FILE")
    commands.add_parser("down", help="end every cluster of this checkout, and remove what killed ones left")
    commands.add_parser("status", help="say what runs")
    return parser


def _up(kubeconfig: Path | None) -> int:
    begun = time.monotonic()
    running = handle.all_running()
    if running:
        raise IsolationError(f"a cluster runs already, in {running[0].folder}", "run scripts/cluster down first")
    cluster = handle.start(stay=True)
    file = cluster.kubeconfig
    if kubeconfig:
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(cluster.kubeconfig.read_text(encoding="utf-8"), encoding="utf-8")
        file = kubeconfig
    _say(f"ready after {time.monotonic() - begun:.1f} s")
    _describe(cluster)
    _say(f"use it:  export KUBECONFIG={file.absolute()}")
    _say("end it:  scripts/cluster down")
    return EXIT_OK


def _down() -> int:
    running = handle.all_running()
    for cluster in running:
        handle.end(cluster)
        _say(f"ended the cluster in {cluster.folder}")
    for folder in handle.sweep():
        _say(f"removed what a killed cluster left in {folder}")
    if not running:
        _say("no cluster runs")
    return EXIT_OK


def _status() -> int:
    running = handle.all_running()
    for cluster in running:
        _describe(cluster)
    if not running:
        _say("no cluster runs")
    return EXIT_OK


def _describe(cluster: handle.Cluster) -> None:
    """Say what runs: processes, nodes, pods."""
    _say(f"cluster in {cluster.folder}")
    _say(f"  kubeconfig  {cluster.kubeconfig}")
    _say(f"  processes   {', '.join(sorted(cluster.ask('processes')))}")
    for node in network.NODES:
        _say(f"  node {node.name}     {', '.join(node.addresses)}, pods in {', '.join(node.ranges)}")
    _say(f"  pods        {len(cluster.ask('spaces'))}")
    process = cluster.space("x").parts[2]
    _say(f"  look into it:  nsenter --mount --target {process} ip netns exec {network.NODES[0].name} ip address")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
