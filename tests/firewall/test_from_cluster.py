"""Addresses read from a cluster, by a kubectl that answers from files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.firewall.cases import AZURE, NODE, printed
from vcluster_isolation.errors import InputError, IsolationError, ToolFailed, ToolMissing
from vcluster_isolation.tools import find

NODES = [
    {
        "spec": {"podCIDR": "10.244.0.0/24", "podCIDRs": ["10.244.0.0/24", "fd00:1::/80"]},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": "10.0.0.4"},
                {"type": "InternalIP", "address": "fd00::4"},
                {"type": "ExternalIP", "address": "192.0.2.4"},
                {"type": "Hostname", "address": "a"},
            ]
        },
    },
    {"spec": {"podCIDRs": ["10.244.1.0/24"]}, "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.5"}]}},
    {"spec": {}, "status": {}},
]
SLICES = [
    {"addressType": "IPv4", "endpoints": [{"addresses": ["172.16.0.2"]}, {"addresses": ["172.16.0.9"]}]},
    {"addressType": "IPv6", "endpoints": None},
]
Kubectl = Callable[..., Path]


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kubectl]:
    """Make a kubectl that notes its arguments and prints the answer for nodes or EndpointSlices."""

    def make(nodes: Any = NODES, slices: Any = SLICES, *, text: str | None = None, code: int = 0) -> Path:
        for name, items in (("nodes", nodes), ("endpointslices", slices)):
            answer = json.dumps({"kind": "List", "items": items}) if text is None else text
            (tmp_path / name).write_text(answer, encoding="utf-8")
        program = tmp_path / "kubectl"
        program.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$*" >>{tmp_path}/calls\nfor last; do :; done\ncat "{tmp_path}/$last"\n'
            f"[ {code} = 0 ] || echo 'Forbidden: no' >&2\nexit {code}\n",
            encoding="utf-8",
        )
        program.chmod(0o755)
        monkeypatch.setenv("VCLUSTER_ISOLATION_KUBECTL", str(program))
        find.cache_clear()
        return tmp_path / "calls"

    yield make
    find.cache_clear()


def azure(*words: str) -> str:
    return printed("--provider=azure", *AZURE, "--from-cluster", *words)


def test_sources_and_targets_are_the_clusters(kubectl: Kubectl) -> None:
    kubectl()
    text = azure()
    assert "--source-address-prefixes 172.16.0.2/32 172.16.0.9/32" in text
    assert "--destination-address-prefixes 10.0.0.4/31 10.244.0.0/23" in text
    assert "--source-address-prefixes fd00::4/128 fd00:1::/80" in text
    assert "192.0.2.4" not in text


def test_that_they_change_is_said(kubectl: Kubectl) -> None:
    kubectl()
    assert "# Addresses read from the cluster are those of today" in azure()
    assert "Addresses read" not in azure("--for=dns", "--nodes=10.0.0.0/16")


def test_kubectl_is_asked_for_two_lists_of_the_chosen_cluster(kubectl: Kubectl) -> None:
    calls = kubectl()
    azure("--kubeconfig=my config", "--context=my-context")
    chosen = "--kubeconfig=my config --context=my-context --request-timeout=10s get --output=json"
    assert calls.read_text(encoding="utf-8").splitlines() == [
        f"{chosen} --namespace=default --selector=kubernetes.io/service-name=kubernetes endpointslices",
        f"{chosen} nodes",
    ]


def test_options_count_more_than_the_cluster(kubectl: Kubectl) -> None:
    kubectl()
    text = printed("--provider=aws", "--from-cluster", f"--nodes={NODE}", "--for=platform", "--for=dns")
    assert ('"172.16.0.2/32"' in text, f'"GroupId": "{NODE}"' in text, "10.0.0.4" in text) == (True, True, False)


def test_addresses_of_nodes_are_no_targets_where_rules_are_for_machines(kubectl: Kubectl) -> None:
    kubectl()
    with pytest.raises(
        InputError, match=r'the nodes that vClusters run on; a CIDR such as "10\.0\.0\.4/31" cannot select them'
    ):
        printed("--provider=aws", "--from-cluster", "--for=dns")


def test_a_cluster_that_says_nothing_leaves_everything_missing(kubectl: Kubectl) -> None:
    kubectl([], [])
    with pytest.raises(InputError, match="--api-server: is missing"):
        azure()


def test_kubectls_own_words_are_shown(kubectl: Kubectl) -> None:
    kubectl(code=1)
    with pytest.raises(ToolFailed) as failed:
        azure()
    assert "Forbidden: no; check --kubeconfig and --context, and whether you may list nodes" in str(failed.value)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "no JSON", '{"items": 5}'])
def test_an_answer_that_is_no_list_is_refused(kubectl: Kubectl, text: str) -> None:
    kubectl(text=text)
    with pytest.raises(ToolFailed, match="printed no list of objects"):
        azure()


@pytest.mark.parametrize(
    "nodes", [[{}], [1], ["a"], [{"spec": {}, "status": {"addresses": [{"type": "InternalIP", "address": "$(x)"}]}}]]
)
def test_an_answer_in_another_form_is_refused(kubectl: Kubectl, nodes: Any) -> None:
    kubectl(nodes)
    with pytest.raises(IsolationError, match="kubectl's answer has addresses in a form that the API does not have"):
        azure()


def test_without_kubectl_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("VCLUSTER_ISOLATION_KUBECTL", raising=False)
    find.cache_clear()
    with pytest.raises(ToolMissing, match="kubectl is not installed"):
        azure()
    find.cache_clear()
