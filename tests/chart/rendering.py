"""Rendering for tests: values in, manifests by key out; each distinct render runs once in a process."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from tests.chart.oracle import key_of
from vcluster_isolation.helm import template as helm
from vcluster_isolation.tools import PROJECT
from vcluster_isolation.values import strict_yaml

HELMS = {name: PROJECT / ".tools" / "bin" / name for name in ("helm3", "helm4")}
"""Both pinned helms: the newest 3 and the newest 4. `scripts/test` builds them."""

Json = dict[str, Any]


def policies(
    values: Json, *, name: str = "a", namespace: str = "ns", which: str = "helm4", chart: Path = helm.CHART
) -> dict[str, Json]:
    """Render `values` and return the manifests by key (see the oracle): the name, with a foreign namespace before it.

    Raises RenderFailed when helm or the chart refuses.
    """
    printed = text(values, name=name, namespace=namespace, which=which, chart=chart)
    manifests = [document.value for document in strict_yaml.parse_documents(printed, "rendered")]
    found = {key_of(manifest, namespace): manifest for manifest in manifests}
    assert len(found) == len(manifests), "a manifest is rendered twice"
    return found


def text(
    values: Json, *, name: str = "a", namespace: str = "ns", which: str = "helm4", chart: Path = helm.CHART
) -> str:
    """Render `values` and return what helm printed."""
    return _template(inline(values), name, namespace, which, chart)


def inline(values: Json) -> str:
    """Return `values` as YAML of which every reader makes the same: JSON, but for its pairs of surrogates."""
    return re.sub(r"\\u(d[89ab]..)\\u(d[c-f]..)", _one_character, json.dumps(values))


def _one_character(pair: re.Match[str]) -> str:
    character = bytes.fromhex(pair[1] + pair[2]).decode("utf-16-be")
    return f"\\U{ord(character):08x}"


def refusals(values: Json, *, name: str = "a", which: str = "helm4", chart: Path = helm.CHART) -> list[str]:
    """Return what the chart's own validation has against `values`; nothing when it renders."""
    try:
        text(values, name=name, which=which, chart=chart)
    except helm.RenderFailed as failed:
        assert failed.refusals, failed
        return list(failed.refusals)
    return []


def schema_refusal(values: Json, *, which: str = "helm4") -> str:
    """Return helm's own words when values.schema.json refuses `values`; an empty text when it does not."""
    try:
        text(values, which=which)
    except helm.RenderFailed as failed:
        return failed.stderr
    return ""


def isolating(**policy: Any) -> Json:
    """Return values that isolate, with `policy` under policies.networkPolicy."""
    return {"policies": {"networkPolicy": {"enabled": True, **policy}}}


@cache
def _template(inline: str, name: str, namespace: str, which: str, chart: Path) -> str:
    request = helm.Request(name=name, namespace=namespace, chart=chart, inline=inline)
    return helm.template(request, helm=HELMS[which])
