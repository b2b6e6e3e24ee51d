"""What a rendered guard says of a request, by the names of its refusals."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from tests.chart.rendering import Json, policies
from tests.guard.admission import Judge, Request
from tests.guard.cases import SAID
from vcluster_isolation.helm.template import CHART


def guard_of(values: Json, chart: Path = CHART) -> tuple[Json, Json]:
    """Return the policy and the binding that values render."""
    return _guard(json.dumps(values, sort_keys=True), chart)


def refusals(values: Json, request: Request, chart: Path = CHART) -> str:
    """Return the names of the refusals, joined; the empty text where the request is allowed."""
    return ", ".join(map(named, _judge(json.dumps(values, sort_keys=True), chart).refusals(request)))


def named(message: str) -> str:
    """Return the name of the refusal that has this message."""
    found = [name for name, start in SAID.items() if message.startswith(start)]
    return found[0] if found else message


@cache
def _guard(text: str, chart: Path) -> tuple[Json, Json]:
    found = policies(json.loads(text), chart=chart)
    return found["vc-guard.ns.a"], found["vc-guard.ns.a (binding)"]


@cache
def _judge(text: str, chart: Path) -> Judge:
    return Judge(*_guard(text, chart))
