"""A new grant is a row, its rule in a template, its values and its situation, and nothing else: shown with a made-up one."""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vcluster_isolation import tools
from vcluster_isolation.prove.prove import FAILS, HOLDS, NO_SUBJECT
from vcluster_isolation.tools import PROJECT

PATH = "controlPlane.tracing"
NP = "policies.networkPolicy"
ROW = """  - path: controlPlane.tracing
    kind: grant
    peers: to
    whose: host
    rules:
      - pods: [control-plane]
        claim: tracing
        says: The control plane reaches the collector of traces.
        fits: {ports: every}
    who: collector of traces
    actor: collector of traces
    about: the control plane to a collector of traces
    empty: refused
    default: {enabled: false, to: [], ports: [{port: 4317, protocol: TCP}]}
"""
RULE = """    {{- if $values.controlPlane.tracing.enabled }}
    # control plane --> collector of traces (controlPlane.tracing)
    {{- include "vcluster-isolation.rule.grant" $values.controlPlane.tracing | nindent 4 }}
    {{- end }}
"""
VALUES = """      tracing:
        # -- Let the control plane send traces to a collector. Off, because few have one.
        enabled: false
        # -- Where it is, as NetworkPolicy peers. Nowhere by default.
        to: []
        # -- Its port: OTLP over gRPC.
        ports:
          - port: 4317
            protocol: TCP
"""
SCHEMA = """                "tracing": {
                  "description": "A collector of traces.",
                  "type": "object",
                  "additionalProperties": false,
                  "properties": {
                    "enabled": {
                      "description": "Let the control plane send traces to a collector. Off, because few have one.",
                      "type": "boolean",
                      "default": false
                    },
                    "to": {
                      "description": "Where it is, as NetworkPolicy peers. Nowhere by default.",
                      "type": "array",
                      "items": {"$ref": "#/$defs/peer"},
                      "default": []
                    },
                    "ports": {
                      "description": "Its port: OTLP over gRPC.",
                      "type": "array",
                      "items": {"$ref": "#/$defs/port"},
                      "default": [{"port": 4317, "protocol": "TCP"}]
                    }
                  }
                },
"""
SITUATION = """# A collector of traces is granted to the control plane.
policies:
  networkPolicy:
    enabled: true
    hostApiServer: {cidrs: [10.0.0.1/32]}
    controlPlane:
      tracing:
        enabled: true
        to:
          - ipBlock: {cidr: 203.0.113.7/32}
"""

# What is put into which file, and before which text.
EDITS = {
    "chart/grants.yaml": (ROW, "  - path: project\n"),
    "chart/templates/vcluster/control-plane.yaml": (RULE, "    {{- with $values.controlPlane.egress }}\n"),
    "chart/values.yaml": (VALUES, "      # -- Your own ingress rules of the control plane, added after the chart's.\n"),
    "chart/values.schema.json": (SCHEMA, '                "backingStore": {\n'),
    "values.schema.json": (SCHEMA, '                "backingStore": {\n'),
}
NEW = "tests/situations/values/grant-tracing.yaml"
NOT_COPIED = ("__pycache__", ".*_cache", ".git", ".venv", ".tools", "golden", "*.egg-info", "htmlcov", ".coverage*")


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command ended: its exit code, and what it printed."""

    code: int
    text: str


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the made-up grant in it."""
    return with_the_grant(tmp_path_factory.mktemp("made-up") / "project")


def with_the_grant(place: Path) -> Path:
    """Copy the project to a place, and put the made-up grant into the copy."""
    shutil.copytree(PROJECT, place, ignore=shutil.ignore_patterns(*NOT_COPIED))
    (place / ".tools").symlink_to(PROJECT / ".tools")
    for name, (text, before) in EDITS.items():
        old = (place / name).read_text(encoding="utf-8")
        assert old.count(before) == 1, name
        (place / name).write_text(old.replace(before, text + before), encoding="utf-8")
    (place / NEW).write_text(SITUATION, encoding="utf-8")
    return place


def changed(one: Path, other: Path, below: str = "") -> Iterator[str]:
    """Yield the files of two folders that differ, or are in the second only."""
    found = filecmp.dircmp(one / below, other / below, ignore=["__pycache__", ".tools", "golden"])
    yield from (f"{below}{name}" for name in (*found.diff_files, *found.right_only))
    for name in found.common_dirs:
        yield from changed(one, other, f"{below}{name}/")


def environment(copy: Path) -> dict[str, str]:
    """Return the variables with which Python finds the copy's package, and that the same helm."""
    return {**os.environ, "PYTHONPATH": str(copy / "scripts"), "VCLUSTER_ISOLATION_HELM": str(tools.find("helm"))}


ASK = """
import contextlib, io, json, sys
import vcluster_isolation
from vcluster_isolation.cli.app import run
found = []
for words in json.loads(sys.argv[1]):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = run(words)
    found.append([code, printed.getvalue()])
print(json.dumps({"package": vcluster_isolation.__file__, "found": found}))
"""


def ask(copy: Path, *commands: list[str]) -> list[Answer]:
    """Run commands of the copy's package, in one process."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(commands)],
        capture_output=True,
        text=True,
        check=True,
        cwd=copy,
        env=environment(copy),
    )
    answer = json.loads(done.stdout)
    assert answer["package"].startswith(str(copy))
    return [Answer(code, text) for code, text in answer["found"]]


def values(place: Path, grant: dict[str, Any]) -> str:
    """Write values with the made-up grant, and return their file."""
    policy = {"enabled": True, "hostApiServer": {"cidrs": ["10.0.0.1/32"]}, "controlPlane": {"tracing": grant}}
    place.write_text(json.dumps({"policies": {"networkPolicy": policy}}), encoding="utf-8")
    return str(place)


def test_nothing_else_is_touched(copy: Path) -> None:
    assert set(changed(PROJECT, copy)) == {*EDITS, NEW}


def test_refusals_know_it(copy: Path, tmp_path: Path) -> None:
    peer = {"ipBlock": {"cidr": "203.0.113.7/32"}}
    cases: dict[str, dict[str, Any]] = {
        f"{PATH}.to: is empty, which would allow every destination; list at least one peer": {"enabled": True},
        f"{PATH}.ports: names no port, which would mean every one": {"enabled": True, "to": [peer], "ports": []},
        f"{PATH}.to[0].ipBlock.cidr: 10.0.0.1/8 has bits set": {
            "enabled": True,
            "to": [{"ipBlock": {"cidr": "10.0.0.1/8"}}],
        },
        f"{PATH}.ports[0].endPort: 1 is below port 2": {
            "enabled": True,
            "to": [peer],
            "ports": [{"port": 2, "endPort": 1}],
        },
    }
    files = [values(tmp_path / f"{number}.json", grant) for number, grant in enumerate(cases.values())]
    for sentence, answer in zip(cases, ask(copy, *(["check", file] for file in files)), strict=True):
        assert f"{NP}.{sentence}" in answer.text
        assert answer.code == 1


def test_a_switch_that_is_a_text_is_refused_without_the_schema(copy: Path) -> None:
    words = ["template", "a", str(copy / "chart"), "--skip-schema-validation", "--set", f"{NP}.enabled=true"]
    done = tools.run([tools.find("helm"), *words, "--set-string", f"{NP}.{PATH}.enabled=false"])
    assert f"{NP}.{PATH}.enabled: is neither true nor false" in done.stderr


def test_golden_files_of_its_situation_have_its_rule_its_flow_and_its_note(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "values").mkdir()
    shutil.copy(copy / NEW, tmp_path / "values")
    (answer,) = ask(copy, ["golden", "write", "--tests", str(tmp_path)])
    assert answer.code == 0, answer.text
    found = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "golden" / "grant-tracing").iterdir()}
    assert "    # control plane --> collector of traces (controlPlane.tracing)\n" in found["manifests.yaml"]
    assert "  control plane --> collector of traces, TCP 4317 (controlPlane.tracing)\n" in found["notes.txt"]
    assert "control-plane => 203.0.113.7/32 : TCP 4317\n" in found["connectivity.txt"]


def test_prove_claims_it_and_sees_who_may_use_it(copy: Path, tmp_path: Path) -> None:
    on = values(tmp_path / "on.json", {"enabled": True, "to": [{"ipBlock": {"cidr": "203.0.113.7/32"}}]})
    forgeable = values(tmp_path / "forgeable.json", {"enabled": True, "to": [{"namespaceSelector": {}}]})
    off = values(tmp_path / "off.json", {"enabled": False})
    asked = [["prove", file, "--output", "json"] for file in (on, forgeable, off)]
    found = [json.loads(answer.text) for answer in ask(copy, *asked)]
    status = [statuses_in(one) for one in found]
    assert [one["tracing"] for one in status] == [HOLDS, HOLDS, NO_SUBJECT]
    assert f"{NP}.{PATH}" in json.dumps(found[1])


def statuses_in(found: Any) -> dict[str, str]:
    """Return what becomes of each claim in what `prove` printed as JSON."""
    (vcluster,) = found["vclusters"]
    return {claim["name"]: claim["status"] for claim in vcluster["claims"]}


def test_without_its_rule_the_claim_fails(tmp_path: Path) -> None:
    copy = with_the_grant(tmp_path / "project")
    file = copy / "chart/templates/vcluster/control-plane.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace(RULE, ""), encoding="utf-8")
    on = values(tmp_path / "on.json", {"enabled": True, "to": [{"ipBlock": {"cidr": "203.0.113.7/32"}}]})
    (answer,) = ask(copy, ["prove", on, "--output", "json"])
    assert statuses_in(json.loads(answer.text))["tracing"] == FAILS


def test_explain_proposes_it(copy: Path, tmp_path: Path) -> None:
    off = values(tmp_path / "off.json", {"enabled": False})
    (answer,) = ask(copy, ["explain", "control-plane", "203.0.113.7", "4317", "-f", off, "--output", "json"])
    assert "tracing" in json.loads(answer.text)["missing"][0]["yaml"]


def test_documentation_has_it(copy: Path) -> None:
    files = [f"docs/{name}.md" for name in ("grants", "reference/values", "reference/claims")]
    (answer,) = ask(copy, ["docs", "write", *files])
    assert answer.code == 0, answer.text
    texts = [(copy / name).read_text(encoding="utf-8") for name in files]
    assert "| `controlPlane.tracing` | the control plane to a collector of traces | 4317 | refused |" in texts[0]
    assert f"`{NP}.{PATH}.enabled`" in texts[1]
    assert "| `tracing` | The control plane reaches the collector of traces. |" in texts[2]
    for name in files:
        shutil.copy(PROJECT / name, copy / name)


@pytest.mark.mutants
def test_tests_of_the_chart_and_of_grants_need_nothing_else(copy: Path) -> None:
    names = ["drift", "grants", "notes", "refusals", "nulls"]
    tests = [*(f"tests/chart/test_{name}.py" for name in names), "tests/prove/test_grants.py"]
    words = ["-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "-k", "tracing or drift or grants", *tests]
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, check=False, cwd=copy, env=environment(copy)
    )
    assert done.returncode == 0, done.stdout[-4000:]
