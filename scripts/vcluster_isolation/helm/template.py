"""Rendering charts and installing ours: the only module that runs `helm`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vcluster_isolation.errors import IsolationError, ToolFailed
from vcluster_isolation.tools import PROJECT, Finished, find, run, stream

_PACKAGED = Path(__file__).parents[1] / "chart"
CHART = PROJECT / "chart" if (PROJECT / "chart" / "Chart.yaml").exists() else _PACKAGED
"""The chart that belongs to this package: the checkout's, or the copy in the installed wheel."""

REFUSED = "vcluster-isolation refuses these values:"
"""The line with which the chart's own validation opens (see chart/templates/validation/_validate.tpl)."""


_MISSING = "missing in charts/ directory"
_BUILD = "fetch its subcharts first: helm dependency build CHART"


@dataclass(frozen=True, slots=True)
class Request:
    """What to render: a chart, values files in order, and the release's name and namespace.

    `inline` is YAML that is laid over all files. `skip_schema` leaves values.schema.json out, so that the
    chart's own refusals show even where the schema would have spoken first.
    """

    values: tuple[Path, ...] = ()
    name: str = "my-vcluster"
    namespace: str = "vcluster-my-vcluster"
    chart: Path = CHART
    inline: str = ""
    skip_schema: bool = False

    def arguments(self) -> list[str]:
        """Return the arguments after `helm template` (or `helm upgrade --install`), `inline` not counted."""
        files = [word for path in self.values for word in ("--values", _list_item(str(path)))]
        return [self.name, str(self.chart), "--namespace", self.namespace, *files]


class RenderFailed(ToolFailed):
    """`helm template` failed; `refusals` are the problems that the chart's own validation listed, if it did."""

    def __init__(self, command: Sequence[str | Path], stderr: str) -> None:
        """Read the refusals out of helm's `stderr`."""
        super().__init__(command, stderr, _BUILD if _MISSING in stderr else "")
        _, found, listed = stderr.partition(REFUSED)
        lines = listed.splitlines() if found else []
        self.refusals = tuple(line.strip().removeprefix("- ") for line in lines if line.startswith("  - "))


def template(request: Request, *, helm: Path | None = None, tests: bool = False) -> str:
    """Render with `helm template` and return the manifests as one YAML stream (empty when nothing renders).

    What only `helm test` would create is left out, unless `tests`. Raises RenderFailed when helm or the chart
    refuses, ToolMissing when there is no helm.
    """
    extra = [] if tests else ["--skip-tests"]
    extra += ["--skip-schema-validation"] if request.skip_schema else []
    over = ["--values", "-"] if request.inline else []
    done = _run([helm or find("helm"), "template", *request.arguments(), *over, *extra], request.inline)
    return done.stdout


@dataclass(frozen=True, slots=True)
class Release:
    """A release in a cluster, by its last revision: `status` is helm's word (`deployed`), `manifest` its objects.

    `namespace` is the one that it installs into, `storage` the one in which Helm keeps it if that is another.
    """

    name: str
    namespace: str
    status: str
    manifest: str
    storage: str = ""


def release_of(name: str, namespace: str, context: str = "") -> Release | None:
    """Return a release that is kept in a namespace, None if there is none of that name. It may install into another.

    `context` is a kube context, empty for the current one. Raises ToolFailed when helm fails or prints something else,
    ToolMissing when there is no helm.
    """
    words = ["status", name, f"--namespace={namespace}", "--output=json", *_context(context)]
    done = run([find("helm"), *words])
    if done.code and "release: not found" in done.stderr:
        return None
    check = "check the kube context, and that you may read Secrets in that namespace"
    if done.code:
        raise ToolFailed(done.command, done.stderr, check)
    try:
        found = json.loads(done.stdout)
        target = str(found.get("namespace") or namespace)
        storage = namespace if target != namespace else ""
        return Release(name, target, str(found["info"]["status"]), str(found.get("manifest") or ""), storage)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolFailed(done.command, "printed no release in JSON", "check which helm is on PATH") from error


def version() -> tuple[int, int]:
    """Return helm's major and minor version. Raises ToolFailed when it prints none, ToolMissing when there is none."""
    done = run([find("helm"), "version", "--template={{.Version}}"])
    found = re.match(r"v?(\d+)\.(\d+)", done.stdout.strip())
    if done.code or found is None:
        raise ToolFailed(done.command, done.stderr or done.stdout, "check which helm is on PATH")
    return int(found[1]), int(found[2])


def upgrade(request: Request, *options: str, context: str = "") -> None:
    """Install or upgrade a release in the cluster, with helm's own output. Raises IsolationError when helm fails."""
    words: list[str | Path] = [find("helm"), "upgrade", "--install", *request.arguments(), "--values", "-"]
    code = stream([*words, *options, *_context(context)], stdin=request.inline)
    if code:
        where = f"release {request.name} in namespace {request.namespace}"
        raise IsolationError(f"helm could not install {where} (exit code {code})", "see what it said above")


def _context(context: str) -> list[str]:
    return [f"--kube-context={context}"] if context else []


def _list_item(path: str) -> str:
    """Return a path as helm's `--values` takes it: that option is a list of comma-separated values."""
    doubled = path.replace('"', '""')
    return f'"{doubled}"' if {",", '"', "\n"} & set(path) else path


def _run(command: Sequence[str | Path], stdin: str) -> Finished:
    """Run helm; raise RenderFailed with its own words when it fails."""
    done = run(command, stdin=stdin)
    if done.code:
        raise RenderFailed(done.command, done.stderr)
    return done
