"""Tables in Markdown files that a program writes, between marks that stand on lines of their own.

    <!-- generated: values -->
    <!-- /generated -->

What stands between the marks is replaced. `BLOCKS` has the names that there are.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any, TypeAlias, cast

import click
import yaml

from vcluster_isolation import json_forms
from vcluster_isolation.cli.app import app
from vcluster_isolation.cli.ports import markdown
from vcluster_isolation.docs import proof as docs_proof
from vcluster_isolation.errors import IsolationError, Problem
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.netpol.policy_kinds import ANY, MEANINGS, UNKNOWN, PolicyKind, policy_kinds, resource_pattern
from vcluster_isolation.values.renames import read_renames
from vcluster_isolation.vcluster.grant_rows import GrantRow, grant_rows
from vcluster_isolation.vcluster.need_rows import need_rows
from vcluster_isolation.vcluster.ports import read_ports
from vcluster_isolation.wording import dotted, markdown_table, quoted

BEGINS = "<!-- generated: "
"""What the first mark of a block begins with."""

_BEGIN = re.compile(rf"{BEGINS}(.+) -->")
_END = "<!-- /generated -->"
_PROGRAM = "vcluster-isolation"
_WIDTH = 110  # of --help in a README

_Mark: TypeAlias = tuple[int, str | None]  # its line, counted from 0, and the block's name; None where one ends


@dataclass(frozen=True, slots=True)
class Value:
    """A key of values.yaml: its path, its default, and what its `# --` comment says (the form of helm-docs)."""

    path: tuple[str, ...]
    default: Any
    description: str


class Undocumented(IsolationError):
    """A key of values.yaml has no `# --` comment."""


def renew(text: str, name: str) -> tuple[str, list[Problem]]:
    """Return a Markdown text with its generated blocks as they should be, and what is wrong with its marks.

    With problems the text is as it was. One without blocks is a problem, too, for nothing would be checked.
    `name` stands for the file in messages. Raises what making a block raises.
    """
    lines = text.splitlines(keepends=True)
    marks = list(_marks(lines))
    if problems := list(_misplaced(marks, name)):
        return text, problems
    end = "\r\n" if lines[marks[0][0]].endswith("\r\n") else "\n"
    new, done = [], 0
    for (begin, block), (finish, _) in zip(marks[::2], marks[1::2], strict=True):
        content = BLOCKS[str(block)]()
        new += [*lines[done : begin + 1], *(f"{line}{end}" for line in ("", *content, ""))]
        done = finish
    return "".join([*new, *lines[done:]]), []


def _marks(lines: Iterable[str]) -> Iterator[_Mark]:
    """Yield the marks in a text."""
    for number, line in enumerate(lines):
        begin = _BEGIN.fullmatch(line.strip())
        if begin or line.strip() == _END:
            yield number, begin[1] if begin else None


def _misplaced(marks: Sequence[_Mark], name: str) -> Iterator[Problem]:
    """Yield what is wrong with marks."""
    inside: int | None = None
    for number, block in marks:
        if block is None and inside is None:
            yield Problem("", "ends no generated block", "remove it", "docs", name, number + 1)
        if block is not None and inside is not None:
            next_step = f"write {_END} before it"
            yield Problem("", f"begins inside the block of line {inside + 1}", next_step, "docs", name, number + 1)
        if block is not None and block not in BLOCKS:
            known = ", ".join(BLOCKS)
            what, next_step = f"{quoted(block)} is not a generated block", f"use one of {known}"
            yield Problem("", what, next_step, "docs", name, number + 1)
        inside = None if block is None else number
    if inside is not None:
        yield Problem("", "begins a block that does not end", f"write {_END} below", "docs", name, inside + 1)
    if not marks:
        yield Problem("", "has no generated block", f"write <!-- generated: NAME --> and {_END}", "docs", name)


def read_values(chart: Path = CHART) -> list[Value]:
    """Return the keys of the chart's values.yaml, in its order: those that hold no further keys.

    Raises Undocumented with each key that has no `# --` comment right above it.
    """
    text = (chart / "values.yaml").read_text(encoding="utf-8")
    lines, values = text.splitlines(), yaml.load(text, Loader=yaml.CSafeLoader)
    found = [
        Value(path, reduce(getitem, path, values), _description(lines[:line]))
        for path, line in _leaves(yaml.compose(text, Loader=yaml.CSafeLoader))
    ]
    if silent := [dotted(value.path) for value in found if not value.description]:
        raise Undocumented(f"values.yaml has no `# --` comment above {', '.join(silent)}", "write one")
    return found


def _leaves(node: yaml.Node | None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield the path and line of each key below a mapping that holds no further keys."""
    for key, value in cast("yaml.MappingNode", node).value:
        here = (*path, key.value)
        if isinstance(value, yaml.MappingNode) and value.value:
            yield from _leaves(value, here)
        else:
            yield here, key.start_mark.line


def _description(above: Sequence[str]) -> str:
    """Return what the `# --` comment at the end of some lines says, empty if there is none."""
    words: list[str] = []
    for line in reversed(above):
        if not line.lstrip().startswith("#"):
            break
        words.insert(0, line.lstrip().lstrip("#").strip())
        if words[0].startswith("-- "):
            return " ".join(words).removeprefix("-- ")
    return ""


def _values() -> list[str]:
    """Return a table of the chart's values, with the deprecated keys last."""
    rows = [[_code(dotted(value.path)), _code(_json(value.default)), value.description] for value in read_values()]
    rows += [
        [_code(dotted(row.source)), "", f"Deprecated since vCluster {row.since}: now {_code(dotted(row.target))}."]
        for row in read_renames()
    ]
    return markdown_table(["Key", "Default", "Meaning"], rows)


def _renames() -> list[str]:
    """Return a table of the keys that were renamed."""
    rows = [[_code(dotted(row.source)), _code(dotted(row.target)), row.since] for row in read_renames()]
    return markdown_table(["Deprecated", "Now", "Since vCluster"], rows)


def _commands() -> list[str]:
    """Return a table of the commands that do something."""
    leaves = [context for context in _contexts() if not isinstance(context.command, click.Group)]
    rows = [[_code(_usage(context)), context.command.get_short_help_str(limit=_WIDTH)] for context in leaves]
    return markdown_table(["Command", "What it does"], rows)


def _help() -> list[str]:
    """Return what --help says, of the program and of every command."""
    texts = [context.get_help() for context in _contexts()]
    return ["```text", *"\n\n\n".join(texts).splitlines(), "```"]


def _contexts(parent: click.Context | None = None) -> Iterator[click.Context]:
    """Yield the program, and each command below it, as they are when they are called."""
    context = parent or click.Context(app, info_name=_PROGRAM, terminal_width=_WIDTH, **app.context_settings)
    yield context
    group = context.command
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            # A copy: click keeps the help option of whoever called the command first, with or without its group.
            command = copy.copy(cast("click.Command", group.get_command(context, name)))
            vars(command)["_help_option"] = None
            yield from _contexts(click.Context(command, context, info_name=name))


def _usage(context: click.Context) -> str:
    """Return a command's name with its arguments."""
    return " ".join([context.command_path, *context.command.collect_usage_pieces(context)])


def _code(text: str) -> str:
    """Return text as code."""
    return f"`{text}`"


def _json(value: Any) -> str:
    """Return a default in one line."""
    return json.dumps(value, ensure_ascii=False)


def _claims() -> list[str]:
    """Return a table of the claims, and what becomes of them in each profile."""
    rows = [[_code(name), *rest] for name, *rest in docs_proof.claims()]
    return markdown_table(["Claim", "", "compatible", "hardened"], rows)


def _platform_claims() -> list[str]:
    """Return a table of the claims about vCluster Platform."""
    return markdown_table(["Claim", ""], [[_code(name), sentence] for name, sentence in docs_proof.platform_claims()])


def _policy_kinds() -> list[str]:
    """Return a table of the kinds of policies, what each may do, and whether it is evaluated."""
    rows = [_policy_kind(row) for row in policy_kinds()]
    suspicious = "any other kind whose name ends in `Policy`, `Firewall` or `Tier`, and other versions of these kinds"
    rows.append([suspicious, UNKNOWN.enforced_by, f"no; {MEANINGS[UNKNOWN.effect]}", "the cluster", ""])
    return markdown_table(["Kind", "Enforced by", "Evaluated", "Can change traffic of", "Source"], rows)


def _policy_kind(row: PolicyKind) -> list[str]:
    """Return one row of that table."""
    versions = "" if row.versions == (ANY,) else f"/{', '.join(row.versions)}"
    kinds = "all kinds" if row.kinds == (ANY,) else ", ".join(map(_code, row.kinds))
    evaluated = "yes" if row.evaluated else f"no; {MEANINGS[row.effect]}"
    if row.only_with:
        evaluated += f", with one of {', '.join(map(_code, row.only_with))}"
    place = {True: "pods of its namespace", False: "the cluster"}[row.scope == "Namespaced"] if row.matters else ""
    return [f"{_code(row.group + versions)} {kinds}", row.enforced_by, evaluated, place, f"[source]({row.source})"]


def _audit_command() -> list[str]:
    """Return the command that asks a cluster for every object that an audit reads."""
    return [
        "```bash",
        "asked=$(kubectl api-resources --verbs=list --output=name | grep -E \\",
        f"  '{resource_pattern()}' | paste -sd, -)",
        'kubectl get "$asked" --all-namespaces --output=json | vcluster-isolation audit -',
        "```",
    ]


def _needs() -> list[str]:
    """Return a table of the values that need a flow, and what opens it."""
    rows = [
        [
            "<br>".join(_code(one) for one in row.when),
            f"{row.flow}{', TCP ' + ', '.join(map(str, row.ports)) if row.ports else ''}",
            " or ".join(map(_code, row.grants)) or "none: it is not a pod of the host cluster",
            f"{row.since} to {row.until}" if row.until else f"{row.since} on",
        ]
        for row in need_rows()
    ]
    return markdown_table(["Value", "Needs", "Grant under policies.networkPolicy", "vCluster"], rows)


def _grants() -> list[str]:
    """Return a table of the grants of a vCluster."""
    rows = [
        [
            _code(row.path) + (" (on)" if row.on_by_default else ""),
            row.about,
            _ports_of_grant(row),
            _NO_PEERS[row.empty],
        ]
        for row in grant_rows()
        if row.about
    ]
    return markdown_table(["Under policies.networkPolicy", "Opens", "TCP ports", "Without peers"], rows)


def _ports_of_grant(row: GrantRow) -> str:
    """Return the ports of a grant by default, those of each of its rules where they differ."""
    own = ", ".join(str(entry["port"]) for entry in (row.default or {}).get("ports", ())) or "any"
    found = dict.fromkeys(", ".join(map(str, rule.ports)) or own for rule in row.rules)
    return "; ".join(found)


_NO_PEERS: Mapping[str, str] = {
    "refused": "refused",
    "anyone": "anyone",
    "public": "every public address",
    "workloads": "every workload of the vCluster",
    "": "",
}


def _json_forms() -> list[str]:
    """Return a section for each form of `--output json`, with a table of its keys."""
    lines: list[str] = []
    for form in json_forms.forms():
        table = markdown_table(["Key", "Type", "Meaning"], json_forms.rows(form))
        lines += [f"## `{form}`", "", json_forms.description(form), "", *table, ""]
    return lines[:-1]


BLOCKS: Mapping[str, Callable[[], list[str]]] = {
    "values": _values,
    "renames": _renames,
    "commands": _commands,
    "help": _help,
    "connectivity": docs_proof.connectivity,
    "claims": _claims,
    "platform-claims": _platform_claims,
    "policy-kinds": _policy_kinds,
    "audit-command": _audit_command,
    "needs": _needs,
    "grants": _grants,
    "json": _json_forms,
    "ports": lambda: markdown(read_ports()).splitlines(),
}
"""The generated blocks: each a name, and what makes its lines."""
