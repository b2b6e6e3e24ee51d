"""An audit beside policies that are not evaluated: which claims of which vClusters are undecided."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from tests.audit.fleet import fleet, host, listed, space
from tests.audit.judged import kinds, statuses
from tests.audit.naive import doubted
from tests.subject.subjects import of
from vcluster_isolation.audit import audit as audit_module
from vcluster_isolation.audit.audit import audit
from vcluster_isolation.cli.audit import command
from vcluster_isolation.netpol.parse.parse import Cluster, parse_cluster
from vcluster_isolation.prove.prove import FAILS, HOLDS, NO_SUBJECT, UNDECIDED

Json = dict[str, Any]
HARDENED = {"profile": "hardened", "hostApiServer": {"cidrs": ["10.0.0.1/32", "10.0.0.2/32"], "ports": [6443]}}


def thing(api_version: str, kind: str, home: str = "") -> Json:
    metadata = {"name": "open", **({"namespace": home} if home else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": {}}


def cilium(home: str) -> Json:
    return thing("cilium.io/v2", "CiliumNetworkPolicy", home)


WIDE = thing("cilium.io/v2", "CiliumClusterwideNetworkPolicy")
MESH = thing("security.istio.io/v1", "AuthorizationPolicy", "istio-system")
BOTH = [WIDE, thing("projectcalico.org/v3", "GlobalNetworkPolicy"), thing("foo.example.com/v1", "WeirdPolicy", "shop")]


def cluster(count: int, configurations: list[str], *more: Json) -> Cluster:
    found = parse_cluster([{"kind": "List", "items": [*listed(fleet(count, configurations))["items"], *more]}])
    assert not found.problems
    return found


@pytest.fixture
def isolated(tmp_path: Path) -> Callable[..., Path]:
    """Write a cluster in which all claims hold, and some more objects, into a file."""

    def file(*more: Json) -> Path:
        policies = yaml.safe_load_all(of(HARDENED).manifests)
        items = [*map(json.loads, host()), space("ns"), *policies, *more]
        path = tmp_path / "cluster.json"
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}), encoding="utf-8")
        return path

    return file


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)


def test_without_such_a_policy_all_holds(isolated: Callable[..., Path]) -> None:
    assert run(isolated()).exit_code == 0


@pytest.mark.parametrize("policy", [*BOTH, cilium("ns")], ids=lambda one: one["kind"])
def test_every_claim_that_holds_is_undecided_and_the_exit_code_is_4(
    policy: Json, isolated: Callable[..., Path]
) -> None:
    result = run(isolated(policy))
    lines = result.stdout.splitlines()
    assert result.exit_code == 4
    assert any(line.startswith(f"warning: not evaluated: {policy['kind']}/") for line in lines)
    assert any(line.startswith("  undecided: tenants-to-workloads, ") for line in lines)
    assert any(line.startswith(f"  not evaluated, and could break them: {policy['kind']}/") for line in lines)
    assert lines[-1] == "every claim holds for 0 of 1 vCluster"
    as_json = run(isolated(policy), "--output", "json")
    found = json.loads(as_json.stdout)
    assert (as_json.exit_code, found["ok"], found["vclusters"][0]["ok"]) == (4, False, False)
    assert [one["kind"] for one in found["not_evaluated"]] == [policy["kind"]]
    assert {one[key] for one in found["groups"][0]["claims"] for key in ("there", "possible")} == {
        UNDECIDED,
        NO_SUBJECT,
    }


def test_in_json_a_vcluster_names_the_policies_of_its_own_namespaces(isolated: Callable[..., Path]) -> None:
    found = json.loads(run(isolated(WIDE, cilium("ns"), cilium("shop")), "--output", "json").stdout)
    assert len(found["not_evaluated"]) == 3
    assert found["vclusters"][0]["not_evaluated"] == ["CiliumNetworkPolicy/ns/open (cilium.io/v2)"]


@pytest.mark.parametrize(
    "policy",
    [
        thing("projectcalico.org/v3", "StagedNetworkPolicy", "ns"),
        thing("k8s.cni.cncf.io/v1beta1", "MultiNetworkPolicy", "ns"),
        thing("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"),
        cilium("shop"),
    ],
    ids=lambda one: one["kind"],
)
def test_one_that_cannot_change_a_claim_changes_none(policy: Json, isolated: Callable[..., Path]) -> None:
    result = run(isolated(policy))
    assert (result.exit_code, "undecided" in result.stdout) == (0, False)
    assert policy["kind"] in result.stdout


def test_one_that_only_closes_leaves_isolation_alone(isolated: Callable[..., Path]) -> None:
    assert run(isolated(MESH), "--claims", "isolation").exit_code == 0
    assert run(isolated(MESH), "--claims", "availability").exit_code == 4


def test_what_fails_keeps_failing_and_the_exit_code_is_1(tmp_path: Path) -> None:
    path = tmp_path / "cluster.json"
    path.write_text(json.dumps({"items": [*listed(fleet(1, ["default"]))["items"], WIDE], "kind": "List"}))
    result = run(path)
    assert result.exit_code == 1
    assert "claims are undecided" in result.stdout
    before, after = (statuses(audit(cluster(1, ["default"], *more))) for more in ([], [WIDE]))
    for key, claims in before.items():
        assert {name: _doubtful(pair) for name, pair in claims.items()} == after[key]


def _doubtful(pair: tuple[str, str]) -> tuple[str, str]:
    one, two = (UNDECIDED if status == HOLDS else status for status in pair)
    return one, two


def test_the_namespace_of_one_vcluster_makes_that_one_undecided_and_others_where_they_meet_it() -> None:
    found = statuses(audit(cluster(3, ["hardened"], cilium("vcluster-t-1"))))
    undecided = {key[1]: {name for name, pair in claims.items() if UNDECIDED in pair} for key, claims in found.items()}
    assert undecided["t-0"] == undecided["t-2"] == {"control-plane-to-tenants"}, (
        "by ports that its own side leaves open"
    )
    assert HOLDS not in {status for pair in found["vcluster-t-1", "t-1"].values() for status in pair}


def test_a_fleet_of_one_shape_is_still_judged_once() -> None:
    whole = audit(cluster(6, ["hardened"], WIDE))
    assert kinds(whole) == 1
    some = audit(cluster(6, ["hardened"], cilium("vcluster-t-1"), cilium("vcluster-t-3")))
    assert kinds(some) == 2


def test_a_fleet_is_judged_again_only_where_a_policy_elsewhere_may_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[object] = []
    real = audit_module._judged  # noqa: SLF001 - how often it is called is the point

    def counted(*given: Any) -> Any:
        passes.append(given)
        return real(*given)

    monkeypatch.setattr(audit_module, "_judged", counted)
    for more, times in (
        ([], 1),
        ([WIDE], 1),
        ([cilium("vcluster-t-0"), cilium("vcluster-t-1")], 1),
        ([MESH], 1),
        ([cilium("shop")], 3),
        ([WIDE, cilium("shop")], 1),
    ):
        passes.clear()
        audit(cluster(2, ["default"], *more))
        assert len(passes) == times, more


SOME = ["default", "a database of its own, public egress off"]
"""The naive audit is slow."""


@pytest.mark.parametrize(
    "more",
    [
        [WIDE],
        [MESH],
        [cilium("kube-system")],
        [cilium("vcluster-t-1"), cilium("vcluster-platform")],
        [thing("k8s.ovn.org/v1", "EgressFirewall", "vcluster-t-0"), cilium("monitoring")],
    ],
    ids=["wide", "mesh", "host DNS", "a vCluster and the platform", "a firewall"],
)
def test_no_claim_holds_that_a_naive_audit_doubts(more: list[Json]) -> None:
    given = cluster(2, SOME, *more)
    found, expected = statuses(audit(given)), doubted(given)
    assert found.keys() == expected.keys()
    for key, claims in expected.items():
        for name, pair in claims.items():
            for mine, theirs in zip(found[key][name], pair, strict=True):
                assert mine == theirs or (mine, theirs) == (UNDECIDED, HOLDS), (key, name)


def test_far_from_such_policies_a_naive_audit_doubts_the_same() -> None:
    given = cluster(2, ["default", "open to a team"], cilium("kube-system"))
    assert statuses(audit(given)) == doubted(given)
    assert {UNDECIDED, HOLDS, FAILS} <= {
        status for claims in doubted(given).values() for pair in claims.values() for status in pair
    }
