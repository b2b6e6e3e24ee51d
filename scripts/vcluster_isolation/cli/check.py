"""`vcluster-isolation check`: everything that is wrong with values, before a cluster sees them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from vcluster_isolation.check.check import CheckReport, check, check_each
from vcluster_isolation.cli import options
from vcluster_isolation.errors import EXIT_OK, EXIT_PROBLEMS
from vcluster_isolation.helm.template import CHART, Request
from vcluster_isolation.isolate import EXAMPLE_NAME, target
from vcluster_isolation.json_forms import help_of
from vcluster_isolation.wording import printable

JSON_FORM = help_of("check")


@click.command(epilog=JSON_FORM)
@options.FILES
@click.option("--name", default=EXAMPLE_NAME, show_default=True, help="The release name: the vCluster's name.")
@click.option("--namespace", help="Where the vCluster runs. Default: vcluster-NAME.")
@click.option(
    "--chart",
    default=CHART,
    type=click.Path(path_type=Path),
    help="Folder or .tgz of another chart, such as the one that has this one as a subchart.",
)
@click.option(
    "--kubernetes",
    metavar="VERSION",
    multiple=True,
    help="A Kubernetes version, like 1.36, to check against. May be repeated. "
    "Default: the oldest, a middle and the newest with schemas.",
)
@click.option("--each", is_flag=True, help="Check each FILE of values separately, not as layers of one release.")
@options.output(["text", "json"])
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[Path, ...],
    *,
    name: str,
    namespace: str | None,
    chart: Path,
    kubernetes: tuple[str, ...],
    each: bool,
    output: str,
) -> None:
    """Report everything that is wrong with the values in FILE, before they reach a cluster.

    Several FILEs are layers of one release, as for `helm -f a.yaml -f b.yaml`: a later one can hide what is wrong in an
    earlier one. With --each, each FILE is a release of its own. FILEs of Kubernetes manifests (apiVersion and kind) are
    objects of one cluster. The values inside an Argo CD Application, a Flux HelmRelease, a VirtualClusterTemplate and
    similar objects are checked separately. A folder stands for the files below it, `-` for standard input.

    Values are read as strict YAML, then checked by values.schema.json and by the chart's validation. The manifests that
    they render are checked by kubeconform and by rules of the API server that are in no schema.

    Exit code 0: nothing is wrong. 1: there are problems. 2: the check could not run. 3: an error in vcluster-isolation
    itself. 130: interrupted with Ctrl-C. 141: the reader of the output closed it.
    """
    chosen = target(name, namespace=namespace, release=name)
    request = Request(name=chosen.release, namespace=chosen.namespace, chart=chart)
    reports = check_each(files, request, kubernetes) if each else [check(files, request, kubernetes)]
    if output == "json":
        found = list(map(_as_json, reports))
        click.echo(json.dumps(found if each else found[0], indent=2))
    else:
        click.echo("\n".join(map(_as_text, reports)))
    ctx.exit(EXIT_PROBLEMS if any(report.problems for report in reports) else EXIT_OK)


def _as_json(report: CheckReport) -> dict[str, Any]:
    """Return the report as the object that the help text describes."""
    return {
        "ok": not report.problems,
        "problems": [problem.as_dict() for problem in report.problems],
        "warnings": [warning.as_dict() for warning in report.warnings],
        "checked": {
            "files": list(report.files),
            "steps": report.steps,
            "objects": report.objects,
            "kubernetes": list(report.kubernetes),
            "layers": list(report.layers),
        },
    }


def _as_text(report: CheckReport) -> str:
    """Return one line for each problem and warning, and one that sums up."""
    lines = [str(problem) for problem in report.problems]
    lines += [f"warning: {warning}" for warning in report.warnings]
    lines.append(_problem_count(report) if report.problems else _all_is_well(report))
    return "\n".join(map(printable, lines))


def _problem_count(report: CheckReport) -> str:
    """Return how many problems there are, and what was not looked at because of them."""
    count = len(report.problems)
    left_out = "" if "api" in report.steps else "; their manifests were not judged"
    return f"{count} problem{'' if count == 1 else 's'} in {_files(report)}{left_out}"


def _files(report: CheckReport) -> str:
    """Return the names of the files; of several values files, that they are layers, and which lies over which."""
    names = ", ".join(report.files)
    if len(report.layers) < 2:  # noqa: PLR2004 - it takes two
        return names
    return f"{names} (as one release, {' over '.join(reversed(report.layers))}; --each checks each by itself)"


def _all_is_well(report: CheckReport) -> str:
    """Return what was checked, and found to be right."""
    if not report.kubernetes:
        return f"ok: {', '.join(report.files)}: neither values of a vCluster nor manifests"
    names = {"schema": "values.schema.json", "chart": "the chart's validation"}
    by = [names[step] for step in report.steps if step in names]
    by += [f"kubeconform for Kubernetes {', '.join(report.kubernetes)}", "the API server's rules"]
    return f"ok: {_files(report)}: {_objects(report)}; checked by strict YAML, {', '.join(by)}"


def _objects(report: CheckReport) -> str:
    """Return how many objects of each kind there are."""
    kinds = Counter(name.partition("/")[0] for name in report.objects)
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    if report.subchart_off and not listed:
        return (
            "no manifests (vcluster-isolation is not on in the chart: "
            "check the conditions and tags of its dependencies, and the values)"
        )
    return listed or "no manifests (policies.networkPolicy.enabled is not true)"
