"""The report of `verify`, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from vcluster_isolation.verify.advice import cause, command
from vcluster_isolation.verify.model import ProbeOutcome, Result, VerifyReport
from vcluster_isolation.wording import printable

_STATUSES = ("ok", "FAIL", "skip")


def text(report: VerifyReport) -> str:
    """Return one line a check, two more below a failure, and a last line that counts; nothing a terminal acts upon."""
    return "\n".join(map(printable, _lines(report)))


def as_json(report: VerifyReport) -> str:
    """Return the report as one JSON object."""
    counts = {status.lower(): report.count(status) for status in _STATUSES}
    head = {"ok": report.ok, "about": report.about, "seconds": round(report.seconds, 3), "timeout": report.timeout}
    return json.dumps({**head, "counts": counts, "checks": list(map(_entry, report.results))}, indent=2)


def _lines(report: VerifyReport) -> Iterator[str]:
    if report.about:
        yield report.about
    for result in report.results:
        yield f"{result.status:<4}  {_sentence(result, report.timeout)}"
        for label, advice in (("probably", cause(result)), ("opened by", command(result))):
            if advice:
                yield f"      {label}: {advice}"
    counts = ", ".join(f"{report.count(status)} {status}" for status in _STATUSES)
    yield f"{counts} in {report.seconds:.1f} s"


def _sentence(result: Result, timeout: float) -> str:
    """Return the claim and what came of it."""
    check, answer = result.check, result.answer
    if answer.outcome is ProbeOutcome.OPEN:
        return f"{check.success or check.claim}{f' ({answer.detail})' if answer.detail else ''}"
    if answer.outcome is ProbeOutcome.SKIPPED:
        return f"{check.claim}: {answer.detail}"
    if result.status == "skip":
        return f"{check.claim}: {answer.outcome}, and optional here"
    waited = f" after {timeout:g} s" if answer.outcome is ProbeOutcome.TIMED_OUT and check.target else ""
    place = f" at {answer.address}" if check.target and answer.address not in ("", check.target.host) else ""
    said = f" ({answer.detail})" if answer.detail and answer.detail != answer.outcome else ""
    return f"{check.claim}: {answer.outcome}{waited}{place}{said}"


def _entry(result: Result) -> dict[str, Any]:
    """Return one check as JSON-ready keys; what there is not is null."""
    target, answer = result.check.target, result.answer
    return {
        "status": result.status.lower(),
        "claim": result.check.claim,
        "host": target.host if target else None,
        "port": target.port if target else None,
        "protocol": target.protocol if target else None,
        "outcome": answer.outcome,
        "detail": answer.detail or None,
        "address": answer.address or None,
        "seconds": round(answer.seconds, 3) if target else None,
        "cause": cause(result) or None,
        "command": command(result) or None,
    }
