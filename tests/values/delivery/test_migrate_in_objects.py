"""migrate inside objects: only the lines of renamed keys change, in place; what cannot change is said, and stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.values.delivery.delivery_cases import CASES, OBJECTS
from vcluster_isolation.cli.migrate import command
from vcluster_isolation.migration.manifest import migrate_any
from vcluster_isolation.values.delivery.expressions import parsed

OLD = "outgoingConnections: {ipBlock: {except: [10.0.0.0/8]}}"


def migrate(*words: str | Path) -> Result:
    return CliRunner().invoke(command, list(map(str, words)))


def changed(before: str, after: str) -> list[tuple[str, str]]:
    """Return the lines that differ, of texts of as many lines."""
    pairs = zip(before.splitlines(keepends=True), after.splitlines(keepends=True), strict=True)
    return [pair for pair in pairs if pair[0] != pair[1]]


NAMES = ["application", "template-versions", "helmrelease", "template", "several"]


@pytest.mark.parametrize("name", NAMES)
def test_public_examples_are_migrated_and_need_nothing_more(name: str) -> None:
    text = (OBJECTS / f"{name}.yaml").read_text()
    first = migrate_any(text, "v")
    assert first.problems == ()
    assert first.done
    again = migrate_any(first.text, "v")
    assert (again.text, again.done, again.problems) == (first.text, (), ())
    for old in ("outgoingConnections", "extraWorkloadRules"):
        assert old not in first.text


@pytest.mark.parametrize("name", NAMES)
def test_every_other_line_stays(name: str) -> None:
    text = (OBJECTS / f"{name}.yaml").read_text()
    new = migrate_any(text, "v").text.splitlines()
    moved = (
        "outgoing",
        "ipBlock",
        "cidr",
        "except",
        "extraWorkload",
        "- to:",
        "workload:",
        "egress:",
        "publicEgress:",
        "- ipBlock",
        "- 1",
    )

    def others(lines: list[str]) -> list[str]:
        return [line for line in lines if not line.strip().startswith(moved)]

    assert others(new) == others(text.splitlines())


@pytest.mark.parametrize("name", NAMES)
def test_windows_line_ends_stay(name: str) -> None:
    text = (OBJECTS / f"{name}.yaml").read_text()
    new = migrate_any(text.replace("\n", "\r\n"), "v").text
    assert new == migrate_any(text, "v").text.replace("\n", "\r\n")


def test_lines_are_those_of_the_file() -> None:
    done = migrate_any((OBJECTS / "several.yaml").read_text(), "v").done
    assert [line.split(":")[1] for line in done] == ["15", "35", "36"]


def test_comments_anchors_and_blank_lines_stay() -> None:
    text = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a}\nspec:\n"
        "  chart: {spec: {chart: vcluster}}\n  values: # here\n    # of ours\n    policies: &p\n      networkPolicy:\n"
        "        # the database\n        extraWorkloadRules: [] # none\n\n    copy: *p\n  # below\n  interval: 5m\n"
    )
    found = migrate_any(text, "v")
    assert found.problems != () or "*p" in found.text
    alone = text.replace(": &p", ":").replace("    copy: *p\n", "")
    new = migrate_any(alone, "v")
    assert new.problems == ()
    wanted = alone.replace(
        "        # the database\n        extraWorkloadRules: [] # none\n",
        "        workload:\n          # the database\n          egress: [] # none\n",
    )
    assert new.text == wanted


BY_HAND = {
    "flow": ("flux-v2beta1", "is not a mapping in block style by itself; write it with one key a line"),
    "quoted": ("argocd-oci", "is not a literal block; write it as `values: |`"),
    "fleet": ("fleet", "is not a mapping in block style by itself"),
    "anchor": ("anchor", "is not a mapping in block style by itself"),
}


@pytest.mark.parametrize(("case", "words"), BY_HAND.values(), ids=BY_HAND)
@pytest.mark.parametrize("write", [False, True])
def test_values_in_another_form_are_said_and_left_alone(case: str, words: str, write: bool, tmp_path: Path) -> None:  # noqa: FBT001
    path = tmp_path / "x.yaml"
    text = CASES[case].text.replace("profile: hardened", OLD)
    path.write_text(text)
    result = migrate(path, *(["--write"] if write else []))
    assert (result.exit_code, result.stdout, path.read_text()) == (1, "", text)
    assert words in result.stderr


@pytest.mark.parametrize("case", BY_HAND)
def test_values_in_another_form_without_old_keys_need_nothing(case: str) -> None:
    text = CASES[BY_HAND[case][0]].text
    found = migrate_any(text, "v")
    assert (found.text, found.done, found.problems) == (text, (), ())


def test_write_changes_all_values_or_none(tmp_path: Path) -> None:
    text = (OBJECTS / "several.yaml").read_text() + "---" + CASES["flux-v2beta1"].text.replace("profile: hardened", OLD)
    path = tmp_path / "x.yaml"
    path.write_text(text)
    assert migrate(path, "--write").exit_code == 1
    assert path.read_text() == text


def test_expressions_stay_where_they_are() -> None:
    text = (OBJECTS / "template-versions.yaml").read_text()
    assert "period: {{ .Values.retentionPeriod }}\n" in migrate_any(text, "v").text


@pytest.mark.parametrize("line", ["{{- if .Values.egress }}", "{{ end }}"])
def test_keys_around_a_line_that_is_an_expression_are_not_moved(line: str) -> None:
    text = (
        (OBJECTS / "template.yaml")
        .read_text()
        .replace("            outgoing", f"            {line}\n            outgoing")
    )
    found = migrate_any(text, "v")
    (problem,) = found.problems
    assert (found.text, problem.line) == (text, 15)
    assert f"{line} decides on the lines around it, so that keys cannot be moved" in str(problem)
    assert "outgoingConnections.ipBlock.cidr is now policies.networkPolicy.workload.publicEgress.cidr" in str(problem)


def test_file_that_is_a_template_of_helm_itself_is_migrated_around_its_expressions() -> None:
    text = (OBJECTS / "helmrelease.yaml").read_text().replace("name: red", "name: {{ .Release.Name }}")
    new = migrate_any(text, "v")
    assert "name: {{ .Release.Name }}\n" in new.text
    assert "workload:\n          egress:" in new.text


def test_plain_values_with_expressions_are_migrated_around_them() -> None:
    text = "policies:\n  networkPolicy:\n    labels:\n      team: {{ .team }}\n    extraWorkloadRules: []\n"
    new = "policies:\n  networkPolicy:\n    labels:\n      team: {{ .team }}\n    workload:\n      egress: []\n"
    assert migrate_any(text, "v").text == new


def test_parameters_with_old_names_are_named() -> None:
    name = "policies.networkPolicy.outgoingConnections.ipBlock.cidr"
    text = CASES["argocd-parameters-over-values"].text.replace("policies.networkPolicy.enabled", name)
    (problem,) = migrate_any(text, "v").problems
    assert str(problem).startswith(
        f'v:11: spec.source.helm.parameters[0]: "{name}" is the deprecated name of policies.'
    )


def test_what_is_elsewhere_or_of_another_chart_is_named() -> None:
    elsewhere = CASES["argocd-values"].text.replace("helm:\n", "helm:\n      valueFiles: [x.yaml]\n", 1)
    found = migrate_any(elsewhere, "v")
    assert [one for one in found.notes if "valueFiles" in one or "migrate these by themselves" in one]
    other = migrate_any(CASES["argocd-values"].text.replace("vcluster", "grafana").replace("policies", "panels"), "v")
    assert other.notes == ('v: Application/app is passed over: its chart is "grafana"',)


def test_values_of_another_chart_with_a_vclusters_policies_are_migrated() -> None:
    text = (OBJECTS / "application.yaml").read_text().replace("chart: vcluster", "chart: tenant-stack")
    assert migrate_any(text, "v").done


KEYS = st.lists(
    st.sampled_from(["a: 1", "# c", "", "b: {c: [1, 2]}", "d: |\n  text\n\n  {{ more }}", "e: 'x' # y"]), max_size=4
)


@settings(max_examples=40, deadline=None)
@given(above=KEYS, below=KEYS, indent=st.integers(1, 6), mapping=st.booleans(), end=st.sampled_from(["\n", "\r\n"]))
def test_only_the_old_key_changes(above: list[str], below: list[str], indent: int, mapping: bool, end: str) -> None:  # noqa: FBT001
    def numbered(lines: list[str], prefix: str) -> list[str]:
        return [f"{prefix}{at}{line}" if line[:1].isalpha() else line for at, line in enumerate(lines)]

    def text(*policy: str) -> str:
        inner = [*numbered(above, "x"), "policies:", "  networkPolicy:", *(f"    {line}" for line in policy)]
        lines = [one for line in [*inner, *numbered(below, "y")] for one in line.split("\n")]
        key = "valuesObject:" if mapping else "values: |"
        head = ["apiVersion: argoproj.io/v1alpha1", "kind: Application", "metadata: {name: a}", "spec:", "  source:"]
        head += ["    chart: vcluster", "    helm:", f"      {key}"]
        shifted = [" " * (6 + indent) + line if line else "" for line in lines]
        return end.join([*head, *shifted, "      releaseName: r", ""])

    old, new = text("extraWorkloadRules: [{}]", "enabled: true"), text("workload:", "  egress: [{}]", "enabled: true")
    found = migrate_any(old, "v")
    assert found.problems == ()
    assert found.text == new
    assert parsed(new, lambda one: one)[1] is None


HEAD = (
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a}\nspec:\n"
    "  chart: {spec: {chart: vcluster}}\n"
)
BLOCK = "    # of ours\n    policies:\n      networkPolicy:\n        extraWorkloadRules: [] # none\n"


@pytest.mark.parametrize("mark", ["&all", "!!map", "&all # here", "!!map &all"])
def test_values_behind_an_anchor_or_a_tag_are_migrated(mark: str) -> None:
    text = f"{HEAD}  values: {mark}\n{BLOCK}  interval: 5m\n"
    found = migrate_any(text, "v")
    moved = "        workload:\n          egress: [] # none\n"
    assert (found.problems, found.text) == ((), text.replace("        extraWorkloadRules: [] # none\n", moved))
    assert found.done[0].startswith("v:10: policies.networkPolicy.extraWorkloadRules ")


@pytest.mark.parametrize("mark", ["&all |", "!!str |", "&all |-"])
def test_values_that_are_a_literal_block_behind_an_anchor_or_a_tag_are_migrated(mark: str) -> None:
    text = (OBJECTS / "template.yaml").read_text()
    assert ": |\n" in text
    wanted = migrate_any(text, "v").text
    assert wanted != text
    found = migrate_any(text.replace(": |\n", f": {mark}\n"), "v")
    assert (found.problems, found.text) == ((), wanted.replace(": |\n", f": {mark}\n"))


def test_values_that_something_else_shares_are_left_alone_with_each_key_and_its_line() -> None:
    text = f"{HEAD}  values: &all\n{BLOCK}  other: *all\n"
    found = migrate_any(text, "v")
    assert (found.text, list(map(str, found.problems))) == (
        text,
        [
            "v: cannot be migrated: the file would mean something else then; rename by hand: line 10: "
            "policies.networkPolicy.extraWorkloadRules is now policies.networkPolicy.workload.egress"
        ],
    )


def test_values_of_a_subchart_at_any_depth_are_found() -> None:
    deep = BLOCK.replace("\n", "\n    ").rstrip(" ")
    text = f"{HEAD}  values:\n    deep:\n      tenant:\n    {deep}".replace("chart: vcluster", "chart: platform")
    found = migrate_any(text, "v")
    assert (found.problems, [line.split(" is now ")[0] for line in found.done]) == (
        (),
        ["v:12: deep.tenant.policies.networkPolicy.extraWorkloadRules"],
    )


def test_old_values_of_a_subchart_at_any_depth_are_said_with_their_line() -> None:
    (problem,) = migrate_any("deep:\n  tenant:\n    isolation: {enabled: true}\n", "v").problems
    assert str(problem).startswith("v:2: deep.tenant: holds values of vCluster 0.19 or older; ")
