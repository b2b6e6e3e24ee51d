"""What `diff` prints: changes with the same cause and ports in one row, as text, markdown or JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from vcluster_isolation.diff.causes import Causes
from vcluster_isolation.diff.changes import NEUTRAL, Change, ChangeEndpoint, kind
from vcluster_isolation.netpol.objects.model import External
from vcluster_isolation.netpol.sets.addresses import AddressSet
from vcluster_isolation.netpol.sets.ports import PortSet
from vcluster_isolation.netpol.unevaluated import UnevaluatedPolicy, caveats
from vcluster_isolation.netpol.words import shorten
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.wording import printable

_One = TypeVar("_One")


@dataclass(frozen=True, slots=True)
class Row:
    """Flows that were opened, or closed: everybody of `sources` to everybody of `destinations`, and why.

    `causes` are the rules that are there on one side of the change only (see `diff_causes.py`).
    """

    opened: bool
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    ports: PortSet
    causes: tuple[str, ...]

    def __str__(self) -> str:
        """Return `workload => 10.20.30.40/32 : TCP 5432`."""
        return f"{', '.join(self.sources)} => {', '.join(self.destinations)} : {shorten.ports(self.ports)}"


@dataclass(frozen=True, slots=True)
class Difference:
    """What a change does to one vCluster. `text` says that the manifests differ at all.

    `not_evaluated` are the policies of both sides that were not evaluated and may make it another change. `where` says
    which object has it.
    """

    name: str
    namespace: str
    kind: str
    rows: tuple[Row, ...]
    text: bool
    not_evaluated: tuple[UnevaluatedPolicy, ...] = ()
    where: str = ""

    @property
    def undecided(self) -> bool:
        """Whether it may be another change."""
        return bool(self.not_evaluated)


def difference(before: Subject, after: Subject, found: Sequence[Change]) -> Difference:
    """Return what `changes` found, in rows."""
    named = Causes(before, after)
    causes = {id(change): named.of(change) for change in found}
    rows: list[Row] = []
    by_flow = _grouped(found, lambda one: (one.opened, one.ports, causes[id(one)], _key(one.destination)))
    wide = _grouped(
        by_flow,
        lambda group: (group[0].opened, group[0].ports, causes[id(group[0])], tuple(_key(one.source) for one in group)),
    )
    for groups in wide:
        first = groups[0][0]
        sources = _names([one.source for one in groups[0]])
        destinations = _names([group[0].destination for group in groups])
        rows.append(Row(first.opened, sources, destinations, first.ports, causes[id(first)]))
    texts = (before.manifests, after.manifests)
    rules = ((one.policies, one.tiers) for one in (before, after))
    differ = texts[0] != texts[1] if all(texts) else len(set(rules)) > 1
    where = after.where or before.where
    return Difference(
        after.name, after.namespace, kind(found), tuple(rows), differ, tuple(_doubts(before, after)), where
    )


def _doubts(before: Subject, after: Subject) -> Iterator[UnevaluatedPolicy]:
    """Yield the policies of two sides that are not evaluated and may open or close a flow by the change.

    None where both sides are the same. One that is confined to a namespace elsewhere, is the same on both sides and has
    no policies beside it that are evaluated closes or opens the same as before: the change is on the vCluster's side.
    """
    sides = (before, after)
    if len({(side.policies, side.tiers, side.not_evaluated) for side in sides}) == 1:
        return
    near = {space for side in sides for space in side.spaces}
    near |= {policy.namespace for side in sides for policy in side.policies}
    anywhere = any(side.namespace_sync or side.tiers for side in sides)
    both = set(before.not_evaluated) & set(after.not_evaluated)
    told: set[str] = set()
    for one in sorted({*before.not_evaluated, *after.not_evaluated}):
        counts = one.changes and (anywhere or one not in both or one.concerns(near))
        if counts and str(one) not in told:
            told.add(str(one))
            yield one


def notes(one: Difference) -> list[str]:
    """Return what a difference depends on that was not evaluated, a sentence a line."""
    first = ["undecided: a policy that is not evaluated may make this another change"] if one.undecided else []
    return [*first, *map(printable, caveats(one.not_evaluated))]


def _grouped(items: Iterable[_One], key: Callable[[_One], Hashable]) -> list[list[_One]]:
    """Return items with equal keys together, in the order in which the keys come first."""
    groups: dict[Hashable, list[_One]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return list(groups.values())


def _key(end: ChangeEndpoint) -> Hashable:
    """Return what is equal for ends that are written the same."""
    return end.end.addresses if isinstance(end.end, External) and not end.end.node else str(end)


def _names(ends: Sequence[ChangeEndpoint]) -> tuple[str, ...]:
    """Return the names of ends, addresses put together."""
    names = dict.fromkeys(printable(str(end)) for end in ends if not _is_address(end))
    found = [end for end in ends if _is_address(end)]
    total = AddressSet()
    for end in found:
        total |= end.end.addresses
    named = [str(end) for end in found if str(end) == str(end.who) and end.end.addresses == total]
    return (*names, *(named or [shorten.addresses(total)])) if found else tuple(names)


def _is_address(end: ChangeEndpoint) -> bool:
    """Return whether an end is addresses that can be put together with others."""
    return isinstance(end.end, External) and not end.end.node


def text(found: Iterable[Difference]) -> str:
    """Return the report for a terminal: `+` is opened, `-` is closed."""
    return "\n".join(line for one in found for line in _lines(one))


def _lines(one: Difference) -> Iterator[str]:
    """Yield the lines about one vCluster."""
    where = f" ({printable(one.where)})" if one.where else ""
    yield f"{one.kind}: vCluster {printable(one.name)} in namespace {printable(one.namespace)}{where}{_remark(one)}"
    for row in one.rows:
        yield f"  {'+' if row.opened else '-'} {row}"
        yield f"      by {', '.join(row.causes)}"
    yield from (f"  note: {note}" for note in notes(one))


def _remark(one: Difference) -> str:
    """Return why nothing is listed."""
    if one.kind != NEUTRAL:
        return ""
    return ": the manifests differ, and every flow is what it was" if one.text else ": the manifests are the same"


def markdown(found: Iterable[Difference]) -> str:
    """Return the report for a comment on a pull request."""
    return "\n".join(line for one in found for line in _markdown(one))


def _markdown(one: Difference) -> Iterator[str]:
    """Yield the lines about one vCluster."""
    where = f" (`{_code(one.where)}`)" if one.where else ""
    yield f"### `{_code(one.name)}` in `{_code(one.namespace)}`{where}: **{one.kind}**{_remark(one)}\n"
    for opened, title in ((True, "Opened"), (False, "Closed")):
        rows = [row for row in one.rows if row.opened == opened]
        if rows:
            yield f"#### {title}\n\n| from | to | ports | by |\n|---|---|---|---|"
            for row in rows:
                cells = (row.sources, row.destinations, (shorten.ports(row.ports),), row.causes)
                yield "| " + " | ".join("<br>".join(f"`{_code(part)}`" for part in cell) for cell in cells) + " |"
            yield ""
    yield from (f"Note: `{_code(note)}`\n" for note in notes(one))


def _code(given: str) -> str:
    """Return text that cannot leave a code span in a table."""
    return printable(given).replace("`", "'").replace("|", "¦")


def as_json(found: Iterable[Difference]) -> str:
    """Return a list of objects with `name`, `namespace`, `where` (an object), `verdict`, `text_changed`, `changes`.

    `undecided` says that policies which are `not_evaluated` may make it another change.
    """
    return json.dumps([_json(one) for one in found], indent=2)


def _json(one: Difference) -> dict[str, Any]:
    """Return one difference, JSON-ready."""
    rows = [
        {
            "change": "opened" if row.opened else "closed",
            "sources": list(row.sources),
            "destinations": list(row.destinations),
            "ports": str(row.ports),
            "causes": list(row.causes),
        }
        for row in one.rows
    ]
    return {
        "name": one.name,
        "namespace": one.namespace,
        "where": one.where or None,
        "verdict": one.kind,
        "text_changed": one.text,
        "changes": rows,
        "undecided": one.undecided,
        "not_evaluated": [policy.as_dict() for policy in one.not_evaluated],
    }
