"""What `prove` prints: text for people, JSON for programs, JUnit XML for CI systems.

JUnit and not SARIF: a claim is a test case, and every CI system shows those that hold beside those that fail, where
SARIF has results only for what is wrong, and wants a line of source code for each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from xml.etree import ElementTree as ET

from vcluster_isolation.claims.claims import AVAILABILITY, ISOLATION
from vcluster_isolation.errors import EXIT_OK, EXIT_PROBLEMS, EXIT_UNDECIDED
from vcluster_isolation.netpol.objects.model import Endpoint, External, Origin
from vcluster_isolation.netpol.unevaluated import caveats, listed
from vcluster_isolation.netpol.words import shorten
from vcluster_isolation.prove import assumptions, forgeable
from vcluster_isolation.prove.example import Example
from vcluster_isolation.prove.forgeable import ForgeableGrant, forgeable_grants, is_forgeable
from vcluster_isolation.prove.opened_to import opened_to_tenants
from vcluster_isolation.prove.prove import (
    CLOSED,
    FAILS,
    GRANTED,
    HOLDS,
    KNOWN_GAP,
    NO_SUBJECT,
    UNDECIDED,
    Outcome,
)
from vcluster_isolation.subject.said_rule import SaidRule
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.vcluster.actor_ref import ActorRef
from vcluster_isolation.wording import printable, printable_lines

Proof = tuple[Subject, Sequence[Outcome]]
"""A subject, and what became of each claim about it."""

_MEANINGS = {
    GRANTED: "opened on purpose by",
    CLOSED: "closed on purpose by",
    KNOWN_GAP: "left open:",
    NO_SUBJECT: "what it speaks of is not in the host cluster",
}


def text(proofs: Iterable[Proof], *, verbose: bool = False) -> str:
    """Return the report for people: a line a claim, below a failing one its smallest counterexample.

    `verbose` adds how many classes of labels and addresses, and how many pairs of them, each claim was checked for.
    """
    return "\n".join(line for subject, outcomes in proofs for line in _lines(subject, outcomes, verbose=verbose))


def _lines(subject: Subject, outcomes: Sequence[Outcome], *, verbose: bool) -> Iterator[str]:
    """Yield the lines about one subject."""
    yield printable(subject.title)
    yield from map(printable, caveats(subject.not_evaluated))
    usable = forgeable_grants(subject)
    for kind in (ISOLATION, AVAILABILITY):
        yield f"\n{kind}"
        for outcome in (
            outcome for outcome in outcomes if outcome.claim.kind == kind and not _of_a_value_that_is_off(outcome)
        ):
            covered = f"  {_covered(outcome)}" if verbose else ""
            yield f"  {outcome.status:<9} {outcome.claim.name}: {outcome.claim.sentence}{covered}".rstrip()
            yield from (f"              {line}" for line in _why(subject, outcome))
            if outcome.status == GRANTED and is_forgeable(outcome.keys, usable):
                yield "              pods of other tenants can use what is opened: see below"
            elif opened_to_tenants(subject, outcome):
                yield "              opened to a pod of another tenant, which counts as a failure with --strict"
    yield from map(printable_lines, forgeable.lines(usable))
    counts = {status: sum(outcome.status == status for outcome in outcomes) for status in _COUNTED}
    yield "\n" + ", ".join(f"{number} {_COUNTED[status]}" for status, number in counts.items() if number) + "\n"


_COUNTED = {
    HOLDS: "hold",
    FAILS: "fail",
    GRANTED: "opened by your values",
    CLOSED: "closed by your values",
    KNOWN_GAP: "left open",
    UNDECIDED: "undecided",
}


def _of_a_value_that_is_off(outcome: Outcome) -> bool:
    """Return whether a claim is about a grant that no value turns on: there are many."""
    return outcome.status == NO_SUBJECT and bool(outcome.claim.value)


def _covered(outcome: Outcome) -> str:
    """Return what was gone through, in brackets; nothing for a claim that does not apply."""
    if outcome.status == NO_SUBJECT:
        return ""
    return f"[{outcome.labels} label and {outcome.addresses} address classes, {outcome.pairs} pairs]"


def _why(subject: Subject, outcome: Outcome) -> Iterator[str]:
    """Yield why a claim does not simply hold."""
    if outcome.status == UNDECIDED:
        yield printable(f"not evaluated, and could break it: {listed(outcome.undecided_by)}")
    if outcome.assumes:
        yield assumptions.line(outcome.assumes)
    if outcome.status in _MEANINGS:
        yield printable(f"{_MEANINGS[outcome.status]} {', '.join(outcome.keys)}".rstrip())
    if outcome.status == FAILS and outcome.claim.advice:
        yield printable(f"to do: {outcome.claim.advice}")
    found = outcome.counterexample
    if found is None or outcome.status == CLOSED:
        return
    reaches = "reaches" if outcome.claim.kind == ISOLATION else "does not reach"
    yield f"{_end(found.source, found.ends[0], found.addresses[0])} {reaches}"
    yield f"{_end(found.destination, found.ends[1], found.addresses[1])} on {_ports(found)}"
    yield from (f"by {_rule(subject, origin)}" for origin in _shown(subject, found))
    yield from (f"denied by {_rule(subject, origin)}" for origin in found.denials)


def _said(subject: Subject, origin: Origin) -> SaidRule:
    """Return a rule as the report names it."""
    return subject.said(origin, {origin.namespace})


def _rule(subject: Subject, origin: Origin) -> str:
    """Return a rule, and what the chart says of it."""
    said = _said(subject, origin)
    return printable(f"{said.policy} {said.rule}" + (f": {said.flow}" if said.flow else ""))


def _ports(found: Example) -> str:
    """Return an example of the ports, and how many more there are."""
    protocol, number = found.ports.example()
    every = shorten.ports(found.ports)
    return every if every in {f"{protocol} {number}", "all ports"} else f"{protocol} {number} (in all: {every})"


def _end(who: ActorRef, end: Endpoint, address: str) -> str:
    """Return an end of a counterexample with its labels and namespace, or its address."""
    if isinstance(end, External):
        return (
            str(who)
            if address in str(who) and end.addresses.cidrs() in ([f"{address}/32"], [f"{address}/128"])
            else f"{who}, for example {address}"
        )
    labels = ", ".join(f"{key}: {value}" for key, value in sorted(end.labels)) or "no labels"
    return printable(f"{who} {{{labels}}} in namespace {end.namespace.name}")


def _shown(subject: Subject, found: Example) -> tuple[Origin, ...]:
    """Return the rules to show: those of the policies that were given, or else the symbolic tenants'."""
    given = {(policy.namespace, policy.name) for policy in subject.policies} | {
        ("", tier.name) for tier in subject.tiers
    }
    return tuple(origin for origin in found.rules if (origin.namespace, origin.policy) in given) or found.rules


def as_json(proofs: Iterable[Proof]) -> str:
    """Return one object: `ok` (nothing fails, or is undecided), and for each vCluster `not_evaluated` and `claims`.

    The former are the policies that the evaluator does not read, of the latter each has status, counts and
    counterexample, and in `undecided_by` the names of those policies that could break it.
    """
    found = [(subject, outcomes) for subject, outcomes in proofs]
    vclusters = [
        {
            "subject": subject.kind,
            "name": subject.name,
            "namespace": subject.namespace,
            "not_evaluated": [policy.as_dict() for policy in subject.not_evaluated],
            "where": subject.where or None,
            "claims": [_claim(subject, outcome, usable) for outcome in outcomes],
            "forgeable_grants": [grant.as_dict() for grant in usable],
        }
        for subject, outcomes in found
        for usable in [forgeable_grants(subject)]
    ]
    return json.dumps({"ok": exit_code(found) == EXIT_OK, "vclusters": vclusters}, indent=2)


def exit_code(proofs: Iterable[Proof], *, strict: bool = False) -> int:
    """Return the exit code: EXIT_PROBLEMS if a claim fails, else EXIT_UNDECIDED if one is undecided, else EXIT_OK."""
    found = list(proofs)
    undecided = any(outcome.status == UNDECIDED for _, outcomes in found for outcome in outcomes)
    return EXIT_PROBLEMS if any_failed(found, strict=strict) else EXIT_UNDECIDED if undecided else EXIT_OK


def any_failed(proofs: Sequence[Proof], *, strict: bool = False) -> bool:
    """Return whether any claim fails that the user did not grant or close.

    `strict` counts those left open as well, grants that other tenants can use, and claims whose counterexample is
    a flow that a grant opens to a pod of another tenant.
    """
    bad = {FAILS, KNOWN_GAP} if strict else {FAILS}
    return any(outcome.status in bad for _, outcomes in proofs for outcome in outcomes) or (
        strict
        and any(
            forgeable_grants(subject) or any(opened_to_tenants(subject, outcome) for outcome in outcomes)
            for subject, outcomes in proofs
        )
    )


def _claim(subject: Subject, outcome: Outcome, usable: Sequence[ForgeableGrant]) -> Mapping[str, Any]:
    """Return what became of one claim, JSON-ready; `usable` are the grants that other tenants can use."""
    found = outcome.counterexample
    return {
        "name": outcome.claim.name,
        "type": outcome.claim.kind,
        "sentence": outcome.claim.sentence,
        "status": outcome.status,
        "covered": {"labels": outcome.labels, "addresses": outcome.addresses, "pairs": outcome.pairs},
        "values": [] if outcome.status == KNOWN_GAP else list(outcome.keys),
        "forgeable": outcome.status == GRANTED
        and (is_forgeable(outcome.keys, usable) or opened_to_tenants(subject, outcome)),
        "left_open": list(outcome.keys) if outcome.status == KNOWN_GAP else [],
        "undecided_by": list(map(str, outcome.undecided_by)),
        "assumes": [{"that": one.sentence, "value": one.value} for one in outcome.assumes],
        "advice": outcome.claim.advice or None,
        "counterexample": found and found.as_dict(partial(_said, subject), _shown(subject, found)),
    }


def junit(proofs: Iterable[Proof]) -> str:
    """Return JUnit XML: a test suite a vCluster, a test case a claim; a failing one has its counterexample.

    What is left open is skipped, with a message that says so: a case that passes would hide it. What is undecided is an
    error, which in JUnit says that a test gave no result.
    """
    top = ET.Element("testsuites", name="vcluster-isolation prove")
    for subject, outcomes in proofs:
        failed = sum(outcome.status == FAILS for outcome in outcomes)
        skipped = sum(outcome.status in {NO_SUBJECT, KNOWN_GAP} for outcome in outcomes)
        suite = ET.SubElement(top, "testsuite", name=printable(f"{subject.namespace}/{subject.name}"))
        errors = sum(outcome.status == UNDECIDED for outcome in outcomes)
        counts = {"tests": len(outcomes), "failures": failed, "errors": errors, "skipped": skipped}
        suite.attrib |= {key: str(number) for key, number in counts.items()}
        for outcome in outcomes:
            case = ET.SubElement(
                suite, "testcase", classname=outcome.claim.kind, name=f"{outcome.claim.name}: {outcome.claim.sentence}"
            )
            why = "\n".join(_why(subject, outcome))
            usable = forgeable_grants(subject) if outcome.status == GRANTED else []
            if is_forgeable(outcome.keys, usable):
                why += printable_lines("\n".join(["", *forgeable.lines(usable)]))
            if outcome.status == FAILS:
                ET.SubElement(case, "failure", message=outcome.claim.name).text = why
            elif outcome.status == UNDECIDED:
                ET.SubElement(case, "error", message=outcome.claim.name).text = why
            elif outcome.status in {NO_SUBJECT, KNOWN_GAP}:
                message = f"{_MEANINGS[outcome.status]} {', '.join(outcome.keys)}".rstrip()
                ET.SubElement(case, "skipped", message=printable(message)).text = why or None
            elif why:
                ET.SubElement(case, "system-out").text = why
    ET.indent(top)
    return ET.tostring(top, encoding="unicode", xml_declaration=True)
