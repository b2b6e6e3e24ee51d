"""The guard on a real API server: every case, requests made at random, rules left out, and how long it takes."""

from __future__ import annotations

import http.client
import json
import re
import ssl
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.guard import meaning
from tests.guard.cases import CASES, HARDENED, MAPPED, MORE, OPEN, RANGES, Case, compatible
from tests.guard.generated import requests
from tests.guard.host_objects import block, create, own_pods, policy
from tests.guard.judged import guard_of, refusals
from tests.guard.on_api_server import Guarded, Json, Server
from tests.on_cluster import OnCluster

pytestmark = pytest.mark.cluster

MILLISECONDS_5 = 0.005
AT_RANDOM = [HARDENED, compatible(), MORE, RANGES, OPEN, MAPPED]


@pytest.fixture(scope="module")
def server(cluster: OnCluster) -> Iterator[Server]:
    """Return the cluster's API server; guards are in namespaces that no other test has."""
    config = json.loads(cluster.cluster.kubeconfig.read_text(encoding="utf-8"))
    port = int(config["clusters"][0]["cluster"]["server"].rpartition(":")[2])
    tls = ssl.create_default_context(cafile=str(cluster.cluster.folder / "certificates" / "apiserver.crt"))
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=tls, timeout=60)
    own = [("Authorization", f"Bearer {config['users'][0]['user']['token']}"), ("Content-Type", "application/json")]

    def send(method: str, path: str, body: Json | None, headers: Iterable[tuple[str, str]]) -> tuple[int, Json]:
        text = b"" if body is None else json.dumps(body).encode()
        connection.putrequest(method, path)
        for key, value in [*own, ("Content-Length", str(len(text))), *headers]:
            connection.putheader(key, value)
        connection.endheaders(text)
        answer = connection.getresponse()
        data = answer.read()
        return answer.status, json.loads(data) if data.startswith(b"{") else {"text": data.decode()}

    found = Server(send)
    found.prepare()
    yield found
    connection.close()


@pytest.fixture(scope="module")
def guards(server: Server) -> dict[str, Guarded]:
    """Return a namespace with a guard in force for the values of each case, by the values' text."""
    return in_force(server, "case", [values for values, _, _ in CASES.values()])


def in_force(server: Server, name: str, values: Iterable[Json]) -> dict[str, Guarded]:
    distinct = {text_of(each): each for each in values}
    made = {text: server.guard(f"guard-{name}-{at}", each) for at, (text, each) in enumerate(distinct.items())}
    for guarded in made.values():
        refused = next(request for _, request, _ in CASES.values() if meaning.refusals(guarded.values, request))
        server.until(lambda guarded=guarded, refused=refused: server.outcome(guarded, refused), "the guard is in force")
    return made


def text_of(values: Json) -> str:
    return json.dumps(values, sort_keys=True)


@pytest.mark.parametrize("name", CASES)
def test_request_is_refused_or_allowed(name: str, server: Server, guards: dict[str, Guarded]) -> None:
    values, request, said = CASES[name]
    assert server.outcome(guards[text_of(values)], request) in first_of(said)


def first_of(said: str) -> tuple[str, ...]:
    """Return what the API server may say: it names one of the refusals."""
    return tuple(said.split(", "))


def test_300_requests_made_at_random_are_judged_alike_by_the_api_server_and_twice_in_python(server: Server) -> None:
    guarded = in_force(server, "random", AT_RANDOM)
    judged = [(each, request) for at, each in enumerate(guarded.values()) for request in requests(100 + at, 50)]
    wrong = []
    for each, request in judged:
        by_cel, by_meaning = refusals(each.values, request), meaning.refusals(each.values, request)
        found = server.outcome(each, request)
        if by_cel != by_meaning or found not in first_of(by_cel):
            wrong.append((found, by_cel, by_meaning, request))
    assert wrong == []
    assert len(judged) == 300
    assert 50 < sum(bool(refusals(each.values, request)) for each, request in judged) < 250


def test_each_rule_left_out_is_noticed(server: Server) -> None:
    count = len(guard_of(HARDENED)[0]["spec"]["validations"])
    left_out = {at: server.guard(f"guard-without-{at}", HARDENED, without(at)) for at in range(count)}
    unnoticed = [at for at, guarded in left_out.items() if not notices(server, guarded, against(at))]
    assert unnoticed == []
    assert count == 18


def without(at: int) -> Any:
    def change(policy: Json) -> Json:
        validations = [each for number, each in enumerate(policy["spec"]["validations"]) if number != at]
        return {**policy, "spec": {**policy["spec"], "validations": validations}}

    return change


def against(at: int) -> list[Case]:
    """Return the cases that only one validation is against."""
    validation = guard_of(HARDENED)[0]["spec"]["validations"][at]
    said = validation.get("message", "") or validation["messageExpression"].lstrip('"')
    cases = [case for case in CASES.values() if case[0] == HARDENED and case[2]]
    return [case for case in cases if said.startswith(meaning_of(case[2]))]


def meaning_of(name: str) -> str:
    from tests.guard.cases import SAID  # noqa: PLC0415

    return SAID.get(name, name)


def notices(server: Server, guarded: Guarded, cases: list[Case]) -> bool:
    """Whether a guard is in force that allows what it should refuse."""
    other = next(case for case in CASES.values() if case[0] == HARDENED and case[2] and case not in cases and "," not in case[2])
    server.until(lambda: server.outcome(guarded, other[1]), "the guard is in force")
    return any(not server.outcome(guarded, request) for _, request, _ in cases)


def test_request_is_judged_in_less_than_5_ms(server: Server, guards: dict[str, Guarded]) -> None:
    guarded = guards[text_of(HARDENED)]
    rules = [{"to": [block("8.8.8.0/24"), {"podSelector": own_pods()}]} for _ in range(20)]
    before = taken(server.metrics(), guarded)
    for _ in range(20):
        assert server.outcome(guarded, create(policy(egress=rules))) == ""
    seconds, count = (after - was for after, was in zip(taken(server.metrics(), guarded), before, strict=True))
    assert count == 20
    assert seconds / count < MILLISECONDS_5


def taken(metrics: str, guarded: Guarded) -> tuple[float, float]:
    """Return the seconds that a guard took by the API server's own metric, and of how many requests."""
    name = "apiserver_validating_admission_policy_check_duration_seconds"
    found = [
        sum(
            float(line.rpartition(" ")[2])
            for line in metrics.splitlines()
            if re.match(rf'{name}_{part}{{.*policy="vc-guard\.{guarded.space}\.a"', line)
        )
        for part in ("sum", "count")
    ]
    return found[0], found[1]


