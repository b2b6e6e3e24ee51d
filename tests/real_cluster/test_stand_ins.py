"""What stands in for kubelets and kube-proxy says what the real ones would: variables, words, rules, paths."""

from __future__ import annotations

from typing import Any

import pytest

from real_cluster import client, containers, services

Json = dict[str, Any]


def service(**spec: Any) -> Json:
    metadata = {"name": "kube-dns", "namespace": "kube-system"}
    ports = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53}]
    return {"metadata": metadata, "spec": {"clusterIPs": ["10.196.0.10", "fd00:10:196::a"], "ports": ports, **spec}}


def endpoints(kind: str, *addresses: str, name: str = "kube-dns") -> Json:
    labels = {"kubernetes.io/service-name": name}
    ports = [{"name": "dns", "port": 1053, "protocol": "UDP"}, {"name": "dns-tcp", "port": 1053}]
    metadata = {"namespace": "kube-system", "labels": labels}
    return {"metadata": metadata, "addressType": kind, "ports": ports, "endpoints": [{"addresses": list(addresses)}]}


def test_each_port_of_a_service_goes_to_its_first_endpoint_of_that_family() -> None:
    slices = [
        endpoints("IPv6", "fd00::5"),
        endpoints("IPv4", "10.1.0.5", "10.1.0.6"),
        endpoints("IPv4", "10.9.9.9", name="x"),
    ]
    assert list(services.rules_of([service()], slices)) == [
        "ip daddr 10.196.0.10 udp dport 53 dnat ip to 10.1.0.5:1053;",
        "ip daddr 10.196.0.10 tcp dport 53 dnat ip to 10.1.0.5:1053;",
        "ip6 daddr fd00:10:196::a udp dport 53 dnat ip6 to [fd00::5]:1053;",
        "ip6 daddr fd00:10:196::a tcp dport 53 dnat ip6 to [fd00::5]:1053;",
    ]


def test_a_service_without_an_address_or_without_endpoints_has_no_rule() -> None:
    assert list(services.rules_of([service(clusterIPs=["None"])], [endpoints("IPv4", "10.1.0.5")])) == []
    assert list(services.rules_of([service()], [endpoints("IPv4", "10.1.0.5", name="another")])) == []
    assert list(services.rules_of([service(), {**service(), "spec": {"ports": []}}], [])) == []


@pytest.mark.parametrize(
    ("api", "kind", "path"),
    [
        ("v1", "Pod", "/api/v1/namespaces/ns/pods/a"),
        ("v1", "Namespace", "/api/v1/namespaces/a"),
        ("v1", "Endpoints", "/api/v1/namespaces/ns/endpoints/a"),
        ("discovery.k8s.io/v1", "EndpointSlice", "/apis/discovery.k8s.io/v1/namespaces/ns/endpointslices/a"),
        ("networking.k8s.io/v1", "NetworkPolicy", "/apis/networking.k8s.io/v1/namespaces/ns/networkpolicies/a"),
        ("networking.k8s.io/v1", "Ingress", "/apis/networking.k8s.io/v1/namespaces/ns/ingresses/a"),
        (
            "policy.networking.k8s.io/v1alpha1",
            "AdminNetworkPolicy",
            "/apis/policy.networking.k8s.io/v1alpha1/adminnetworkpolicies/a",
        ),
    ],
)
def test_each_kind_has_its_path(api: str, kind: str, path: str) -> None:
    item = {"apiVersion": api, "kind": kind, "metadata": {"name": "a", "namespace": "ns"}}
    assert client.path_of(item) == path


def test_a_pod_without_a_command_has_none() -> None:
    assert not containers.has_command({"spec": {"containers": [{"name": "a"}]}})
    assert containers.has_command({"spec": {"containers": [{"name": "a", "command": ["sh"]}]}})
