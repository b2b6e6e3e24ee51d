"""Values of vCluster 0.19 and older: known for what they are, rewritten where each key has one successor."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.values.delivery.delivery_cases import OBJECTS
from vcluster_isolation.migration.manifest import migrate_any
from vcluster_isolation.values.layers import Layer, overlay
from vcluster_isolation.values.legacy import marks, problem_of


@pytest.mark.parametrize(
    "values",
    [
        {"isolation": {"enabled": True}},
        {"syncer": {"extraArgs": []}},
        {"vcluster": {"image": "rancher/k3s:v1.29.0-k3s1"}},
        {"sync": {"networkpolicies": {"enabled": True}}},
        {"storage": {"size": "5Gi"}},
        {"mapServices": {}, "replicas": 3},
        {"coredns": {"integrated": True}},
        {"multiNamespaceMode": {"enabled": True}, "pro": True},
    ],
)
def test_old_values_are_known_by_keys_that_only_they_have(values: dict[str, Any]) -> None:
    assert marks(values)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"vcluster": {"name": "x"}},
        {"sync": {"toHost": {"pods": {"enabled": True}}}},
        {"pro": True, "plugin": {}, "serviceCIDR": "10.0.0.0/16"},
        {"isolation": {"enabled": True}, "policies": {"networkPolicy": {"enabled": True}}},
        {"vcluster": {"image": ""}, "controlPlane": {}},
        {"replicas": 2, "ingress": {}, "vcluster": {"policies": {}}},
        {"isolation": True},
    ],
)
def test_other_values_are_not_taken_for_old_ones(values: dict[str, Any]) -> None:
    assert marks(values) == []


CLEAR = """\
# ours
isolation:
  enabled: true # on
  networkPolicy:
    outgoingConnections:
      ipBlock:
        cidr: 0.0.0.0/0
        except: [10.0.0.0/8] # private
  resourceQuota:
    enabled: false
sync:
  networkpolicies:
    enabled: true
coredns:
  fallback: 1.1.1.1
globalAnnotations:
  team: a
pro: true
"""


def migrated(text: str) -> dict[str, Any]:
    found = migrate_any(text, "v")
    assert found.problems == ()
    values: dict[str, Any] = yaml.safe_load(found.text)
    assert marks(values) == []
    return values


def test_file_whose_keys_all_have_a_successor_is_rewritten() -> None:
    assert migrated(CLEAR) == {
        "policies": {
            "networkPolicy": {
                "enabled": True,
                "fallbackDns": "1.1.1.1",
                "workload": {"publicEgress": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}},
            },
            "resourceQuota": {"enabled": False},
            "limitRange": {"enabled": True},
            "podSecurityStandard": "baseline",
        },
        "sync": {"toHost": {"networkPolicies": {"enabled": True}}},
        "controlPlane": {"advanced": {"globalMetadata": {"annotations": {"team": "a"}}}},
        "pro": True,
    }


def test_comments_of_an_old_file_stay_and_what_was_done_is_said() -> None:
    found = migrate_any(CLEAR, "v")
    for comment in ("# ours", "# on", "# private"):
        assert comment in found.text
    assert "v:3: isolation.enabled is now policies.networkPolicy.enabled" in found.done
    assert "v: policies.limitRange.enabled is true, as isolation.enabled made it" in found.done
    assert found.notes == ("v: was a file of vCluster 0.19 or older, and is one of 0.31 now",)


def test_network_policy_that_was_off_stays_off() -> None:
    values = migrated("isolation: {enabled: true, networkPolicy: {enabled: false}}\n")
    assert values["policies"]["networkPolicy"] == {"enabled": False}


@pytest.mark.parametrize("head", ["", "  enabled: false\n"])
def test_isolation_that_was_off_isolates_nothing(head: str) -> None:
    values = migrated(f"isolation:\n{head}  networkPolicy:\n    enabled: true\ncoredns:\n  enabled: true\n")
    assert overlay([values]) == {"controlPlane": {"coredns": {"enabled": True}}}


def test_what_vcluster_has_to_convert_is_said_with_what_isolation_is_now() -> None:
    text = (OBJECTS / "vcluster-0.19.yaml").read_text()
    found = migrate_any(text, "v")
    said = [str(problem) for problem in found.problems]
    assert (found.text, found.done) == (text, ())
    assert said[0].startswith("v:2: vcluster.image: is a key of vCluster 0.19 or older that this command")
    cidr = "isolation.networkPolicy.outgoingConnections.ipBlock.cidr"
    assert any(one.startswith(f"v:25: {cidr}: is policies.networkPolicy.workload.publicEgress.cidr") for one in said)


def test_namespace_of_isolation_has_no_successor() -> None:
    (problem, *_) = migrate_any("isolation: {enabled: true, namespace: x}\n", "v").problems
    assert (problem.where, "targetNamespace" in problem.next) == ("isolation.namespace", True)


def test_old_values_below_a_key_of_an_umbrella_are_named() -> None:
    (problem,) = migrate_any("vcluster:\n  isolation: {enabled: true}\n  syncer: {}\n", "v").problems
    assert str(problem).startswith("v:1: vcluster: holds values of vCluster 0.19 or older; migrate them in a file")


def test_old_values_inside_an_object_are_rewritten_in_place() -> None:
    inner = "".join(f"        {line}" for line in CLEAR.splitlines(keepends=True))
    head = "apiVersion: management.loft.sh/v1\nkind: VirtualClusterTemplate\nmetadata: {name: t}\nspec:\n  template:\n"
    found = migrate_any(f"{head}    helmRelease:\n      values: |\n{inner}", "v")
    values = yaml.safe_load(yaml.safe_load(found.text)["spec"]["template"]["helmRelease"]["values"])
    assert values == migrated(CLEAR)
    assert found.done[0].startswith("v:10: isolation.enabled")


def test_what_is_said_of_old_values_is_in_the_order_of_the_file() -> None:
    text = "isolation:\n  enabled: true\n  networkPolicy: {enabled: true}\nsync: {ingresses: {enabled: true}}\nenableHA: true\n"
    said = list(map(str, migrate_any(text, "v").problems))
    assert [line.split(": ")[0] for line in said] == ["v:3", "v:4", "v:5"]
    assert said[1].startswith(
        "v:4: sync.ingresses.enabled: is a key of vCluster 0.19 or older that this command does not rewrite; convert"
    )


def test_old_values_are_refused_at_the_line_of_the_key_that_is_named() -> None:
    text = "# ours\nisolation:\n  enabled: true\n"
    problem = problem_of([Layer("v", text, yaml.safe_load(text))])
    assert problem is not None
    assert (problem.where, problem.line) == ("isolation", 2)
