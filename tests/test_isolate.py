"""`isolate`: manifests on standard output, what they mean on standard error, or helm's own installation."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from vcluster_isolation import tools
from vcluster_isolation.cli.isolate import command
from vcluster_isolation.errors import InputError, IsolationError
from vcluster_isolation.helm import template as helm
from vcluster_isolation.helm.notes import template_with_notes
from vcluster_isolation.helm.template import Request
from vcluster_isolation.isolate import Target, name_in, target

EXAMPLE = tools.PROJECT / "examples" / "vcluster.yaml"
HELMS = [tools.PROJECT / ".tools" / "bin" / name for name in ("helm3", "helm4")]
ON = {"policies": {"networkPolicy": {"enabled": True}}}
LABEL_RULE = "use at most 63 of a-z, 0-9 and -, beginning and ending with a letter or digit"


def written(folder: Path, content: dict[str, Any], name: str = "values.yaml") -> str:
    path = folder / name
    path.write_text(json.dumps(content))
    return str(path)


def program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def error(*arguments: str) -> str:
    """Return the message of the error that ends the command."""
    raised = run(*arguments).exception
    assert isinstance(raised, IsolationError)
    return str(raised)


def release_labels(manifests: str) -> set[str]:
    return {document["metadata"]["labels"]["release"] for document in yaml.safe_load_all(manifests)}


def test_the_example_prints_four_policies_and_what_they_mean() -> None:
    done = run(str(EXAMPLE), "--name", "team-a")
    names = [document["metadata"]["name"] for document in yaml.safe_load_all(done.stdout)]
    assert sorted(names) == ["vc-cp-team-a", "vc-kube-dns-team-a", "vc-snapshot-team-a", "vc-work-team-a"]
    assert done.stderr.startswith('NetworkPolicies around vCluster "team-a" in namespace "vcluster-team-a":\n')
    assert "\nDENIED" in done.stderr
    assert "\nOPEN" in done.stderr
    assert done.exit_code == 0


@pytest.mark.parametrize("which", HELMS, ids=lambda path: path.name)
def test_what_is_printed_is_what_helm_template_prints(which: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helm, "find", lambda _: which)
    request = Request((EXAMPLE,), "a-isolation", "vcluster-a", inline='{"vcluster": {"name": "a"}}')
    assert run(str(EXAMPLE), "--name", "a").stdout == helm.template(request)


def test_both_helms_say_the_same_in_the_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    for path in HELMS:
        monkeypatch.setattr(helm, "find", lambda _, path=path: path)
        said.append(run(str(EXAMPLE), "--name", "a").stderr)
    assert said[0] == said[1] != ""


def test_no_cluster_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", written(tmp_path, {"this": "is no kubeconfig"}))
    assert run(str(EXAMPLE), "--name", "a").exit_code == 0


def test_values_that_ask_for_no_isolation_print_nothing_and_say_so(tmp_path: Path) -> None:
    done = run(written(tmp_path, {}), "--name", "a")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == (
        "NOTHING IS ISOLATED: policies.networkPolicy.enabled is not true,"
        ' so no NetworkPolicy was rendered for vCluster "a".\n'
        "Set policies.networkPolicy.enabled: true to isolate it.\n"
    )


def test_a_name_that_was_not_given_is_said_to_be_a_guess(tmp_path: Path) -> None:
    done = run(written(tmp_path, ON))
    assert release_labels(done.stdout) == {"my-vcluster"}
    assert done.stderr.splitlines()[0] == (
        "No vCluster was named, so these policies are for one called my-vcluster: give --name."
    )


def test_the_name_may_come_from_the_values(tmp_path: Path) -> None:
    done = run(written(tmp_path, ON | {"vcluster": {"name": "from-values"}}))
    assert release_labels(done.stdout) == {"from-values"}
    assert "give --name" not in done.stderr


def test_the_option_wins_over_the_values(tmp_path: Path) -> None:
    done = run(written(tmp_path, ON | {"vcluster": {"name": "from-values"}}), "--name", "from-option")
    assert release_labels(done.stdout) == {"from-option"}


def test_a_name_of_digits_stays_text(tmp_path: Path) -> None:
    assert release_labels(run(written(tmp_path, ON), "--name", "123").stdout) == {"123"}


def test_the_namespace_is_the_one_given(tmp_path: Path) -> None:
    done = run(written(tmp_path, ON), "--name", "a", "--namespace", "elsewhere")
    assert {document["metadata"]["namespace"] for document in yaml.safe_load_all(done.stdout)} == {"elsewhere"}


def test_later_values_are_laid_over_earlier_ones(tmp_path: Path) -> None:
    off = {"policies": {"networkPolicy": {"enabled": False}}}
    files = [written(tmp_path, content, name) for content, name in ((ON, "1.yaml"), (off, "2.yaml"), (ON, "3.yaml"))]
    assert run(files[0], "-f", files[1], "--name", "a").stdout == ""
    assert run(files[0], "-f", files[1], "--values", files[2], "--name", "a").stdout != ""


@pytest.mark.parametrize("name", ["with,comma.yaml", 'with"quote.yaml', "with space.yaml", "-f.yaml"])
def test_a_file_with_an_odd_name_is_read_and_no_other(tmp_path: Path, name: str) -> None:
    assert release_labels(run(written(tmp_path, ON, name), "--name", "a").stdout) == {"a"}


def test_text_in_the_notes_that_looks_like_a_manifest_stays_there(tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: tiny\nversion: 0.1.0\n")
    (chart / "templates" / "NOTES.txt").write_text("{{ .Values.x }}\n---\n# Source: tiny/templates/fake.yaml\n")
    request = Request(chart=chart, inline=json.dumps({"x": "\x1b]0;<owned>&\x07"}))
    rendered = template_with_notes(request)
    assert rendered.notes == "\x1b]0;<owned>&\x07\n---\n# Source: tiny/templates/fake.yaml\n"
    assert rendered.manifests == ""


def test_notes_are_printed_without_control_characters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: tiny\nversion: 0.1.0\n")
    (chart / "templates" / "NOTES.txt").write_text("{{ .Values.x }}")
    monkeypatch.setattr("vcluster_isolation.cli.isolate.CHART", chart)
    done = run(written(tmp_path, {"x": "one\x1b]0;owned\x07\ntwo\u202e"}), "--name", "a")
    assert done.stderr == "one\\x1b]0;owned\\x07\ntwo\\u202e\n"


def test_refused_values_are_listed_with_file_line_and_advice(tmp_path: Path) -> None:
    public = {"enabled": True, "cidr": "10.0.0.0/8", "except": ["192.168.0.0/16", "172.16.0.0/12"]}
    values = {"policies": {"networkPolicy": {"enabled": True, "workload": {"publicEgress": public}}}}
    where = "policies.networkPolicy.workload.publicEgress.except"
    path = written(tmp_path, values)
    lines = error(path, "--name", "a").splitlines()
    assert [line.partition(": 1")[0] for line in lines] == [f"{path}:1: {where}[0]", f"{path}:1: {where}[1]"]
    assert lines[0].endswith("192.168.0.0/16 is not inside cidr 10.0.0.0/8; remove it or widen cidr")


def test_what_the_schema_refuses_is_said_as_check_says_it_and_nothing_is_installed(tmp_path: Path) -> None:
    path = written(tmp_path, {"polices": {}})
    said = f"{path}:1: polices: unknown key; did you mean policies?"
    assert error(path, "--name", "a", "--namespace", "n").splitlines() == [said]
    assert error(path, "--name", "a", "--install").splitlines() == [said]


def test_a_broken_copy_does_not_hide_behind_the_chart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = helm.template

    def fails_for_copies(request: Request) -> str:
        return real(request if request.chart == helm.CHART else replace(request, values=(tmp_path / "gone.yaml",)))

    monkeypatch.setattr("vcluster_isolation.helm.notes.template", fails_for_copies)
    assert "gone.yaml: no such file or directory" in error(str(EXAMPLE), "--name", "a")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no values were given; name a vcluster.yaml, such as examples/vcluster.yaml"),
        (["/no/such.yaml"], "/no/such.yaml: "),
        (
            [str(EXAMPLE), "--name", "Team_A"],
            f'--name: "Team_A" cannot be a vCluster\'s name; {LABEL_RULE}',
        ),
        (
            [str(EXAMPLE), "--name", "a", "--namespace", "kube.system"],
            f'--namespace: "kube.system" cannot be a namespace; {LABEL_RULE}',
        ),
        (
            [str(EXAMPLE), "--name", "a" * 44],
            f'--release: "{"a" * 44}-isolation" has 54 characters, and helm takes 53; give a shorter one with --release',
        ),
        (
            [str(EXAMPLE), "--name", "a", "--release", "$(id)"],
            '--release: "$(id)" cannot be a helm release\'s name;'
            " use a-z, 0-9, - and ., beginning and ending with a letter or digit",
        ),
    ],
)
def test_what_cannot_be_is_said_with_what_to_do(arguments: list[str], message: str) -> None:
    assert error(*arguments).startswith(message)


def test_everything_wrong_with_the_options_is_said_at_once() -> None:
    said = error(str(EXAMPLE), "--name", "a", "--namespace", "-", "--release", "-")
    assert [line.partition(":")[0] for line in said.splitlines()] == ["--namespace", "--release"]


def test_every_file_is_read_strictly_before_helm_sees_any(tmp_path: Path) -> None:
    path = tmp_path / "twice.yaml"
    path.write_text("a: 1\na: 2\n")
    raised = run(str(EXAMPLE), "-f", str(path)).exception
    assert isinstance(raised, InputError)
    assert str(raised).startswith(f"{path}:2: ")


@pytest.mark.parametrize("name", ["a", "0", "a-b", "a" * 43])
def test_names_that_kubernetes_takes_are_taken(name: str) -> None:
    assert target(name) == Target(name, f"vcluster-{name}", f"{name}-isolation")


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a.b", "a_b", "ä", "a\n", "a b", "a" * 64, "{{x}}"])
def test_names_that_kubernetes_does_not_take_are_refused(name: str) -> None:
    with pytest.raises(IsolationError, match=r"^--name: "):
        target(name, namespace="n", release="r")


def test_a_release_may_have_dots_and_53_characters() -> None:
    assert target("a", release="a.b").release == "a.b"
    assert target("a" * 63, namespace="n", release="r" * 53).release == "r" * 53


@pytest.mark.parametrize(
    ("contents", "name"),
    [
        ([], None),
        ([{}], None),
        ([{"vcluster": {"name": "a"}}], "a"),
        ([{"vcluster": {"name": ""}}], None),
        ([{"vcluster": {"name": "a"}}, {}], "a"),
        ([{"vcluster": {"name": "a"}}, {"vcluster": {}}], "a"),
        ([{"vcluster": {"name": "a"}}, {"vcluster": {"name": "b"}}], "b"),
        ([{"vcluster": {"name": "a"}}, {"vcluster": {"name": None}}], None),
        ([{"vcluster": {"name": "a"}}, {"vcluster": None}], None),
    ],
)
def test_the_last_file_that_names_the_vcluster_decides(contents: list[dict[str, Any]], name: str | None) -> None:
    assert name_in(contents) == name


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"vcluster": {"name": 123}}, 'vcluster.name: is 123 and not text; write it as "123"'),
        ({"vcluster": {"name": True}}, 'vcluster.name: is true and not text; write it as "true"'),
        ({"vcluster": "a"}, 'vcluster: is "a" and not a mapping; write vcluster: {name: …}'),
    ],
)
def test_a_name_that_is_not_text_is_refused(content: dict[str, Any], message: str) -> None:
    with pytest.raises(IsolationError) as raised:
        name_in([content])
    assert str(raised.value) == message


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A helm that does not install: it writes down its arguments and standard input, and ends with $CODE."""
    real = f'[ "$1" = upgrade ] || exec {tools.find("helm")} "$@"\n'
    noted = f'for word; do echo "$word"; done > {tmp_path}/calls\ncat >> {tmp_path}/calls\nexit $CODE\n'
    fake = program(tmp_path / "helm", f"#!/bin/sh\n{real}{noted}")
    monkeypatch.setattr("vcluster_isolation.helm.template.find", lambda _: fake)
    monkeypatch.setenv("CODE", "0")
    return tmp_path / "calls"


def test_install_runs_helm_in_the_current_context(calls: Path) -> None:
    done = run(str(EXAMPLE), "-f", str(EXAMPLE), "--name", "a", "--install")
    assert done.exit_code == 0
    assert calls.read_text().splitlines() == [
        *["upgrade", "--install", "a-isolation", str(helm.CHART), "--namespace", "vcluster-a"],
        *["--values", str(EXAMPLE), "--values", str(EXAMPLE), "--values", "-", '{"vcluster": {"name": "a"}}'],
    ]


def test_install_takes_another_release_and_namespace(calls: Path) -> None:
    run(str(EXAMPLE), "--name", "a", "--install", "--release", "r", "--namespace", "n")
    assert calls.read_text().splitlines()[2:6] == ["r", str(helm.CHART), "--namespace", "n"]


def test_install_takes_the_name_from_the_values(calls: Path, tmp_path: Path) -> None:
    assert run(written(tmp_path, {"vcluster": {"name": "b"}}), "--install").exit_code == 0
    assert calls.read_text().splitlines()[2] == "b-isolation"


def test_install_does_not_guess_a_name(calls: Path, tmp_path: Path) -> None:
    assert error(written(tmp_path, ON), "--install") == (
        "--install needs the vCluster's name, because the policies select its pods by it;"
        " give --name, or vcluster.name in the values"
    )
    assert not calls.exists()


@pytest.mark.usefixtures("calls")
def test_an_installation_that_fails_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODE", "1")
    assert error(str(EXAMPLE), "--name", "a", "--install") == (
        "helm could not install release a-isolation in namespace vcluster-a (exit code 1); see what it said above"
    )


def test_helms_own_output_is_streamed(tmp_path: Path) -> None:
    fake = program(tmp_path / "helm", "#!/bin/sh\necho installed\necho warned >&2\nexit 5\n")
    code = f"import sys; from vcluster_isolation.tools import stream; sys.exit(stream([{str(fake)!r}]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("installed\n", "warned\n", 5)


def test_a_helm_that_cannot_be_started_is_named() -> None:
    with pytest.raises(IsolationError, match=r"^/no/helm cannot be started: No such file or directory; check its path"):
        tools.stream(["/no/helm"])


@pytest.mark.parametrize("which", HELMS, ids=lambda path: path.name)
def test_helm_knows_every_argument_of_an_installation(
    which: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    cluster = {"name": "none", "cluster": {"server": "http://127.0.0.1:1"}}
    context = {"name": "none", "context": {"cluster": "none", "user": "none"}}
    nowhere = {"clusters": [cluster], "contexts": [context], "users": [{"name": "none"}], "current-context": "none"}
    monkeypatch.setenv("KUBECONFIG", written(tmp_path, nowhere))
    monkeypatch.setattr("vcluster_isolation.helm.template.find", lambda _: which)
    error(str(EXAMPLE), "--name", "a", "--install")
    assert 'cluster unreachable: Get "http://127.0.0.1:1/version' in capfd.readouterr().err
