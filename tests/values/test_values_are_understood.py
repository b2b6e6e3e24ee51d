"""What values are that are refused as a whole is said, in every command, and advice is only given where it is near."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vcluster_isolation.cli import app as cli
from vcluster_isolation.errors import InputError
from vcluster_isolation.values.schema.words import closest
from vcluster_isolation.values.strict_yaml import parse_documents, parse_mapping


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def command(*words: str) -> tuple[int, list[str]]:
        code = cli.run(words)
        printed = capsys.readouterr()
        return code, (printed.out + printed.err).splitlines()

    return command


def write(text: str, name: str = "v.yaml") -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


COMMANDS = [
    ["isolate", "v.yaml"],
    ["prove", "v.yaml"],
    ["connectivity", "v.yaml"],
    ["explain", "workload", "node", "-f", "v.yaml"],
    ["diff", "v.yaml", "v.yaml"],
]

REFUSED = """\
polices: {}
policies:
  networkPolicy:
    enabled: true
    fallbackDns: 5
    workload: {publicEgress: {cidr: 10.1.2.3/8}}
    platfrm: {}
"""


def test_every_command_refuses_values_in_the_words_and_the_order_of_check(run: Any) -> None:
    code, lines = run("check", write(REFUSED))
    said = lines[:-1]
    assert code == 1
    assert [line.partition(": ")[0] for line in said] == [f"v.yaml:{line}" for line in (1, 5, 6, 7)]
    for command in COMMANDS:
        assert run(*command) == (2, [f"error: {said[0]}", *said[1:]]), command


def test_golden_refuses_them_in_the_same_words(run: Any) -> None:
    said = run("check", write(REFUSED))[1][:-1]
    Path("tests/values").mkdir(parents=True)
    write(REFUSED, "tests/values/a.yaml")
    lines = [f"error: {line.replace('v.yaml', 'tests/values/a.yaml')}" for line in said]
    assert run("golden", "check", "--tests", "tests") == (1, lines)


UMBRELLA = """\
secrets: {enabled: false}
vcluster:
  telemetry: {enabled: false}
  controlPlane: {coredns: {enabled: true}}
  policies: {networkPolicy: {enabled: true}}
"""


def test_the_values_of_an_umbrella_are_called_so_once(run: Any) -> None:
    said = (
        "v.yaml:2: vcluster: holds a whole vcluster.yaml (controlPlane, policies, telemetry), as the values of an "
        "umbrella chart do; name that chart with --chart, or give what is below vcluster as a file of its own"
    )
    assert run("check", write(UMBRELLA)) == (1, [said, "1 problem in v.yaml; their manifests were not judged"])
    assert run("prove", "v.yaml") == (2, [f"error: {said}"])


def test_the_values_of_an_umbrella_of_umbrellas_are_called_so_too(run: Any) -> None:
    path = write(
        "deep:\n  a: {policies: {networkPolicy: {enabled: true}}}\n  b: {more: {policies: {networkPolicy: {}}}}\n"
    )
    rest = "as the values of an umbrella chart do; name that chart with --chart, or give what is below"
    assert run("check", path)[1][:2] == [
        f"v.yaml:2: deep.a: holds a whole vcluster.yaml (policies), {rest} deep.a as a file of its own",
        f"v.yaml:3: deep.b.more: holds a whole vcluster.yaml (policies), {rest} deep.b.more as a file of its own",
    ]


def test_under_any_name_and_beside_other_faults(run: Any) -> None:
    text = "red: {policies: {networkPolicy: {enabled: true}}}\nother: 1\npolicies: {networkPolicy: {enabled: 1}}\n"
    _, lines = run("check", write(text))
    assert [line.partition(" ")[2].partition(" ")[0] for line in lines[:-1]] == [
        "red:",
        "policies.networkPolicy.enabled:",
    ]


def test_a_root_key_that_only_looks_like_one_is_an_unknown_key(run: Any) -> None:
    assert run("check", write("red: {global: {}, enabled: true}\n"))[1][0] == "v.yaml:1: red: unknown key; remove it"


def test_a_vcluster_yaml_with_apiversion_and_kind_is_values(run: Any) -> None:
    head = "apiVersion: config.vcluster.loft.sh/v1alpha1\nkind: VirtualClusterConfig\n"
    said = [
        "v.yaml:1: apiVersion: unknown key; remove it: a vcluster.yaml is not a Kubernetes object",
        "v.yaml:2: kind: unknown key; remove it: a vcluster.yaml is not a Kubernetes object",
    ]
    for text in (f"{head}policies: {{}}\n", head, f"{head.replace('config.', '')}sync: {{}}\n"):
        assert run("check", write(text))[1][:2] == said
        for command in COMMANDS:
            assert run(*command) == (2, [f"error: {said[0]}", said[1]]), command


WHOLE = "these are values of vCluster 0.19 or older"
OLD = "it is one of vCluster 0.19 and older: remove it, or convert the whole file (vcluster convert config)"
KEYS = {
    "vcluster: {image: x}\ncontrolPlane: {}\n": f"vcluster.image: unknown key; {OLD}",
    "isolation: {enabled: true}\n": f"isolation: {WHOLE} (isolation.enabled)",
    "vcluster: {image: x}\n": f"vcluster: {WHOLE} (vcluster.image)",
    "syncer: {}\n": f"syncer: {WHOLE} (syncer)",
    "replicas: 1\n": "replicas: unknown key; remove it",
    "image: x\n": "image: unknown key; remove it",
    "networkPolicy: {}\n": "networkPolicy: unknown key; did you mean policies.networkPolicy?",
    "policies: {enabled: true}\n": "policies.enabled: unknown key; use one of networkPolicy, resourceQuota, limitRange, "
    "podSecurityStandard, centralAdmission",
    "policies: {networkPolicy: {publicEgress: {}}}\n": "policies.networkPolicy.publicEgress: unknown key; did you mean "
    "policies.networkPolicy.workload.publicEgress?",
    "policies: {networkPolicy: {workload: {hostDns: {}}}}\n": "policies.networkPolicy.workload.hostDns: unknown key; did "
    "you mean policies.networkPolicy.hostDns?",
}


@pytest.mark.parametrize("text", KEYS)
def test_a_key_is_only_taken_for_another_that_is_near(text: str, run: Any) -> None:
    assert run("check", write(text))[1][0].startswith(f"v.yaml:1: {KEYS[text]}")


def test_what_two_kinds_of_files_have_is_old_beside_what_only_one_has(run: Any) -> None:
    _, lines = run("check", write("isolation: {}\nreplicas: 1\n"))
    assert lines[1] == f"v.yaml:2: replicas: unknown key; {OLD}"


@pytest.mark.parametrize(
    ("word", "words", "found"),
    [
        ("isolation", ["isolationTest", "integrations"], ""),
        ("polices", ["policies", "plugins"], "policies"),
        ("enbaled", ["enabled"], "enabled"),
        ("fallbackDNS", ["fallbackDns"], "fallbackDns"),
        ("nam", ["name", "size"], "name"),
        ("cidr", ["port"], ""),
        ("to", ["from"], ""),
        ("tcp", ["TCP", "UDP"], "TCP"),
        ("hardend", ["compatible", "hardened"], "hardened"),
        ("x", [], ""),
    ],
)
def test_near_is_a_typing_error_or_two(word: str, words: list[str], found: str) -> None:
    assert closest(word, words) == found


def said_of(text: str) -> list[str]:
    with pytest.raises(InputError) as raised:
        parse_mapping(text, "v")
    return str(raised.value).splitlines()


TEMPLATES = {
    "a: 1\n%{ if on ~}\nb: ${c}\n%{ endif ~}\n": (2, 'Terraform ("%{ if on ~}")'),
    "a: 1\n%{~ for x in xs }\n": (2, 'Terraform ("%{~ for x in xs }")'),
    "a:\n{% if x %}\n  b: 1\n{% endif %}\n": (2, 'Jinja (Ansible, Salt) ("{% if x %}")'),
    "a: {{ x }}\n": (1, 'Helm, or another program with Go templates or Jinja ("{{ x }}")'),
    "{{- if .Values.x }}\na: 1\n{{- end }}\n": (
        1,
        'Helm, or another program with Go templates or Jinja ("{{- if .Values.x }}")',
    ),
    "a:\n<% if x %>\n  b: 1\n<% end %>\n": (2, 'ERB (Puppet, Chef) ("<% if x %>")'),
    'a: "{{ x | default "y" }}"\n': (
        1,
        'Helm, or another program with Go templates or Jinja ("{{ x | default \\"y\\" }}\\"")',
    ),
    "a: 1\n${BLOCK}\n": (2, 'a shell, envsubst or Terraform ("${BLOCK}")'),
    "a: #@ data.values.a\n": (1, 'ytt ("#@ data.values.a")'),
    "x: 1\n#@ if data.values.on:\na: 1\n#@ end\n": (2, 'ytt ("#@ if data.values.on:")'),
    "a:\n- #@ x\n": (2, 'ytt ("#@ x")'),
}


@pytest.mark.parametrize("text", TEMPLATES)
def test_a_template_of_another_program_is_called_so_once_and_with_its_line(text: str) -> None:
    line, program = TEMPLATES[text]
    (said,) = said_of(text)
    assert said.startswith(
        f"v:{line}: is a template of {program}, and becomes YAML only when that renders it; render it "
    )
    with pytest.raises(InputError, match="is a template of"):
        parse_documents(text, "v")


@pytest.mark.parametrize(
    "text",
    [
        'a: "${x}"\nb: ${x}\nc: "{{ .Values.x }}"\n',
        "# {% if %} and %{ if } and #@ x\na: 1\n",
        "# @schema\n# -- {{ x }}\na: 1 # {{ y }}\n",
        'a: "#@ x"\nb: \'#@ x\'\nc: "x: #@ y"\n',
        "#@schema/desc x\na: 1\n",
    ],
)
def test_text_that_only_holds_such_marks_is_what_it_says(text: str) -> None:
    assert parse_mapping(text, "v")["a"]


def test_a_fault_that_is_no_templates_stays_beside_one_that_is() -> None:
    assert said_of("a: 1\na: 2\nb: {{ x }}\n") == [
        "v:2: a: is set again; it was set on line 1; keep one of them",
        'v:3: is a template of Helm, or another program with Go templates or Jinja ("{{ x }}"), and becomes YAML only '
        "when that renders it; render it first (helm template, helmfile template or gomplate; of Jinja, ansible), and give "
        "what comes out",
    ]
    for above in ('"${x}"', '"{{ x }}"', "'{% x %}'", "1 # {{ x }}"):
        assert said_of(f"a: {above}\nb: [1\n")[0].startswith("v:3: is not YAML: ")


def test_what_a_template_left_in_a_value_is_said_where_the_value_is_refused(run: Any) -> None:
    _, lines = run(
        "check", write("policies: {networkPolicy: {enabled: true, workload: {publicEgress: {cidr: '${c}'}}}}\n")
    )
    assert lines[0].endswith(
        "; it looks like a template of another program: render that first, and check what comes out"
    )


MARKS = ("${team}", "$TEAM", "$(cat x)", "%{ if x }", "(( grab x ))", "[[ .x ]]", "@@TEAM@@", "#{team}#", "<%= x %>")


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("place", ["enabled: '%s'", "enabled: true, labels: {a: '%s'}"])
def test_what_a_template_left_comes_before_other_advice(run: Any, mark: str, place: str) -> None:
    _, lines = run("check", write(f"policies: {{networkPolicy: {{{place % mark}}}}}\n"))
    program = "ERB (Puppet, Chef)" if mark.startswith("<") else "another program"
    assert lines[0].endswith(f"; it looks like a template of {program}: render that first, and check what comes out")


@pytest.mark.parametrize("value", ["a b", "$", "50%", "a@b", "[x]", "#1"])
def test_other_values_are_called_no_template(run: Any, value: str) -> None:
    _, lines = run("check", write(f"policies: {{networkPolicy: {{enabled: true, labels: {{a: '{value}'}}}}}}\n"))
    assert "is not a label value; use letters" in lines[0]


def test_several_files_are_called_layers_and_each_can_be_checked_by_itself(run: Any) -> None:
    write("policies: {networkPolicy: {enabled: true, fallbackDns: nope}}\n", "a.yaml")
    write("policies: {networkPolicy: {enabled: true, fallbackDns: 1.1.1.1}}\n", "b.yaml")
    code, (line,) = run("check", "a.yaml", "b.yaml")
    assert code == 0
    assert line.startswith("ok: a.yaml, b.yaml (as one release, b.yaml over a.yaml; --each checks each by itself): 4 ")
    code, lines = run("check", "--each", "a.yaml", "b.yaml")
    assert (code, [line.partition(": ")[0] for line in lines]) == (
        1,
        ["a.yaml:1", "1 problem in a.yaml; their manifests were not judged", "ok"],
    )
    assert run("check", "b.yaml")[1][0].startswith("ok: b.yaml: ")


def test_each_names_the_file_whose_manifests_are_wrong(run: Any) -> None:
    name = "x" * 60
    write("policies: {networkPolicy: {enabled: true}}\n", "a.yaml")
    write(
        f"vcluster: {{name: {name[:53]}}}\npolicies: {{networkPolicy: {{enabled: true, profile: hardened}}}}\n",
        "b.yaml",
    )
    code, lines = run("check", "--each", "a.yaml", "b.yaml", "--output", "json")
    assert code == 0
    assert '"b.yaml"' in "".join(lines)


@pytest.mark.parametrize(
    "mark", ["${team}", "$TEAM", "$(cat x)", "[[ .x ]]", "@@TEAM@@", "#{team}#", "%{x}", "(( x ))"]
)
def test_what_a_template_left_in_a_label_is_said_too(mark: str, run: Any) -> None:
    path = write(f'policies: {{networkPolicy: {{enabled: true, labels: {{a: "{mark}"}}}}}}\n')
    assert run("check", path)[1][0] == (
        f'v.yaml:1: policies.networkPolicy.labels.a: "{mark}" is not a label value; it looks like a template of another '
        "program: render that first, and check what comes out"
    )


def test_a_label_that_is_no_template_is_a_label(run: Any) -> None:
    path = write('policies: {networkPolicy: {enabled: true, labels: {a: "b$ @c [d] #e"}}}\n')
    assert "; use letters, digits" in run("check", path)[1][0]


def test_erb_is_called_by_its_name(run: Any) -> None:
    assert run("check", write("policies: {networkPolicy: {enabled: <%= on %>}}\n"))[1][0].endswith(
        "it looks like a template of ERB (Puppet, Chef): render that first, and check what comes out"
    )


@pytest.mark.parametrize("text", ["\\ud83d\\ude80", "\\ud800"])
def test_an_escape_that_only_json_has_is_advised_to_be_a_character(text: str) -> None:
    (said,) = said_of(f'a: 1\nb: "{text}"\n')
    assert said.startswith(
        "v:2: is not YAML: found invalid Unicode character escape code; write the character itself: "
    )
