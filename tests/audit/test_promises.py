"""`audit` names policies that a release or values say are there and that are gone, and no content of a Secret."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from tests.audit.fleet import host, vcluster
from vcluster_isolation.cli.audit import command

Json = dict[str, Any]

ON: Json = {"policies": {"networkPolicy": {"enabled": True}}, "password": "swordfish"}
SAYS = "says that namespace vcluster-t-1 has vc-cp-t-1"


def objects(*, isolated: bool) -> list[Json]:
    found = [json.loads(text) for text in (*host(), *vcluster("hardened", 1))]
    return [one for one in found if isolated or one["kind"] != "NetworkPolicy"]


def encoded(text: bytes | str) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def stored(content: Json) -> str:
    """A release as Helm stores it in a Secret."""
    return encoded(encoded(gzip.compress(json.dumps(content).encode())))


def secret(name: str, kind: str, data: Json, /, **labels: str) -> Json:
    metadata = {"name": name, "namespace": "vcluster-t-1", "labels": labels}
    return {"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": metadata, "data": data}


def release(manifest: str, status: str = "deployed", **labels: str) -> Json:
    data = {"release": stored({"manifest": manifest, "config": {"password": "swordfish"}})}
    labels = {"owner": "helm", "name": "t-1-isolation", "status": status, **labels}
    return secret("sh.helm.release.v1.t-1-isolation.v1", "helm.sh/release.v1", data, **labels)


def config(values: Json, **labels: str) -> Json:
    data = {"config.yaml": encoded(yaml.safe_dump(values))}
    return secret("vc-config-t-1", "Opaque", data, **{"app": "vcluster", "release": "t-1", **labels})


def custom(api: str, kind: str, spec: Json, name: str = "t-1") -> Json:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": "gitops"}, "spec": spec}


def flux(**more: Any) -> Json:
    spec = {"targetNamespace": "vcluster-t-1", "releaseName": "t-1", "values": ON, **more}
    return custom("helm.toolkit.fluxcd.io/v2", "HelmRelease", spec)


def argo(helm: Json, server: str = "https://kubernetes.default.svc") -> Json:
    destination = {"server": server, "namespace": "vcluster-t-1"}
    return custom("argoproj.io/v1alpha1", "Application", {"destination": destination, "source": {"helm": helm}})


def instance(cluster: str = "loft-cluster") -> Json:
    ref = {"cluster": cluster, "namespace": "vcluster-t-1", "virtualCluster": "t-1"}
    template = {"helmRelease": {"values": yaml.safe_dump(ON)}}
    return custom(
        "management.loft.sh/v1", "VirtualClusterInstance", {"clusterRef": ref, "template": template}, "elsewhere"
    )


MANIFEST = "---\n".join(
    yaml.safe_dump(
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name, **more}, "spec": {}}
    )
    for name, more in (
        ("vc-cp-t-1", {"namespace": "vcluster-t-1"}),
        ("vc-work-t-1", {}),
        ("somebody-elses", {}),
    )
)


def audit(tmp_path: Path, *more: Json, isolated: bool = False, output: str = "text") -> Result:
    file = tmp_path / "cluster.json"
    file.write_text(json.dumps({"kind": "List", "items": [*objects(isolated=isolated), *more]}))
    return CliRunner().invoke(command, [str(file), "--output", output, "--claims", "isolation"])


SWITCH = {"name": "policies.networkPolicy.enabled", "value": "true"}
ODD = {"name": "a[x", "value": "of another chart"}

SAYING = {
    "release": (release(MANIFEST), "release t-1-isolation in namespace vcluster-t-1, which is deployed, "),
    "values": (config(ON), "Secret vc-config-t-1, the values of the vCluster, "),
    "Flux": (flux(), "HelmRelease t-1 in namespace gitops "),
    "Argo CD": (argo({"valuesObject": ON}), "Application t-1 in namespace gitops "),
    "Argo CD, text": (argo({"values": yaml.safe_dump(ON)}), "Application t-1 in namespace gitops "),
    "Argo CD, parameters": (argo({"parameters": [SWITCH]}), "Application t-1 in namespace gitops "),
    "Argo CD, parameters over text": (
        argo({"values": "policies: {networkPolicy: {enabled: false}}", "parameters": [SWITCH]}),
        "Application t-1 in namespace gitops ",
    ),
    "Argo CD, parameters over an object": (
        argo({"valuesObject": {"policies": {"networkPolicy": {"enabled": False}}}, "parameters": [ODD, SWITCH]}),
        "Application t-1 in namespace gitops ",
    ),
    "Argo CD, several sources": (
        custom(
            "argoproj.io/v1alpha1",
            "Application",
            {
                "destination": {"name": "in-cluster", "namespace": "vcluster-t-1"},
                "sources": [{"ref": "values"}, {"chart": "vcluster", "helm": {"parameters": [SWITCH]}}],
            },
        ),
        "Application t-1 in namespace gitops ",
    ),
    "platform": (instance(), "VirtualClusterInstance elsewhere in namespace gitops "),
}


@pytest.mark.parametrize("name", SAYING)
def test_policies_that_are_only_said_to_be_there_are_named(name: str, tmp_path: Path) -> None:
    item, said_by = SAYING[name]
    result = audit(tmp_path, item)
    assert result.exit_code == 1
    assert "NOT THERE: " in result.output
    assert f"{said_by}{SAYS}" in result.output
    assert "somebody-elses" not in result.output
    assert "were not looked at" not in result.output
    assert "swordfish" not in result.output


@pytest.mark.parametrize("name", SAYING)
def test_policies_that_are_there_are_not_named(name: str, tmp_path: Path) -> None:
    assert "NOT THERE" not in audit(tmp_path, SAYING[name][0], isolated=True).output


def test_a_promise_alone_is_enough_to_fail(tmp_path: Path) -> None:
    """The vCluster left no trace but its values: there is something to report, and it is not fine."""
    file = tmp_path / "cluster.json"
    file.write_text(json.dumps({"kind": "List", "items": [config(ON)]}))
    result = CliRunner().invoke(command, [str(file)])
    assert result.exit_code == 1
    assert "NOT THERE: 1 policy" in result.output


def test_a_policy_of_a_tenant_keeps_no_promise(tmp_path: Path) -> None:
    synced = {"release": "t-1", "vcluster.loft.sh/managed-by": "t-1", "vcluster.loft.sh/namespace": "default"}
    metadata = {"name": "vc-cp-t-1", "namespace": "vcluster-t-1"}
    spec = {"podSelector": {"matchLabels": synced}}
    mine = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}
    assert SAYS in audit(tmp_path, config(ON), mine).output


NOTHING = {
    "off": config({"policies": {"networkPolicy": {"enabled": False}}}),
    "superseded": release(MANIFEST, "superseded"),
    "synced by a vCluster": config(ON, **{"vcluster.loft.sh/managed-by": "t-9"}),
    "release synced by a vCluster": release(MANIFEST, **{"vcluster.loft.sh/managed-by": "t-9"}),
    "of another name": config(ON, release="t-2"),
    "no policies": release("kind: ConfigMap"),
    "Flux elsewhere": flux(kubeConfig={"secretRef": {"name": "x"}}),
    "Argo CD elsewhere": argo({"valuesObject": ON}, "https://elsewhere"),
    "Argo CD, off by a parameter": argo({"valuesObject": ON, "parameters": [{**SWITCH, "value": "false"}]}),
    "another cluster of the platform": instance("remote"),
    "any Secret": secret("x", "Opaque", {"a": "b"}),
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_says_nothing_of_this_cluster_is_no_promise(name: str, tmp_path: Path) -> None:
    result = audit(tmp_path, NOTHING[name])
    assert "NOT THERE" not in result.output
    assert "problem" not in result.output


BROKEN = {
    "no gzip": secret("x", "helm.sh/release.v1", {"release": encoded(encoded("swordfish"))}, status="deployed"),
    "no base64": secret("x", "helm.sh/release.v1", {"release": "swordfish!"}, status="deployed"),
    "cut short": secret(
        "x", "helm.sh/release.v1", {"release": encoded(encoded(gzip.compress(b"swordfish")[:-9]))}, status="deployed"
    ),
    "no data": secret("x", "helm.sh/release.v1", {}, status="deployed"),
    "no YAML": secret(
        "vc-config-t-1", "Opaque", {"config.yaml": encoded("swordfish: [")}, app="vcluster", release="t-1"
    ),
    "a manifest that is not a string": secret(
        "x", "helm.sh/release.v1", {"release": stored({"manifest": 7})}, status="deployed"
    ),
    "labels that are no mapping": {**config(ON), "metadata": {"name": "x", "namespace": "y", "labels": 7}},
    "a spec that is not a mapping": custom("helm.toolkit.fluxcd.io/v2", "HelmRelease", {}) | {"spec": ["x"]},
    "an Application's spec that is an empty list": custom("argoproj.io/v1alpha1", "Application", {}) | {"spec": []},
    "a source that is not a mapping": custom(
        "argoproj.io/v1alpha1", "Application", {"destination": {"name": "in-cluster"}, "source": ["swordfish"]}
    ),
    "helm that is not a mapping": argo(["swordfish"]),  # type: ignore[arg-type]
    "values that are no mapping": argo({"values": "swordfish"}),
    "parameters that are no list": argo({"parameters": {"swordfish": 1}}),
    "a parameter about policies that cannot be read": argo(
        {"parameters": [{"name": "policies.networkPolicy[x]", "value": "swordfish"}]}
    ),
    "a parameter without a name": argo({"parameters": [{"value": "swordfish"}]}),
    "sources that are no list": custom(
        "argoproj.io/v1alpha1", "Application", {"destination": {"name": "in-cluster"}, "sources": 7}
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_a_problem_and_shows_nothing(name: str, tmp_path: Path) -> None:
    result = audit(tmp_path, BROKEN[name], isolated=True)
    assert result.exit_code == 1, result.exception
    assert "cannot be read, so that it is not known which policies it says are there" in result.output
    assert "swordfish" not in result.output


def test_a_release_that_is_too_long_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vcluster_isolation.audit.promises._LONGEST", 100)
    assert "cannot be read" in audit(tmp_path, release(MANIFEST)).output


def test_json_has_them_as_a_list(tmp_path: Path) -> None:
    found = json.loads(audit(tmp_path, config(ON), output="json").output)
    assert not found["ok"]
    assert found["not_there"] == [
        {
            "namespace": "vcluster-t-1",
            "policy": "vc-cp-t-1",
            "vcluster": "t-1",
            "said_by": "Secret vc-config-t-1, the values of the vCluster,",
        }
    ]
