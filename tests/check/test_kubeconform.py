"""kubeconform judges every object, offline, for several versions of Kubernetes; what it says is said in our words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vcluster_isolation import tools
from vcluster_isolation.check import kubeconform
from vcluster_isolation.check.kubernetes_schemas import complete, file_name, is_custom, spread, versions
from vcluster_isolation.errors import IsolationError, ToolFailed, ToolMissing
from vcluster_isolation.kubernetes.shapes import ShapeProblem
from vcluster_isolation.tools import Finished
from vcluster_isolation.wording import dotted

POLICY: dict[str, Any] = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "a"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
}


def policy(**spec: Any) -> dict[str, Any]:
    return {**POLICY, "spec": {**POLICY["spec"], **spec}}


def said(findings: list[ShapeProblem]) -> list[str]:
    return [f"{dotted(path)}: {what}; {then}" for path, what, then in findings]


def test_the_versions_are_the_oldest_a_middle_and_the_newest_of_all_there_are() -> None:
    known = list(versions())
    assert known == sorted(known, key=lambda version: int(version.removeprefix("1.")))
    assert {"1.25", "1.36", "1.37"} <= set(known)
    assert spread() == (known[0], known[len(known) // 2], known[-1])
    assert len(spread()) == 3


def test_right_objects_have_no_findings() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
    deployed = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": []}
    assert kubeconform.findings([POLICY, service, deployed]) == [[], [], []]


def test_a_kind_is_judged_from_the_version_on_that_has_it_unless_an_older_one_is_named() -> None:
    binding = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding"}
    right: dict[str, Any] = {
        **binding,
        "metadata": {"name": "b"},
        "spec": {"policyName": "p", "validationActions": ["Deny"]},
    }
    wrong = {**right, "spec": {**right["spec"], "policyNam": "p"}}
    none = f"is a {binding['apiVersion']} {binding['kind']}: no schema available; not validated"
    assert kubeconform.findings([right]) == [[]]
    assert [said(found) for found in kubeconform.findings([wrong])] == [
        ["spec.policyNam: unknown key; did you mean policyName?"]
    ]
    assert [said(found) for found in kubeconform.findings([right], ["1.25"])] == [
        [f": {none}; check its kind and apiVersion"]
    ]


def test_a_kind_that_newer_versions_lack_is_judged_for_them_too() -> None:
    gone = {"apiVersion": "autoscaling/v2beta2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "x"}}
    assert any("no schema available" in what for _, what, _ in kubeconform.findings([gone])[0])


WRONG = [
    (policy(foo=1), ["spec.foo: unknown key; use one of egress, ingress, podSelector, policyTypes"]),
    (policy(egres=[]), ["spec.egres: unknown key; did you mean egress?"]),
    (policy(policyTypes="Ingress"), ['spec.policyTypes: "Ingress" is not a list; write a list']),
    (
        policy(egress=[{"ports": [{"port": True}]}]),
        [
            "spec.egress[0].ports[0].port: true is not a whole number or a string; write a whole number or a string",
        ],
    ),
    (
        policy(podSelector={"matchExpressions": [{"key": "a"}]}),
        ["spec.podSelector.matchExpressions[0].operator: is missing; add it"],
    ),
    (
        {**POLICY, "metadata": {"name": "a", "labels": {"x/y.z~q": 5, "ok": "1"}}, "extra": {}},
        [
            "extra: unknown key; use one of apiVersion, kind, metadata, spec",
            'metadata.labels["x/y.z~q"]: 5 is not a string; put it in quotes',
        ],
    ),
    ({**POLICY, "metadata": 5}, ["metadata: 5 is not a mapping; write a mapping"]),
]


@pytest.mark.parametrize(("document", "messages"), WRONG)
def test_everything_a_schema_can_tell_is_said_of_the_object_that_it_is_about(
    document: dict[str, Any], messages: list[str]
) -> None:
    right, wrong = kubeconform.findings([POLICY, document])
    assert right == []
    assert said(wrong) == messages


def test_a_kind_without_a_schema_is_told_and_not_passed_over() -> None:
    cilium = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "c"}}
    assert kubeconform.findings([cilium, POLICY]) == [
        [
            (
                (),
                "is a cilium.io/v2 CiliumNetworkPolicy: no schema available; not validated",
                "check its kind and apiVersion",
            )
        ],
        [],
    ]


@pytest.mark.parametrize(
    ("api_version", "kind", "custom"),
    [
        ("cilium.io/v2", "CiliumNetworkPolicy", True),
        ("crd.projectcalico.org/v1", "GlobalNetworkPolicy", True),
        ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", False),
        ("policy.networking.k8s.io/v1beta1", "ClusterNetworkPolicy", False),
        ("networking.k8s.aws/v1alpha1", "ClusterNetworkPolicy", True),
        ("networking.k8s.aws/v1alpha1", "ApplicationNetworkPolicy", True),
        ("networking.k8s.io/v1alpha1", "NetworkPolicy", False),
        ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolcy", False),
        ("policy.networking.k8s.io/v1alpha3", "ClusterNetworkPolicy", True),
        ("policy.linkerd.io/v1alpha1", "HTTPRoute", True),
        ("crd.projectcalico.org/v1", "NetworkPolicy", True),
        ("networking.k8s.io/v1", "NetworkPolcy", False),
        ("policy/v1beta1", "PodDisruptionBudget", False),
        ("v1", "Pod", False),
        ("v1", "List", False),
    ],
)
def test_a_custom_kind_is_told_from_a_misspelt_one(api_version: str, kind: str, *, custom: bool) -> None:
    assert is_custom({"apiVersion": api_version, "kind": kind}) == custom


def test_what_is_wrong_in_some_versions_only_says_in_which() -> None:
    old = {"apiVersion": "autoscaling/v2beta2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}}
    old["spec"] = {"maxReplicas": 1, "scaleTargetRef": {"kind": "Deployment", "name": "d"}}
    (found,) = kubeconform.findings([old], ["1.25", "1.26", "1.37"])
    assert said(found) == [
        ": is a autoscaling/v2beta2 HorizontalPodAutoscaler: no schema available; not validated "
        "(Kubernetes 1.26, 1.37); check its kind and apiVersion"
    ]
    assert kubeconform.findings([old], ["1.25"]) == [[]]


NO_OBJECTS = [
    {},
    {"kind": "NetworkPolicy"},
    {"apiVersion": "v1"},
    {"apiVersion": 1, "kind": "Pod"},
    {"apiVersion": "v1", "kind": "List", "items": [POLICY, POLICY]},
    {"apiVersion": "v1", "kind": "../../etc/passwd"},
    {"apiVersion": "../v1", "kind": "Pod"},
    {"apiVersion": "v1", "kind": "Pod\nkind: x\x1b[31m"},
]


@pytest.mark.parametrize("document", NO_OBJECTS)
def test_what_is_no_single_object_is_told_without_asking_kubeconform(document: dict[str, Any]) -> None:
    assert file_name(document) is None
    found, right = kubeconform.findings([document, POLICY])
    assert said(found) == [": has no kind and apiVersion of a Kubernetes object; set both"]
    assert right == []


def test_no_objects_need_no_kubeconform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubeconform, "run", None)
    assert kubeconform.findings([]) == []


def spied(monkeypatch: pytest.MonkeyPatch) -> list[list[str | Path]]:
    """Return the list that will hold every command line of kubeconform."""
    commands: list[list[str | Path]] = []

    def noted(command: list[str | Path]) -> Finished:
        commands.append(command)
        return tools.run(command)

    monkeypatch.setattr(kubeconform, "run", noted)
    return commands


def test_one_process_judges_all_objects_of_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = spied(monkeypatch)
    kubeconform.findings([POLICY] * 50, ["1.25", "1.37"])
    assert [command[command.index("-kubernetes-version") + 1] for command in commands] == ["1.25.0", "1.37.0"]
    assert all("-strict" in command for command in commands)


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = spied(monkeypatch)
    kubeconform.findings([POLICY])
    locations = [str(command[command.index("-schema-location") + 1]) for command in commands]
    assert len(locations) == 3
    assert all(location.startswith("/") for location in locations)
    for version in versions():
        text = json.dumps(complete(version, "networkpolicy-networking-v1.json"))
        assert '"$ref": "#/$defs/' in text
        assert text.count('"$ref": "') == text.count('"$ref": "#/$defs/')


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ('{"resources": [], "summary": {"valid": 1, "invalid": 0, "errors": 0, "skipped": 1}}', "judged 1 of 2"),
        ('{"resources": []}', "resources"),
        ("no \x1b[31mjson", r"no \\x1b\[31mjson"),
    ],
)
def test_a_kubeconform_that_does_not_judge_everything_is_an_error(
    monkeypatch: pytest.MonkeyPatch, printed: str, words: str
) -> None:
    monkeypatch.setattr(kubeconform, "run", lambda _: Finished(("kubeconform",), 0, printed, ""))
    with pytest.raises(ToolFailed, match=words):
        kubeconform.findings([POLICY, POLICY])


def test_a_verdict_that_our_reading_of_the_schema_does_not_explain_is_shown_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = {"filename": "objects/0.json", "status": "statusInvalid", "msg": "odd \x1b[31m\n" + "x" * 1000}
    answer = {"resources": [result], "summary": {"valid": 0, "invalid": 1, "errors": 0}}
    monkeypatch.setattr(kubeconform, "run", lambda _: Finished(("kubeconform",), 1, json.dumps(answer), ""))
    ((finding,),) = kubeconform.findings([POLICY])
    assert finding[1].startswith(r"kubeconform: odd \x1b[31m\nxxx")
    assert len(finding[1]) < 400


def test_a_version_without_schemas_is_an_error_that_names_the_others() -> None:
    with pytest.raises(IsolationError, match=r"^no schemas of Kubernetes 1\.2\\n, 1\.99; use 1\.25, 1\.26, .*1\.37"):
        kubeconform.findings([POLICY], ["1.25", "1.2\n", "1.99"])


def test_a_missing_schema_package_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    versions.cache_clear()
    monkeypatch.setattr("vcluster_isolation.check.kubernetes_schemas.find_spec", lambda _: None)
    with pytest.raises(ToolMissing, match=r"kubernetes-validate has no schemas; run scripts/bootstrap"):
        versions()
    versions.cache_clear()
