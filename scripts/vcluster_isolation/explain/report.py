"""What `explain` prints: text for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from textwrap import indent
from typing import Any, Final

from vcluster_isolation.explain.explain import Explanation, RuleReport, SideReport
from vcluster_isolation.explain.partly import PartReport
from vcluster_isolation.netpol.sets.addresses import address_set
from vcluster_isolation.netpol.unevaluated import caveats
from vcluster_isolation.netpol.words import shorten
from vcluster_isolation.wording import printable

_SHOWN: Final = 12
"""So many CIDRs are shown; JSON has all."""


def as_json(found: Explanation) -> str:
    """Return the explanation as one object."""
    doubts = [one.as_dict() for one in found.not_evaluated]
    sides = [
        {**asdict(side), "rules": _as_dicts(side.rules), "denials": _as_dicts(side.denials)} for side in found.sides
    ]
    return json.dumps({**asdict(found), "sides": sides, "not_evaluated": doubts}, indent=2)


def _as_dicts(rules: Iterable[RuleReport]) -> list[dict[str, Any]]:
    """Return rules, JSON-ready."""
    return [{**one.as_dict(), "ports": one.ports} for one in rules]


def text(found: Explanation) -> str:
    """Return the explanation for a terminal."""
    return "\n".join(printable(line) for line in "\n".join(_lines(found)).splitlines())


def _lines(found: Explanation) -> Iterator[str]:
    """Yield its paragraphs: the answer, both sides, what is missing, what it depends on."""
    doubt = "undecided; by the policies that are evaluated " if found.undecided else ""
    yield f"{found.source} => {found.destination} : {doubt}{_answer(found)}"
    yield from (f"  open:   {_part(one)}" for one in found.open if found.partly)
    yield from (f"  closed: {_part(one)}" for one in found.closed)
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
    verdict = "partly allowed" if found.partly else "denied"
    return verdict if found.asked is None else f"{verdict}, {found.asked}"


def _part(part: PartReport) -> str:
    """Return one part: its ports, and the addresses of the ends as far as not all of them are meant."""
    ends = (("from", part.source), ("to", part.destination))
    return " ".join([part.ports, *(f"{word} {_addresses(cidrs)}" for word, cidrs in ends if cidrs)])


def _addresses(cidrs: Sequence[str]) -> str:
    """Return addresses in few words; of many the first, and how many CIDRs more."""
    words = shorten.addresses(address_set(*cidrs)).split(", ")
    more = len(words) - _SHOWN
    return ", ".join(words) if more <= 0 else f"{', '.join(words[:_SHOWN])} and {more} more"


def _side(side: SideReport) -> Iterator[str]:
    """Yield the lines about one side."""
    yield f"  {side.side} of {side.of}: {_governed(side)}"
    yield from (f"    lets through {rule.ports} by {_rule(rule)}" for rule in side.rules)
    yield from (f"    denies {denial.ports} by {_rule(denial)}" for denial in side.denials)
    if side.lacks and not side.denials:
        where = f" at {_addresses(side.lacks_at)}" if side.lacks_at else ""
        yield f"    no rule lets {side.lacks.replace('all ports', 'anything')} through{where}"


def _governed(side: SideReport) -> str:
    """Return which policies have a say on a side."""
    if not side.pod:
        return "addresses, to which no policy applies"
    isolated = f"isolated by {', '.join(side.policies)}" if side.policies else "no policy isolates it"
    return isolated + (f"; governed by {', '.join(side.cluster_policies)}" if side.cluster_policies else "")


def _rule(one: RuleReport) -> str:
    """Return a rule, what the chart says of it, and the value that put it there."""
    value = f"; put there by {'your ' if one.yours else 'the default of '}{one.value}" if one.value else ""
    return f"{one.policy} {one.rule}" + (f": {one.flow}" if one.flow else "") + value
