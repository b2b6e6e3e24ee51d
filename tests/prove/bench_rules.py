"""How the commands grow with the user's own rules and peers: `python -m tests.prove.bench_rules [--quick]`.

Each command runs on values files with 10, 100 and more rules, peers, exceptions or selectors, as anybody would run it,
in a process of its own. What is printed is the processor time of that process and of helm, its peak memory, and the
ratio to the same command on 10 of them, which is measured again beside each, so that a busy machine shows in both.
Asserts nothing: a benchmark, not a test. `--quick` measures 10 and 100 only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

Rules = list[dict[str, Any]]

FEW = 10
PORTS = [{"port": 5432}]


def address(number: int) -> str:
    """Return a private address, one in each network of 256."""
    return f"10.{number // 250}.{number % 250}.7/32"


def rules(count: int) -> Rules:
    """Rules with an address and a port each."""
    return [{"to": [{"ipBlock": {"cidr": address(n)}}], "ports": [{"port": 5000 + n}]} for n in range(count)]


def peers(count: int) -> Rules:
    """One rule with many addresses."""
    return [{"to": [{"ipBlock": {"cidr": address(n)}} for n in range(count)], "ports": PORTS}]


def peers6(count: int) -> Rules:
    """One rule with many IPv6 networks."""
    return [{"to": [{"ipBlock": {"cidr": f"2600:{n:x}::/32"}} for n in range(count)], "ports": PORTS}]


def exceptions(count: int) -> Rules:
    """One rule with one network and many exceptions."""
    block = {"cidr": "10.0.0.0/8", "except": [address(n) for n in range(count)]}
    return [{"to": [{"ipBlock": block}], "ports": PORTS}]


def namespaces(count: int) -> Rules:
    """One rule with many namespaces, by name."""
    names = ({"kubernetes.io/metadata.name": f"team-{n}"} for n in range(count))
    return [{"to": [{"namespaceSelector": {"matchLabels": name}} for name in names], "ports": PORTS}]


def named_ports(count: int) -> Rules:
    """Rules with an address and a named port each."""
    return [{"to": [{"ipBlock": {"cidr": address(n)}}], "ports": [{"port": f"p{n}"}]} for n in range(count)]


def apps(count: int) -> Rules:
    """Rules for pods with one label of many values."""
    return [{"to": [{"podSelector": {"matchLabels": {"app": f"db-{n}"}}}], "ports": PORTS} for n in range(count)]


SHAPES: Mapping[Callable[[int], Rules], tuple[int, ...]] = {
    rules: (100, 200, 500),
    peers: (100, 200, 500),
    peers6: (100, 500),
    exceptions: (100,),
    namespaces: (100, 500),
    named_ports: (100,),
    apps: (100, 200),
}

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "connectivity": ("connectivity", "{0}"),
    "connectivity json": ("connectivity", "{0}", "--output", "json"),
    "connectivity html": ("connectivity", "{0}", "--output", "html"),
    "prove": ("prove", "{0}"),
    "explain": ("explain", "-f", "{0}", "workload", "10.0.3.7", "5003"),
    "diff": ("diff", "{0}", "{1}"),
    "audit": ("audit", "{2}"),
    "check": ("check", "{0}"),
    "isolate": ("isolate", "{0}"),
}
"""The arguments of each command: {0} is a values file, {1} one with one rule or peer more, {2} a cluster with the first."""


def pod(name: str, namespace: str, **labels: str) -> dict[str, Any]:
    """Return a pod as kubectl prints it."""
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    status = {"podIPs": [{"ip": f"10.244.0.{len(name)}"}], "phase": "Running"}
    spec = {"containers": [{"name": "c", "ports": []}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


HOME = "vcluster-my-vcluster"
HOST = [
    *({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in (HOME, "kube-system")),
    pod("my-vcluster-0", HOME, app="vcluster", release="my-vcluster"),
    pod(
        "web-x-default",
        HOME,
        **{"vcluster.loft.sh/managed-by": "my-vcluster", "vcluster.loft.sh/namespace": "default", "app": "web"},
    ),
    pod("coredns", "kube-system", **{"k8s-app": "kube-dns"}),
]
"""What else is in the cluster that is audited: the vCluster's pods, and host DNS."""


def values(made: Rules, path: Path) -> Path:
    """Write values with these rules for the egress of workloads."""
    path.write_text(json.dumps({"policies": {"networkPolicy": {"enabled": True, "workload": {"egress": made}}}}))
    return path


def run(*words: str | Path, output: Path | None = None) -> tuple[float, float, float]:
    """Run our command line; return its seconds of processor time, of wall time, and its peak memory in MiB."""
    command = [sys.executable, "-m", "vcluster_isolation", *map(str, words)]
    start = time.monotonic()
    before = os.times()
    with (output or Path(os.devnull)).open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.DEVNULL)
        _, _, used = os.wait4(process.pid, 0)
    after = os.times()
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, time.monotonic() - start, used.ru_maxrss / 1024


def files(shape: Callable[[int], Rules], count: int, folder: Path) -> list[Path]:
    """Write what the commands are run on: values, the same with one more, and what kubectl would print of a cluster."""
    name = f"{shape.__name__}-{count}"
    found = [values(shape(count), folder / f"{name}.yaml"), values(shape(count + 1), folder / f"{name}-more.yaml")]
    manifests, cluster = folder / f"{name}-policies.yaml", folder / f"{name}-cluster.json"
    run("isolate", found[0], output=manifests)
    policies = [one for one in yaml.safe_load_all(manifests.read_text()) if one]
    cluster.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [*HOST, *policies]}))
    return [*found, cluster]


def measure(shape: Callable[[int], Rules], counts: tuple[int, ...], folder: Path) -> None:
    """Print a row for each command and count."""
    few = files(shape, FEW, folder)
    for count in counts:
        many = files(shape, count, folder)
        for name, words in COMMANDS.items():
            base, _, _ = run(*(word.format(*few) for word in words))
            seconds, wall, peak = run(*(word.format(*many) for word in words))
            sys.stdout.write(
                f"{shape.__name__:<11} {count:4}  {name:<18} {seconds:6.2f} s  (wall {wall:6.2f} s)  {peak:4.0f} MiB  "
                f"{FEW}: {base:5.2f} s  ratio {seconds / base:5.1f}\n"
            )
            sys.stdout.flush()


def main() -> None:
    """Measure everything."""
    with tempfile.TemporaryDirectory() as folder:
        for shape, counts in SHAPES.items():
            measure(shape, counts[:1] if "--quick" in sys.argv else counts, Path(folder))


if __name__ == "__main__":
    main()
