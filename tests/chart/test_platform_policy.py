"""The policies around vCluster Platform: what they render, what is refused, what the notes say, and that tests can fail."""

from __future__ import annotations

import re
import shutil
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from allpairspy import AllPairs  # type: ignore[import-untyped]

from tests.chart import oracle_platform, platform_mutants
from tests.chart.injections import INJECTIONS
from tests.chart.matrix import put
from tests.chart.mutants import Mutant
from tests.chart.noticing import is_noticed
from tests.chart.platform_values import EFFECTS, GRANTED, TOGGLES, P, address, everything, guarding, leaving, setting
from tests.chart.rendering import HELMS, Json, inline, isolating, policies, refusals, schema_refusal, text
from vcluster_isolation.check.api_rules import problems
from vcluster_isolation.connectivity.fleet import matrix_of
from vcluster_isolation.helm.notes import Rendered, template_with_notes
from vcluster_isolation.helm.template import CHART, RenderFailed, Request, template
from vcluster_isolation.prove.prove import prove
from vcluster_isolation.subject.inputs import Input
from vcluster_isolation.subject.platform_subject import subjects_of_values
from vcluster_isolation.values import strict_yaml
from vcluster_isolation.vcluster.grant_rows import platform_grant_rows
from vcluster_isolation.vcluster.ports import read_ports

VALUES: Json = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
ROWS = [row for row in read_ports() if row.is_served_by("platform") or row.is_served_by("agent")]


def put_together(setting: Json) -> Json:
    values: Json = guarding()
    for path, value in setting.items():
        put(values, path, value)
    return values


PAIRS = [put_together(dict(zip(TOGGLES, found, strict=True))) for found in AllPairs(list(TOGGLES.values()))]


@pytest.mark.parametrize("number", range(len(PAIRS)))
def test_every_pair_of_settings_renders_what_the_oracle_says(number: int) -> None:
    values = PAIRS[number]
    found = policies(values, which=list(HELMS)[number % 2])
    assert found == oracle_platform.everything(values)
    assert [problem for manifest in found.values() for problem in problems(manifest)] == []


def test_it_is_off_by_default_and_works_without_the_isolation_of_a_vcluster() -> None:
    assert policies({}) == {}
    assert list(policies(guarding())) == ["vc-platform"]
    assert list(policies({**guarding(), "policies": None})) == ["vc-platform"]
    assert list(policies({**guarding(), "policies": {"networkPolicy": None}})) == ["vc-platform"]


def test_policies_of_a_vcluster_are_the_same_beside_it() -> None:
    beside = policies({**isolating(), **everything()})
    assert {name: one for name, one in beside.items() if "platform" not in name} == policies(isolating())


def nodes(values: Json, path: str) -> list[str]:
    below = [one for key, value in values.items() if isinstance(value, dict) for one in nodes(value, f"{path}.{key}")]
    return [path, *below, *(f"{path}.{key}" for key, value in values.items() if not isinstance(value, dict))]


NEEDED = {
    f"{P}.{row.path}.to" for row in platform_grant_rows() if row.empty == "refused" and not (row.default or {})["to"]
}


@pytest.mark.parametrize("path", [path for path in nodes(VALUES[P], P) if path != P])
def test_null_is_the_default_where_everything_is_switched_on(path: str) -> None:
    values = setting(path, None)
    if path in NEEDED:
        assert refusals(values) == [f"{path}: is empty, which would allow every destination; list at least one peer"]
    else:
        assert policies(values) == oracle_platform.everything(values)


def test_the_templates_know_every_default(tmp_path: Path) -> None:
    chart = shutil.copytree(CHART, tmp_path / "chart")
    probe = (
        '{{ $all := include "vcluster-isolation.platform.defaults" (.Files.Get "ports.yaml" | fromYaml) | fromJson }}'
        '{{ include "vcluster-isolation.merge-grants" (list $all (.Files.Get "grants.yaml" | fromYaml).platform) }}'
        "{{ toJson $all }}"
    )
    (chart / "templates" / "probe.yaml").write_text(probe, encoding="utf-8")
    (found,) = strict_yaml.parse_documents(text({}, chart=chart), "probe")
    assert found.value == VALUES[P]


def test_port_numbers_of_the_table_stand_in_no_policy_of_the_platform() -> None:
    code = "".join((CHART / "templates" / name).read_text(encoding="utf-8") for name in platform_mutants.POLICIES)
    assert not re.search(r"\b(?:8443|9443|9444|10443|8080|9090)\b", code)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_port_that_the_table_moves_is_moved_in_the_policy(row: Any, tmp_path: Path) -> None:
    chart = shutil.copytree(CHART, tmp_path / "chart")
    table = (chart / "ports.yaml").read_text(encoding="utf-8")
    assert table.count(f"port: {row.port}\n") == 1
    (chart / "ports.yaml").write_text(table.replace(f"port: {row.port}\n", "port: 4711\n"), encoding="utf-8")

    def ports(of: Path) -> list[int]:
        rules = policies(guarding(), chart=of)["vc-platform"]["spec"]["ingress"]
        return [port["port"] for rule in rules for port in rule["ports"]]

    assert ports(chart) == [4711 if port == row.port else port for port in ports(CHART)]


def test_prometheus_of_the_values_is_the_one_of_the_table() -> None:
    (row,) = (row for row in read_ports() if row.name == "prometheus")
    assert VALUES[P]["prometheus"]["port"] == row.port
    assert dict(row.served_by[0].pod_labels) == oracle_platform.PROMETHEUS["matchLabels"]


def test_agents_serve_every_port_that_their_cluster_needs_and_no_other() -> None:
    for row in ROWS:
        assert row.is_served_by("agent") == (row.agent_cluster != "unused"), row.name
        assert row.is_served_by("platform") == (row.platform_cluster != "unused"), row.name


NOBODY = "is empty, which would allow every destination; list at least one peer"
SWITCH = "is neither true nor false; write one of the two, without quotes"
BITS = "10.0.0.1/31 has bits set beyond its prefix length; write the first address of the network, or /32 for this one address"
BAD, GOOD = ({"ipBlock": {"cidr": f"10.0.0.{first}/31"}} for first in (1, 2))
SWAP = "1 is below port 2; swap the two, or remove endPort"
# What is refused, with the whole refusal, and the nearest thing that is accepted.
REFUSED: dict[str, tuple[Json, str, Json]] = {
    **{
        f"egress.{key}.to, enabled for nobody": (
            leaving(**{key: {"enabled": True, "to": []}}),
            f"{P}.egress.{key}.to: {NOBODY}",
            guarding(egress={key: {"enabled": True, "to": []}}),
        )
        for key in ("vclusters", "apiServers", "platform", "database")
    },
    **{
        f"egress.{key}.ports, for none": (
            leaving(**{key: {"enabled": True, "to": [address(1)], "ports": []}}),
            f"{P}.egress.{key}.ports: names no port, which would mean every one; list the ports that may be reached, "
            "or remove it for the default",
            leaving(**{key: {"enabled": False, "ports": []}}),
        )
        for key in GRANTED
    },
    **{
        f"egress.{key}.ports, for every one of a protocol": (
            leaving(**{key: {"enabled": True, "to": [address(1)], "ports": [{"port": 1}, {}]}}),
            f"{P}.egress.{key}.ports[1]: names no port, which would mean every one; write the port",
            leaving(**{key: {"enabled": True, "to": [address(1)], "ports": None}}),
        )
        for key in GRANTED
    },
    **{
        f"egress.{key}.to, with host bits": (
            leaving(**{key: {"enabled": True, "to": [GOOD, BAD]}}),
            f"{P}.egress.{key}.to[1].ipBlock.cidr: {BITS}",
            leaving(**{key: {"enabled": True, "to": [GOOD]}}),
        )
        for key in GRANTED
    },
    **{
        f"egress.{key}.ports, reversed": (
            leaving(**{key: {"enabled": True, "to": [GOOD], "ports": [{"port": 2, "endPort": 1}]}}),
            f"{P}.egress.{key}.ports[0].endPort: {SWAP}",
            leaving(**{key: {"enabled": True, "to": [GOOD], "ports": [{"port": 1, "endPort": 2}]}}),
        )
        for key in GRANTED
    },
    **{
        f"{key}.{peers}, with host bits": (
            guarding(**{key: {peers: [BAD]}}),
            f"{P}.{key}.{peers}[0].ipBlock.cidr: {BITS}",
            guarding(**{key: {peers: [GOOD]}}),
        )
        for key, peers in (("apiServer", "peers"), ("https", "from"), ("http", "from"))
    },
    "apiServer.cidrs, with host bits": (
        guarding(apiServer={"cidrs": ["10.0.0.0/31", "10.0.0.1/31"]}),
        f"{P}.apiServer.cidrs[1]: {BITS}",
        guarding(apiServer={"cidrs": ["10.0.0.0/31"]}),
    ),
    "ingress, an exception outside": (
        guarding(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["172.16.0.0/12"]}}]}]),
        f"{P}.ingress[0].from[0].ipBlock.except[0]: 172.16.0.0/12 is not inside cidr 10.0.0.0/8; remove it or widen cidr",
        guarding(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.16.0.0/12"]}}]}]),
    ),
    "egress.rules, ports reversed": (
        guarding(egress={"rules": [{}, {"ports": [{"port": 2, "endPort": 1}]}]}),
        f"{P}.egress.rules[1].ports[0].endPort: {SWAP}",
        guarding(egress={"rules": [{}, {"ports": [{"port": 2, "endPort": 2}]}]}),
    ),
    "a resolver, where egress uses it": (
        {**leaving(), "policies": {"networkPolicy": {"hostDns": {"extra": [BAD]}}}},
        f"policies.networkPolicy.hostDns.extra[0].ipBlock.cidr: {BITS}",
        {**guarding(), "policies": {"networkPolicy": {"hostDns": {"extra": [BAD]}}}},
    ),
    "an exception from public addresses, where egress uses it": (
        {**leaving(), "policies": {"networkPolicy": {"workload": {"publicEgress": {"extraExcept": ["10.0.0.1/31"]}}}}},
        f"policies.networkPolicy.workload.publicEgress.extraExcept[0]: {BITS}",
        {**guarding(), "policies": {"networkPolicy": {"workload": {"publicEgress": {"extraExcept": ["10.0.0.1/31"]}}}}},
    ),
    "a label of the policies": (
        {**guarding(), "policies": {"networkPolicy": {"labels": {"a": "-"}}}},
        'policies.networkPolicy.labels["a"]: "-" is not a label value; '
        "use letters, digits, '-', '_' and '.', with a letter or digit at both ends",
        {**guarding(), "policies": {"networkPolicy": {"labels": {"a": "b"}}}},
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusal_is_quoted_whole_and_its_neighbour_accepted(case: str) -> None:
    values, sentence, neighbour = REFUSED[case]
    assert refusals(values) == [sentence]
    assert policies(neighbour)


def test_everything_wrong_is_refused_at_once_beside_what_is_wrong_with_the_vcluster() -> None:
    wrong = leaving(database={"enabled": True}, rules=[{"to": [BAD]}])
    wrong |= isolating(labels={"a": "-"}, prometheus={"enabled": True})
    found = refusals(wrong)
    assert [line.partition(": ")[0] for line in found] == [
        'policies.networkPolicy.labels["a"]',
        "policies.networkPolicy.prometheus.from",
        f"{P}.egress.database.to",
        f"{P}.egress.rules[0].to[0].ipBlock.cidr",
    ]


def at(path: str) -> Any:
    found: Any = VALUES
    for key in path.split("."):
        found = found[key]
    return found


def without_schema(values: Json, chart: Path = CHART) -> list[str]:
    """Return what the chart itself has against values; nothing when it renders, which must be legal manifests then."""
    request = Request(name="a", namespace="ns", chart=chart, inline=inline(values), skip_schema=True)
    try:
        printed = template(request)
    except RenderFailed as failed:
        assert failed.refusals, failed
        return list(failed.refusals)
    found = [document.value for document in strict_yaml.parse_documents(printed, "rendered")]
    assert {one["kind"] for one in found} <= {"NetworkPolicy"}
    return []


@pytest.mark.parametrize("path", [path for path in EFFECTS if isinstance(at(path), bool)])
def test_a_switch_that_is_a_text_is_refused_with_the_schema_skipped(path: str) -> None:
    assert f"{path}: {SWITCH}" in without_schema(setting(path, "false"))


@pytest.mark.parametrize("hostile", INJECTIONS)
def test_no_text_breaks_out_even_with_the_schema_skipped(hostile: str) -> None:
    values = everything()
    put(values, f"{P}.namespace", hostile)
    put(values, f"{P}.prometheus.namespace", hostile)
    put(values, f"{P}.prometheus.podSelector", {"matchLabels": {"app": hostile}})
    put(values, f"{P}.prometheus.port", hostile)
    put(values, f"{P}.apiServer.peers", [{"podSelector": {"matchLabels": {"app": hostile}}}])
    assert without_schema(values) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("namespace", "-a", "does not match pattern"),
        ("prometheus.namespace", "", "does not match pattern"),
        ("prometheus.port", 0, "minimum: got 0, want 1"),
        ("prometheus.port", "web", "got string, want integer"),
        ("prometheus.podSelector", {"app": "x"}, "additional properties 'app' not allowed"),
        ("apiServer.cidrs", ["10.0.0.0"], "does not match pattern"),
        ("https.from", [{}], "minProperties: got 0, want 1"),
        ("ingress", [{"to": []}], "additional properties 'to' not allowed"),
        ("egress.rules", [{"from": []}], "additional properties 'from' not allowed"),
        ("egress.database.ports", [{"port": 65536}], "maximum: got 65,536, want 65,535"),
        ("egress.databases", {}, "additional properties 'databases' not allowed"),
        ("enable", True, "additional properties 'enable' not allowed"),
    ],
)
def test_schema_refuses_in_the_words_of_helm(path: str, value: Any, said: str) -> None:
    assert said in schema_refusal(setting(f"{P}.{path}", value))


def test_values_of_the_firewall_command_may_stand_beside() -> None:
    assert policies({**guarding(), "firewall": {"apiServer": ["10.0.0.0/8"]}}) == policies(guarding())


def shown(values: Json) -> Rendered:
    return template_with_notes(Request(name="a", namespace="ns", inline=inline(values)))


@pytest.mark.parametrize("path", EFFECTS)
def test_every_value_has_an_effect(path: str) -> None:
    assert shown(EFFECTS[path]) != shown(everything())


SAID: dict[str, tuple[Json, Json]] = {
    'NetworkPolicies around vCluster Platform and its agents in namespace "ns":\n  vc-platform\n': (guarding(), {}),
    "NOTHING IS ISOLATED": ({}, guarding()),
    'vc-platform, and vc-platform-prometheus in namespace "monitoring"': (
        guarding(prometheus={"enabled": True, "isolated": True}),
        guarding(prometheus={"isolated": True}),
    ),
    "anyone --> platform, TCP 8443, 9443 and 9444 (platformNetworkPolicy.apiServer)": (
        guarding(),
        guarding(agentOnly=True),
    ),
    "anyone --> platform, TCP 9443 and 9444 (platformNetworkPolicy.apiServer)": (guarding(agentOnly=True), guarding()),
    "kube-apiserver --> platform, TCP 8443, 9443 and 9444": (
        guarding(apiServer={"cidrs": ["10.0.0.1/32"]}),
        guarding(),
    ),
    "so TCP 8443, 9443 and 9444 are open to anyone,\n    tenants among them.": (
        guarding(),
        guarding(apiServer={"peers": [address(1)]}),
    ),
    "anyone --> platform, TCP 10443 (platformNetworkPolicy.https)": (
        guarding(),
        guarding(https={"from": [address(1)]}),
    ),
    "the listed peers (1), agents, control planes of vClusters --> platform, TCP 10443": (
        guarding(https={"from": [address(1)]}),
        guarding(),
    ),
    "the listed peers (2) --> platform, TCP 8080 (platformNetworkPolicy.http)": (
        guarding(http={"from": [address(1), address(2)]}),
        guarding(),
    ),
    "peers of your own ingress rules (1, 1 of them from anywhere) --> platform": (guarding(ingress=[{}]), guarding()),
    "nothing else that comes in:": (guarding(), leaving()),
    "nothing else that comes in or goes out:": (leaving(), guarding()),
    "platform --> anywhere, on any port: egress is off": (guarding(), leaving()),
    "platform --> host DNS": (leaving(), leaving(dns={"enabled": False})),
    "platform --> platform, TCP 10443": (leaving(), {P: {**leaving()[P], "agentOnly": True}}),
    "platform --> the listed peers (1), TCP 8443 (platformNetworkPolicy.egress.vclusters)": (
        leaving(),
        leaving(vclusters={"enabled": False}),
    ),
    "platform --> every public address, TCP 443 (platformNetworkPolicy.egress.licenseServer)": (
        leaving(licenseServer={"enabled": True}),
        leaving(licenseServer={"enabled": True, "to": [address(1)]}),
    ),
    "platform --> Prometheus in monitoring, TCP 9090": (
        {P: {**leaving()[P], "prometheus": {"enabled": True}}},
        guarding(prometheus={"enabled": True}),
    ),
    "platform --> peers of your own egress rules (2, 1 of them to anywhere)": (
        leaving(rules=[{}, {"to": [address(1)]}]),
        leaving(rules=[{"to": [address(1)]}]),
    ),
    "prometheus.isolated is true: where no other policy isolates these pods": (
        guarding(prometheus={"enabled": True, "isolated": True}),
        guarding(prometheus={"enabled": True}),
    ),
    "the platform cannot reach its own API server": (
        leaving(),
        leaving(apiServers={"enabled": True, "to": [address(1)]}),
    ),
    "kubectl get networkpolicy --namespace loft vc-platform": (guarding(namespace="loft"), guarding()),
}


@pytest.mark.parametrize("sentence", SAID)
def test_notes_say_it_when_it_is_true_and_only_then(sentence: str) -> None:
    true, false = SAID[sentence]
    assert sentence in shown(true).notes
    assert sentence not in shown(false).notes


def test_notes_speak_of_both_and_have_no_empty_list_of_warnings() -> None:
    both = shown({**isolating(), **everything()}).notes
    assert both.count("A CNI that enforces NetworkPolicy") == 1
    calm = shown({**isolating(), **setting(f"{P}.prometheus.isolated", False)}).notes
    assert calm.count("WARNINGS:") == 1


SEEN = [
    guarding(),
    everything(),
    setting(f"{P}.agentOnly", True),
    setting(f"{P}.egress.enabled", False),
    setting(f"{P}.prometheus.isolated", False),
    leaving(),
    leaving(licenseServer={"enabled": True}),
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return SEEN as files: what is proved is read from these."""
    folder = tmp_path_factory.mktemp("seen")
    paths = [folder / f"{number}.yaml" for number in range(len(SEEN))]
    for path, values in zip(paths, SEEN, strict=True):
        path.write_text(inline(values), encoding="utf-8")
    return paths


def seen(chart: Path, path: Path) -> Any:
    """Return what is proved of the platform, and who reaches whom; the refusals where the chart has any."""
    try:
        subjects = subjects_of_values(Request((path,), "a", "ns", chart))
    except RenderFailed as failed:
        return failed.refusals
    lines = [(cell.source, cell.destination, cell.text) for cell in matrix_of(Input(subjects)).cells]
    return [(one.claim.name, one.status) for subject in subjects for one in prove(subject)], lines


@cache
def unchanged(path: Path) -> Any:
    return seen(CHART, path)


def seen_otherwise(path: Path, chart: Path) -> bool:
    """Return whether something else is proved of a chart than of ours."""
    return bool(seen(chart, path) != unchanged(path))


@pytest.mark.mutants
@pytest.mark.parametrize("mutant", platform_mutants.every(), ids=lambda mutant: mutant.name)
def test_mutant_changes_a_claim_or_a_flow(
    mutant: Mutant, tmp_path: Path, files: list[Path], request: pytest.FixtureRequest
) -> None:
    chart = shutil.copytree(CHART, tmp_path / "chart")
    mutant.apply(chart)
    assert policies(everything(), chart=chart), "it must render, or it shows nothing"
    checks = {path.name: partial(seen_otherwise, path) for path in files}
    assert is_noticed(mutant, chart, checks, request), mutant.name


def test_each_rule_has_its_mutants() -> None:
    assert len(platform_mutants.every()) > 40
