"""What `--output json` prints has the form that docs/reference/json.md and --help describe, key for key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from tests.verify.listeners import LOOPBACK, closed_port, listening
from vcluster_isolation import json_forms
from vcluster_isolation.cli.app import COMMANDS, app
from vcluster_isolation.docs.blocks import BLOCKS
from vcluster_isolation.tools import PROJECT

VALUES = PROJECT / "tests" / "situations" / "values"
CLUSTERS = PROJECT / "tests" / "audit" / "files"
CILIUM = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumNetworkPolicy",
    "metadata": {"name": "open", "namespace": "vcluster-my-vcluster"},
    "spec": {"endpointSelector": {}, "ingress": [{}], "egress": [{}]},
}
BROKEN = {"policies": {"networkPolicy": {"enabled": True, "fallbackDns": "x", "labels": {"a b": "c"}}}}
GRANTED = {
    "policies": {
        "networkPolicy": {
            "enabled": True,
            "profile": "hardened",
            "prometheus": {"enabled": True, "from": [{"namespaceSelector": {}}]},
            "workload": {"egress": [{"to": [{"ipBlock": {"cidr": "10.20.30.40/32"}}]}]},
        }
    }
}
PRIVATE = {"controlPlane": {"standalone": {"enabled": True}}, "policies": {"networkPolicy": {"enabled": True}}}
DENYING = {
    "apiVersion": "policy.networking.k8s.io/v1alpha1",
    "kind": "AdminNetworkPolicy",
    "metadata": {"name": "closed"},
    "spec": {
        "priority": 3,
        "subject": {"namespaces": {}},
        "ingress": [
            {
                "action": "Deny",
                "from": [{"namespaces": {}}],
                "ports": [{"portNumber": {"protocol": "TCP", "port": 8443}}],
            }
        ],
    },
}
OBJECT = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "red", "namespace": "argocd"},
    "spec": {
        "destination": {"namespace": "red"},
        "source": {"chart": "vcluster", "helm": {"releaseName": "red", "valuesObject": GRANTED}},
    },
}
ASKED: dict[str, list[list[str]]] = {
    "audit": [["{clusters}/*.json"], ["{cilium-cluster}"], ["{promised}"], ["{denied}"]],
    "check": [["{values}/hardened.yaml"], ["{broken}"], ["--each", "{values}/default.yaml", "{broken}"]],
    "connectivity": [["{values}/own-rules.yaml"], ["{values}/default.yaml", "{cilium}"]],
    "diff": [
        ["{values}/default.yaml", "{values}/hardened.yaml"],
        ["{values}/default.yaml", "{values}/default.yaml"],
        ["{object}", "{object}"],
        ["{values}/default.yaml", "{values}/hardened.yaml", "--beside", "{cilium}"],
    ],
    "explain": [
        ["workload", "control-plane", "8443", "-f", "{values}/default.yaml"],
        ["workload", "10.20.30.40", "5432", "-f", "{values}/default.yaml"],
        ["workload", "0.0.0.0/0", "443", "-f", "{values}/hardened.yaml"],
        ["workload", "host-api-server", "-f", "{values}/floor-admin-network-policy.yaml"],
        ["workload", "control-plane", "-f", "{values}/default.yaml", "-f", "{cilium}"],
    ],
    "ports": [[]],
    "prove": [
        ["{values}/default.yaml"],
        ["{values}/hardened-floor.yaml"],
        ["{granted}"],
        ["{private}"],
        ["{values}/platform.yaml"],
        ["{values}/hardened.yaml", "{cilium}"],
        ["{object}"],
        ["{values}/default.yaml", "{denying}"],
    ],
    "verify": [],
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The files that the commands below read."""
    folder = tmp_path_factory.mktemp("forms")
    cluster = json.loads((CLUSTERS / "isolated.json").read_text(encoding="utf-8"))
    home = next(one["metadata"]["namespace"] for one in cluster["items"] if one["kind"] == "NetworkPolicy")
    cilium = {**CILIUM, "metadata": {"name": "open", "namespace": home}}
    release = {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": "gone", "namespace": "gitops"},
        "spec": {"targetNamespace": home, "releaseName": "gone", "values": GRANTED},
    }
    made = {
        "cilium": CILIUM,
        "broken": BROKEN,
        "granted": GRANTED,
        "private": PRIVATE,
        "object": OBJECT,
        "denying": DENYING,
        "cilium-cluster": {**cluster, "items": [*cluster["items"], cilium]},
        "denied": {**cluster, "items": [*cluster["items"], DENYING]},
        "promised": {**cluster, "items": [*cluster["items"], release]},
    }
    for name, content in made.items():
        suffix, write = (
            ("json", json.dumps) if name in {"cilium-cluster", "denied", "promised"} else ("yaml", yaml.safe_dump)
        )
        (folder / f"{name}.{suffix}").write_text(str(write(content)), encoding="utf-8")
    paths = {path.stem: str(path) for path in folder.iterdir()}
    return {**paths, "values": str(VALUES), "clusters": str(CLUSTERS)}


def printed(form: str, words: list[str]) -> Any:
    """Return what a command prints, parsed."""
    result = CliRunner().invoke(app, [form, *words, "--output", "json"], catch_exceptions=False)
    return json.loads(result.stdout)


@cache
def outputs_of(form: str, known: tuple[tuple[str, str], ...]) -> tuple[Any, ...]:
    """Return real outputs of a command."""
    if form == "verify":
        with listening() as server:
            ports = [str(server.getsockname()[1]), str(closed_port())]
            return (printed("verify", ["tcp", LOOPBACK, *ports]),)
    paths = dict(known)
    asked = [[re.sub(r"\{([a-z-]+)\}", lambda found: paths[found[1]], word) for word in words] for words in ASKED[form]]
    return tuple(printed(form, each) for words in asked for each in expanded(words))


def expanded(words: list[str]) -> Iterator[list[str]]:
    """Yield a command line for each file that its only pattern stands for."""
    pattern = next((Path(word) for word in words if "*" in word), None)
    if pattern is None:
        yield words
        return
    for path in sorted(pattern.parent.glob(pattern.name)):
        if path.stem != "no-vcluster":
            yield [str(path)]


def filled(value: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of the keys of an output, as json_forms.keys has them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            here = f"{path}.{key}" if path else key
            yield here
            yield from filled(inner, here)
    elif isinstance(value, list):
        for item in value:
            yield from filled(item, f"{path}[]" if path else "")


@pytest.mark.parametrize("form", json_forms.forms())
def test_real_output_has_the_form_that_is_described(form: str, files: Mapping[str, str]) -> None:
    validator = Draft202012Validator(json_forms.schema(form))
    validator.check_schema(validator.schema)
    for output in outputs_of(form, tuple(files.items())):
        assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(output)] == []


@pytest.mark.parametrize("form", json_forms.forms())
def test_every_key_that_is_described_occurs(form: str, files: Mapping[str, str]) -> None:
    seen = {path for output in outputs_of(form, tuple(files.items())) for path in filled(output)}
    assert [path for path in json_forms.keys(form) if path not in seen] == []


@pytest.mark.parametrize("form", json_forms.forms())
def test_a_missing_key_and_one_too_many_are_noticed(form: str, files: Mapping[str, str]) -> None:
    validator = Draft202012Validator(json_forms.schema(form))
    output = outputs_of(form, tuple(files.items()))[0]
    first = output[0] if isinstance(output, list) else output
    whole = (lambda one: [one]) if isinstance(output, list) else (lambda one: one)
    assert validator.is_valid(whole(first))
    assert not validator.is_valid(whole({**first, "more": 1}))
    for key in first:
        assert not validator.is_valid(whole({name: value for name, value in first.items() if name != key}))


def test_every_command_that_prints_json_has_a_form() -> None:
    context, offering = click.Context(app), set()
    for name in COMMANDS:
        command = app.get_command(context, name)
        inner = getattr(command, "commands", {"": command})
        choices = [getattr(option.type, "choices", ()) for one in inner.values() for option in one.params]
        offering |= {name} if any("json" in each for each in choices) else set()
    assert offering == set(json_forms.forms())


def test_keys_are_snake_case_and_kind_is_that_of_a_kubernetes_object() -> None:
    found = {form: json_forms.keys(form) for form in json_forms.forms()}
    names = {(form, path, path.rpartition(".")[2]) for form, paths in found.items() for path in paths}
    assert [path for _, path, name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)] == []
    assert {path.rpartition(".")[0] for _, path, name in names if name == "kind"} <= {
        "not_evaluated[]",
        "vclusters[].not_evaluated[]",
    }


def test_the_page_has_a_row_for_each_key() -> None:
    page = "\n".join(BLOCKS["json"]())
    for form in json_forms.forms():
        assert f"## `{form}`" in page
        assert all(f"| `{path}` |" in page for path in json_forms.keys(form))
