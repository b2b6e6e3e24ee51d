"""`vcluster-isolation check`: everything wrong at once, in the order of the files, with the right exit code."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vcluster_isolation.cli import app as cli
from vcluster_isolation.tools import PROJECT
from vcluster_isolation.values import refusals as values_check

SCHEMA: dict[str, Any] = {
    "properties": {
        "names": {"type": "array", "items": {"type": "string"}},
        "port": {"type": "integer"},
        "deep": {"properties": {"one": {"type": "string"}}, "additionalProperties": False},
        "spec": {},
        "extra": {},
        "breaks": {},
        "global": {},
    },
    "additionalProperties": False,
}
TEMPLATE = """\
{{- $bad := list }}
{{- range $i, $name := .Values.names }}
{{- if hasPrefix "bad" (toString $name) }}
{{- $bad = append $bad (printf "names[%d]: %q is bad; remove it" $i $name) }}
{{- end }}
{{- end }}
{{- range $key, $_ := .Values.extra }}
{{- if hasPrefix "bad" $key }}
{{- $bad = append $bad (printf "extra[%q]: is bad; rename it" $key) }}
{{- end }}
{{- end }}
{{- with .Values.breaks }}
{{- $bad = append $bad . }}
{{- end }}
{{- if $bad }}
{{- fail (printf "\\n\\nvcluster-isolation refuses these values:\\n  - %s\\n" (join "\\n  - " $bad)) }}
{{- end }}
{{- if gt (int .Values.port) 9000 }}
{{- fail (printf "boom %s" (toString .Values.names)) }}
{{- end }}
{{- with .Values.spec }}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ $.Release.Name }}
  namespace: {{ $.Release.Namespace }}
spec:
  {{- toYaml . | nindent 2 }}
{{- end }}
"""
RIGHT = "spec: {podSelector: {}, policyTypes: [Ingress]}\n"
BY = (
    "checked by strict YAML, values.schema.json, the chart's validation, "
    "kubeconform for Kubernetes 1.25, 1.31, 1.37, the API server's rules"
)

Run = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """Return a small chart: a schema, a validation of its own, and one policy with the spec that it is given."""
    folder = tmp_path / "mini"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: mini\nversion: 0.0.1\n")
    (folder / "values.yaml").write_text("port: 80\nnames: []\n")
    (folder / "values.schema.json").write_text(json.dumps(SCHEMA))
    (folder / "templates" / "policy.yaml").write_text(TEMPLATE)
    return folder


@pytest.fixture
def run(chart: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the command in an own folder: exit code, lines printed, standard error."""
    monkeypatch.chdir(tmp_path)

    def command(*words: str, chart: Path | None = chart) -> tuple[int, list[str], str]:
        where = ["--chart", str(chart)] if chart else []
        monkeypatch.setattr(sys, "argv", ["vcluster-isolation", "check", *words, *where])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return int(str(ended.value.code or 0)), printed.out.splitlines(), printed.err

    return command


def write(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def test_right_values_say_what_was_checked(run: Run) -> None:
    assert run(write("a.yaml", RIGHT)) == (0, [f"ok: a.yaml: 1 NetworkPolicy; {BY}"], "")


def test_values_that_render_nothing_say_so(run: Run) -> None:
    assert run(write("a.yaml", "")) == (
        0,
        [
            "ok: a.yaml: no manifests (vcluster-isolation is not on in the chart: check the conditions and tags of its "
            f"dependencies, and the values); {BY}"
        ],
        "",
    )


def test_the_schema_and_the_chart_speak_both_and_of_the_file_and_line_that_count(run: Run) -> None:
    write("a.yaml", "names: [x]\nport: x\n")
    write("b.yaml", "# layer\nnames:\n  - bad one\n  - 5\nporrt: 1\ndeep: {two: 1}\n")
    assert run("a.yaml", "b.yaml") == (
        1,
        [
            'a.yaml:2: port: "x" is not a whole number; write a whole number',
            'b.yaml:3: names[0]: "bad one" is bad; remove it',
            "b.yaml:4: names[1]: 5 is not a string; put it in quotes",
            "b.yaml:5: porrt: unknown key; did you mean port?",
            "b.yaml:6: deep.two: unknown key; use one of one",
            "5 problems in a.yaml, b.yaml (as one release, b.yaml over a.yaml; --each checks each by itself); "
            "their manifests were not judged",
        ],
        "",
    )


def test_a_later_layer_mends_an_earlier_one_and_null_takes_a_default_away(run: Run) -> None:
    write("a.yaml", "port: x\nnames: [bad]\n")
    write("b.yaml", f"port: null\nnames: []\n{RIGHT}")
    assert run("a.yaml", "b.yaml")[0] == 0
    code, lines, _ = run("b.yaml", "a.yaml")
    assert (code, len(lines)) == (1, 3)


def test_what_the_schema_said_of_a_key_the_chart_does_not_say_again(run: Run, chart: Path) -> None:
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "names": {"items": {"maxLength": 3}}}}
    (chart / "values.schema.json").write_text(json.dumps(schema))
    assert run(write("a.yaml", "names: [bad1, bad]\n"))[1] == [
        "a.yaml:1: names[0]: has 4 characters, more than 3; shorten it",
        'a.yaml:1: names[1]: "bad" is bad; remove it',
        "2 problems in a.yaml; their manifests were not judged",
    ]


def test_a_refusal_without_a_path_is_shown_whole(run: Run) -> None:
    write("a.yaml", "breaks: 'the release name: \"x\" is bad; rename; it'\n")
    write("b.yaml", "breaks: no advice\n")
    assert run("a.yaml")[1][0] == 'the release name: "x" is bad; rename; it'
    assert run("a.yaml", "b.yaml")[1][0] == "no advice"


def test_a_template_that_breaks_after_the_schema_refused_adds_nothing(run: Run) -> None:
    assert run(write("a.yaml", "port: 9001\ndeep: 1\nx: 1\n"))[1] == [
        "a.yaml:3: x: unknown key; use one of names, port, deep, spec, extra, breaks, global",
        "1 problem in a.yaml; their manifests were not judged",
    ]


def test_a_template_that_breaks_on_values_the_schema_accepts_is_no_verdict(run: Run) -> None:
    code, lines, error = run(write("a.yaml", 'port: 9001\nnames: ["\\e[2J"]\n'))
    assert (code, lines) == (2, [])
    assert "boom" in error
    assert "--values a.yaml" in error
    assert "\x1b" not in error


def test_what_only_the_api_server_or_only_a_schema_refuses_in_rendered_manifests_is_found(run: Run) -> None:
    write("a.yaml", "spec:\n  podSelector: {}\n  egress: [{ports: [{port: 0}]}]\n  zzz: 1\n  policyTypes: 5\n")
    assert run("a.yaml", "--name", "my") == (
        1,
        [
            "NetworkPolicy/my spec.egress[0].ports[0].port: 0 is not a valid port number; use 1 to 65535",
            "NetworkPolicy/my spec.policyTypes: 5 is not a list; write a list",
            "NetworkPolicy/my spec.zzz: unknown key; use one of egress, ingress, podSelector, policyTypes",
            "3 problems in a.yaml",
        ],
        "",
    )


def test_rules_without_effect_are_a_warning_and_no_problem(run: Run) -> None:
    write("a.yaml", "spec: {podSelector: {}, policyTypes: [Ingress], egress: [{}]}\n")
    assert run("a.yaml") == (
        0,
        [
            "warning: NetworkPolicy/my-vcluster spec.egress: has no effect, policyTypes does not hold Egress; "
            "add it to policyTypes, or remove the rules",
            f"ok: a.yaml: 1 NetworkPolicy; {BY}",
        ],
        "",
    )


def test_rendered_manifests_that_are_no_strict_yaml_are_a_problem(run: Run, chart: Path) -> None:
    (chart / "templates" / "twice.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nkind: ConfigMap\n")
    code, lines, _ = run(write("a.yaml", ""))
    assert code == 1
    assert lines[0].startswith("the rendered manifests:")
    assert lines[0].endswith("kind: is set again; it was set on line 4; keep one of them")


def test_every_yaml_mistake_of_every_file_is_told_and_nothing_is_rendered(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values_check, "template", None)
    write("a.yaml", "port: 1\nport: 2\nnames: *x\n")
    write("b.yaml", "port: 1\n---\nport: 2\n")
    write("c.yaml", "port: x\n")
    assert run("a.yaml", "b.yaml", "c.yaml") == (
        1,
        [
            "a.yaml:2: port: is set again; it was set on line 1; keep one of them",
            "a.yaml:3: names: alias *x has no anchor before it; write &x before a value above, or quote the text",
            "b.yaml:3: another document begins; keep one document in a values file",
            "3 problems in a.yaml, b.yaml, c.yaml; their manifests were not judged",
        ],
        "",
    )


def test_files_that_cannot_be_read_are_all_named_and_no_verdict(run: Run) -> None:
    assert run("no.yaml", write("a.yaml", "x: 1\n"), "nor.yaml") == (
        2,
        [],
        "error: no.yaml: cannot be read: No such file or directory; check the name and its permissions\n"
        "nor.yaml: cannot be read: No such file or directory; check the name and its permissions\n",
    )


def test_standard_input_is_a_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"names: [bad]\n")))
    assert run("-")[1][0] == 'standard input:1: names[0]: "bad" is bad; remove it'


def test_a_pipe_is_read_once_and_helm_sees_what_we_read(run: Run) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"names: [bad]\n")
    os.close(writing)
    assert run(f"/dev/fd/{reading}")[1][0] == f'/dev/fd/{reading}:1: names[0]: "bad" is bad; remove it'
    os.close(reading)


def test_yaml_that_only_helm_cannot_read_is_a_problem_of_its_file(run: Run) -> None:
    code, lines, _ = run(write("a.yaml", 'names: ["\\/"]\n'))
    assert code == 1
    assert lines[0].startswith("a.yaml: helm cannot read it: ")
    assert lines[0].endswith("found unknown escape character")


def umbrella(folder: Path, chart: Path) -> Path:
    """Return a chart without a schema that has `chart` as a subchart."""
    shutil.copytree(chart, folder / "charts" / "mini")
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: umbrella\nversion: 0.0.1\n")
    return folder


def test_a_subcharts_schema_is_heard_through_helm(run: Run, chart: Path, tmp_path: Path) -> None:
    parent = umbrella(tmp_path / "umbrella", chart)
    write("a.yaml", "mini: {port: x}\n")
    write("b.yaml", f"mini: {{{RIGHT.strip()}}}\n")
    assert run("a.yaml", chart=parent) == (
        1,
        [
            "helm: the schema of chart mini: at '/port': got string, want integer",
            "1 problem in a.yaml; their manifests were not judged",
        ],
        "",
    )
    by = BY.replace("values.schema.json, ", "")
    assert run("b.yaml", chart=parent) == (0, [f"ok: b.yaml: 1 NetworkPolicy; {by}"], "")


def test_a_packaged_chart_is_checked_as_its_folder_is(run: Run, chart: Path, tmp_path: Path) -> None:
    package = tmp_path / "mini-0.0.1.tgz"
    with tarfile.open(package, "w:gz") as file:
        file.add(chart, "mini")
    write("a.yaml", "port: x\nnames: [bad]\n")
    assert run("a.yaml", chart=package) == run("a.yaml", chart=chart)
    assert run("a.yaml", chart=package)[0] == 1


MANIFESTS = """\
# rendered elsewhere
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: a
  labels:
    x: 1
spec:
  podSelector: {}
  egress:
    - to:
        - ipBlock:
            cidr: 10.0.0.0/8
            except:
              - 11.0.0.0/8
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: c}
    data: {k: 5}
  - just text
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: d}
"""


def test_a_file_of_manifests_is_judged_by_itself_line_by_line(run: Run) -> None:
    write("values.yaml", RIGHT)
    assert run("values.yaml", write("m.yaml", MANIFESTS)) == (
        1,
        [
            "m.yaml:7: NetworkPolicy/a metadata.labels.x: 1 is not a string; put it in quotes",
            "m.yaml:15: NetworkPolicy/a spec.egress[0].to[0].ipBlock.except[0]: 11.0.0.0/8 is not strictly inside "
            "cidr 10.0.0.0/8; remove it or widen cidr",
            "m.yaml:23: ConfigMap/c data.k: 5 is not a string; put it in quotes",
            "m.yaml:24: has no kind and apiVersion of a Kubernetes object; set both",
            "warning: m.yaml:26: CiliumNetworkPolicy/d: is a cilium.io/v2 CiliumNetworkPolicy: no schema available; not "
            "validated; check its kind and apiVersion",
            "warning: m.yaml:26: CiliumNetworkPolicy/d: is not evaluated: it may open and close what NetworkPolicies "
            "say; prove, audit, connectivity, diff and explain call undecided what it could change",
            "4 problems in values.yaml, m.yaml",
        ],
        "",
    )


def test_a_list_without_entries_is_said_to_be_that(run: Run) -> None:
    path = write("a.yaml", "apiVersion: v1\nkind: List\nitems: null\n")
    assert run(path)[1][0] == "a.yaml:3: List items: null is not a list; write a list of objects, [] for none"


def test_only_a_list_with_entries_is_taken_apart(run: Run) -> None:
    write("a.yaml", "apiVersion: v1\nkind: List\nitems: 5\n---\napiVersion: v1\nkind: ConfigMap\nitems: [{}]\n")
    assert run("a.yaml")[1] == [
        "a.yaml:3: List items: 5 is not a list; write a list of objects, [] for none",
        "a.yaml:7: ConfigMap items: unknown key; use one of apiVersion, binaryData, data, immutable, kind, metadata",
        "2 problems in a.yaml",
    ]


@pytest.mark.parametrize("key", ["kind", "apiVersion"])
def test_one_of_the_two_keys_makes_no_manifest(run: Run, key: str) -> None:
    lines = run(write("a.yaml", f"{key}: x\n"))[1]
    assert lines[0].startswith(f"a.yaml:1: {key}: unknown key; ")


def test_manifests_are_judged_even_where_values_cannot_be_read(run: Run) -> None:
    lines = run(write("a.yaml", "a: 1\na: 1\n"), write("m.yaml", MANIFESTS))[1]
    assert [line.partition(":")[0] for line in lines] == [
        "a.yaml",
        *["m.yaml"] * 4,
        *["warning"] * 2,
        "5 problems in a.yaml, m.yaml",
    ]


def test_what_check_prints_as_json_is_what_its_help_describes(run: Run) -> None:
    write("a.yaml", "names: [bad]\n")
    code, lines, _ = run("a.yaml", "--output", "json")
    assert code == 1
    assert json.loads("\n".join(lines)) == {
        "ok": False,
        "problems": [
            {
                "where": "names[0]",
                "what": '"bad" is bad',
                "next": "remove it",
                "source": "chart",
                "file": "a.yaml",
                "line": 1,
            }
        ],
        "warnings": [],
        "checked": {
            "files": ["a.yaml"],
            "steps": ["yaml", "schema", "chart"],
            "objects": [],
            "kubernetes": [],
            "layers": ["a.yaml"],
        },
    }


def test_json_of_right_values_says_how_far_the_check_came(run: Run) -> None:
    write("a.yaml", RIGHT)
    code, lines, _ = run("a.yaml", "--output", "json", "--name", "x", "--kubernetes", "1.36", "--kubernetes", "1.30")
    assert code == 0
    assert json.loads("\n".join(lines)) == {
        "ok": True,
        "problems": [],
        "warnings": [],
        "checked": {
            "files": ["a.yaml"],
            "steps": ["yaml", "schema", "chart", "kubeconform", "api"],
            "objects": ["NetworkPolicy/x"],
            "kubernetes": ["1.36", "1.30"],
            "layers": ["a.yaml"],
        },
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--name", "A\x1b"], r'error: --name: "A\u001b" cannot be a ' + "vCluster's name; use at most 63 of"),
        (["--namespace", "a.b"], 'error: --namespace: "a.b" cannot be a namespace; use at most 63 of'),
        (["--kubernetes", "1.99"], "error: no schemas of Kubernetes 1.99; use 1.25, "),
        (["--chart", "none"], "error: none: cannot be read as a chart: No such file or directory; give the folder"),
    ],
)
def test_options_that_make_no_sense_are_no_verdict(run: Run, words: list[str], message: str) -> None:
    code, lines, error = run(write("a.yaml", RIGHT), *words, chart=None)
    assert (code, lines) == (2, [])
    assert error.startswith(message)


HOSTILE = "bad\n\x1b[31mm.yaml:1: forged: # &a {{ \"q' \u202e"
HOSTILE_YAML = json.dumps(HOSTILE)


def hostile_files() -> dict[str, str]:
    """Return values and manifests with a hostile string at every place whose text reaches the output."""
    policy = f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {HOSTILE_YAML}}}\n"
    return {
        "key": f"{HOSTILE_YAML}: 1\n",
        "value": f"port: {HOSTILE_YAML}\n",
        "twice": f"{HOSTILE_YAML}: 1\n{HOSTILE_YAML}: 2\n",
        "alias": "a: *\u202ex\n",
        "tag": f"a: !!int {HOSTILE_YAML}\n",
        "refused": f"names: [{HOSTILE_YAML}]\n",
        "refused key": f"extra: {{{HOSTILE_YAML}: 1}}\n",
        "refusal": f"breaks: {HOSTILE_YAML}\n",
        "name": f"{policy}spec: {{podSelector: {{}}}}\n",
        "label": f"{policy}spec: {{podSelector: {{matchLabels: {{{HOSTILE_YAML}: {HOSTILE_YAML}}}}}}}\n",
        "cidr": f"{policy}spec: {{egress: [{{to: [{{ipBlock: {{cidr: {HOSTILE_YAML}}}}}]}}]}}\n",
        "kind": f"apiVersion: v1\nkind: {HOSTILE_YAML}\n",
        "field": f"{policy}{HOSTILE_YAML}: 1\n",
        "file\n\x1b[31m": "port: x\n",
    }


@pytest.mark.parametrize("case", hostile_files())
def test_hostile_text_stays_on_its_line_in_text_and_in_json(run: Run, case: str) -> None:
    name = write(f"{case}.yaml", hostile_files()[case])
    code, lines, error = run(name)
    assert (code, error) == (1, "")
    assert all(line.isprintable() for line in lines)
    printed_json = "\n".join(run(name, "--output", "json")[1])
    problems: list[dict[str, Any]] = json.loads(printed_json)["problems"]
    assert len(problems) == len(lines) - 1 >= 1
    assert printed_json.replace("\n", "").isprintable()


def test_a_hostile_refusal_is_still_located(run: Run) -> None:
    lines = run(write("a.yaml", f"# &x\nextra:\n  ok: 1\n  {HOSTILE_YAML}: 1\n"))[1]
    shown = r'["bad\n\u001b[31mm.yaml:1: forged: # &a {{ \"q' + r"' \u202e" + '"]'
    assert lines[0] == f"a.yaml:4: extra{shown}: is bad; rename it"


def test_the_example_passes_the_real_chart(run: Run) -> None:
    code, lines, _ = run(str(PROJECT / "examples" / "vcluster.yaml"), chart=None)
    assert code == 0, lines
    assert ": 4 NetworkPolicy; " in lines[-1]


def test_a_misspelt_root_key_is_refused_before_it_means_no_isolation(run: Run) -> None:
    assert run(write("a.yaml", "\npolices:\n  networkPolicy: {enabled: true}\n"), chart=None)[1] == [
        "a.yaml:2: polices: unknown key; did you mean policies?",
        "1 problem in a.yaml; their manifests were not judged",
    ]


def test_the_real_charts_own_refusals_are_located_beside_its_schemas(run: Run) -> None:
    text = "policies:\n  networkPolicy:\n    enabled: true\n    fallbackDns: nonsense\n    labels: {a: 1}\n"
    code, lines, _ = run(write("a.yaml", text), chart=None)
    assert code == 1
    assert lines[0].startswith('a.yaml:4: policies.networkPolicy.fallbackDns: "nonsense" is not an IP address; ')
    assert lines[1:] == [
        "a.yaml:5: policies.networkPolicy.labels.a: 1 is not a string; put it in quotes",
        "2 problems in a.yaml; their manifests were not judged",
    ]
