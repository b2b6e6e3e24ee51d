"""What a chart rendered, read once: its text, its objects, its policies, and why each rule is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from vcluster_isolation.errors import InputError
from vcluster_isolation.helm.rule_notes import RuleId, RuleNote, rule_notes
from vcluster_isolation.kubernetes.names import name_of
from vcluster_isolation.kubernetes.twins import rendered_twice, source_of
from vcluster_isolation.netpol.objects.tiers import PolicySet
from vcluster_isolation.netpol.parse.parse import Cluster, parse_cluster
from vcluster_isolation.values.chart_instances import Instance
from vcluster_isolation.values.strict_yaml import Stream, parse_stream

NAME: Final = "the rendered manifests"
"""What messages call them."""


@dataclass(frozen=True, slots=True)
class Render:
    """What a chart rendered: `cluster` is what its objects describe, `sources` the template of each document."""

    stream: Stream
    sources: tuple[str, ...]
    cluster: Cluster

    @property
    def text(self) -> str:
        """The manifests."""
        return self.stream.text

    def notes_of(self, instance: Instance) -> Mapping[RuleId, RuleNote]:
        """Return what an instance of this chart says of each of its rules."""
        own = {
            number: document.value
            for number, document in enumerate(self.stream.documents)
            if instance.made(self.sources[number])
        }
        return rule_notes(self.text, own, self.stream.lines, instance.path)


def read_stream(text: str) -> Stream:
    """Return the objects in what a chart rendered, with all lines. Raises InputError for what is not YAML."""
    return parse_stream(text, NAME, track=True)


def read_render(rendered: str | Stream, namespace: str) -> Render:
    """Return what a chart rendered for a release in a namespace: a text, or what was read of it.

    Raises InputError for what cannot be read, and for two objects of one name, of which a cluster keeps one.
    """
    stream = read_stream(rendered) if isinstance(rendered, str) else rendered
    values = stream.values
    sources = tuple(source_of(stream.text, document.line) for document in stream.documents)
    twice = list(rendered_twice(values, list(map(name_of, values)), sources, namespace))
    cluster = parse_cluster(values, home=namespace)
    if problems := twice or cluster.problems:
        raise InputError(problems)
    return Render(stream, sources, cluster)


def later(text: Callable[[], str], namespace: str) -> Callable[[], PolicySet]:
    """Return what gives the policies of a text that is rendered and read when they are first asked for, once.

    It raises what `text` and `read_render` raise.
    """

    def policies() -> PolicySet:
        cluster = read_render(text(), namespace).cluster
        return cluster.policies, cluster.tiers

    return cache(policies)
