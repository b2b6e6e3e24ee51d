"""`verify platform`: what is dialled, what is not, and why, in clusters that a fake kubectl describes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.verify.fake_kubectl import SERVER, FakeKubectl, api_service, load_balancer, node, pod
from tests.verify.listeners import LOOPBACK, closed_port
from vcluster_isolation import tools
from vcluster_isolation.cli.verify import command
from vcluster_isolation.errors import IsolationError, ToolFailed, ToolMissing
from vcluster_isolation.kubectl import Access
from vcluster_isolation.vcluster.ports import read_ports
from vcluster_isolation.verify import plan, reading
from vcluster_isolation.verify.cluster import PlatformCluster, doors, nodes, pods, words
from vcluster_isolation.verify.model import Check, ProbeKind, ProbeOutcome

PLATFORM = [pod("loft-0", "10.244.0.5")]
PROMETHEUS = [pod("prometheus-0", "10.244.0.6", "monitoring")]
DNS = [pod("coredns-x-kube-system-x-a", "10.244.0.7", "team-a")]


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKubectl]:
    fake = FakeKubectl(tmp_path, {"platform": PLATFORM, "prometheus": PROMETHEUS, "dns": DNS})
    monkeypatch.setenv("PATH", fake.path())
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.delenv("VCLUSTER_ISOLATION_KUBECTL", raising=False)
    tools.find.cache_clear()
    yield fake
    tools.find.cache_clear()


def read(fake: FakeKubectl, **objects: Any) -> PlatformCluster:
    fake.objects.update(objects)
    fake.install()
    rows = read_ports()
    return reading.read(Access(), rows, "vcluster-platform", reading.selector(rows, "prometheus"))


def checks(found: PlatformCluster, *, agent_only: bool = False, dial_pods: bool = True) -> list[Check]:
    return plan.of_platform(read_ports(), found, agent_only=agent_only, dial_pods=dial_pods)


def dialled(made: list[Check]) -> list[tuple[str, int, str]]:
    return [(check.target.host, check.target.port, check.target.kind) for check in made if check.target]


def reason(made: list[Check], part: str) -> str:
    (answer,) = {check.answer for check in made if part in check.claim and check.answer}
    assert answer.outcome is ProbeOutcome.SKIPPED
    return answer.detail


def run(*words: str) -> Result:
    return CliRunner().invoke(command, ("platform", *words))


def test_inside_every_port_of_the_table_is_dialled_at_the_pods_that_serve_it(kubectl: FakeKubectl) -> None:
    assert dialled(checks(read(kubectl))) == [
        ("10.244.0.5", 8443, ProbeKind.TCP),
        ("10.244.0.5", 9443, ProbeKind.TCP),
        ("10.244.0.5", 9444, ProbeKind.TCP),
        ("10.244.0.5", 10443, ProbeKind.TCP),
        ("10.244.0.5", 8080, ProbeKind.TCP),
        ("10.244.0.6", 9090, ProbeKind.TCP),
        ("10.244.0.7", 1053, ProbeKind.DNS_UDP),
        ("10.244.0.7", 1053, ProbeKind.DNS_TCP),
    ]


def test_every_replica_is_dialled_but_none_that_does_not_run(kubectl: FakeKubectl) -> None:
    replicas = [pod("loft-1", "10.244.0.9"), *PLATFORM, pod("loft-2", "10.244.0.8", phase="Pending")]
    hosts = {host for host, port, _ in dialled(checks(read(kubectl, platform=replicas))) if port == 8443}
    assert hosts == {"10.244.0.5", "10.244.0.9"}


def test_outside_nothing_is_dialled_and_every_port_says_why(kubectl: FakeKubectl) -> None:
    made = checks(read(kubectl), dial_pods=False)
    assert dialled(made) == []
    assert len(made) == 8
    assert reason(made, "TCP 9443") == (
        "10.244.0.5 and other pods are reached from inside the cluster only; "
        "run this in a pod or on a node, or give --pod-network"
    )


def test_outside_a_load_balancer_still_shows_what_users_dial(kubectl: FakeKubectl) -> None:
    services = [load_balancer({"hostname": "loft.example"}, "https"), load_balancer({"ip": "203.0.113.9"}, 8080, 80)]
    made = checks(read(kubectl, services=services), dial_pods=False)
    assert dialled(made) == [("loft.example", 443, ProbeKind.TCP), ("203.0.113.9", 80, ProbeKind.TCP)]
    assert [check.claim for check in made if check.target] == [
        "the load balancer of vcluster-platform/loft answers on TCP 443 (HTTPS of the platform)",
        "the load balancer of vcluster-platform/loft answers on TCP 80 (HTTP of ingress traffic, probes and /metrics)",
    ]


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        ("", ProbeOutcome.OPEN),
        ('Get "https://10.244.0.5:8443/apis": dial tcp 10.244.0.5:8443: i/o timeout', ProbeOutcome.TIMED_OUT),
        ("failing or missing response: context deadline exceeded", ProbeOutcome.TIMED_OUT),
        ("dial tcp 10.244.0.5:8443: connect: connection refused", ProbeOutcome.REFUSED),
        ("dial tcp 10.244.0.5:8443: connect: no route to host", ProbeOutcome.UNREACHABLE),
        ('service/loft-apiservice in "vcluster-platform" is not present', ProbeOutcome.REPORTED),
    ],
)
def test_what_the_api_server_says_of_an_api_service_counts(
    kubectl: FakeKubectl, message: str, outcome: ProbeOutcome
) -> None:
    said = [api_service("v1.management.loft.sh", "loft-apiservice", message)]
    made = [check for check in checks(read(kubectl, apiservices=said)) if "API server reaches" in check.claim]
    assert [check.claim for check in made] == ["the API server reaches v1.management.loft.sh on TCP 8443"]
    assert made[0].answer is not None
    assert made[0].answer.outcome is outcome
    assert made[0].opens.endswith(" --for platform")


def test_an_api_service_of_another_namespace_is_nobody_elses_matter(kubectl: FakeKubectl) -> None:
    said = [api_service("v1.management.loft.sh", "loft-apiservice", namespace="other")]
    assert len(checks(read(kubectl, apiservices=said))) == 8


def test_the_nodes_tell_the_provider_of_the_firewall(kubectl: FakeKubectl) -> None:
    made = checks(read(kubectl, nodes=[node("10.0.0.1", provider="gce://project/zone/node-a")]))
    assert made[0].opens == "vcluster-isolation firewall --provider gcloud --for platform"
    assert made[-1].opens == "vcluster-isolation firewall --provider gcloud --for dns"
    mixed = [node("10.0.0.1", provider="gce://a"), node("10.0.0.2", provider="aws://b")]
    assert "--provider PROVIDER" in checks(read(kubectl, nodes=mixed))[0].opens


def test_an_agent_only_cluster_needs_no_8443_and_may_do_without_10443(kubectl: FakeKubectl) -> None:
    made = checks(read(kubectl), agent_only=True)
    assert reason(made, "TCP 8443") == "an agent-only cluster does not need it"
    assert {check.target.port for check in made if check.target and check.optional} == {10443}
    assert made[1].opens.endswith(" --for agent")


def test_on_the_platforms_cluster_no_port_is_optional(kubectl: FakeKubectl) -> None:
    assert not any(check.optional for check in checks(read(kubectl)))


def test_an_optional_port_that_is_refused_is_skipped_and_a_needed_one_fails(
    kubectl: FakeKubectl, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubectl.objects = {"platform": [pod("agent", LOOPBACK)]}
    kubectl.install()
    (https,) = [row for row in read_ports() if row.name == "https"]
    rows = (replace(https, port=closed_port()), *read_ports()[5:])  # and those of Prometheus and DNS, who are not there
    monkeypatch.setattr("vcluster_isolation.cli.verify.read_ports", lambda: rows)
    done = run("--pod-network", "--agent-only")
    assert done.exit_code == 0
    assert "refused, and optional here" in done.stdout
    needed = run("--pod-network")
    assert needed.exit_code == 1


def test_without_prometheus_or_dns_their_ports_are_skipped(kubectl: FakeKubectl) -> None:
    made = checks(read(kubectl, prometheus=[], dns=[]))
    assert reason(made, "TCP 9090") == "no pod of Prometheus runs; name yours with --prometheus-selector"
    assert reason(made, "UDP 1053").startswith("no vCluster has a CoreDNS of its own")


def test_what_may_not_be_listed_is_skipped_with_kubectls_words(kubectl: FakeKubectl) -> None:
    kubectl.errors["prometheus"] = 'Error from server (Forbidden): pods is forbidden: User "me"\n'
    kubectl.errors["nodes"] = "first\nlast"
    found = read(kubectl)
    assert reason(checks(found), "TCP 9090").startswith("kubectl cannot list pods: Error from server (Forbidden)")
    assert found.failures["nodes"] == "last"
    kubectl.errors["nodes"] = ""
    assert read(kubectl).failures["nodes"] == "kubectl printed nothing"


def test_without_the_platforms_pods_it_cannot_run(kubectl: FakeKubectl) -> None:
    with pytest.raises(IsolationError, match="no pod with app=loft runs in namespace vcluster-platform; name the"):
        read(kubectl, platform=[])


def test_kubectls_own_words_say_why_the_platforms_pods_are_not_listed(kubectl: FakeKubectl) -> None:
    kubectl.errors["platform"] = "Unable to connect to the server: x509"
    with pytest.raises(
        ToolFailed, match=r"get --output=json pods --namespace=vcluster-platform(.|\n)*x509; check --kubeconfig"
    ):
        read(kubectl)


@pytest.mark.parametrize("printed", ["", "no JSON", "[]", '{"kind": "Pod"}'])
def test_a_kubectl_that_prints_no_list_is_told_of(kubectl: FakeKubectl, printed: str) -> None:
    (kubectl.install() / "platform").write_text(printed, encoding="utf-8")
    rows = read_ports()
    with pytest.raises(ToolFailed, match="printed no list of objects; check which kubectl"):
        reading.read(Access(), rows, "vcluster-platform", "a=b")


def test_a_machine_without_kubectl_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    tools.find.cache_clear()
    rows = read_ports()
    with pytest.raises(ToolMissing, match="kubectl is not installed"):
        reading.read(Access(), rows, "vcluster-platform", "a=b")


def test_a_kubectl_that_does_not_start_is_told_of(kubectl: FakeKubectl) -> None:
    (kubectl.install() / "kubectl").write_text("#!/no/such/shell\n", encoding="utf-8")
    rows = read_ports()
    with pytest.raises(ToolMissing, match="kubectl cannot be started"):
        reading.read(Access(), rows, "vcluster-platform", "a=b")


def test_kubeconfig_context_and_selectors_go_to_kubectl(kubectl: FakeKubectl) -> None:
    kubectl.install()
    words = ("--kubeconfig", "my config", "--context", "-prod", "--namespace", "loft", "--prometheus-selector", "app=p")
    run(*words, "--no-pod-network")
    access = "--kubeconfig=my config --context=-prod"
    get = f"{access} --request-timeout=10s get --output=json"
    assert kubectl.calls == sorted(
        [
            f"{access} config view --minify --output=jsonpath={{.clusters[0].cluster.server}}",
            f"{get} pods --namespace=loft --selector=app=loft",
            f"{get} pods --all-namespaces --selector=app=p",
            f"{get} pods --all-namespaces --selector={reading.DNS_SELECTOR}",
            f"{get} nodes",
            f"{get} services --namespace=loft",
            f"{get} apiservices.apiregistration.k8s.io",
        ]
    )


def test_prometheus_is_looked_for_by_the_labels_of_the_table() -> None:
    wanted = reading.wanted(read_ports(), "x", reading.selector(read_ports(), "prometheus"))
    assert wanted["prometheus"][-1] == (
        "--selector=app.kubernetes.io/name=prometheus,app.kubernetes.io/component=server"
    )


@pytest.mark.parametrize(
    ("address", "pod_range", "inside"),
    [
        (LOOPBACK, "10.244.0.0/24", True),  # a node
        ("10.0.0.1", "127.0.0.0/8", True),  # a pod on one
        ("10.0.0.1", "10.244.0.0/24", False),
        ("10.0.0.1", "not a range", False),
    ],
)
def test_a_machine_is_inside_if_its_own_address_is_a_nodes_or_a_pods(
    kubectl: FakeKubectl, address: str, pod_range: str, *, inside: bool
) -> None:
    found = read(kubectl, platform=[pod("loft-0", "127.0.0.9")], nodes=[node(address, pod_range)])
    assert reading.is_inside(found) is inside


def test_a_pod_without_a_kubeconfig_is_inside(kubectl: FakeKubectl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    found = read(kubectl, platform=[pod("loft-0", "127.0.0.9")])
    assert not reading.is_inside(found), "its kubeconfig may name another cluster"
    kubectl.server = ""
    assert reading.is_inside(read(kubectl))


def test_a_machine_without_a_way_to_the_pods_is_outside(kubectl: FakeKubectl) -> None:
    found = read(kubectl, platform=[pod("loft-0", "fe80::1")])
    assert not reading.is_inside(found)


def test_a_report_begins_with_the_cluster_and_tells_what_was_not_listed(kubectl: FakeKubectl) -> None:
    kubectl.errors["nodes"] = "forbidden"
    kubectl.objects["apiservices"] = [api_service("v1.cluster.loft.sh", "loft-apiservice-agent")]
    kubectl.install()
    done = run("--no-pod-network")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == (
        f"{SERVER}: pods: 1 of the platform in vcluster-platform, 1 of Prometheus, 1 of DNS of vClusters; "
        "nodes not listed: forbidden"
    )
    assert "ok    the API server reaches v1.cluster.loft.sh on TCP 9444 (as the API server says)" in done.stdout


def test_an_api_server_that_does_not_reach_it_is_a_failure_with_the_rule_that_opens_it(kubectl: FakeKubectl) -> None:
    message = "dial tcp 10.244.0.5:9444: i/o timeout"
    kubectl.objects["apiservices"] = [api_service("v1.cluster.loft.sh", "loft-apiservice-agent", message)]
    kubectl.install()
    done = run("--no-pod-network")
    assert done.exit_code == 1
    at = next(number for number, line in enumerate(done.stdout.splitlines()) if line.startswith("FAIL"))
    assert done.stdout.splitlines()[at : at + 3] == [
        "FAIL  the API server reaches v1.cluster.loft.sh on TCP 9444: timed out (the API server says: " + message + ")",
        "      probably: a firewall between the API server and the nodes, or a NetworkPolicy of namespace "
        "vcluster-platform drops it; or the host is down",
        "      opened by: vcluster-isolation firewall --provider PROVIDER --for platform",
    ]


def test_where_every_check_is_skipped_the_exit_code_is_not_that_of_success(kubectl: FakeKubectl) -> None:
    kubectl.install()
    done = run("--no-pod-network")
    assert isinstance(done.exception, IsolationError)
    assert "nothing could be checked from here" in str(done.exception)
    assert done.stdout.count("\nskip  ") == 8


def test_a_bad_object_is_passed_over_and_breaks_nothing() -> None:
    odd: list[dict[str, Any]] = [
        {},
        {"metadata": None, "spec": [], "status": "x"},
        {"status": {"phase": "Running", "podIP": "not an address"}},
        {"status": {"phase": "Running", "podIP": 7}},
        {"spec": {"podCIDRs": "10.0.0.0/8", "ports": [{"port": 0, "targetPort": 1}, 5]}},
        {"spec": {"podCIDRs": [7]}, "status": {"addresses": [{"address": None}], "loadBalancer": {"ingress": [{}]}}},
    ]
    assert pods(odd) == ()
    assert nodes(odd).pod_ranges == ()
    assert doors(odd, []) == ()
    assert words(odd, "") == ()


def test_a_load_balancer_without_a_known_port_behind_it_is_passed_over() -> None:
    assert doors([load_balancer({"ip": "203.0.113.9"}, "unknown")], []) == ()
    over_udp = load_balancer({"ip": "203.0.113.9"}, 10443)
    over_udp["spec"]["ports"][0]["protocol"] = "UDP"
    assert doors([over_udp], []) == ()
