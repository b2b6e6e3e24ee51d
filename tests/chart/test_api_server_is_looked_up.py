"""hostApiServer.discover: the chart asks the cluster that it is installed into where the API server is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.fake_cluster import FakeCluster, fake_cluster
from vcluster_isolation import tools
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.tools import PROJECT, Finished

SLICE = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"
ASKING = {"profile": "hardened", "hostApiServer": {"discover": True}}


def endpoints(*addresses: str, port: int = 6443) -> dict[str, Any]:
    """Return the EndpointSlice that an API server keeps about itself."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "kubernetes", "namespace": "default"},
        "addressType": "IPv6" if ":" in addresses[0] else "IPv4",
        "endpoints": [{"addresses": [address]} for address in addresses],
        "ports": [{"name": "https", "port": port, "protocol": "TCP"}],
    }


def install(
    which: str, cluster: FakeCluster, place: Path, policy: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Finished:
    """Install the chart with these values under policies.networkPolicy."""
    values = place / "values.yaml"
    values.write_text(yaml.safe_dump({"policies": {"networkPolicy": {"enabled": True, **policy}}}), encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(place / "kubeconfig")))
    helm = str(PROJECT / ".tools" / "bin" / which)
    return tools.run([helm, "install", "a", str(CHART), "--namespace", "ns", "--values", str(values)])


def to_the_api_server(cluster: FakeCluster, policy: str) -> dict[str, Any]:
    """Return the egress rule to the host API server of an installed policy."""
    rules = cluster.named("networkpolicies")[policy]["spec"]["egress"]
    ports = {443, 6443}
    return next(rule for rule in rules if ports & {port["port"] for port in rule.get("ports", ())})


@pytest.fixture(params=["helm3", "helm4"])
def which(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_addresses_and_port_of_the_endpoints_become_the_rule(
    which: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_cluster() as cluster:
        cluster.objects[SLICE] = endpoints("10.0.0.7", "10.0.0.6")
        done = install(which, cluster, tmp_path, ASKING, monkeypatch)
        assert done.code == 0, done.stderr
        expected = {
            "ports": [{"port": 6443, "protocol": "TCP"}],
            "to": [{"ipBlock": {"cidr": "10.0.0.6/32"}}, {"ipBlock": {"cidr": "10.0.0.7/32"}}],
        }
        assert [to_the_api_server(cluster, name) for name in ("vc-cp-a", "vc-snapshot-a")] == [expected, expected]
        assert "host API server at 10.0.0.6/32, 10.0.0.7/32, TCP 6443" in done.stdout
        assert "was looked up at installation" in done.stdout


def test_a_public_address_is_taken_out_of_public_egress(
    which: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_cluster() as cluster:
        cluster.objects[SLICE] = endpoints("34.1.2.3", port=443)
        assert install(which, cluster, tmp_path, ASKING, monkeypatch).code == 0
        rules = cluster.named("networkpolicies")["vc-work-a"]["spec"]["egress"]
        blocks = [peer["ipBlock"] for rule in rules for peer in rule["to"] if "ipBlock" in peer]
        assert ["34.1.2.3/32" in block["except"] for block in blocks] == [True]


def test_an_ipv6_endpoint_is_one_address(which: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_cluster() as cluster:
        cluster.objects[SLICE] = endpoints("fd00::1")
        assert install(which, cluster, tmp_path, ASKING, monkeypatch).code == 0
        assert to_the_api_server(cluster, "vc-cp-a")["to"] == [{"ipBlock": {"cidr": "fd00::1/128"}}]


def test_cidrs_are_believed_and_nobody_is_asked(which: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_cluster() as cluster:
        cluster.objects[SLICE] = endpoints("10.0.0.7")
        given = {"profile": "hardened", "hostApiServer": {"discover": True, "cidrs": ["10.1.0.0/28"], "ports": [443]}}
        assert install(which, cluster, tmp_path, given, monkeypatch).code == 0
        rule = to_the_api_server(cluster, "vc-cp-a")
        assert rule == {"ports": [{"port": 443, "protocol": "TCP"}], "to": [{"ipBlock": {"cidr": "10.1.0.0/28"}}]}


def test_without_discover_nothing_is_looked_up(which: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_cluster() as cluster:
        cluster.objects[SLICE] = endpoints("10.0.0.7")
        assert install(which, cluster, tmp_path, {"profile": "hardened"}, monkeypatch).code == 0
        assert "to" not in to_the_api_server(cluster, "vc-cp-a")


def test_where_nothing_is_found_the_ports_stay_open_and_the_notes_say_so(
    which: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_cluster() as cluster:
        done = install(which, cluster, tmp_path, ASKING, monkeypatch)
        assert done.code == 0, done.stderr
        assert "to" not in to_the_api_server(cluster, "vc-cp-a")
        assert "The host API server's address is not configured, and no cluster was there to look it up in" in " ".join(
            done.stdout.split()
        )
