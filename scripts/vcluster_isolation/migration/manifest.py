"""Migrating values that stand inside a manifest: `spec.template.helmRelease.values` of vCluster Platform's objects.

A VirtualClusterTemplate or VirtualClusterInstance carries a vcluster.yaml as a literal block (`values: |`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import yaml

from vcluster_isolation.errors import Problem
from vcluster_isolation.migration.layout import compose, newline
from vcluster_isolation.migration.migrate import Migration, migrate
from vcluster_isolation.strict_yaml import parse_mapping
from vcluster_isolation.wording import dotted, quoted

_WHERE = ("spec", "template", "helmRelease", "values")
_LITERAL = re.compile(r"\|[+-]?[ \t]*(#.*)?\r?\n")


def migrate_any(text: str, name: str) -> Migration:
    """Migrate a values file, or the values in a manifest; as `migrate`, with lines of the whole file.

    A manifest that holds no values is a problem. Raises InputError when text or values are not strict YAML.
    """
    values = parse_mapping(text, name)
    if not {"apiVersion", "kind"} <= values.keys():
        return migrate(text, name)
    node = _find(text)
    if node is None:
        what = f"is a Kubernetes manifest of kind {quoted(values['kind'])}, not values"
        next_step = f"give a values file, or a manifest that holds one in {dotted(_WHERE)}"
        return Migration(text, problems=(Problem("", what, next_step, "migrate", name),))
    if not _LITERAL.match(text, node.start_mark.index):
        where = node.start_mark.line + 1
        problem = Problem(dotted(_WHERE), "is no literal block", "write it as `values: |`", "migrate", name, where)
        return Migration(text, problems=(problem,))
    return _inside(text, name, node)


def _find(text: str) -> yaml.ScalarNode | None:
    """Return the node that holds values inside a manifest, if there is one."""
    node: Any = compose(text)
    for key in _WHERE:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        node = next((value for name, value in pairs if name.value == key), None)
    return node if isinstance(node, yaml.ScalarNode) else None


def _inside(text: str, name: str, node: yaml.ScalarNode) -> Migration:
    """Migrate the values in a literal block and put them back, as far in as they were."""
    first = node.start_mark.line + 1
    lines = text.splitlines(keepends=True)
    # Empty lines in place of the manifest's first ones let every message count lines of the whole file.
    inner = migrate("\n" * first + node.value, name)
    if inner.text == "\n" * first + node.value:
        return replace(inner, text=text)
    margin = " " * _indent(lines[first:])
    new = [f"{margin}{line}" if line else "" for line in inner.text.splitlines()[first:]]
    end = newline(text)
    after = lines[first + len(node.value.splitlines()) :]
    result = "".join([*lines[:first], end.join(new), end if after or text.endswith("\n") else "", *after])
    return replace(inner, text=result)


def _indent(lines: list[str]) -> int:
    """Return how far in the first line that is not empty stands."""
    return next(len(line) - len(line.lstrip(" ")) for line in lines if line.strip())
