"""What a program cannot decide: `files/CASE.undecided.yaml`, `CASE.undecided.txt` is what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from vcluster_isolation.errors import InputError
from vcluster_isolation.migration.manifest import migrate_any
from vcluster_isolation.migration.migrate import migrate

POLICY = "policies.networkPolicy"
FOLDER = Path(__file__).with_name("files")
CASES = sorted(path.name.removesuffix(".yaml") for path in FOLDER.glob("*.undecided.yaml"))


def policy(*lines: str) -> str:
    return "\n".join(["policies:", "  networkPolicy:", *(f"    {line}" for line in lines), ""])


def read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_reports_and_leaves_the_text_alone(case: str) -> None:
    text = read(f"{case}.yaml")
    result = migrate(text, "v")
    assert [str(problem) for problem in result.problems] == read(f"{case}.txt").splitlines()
    assert (result.text, result.done) == (text, ())


def test_what_strict_yaml_refuses_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        migrate(policy("extraWorkloadRules: []", "extraWorkloadRules: [{}]"), "v")
    assert [problem.line for problem in refused.value.problems] == [4]


def test_a_closed_platform_is_rewritten_and_its_new_meaning_is_said() -> None:
    result = migrate(policy("outgoingConnections: {platform: no}"), "v")
    assert result.text == policy("platform:", "  enabled: no")
    note = (
        f"v:3: {POLICY}.outgoingConnections.platform was false, which in v0.30 closed only the egress of the control "
        "plane to vCluster Platform; platform.enabled: false closes both directions; to let the platform in, admit it "
        "with a rule of controlPlane.ingress"
    )
    assert result.notes == (note,)


def test_an_open_platform_needs_no_note() -> None:
    assert migrate(policy("outgoingConnections: {platform: true}"), "v").notes == ()


def template(values: str, head: str = "|") -> str:
    lines = "".join(f"        {line}\n" for line in values.splitlines())
    manifest = "apiVersion: management.loft.sh/v1\nkind: VirtualClusterTemplate\nspec:\n  template:\n    helmRelease:\n"
    return f"{manifest}      values: {head}\n{lines}"


def test_problems_inside_a_template_have_the_lines_of_its_file() -> None:
    result = migrate_any(template(read("successor-that-is-set.undecided.yaml")), "v")
    assert [problem.line for problem in result.problems] == [9]


def test_mistakes_of_yaml_inside_a_template_have_the_lines_of_its_file() -> None:
    with pytest.raises(InputError) as refused:
        migrate_any(template("a: 1\na: 2\n"), "v")
    assert [problem.line for problem in refused.value.problems] == [8]


def test_a_template_with_nothing_to_migrate_stays() -> None:
    text = template("a: 1\n")
    assert migrate_any(text, "v").text == text


@pytest.mark.parametrize("head", ["|2", "|-2", ">", "'policies: {networkPolicy: {extraWorkloadRules: []}}'"])
def test_values_of_a_template_that_are_no_plain_literal_block_are_left_alone(head: str) -> None:
    lines = (
        "\n\n".join(policy("extraWorkloadRules: []").splitlines()) if head == ">" else policy("extraWorkloadRules: []")
    )
    text = template("" if "'" in head else lines, head)
    result = migrate_any(text, "v")
    message = "v:6: spec.template.helmRelease.values: is not a literal block; write it as `values: |`"
    assert ([str(problem) for problem in result.problems], result.text) == ([message], text)


def test_another_manifest_is_no_values_file() -> None:
    result = migrate_any("apiVersion: v1\nkind: ConfigMap\ndata: {}\n", "v")
    message = (
        'v: is a Kubernetes manifest of kind "ConfigMap", not values; give a values file, '
        "or an object that holds one, such as a VirtualClusterTemplate or an Application"
    )
    assert [str(problem) for problem in result.problems] == [message]
