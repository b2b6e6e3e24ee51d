"""What `connectivity` prints: one sorted line for each flow, the same as a table, as JSON, or as a picture.

Names of actors and ports are made of legal labels, namespaces and addresses. Titles and values paths are a user's
own words: each form escapes what would mean something in it, and control characters, wherever a text comes from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from vcluster_isolation.connectivity.matrix import Cell, Matrix, Reason
from vcluster_isolation.netpol.unevaluated import caveats
from vcluster_isolation.wording import printable

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~&$@!])")
_MERMAID = re.compile(r"[^A-Za-z0-9 .,_/=+-]")


def text(matrix: Matrix) -> str:
    """Return `workload => control-plane : TCP 8443, TCP+UDP 1053` for each flow, sorted; then what it depends on."""
    return "\n".join([*sorted(map(_line, matrix.cells)), *(f"note: {note}" for note in notes(matrix))])


def notes(matrix: Matrix) -> list[str]:
    """Return what flows depend on that was not evaluated: a sentence a line, each harmless to a terminal."""
    undecided = ["undecided: a policy that is not evaluated may open or close flows"] if matrix.undecided else []
    return [*undecided, *map(printable, caveats(matrix.not_evaluated))]


def _line(cell: Cell) -> str:
    return printable(f"{cell.source} => {cell.destination} : {cell.text}")


def markdown(matrix: Matrix) -> str:
    """Return a table with a row for each flow, and the rules that allow it."""
    head = [f"### {_escaped(matrix.title)}", "", "| source | destination | ports | because of |", "|---|---|---|---|"]
    below = [line for note in notes(matrix) for line in ("", f"Note: {_escaped(note)}")]
    return "\n".join([*head, *(_row(cell) for cell in matrix.cells), *below])


def _row(cell: Cell) -> str:
    """Return one row of the table."""
    because = [_because(reason) for reason in cell.reasons if reason.policy]
    shown = "<br>".join(map(_escaped, because)) or "nothing isolates either"
    return f"| {_escaped(cell.source)} | {_escaped(cell.destination)} | {_escaped(cell.text)} | {shown} |"


def _because(reason: Reason) -> str:
    """Return a rule, the chart's words for it, and the user's value that put it there."""
    more = ", ".join(one for one in (reason.flow, reason.value) if one)
    return f"{reason.policy} {reason.rule}" + (f" ({more})" if more else "")


def _escaped(words: str) -> str:
    """Return words of which Markdown makes nothing else. Source: CommonMark, backslash escapes; GFM, tables."""
    return _MARKDOWN.sub(r"\\\1", printable(words))


def as_json(matrix: Matrix) -> str:
    """Return `{title, undecided, not_evaluated, actors, flows}`; `flows` have the reasons of both sides."""
    actors = [
        {"name": actor.name, "about": actor.about, "own": actor.own, "addresses": actor.addresses.cidrs()}
        for actor in matrix.actors
    ]
    doubts = [policy.as_dict() for policy in matrix.not_evaluated]
    head = {"title": matrix.title, "undecided": matrix.undecided, "not_evaluated": doubts}
    return json.dumps({**head, "actors": actors, "flows": list(map(_flow, matrix.cells))}, indent=2)


def _flow(cell: Cell) -> dict[str, Any]:
    """Return one flow; `ports` are all that may be meant, `text` has the names of ports."""
    reasons = [
        {
            "side": reason.side,
            "policy": reason.policy or None,
            "rule": reason.rule or None,
            "ports": str(reason.ports),
            "flow": reason.flow or None,
            "value": reason.value or None,
        }
        for reason in cell.reasons
    ]
    flow = {"source": cell.source, "destination": cell.destination, "ports": str(cell.ports), "text": cell.text}
    return {**flow, "reasons": reasons}


def mermaid(matrix: Matrix) -> str:
    """Return a flowchart, for Markdown that shows Mermaid; only actors with flows are in it."""
    used = {name for cell in matrix.cells for name in (cell.source, cell.destination)}
    ids = {name: f"a{at}" for at, name in enumerate(actor.name for actor in matrix.actors if actor.name in used)}
    nodes = [f'  {number}["{_quoted(name)}"]' for name, number in ids.items()]
    remarks = [f'  note{at}["{_quoted(one)}"]' for at, one in enumerate(notes(matrix))]
    return "\n".join(["flowchart LR", *nodes, *_arrows(matrix.cells, ids), *remarks])


def _arrows(cells: Sequence[Cell], ids: dict[str, str]) -> Iterator[str]:
    """Yield an arrow for each flow."""
    for cell in cells:
        yield f'  {ids[cell.source]} -->|"{_quoted(cell.text)}"| {ids[cell.destination]}'


def _quoted(words: str) -> str:
    """Return words inside of quotes: everything that could end them is a numeric entity, `#35;` for one."""
    return _MERMAID.sub(lambda one: f"#{ord(one[0])};", printable(words))
