"""What `explain` prints: text for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from textwrap import indent

from vcluster_isolation.netpol.unevaluated import caveats
from vcluster_isolation.proof.explain import Explanation, RuleSaid, SideSaid
from vcluster_isolation.wording import printable


def as_json(found: Explanation) -> str:
    """Return the explanation as one object."""
    doubts = [one.as_dict() for one in found.not_evaluated]
    return json.dumps({**asdict(found), "not_evaluated": doubts}, indent=2)


def text(found: Explanation) -> str:
    """Return the explanation for a terminal."""
    return "\n".join(printable(line) for line in "\n".join(_lines(found)).splitlines())


def _lines(found: Explanation) -> Iterator[str]:
    """Yield its paragraphs: the answer, both sides, what is missing, what it depends on."""
    doubt = "undecided; by the policies that are evaluated " if found.undecided else ""
    yield f"{found.source} => {found.destination} : {doubt}{_answer(found)}"
    for side in found.sides:
        yield from _side(side)
    for one in found.missing:
        yield f"missing: {one.side}, {one.where}{':' if one.yaml else ''}"
        if one.yaml:
            yield indent(one.yaml.rstrip(), "    ")
    yield from (f"note: {one}" for one in (*found.caveats, *caveats(found.not_evaluated)))


def _answer(found: Explanation) -> str:
    """Return whether it is allowed."""
    if found.allowed:
        return f"allowed, {found.ports}"
    if found.asked is None:
        return "denied"
    return f"denied, {found.asked}" + (f" (allowed of it: {found.ports})" if found.ports != "no ports" else "")


def _side(side: SideSaid) -> Iterator[str]:
    """Yield the lines about one side."""
    yield f"  {side.side} of {side.of}: {_governed(side)}"
    yield from (f"    lets through {one.ports} by {_rule(one)}" for one in side.rules)
    yield from (f"    denies {one.ports} by {_rule(one)}" for one in side.denials)
    if side.lacks and not side.denials:
        yield f"    no rule lets {side.lacks.replace('all ports', 'anything')} through"


def _governed(side: SideSaid) -> str:
    """Return which policies have a say on a side."""
    if not side.pod:
        return "addresses, to which no policy applies"
    isolated = f"isolated by {', '.join(side.policies)}" if side.policies else "no policy isolates it"
    return isolated + (f"; governed by {', '.join(side.cluster_policies)}" if side.cluster_policies else "")


def _rule(one: RuleSaid) -> str:
    """Return a rule, what the chart says of it, and the value that put it there."""
    value = f"; put there by {'your ' if one.yours else 'the default of '}{one.value}" if one.value else ""
    return f"{one.policy} {one.rule}" + (f": {one.flow}" if one.flow else "") + value
