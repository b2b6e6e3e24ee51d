"""Rendering the manifests and NOTES.txt of a chart together: one helm, and no cluster.

`helm template` leaves NOTES.txt out, and `helm install --dry-run=client`, which shows it, asks a cluster for its
version with Helm 3. So a copy of the chart gets one more template, which includes NOTES.txt by its file name.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from vcluster_isolation.helm.template import RenderFailed, Request, template

_FILE = "notes-for-isolate.yaml"
# Helm puts a kind that it does not know behind all others.
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
    """Take the notes off the end of what helm printed."""
    manifests, _, last = text.rpartition("---\n# Source: ")
    notes = yaml.load(last.partition("\n")[2], Loader=yaml.CSafeLoader)
    return Rendered(manifests, notes["text"])
