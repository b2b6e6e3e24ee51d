"""The pod of `helm test`: a workload like any other to every policy, restricted, and told what the values mean."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import yaml

from tests.chart.helm_test_effects import EFFECTS, OWN
from tests.chart.injections import INJECTIONS
from tests.chart.matrix import everything, put
from tests.chart.rendering import HELMS, Json, inline, isolating, schema_refusal, text
from tests.chart.value_paths import nodes
from tests.support.helm_test_pod import SCRIPT, pod_of, service, started
from vcluster_isolation.check import kubeconform
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.objects.model import Endpoint, External, Pod, labels_of, namespace
from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.netpol.parse.parse import parse_cluster
from vcluster_isolation.netpol.sets.addresses import address_set
from vcluster_isolation.values import strict_yaml

DEFAULTS: Json = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))["isolationTest"]


def with_test(policy: Json | None = None, **test: Any) -> Json:
    """Return values that isolate, with `test` under isolationTest."""
    return {**isolating(**(policy or {})), "isolationTest": test}


def rendered(values: Json, **more: Any) -> Json:
    pod = pod_of(inline(values), **more)
    assert pod
    return pod


def container(values: Json, **more: Any) -> Json:
    (found,) = rendered(values, **more)["spec"]["containers"]
    return dict(found)


def checks(values: Json, **more: Any) -> list[str]:
    environment: dict[str, str] = {one["name"]: one["value"] for one in container(values, **more)["env"]}
    return environment["CHECKS"].splitlines()


def about(what: str, values: Json) -> list[str]:
    return [line for line in checks(values) if what in line]


NONE: dict[str, Json] = {
    "isolation is off": {},
    "workloads run on private nodes": {**isolating(), "privateNodes": {"enabled": True}},
    "it is switched off": with_test(enabled=False),
}


@pytest.mark.parametrize("why", NONE)
def test_there_is_no_pod_where(why: str) -> None:
    assert pod_of(inline(NONE[why])) is None


def test_policies_are_rendered_without_the_pod_unless_it_is_asked_for() -> None:
    assert "kind: Pod" not in text(isolating())
    assert pod_of(inline(isolating()))


def test_both_helms_render_the_same_pod() -> None:
    values = {**everything(), "isolationTest": {"open": OWN, "closed": OWN, "imagePullSecrets": [{"name": "a"}]}}
    assert rendered(values, which="helm3") == rendered(values, which="helm4")


def test_kubernetes_accepts_the_pod() -> None:
    full = with_test(imagePullSecrets=[{"name": "s"}], open=OWN, resources={"requests": {"cpu": 1}}, runAsUser=0)
    assert kubeconform.findings([rendered(isolating()), rendered(full)]) == [[], []]


def test_only_helm_test_creates_it_and_its_log_stays_to_be_read() -> None:
    assert rendered(isolating())["metadata"]["annotations"] == {
        "helm.sh/hook": "test",
        "helm.sh/hook-delete-policy": "before-hook-creation",
    }


def test_the_pod_security_standard_restricted_admits_it() -> None:
    spec = rendered(isolating())["spec"]
    (only,) = spec["containers"]
    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65534,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "volumes", "initContainers"} & spec.keys()
    assert not {"ports", "volumeMounts", "lifecycle"} & only.keys()


def test_it_has_no_credentials_and_ends_by_itself() -> None:
    spec = rendered(isolating())["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert "serviceAccountName" not in spec
    assert spec["restartPolicy"] == "Never"
    assert 0 < spec["activeDeadlineSeconds"] < 300


def test_openshift_may_choose_the_user_but_never_root() -> None:
    spec = rendered(with_test(runAsUser=0))["spec"]
    assert spec["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def test_it_has_the_labels_of_a_synced_pod_and_nothing_that_vcluster_goes_by() -> None:
    hooks = {"advanced": {"globalMetadata": {"annotations": {"argocd.argoproj.io/hook": "Sync", "a": "b"}}}}
    policy = {"labels": {"release": "a", "x": "loft"}, "annotations": {"vcluster.loft.sh/object-name": "x"}}
    values = {**isolating(**policy), "controlPlane": hooks, "vcluster": {"name": "other"}}
    metadata = rendered(values)["metadata"]
    assert metadata["labels"] == {
        "vcluster.loft.sh/managed-by": "other",
        "vcluster.loft.sh/namespace": "default",
    }
    assert metadata["annotations"] == rendered(isolating())["metadata"]["annotations"]
    assert (metadata["name"], metadata["namespace"]) == ("vc-test-other", "ns")


def ends() -> dict[str, Endpoint]:
    """Everybody whom a policy of the chart could mean, in the vCluster's namespace and in others."""
    tenant = {"vcluster.loft.sh/managed-by": "a", "vcluster.loft.sh/namespace": "kube-system"}
    labels: dict[str, tuple[str, Json]] = {
        "control plane": ("ns", {"app": "vcluster", "release": "a"}),
        "CoreDNS": ("ns", {"k8s-app": "vcluster-kube-dns", **tenant}),
        "snapshot": ("ns", {"app": "vcluster-snapshot"}),
        "stranger": ("ns", {}),
        "platform": ("vcluster-platform", {"app": "loft"}),
        "host DNS": ("kube-system", {"k8s-app": "kube-dns"}),
        "other tenant": ("vcluster-b", {"vcluster.loft.sh/managed-by": "b"}),
    }
    pods = {who: Pod(space(where), labels_of(these), who, None) for who, (where, these) in labels.items()}
    outside = ("8.8.8.8", "169.254.169.254", "10.96.0.1", "10.9.0.1")
    return {**pods, **{one: External(one, address_set(one)) for one in outside}}


def space(name: str) -> Any:
    return namespace(name, {"kubernetes.io/metadata.name": name})


@pytest.mark.parametrize("profile", ["compatible", "hardened"])
def test_every_policy_takes_it_for_a_workload(profile: str) -> None:
    values = everything(profile=profile, floor={"enabled": True})
    manifests = [one.value for one in strict_yaml.parse_documents(text(values), "policies")]
    cluster = parse_cluster(manifests, home="ns")
    assert not cluster.problems
    evaluator = Evaluator(cluster.policies, cluster.tiers)
    labels = rendered(values)["metadata"]["labels"]
    pod = Pod(space("ns"), labels_of(labels), "test", None)
    workload = Pod(space("ns"), labels_of({**labels, "vcluster.loft.sh/namespace": "shop", "app": "web"}), "web", None)
    for direction in ("Egress", "Ingress"):
        isolating_it = {one.name for one in evaluator.isolating(pod, direction)}
        assert isolating_it == {one.name for one in evaluator.isolating(workload, direction)}
        assert isolating_it == {"vc-work-a", "vc-default-deny-a"}
    for who, end in {**ends(), "workload": workload}.items():
        for mode in Mode:
            assert evaluator.allowed(pod, end, mode) == evaluator.allowed(workload, end, mode), who
            assert evaluator.allowed(end, pod, mode) == evaluator.allowed(end, workload, mode), who


DNS = "$(KUBE_DNS_X_KUBE_SYSTEM_X_A_SERVICE_HOST) $(KUBE_DNS_X_KUBE_SYSTEM_X_A_SERVICE_PORT)"
API = "$(KUBERNETES_SERVICE_HOST) $(KUBERNETES_SERVICE_PORT)"
OPEN = [
    f"open dns {DNS} DNS of the vCluster",
    f"open tcp {DNS} DNS of the vCluster",
    "open tcp $(A_SERVICE_HOST) $(A_SERVICE_PORT) API of the vCluster",
]
METADATA_CLOSED = ["closed tcp 169.254.169.254 80 cloud metadata"]
METADATA_OPEN = ["skip - - - cloud metadata: with these values workloads may reach 169.254.169.254"]
HOST_CLOSED = [
    f"closed tcp {API} host API server",
    "closed dns nameserver 53 host DNS in another namespace",
    "closed tcp nameserver 53 host DNS in another namespace",
]
HOST_OPEN = [
    "skip - - - host API server: with these values workloads may reach private addresses",
    "skip - - - host DNS: with these values workloads may reach private addresses",
]


def public(**block: Any) -> Json:
    return isolating(workload={"publicEgress": block})


def egress(*rules: Json) -> Json:
    return isolating(profile="hardened", workload={"egress": list(rules)})


def to(cidr: str, *excepted: str) -> Json:
    return {
        "to": [{"podSelector": {}}, {"ipBlock": {"cidr": cidr, **({"except": list(excepted)} if excepted else {})}}]
    }


METADATA = "169.254.169.254/32"
# What values mean for what must be closed.
EXPECTED: dict[str, tuple[Json, list[str]]] = {
    "vCluster's own exceptions leave metadata open": (isolating(), METADATA_OPEN + HOST_CLOSED),
    "hardened": (isolating(profile="hardened"), METADATA_CLOSED + HOST_CLOSED),
    "no public egress": (public(enabled=False), METADATA_CLOSED + HOST_CLOSED),
    "link-local excepted": (public(**{"except": ["169.254.0.0/16"]}), METADATA_CLOSED + HOST_OPEN),
    "more exceptions": (public(extraExcept=[METADATA]), METADATA_CLOSED + HOST_CLOSED),
    "no exceptions": (public(**{"except": []}), METADATA_OPEN + HOST_OPEN),
    "one private range open": (
        public(**{"except": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]}),
        METADATA_OPEN + HOST_OPEN,
    ),
    "public egress to one private address": (public(cidr="172.19.10.23/32"), METADATA_CLOSED + HOST_CLOSED),
    "public egress to a private range": (public(cidr="10.0.0.0/8"), METADATA_CLOSED + HOST_OPEN),
    "public egress to metadata": (public(cidr=METADATA), METADATA_OPEN + HOST_CLOSED),
    "public egress over IPv6": (public(cidr="2000::/3"), METADATA_CLOSED + HOST_CLOSED),
    "a rule to everybody": (egress({"ports": [{"port": 53}]}), METADATA_OPEN + HOST_OPEN),
    "a rule to one address": (egress(to("10.9.0.1/32")), METADATA_CLOSED + HOST_CLOSED),
    "a rule to metadata": (egress(to("169.254.0.0/16")), METADATA_OPEN + HOST_CLOSED),
    "a rule to link-local but metadata": (egress(to("169.254.0.0/16", METADATA)), METADATA_CLOSED + HOST_CLOSED),
    "a rule to all private addresses but some": (egress(to("10.0.0.0/8", "10.96.0.0/12")), METADATA_CLOSED + HOST_OPEN),
    "a rule to pods": (egress({"to": [{"namespaceSelector": {}}]}), METADATA_CLOSED + HOST_CLOSED),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_expected_to_be_closed_follows_from_the_values(name: str) -> None:
    values, expected = EXPECTED[name]
    assert checks(values) == OPEN + expected


ELSEWHERE: dict[str, Json] = {
    "sync.toHost.namespaces": {"sync": {"toHost": {"namespaces": {"enabled": True}}}},
    "experimental.multiNamespaceMode": {"experimental": {"multiNamespaceMode": {"enabled": True}}},
    "experimental.syncSettings.targetNamespace": {"experimental": {"syncSettings": {"targetNamespace": "other"}}},
}


@pytest.mark.parametrize("key", ELSEWHERE)
def test_dns_is_skipped_where_its_service_may_be_in_another_namespace(key: str) -> None:
    said = f"skip - - - DNS of the vCluster: its Service may be in another namespace ({key})"
    assert about("DNS of the vCluster", {**isolating(), **ELSEWHERE[key]}) == [said]


def test_dns_is_checked_where_the_target_namespace_is_the_releases_own() -> None:
    values = {**isolating(), "experimental": {"syncSettings": {"targetNamespace": "ns"}}}
    assert about("DNS of the vCluster", values) == OPEN[:2]


def test_dns_is_checked_when_it_is_embedded_and_skipped_when_there_is_none() -> None:
    assert about("DNS of the vCluster", {**isolating(), "controlPlane": {"coredns": {"embedded": True}}}) == OPEN[:2]
    without = {**isolating(), "controlPlane": {"coredns": {"enabled": False}}}
    said = "skip - - - DNS of the vCluster: it has none (controlPlane.coredns)"
    assert about("DNS of the vCluster", without) == [said]


def host_name(name: str) -> str:
    """The name of the DNS Service in the host cluster: vCluster's SafeConcatName (pkg/util/translate)."""
    whole = f"kube-dns-x-kube-system-x-{name}"
    digest = hashlib.sha256(whole.encode()).hexdigest()[:10]
    return f"{whole[:52]}-{digest}".replace(".-", "-") if len(whole) > 63 else whole


@pytest.mark.parametrize(
    "name", ["a", "my-vcluster", "v" * 38, "v" * 39, "v" * 53, "a-b-" * 12 + "a", "v" * 26 + "." + "v" * 20, "1"]
)
def test_services_are_found_whatever_the_vcluster_is_called(name: str) -> None:
    services = {
        **service(host_name(name), "10.0.0.53", 53),
        **service(name, "10.0.0.1", 443),
        **service("kubernetes", "10.96.0.1", 6443),
    }
    _, environment = started(rendered(isolating(profile="hardened"), name=name), services)
    assert [line.split()[2:4] for line in environment["CHECKS"].splitlines()] == [
        ["10.0.0.53", "53"],
        ["10.0.0.53", "53"],
        ["10.0.0.1", "443"],
        ["169.254.169.254", "80"],
        ["10.96.0.1", "6443"],
        ["nameserver", "53"],
        ["nameserver", "53"],
    ]


def test_the_kubelet_passes_the_script_as_it_is() -> None:
    script = SCRIPT.read_text(encoding="utf-8")
    names = dict.fromkeys(("seen", "TIMEOUT", "made", "nameserver", "CHECKS"), "EXPANDED")
    command, _ = started(rendered(isolating()), names)
    assert command == ["sh", "-c", script]


def test_it_asks_for_the_variables_of_services() -> None:
    assert rendered(isolating())["spec"]["enableServiceLinks"] is True


def test_a_check_that_is_left_out_is_not_made() -> None:
    for check, gone in {"dns": OPEN[:2], "api": OPEN[2:], "metadata": METADATA_OPEN}.items():
        rest = [one for one in DEFAULTS["checks"] if one != check]
        assert checks(with_test(checks=rest)) == [line for line in checks(isolating()) if line not in gone]
    assert checks(with_test(checks=["host-api-server"])) == HOST_CLOSED[:1]
    assert checks(with_test(checks=["host-dns"])) == HOST_CLOSED[1:]
    assert checks(with_test(checks=[])) == []


def test_addresses_of_ones_own_are_checked_last() -> None:
    assert checks(with_test(open=OWN, closed=OWN[:1]))[-3:] == [
        "open tcp 10.0.0.7 5432 of your own",
        "open tcp fd00::7 443 of your own",
        "closed tcp 10.0.0.7 5432 of your own",
    ]


def test_timeout_and_rejects_reach_the_script() -> None:
    found = {one["name"]: one["value"] for one in container(with_test(timeout=20, rejects=True))["env"]}
    assert (found["TIMEOUT"], found["REJECTS"]) == ("20", "true")
    usual = {one["name"]: one["value"] for one in container(isolating())["env"]}
    assert (usual["TIMEOUT"], usual["REJECTS"]) == ("3", "false")


@pytest.mark.parametrize("path", EFFECTS)
def test_every_value_has_an_effect(path: str) -> None:
    values = isolating()
    put(values, f"isolationTest.{path}", EFFECTS[path])
    assert pod_of(inline(values)) != pod_of(inline(isolating()))


def test_image_command_and_resources_are_the_users() -> None:
    resources = {"requests": {"cpu": 2, "memory": "1Gi"}, "limits": {"cpu": "1.5", "memory": 1000000000}}
    test: Json = {
        "image": "mirror.example/busybox@sha256:ab",
        "imagePullPolicy": "Always",
        "command": ["run", "-c", "x y"],
        "resources": resources,
    }
    only = container(with_test(**test))
    assert {key: only[key] for key in ("image", "imagePullPolicy", "command")} == {
        key: test[key] for key in ("image", "imagePullPolicy", "command")
    }
    assert only["resources"] == {
        "requests": {"cpu": "2", "memory": "1Gi"},
        "limits": {"cpu": "1.5", "memory": "1e+09"},
    }
    assert [one["name"] for one in only["env"]] == ["CHECKS", "TIMEOUT", "REJECTS"]
    assert rendered(with_test(imagePullSecrets=[{"name": "s"}]))["spec"]["imagePullSecrets"] == [{"name": "s"}]


def test_the_default_image_is_pinned_and_names_no_registry() -> None:
    repository, _, tag = DEFAULTS["image"].partition(":")
    assert "/" not in repository
    assert tag.count(".") == 2


def test_the_template_knows_every_default() -> None:
    # With nothing given at all, the pod is the one that the defaults give when they are written out.
    assert rendered({**isolating(), "isolationTest": None}) == rendered({**isolating(), "isolationTest": DEFAULTS})


@pytest.mark.parametrize("path", list(nodes(DEFAULTS)))
@pytest.mark.parametrize("which", HELMS)
def test_null_is_the_default(path: str, which: str) -> None:
    values: Json = {}
    here = values
    *parents, last = path.split(".")
    for key in parents:
        here = here.setdefault(key, {})
    here[last] = None
    assert rendered(with_test(**values), which=which) == rendered(isolating(), which=which)


IN_SCHEMA: dict[str, tuple[Json, str]] = {
    "an unknown key": ({"enable": True}, "additional properties 'enable' not allowed"),
    "an image with a space": ({"image": "a b"}, "'a b' does not match pattern"),
    "an empty image": ({"image": ""}, "'' does not match pattern"),
    "a pull policy in small letters": ({"imagePullPolicy": "always"}, "value must be one of 'Always', 'IfNotPresent'"),
    "a pull secret that is a text": ({"imagePullSecrets": ["a"]}, "got string, want object"),
    "a command that is a text": ({"command": "ls"}, "got string, want array"),
    "a user below zero": ({"runAsUser": -1}, "minimum: got -1, want 0"),
    "an amount that is none": ({"resources": {"limits": {"cpu": "a lot"}}}, "'a lot' does not match pattern"),
    "no timeout": ({"timeout": 0}, "minimum: got 0, want 1"),
    "a timeout of minutes": ({"timeout": 61}, "maximum: got 61, want 60"),
    "rejects as a text": ({"rejects": "true"}, "got string, want boolean"),
    "an unknown check": ({"checks": ["internet"]}, "value must be one of 'dns', 'api', 'metadata'"),
    "a name for an address": ({"open": [{"address": "db.example", "port": 1}]}, "'db.example' does not match pattern"),
    "an address with a line break": (
        {"closed": [{"address": "10.0.0.1\n", "port": 1}]},
        "'10.0.0.1\\n' does not match pattern",
    ),
    "an option for an address": ({"closed": [{"address": "-e:", "port": 1}]}, "'-e:' does not match pattern"),
    "an address without a port": ({"open": [{"address": "10.0.0.1"}]}, "missing property 'port'"),
    "port 65536": ({"closed": [{"address": "10.0.0.1", "port": 65536}]}, "maximum: got 65,536, want 65,535"),
}


@pytest.mark.parametrize("what", IN_SCHEMA)
def test_the_schema_refuses(what: str) -> None:
    values, sentence = IN_SCHEMA[what]
    refused = schema_refusal(with_test(**values))
    assert "at '/isolationTest" in refused
    assert sentence in refused


@pytest.mark.parametrize("hostile", [*INJECTIONS, "$(KUBERNETES_SERVICE_HOST)", "1.1.1.1\nopen tcp 1.1.1.1 1", "`id`"])
def test_nothing_breaks_out_of_the_pod_where_the_schema_is_skipped(hostile: str) -> None:
    test: Json = {
        "image": hostile,
        "imagePullPolicy": hostile,
        "imagePullSecrets": [{"name": hostile}],
        "command": [hostile],
        "resources": {"requests": {hostile: hostile}},
        "open": [{"address": hostile, "port": hostile}],
    }
    usual = rendered({**isolating(), "isolationTest": {"imagePullSecrets": [{"name": "x"}], "open": OWN[:1]}})
    pod = rendered(with_test(**test), skip_schema=True)
    (only,) = pod["spec"]["containers"]
    assert pod["metadata"] == usual["metadata"]
    assert (only["image"], only["imagePullPolicy"], only["command"]) == (
        hostile,
        hostile,
        [hostile],
    )
    assert only["resources"]["requests"][hostile] == hostile
    assert pod["spec"]["imagePullSecrets"] == [{"name": hostile}]
    *others, last = checks(with_test(**test), skip_schema=True)
    assert others == checks(isolating())
    assert set(last) <= set("open tcp of your own 0123456789ABCDEFabcdef.:?")
    assert len(last.split()) == 7
