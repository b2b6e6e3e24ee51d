"""Grants that other tenants can use: decided by every pod that a tenant can create, named by prove, check and the notes."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner

from tests.subject.subjects import of
from vcluster_isolation.helm.notes import template_with_notes
from vcluster_isolation.helm.template import Request
from vcluster_isolation.netpol.engine.match import selects
from vcluster_isolation.netpol.objects.model import Pod, labels_of, namespace
from vcluster_isolation.netpol.parse.parse_policy import parse_policy
from vcluster_isolation.prove.forgeable import ForgeableGrant, forgeable_grants
from vcluster_isolation.subject.platform_subject import subjects_of_values

Json = dict[str, Any]

MANAGED, NAME = "vcluster.loft.sh/managed-by", "kubernetes.io/metadata.name"
SYNCED = "vcluster.loft.sh/vcluster-namespace"


def requires(key: str, operator: str, *values: str) -> Json:
    return {"matchExpressions": [{"key": key, "operator": operator, **({"values": [*values]} if values else {})}]}


def peer(spaces: Json | None = None, pods: Json | None = None) -> Json:
    given = {"namespaceSelector": spaces, "podSelector": pods}
    return {field: asked for field, asked in given.items() if asked is not None}


def named(*names: str) -> Json:
    return requires(NAME, "In", *names)


def block(cidr: str, *excepts: str) -> Json:
    return {"ipBlock": {"cidr": cidr, **({"except": [*excepts]} if excepts else {})}}


APP: Final[Json] = {"matchLabels": {"app": "envoy"}}
UNSYNCED: Final = requires(MANAGED, "DoesNotExist")
NO_SNAPSHOT: Final = {
    "matchExpressions": [
        *requires("app", "NotIn", "vcluster-snapshot")["matchExpressions"],
        *UNSYNCED["matchExpressions"],
    ]
}
OWN: Final[Json] = {"matchLabels": {MANAGED: "a"}}
THEIRS: Final[Json] = {"matchLabels": {MANAGED: "b"}}

# Peers of a vCluster `a` in the namespace `ns` that no pod of another tenant matches, and those that one does.
SAFE: Final[dict[str, Json]] = {
    "a namespace by its name": peer({"matchLabels": {NAME: "ingress-nginx"}}, APP),
    "namespaces by their names": peer(named("ingress-nginx", "monitoring")),
    "no synced pod of a namespace": peer(named("ingress-nginx"), UNSYNCED),
    "an app of this namespace, not synced": peer(None, {**APP, **UNSYNCED}),
    "no synced pod of this namespace, and no snapshot": peer(None, NO_SNAPSHOT),
    "a name that only resembles a tenant's": peer(named("loft-monitoring"), APP),
    "pods of this vCluster": peer(None, OWN),
    "pods of this vCluster in its namespace": peer(named("ns"), OWN),
    "the platform's namespace": peer(named("vcluster-platform"), APP),
    "a release, which no tenant chooses without synced namespaces": peer(None, {"matchLabels": {"release": "x"}}),
    "namespaces that the administrator labels": peer(
        {"matchLabels": {"team": "x"}, **requires(SYNCED, "DoesNotExist")}
    ),
    "a selector that no pod matches": peer(
        {}, {"matchLabels": {MANAGED: "b"}, "matchExpressions": UNSYNCED["matchExpressions"]}
    ),
    "an address": block("10.9.0.5/32"),
    "an IPv6 address": block("fd00::5/128"),
    "public addresses": block("34.0.0.0/8"),
    "all but private addresses": block("0.0.0.0/0", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"),
}
FORGEABLE: Final[dict[str, Json]] = {
    "no synced pod, anywhere": peer({}, UNSYNCED),
    "an app, not synced, anywhere": peer({}, {**APP, **UNSYNCED}),
    "no synced pod of namespaces by a label": peer({"matchLabels": {"team": "x"}}, UNSYNCED),
    "no synced pod of this namespace, which leaves snapshots": peer(None, UNSYNCED),
    "no synced pod of this namespace by its name": peer(named("ns"), UNSYNCED),
    "snapshots of this namespace": peer(None, {"matchLabels": {"app": "vcluster-snapshot"}}),
    "no synced pod of a vCluster's namespace": peer(named("vcluster-b"), UNSYNCED),
    "a virtual cluster's namespace of the platform": peer(named("loft-default-v-blue")),
    "a project's namespace of the platform": peer(named("p-default")),
    "a project's namespace of the platform, as it was": peer(named("loft-p-default")),
    "any namespace": peer({}, APP),
    "any pod": peer({}),
    "any pod, said twice": peer({}, {}),
    "namespaces by a label": peer({"matchLabels": {"team": "x"}}, APP),
    "namespaces by the presence of a label": peer(requires("team", "Exists")),
    "namespaces by the presence of a label, not synced": peer(
        {
            "matchExpressions": [
                *requires("team", "Exists")["matchExpressions"],
                *requires(SYNCED, "DoesNotExist")["matchExpressions"],
            ]
        }
    ),
    "namespaces without a label": peer(requires("team", "DoesNotExist")),
    "namespaces but some": peer(requires(NAME, "NotIn", "kube-system", "ns")),
    "namespaces with names": peer(requires(NAME, "Exists"), APP),
    "namespaces that are hardened": peer(
        {"matchLabels": {"pod-security.kubernetes.io/enforce": "restricted"}, **requires(SYNCED, "DoesNotExist")}
    ),
    "a vCluster's namespace": peer(named("vcluster-b"), APP),
    "a vCluster's namespace among others": peer(named("monitoring", "vcluster-b"), APP),
    "a synced namespace": peer({"matchLabels": {"vcluster.loft.sh/vcluster-name": "b"}}),
    "pods of another vCluster": peer(named("team-b"), THEIRS),
    "pods of any vCluster": peer(named("team-b"), requires(MANAGED, "Exists")),
    "pods of vClusters but one": peer({}, requires(MANAGED, "NotIn", "b")),
    "pods of a vCluster of this one's name, anywhere": peer({}, OWN),
    "this namespace, where other vClusters may be": peer(None, APP),
    "this namespace, by its name": peer(named("ns"), APP),
    "pods of another vCluster in this namespace": peer(None, THEIRS),
    "a release, where synced namespaces leave it to tenants": peer({}, {"matchLabels": {"release": "x"}}),
    "a private range": block("10.0.0.0/8"),
    "a part of one": block("10.9.0.0/24"),
    "an IPv6 range": block("fd00::/64"),
    "everything": block("0.0.0.0/0"),
}
EVERY: Final = SAFE | FORGEABLE


def grants(given: Json, **policy: Any) -> list[ForgeableGrant]:
    """Return what is found where a peer is granted to workloads and, the other way round, reached by the control plane."""
    more = {"workload": {"ingress": [{"from": [given]}]}, "controlPlane": {"egress": [{"to": [given]}]}}
    return forgeable_grants(of({"profile": "hardened", **more, **policy}))


@pytest.mark.parametrize("name", FORGEABLE)
def test_what_another_tenants_pod_matches_is_found(name: str) -> None:
    paths = [one.path for one in grants(FORGEABLE[name])]
    assert paths == [
        "policies.networkPolicy.controlPlane.egress[0].to[0]",
        "policies.networkPolicy.workload.ingress[0].from[0]",
    ]


@pytest.mark.parametrize("name", SAFE)
def test_what_none_matches_is_not(name: str) -> None:
    assert grants(SAFE[name]) == []


@pytest.mark.parametrize("name", FORGEABLE)
def test_the_selector_that_is_said_to_be_safe_is(name: str) -> None:
    for one in grants(FORGEABLE[name]):
        assert one.safe is None or grants(dict(one.safe)) == []


def test_every_peer_of_pods_has_a_safe_selector_but_those_of_other_vclusters() -> None:
    without = {name for name, given in FORGEABLE.items() if all(one.safe is None for one in grants(given))}
    assert without == {
        "pods of another vCluster",
        "pods of another vCluster in this namespace",
        "snapshots of this namespace",
        "a vCluster's namespace",
        "no synced pod of a vCluster's namespace",
        "a virtual cluster's namespace of the platform",
        "a project's namespace of the platform",
        "a project's namespace of the platform, as it was",
        "a private range",
        "a part of one",
        "an IPv6 range",
        "everything",
    }


def test_the_safe_selector_is_the_peer_less_the_pods_of_tenants() -> None:
    somewhere = {"matchLabels": {NAME: "NAMESPACE"}}
    assert grants(FORGEABLE["any namespace"])[0].safe == peer(somewhere, {**APP, **UNSYNCED})
    assert grants(FORGEABLE["this namespace, where other vClusters may be"])[0].safe == peer(None, {**APP, **UNSYNCED})
    assert grants(FORGEABLE["no synced pod of this namespace, which leaves snapshots"])[0].safe == peer(
        None, NO_SNAPSHOT
    )
    assert grants(FORGEABLE["a vCluster's namespace among others"])[0].safe == peer(
        named("monitoring"), {**APP, **UNSYNCED}
    )
    assert grants(FORGEABLE["no synced pod of namespaces by a label"])[0].safe == peer(
        {"matchLabels": {"team": "x"}, **requires(SYNCED, "DoesNotExist")}, UNSYNCED
    )
    assert grants(FORGEABLE["pods of a vCluster of this one's name, anywhere"])[0].safe == peer(
        {"matchLabels": {NAME: "ns"}}, OWN
    )


PODS: Final = {"pods": {"cidrs": ["10.1.0.0/16", "34.1.0.0/16"]}}


@pytest.mark.parametrize(
    ("cidr", "safe"),
    [
        ("10.0.0.0/8", block("10.0.0.0/8", "10.1.0.0/16")),
        ("10.1.2.3/32", None),
        ("10.1.0.0/17", None),
        ("34.0.0.0/8", block("34.0.0.0/8", "34.1.0.0/16")),
    ],
)
def test_with_known_addresses_of_pods_those_decide(cidr: str, safe: Json | None) -> None:
    found = grants(block(cidr), **PODS)
    assert [one.safe for one in found] == [safe, safe]
    assert grants(safe, **PODS) == [] if safe else found


@pytest.mark.parametrize("cidr", ["10.9.0.0/16", "172.16.0.0/12", "10.2.0.7/32", "35.0.0.0/8"])
def test_with_known_addresses_of_pods_others_are_no_pods(cidr: str) -> None:
    assert grants(block(cidr), **PODS) == []


def test_addresses_of_the_api_server_are_its_own_by_what_the_user_says() -> None:
    server = {"hostApiServer": {"cidrs": ["10.1.2.0/28"]}}
    assert forgeable_grants(of({"profile": "hardened", **server})) == []
    (found,) = forgeable_grants(of({"profile": "hardened", **server, **PODS}))
    assert found.value == "policies.networkPolicy.hostApiServer"


def test_an_address_of_pods_is_named_even_where_it_is_called_the_api_servers() -> None:
    alone = {"profile": "hardened", "hostApiServer": {"cidrs": ["10.1.2.7/32"]}}
    assert forgeable_grants(of(alone)) == []
    (found,) = forgeable_grants(of({**alone, **PODS}))
    assert found.path == "policies.networkPolicy.hostApiServer"
    assert found.safe is None


@pytest.mark.parametrize(("address", "is_pods"), [("10.1.0.9", True), ("10.2.0.9", False), ("34.2.0.9", False)])
def test_a_fallback_dns_with_an_address_of_pods_is_a_grant(address: str, *, is_pods: bool) -> None:
    given = {"profile": "hardened", "fallbackDns": address}
    assert forgeable_grants(of(given)) == []
    paths = [one.path for one in forgeable_grants(of({**given, **PODS}))]
    assert paths == (["policies.networkPolicy.fallbackDns"] if is_pods else [])
    assert ("      policies.networkPolicy.fallbackDns\n" in notes_of({**given, **PODS})) is is_pods


# Every list of peers under policies.networkPolicy, with what else its grant needs.
LISTS: Final[dict[str, Json]] = {
    "prometheus.from": {"prometheus": {"enabled": True}},
    "controlPlane.apiAccess.from": {"controlPlane": {"apiAccess": {"enabled": True}}},
    "controlPlane.metricsServer.to": {"controlPlane": {"metricsServer": {"enabled": True}}},
    "controlPlane.backingStore.to": {"controlPlane": {"backingStore": {"enabled": True}}},
    "workload.ingressControllers.from": {"workload": {"ingressControllers": {"enabled": True}}},
    "snapshots.objectStorage.to": {"snapshots": {"objectStorage": {"enabled": True}}},
    "controlPlane.webhooks.to": {"profile": "compatible"},
    "hostDns.extra": {},
}


def put(values: Json, path: str, value: Any) -> Json:
    """Return values with a value at a dotted path, as a copy."""
    found = json.loads(json.dumps(values))
    *parents, last = path.split(".")
    here = found
    for key in parents:
        here = here.setdefault(key, {})
    here[last] = value
    return dict(found)


@pytest.mark.parametrize("path", LISTS)
def test_every_named_grant_is_looked_at(path: str) -> None:
    values = put(LISTS[path], path, [SAFE["no synced pod of a namespace"], FORGEABLE["any namespace"]])
    where = "hostDns" if path == "hostDns.extra" else f"{path}[1]"
    assert [one.path for one in forgeable_grants(of(values))] == [f"policies.networkPolicy.{where}"]


@pytest.mark.parametrize("part", ["controlPlane", "workload", "coredns", "snapshots"])
@pytest.mark.parametrize(("way", "side"), [("ingress", "from"), ("egress", "to")])
def test_every_rule_of_the_users_own_is_looked_at(part: str, way: str, side: str) -> None:
    rules = [{side: [SAFE["an address"]]}, {side: [SAFE["an address"], FORGEABLE["any namespace"]]}, {}]
    found = [one.path for one in forgeable_grants(of({part: {way: rules}}))]
    prefix = f"policies.networkPolicy.{part}.{way}"
    assert found == [f"{prefix}[1].{side}[1]", f"{prefix}[2].{side}"]


def test_grants_by_deprecated_names_are_named_as_they_were_written() -> None:
    (found,) = forgeable_grants(of({"extraWorkloadRules": [{"to": [FORGEABLE["any namespace"]]}]}))
    assert found.path == "policies.networkPolicy.extraWorkloadRules[0].to[0]"


def test_a_grant_that_is_off_and_a_project_are_none() -> None:
    off = {"workload": {"ingressControllers": {"enabled": False, "from": [FORGEABLE["any namespace"]]}}}
    assert forgeable_grants(of(off)) == []
    assert forgeable_grants(of({"project": {"name": "p"}, "profile": "hardened"})) == []
    assert forgeable_grants(of({})) == []


def platform(tmp_path: Path, given: Json) -> list[str]:
    path = tmp_path / "values.yaml"
    path.write_text(json.dumps({"platformNetworkPolicy": {"enabled": True, **given}}), encoding="utf-8")
    (subject,) = subjects_of_values(Request((path,), name="a", namespace="ns"))
    return [one.path.removeprefix("platformNetworkPolicy.") for one in forgeable_grants(subject)]


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("https.from", "https.from[0]"),
        ("http.from", "http.from[0]"),
        ("apiServer.peers", "apiServer"),
        ("egress.vclusters.to", "egress.vclusters.to[0]"),
        *((f"egress.{key}.to", f"egress.{key}.to[0]") for key in ("apiServers", "platform", "database")),
    ],
)
def test_every_grant_of_the_platform_is_looked_at(tmp_path: Path, path: str, where: str) -> None:
    values: Json = {"egress": {"enabled": True}}
    if path.startswith("egress"):
        values = put(values, path.replace(".to", ".enabled"), value=True)
    assert platform(tmp_path, put(values, path, [FORGEABLE["any namespace"]])) == [where]
    assert platform(tmp_path, put(values, path, [SAFE["no synced pod of a namespace"]])) == []
    anywhere = platform(tmp_path, put(values, path, [FORGEABLE["no synced pod, anywhere"]]))
    assert anywhere == ([] if path == "egress.vclusters.to" else [where])  # control planes of tenants are its purpose


def test_rules_of_the_users_own_at_the_platform_are_looked_at(tmp_path: Path) -> None:
    rules = [{"to": [SAFE["an address"]]}, {"to": [FORGEABLE["any pod"]]}]
    given = {"ingress": [{"from": [FORGEABLE["any pod"]]}], "egress": {"enabled": True, "rules": rules}}
    assert platform(tmp_path, given) == ["egress.rules[1].to[0]", "ingress[0].from[0]"]
    assert platform(tmp_path, {"apiServer": {"cidrs": ["10.0.0.0/8"]}}) == []


# A second opinion: every pod of another tenant out of a small world, tried one by one.
VALUES: Final = {"app": ("", "envoy", "x"), "team": ("", "x", "y"), MANAGED: ("a", "b", "c"), "release": ("", "x", "a")}
SPACES: Final = (
    ("ns", "own", ""),
    ("vcluster-b", "theirs", ""),
    ("somewhere", "theirs", ""),
    ("made", "made", "release-of-it"),
    ("made", "made", "another-release"),
    ("vcluster-b", "made", "release-of-it"),  # what it is called is the tenant's choice
    ("vcluster-b", "made", "another-release"),
)


def pods_of_tenants() -> Iterator[Pod]:
    """Yield pods that other tenants can make: with what labels, in which namespaces, by the facts about vCluster."""
    for space, kind, home in SPACES:
        teams = {"own": ("", "y"), "theirs": ("", "y"), "made": ("", "x", "y")}[kind]
        for app, team, manager, release, label in itertools.product(*VALUES.values(), teams):
            if (kind == "own" and manager == "a") or (release and kind != "made"):
                continue
            labels = {"app": app, "team": team, "release": release}
            marks = {"vcluster.loft.sh/vcluster-name": manager, SYNCED: home} if kind == "made" else {}
            where = namespace(space, {**({"team": label} if label else {}), **marks})
            own = {key: value for key, value in labels.items() if value}
            yield Pod(where, labels_of({**own, MANAGED: manager, "vcluster.loft.sh/namespace": "default"}))
    yield from pods_without_managed_by()


def pods_without_managed_by() -> Iterator[Pod]:
    """Yield snapshots, and pods that a controller of the host makes with labels of a tenant's choice."""
    for space, kind, home in SPACES:
        marks = {"vcluster.loft.sh/vcluster-name": "b", SYNCED: home} if kind == "made" else {}
        for team in ("", "x", "y") if kind == "made" else ("", "y"):
            where = namespace(space, {**({"team": team} if team else {}), **marks})
            yield Pod(where, labels_of({"app": "vcluster-snapshot"}))
            for labels in itertools.product(*VALUES.values()) if kind != "own" else ():
                chosen = dict(zip(VALUES, labels, strict=True)) | {MANAGED: ""}
                yield Pod(where, labels_of({key: value for key, value in chosen.items() if value}))


PODS_OF_TENANTS: Final = list(pods_of_tenants())


def random_selector(dice: random.Random, keys: Mapping[str, tuple[str, ...]]) -> Json | None:
    """Return a selector of up to two requirements, or none."""
    if dice.random() < 0.2:
        return None
    found = []
    for key in dice.sample(sorted(keys), dice.randint(0, 2)):
        operator = dice.choice(["In", "NotIn", "Exists", "DoesNotExist"])
        values = dice.sample(keys[key], dice.randint(1, len(keys[key]))) if operator in ("In", "NotIn") else []
        found += requires(key, operator, *values)["matchExpressions"]
    return {"matchExpressions": found} if found else {}


def random_peers(count: int) -> Iterator[Json]:
    dice = random.Random(7)  # noqa: S311 - nothing secret
    pods = {"app": ("envoy", "vcluster-snapshot"), MANAGED: ("a", "b"), "release": ("x", "a")}
    spaces = {NAME: ("ns", "vcluster-b", "monitoring"), "team": ("x",), SYNCED: ("release-of-it",)}
    while count:
        given = peer(random_selector(dice, spaces), random_selector(dice, pods))
        if given:
            count -= 1
            yield given


def matched(given: Json) -> bool:
    """Return whether any of the pods matches; namespaces that are named and have vClusters in them are not tried."""
    spec = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [given]}]}
    (rule,) = parse_policy(spec, "ns", "p", "", []).ingress
    return any(selects(rule.peers[0], "ns", pod) for pod in PODS_OF_TENANTS)


def test_the_answer_is_that_of_every_pod_tried_one_by_one() -> None:
    peers = [one for one in random_peers(400) if not _wants_a_tenant_in_monitoring(one)]
    egress = [{"to": [one]} for one in peers]
    subject = of({"workload": {"egress": egress}})
    found = {int(one.path.split("[")[1].split("]")[0]) for one in forgeable_grants(subject)}
    tried = {at for at, one in enumerate(peers) if matched(one)}
    assert found == tried
    assert 50 < len(found) < len(peers) - 30


def _wants_a_tenant_in_monitoring(given: Json) -> bool:
    """Return whether a peer names a namespace and wants a vCluster's pods there: then one is taken to be there."""
    wants = [one for one in (given.get("podSelector") or {}).get("matchExpressions", ()) if one["key"] == MANAGED]
    return any(one["operator"] in ("In", "Exists") for one in wants) and "monitoring" in json.dumps(given)


# What a user sees.
EMPTY_SELECTOR: Final = """\
policies:
  networkPolicy:
    enabled: true
    profile: hardened
    hostApiServer: {cidrs: [10.1.2.0/28]}
    workload:
      ingressControllers:
        enabled: true
        from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: envoy}}}]
"""


@pytest.fixture
def values(tmp_path: Path) -> Path:
    path = tmp_path / "values.yaml"
    path.write_text(EMPTY_SELECTOR, encoding="utf-8")
    return path


def run(*arguments: str | Path) -> tuple[int, str]:
    name, *rest = map(str, arguments)
    command = import_module(f"vcluster_isolation.cli.{name}").command
    result = CliRunner().invoke(command, [*rest, "--name", "a", "--namespace", "ns"])
    return result.exit_code, result.stdout


PATH: Final = "policies.networkPolicy.workload.ingressControllers.from[0]"


def test_prove_names_it_with_the_selector_and_fails_only_with_strict(values: Path) -> None:
    code, text = run("prove", values)
    assert code == 0
    assert f"  {PATH}: pods [app=envoy] in all namespaces\n" in text
    assert '"matchExpressions": [{"key": "vcluster.loft.sh/managed-by", "operator": "DoesNotExist"}]' in text
    assert "pods of other tenants can use what is opened: see below" in text
    assert run("prove", values, "--strict")[0] == 1
    values.write_text(
        EMPTY_SELECTOR.replace("namespaceSelector: {}", f"namespaceSelector: {json.dumps(named('nginx'))}"), "utf-8"
    )
    assert run("prove", values, "--strict")[0] == 0
    assert "other tenants can use" not in run("prove", values)[1]


def test_prove_says_it_in_json_and_junit(values: Path) -> None:
    (found,) = json.loads(run("prove", values, "--output", "json")[1])["vclusters"]
    (grant,) = found["forgeable_grants"]
    assert grant["path"] == PATH
    assert grant["safe_selector"] == peer({"matchLabels": {NAME: "NAMESPACE"}}, {**APP, **UNSYNCED})
    status = {one["name"]: (one["status"], one["forgeable"]) for one in found["claims"]}
    assert status["tenants-to-workloads"] == ("granted", True)
    assert status["control-plane-to-tenants"] == ("granted", False)
    assert f"{PATH}: pods [app=envoy] in all namespaces" in run("prove", values, "--output", "junit")[1]


OPENED: Final = "opened to a pod of another tenant, which counts as a failure with --strict"


def test_strict_fails_by_the_counterexample_where_no_peer_was_named(
    values: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert OPENED not in run("prove", values)[1]  # it is said of the grant
    monkeypatch.setattr("vcluster_isolation.prove.report.forgeable_grants", lambda _: [])
    assert run("prove", values)[0] == 0
    code, text = run("prove", values, "--strict")
    assert code == 1
    assert text.count(OPENED) == 1
    assert "             other's " in text
    (found,) = json.loads(run("prove", values, "--output", "json")[1])["vclusters"]
    assert [one["name"] for one in found["claims"] if one["forgeable"]] == ["tenants-to-workloads"]


@pytest.mark.parametrize(
    "more",
    [
        {"project": {"name": "p"}},
        {"controlPlane": {"egress": [{"to": [SAFE["an address"]]}]}},
        {"workload": {"ingress": [{"from": [SAFE["a namespace by its name"]]}]}},
    ],
)
def test_strict_passes_what_is_for_tenants_or_reaches_none(values: Path, more: Json) -> None:
    policy = {"enabled": True, "profile": "hardened", "hostApiServer": {"cidrs": ["10.1.2.0/28"]}, **more}
    values.write_text(json.dumps({"policies": {"networkPolicy": policy}}), "utf-8")
    code, text = run("prove", values, "--strict")
    assert "granted" in text
    assert (code, OPENED in text) == (0, False), text


def test_check_warns_with_the_line(values: Path) -> None:
    code, text = run("check", values)
    assert code == 0
    assert f"warning: {values}:9: {PATH}: pods [app=envoy] in all namespaces: " in text
    assert run("check", values, "--output", "json")[0] == 0


def test_of_manifests_nothing_is_known_to_be_granted(values: Path, tmp_path: Path) -> None:
    manifests = tmp_path / "manifests.yaml"
    manifests.write_text(run("isolate", values)[1], encoding="utf-8")
    code, text = run("prove", manifests)
    assert code == 1  # what is broken there fails
    assert "other tenants can use" not in text


WARNING: Final = "Pods of other tenants may match these peers"


def notes_of(policy: Json, **root: Any) -> str:
    whole = {"policies": {"networkPolicy": {"enabled": True, **policy}}, **root}
    return template_with_notes(Request(name="a", namespace="ns", inline=json.dumps(whole))).notes


def test_the_notes_name_all_that_prove_does() -> None:
    peers = [*EVERY.values(), *random_peers(160)]
    for first in range(0, len(peers), 10):  # the notes list ten of them
        policy = {"prometheus": {"enabled": True, "from": peers[first : first + 10]}, "profile": "hardened"}
        text = notes_of(policy)
        for one in forgeable_grants(of(policy)):
            assert f"      {one.path}\n" in text, one


def test_the_notes_name_what_the_platform_grants() -> None:
    given = {"enabled": True, "https": {"from": [SAFE["an address"], FORGEABLE["any namespace"]]}}
    assert f"{WARNING}, for a tenant chooses" in notes_of({}, platformNetworkPolicy=given)
    assert "      platformNetworkPolicy.https.from[1]\n" in notes_of({}, platformNetworkPolicy=given)


def test_the_notes_are_quiet_about_the_platforms_way_to_control_planes() -> None:
    reached = {"enabled": True, "to": [FORGEABLE["no synced pod, anywhere"]]}
    given = {"enabled": True, "egress": {"enabled": True, "vclusters": reached}}
    assert "egress.vclusters.to[0]" not in notes_of({}, platformNetworkPolicy=given)
    reached["to"] = [FORGEABLE["any pod"]]
    assert "      platformNetworkPolicy.egress.vclusters.to[0]\n" in notes_of({}, platformNetworkPolicy=given)


@pytest.mark.parametrize(
    "name",
    [
        "a namespace by its name",
        "no synced pod of a namespace",
        "an app of this namespace, not synced",
        "no synced pod of this namespace, and no snapshot",
        "a name that only resembles a tenant's",
        "pods of this vCluster",
        "an address",
    ],
)
def test_the_notes_are_quiet_about_what_is_safe(name: str) -> None:
    assert WARNING not in notes_of({"prometheus": {"enabled": True, "from": [SAFE[name]]}})


def test_the_notes_list_ten_and_count_the_rest() -> None:
    text = notes_of({"prometheus": {"enabled": True, "from": [FORGEABLE["any pod"]] * 12}})
    assert text.count("      policies.networkPolicy.prometheus.from[") == 10
    assert "      and 2 more\n" in text
