"""Rendering the manifests and NOTES.txt of a chart together: one helm, and no cluster.

`helm template` leaves NOTES.txt out, and `helm install --dry-run=client`, which shows it, asks a cluster for its
version with Helm 3. So a copy of the chart gets one more template, which includes NOTES.txt by its file name.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from vcluster_isolation.helm.template import RenderFailed, Request, template

_FILE = "notes-for-isolate.yaml"
_TEMPLATE = """kind: NotesForIsolate
text: {{ include (print $.Template.BasePath "/NOTES.txt") $ | toJson }}
"""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A chart's manifests as one YAML stream (empty when nothing renders), and its NOTES.txt."""

    manifests: str
    notes: str


def template_with_notes(request: Request) -> Rendered:
    """Return what `helm template` prints for `request`, and NOTES.txt as `helm install` would show it.

    Raises what `helm.template` raises.
    """
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / request.chart.name
        shutil.copytree(request.chart, copy)
        (copy / "templates" / _FILE).write_text(_TEMPLATE)
        try:
            text = template(replace(request, chart=copy))
        except RenderFailed:
            template(request)  # fails the same way, with a command line that a person can repeat
            raise
    return _split(text)


def _split(text: str) -> Rendered:
    """Take the notes out of what helm printed: it sorts by kinds, and those that it does not know by their names."""
    head, *documents = re.split(r"^---\n(?=# Source: )", text, flags=re.MULTILINE)
    (said,) = (each for each in documents if each.partition("\n")[0].endswith(f"/{_FILE}"))
    notes = yaml.load(said, Loader=yaml.CSafeLoader)
    return Rendered(head + "".join(f"---\n{each}" for each in documents if each is not said), notes["text"])
