"""Values and manifests together: one cluster, in which what the values render is judged beside what was given."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.values.delivery.delivery_cases import CASES, OBJECTS
from vcluster_isolation.cli import connectivity, diff, explain, isolate, prove
from vcluster_isolation.errors import InputError
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.prove.prove import FAILS, GRANTED, HOLDS
from vcluster_isolation.prove.prove import prove as judged
from vcluster_isolation.subject.inputs import Input, read_input

TEAM, GATE, OLD = (OBJECTS / f"{name}.yaml" for name in ("team", "gate", "policies-0.19"))


def given(*files: Path) -> Input:
    return read_input(files, name="my-vcluster", namespace=None, chart=CHART)


def put(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def run(command: object, *words: str | Path) -> Result:
    return CliRunner().invoke(command, list(map(str, words)))  # type: ignore[arg-type]


def lines(*files: Path) -> set[str]:
    return set(run(connectivity.command, *files).stdout.splitlines())


def statuses(found: Input) -> dict[str, str]:
    (subject,) = found.subjects
    return {one.claim.name: one.status for one in judged(subject)}


def test_flows_of_both_are_shown() -> None:
    more = lines(TEAM, GATE) - lines(TEAM)
    assert "all pods in namespace gateway => workload : all ports" in more
    assert not lines(TEAM) - lines(TEAM, GATE)


def test_order_of_files_makes_no_difference() -> None:
    assert lines(GATE, TEAM) == lines(TEAM, GATE)


def test_manifests_that_name_no_namespace_are_in_that_of_the_values() -> None:
    found = given(TEAM, GATE)
    assert {one.namespace for one in found.subjects[0].policies} == {"vcluster-my-vcluster"}


def test_what_manifests_open_is_not_excused_as_a_grant_of_the_values(tmp_path: Path) -> None:
    rule = "workload: {ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: gateway}}}]}]}"
    values = put(tmp_path / "v.yaml", f"policies: {{networkPolicy: {{enabled: true, profile: hardened, {rule}}}}}\n")
    hardened = put(tmp_path / "h.yaml", "policies: {networkPolicy: {enabled: true, profile: hardened}}\n")
    plain, own, beside = (statuses(given(*files)) for files in ((hardened,), (values,), (hardened, GATE)))
    changed = {name for name in plain if plain[name] != beside[name]}
    assert {(plain[name], own[name], beside[name]) for name in changed} == {(HOLDS, GRANTED, FAILS)}
    assert changed


def test_own_grants_stay_granted_beside_manifests(tmp_path: Path) -> None:
    other = put(
        tmp_path / "other.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x, namespace: elsewhere}\n"
        "spec: {podSelector: {}, policyTypes: [Ingress]}\n",
    )
    rule = "workload: {ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: gateway}}}]}]}"
    values = put(tmp_path / "v.yaml", f"policies: {{networkPolicy: {{enabled: true, profile: hardened, {rule}}}}}\n")
    assert statuses(given(values, other)) == statuses(given(values))


def test_explain_names_the_rule_of_the_manifest() -> None:
    text = run(explain.command, "pod:@gateway", "workload", "80", "-f", TEAM, "-f", GATE).stdout
    assert "lets through all ports by gate spec.ingress[0]" in text


def test_pods_of_manifests_are_the_actors(tmp_path: Path) -> None:
    labels = "{vcluster.loft.sh/managed-by: my-vcluster, vcluster.loft.sh/namespace: default}"
    pods = [
        "apiVersion: v1\nkind: Pod\n"
        f"metadata: {{name: {name}, namespace: {space}, labels: {labels if tenant else '{}'}}}\nspec: {{containers: []}}\n"
        for name, space, tenant in (("web", "vcluster-my-vcluster", True), ("proxy", "gateway", False))
    ]
    file = put(tmp_path / "pods.yaml", "---\n".join(pods))
    assert "gateway/proxy => my-vcluster/workload : all ports" in lines(TEAM, GATE, file)
    assert "gateway/proxy => my-vcluster/workload : all ports" not in lines(TEAM, file)


def test_folder_with_both_is_a_side_of_a_diff(tmp_path: Path) -> None:
    for path in (TEAM, GATE):
        put(tmp_path / path.name, path.read_text())
    result = run(diff.command, TEAM, tmp_path)
    assert result.exit_code == 1
    assert "  + anybody in gateway => coredns, workload : all ports\n      by gate spec.ingress[0]" in result.stdout


def test_manifests_beside_both_sides_of_a_diff_are_no_change() -> None:
    result = run(diff.command, TEAM, TEAM, "--beside", GATE)
    assert (result.exit_code, result.stdout.partition(":")[0]) == (0, "neutral")


def test_manifests_beside_decide_on_what_a_diff_opens(tmp_path: Path) -> None:
    off = put(tmp_path / "off.yaml", "policies: {networkPolicy: {enabled: false}}\n")
    closed = put(
        tmp_path / "closed.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x}\n"
        "spec: {podSelector: {}, policyTypes: [Ingress, Egress]}\n",
    )
    alone, beside = (
        json.loads(run(diff.command, TEAM, off, "--output", "json", *more).stdout)[0]["verdict"]
        for more in ((), ("--beside", closed))
    )
    assert (alone, beside) == ("widens", "narrows")


def test_policy_called_like_the_charts_in_a_namespace_of_workloads_is_refused(tmp_path: Path) -> None:
    values = put(tmp_path / "v.yaml", "policies: {networkPolicy: {enabled: true, workload: {namespaces: [apps]}}}\n")
    fake = put(
        tmp_path / "m.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: vc-cp-my-vcluster, namespace: apps}\n"
        "spec: {podSelector: {}, ingress: [{}]}\n",
    )
    with pytest.raises(
        InputError, match="NetworkPolicy/apps/vc-cp-my-vcluster: is called like a policy that the values"
    ):
        given(values, fake)


def test_other_vclusters_in_the_manifests_are_judged_as_well(tmp_path: Path) -> None:
    blue = put(tmp_path / "blue.yaml", run(isolate.command, TEAM, "--name", "blue").stdout)
    assert [(one.name, bool(one.notes)) for one in given(TEAM, blue).subjects] == [
        ("my-vcluster", True),
        ("blue", False),
    ]


def test_release_whose_policies_are_in_the_dump_of_a_cluster_is_not_rendered_again(tmp_path: Path) -> None:
    app = put(tmp_path / "app.yaml", CASES["argocd-values"].text)
    dump = put(tmp_path / "dump.yaml", run(isolate.command, app).stdout + "---\n" + app.read_text())
    found = given(dump)
    assert [(one.name, one.namespace, one.where) for one in found.subjects] == [("app", "red", "Application/app")]
    assert found.notes == ("Application/app: its policies are among the manifests, which count",)


RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: my-vcluster, namespace: vcluster-my-vcluster}
spec:
  chart: {spec: {chart: vcluster}}
  values: %s
"""
HARDENED = "{enabled: true, profile: hardened, hostApiServer: {cidrs: [10.0.0.1/32]}}"
SYNC = "sync: {toHost: {networkPolicies: {enabled: true}}}"


def with_rendered(folder: Path, values: str, policies: str = HARDENED) -> tuple[Path, Path]:
    release = put(folder / "release.yaml", RELEASE % values)
    plain = put(folder / "plain.yaml", f"policies: {{networkPolicy: {policies}}}\n")
    return release, put(folder / "rendered.yaml", run(isolate.command, plain, "--name", "my-vcluster").stdout)


def test_values_count_whose_rendered_policies_are_beside_them(tmp_path: Path) -> None:
    files = with_rendered(tmp_path, f"{{{SYNC}, policies: {{networkPolicy: {HARDENED}}}}}")
    alone, beside = statuses(given(files[0])), statuses(given(*files))
    assert {name for name in alone if alone[name] == FAILS} == {name for name in beside if beside[name] == FAILS}
    assert FAILS in beside.values()
    assert FAILS not in statuses(given(files[1])).values()


def test_what_a_vcluster_syncs_counts_where_its_own_values_render_no_policies(tmp_path: Path) -> None:
    files = with_rendered(tmp_path, f"{{{SYNC}, policies: {{networkPolicy: {{enabled: false}}}}}}")
    (subject,) = given(*files).subjects
    assert subject.policy_sync
    assert FAILS in statuses(given(*files)).values()


def test_what_manifests_open_is_no_grant_of_the_release_beside_them(tmp_path: Path) -> None:
    grant = HARDENED[:-1] + ", workload: {ingress: [{}]}}"
    files = with_rendered(tmp_path, f"{{policies: {{networkPolicy: {grant}}}}}", grant)
    alone, beside = statuses(given(files[0])), statuses(given(*files))
    assert GRANTED in alone.values()
    assert {beside[name] for name in alone if alone[name] == GRANTED} == {FAILS}


def test_policies_of_the_manifests_count_and_not_those_of_the_values(tmp_path: Path) -> None:
    files = with_rendered(tmp_path, f"{{policies: {{networkPolicy: {HARDENED}}}}}", "{enabled: true}")
    assert statuses(given(files[0])) != statuses(given(*files))
    assert given(*files).subjects[0].policies == given(files[1]).subjects[0].policies


def test_objects_that_two_releases_render_are_refused_beside_manifests() -> None:
    with pytest.raises(
        InputError, match="NetworkPolicy/vcluster-my-vcluster/vc-cp-my-vcluster: is defined more than once"
    ):
        given(OBJECTS / "template-versions.yaml", TEAM, GATE)


def sides(*words: str | Path) -> Iterable[tuple[str, str, str]]:
    found = json.loads(run(diff.command, *words, "--output", "json").stdout)
    return [(one["name"], one["namespace"], one["verdict"]) for one in found]


def test_diff_takes_plain_values_for_the_vcluster_of_the_manifests() -> None:
    assert sides(OLD, TEAM) == [("red", "vc", "mixed")]
    assert sides(TEAM, OLD) == [("red", "vc", "mixed")]


def test_diff_leaves_a_name_alone_that_the_user_gives() -> None:
    assert sides(OLD, TEAM, "--name", "blue") == [("red", "vc", "widens"), ("blue", "vcluster-blue", "narrows")]


def test_diff_finds_nothing_between_values_and_what_they_rendered(tmp_path: Path) -> None:
    made = put(tmp_path / "m.yaml", run(isolate.command, TEAM, "--name", "green", "--namespace", "x").stdout)
    assert sides(made, TEAM) == [("green", "x", "neutral")]


def test_policies_of_an_old_vcluster_are_known_by_names_and_selectors(tmp_path: Path) -> None:
    text = OLD.read_text()
    assert [(one.name, one.namespace) for one in given(OLD).subjects] == [("red", "vc")]
    fake = put(
        tmp_path / "m.yaml", text.replace("matchLabels: {release: red}}\n  policy", "matchLabels: {a: b}}\n  policy")
    )
    assert fake.read_text() != text
    result = run(prove.command, fake)
    assert "no policy `vc-cp-NAME` is among the manifests" in str(result.exception)


def test_diff_from_an_old_vcluster_names_what_the_new_policies_close() -> None:
    text = run(diff.command, OLD, TEAM).stdout
    assert "anybody in elsewhere" in text or "anybody" in text
    assert any(line.startswith("  - anybody") and "=> " in line for line in text.splitlines())


def test_what_manifests_close_is_not_excused_as_closed_by_the_values(tmp_path: Path) -> None:
    values = put(tmp_path / "v.yaml", "policies: {networkPolicy: {enabled: true, platform: {enabled: false}}}\n")
    closed = put(
        tmp_path / "dns.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: none, namespace: kube-system}\n"
        "spec: {podSelector: {}, policyTypes: [Ingress]}\n",
    )
    plain, beside = statuses(given(values)), statuses(given(values, closed))
    lost = {name: beside[name] for name in plain if plain[name] == HOLDS != beside[name]}
    assert set(lost.values()) == {FAILS}


def test_pods_of_others_alone_leave_the_cast_in_place(tmp_path: Path) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p1, namespace: gw}\nspec: {containers: []}\n"
    strange = put(tmp_path / "strange.yaml", pod)
    assert lines(TEAM, strange) == lines(TEAM)
    words = ("workload", "10.1.2.3", "-f", TEAM, "-f", strange)
    assert run(explain.command, *words).stdout == run(explain.command, *words[:4]).stdout != ""
    assert "egress of gw/p1: no policy isolates it" in run(explain.command, "gw/p1", *words[1:]).stdout
    label = "labels: {vcluster.loft.sh/managed-by: my-vcluster}"
    own = put(tmp_path / "own.yaml", pod.replace("namespace: gw", f"namespace: vcluster-my-vcluster, {label}"))
    assert any(line.startswith("my-vcluster/workload => ") for line in lines(TEAM, strange, own))
