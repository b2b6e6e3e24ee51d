"""A values file, and what it renders, is read once for a request, whoever asks about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from vcluster_isolation.check.check import check
from vcluster_isolation.helm.template import CHART, Request, template
from vcluster_isolation.migration.manifest import migrate_any
from vcluster_isolation.prove.prove import prove
from vcluster_isolation.subject.inputs import read_input
from vcluster_isolation.values.strict_yaml.reader import Reader

# A grant, so that the policies by default are rendered as well.
VALUES = """policies:
  networkPolicy:
    enabled: true
    workload: {egress: [{to: [{ipBlock: {cidr: 10.20.30.40/32}}]}]}
"""


@pytest.fixture
def values(tmp_path: Path) -> Path:
    path = tmp_path / "values.yaml"
    path.write_text(VALUES, encoding="utf-8")
    return path


def rendered(values: Path) -> str:
    return template(Request((values,), "a", "ns"))


def proved(values: Path) -> None:
    for subject in read_input([values], name="a", namespace="ns", chart=CHART).subjects:
        prove(subject)


def checked(values: Path) -> None:
    assert check([values], Request(name="a", namespace="ns")).problems == []


@pytest.mark.parametrize("ask", [proved, checked])
def test_values_and_what_they_render_are_read_once(
    ask: Callable[[Path], None], values: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: Counter[str] = Counter()
    composed: Counter[str] = Counter()
    reads, composes = Reader.read, yaml.compose_all
    monkeypatch.setattr(Reader, "read", lambda self, text: (read.update([text]), reads(self, text))[1])
    monkeypatch.setattr(yaml, "compose_all", lambda text, **more: (composed.update([text]), composes(text, **more))[1])
    ask(values)
    manifests = rendered(values)
    assert (read[VALUES], read[manifests], composed[manifests]) == (1, 1, 0)
    assert [count for text, count in read.items() if "kind: NetworkPolicy" in text] == [1] * (1 + (ask is proved))


def test_a_file_that_is_migrated_is_read_once_for_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    read: Counter[tuple[str, bool]] = Counter()
    reads = Reader.read
    monkeypatch.setattr(Reader, "read", lambda self, text: (read.update([(text, self._track)]), reads(self, text))[1])
    text = "policies: {networkPolicy: {enabled: true, outgoingConnections: {ipBlock: {cidr: 0.0.0.0/0}}}}\n"
    migrate_any(text, "values.yaml")
    assert read[text, False] == 1
