"""Rendering the chart: the only module that runs `helm`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vcluster_isolation.errors import ToolFailed
from vcluster_isolation.tools import PROJECT, Finished, find, run

_PACKAGED = Path(__file__).parent / "chart"
CHART = PROJECT / "chart" if (PROJECT / "chart" / "Chart.yaml").exists() else _PACKAGED
"""The chart that belongs to this package: the checkout's, or the copy in the installed wheel."""

REFUSED = "vcluster-isolation refuses these values:"
"""The line with which the chart's own validation opens (see chart/templates/_validate.tpl)."""


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
