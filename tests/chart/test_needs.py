"""Values that need a flow which is closed: the notes, check and prove say so, and stop when a grant opens it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from tests.chart.rendering import Json, inline
from vcluster_isolation.check.check import check
from vcluster_isolation.claims.needs import needs_claims
from vcluster_isolation.cli.prove import command as prove_command
from vcluster_isolation.docs import blocks as docs
from vcluster_isolation.helm.render_cache import template_with_notes
from vcluster_isolation.helm.template import CHART, Request
from vcluster_isolation.prove.prove import FAILS, HOLDS, Outcome, prove
from vcluster_isolation.subject.render import read_render
from vcluster_isolation.subject.subject import of_render
from vcluster_isolation.tools import PROJECT
from vcluster_isolation.values import layers
from vcluster_isolation.values.chart_instances import instances
from vcluster_isolation.vcluster.need_rows import need_rows, split_term

DATA = PROJECT / "tests" / "data"
SAMPLES: Json = yaml.safe_load((DATA / "needs.yaml").read_text())
KEYS: Json = yaml.safe_load((DATA / "vcluster-keys.yaml").read_text())
CLASSIFIED: dict[str, str] = yaml.safe_load((DATA / "vcluster-keys-classified.yaml").read_text())
ROWS = {row.name: row for row in need_rows()}
OPENABLE = [name for name, row in ROWS.items() if row.grants]
DSN = "controlPlane.backingStore.database.external.dataSource"


def merged(*some: Json) -> Json:
    found: Json = {}
    for one in some:
        found = layers.overlay([found, one])
    return found


def sample(name: str, *, opened: bool = False, profile: str = "compatible", **policy: Any) -> Json:
    """Return the values of a row's sample, with what opens the flow if it is to be `opened`."""
    one = SAMPLES[name]
    base = {"enabled": True, "profile": profile, **policy}
    added = one.get("opens", {}) if opened else {}
    return merged(one["values"], {"policies": {"networkPolicy": merged(base, one.get("policy", {}), added)}})


def judged(values: Json) -> tuple[dict[str, Outcome], str]:
    """Return what becomes of the claims about what values need, by name, and the notes."""
    request = Request(name="a", namespace="ns", inline=inline(values))
    rendered = template_with_notes(request)
    (instance,) = instances(request)
    subject = of_render(request, instance, read_render(rendered.manifests, request.namespace))
    found = prove(subject, needs_claims(subject))
    return {one.claim.name.removeprefix("needs-"): one for one in found}, re.sub(r"\s+", " ", rendered.notes)


@cache
def judged_sample(name: str, *, opened: bool, profile: str = "compatible") -> tuple[dict[str, Outcome], str]:
    return judged(sample(name, opened=opened, profile=profile))


def in_notes(name: str, notes: str) -> bool:
    return f"is set:{' it needs' if ROWS[name].grants else ''} {ROWS[name].flow}" in notes


def test_every_row_has_a_sample() -> None:
    assert list(SAMPLES) == list(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_value_without_a_grant_fails_and_is_in_the_notes(name: str) -> None:
    outcomes, notes = judged_sample(name, opened=False)
    assert outcomes[name].status == FAILS
    assert outcomes[name].claim.advice
    assert in_notes(name, notes)


@pytest.mark.parametrize("name", OPENABLE)
def test_value_with_a_grant_holds_and_is_not_in_the_notes(name: str) -> None:
    outcomes, notes = judged_sample(name, opened=True)
    assert outcomes[name].status == HOLDS
    assert not in_notes(name, notes)


@pytest.mark.parametrize("name", ["external-database", "metrics-server", "oidc-issuer", "ingresses", "service-monitor"])
def test_hardened_profile_needs_and_gives_the_same(name: str) -> None:
    assert judged_sample(name, opened=False, profile="hardened")[0][name].status == FAILS
    assert judged_sample(name, opened=True, profile="hardened")[0][name].status == HOLDS


@pytest.mark.parametrize("name", ["kubevirt", "oidc-issuer", "auto-snapshots", "netris"])
def test_port_of_the_api_server_is_open_while_nobody_says_where_that_is(name: str) -> None:
    values = merged(SAMPLES[name]["values"], {"policies": {"networkPolicy": {"enabled": True}}})
    outcomes, notes = judged(values)
    assert outcomes[name].status == HOLDS
    assert not in_notes(name, notes)


def test_values_that_need_nothing_have_no_claim_and_no_note() -> None:
    others: list[Json] = [
        {},
        {"exportKubeConfig": {"server": "https://localhost:8443"}},
        {"integrations": {"istio": {"enabled": True, "sync": {"toHost": {"gateways": {"enabled": False}}}}}},
        {"experimental": {"deploy": {"vcluster": {"helm": [{"bundle": "x"}]}}}},
        {"controlPlane": {"service": {"spec": {"type": "ClusterIP"}}}},
        {"controlPlane": {"distro": {"k8s": {"apiServer": {"extraArgs": ["--v=2"]}}}}},
        {"integrations": {"anything": ["at", "all"]}, "networking": None, "external": {"platform": []}},
    ]
    for values in others:
        outcomes, notes = judged(merged(values, {"policies": {"networkPolicy": {"enabled": True}}}))
        assert not outcomes
        assert "is set: it needs" not in notes


def external(source: str, **grant: Any) -> Json:
    """Return values with a database at a data source, and a grant."""
    store = {"controlPlane": {"backingStore": {"database": {"external": {"enabled": True, "dataSource": source}}}}}
    return merged(store, {"policies": {"networkPolicy": {"enabled": True, "controlPlane": {"backingStore": grant}}}})


HERE = [{"ipBlock": {"cidr": "10.20.30.40/32"}}]
IN_DATA = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "data"}}}]
TCP_6543 = [{"port": 6543, "protocol": "TCP"}]
DATABASES: dict[str, tuple[Json, str, str]] = {
    "no grant": (external("postgres://u:p@10.20.30.40/db"), FAILS, "with ipBlock 10.20.30.40/32 and TCP 5432"),
    "the default ports, on another": (
        external("postgres://u:p@10.20.30.40:6543/db", enabled=True, to=HERE),
        FAILS,
        "is on, but its ports are TCP 2379, TCP 3306, TCP 5432 and not TCP 6543",
    ),
    "another address": (
        external("postgres://u:p@10.20.30.41:5432/db", enabled=True, to=HERE),
        FAILS,
        "is on, but names other peers: add ipBlock 10.20.30.41/32",
    ),
    "the right address and port": (external("mysql://u:p@tcp(10.20.30.40:3306)/db", enabled=True, to=HERE), HOLDS, ""),
    "a range around it": (
        external("mysql://u:p@tcp(10.20.30.40)/db", enabled=True, to=[{"ipBlock": {"cidr": "10.20.0.0/16"}}]),
        HOLDS,
        "",
    ),
    "a host name, where the grant says it is": (
        external("postgres://db.example.com/x", enabled=True, to=HERE),
        HOLDS,
        "",
    ),
    "a host name on another port": (
        external("postgres://db.example.com:6543/x", enabled=True, to=HERE),
        FAILS,
        "and not TCP 6543",
    ),
    "a Service in the namespace of the grant": (
        external("postgres://pg.data.svc/x", enabled=True, to=IN_DATA),
        HOLDS,
        "",
    ),
    "a Service in another namespace": (
        external("postgres://pg.other.svc/x", enabled=True, to=IN_DATA),
        FAILS,
        "names no pod of namespace other",
    ),
    "a Service, and addresses": (
        external("postgres://pg.data.svc/x", enabled=True, to=HERE),
        FAILS,
        "names no pod of namespace data",
    ),
    "IPv6": (
        external("postgres://u:p@[fd00::7]:5432/db", enabled=True, to=[{"ipBlock": {"cidr": "fd00::/64"}}]),
        HOLDS,
        "",
    ),
    "nothing that can be read": (external("\x00", enabled=False), FAILS, "the addresses or pods that it is"),
}


@pytest.mark.parametrize("name", DATABASES)
def test_database_is_judged_where_the_data_source_says_it_is(name: str) -> None:
    values, status, advice = DATABASES[name]
    outcomes, _ = judged(values)
    found = outcomes["external-database"]
    assert found.status == status
    assert advice in found.claim.advice


def test_each_member_of_an_etcd_is_judged_by_itself() -> None:
    values = external("", enabled=True, to=HERE)
    values["controlPlane"]["backingStore"] = {
        "etcd": {"external": {"enabled": True, "endpoint": "https://10.20.30.40:2379,https://10.20.30.41:2379"}}
    }
    outcomes, _ = judged(values)
    assert {key: one.status for key, one in outcomes.items()} == {"external-etcd": HOLDS, "external-etcd-2": FAILS}


def test_password_of_a_data_source_is_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "v.yaml"
    path.write_text(yaml.safe_dump(external("postgres://user:hunter2@10.20.30.40:6543/db")))
    report = check([path], Request(name="a", namespace="ns"))
    said = "".join(map(str, report.warnings))
    said += CliRunner().invoke(prove_command, [str(path), "--output", "json"]).stdout
    said += judged(external("postgres://user:hunter2@10.20.30.40:6543/db"))[1]
    assert "TCP 6543" in said
    assert "hunter2" not in said


def test_check_warns_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "v.yaml"
    path.write_text("policies:\n  networkPolicy: {enabled: true}\nintegrations:\n  metricsServer:\n    enabled: true\n")
    (found,) = [
        one for one in check([path], Request(name="a", namespace="ns")).warnings if one.where.startswith("integ")
    ]
    assert (found.where, found.file, found.line) == ("integrations.metricsServer.enabled", str(path), 5)
    assert found.what == "needs control plane --> metrics-server of the host cluster, TCP 10250, which is closed"
    assert "turn policies.networkPolicy.controlPlane.metricsServer on" in found.next


def test_prove_fails_and_says_what_to_set(tmp_path: Path) -> None:
    path = tmp_path / "v.yaml"
    path.write_text(
        yaml.safe_dump(sample("metrics-server", profile="hardened", hostApiServer={"cidrs": ["10.1.0.0/28"]}))
    )
    result = CliRunner().invoke(prove_command, [str(path)], catch_exceptions=False)
    assert result.exit_code == 1
    assert "to do: turn policies.networkPolicy.controlPlane.metricsServer on" in result.stdout
    path.write_text(
        yaml.safe_dump(
            sample("metrics-server", opened=True, profile="hardened", hostApiServer={"cidrs": ["10.1.0.0/28"]})
        )
    )
    assert CliRunner().invoke(prove_command, [str(path)], catch_exceptions=False).exit_code == 0


def test_the_example_needs_nothing_that_is_closed() -> None:
    path = PROJECT / "examples" / "vcluster.yaml"
    outcomes, notes = judged(yaml.safe_load(path.read_text()))
    assert set(outcomes) == {"metrics-server", "api-ingress", "ingresses"}
    assert {one.status for one in outcomes.values()} == {HOLDS}
    assert "it needs" not in notes


def keys() -> dict[str, str]:
    """Return every key path of a vcluster.yaml that is pinned, with the first version whose schema has it."""
    found = {key: version for version, some in KEYS["root"].items() for key in some if version != "until-0.31"}
    for parent, versions in KEYS.items():
        if parent != "root":
            found |= {f"{parent}.{key}": version for version, some in versions.items() for key in some}
    return found


def paths_of_rows() -> Iterator[tuple[str, str]]:
    """Yield each path that a row reads, up to its first `*`, with the name of the row."""
    for row in ROWS.values():
        terms = [split_term(term)[0] for one in row.when for term in one.split(" & ")]
        yield from ((path.partition(".*")[0], row.name) for path in (*terms, *row.at, *row.services))


def test_every_key_of_a_vcluster_yaml_was_looked_at() -> None:
    needed = [path for path, _ in paths_of_rows()]
    for key in keys():
        prefixes = [key.rsplit(".", depth)[0] for depth in range(key.count(".") + 1)]
        by_row = any(path == key or path.startswith(f"{key}.") for path in needed)
        assert by_row or any(one in CLASSIFIED or one in needed for one in prefixes), f"{key} is not classified"


def test_every_classification_is_of_a_key_and_of_a_kind_that_is_explained() -> None:
    text = (DATA / "vcluster-keys-classified.yaml").read_text()
    kinds = set(re.findall(r"^#   ([a-z]+) ", text, re.MULTILINE))
    assert set(CLASSIFIED.values()) <= kinds
    for path in CLASSIFIED:
        assert path in keys() or any(key.startswith(f"{path}.") for key in keys()), path


def test_every_path_of_a_row_is_a_key_of_the_version_that_it_names() -> None:
    for path, name in paths_of_rows():
        known = [one for one in keys() if path == one or path.startswith(f"{one}.") or one.startswith(f"{path}.")]
        assert known, f"{name}: {path}"
    for name, row in ROWS.items():
        known = [
            one for path, of in paths_of_rows() if of == name for one in keys() if f"{path}.".startswith(f"{one}.")
        ]
        assert min(keys()[one] for one in known) <= row.since, name


def test_the_table_of_the_documentation_is_fresh() -> None:
    path = PROJECT / "docs" / "needs.md"
    text = path.read_text(encoding="utf-8")
    assert docs.renew(text, path.name) == (text, [])
    assert all(f"`{grant}`" in text for row in ROWS.values() for grant in row.grants)


def test_grants_of_rows_are_values_of_the_chart() -> None:
    policy = layers.chart_defaults(CHART)["policies"]["networkPolicy"]
    for row in ROWS.values():
        for path in row.grants:
            here: Any = policy
            for key in path.split("."):
                here = here[key]
            assert isinstance(here, list) or "enabled" in here


def test_root_keys_stand_up_to_the_newest_version() -> None:
    schema = layers.chart_defaults(CHART).keys() | {"vcluster"}
    accepted = set(yaml.safe_load((PROJECT / "values.schema.json").read_text())["properties"])
    theirs = {key for version, some in KEYS["root"].items() for key in some}
    ours = {"enabled", "vcluster", "platformNetworkPolicy", "isolationTest", "loft", "firewall"}
    assert theirs == accepted - ours
    assert schema <= accepted
