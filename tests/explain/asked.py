"""Asking `explain`, for tests."""

from __future__ import annotations

from tests.subject.subjects import subject
from vcluster_isolation.explain.explain import Explanation, explain, parse_port
from vcluster_isolation.explain.resolver import find, resolver_of
from vcluster_isolation.subject.inputs import Input
from vcluster_isolation.subject.subject import Subject


def ask(source: str, destination: str, port: str | None = None, of: Subject | Input | str = "default") -> Explanation:
    """Explain a flow in a situation."""
    known = subject(of) if isinstance(of, str) else of
    read = Input([known]) if isinstance(known, Subject) else known
    resolver = resolver_of(read, (source, destination))
    return explain(resolver, find(source, resolver), find(destination, resolver), parse_port(port) if port else None)
