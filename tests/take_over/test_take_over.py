"""`isolate --install --take-over`: never fewer policies than there were, wherever it is interrupted, and run again.

The cluster here is a model of what Helm does (measured with Helm 3.22 and 4.3 on an API server of Kubernetes 1.37):
an upgrade deletes what the release's last manifest has and the new one has not, whosever it is by then, but for objects
annotated `helm.sh/resource-policy: keep`; `--take-ownership` writes its own annotations over those that are there.
"""

from __future__ import annotations

import copy
import json
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from vcluster_isolation import kubectl, tools
from vcluster_isolation.cli.isolate import command
from vcluster_isolation.errors import IsolationError, ToolFailed
from vcluster_isolation.helm import render_cache
from vcluster_isolation.helm import template as helm
from vcluster_isolation.helm.template import Release, Request
from vcluster_isolation.kubectl import Access, NamedObjects
from vcluster_isolation.take_over import steps
from vcluster_isolation.take_over.state import KEEP, OWNER, OWNER_NAMESPACE, Handover, plan
from vcluster_isolation.take_over.steps import Waiting
from vcluster_isolation.vcluster.policy_names import recognise

Json = dict[str, Any]

NAME, HOME, OURS = "team-a", "vcluster-team-a", "team-a-isolation"
HERE = Access(context="here")
ELSEWHERE = "a database"
"""Where neither helm nor kubectl finds a release: another HELM_DRIVER."""
FOUR = {f"vc-{role}-{NAME}" for role in ("cp", "work", "kube-dns", "snapshot")}
OFF_COMMAND = (
    "helm upgrade team-a CHART --namespace vcluster-team-a --reuse-values --set policies.networkPolicy.enabled=false"
)


class Interrupted(Exception):
    """The command is killed."""


class FakeCluster:
    """NetworkPolicies, and releases of Helm with their last manifest; each call can be the last one."""

    def __init__(self, values: Path) -> None:
        """Install a vCluster whose own policies are on."""
        self.request = Request((values,), OURS, HOME, helm.CHART, json.dumps({"vcluster": {"name": NAME}}))
        self.version = (4, 3)
        self.begin()

    def begin(self) -> None:
        """Begin anew."""
        self.policies: dict[tuple[str, str], Json] = {}
        self.manifests: dict[tuple[str, str], list[Json]] = {}
        self.statuses: dict[tuple[str, str], str] = {}
        self.kept_in: dict[tuple[str, str], str] = {}
        self.may_list = True
        self.fewest = 99
        self.calls = 0
        self.killed_at = -1
        self.upgrade_release((NAME, HOME), self.of_the_vcluster())
        self.fewest = len(self.policies)

    def rendered(self) -> list[Json]:
        return [one for one in yaml.safe_load_all(render_cache.template(self.request)) if one]

    def of_the_vcluster(self) -> list[Json]:
        found = copy.deepcopy(self.rendered())
        for one in found:
            one["metadata"]["labels"]["chart"] = "vcluster-0.31.0"
        return found

    def upgrade_release(self, release: tuple[str, str], manifest: Sequence[Json]) -> None:
        """What `helm upgrade --install --take-ownership` does."""
        for one in manifest:
            self.apply(one, {OWNER: release[0], OWNER_NAMESPACE: release[1]})
        keys = {key_of(one) for one in manifest}
        for old in self.manifests.get(release, ()):
            key = key_of(old)
            live = self.policies.get(key)
            if key not in keys and live and live["metadata"]["annotations"].get(KEEP) != "keep":
                del self.policies[key]
                self.count()
        self.manifests[release] = list(manifest)

    def apply(self, policy: Json, annotations: Mapping[str, str]) -> None:
        new = copy.deepcopy(policy)
        old = self.policies.get(key_of(new), {"metadata": {}})
        kept = old["metadata"].get("annotations", {})
        new["metadata"]["annotations"] = {**kept, **new["metadata"].get("annotations", {}), **annotations}
        new["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "Helm"
        self.policies[key_of(new)] = new

    def switch_off(self) -> None:
        self.upgrade_release((NAME, HOME), [])

    def count(self) -> None:
        self.fewest = min(self.fewest, len(self.policies))

    def call(self) -> None:
        """Be killed, if it is time."""
        self.calls += 1
        if self.calls == self.killed_at:
            raise Interrupted

    # What the package calls.

    def get(self, objects: NamedObjects) -> dict[str, Json]:
        self.call()
        here = {name: one for (space, name), one in self.policies.items() if space == objects.namespace}
        return copy.deepcopy({name: one for name, one in here.items() if name in objects.names})

    def annotate(self, objects: NamedObjects, pairs: Mapping[str, str | None]) -> None:
        self._set("annotations", objects, pairs)

    def label(self, objects: NamedObjects, pairs: Mapping[str, str | None]) -> None:
        self._set("labels", objects, pairs)

    def _set(self, key: str, objects: NamedObjects, pairs: Mapping[str, str | None]) -> None:
        for name in objects.names:  # one after another, as kubectl does
            self.call()
            found = self.policies[objects.namespace, name]["metadata"].setdefault(key, {})
            for one, value in pairs.items():
                found.pop(one, None)
                found |= {} if value is None else {one: value}

    def release_of(self, name: str, namespace: str, context: str = "") -> Release | None:
        del context
        self.call()
        for (called, home), manifest in self.manifests.items():
            kept = self.kept_in.get((called, home), home)
            if (called, kept) == (name, namespace):
                status = self.statuses.get((called, home), "deployed")
                return Release(name, home, status, yaml.safe_dump_all(manifest), kept if kept != home else "")
        return None

    def namespaces_of_release(self, access: Access, name: str) -> set[str]:
        del access
        self.call()
        if not self.may_list:
            raise ToolFailed(["kubectl", "get", "secrets"], "secrets is forbidden", "ask for the right")
        places = {self.kept_in.get(key, key[1]) for key in self.manifests if key[0] == name}
        return places - {ELSEWHERE}

    def upgrade(self, request: Request, *options: str, context: str = "") -> None:
        del context
        self.call()
        ours = (request.name, request.namespace)
        foreign = [one for one in self.policies.values() if one["metadata"]["annotations"].get(OWNER) != ours[0]]
        if foreign and "--take-ownership" not in options:
            raise IsolationError("invalid ownership metadata")
        self.upgrade_release(ours, self.rendered())
        self.call()


def key_of(policy: Json) -> tuple[str, str]:
    return policy["metadata"]["namespace"], policy["metadata"]["name"]


@pytest.fixture
def values(tmp_path: Path) -> Path:
    file = tmp_path / "vcluster.yaml"
    file.write_text("policies: {networkPolicy: {enabled: true}}\n")
    return file


@pytest.fixture
def cluster(values: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    made = FakeCluster(values)
    for name in ("get", "annotate", "label", "namespaces_of_release"):
        monkeypatch.setattr(kubectl, name, getattr(made, name))
    monkeypatch.setattr(kubectl, "current_context", lambda: "here")
    monkeypatch.setattr(helm, "release_of", made.release_of)
    monkeypatch.setattr(helm, "upgrade", made.upgrade)
    monkeypatch.setattr(helm, "version", lambda: made.version)
    for name in ("HELM_KUBEAPISERVER", "HELM_KUBETOKEN", "HELM_KUBEASUSER", "HELM_KUBEASGROUPS", "HELM_KUBECONTEXT"):
        monkeypatch.delenv(name, raising=False)
    return made


def run(cluster: FakeCluster, waiting: Waiting | None = None) -> tuple[bool, str]:
    said: list[str] = []
    done = steps.take_over(plan(cluster.request, NAME), said.append, waiting)
    return done, "\n".join(said)


def assert_taken(cluster: FakeCluster) -> None:
    assert {name for _, name in cluster.policies} == FOUR
    for one in cluster.policies.values():
        annotations = one["metadata"]["annotations"]
        assert (annotations[OWNER], annotations[OWNER_NAMESPACE]) == (OURS, HOME)
        assert KEEP not in annotations
        assert one["metadata"]["labels"]["chart"].startswith("vcluster-isolation-")


def test_the_model_has_the_failure_that_this_is_about(cluster: FakeCluster) -> None:
    """`--take-ownership` first and off afterwards: no policy is left, and both releases are deployed."""
    cluster.upgrade_release((OURS, HOME), cluster.rendered())
    cluster.switch_off()
    assert not cluster.policies


def test_it_marks_stops_for_the_user_and_then_takes_what_is_there(cluster: FakeCluster) -> None:
    done, said = run(cluster)
    assert not done
    assert OFF_COMMAND in said
    assert {one["metadata"]["annotations"][KEEP] for one in cluster.policies.values()} == {"keep"}
    assert (OURS, HOME) not in cluster.manifests
    cluster.switch_off()
    assert cluster.fewest == 4
    done, said = run(cluster)
    assert done
    assert "5. verified: vc-cp-team-a, vc-kube-dns-team-a, vc-snapshot-team-a, vc-work-team-a are there" in said
    assert_taken(cluster)
    cluster.switch_off()
    assert cluster.fewest == 4
    cluster.upgrade_release((OURS, HOME), [])
    assert not cluster.policies


def test_run_again_when_all_is_done_it_changes_nothing(cluster: FakeCluster) -> None:
    run(cluster)
    cluster.switch_off()
    run(cluster)
    before = copy.deepcopy(cluster.policies)
    assert run(cluster)[0]
    assert cluster.policies == before


@pytest.mark.parametrize("version", [(4, 3), (3, 16)])
def test_killed_at_any_call_and_run_again_there_are_always_four(version: tuple[int, int], cluster: FakeCluster) -> None:
    def through(made: FakeCluster) -> None:
        """All of it, the user's step included, each part run again where it was killed."""
        for part in (lambda: run(made), made.switch_off, lambda: run(made)):
            try:
                part()
            except Interrupted:
                made.killed_at = -1
                part()

    cluster.version = version
    through(cluster)
    calls = cluster.calls
    assert calls > 20
    for at in range(1, calls + 1):
        cluster.begin()
        cluster.version, cluster.killed_at = version, at
        through(cluster)
        assert cluster.fewest == 4, at
        assert_taken(cluster)


def test_killed_before_the_user_switches_off_no_policy_is_lost_if_all_were_marked(cluster: FakeCluster) -> None:
    """Killed while it marks, it has not told anybody to switch off yet; from then on switching off is safe."""
    told = 0
    for at in range(1, 30):
        cluster.begin()
        cluster.killed_at = at
        said: list[str] = []
        with suppress(Interrupted):
            steps.take_over(plan(cluster.request, NAME), said.append)
        if any(line.startswith("1.") for line in said):
            told += 1
            cluster.switch_off()
            assert cluster.fewest == 4
    assert 0 < told < 29


def test_the_wrong_order_is_mended_while_the_policies_are_still_there(cluster: FakeCluster) -> None:
    """Ours were installed with --take-ownership, and the vCluster's own are on: its next upgrade deletes them."""
    cluster.upgrade_release((OURS, HOME), cluster.rendered())
    done, said = run(cluster)
    assert not done
    assert "still on: release team-a" in said
    cluster.switch_off()
    assert cluster.fewest == 4
    assert run(cluster)[0]
    assert_taken(cluster)


def test_policies_that_are_gone_already_are_installed_at_once(cluster: FakeCluster) -> None:
    cluster.switch_off()
    done, said = run(cluster)
    assert done
    assert "0 policies are there, 4 that the values render are not" in said
    assert_taken(cluster)


def test_it_waits_for_the_vcluster_to_be_switched_off(cluster: FakeCluster) -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        if now > 5:
            cluster.switch_off()

    done, said = run(cluster, Waiting(60, lambda: now, sleep))
    assert done
    assert "waiting up to 60 seconds" in said
    assert 5 < now < 10
    assert_taken(cluster)


def test_it_waits_no_longer_than_it_is_told(cluster: FakeCluster) -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    assert not run(cluster, Waiting(7, lambda: now, sleep))[0]
    assert 7 <= now < 10


@pytest.mark.parametrize("status", ["pending-upgrade", "failed", "pending-rollback"])
def test_a_release_with_something_unfinished_counts_as_on(status: str, cluster: FakeCluster) -> None:
    run(cluster)
    cluster.switch_off()
    cluster.statuses[NAME, HOME] = status
    done, said = run(cluster)
    assert not done
    assert f"release team-a in namespace vcluster-team-a is {status}: let it finish" in said
    assert (OURS, HOME) not in cluster.manifests
    cluster.statuses.clear()
    assert run(cluster)[0]


def test_flux_is_told_where_to_switch_off(cluster: FakeCluster) -> None:
    for one in cluster.policies.values():
        one["metadata"]["labels"] |= {
            "helm.toolkit.fluxcd.io/name": "team-a",
            "helm.toolkit.fluxcd.io/namespace": "flux-system",
        }
    said = run(cluster)[1]
    assert "policies.networkPolicy.enabled: false in the values of HelmRelease flux-system/team-a" in said
    assert OFF_COMMAND not in said


def by_flux(cluster: FakeCluster) -> None:
    """Have the vCluster installed by Flux, which keeps the release where the HelmRelease is."""
    cluster.kept_in[NAME, HOME] = "flux-system"
    for one in cluster.policies.values():
        one["metadata"]["labels"] |= {
            "helm.toolkit.fluxcd.io/name": NAME,
            "helm.toolkit.fluxcd.io/namespace": "flux-system",
        }


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("may_list", [True, False])
def test_a_release_that_is_kept_in_another_namespace_is_found_there(
    cluster: FakeCluster, *, labelled: bool, may_list: bool
) -> None:
    if labelled:
        by_flux(cluster)
    cluster.kept_in[NAME, HOME] = "flux-system"
    cluster.may_list = may_list
    done, said = run(cluster)
    assert not done
    if labelled or may_list:
        assert "still on: release team-a in namespace vcluster-team-a, kept in namespace flux-system, renders" in said
        assert OFF_COMMAND not in said
        assert "NOT FOUND" not in said
    else:
        assert "NOT FOUND: release team-a, which installs into namespace vcluster-team-a" in said
        assert "secrets is forbidden" in said
    cluster.switch_off()
    assert cluster.fewest == 4
    cluster.may_list = True
    assert run(cluster)[0]
    assert_taken(cluster)
    cluster.switch_off()
    assert cluster.fewest == 4


@pytest.mark.parametrize("with_flux", [True, False])
def test_an_owner_that_is_not_found_may_be_on_and_stops_it(cluster: FakeCluster, *, with_flux: bool) -> None:
    if with_flux:
        by_flux(cluster)
    cluster.kept_in[NAME, HOME] = ELSEWHERE
    for _ in range(2):
        done, said = run(cluster, Waiting(60, sleep=lambda _: pytest.fail("waits for what it cannot see")))
        assert not done
        assert "verified" not in said
        assert "NOT FOUND: release team-a, which installs into namespace vcluster-team-a" in said
        assert "Looked for in namespace: " + ("flux-system, " * with_flux) + "vcluster-team-a" in said
        assert ("spec.storageNamespace of HelmRelease flux-system/team-a" in said) == with_flux
        assert "HELM_DRIVER" in said
        assert "--owner-is-gone team-a" in said
        assert {one["metadata"]["annotations"][KEEP] for one in cluster.policies.values()} == {"keep"}
        assert (OURS, HOME) not in cluster.manifests
    cluster.switch_off()
    assert cluster.fewest == 4


def test_an_owner_that_is_gone_is_taken_from_where_the_user_says_so(cluster: FakeCluster, values: Path) -> None:
    del cluster.manifests[NAME, HOME]  # uninstalled, while the policies were kept
    words = (str(values), "--name", NAME, "--install", "--take-over")
    assert invoke(*words).exit_code == 1
    assert invoke(*words, "--owner-is-gone", "another").exit_code == 1
    assert (OURS, HOME) not in cluster.manifests
    assert invoke(*words, "--owner-is-gone", NAME).exit_code == 0
    assert_taken(cluster)
    assert invoke(*words).exit_code == 0


def test_an_owner_that_is_found_is_not_gone_whatever_is_said(cluster: FakeCluster, values: Path) -> None:
    words = (str(values), "--name", NAME, "--install", "--take-over", "--owner-is-gone", NAME)
    assert invoke(*words).exit_code == 1
    assert (OURS, HOME) not in cluster.manifests


@pytest.mark.parametrize("called", [NAME, f"{HOME}-{NAME}", "apps"])
def test_what_flux_calls_its_release_is_looked_for_where_ours_was_installed_too_early(
    called: str, cluster: FakeCluster
) -> None:
    """The policies are annotated with our release then; Flux' labels and the vCluster's name tell of the other."""
    cluster.manifests[called, HOME] = cluster.manifests.pop((NAME, HOME))
    cluster.upgrade_release((OURS, HOME), cluster.rendered())
    by_flux(cluster)
    if called == "apps":
        for one in cluster.policies.values():
            one["metadata"]["labels"]["helm.toolkit.fluxcd.io/name"] = called
    cluster.kept_in[called, HOME] = "flux-system"
    done, said = run(cluster)
    assert not done
    assert f"still on: release {called} in namespace vcluster-team-a, kept in namespace flux-system" in said


def test_a_release_of_the_same_name_in_another_namespace_is_another(cluster: FakeCluster) -> None:
    cluster.manifests[NAME, "vcluster-team-b"] = cluster.manifests[NAME, HOME]
    cluster.switch_off()
    assert run(cluster)[0]
    cluster.begin()
    cluster.manifests[NAME, "vcluster-team-b"] = []
    cluster.kept_in[NAME, HOME] = ELSEWHERE
    assert "NOT FOUND: release team-a" in run(cluster)[1]


def test_where_nothing_can_be_looked_at_nothing_is_taken(cluster: FakeCluster) -> None:
    """The policies are ours by now, so that nothing names the vCluster's release but its own name."""
    cluster.upgrade_release((OURS, HOME), cluster.rendered())
    cluster.kept_in[NAME, HOME] = ELSEWHERE
    cluster.may_list = False
    done, said = run(cluster)
    assert not done
    assert "other namespaces could not be looked through" in said


def test_a_name_that_is_an_option_is_not_given_to_helm(cluster: FakeCluster) -> None:
    for one in cluster.policies.values():
        one["metadata"]["annotations"][OWNER] = "--kubeconfig=x"
    assert "NOT FOUND: release --kubeconfig=x" in run(cluster)[1]


@pytest.mark.parametrize(
    ("section", "mark"),
    [
        ("annotations", {"argocd.argoproj.io/tracking-id": "team-a:networking.k8s.io/NetworkPolicy:x/y"}),
        ("labels", {"argocd.argoproj.io/instance": "team-a"}),
        ("labels", {"app.kubernetes.io/instance": "team-a"}),
    ],
    ids=["annotation", "label", "default label"],
)
def test_what_argo_cd_applies_is_left_alone(section: str, mark: dict[str, str], cluster: FakeCluster) -> None:
    before = copy.deepcopy(cluster.policies)
    for one in before.values():
        one["metadata"]["annotations"] = {}  # Argo CD applies what charts render, and installs no release
        one["metadata"][section] |= mark
    cluster.policies = copy.deepcopy(before)
    with pytest.raises(IsolationError, match=r"(?s)vc-cp-team-a: Argo CD applies it.*vc-work-team-a: Argo CD") as told:
        run(cluster)
    assert "docs/take-over.md" in str(told.value)
    assert cluster.policies == before


def test_a_tenants_policy_is_not_taken_over(cluster: FakeCluster) -> None:
    cluster.policies[HOME, f"vc-work-{NAME}"]["metadata"]["labels"]["vcluster.loft.sh/managed-by"] = NAME
    with pytest.raises(IsolationError, match="vc-work-team-a: the vCluster syncs it"):
        run(cluster)


def test_what_only_the_vcluster_had_stays_and_is_named(cluster: FakeCluster, values: Path) -> None:
    values.write_text("policies: {networkPolicy: {enabled: true}}\ncontrolPlane: {coredns: {embedded: true}}\n")
    run(cluster)
    cluster.switch_off()
    done, said = run(cluster)
    assert not done
    assert "kubectl delete networkpolicy vc-kube-dns-team-a --namespace vcluster-team-a" in said
    assert cluster.fewest == 4


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda one: one["spec"].update(podSelector={"matchLabels": {"a": "b"}}), "selects other pods"),
        (lambda one: one["spec"].update(policyTypes=["Egress"]), "selects other pods"),
        (lambda one: one["metadata"]["annotations"].update({OWNER: "x"}), "is not of release team-a-isolation"),
    ],
    ids=["podSelector", "policyTypes", "owner"],
)
def test_what_is_there_is_verified(change: Callable[[Json], None], word: str, cluster: FakeCluster) -> None:
    run(cluster)
    cluster.switch_off()
    install = cluster.upgrade_release

    def and_then_somebody_changes_it(release: tuple[str, str], manifest: Sequence[Json]) -> None:
        install(release, manifest)
        change(cluster.policies[HOME, f"vc-cp-{NAME}"])

    cluster.upgrade_release = and_then_somebody_changes_it  # type: ignore[method-assign]
    done, said = run(cluster)
    assert not done
    assert f"WRONG: NetworkPolicy/vcluster-team-a/vc-cp-team-a: {word}" in said


def test_values_that_render_nothing_would_take_the_place_of_nothing(cluster: FakeCluster, values: Path) -> None:
    values.write_text("{}\n")
    with pytest.raises(IsolationError, match="render no NetworkPolicy"):
        run(cluster)
    assert len(cluster.policies) == 4


def test_our_release_is_not_the_vclusters_own(cluster: FakeCluster) -> None:
    with pytest.raises(IsolationError, match="own release, which our chart would replace"):
        plan(Request(cluster.request.values, NAME, HOME, helm.CHART, cluster.request.inline), NAME)


def test_helm_and_kubectl_speak_to_the_same_cluster(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    assert plan(cluster.request, NAME).access == HERE
    monkeypatch.setenv("HELM_KUBECONTEXT", "there")
    assert plan(cluster.request, NAME).access == Access(context="there")
    monkeypatch.setenv("HELM_KUBETOKEN", "x")
    with pytest.raises(IsolationError, match="HELM_KUBETOKEN: kubectl does not know it"):
        plan(cluster.request, NAME)


def test_what_is_wanted_is_what_the_chart_renders(cluster: FakeCluster) -> None:
    found: Handover = plan(cluster.request, NAME)
    assert {name for _, name in found.wanted} == FOUR
    assert all(recognise(one) for one in found.wanted.values())


def invoke(*words: str) -> Result:
    return CliRunner().invoke(command, list(words))


def test_the_command_says_by_its_exit_code_whose_turn_it_is(cluster: FakeCluster, values: Path) -> None:
    words = (str(values), "--name", NAME, "--install", "--take-over")
    result = invoke(*words)
    assert result.exit_code == 1
    assert OFF_COMMAND in result.output
    cluster.switch_off()
    assert invoke(*words).exit_code == 0
    assert_taken(cluster)


@pytest.mark.parametrize(
    "words", [("--take-over",), ("--install", "--wait", "3"), ("--wait", "3"), ("--owner-is-gone", "x")]
)
def test_options_that_would_do_nothing_are_refused(words: tuple[str, ...], cluster: FakeCluster, values: Path) -> None:
    before = copy.deepcopy(cluster.policies)
    result = invoke(str(values), "--name", NAME, *words)
    assert "does nothing without" in str(result.exception)
    assert cluster.policies == before


# What runs kubectl and helm, with programs that stand in for them.


@pytest.fixture(autouse=True)
def found_anew() -> Iterator[None]:
    """Have other tests find the real programs again."""
    yield
    tools.find.cache_clear()


def program(place: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str) -> Path:
    """Put a program in the place of one, which notes its arguments; return where."""
    log = place / f"{name}.log"
    file = place / name
    file.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {log}\n{script}\n')
    file.chmod(file.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv(f"VCLUSTER_ISOLATION_{name.upper()}", str(file))
    tools.find.cache_clear()
    return log


@pytest.mark.parametrize(
    ("printed", "names"),
    [
        ("", set()),
        ('{"kind": "NetworkPolicy", "metadata": {"name": "a"}}', {"a"}),
        ('{"kind": "List", "items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}]}', {"a", "b"}),
    ],
)
def test_kubectl_is_asked_for_what_is_there(
    printed: str, names: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = program(tmp_path, monkeypatch, "kubectl", f"printf '%s' '{printed}'")
    assert set(kubectl.get(NamedObjects(HERE, "networkpolicies", "home", ["a", "b"]))) == names
    assert log.read_text() == (
        "--context=here --request-timeout=30s get networkpolicies a b --namespace=home --ignore-not-found --output=json\n"
    )


def test_kubectl_is_asked_where_a_release_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = program(tmp_path, monkeypatch, "kubectl", "echo flux-system; echo flux-system; echo home")
    assert kubectl.namespaces_of_release(HERE, "a") == {"flux-system", "home"}
    assert log.read_text().startswith(
        "--context=here --request-timeout=30s get secrets,configmaps --all-namespaces --selector=owner=helm,name=a "
    )
    program(tmp_path, monkeypatch, "kubectl", "echo forbidden >&2; exit 1")
    with pytest.raises(ToolFailed, match="forbidden"):
        kubectl.namespaces_of_release(Access(), "a")


def test_kubectl_sets_and_takes_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = program(tmp_path, monkeypatch, "kubectl", "")
    kubectl.annotate(NamedObjects(Access(), "networkpolicies", "home", ["a"]), {"x/y": "keep", "z": None})
    kubectl.label(NamedObjects(Access(), "networkpolicies", "home", ["a"]), {"m": "Helm"})
    assert log.read_text().splitlines() == [
        "--request-timeout=30s annotate networkpolicies a --namespace=home --overwrite x/y=keep z-",
        "--request-timeout=30s label networkpolicies a --namespace=home --overwrite m=Helm",
    ]


@pytest.mark.parametrize("script", ["echo no >&2; exit 1", "echo '[]'", "echo '{'"])
def test_what_kubectl_cannot_do_is_said_in_its_words(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, "kubectl", script)
    with pytest.raises(ToolFailed, match=r"no|printed no objects in JSON"):
        kubectl.get(NamedObjects(Access(), "networkpolicies", "home", ["a"]))


def test_helm_is_asked_for_a_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = json.dumps({"name": "a", "info": {"status": "deployed"}, "manifest": "---"})
    log = program(tmp_path, monkeypatch, "helm", f"printf '%s' '{printed}'")
    assert helm.release_of("a", "home", "here") == Release("a", "home", "deployed", "---")
    assert log.read_text() == "status a --namespace=home --output=json --kube-context=here\n"
    kept = json.dumps({"name": "a", "namespace": "there", "info": {"status": "deployed"}, "manifest": "---"})
    program(tmp_path, monkeypatch, "helm", f"printf '%s' '{kept}'")
    assert helm.release_of("a", "home") == Release("a", "there", "deployed", "---", "home")
    program(tmp_path, monkeypatch, "helm", "echo 'Error: release: not found' >&2; exit 1")
    assert helm.release_of("a", "home") is None
    program(tmp_path, monkeypatch, "helm", "echo 'Error: secrets is forbidden' >&2; exit 1")
    with pytest.raises(ToolFailed, match="forbidden"):
        helm.release_of("a", "home")


def test_helms_version_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch, "helm", "echo v3.16.4+g1")
    assert helm.version() == (3, 16)
    program(tmp_path, monkeypatch, "helm", "echo dev")
    with pytest.raises(ToolFailed):
        helm.version()
