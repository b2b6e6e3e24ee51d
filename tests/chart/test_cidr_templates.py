"""The templates' CIDR arithmetic against Python's `ipaddress`, on random and on nasty input."""

from __future__ import annotations

import ipaddress
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.chart.rendering import HELMS
from vcluster_isolation.helm import template as helm
from vcluster_isolation.tools import PROJECT

PROBE = """
lines:
{{- range .Values.cidrs }}
- {{ include "vcluster-isolation.cidr" . }}
{{- end }}
{{- range .Values.pairs }}
- {{ include "vcluster-isolation.cidr.inside" (list (include "vcluster-isolation.cidr" (index . 0) | fromJson) (include "vcluster-isolation.cidr" (index . 1) | fromJson)) | quote }}
{{- end }}
"""
NASTY = (PROJECT / "tests" / "data" / "cidrs.txt").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a chart that prints what the CIDR templates say of its values."""
    chart = tmp_path_factory.mktemp("probe")
    (chart / "templates").mkdir()
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: probe\nversion: 0.1.0\n", encoding="utf-8")
    for file in ("lib/_cidr.tpl", "validation/_validate.tpl"):  # the second one quotes what the first one refuses
        shutil.copy(helm.CHART / "templates" / file, chart / "templates")
    (chart / "templates" / "probe.yaml").write_text(PROBE, encoding="utf-8")
    return chart


def ask(
    probe: Path, cidrs: list[str], pairs: list[tuple[str, str]], which: str = "helm4"
) -> tuple[list[Any], list[bool]]:
    """Return what the templates parse of `cidrs`, and for each of `pairs` whether the first is inside the second."""
    request = helm.Request(chart=probe, inline=json.dumps({"cidrs": cidrs, "pairs": pairs}))
    printed = helm.template(request, helm=HELMS[which])
    lines = [line.removeprefix("- ") for line in printed.splitlines() if line.startswith("- ")]
    return [json.loads(line) for line in lines[: len(cidrs)]], [line == '"true"' for line in lines[len(cidrs) :]]


def truth(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Return the network that the API server takes `text` for, or None when it refuses it (Kubernetes 1.36)."""
    address, slash, prefix = text.partition("/")
    if not slash or not prefix.isascii() or not prefix.isdigit() or prefix != str(int(prefix)) or "%" in address:
        return None
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        return None
    mapped = isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped is not None
    return None if mapped else network


def check(probe: Path, cidrs: list[str], pairs: list[tuple[str, str]], which: str = "helm4") -> None:
    parsed, inside = ask(probe, cidrs, pairs, which)
    for text, found in zip(cidrs, parsed, strict=True):
        network = truth(text)
        assert (found["problem"] == "") == (network is not None), f"{text}: {found}"
        if network is not None:
            bits = f"{int(network.network_address):0{network.max_prefixlen}b}"
            assert (found["bits"], found["prefix"], found["network"]) == (
                bits,
                network.prefixlen,
                bits[: network.prefixlen],
            )
    for (inner, outer), found in zip(pairs, inside, strict=True):
        one, other = truth(inner), truth(outer)
        legal = one is not None and other is not None and one.version == other.version
        assert found == (legal and one != other and one.subnet_of(other)), f"{inner} in {outer}"  # type: ignore[union-attr, arg-type]


@pytest.mark.parametrize("which", HELMS)
def test_nasty_texts_are_cidrs_exactly_when_the_api_server_takes_them(probe: Path, which: str) -> None:
    accepted = [text for text in NASTY if truth(text)]
    assert 10 < len(accepted) < len(NASTY) - 10, "the list must hold many of both"
    check(probe, NASTY, [], which)


def networks() -> st.SearchStrategy[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Draw networks that often contain one another: few distinct addresses, any prefix."""
    addresses = st.one_of(
        st.sampled_from(["10.0.0.0", "10.128.0.1", "192.168.1.255", "2001:db8::", "2001:db8::ffff:1", "fd00::1", "::"]),
        st.ip_addresses().map(str),
    )
    prefixes = st.integers(0, 128)
    return st.builds(
        lambda a, p: ipaddress.ip_network((a, p if ":" in a else p % 33), strict=False), addresses, prefixes
    )


def spellings(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> st.SearchStrategy[str]:
    """Spell a network in one of the ways that are the same to the API server."""
    return st.sampled_from(
        [str(network), network.exploded, str(network).upper(), network.exploded.replace(":0", ":", 1)]
    )


RANDOM = settings(
    max_examples=settings().max_examples // 4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TEXTS = st.one_of(networks().flatmap(spellings), st.text("0123456789abcdef:./x", max_size=24))
PAIRS = st.tuples(networks().map(str), networks().map(str))


@RANDOM
@given(cidrs=st.lists(TEXTS, min_size=20, max_size=80), pairs=st.lists(PAIRS, min_size=20, max_size=80))
def test_random_networks_are_parsed_and_contain_each_other_as_ipaddress_says(
    probe: Path, cidrs: list[str], pairs: list[tuple[str, str]]
) -> None:
    check(probe, cidrs, pairs)
