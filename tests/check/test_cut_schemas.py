"""JSON schemas are cut from CRDs; and the committed ones take what the API takes, and refuse what it refuses."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from vcluster_isolation.check import cut_schemas, kubeconform
from vcluster_isolation.check.cut_schemas import main, read
from vcluster_isolation.check.kubernetes_schemas import OWN
from vcluster_isolation.errors import EXIT_CANNOT_RUN, EXIT_OK, InputError
from vcluster_isolation.wording import dotted

Json = dict[str, Any]

CRD = Path(__file__).with_name("crds") / "boxes.yaml"
META = "/api/_definitions.json#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1"
BOX = {
    "additionalProperties": False,
    "properties": {
        "apiVersion": {"enum": ["things.example/v1beta1"], "type": "string"},
        "kind": {"enum": ["Box"], "type": "string"},
        "metadata": {"$ref": f"{META}.ObjectMeta"},
        "spec": {
            "additionalProperties": False,
            "properties": {
                "chosen": {"$ref": f"{META}.LabelSelector"},
                "colour": {"enum": ["red", "blue", None], "type": ["string", "null"]},
                "count": {"maximum": 9, "minimum": 0, "type": "integer"},
                "description": {"maxLength": 5, "type": ["string", "null"]},
                "marks": {"additionalProperties": {"type": "string"}, "type": ["object", "null"]},
                "size": {"type": ["string", "null"]},
                "tags": {
                    "items": {"pattern": "^[a-z]$", "type": "string"},
                    "maxItems": 2,
                    "type": ["array", "null"],
                    "uniqueItems": True,
                },
            },
            "required": ["count", "chosen"],
            "type": "object",
        },
        "status": {"type": ["object", "null"]},
    },
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "type": "object",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the schemas are written."""
    found = tmp_path / "schemas"
    found.mkdir()
    monkeypatch.setattr(cut_schemas, "OWN", found)
    return found


def archive(path: Path, folder: str) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(f"example.org/module@v1.0.0/config/crd/{folder}/boxes.yaml", CRD.read_text())
        made.writestr(f"example.org/module@v1.0.0/config/crd/{folder}/kustomization.yaml", "resources: []\n")
        made.writestr(f"example.org/module@v1.0.0/config/crd/{folder}/README.md", "no: yaml: at all")
    return path


def test_a_schema_has_what_judges_a_manifest_and_nothing_else(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(CRD)]) == EXIT_OK
    assert json.loads((folder / "box-things-v1beta1.json").read_text()) == BOX
    assert [path.name for path in folder.iterdir()] == ["box-things-v1beta1.json"]
    assert capsys.readouterr().out == "box-things-v1beta1.json\n"


def test_a_module_archive_gives_the_experimental_channel(tmp_path: Path) -> None:
    assert [one["spec"]["names"]["kind"] for one in read(archive(tmp_path / "m.zip", "experimental"))] == ["Box"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("missing.yaml", None, "missing.yaml: cannot be read: "),
        ("broken.yaml", b"a: [", "broken.yaml: cannot be read: "),
        ("binary.yaml", b"\xff", "binary.yaml: cannot be read: "),
        ("other.yaml", b"kind: Pod\n", "other.yaml: has no CustomResourceDefinition; give a module archive"),
    ],
)
def test_a_file_without_a_crd_is_refused(name: str, text: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(InputError) as refused:
        list(read(path))
    assert str(refused.value).startswith(message)


def test_nothing_is_written_unless_all_files_are_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(CRD), str(folder / "missing.yaml")]) == EXIT_CANNOT_RUN
    assert capsys.readouterr().err.startswith("missing.yaml: cannot be read: ")
    assert list(folder.iterdir()) == []


def test_an_archive_of_the_standard_channel_only_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(archive(tmp_path / "m.zip", "standard"))]) == EXIT_CANNOT_RUN
    assert capsys.readouterr().err.startswith("m.zip: has no CustomResourceDefinition")


def test_no_file_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == EXIT_CANNOT_RUN
    assert capsys.readouterr().err == "no file is named; give module archives of the Go proxy, or CRDs\n"


@pytest.mark.parametrize("path", sorted(OWN.iterdir()), ids=lambda path: path.name)
def test_the_committed_schemas_are_small_and_written_as_they_are_cut(path: Path) -> None:
    text = path.read_text()
    assert text == cut_schemas.text(json.loads(text))
    assert len(text) < 16_000
    assert '"description"' not in text


SELECTOR = {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "In", "values": ["d"]}]}
PODS = {"pods": {"namespaceSelector": SELECTOR, "podSelector": {}}}
NETWORKS = {"networks": ["10.0.0.0/8", "fd00::/8"]}


def admin() -> Json:
    ports = [{"portNumber": {"port": 1}}, {"portRange": {"protocol": "UDP", "start": 1, "end": 2}}]
    rules = {
        "ingress": [
            {"name": "a", "action": "Allow", "from": [PODS, {"namespaces": {}}], "ports": [{"namedPort": "x"}]}
        ],
        "egress": [
            {"action": "Pass", "to": [NETWORKS, {"nodes": SELECTOR}, {"domainNames": ["*.a.b"]}], "ports": ports}
        ],
    }
    spec = {"priority": 1, "subject": {"namespaces": SELECTOR}, **rules}
    return _object("v1alpha1", "AdminNetworkPolicy", spec)


def cluster() -> Json:
    one = {"udp": {"destinationPort": {"number": 53}}}
    two = {"sctp": {"destinationPort": {"range": {"start": 1, "end": 2}}}}
    rules = {
        "ingress": [{"action": "Accept", "from": [{"pods": {"podSelector": {}}}], "protocols": [one, two]}],
        "egress": [{"action": "Deny", "to": [NETWORKS], "protocols": [{"tcp": {"destinationPort": {"number": 1}}}]}],
    }
    spec = {"tier": "Admin", "priority": 1, "subject": PODS, **rules}
    return _object("v1alpha2", "ClusterNetworkPolicy", spec)


def baseline() -> Json:
    spec = {"subject": PODS, "egress": [{"action": "Deny", "to": [NETWORKS], "ports": [{"portNumber": {"port": 1}}]}]}
    return _object("v1alpha1", "BaselineAdminNetworkPolicy", spec)


def _object(version: str, kind: str, spec: Json) -> Json:
    metadata = {"name": "default", "labels": {"a": "b"}, "annotations": {"c": "d"}}
    return {
        "apiVersion": f"policy.networking.k8s.io/{version}",
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
        "status": {"conditions": []},
    }


def beta() -> Json:
    return {**cluster(), "apiVersion": "policy.networking.k8s.io/v1beta1"}


KINDS = {"admin": admin, "cluster": cluster, "beta": beta, "baseline": baseline}


def changed(document: Json, path: tuple[str | int, ...], value: Any) -> Json:
    """The document with another value at a path; None takes the field away."""
    found: Json = json.loads(json.dumps(document))
    *steps, last = path
    place: Any = found
    for step in steps:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return found


def said(document: Json) -> list[str]:
    [found] = kubeconform.findings([document], ["1.36"])
    return [f"{dotted(path)}: {what}" for path, what, _ in found]


def test_right_policies_have_no_findings_in_any_version() -> None:
    assert kubeconform.findings([make() for make in KINDS.values()]) == [[], [], [], []]


def test_v1beta1_differs_from_v1alpha2_in_its_name_only() -> None:
    alpha, later = (OWN / f"clusternetworkpolicy-policy-{version}.json" for version in ("v1alpha2", "v1beta1"))
    assert alpha.read_text().replace("v1alpha2", "v1beta1") == later.read_text()


@pytest.mark.parametrize("field", ["ingress", "egress"])
def test_null_is_a_missing_field(field: str) -> None:
    document = cluster()
    document["spec"][field] = None
    assert said(document) == []


RULE = ("spec", "egress", 0)


@pytest.mark.parametrize(
    ("kind", "path", "value", "message"),
    [
        ("admin", ("spec", "priority"), 1001, "spec.priority: 1001 is above 1000"),
        ("cluster", ("spec", "priority"), -1, "spec.priority: -1 is below 0"),
        ("cluster", ("spec", "tier"), "admin", 'spec.tier: "admin" is none of Admin, Baseline'),
        ("cluster", ("spec", "tier"), None, "spec.tier: is missing"),
        ("baseline", ("spec", "priority"), 1, "spec.priority: unknown key"),
        ("admin", ("spec", "subject"), None, "spec.subject: is missing"),
        ("admin", ("spec", "subject"), {}, "spec.subject: is empty"),
        ("admin", ("spec", "subject", "pods"), PODS["pods"], "spec.subject: has 2 entries, more than 1"),
        ("admin", (*RULE, "action"), "Accept", 'spec.egress[0].action: "Accept" is none of Allow, Deny, Pass'),
        ("cluster", (*RULE, "action"), "Allow", 'spec.egress[0].action: "Allow" is none of Accept, Deny, Pass'),
        ("baseline", (*RULE, "action"), "Pass", 'spec.egress[0].action: "Pass" is none of Allow, Deny'),
        ("admin", (*RULE, "name"), "x" * 101, "spec.egress[0].name: has 101 characters, more than 100"),
        ("admin", (*RULE, "to"), [], "spec.egress[0].to: is empty"),
        ("admin", (*RULE, "to"), None, "spec.egress[0].to: is missing"),
        ("admin", (*RULE, "from"), [], "spec.egress[0].from: unknown key"),
        ("admin", (*RULE, "to", 0), {"service": {}}, "spec.egress[0].to[0].service: unknown key"),
        ("admin", (*RULE, "to", 0, "networks"), [], "spec.egress[0].to[0].networks: is empty"),
        (
            "admin",
            ("spec", "ingress", 0, "from", 0),
            NETWORKS,
            "spec.ingress[0].from[0].networks: unknown key",
        ),
        ("admin", (*RULE, "ports"), [], "spec.egress[0].ports: is empty"),
        (
            "admin",
            (*RULE, "ports", 0, "portNumber", "port"),
            0,
            "spec.egress[0].ports[0].portNumber.port: 0 is below 1",
        ),
        (
            "cluster",
            (*RULE, "protocols", 0, "tcp", "destinationPort", "number"),
            65536,
            "spec.egress[0].protocols[0].tcp.destinationPort.number: 65536 is above 65535",
        ),
        ("cluster", (*RULE, "protocols", 0, "tcp"), {}, "spec.egress[0].protocols[0].tcp: is empty"),
        ("admin", ("metadata", "labels", "a"), 5, "metadata.labels.a: 5 is not a string"),
        ("admin", ("spec", "subject", "namespaces", "x"), 5, "spec.subject.namespaces.x: unknown key"),
        (
            "admin",
            ("apiVersion",),
            "policy/v1alpha1",
            'apiVersion: "policy/v1alpha1" is none of policy.networking.k8s.io/v1alpha1',
        ),
        ("admin", ("more",), {}, "more: unknown key"),
    ],
)
def test_the_committed_schemas_refuse_what_the_api_refuses(
    kind: str, path: tuple[str | int, ...], value: Any, message: str
) -> None:
    assert said(changed(KINDS[kind](), path, value)) == [message]


@pytest.mark.parametrize(("kind", "most"), [("admin", 100), ("baseline", 100), ("cluster", 25), ("beta", 25)])
def test_the_committed_schemas_have_the_limits_of_their_version(kind: str, most: int) -> None:
    document = KINDS[kind]()
    rule = document["spec"]["egress"][0]
    peer: Json = {"namespaces": {}}
    rule["to"] = [peer] * most
    document["spec"]["egress"] = [rule] * most
    assert said(document) == []
    document["spec"]["egress"] = [{**rule, "to": [peer] * (most + 1)}]
    assert said(document) == [f"spec.egress[0].to: has {most + 1} entries, more than {most}"]
    document["spec"]["egress"] = [rule] * (most + 1)
    assert said(document) == [f"spec.egress: has {most + 1} entries, more than {most}"]
