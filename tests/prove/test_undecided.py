"""Policies that are not evaluated: no command says that anything holds which one of them could change."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from click.testing import CliRunner, Result

from tests.subject.subjects import of, of_manifests
from vcluster_isolation.claims.claims import AVAILABILITY, CLAIMS, ISOLATION
from vcluster_isolation.cli.app import app
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.prove.prove import CLOSED, FAILS, GRANTED, HOLDS, KNOWN_GAP, NO_SUBJECT, UNDECIDED, prove

Json = dict[str, Any]

HARDENED = {"profile": "hardened", "hostApiServer": {"cidrs": ["10.0.0.1/32", "10.0.0.2/32"], "ports": [6443]}}
"""Every claim holds."""

EVERYBODY: Json = {"namespaces": {}}
ACCEPT = {
    "tier": "Admin",
    "priority": 1,
    "subject": EVERYBODY,
    "ingress": [{"action": "Accept", "from": [EVERYBODY]}],
    "egress": [{"action": "Accept", "to": [EVERYBODY]}],
}


def thing(api_version: str, kind: str, space: str = "", spec: Any = None) -> Json:
    metadata = {"name": "open", **({"namespace": space} if space else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec or {}}


ALLOW_ALL = {
    "v1alpha2": thing("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", spec=ACCEPT),
    "v1beta1": thing("policy.networking.k8s.io/v1beta1", "ClusterNetworkPolicy", spec=ACCEPT),
    "v1": thing("policy.networking.k8s.io/v1", "ClusterNetworkPolicy", spec=ACCEPT),
    "aws": thing("networking.k8s.aws/v1alpha1", "ClusterNetworkPolicy", spec=ACCEPT),
    "cilium": thing(
        "cilium.io/v2",
        "CiliumClusterwideNetworkPolicy",
        spec={"endpointSelector": {}, "ingress": [{"fromEntities": ["all"]}], "egress": [{"toEntities": ["all"]}]},
    ),
    "cilium in the namespace": thing("cilium.io/v2", "CiliumNetworkPolicy", "ns", {"endpointSelector": {}}),
    "calico": thing(
        "projectcalico.org/v3",
        "GlobalNetworkPolicy",
        spec={"order": 1, "selector": "all()", "ingress": [{"action": "Allow"}], "egress": [{"action": "Allow"}]},
    ),
    "calico as stored": thing("crd.projectcalico.org/v1", "GlobalNetworkPolicy", spec={"selector": "all()"}),
    "antrea": thing("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", spec={"priority": 1, "tier": "securityops"}),
    "invented": thing("foo.example.com/v1", "WeirdPolicy"),
    "invented elsewhere": thing("foo.example.com/v1", "WeirdPolicy", "shop"),
    "invented firewall": thing("foo.example.com/v1", "HostFirewall"),
    "a list": {**thing("foo.example.com/v1", "WeirdPolicyList"), "items": [{"metadata": {"name": "open"}}]},
}
HARMLESS = {
    "staged": thing("projectcalico.org/v3", "StagedGlobalNetworkPolicy", spec={"selector": "all()"}),
    "further interfaces": thing("k8s.cni.cncf.io/v1beta1", "MultiNetworkPolicy", "ns"),
    "admission": thing("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"),
    "kyverno": thing("kyverno.io/v1", "ClusterPolicy"),
    "elsewhere": thing("cilium.io/v2", "CiliumNetworkPolicy", "shop"),
}


@pytest.fixture(scope="module")
def documents() -> list[Json]:
    return list(yaml.safe_load_all(of(HARDENED).manifests))


@pytest.fixture
def write(tmp_path: Path, documents: list[Json]) -> Any:
    """Write the vCluster's policies and some more into a file."""

    def file(*more: Json, name: str = "m.yaml", given: list[Json] | None = None) -> Path:
        path = tmp_path / name
        path.write_text(yaml.safe_dump_all([*(documents if given is None else given), *more]), encoding="utf-8")
        return path

    return file


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)


def statuses(documents: list[Json], *more: Json) -> dict[str, str]:
    (subject,) = of_manifests([*documents, *more], home="ns")
    return {one.claim.name: one.status for one in prove(subject)}


def test_without_such_a_policy_all_holds(documents: list[Json]) -> None:
    assert set(statuses(documents).values()) == {HOLDS, NO_SUBJECT}


def test_one_that_is_evaluated_decides(documents: list[Json]) -> None:
    found = statuses(documents, ALLOW_ALL["v1alpha2"])
    assert sum(status == FAILS for status in found.values()) >= 12
    assert UNDECIDED not in found.values()


@pytest.mark.parametrize("kind", ALLOW_ALL)
def test_no_claim_that_it_breaks_where_it_is_evaluated_ever_holds(kind: str, documents: list[Json]) -> None:
    broken = {name for name, status in statuses(documents, ALLOW_ALL["v1alpha2"]).items() if status == FAILS}
    found = statuses(documents, ALLOW_ALL[kind])
    assert {found[name] for name in broken} <= {FAILS, UNDECIDED}


@pytest.mark.parametrize("kind", ["cilium", "calico", "invented", "v1", "a list", "cilium in the namespace"])
def test_every_claim_that_holds_is_undecided_beside_one_that_may_open_and_close(
    kind: str, documents: list[Json]
) -> None:
    found = statuses(documents, ALLOW_ALL[kind])
    assert {UNDECIDED if status == HOLDS else status for status in statuses(documents).values()} == set(found.values())
    assert set(found.values()) == {UNDECIDED, NO_SUBJECT}


@pytest.mark.parametrize("kind", HARMLESS)
def test_one_that_cannot_change_a_claim_changes_none(kind: str, documents: list[Json]) -> None:
    assert statuses(documents, HARMLESS[kind]) == statuses(documents)


def test_one_that_only_closes_leaves_isolation_alone(documents: list[Json]) -> None:
    found = statuses(documents, thing("security.istio.io/v1", "AuthorizationPolicy", "istio-system"))
    kinds = {claim.name: claim.kind for claim in CLAIMS}
    assert {kinds[name] for name, status in found.items() if status == UNDECIDED} == {AVAILABILITY}
    assert {status for name, status in found.items() if kinds[name] == ISOLATION} == {HOLDS, NO_SUBJECT}
    assert HOLDS not in {status for name, status in found.items() if kinds[name] == AVAILABILITY}


def test_one_in_another_namespace_makes_undecided_what_depends_on_the_pods_there(documents: list[Json]) -> None:
    found = statuses(documents, thing("cilium.io/v2", "CiliumNetworkPolicy", "kube-system"))
    assert {name for name, status in found.items() if status == UNDECIDED} == {
        "control-plane-host-dns",
        "coredns-host-dns",
        "snapshot-host-dns",
    }


def test_what_only_policies_of_another_namespace_close_is_undecided_beside_one_that_may_open_it(
    documents: list[Json],
) -> None:
    """The vCluster lets its workloads out to the pods of host DNS; these do not let them in."""
    workloads = {"matchLabels": {"vcluster.loft.sh/managed-by": "a"}}
    out = {"podSelector": workloads, "policyTypes": ["Egress"], "egress": [{"to": [DNS]}]}
    policy = ("networking.k8s.io/v1", "NetworkPolicy")
    wide = thing(*policy, "ns", out)
    shut = thing(*policy, "kube-system", {"podSelector": {}, "policyTypes": ["Ingress"]})
    elsewhere = thing("cilium.io/v2", "CiliumNetworkPolicy", "kube-system")
    name = "workload-to-host-dns"
    assert statuses(documents, wide)[name] == FAILS
    assert statuses(documents, wide, shut)[name] == HOLDS
    assert statuses(documents, wide, shut, elsewhere)[name] == UNDECIDED


DNS = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}, "podSelector": {}}


def test_where_a_tenant_makes_namespaces_each_may_be_one_of_them(documents: list[Json]) -> None:
    (subject,) = of_manifests([*documents, HARMLESS["elsewhere"]], home="ns")
    found = {one.status for one in prove(replace(subject, namespace_sync=True))}
    assert (UNDECIDED in found, HOLDS in found) == (True, False)


def test_a_claim_that_fails_keeps_failing(documents: list[Json]) -> None:
    """A policy that is not evaluated mends nothing: nothing shows that it closes what is open."""
    bare = [one for one in documents if one["metadata"]["name"] != "vc-work-a"]
    failing = {name for name, status in statuses(bare).items() if status == FAILS}
    assert failing
    found = statuses(bare, ALLOW_ALL["cilium"])
    assert {name for name, status in found.items() if status == FAILS} == failing


def test_neither_is_what_a_value_opened_or_the_chart_left_open_believed() -> None:
    granted = of({**HARDENED, "workload": {"ingress": [{"from": [{"namespaceSelector": {}}]}]}})
    left = of({"profile": "hardened"})
    off = of({**HARDENED, "platform": {"enabled": False}})
    doubt = of_manifests([*yaml.safe_load_all(left.manifests), ALLOW_ALL["cilium"]], home="ns")[0].not_evaluated
    for subject, status in ((granted, GRANTED), (left, KNOWN_GAP), (off, CLOSED)):
        before, after = prove(subject), prove(replace(subject, not_evaluated=doubt))
        assert status in {one.status for one in before}
        assert {one.status for one in after} <= {UNDECIDED, NO_SUBJECT}
        assert all(one.counterexample is None and not one.keys for one in after)


# The commands: what they print, and their exit codes.


@pytest.mark.parametrize("kind", ["cilium", "calico", "invented"])
def test_prove_names_it_in_every_form_and_exits_with_4(kind: str, write: Any) -> None:
    file = write(ALLOW_ALL[kind])
    label = f"{ALLOW_ALL[kind]['kind']}/open ({ALLOW_ALL[kind]['apiVersion']})"
    shown = run("prove", file)
    assert shown.exit_code == 4
    assert f"not evaluated: {label}: may open and close what NetworkPolicies say" in shown.stdout.splitlines()
    lines = [line.strip() for line in shown.stdout.splitlines()]
    at = next(at for at, line in enumerate(lines) if line.startswith("undecided"))
    assert lines[at + 1] == f"not evaluated, and could break it: {label}"
    assert lines[-2].endswith(" undecided")
    as_json = run("prove", file, "--output", "json")
    found = json.loads(as_json.stdout)
    assert (as_json.exit_code, found["ok"]) == (4, False)
    (vcluster,) = found["vclusters"]
    assert [one["kind"] for one in vcluster["not_evaluated"]] == [ALLOW_ALL[kind]["kind"]]
    assert {(one["status"], *one["undecided_by"]) for one in vcluster["claims"]} == {("undecided", label), ("n/a",)}


def test_in_junit_it_is_an_error_and_never_passes(write: Any) -> None:
    result = run("prove", write(ALLOW_ALL["cilium"]), "--output", "junit")
    (suite,) = ET.fromstring(result.stdout.encode())  # noqa: S314 - our own
    errors = [case.find("error") for case in suite if case.find("error") is not None]
    assert result.exit_code == 4
    assert suite.attrib["errors"] == str(len(errors))
    assert len(errors) + int(suite.attrib["skipped"]) == int(suite.attrib["tests"])
    assert "CiliumClusterwideNetworkPolicy/open" in str(errors[0].text if errors[0] is not None else "")


def test_prove_exits_with_1_when_something_fails_as_well(write: Any, documents: list[Json]) -> None:
    bare = [one for one in documents if one["metadata"]["name"] != "vc-work-a"]
    result = run("prove", write(ALLOW_ALL["cilium"], given=bare))
    assert result.exit_code == 1
    assert " undecided" in result.stdout


@pytest.mark.parametrize("kind", ["staged", "further interfaces"])
def test_prove_notes_one_that_changes_nothing(kind: str, write: Any) -> None:
    result = run("prove", write(HARMLESS[kind]))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].startswith(f"not evaluated: {HARMLESS[kind]['kind']}/")


def test_values_of_a_chart_that_renders_such_a_policy_are_undecided(tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    copytree(CHART, chart)
    policy = json.dumps(ALLOW_ALL["cilium"])
    (chart / "templates" / "more.yaml").write_text(policy, encoding="utf-8")
    values = tmp_path / "values.yaml"
    values.write_text(json.dumps({"policies": {"networkPolicy": {"enabled": True, **HARDENED}}}), encoding="utf-8")
    assert run("prove", values).exit_code == 0
    result = run("prove", values, "--chart", chart)
    assert result.exit_code == 4
    assert "CiliumClusterwideNetworkPolicy/open" in result.stdout


@pytest.mark.parametrize("form", ["text", "markdown", "json", "mermaid", "html"])
@pytest.mark.parametrize("kind", ["cilium", "calico", "invented", "cilium in the namespace"])
def test_connectivity_names_it_in_every_form_and_exits_with_4(form: str, kind: str, write: Any) -> None:
    result = run("connectivity", write(ALLOW_ALL[kind]), "--output", form)
    assert result.exit_code == 4
    assert ALLOW_ALL[kind]["kind"] in result.stdout
    assert "undecided" in result.stdout
    if form == "json":
        found = json.loads(result.stdout)
        assert found["undecided"] is True
        assert [one["effect"] for one in found["not_evaluated"]] == ["opens-and-closes"]


def test_connectivity_of_pods_names_it_as_well(write: Any) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "w", "namespace": "ns", "labels": {"vcluster.loft.sh/managed-by": "a"}},
        "spec": {},
    }
    assert run("connectivity", write(pod)).exit_code == 0
    assert run("connectivity", write(pod, HARMLESS["elsewhere"])).exit_code == 0
    for kind in ("cilium", "cilium in the namespace"):
        result = run("connectivity", write(pod, ALLOW_ALL[kind]))
        assert (result.exit_code, result.stdout.splitlines()[-1].startswith("note: not evaluated: ")) == (4, True)


@pytest.mark.parametrize("kind", HARMLESS)
def test_connectivity_is_what_it_was_beside_one_that_changes_nothing(kind: str, write: Any) -> None:
    without, beside = (run("connectivity", write(*more)) for more in ([], [HARMLESS[kind]]))
    assert (without.exit_code, beside.exit_code) == (0, 0)
    lines = beside.stdout.splitlines()
    assert [line for line in lines if not line.startswith("note: ")] == without.stdout.splitlines()
    assert any(HARMLESS[kind]["kind"] in line for line in lines) == (kind in ("staged", "further interfaces"))


def test_several_vclusters_name_it_once(write: Any, documents: list[Json]) -> None:
    second = [{**one, "metadata": {**one["metadata"], "namespace": "other"}} for one in documents]
    result = run("connectivity", write(*second, ALLOW_ALL["cilium"]))
    assert result.exit_code == 4
    assert result.stdout.count("CiliumClusterwideNetworkPolicy/open") == 1


@pytest.mark.parametrize("kind", ["cilium", "calico", "invented", "cilium in the namespace"])
@pytest.mark.parametrize(("port", "answer"), [("8443", "allowed, TCP 8443"), ("22", "denied, TCP 22")])
def test_explain_says_that_it_is_undecided_and_why(kind: str, port: str, answer: str, write: Any) -> None:
    words = ("explain", "workload", "control-plane", port, "-f")
    assert run(*words, write()).exit_code == (0 if answer.startswith("allowed") else 1)
    file = write(ALLOW_ALL[kind])
    result = run(*words, file)
    lines = result.stdout.splitlines()
    assert result.exit_code == 4
    assert lines[0] == f"workload => control-plane : undecided; by the policies that are evaluated {answer}"
    assert lines[-1].startswith(f"note: not evaluated: {ALLOW_ALL[kind]['kind']}/")
    found = json.loads(run(*words, file, "--output", "json").stdout)
    assert (found["undecided"], found["allowed"]) == (True, answer.startswith("allowed"))
    assert [one["name"] for one in found["not_evaluated"]] == ["open"]


@pytest.mark.parametrize(
    ("source", "destination", "code"),
    [
        ("workload", "pod:app=x@shop", 1),  # the workload's side denies it, whatever the shop says
        ("pod:app=x@shop", "workload", 1),
        ("control-plane", "pod:app=x@shop", 1),
        ("pod:app=x@shop", "pod:app=y@shop", 4),
        ("pod:app=x@shop", "pod:app=y@elsewhere", 4),
        ("pod:app=x@nowhere", "pod:app=y@elsewhere", 0),
    ],
)
def test_explain_asks_on_which_side_it_has_a_say(source: str, destination: str, code: int, write: Any) -> None:
    assert run("explain", source, destination, "80", "-f", write(HARMLESS["elsewhere"])).exit_code == code


def test_explain_is_decided_where_a_side_that_it_has_no_say_on_denies_as_well(write: Any) -> None:
    shut = thing("networking.k8s.io/v1", "NetworkPolicy", "shop", {"podSelector": {}, "policyTypes": ["Ingress"]})
    file = write(shut, HARMLESS["elsewhere"])
    assert (
        run("explain", "pod:app=y@elsewhere", "pod:app=x@shop", "80", "-f", write(shut, name="s.yaml")).exit_code == 1
    )
    assert run("explain", "workload", "pod:app=x@shop", "80", "-f", file).exit_code == 1
    assert run("explain", "pod:app=y@elsewhere", "pod:app=x@shop", "80", "-f", file).exit_code == 4


def test_explain_without_ports_is_undecided_where_more_could_be_opened(write: Any) -> None:
    opens = thing("vpcresources.k8s.aws/v1beta1", "SecurityGroupPolicy", "ns")
    assert run("explain", "workload", "control-plane", "-f", write(opens)).exit_code == 4
    closes = thing("k8s.ovn.org/v1", "EgressFirewall", "ns")
    assert run("explain", "workload", "control-plane", "22", "-f", write(closes)).exit_code == 1
    assert run("explain", "workload", "control-plane", "8443", "-f", write(closes)).exit_code == 4


@pytest.mark.parametrize("kind", ["cilium", "calico", "invented", "cilium in the namespace"])
def test_diff_says_that_a_change_may_be_another_one(kind: str, write: Any) -> None:
    before, after = write(name="before.yaml"), write(ALLOW_ALL[kind], name="after.yaml")
    for sides in ((before, after), (after, before)):
        result = run("diff", *sides)
        lines = result.stdout.splitlines()
        assert (result.exit_code, lines[0].startswith("neutral: ")) == (4, True)
        assert lines[1] == "  note: undecided: a policy that is not evaluated may make this another change"
        assert ALLOW_ALL[kind]["kind"] in lines[2]
        (found,) = json.loads(run("diff", *sides, "--output", "json").stdout)
        assert (found["undecided"], [one["name"] for one in found["not_evaluated"]]) == (True, ["open"])
        assert ALLOW_ALL[kind]["kind"] in run("diff", *sides, "--output", "markdown").stdout
    assert run("diff", before, after, "--allow-widening").exit_code == 4


def test_diff_of_the_same_is_neutral_and_of_what_widens_is_1(write: Any, documents: list[Json]) -> None:
    beside = write(ALLOW_ALL["cilium"], name="beside.yaml")
    assert run("diff", beside, write(ALLOW_ALL["cilium"], name="same.yaml")).exit_code == 0
    bare = [one for one in documents if one["metadata"]["name"] != "vc-work-a"]
    wider = write(ALLOW_ALL["cilium"], name="wider.yaml", given=bare)
    assert run("diff", beside, wider).exit_code == 1
    assert "undecided" in run("diff", wider, beside).stdout


def test_diff_sees_that_what_such_a_policy_says_changed(write: Any) -> None:
    other = {**ALLOW_ALL["cilium"], "spec": {"endpointSelector": {}}}
    result = run("diff", write(ALLOW_ALL["cilium"], name="a.yaml"), write(other, name="b.yaml"))
    assert result.exit_code == 4
    assert result.stdout.count("CiliumClusterwideNetworkPolicy/open") == 1


def test_diff_sees_that_one_in_another_namespace_came_or_changed(write: Any) -> None:
    there = write(HARMLESS["elsewhere"], name="there.yaml")
    other = {**HARMLESS["elsewhere"], "spec": {"endpointSelector": {}}}
    for before in (write(name="before.yaml"), write(other, name="other.yaml")):
        assert run("diff", before, there).exit_code == run("diff", there, before).exit_code == 4


@pytest.mark.parametrize("kind", HARMLESS)
def test_diff_does_not_mind_one_that_changes_nothing(kind: str, write: Any, documents: list[Json]) -> None:
    first = write(HARMLESS[kind], name="a.yaml")
    labelled = json.loads(json.dumps(documents).replace('"heritage": "Helm"', '"heritage": "other"'))
    assert run("diff", first, write(HARMLESS[kind], name="b.yaml", given=labelled)).exit_code == 0


def test_check_says_what_is_not_evaluated(write: Any) -> None:
    result = run("check", write(ALLOW_ALL["cilium"], HARMLESS["staged"], HARMLESS["kyverno"], given=[]))
    warnings = [line for line in result.stdout.splitlines() if line.startswith("warning: ")]
    assert result.exit_code == 0
    assert [("no schema available; not validated" in line, "is not evaluated" in line) for line in warnings] == [
        (True, False),
        (False, True),
        (True, False),
        (True, False),
    ]
    assert "CiliumClusterwideNetworkPolicy/open: is not evaluated: it may open and close what" in warnings[1]
