"""`vcluster-isolation ports`: the ports of vCluster Platform, its agents, Prometheus and the DNS of vClusters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from vcluster_isolation.cli import options
from vcluster_isolation.json_forms import help_of
from vcluster_isolation.vcluster.ports import Port, PortParty, read_ports
from vcluster_isolation.wording import markdown_table

JSON_FORM = help_of("ports")

HEADS = ("Port", "Serves", "Served by", "Dialled by", "Platform cluster", "Agent-only cluster", "Note")


def rows(ports: Sequence[Port]) -> list[list[str]]:
    """Return the cells below HEADS, a row for each port."""
    return [
        [
            f"{'/'.join(port.protocols)} {port.port}",
            f"{port.serves} (Service {port.service})" if port.service else port.serves,
            _names(port.served_by),
            _names(port.dialled_by),
            port.platform_cluster,
            port.agent_cluster,
            port.note,
        ]
        for port in ports
    ]


def text(ports: Sequence[Port]) -> str:
    """Return columns, and below them the notes, each with its port."""
    table = [HEADS, *rows(ports)]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADS) - 1)]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)).rstrip() for row in table]
    notes = [f"{port.port}: {port.note}" for port in ports if port.note]
    return "\n".join([*lines, "", *notes])


def markdown(ports: Sequence[Port]) -> str:
    """Return a Markdown table."""
    return "\n".join(markdown_table(HEADS, rows(ports)))


def as_json(ports: Sequence[Port]) -> str:
    """Return the list that the help text describes."""
    return json.dumps([_object(port) for port in ports], indent=2)


_FORMS = {"text": text, "markdown": markdown, "json": as_json}


@click.command(epilog=JSON_FORM)
@options.output(_FORMS)
def command(output: str) -> None:
    """Print the ports of vCluster Platform: who serves each, who dials it, and which clusters need it open.

    These are ports of pods, as NetworkPolicies and firewalls between nodes see them. `firewall` prints the rules
    that open them.

    Exit code 0: done.
    """
    click.echo(_FORMS[output](read_ports()))


def _names(ends: Sequence[PortParty]) -> str:
    """Return who serves or dials a port."""
    return ", ".join(end.name for end in ends)


def _object(port: Port) -> dict[str, Any]:
    """Return a port as an object of the JSON form."""
    return {
        "name": port.name,
        "port": port.port,
        "protocols": list(port.protocols),
        "serves": port.serves,
        "service": port.service,
        "served_by": [_end(end) for end in port.served_by],
        "dialled_by": [_end(end) for end in port.dialled_by],
        "platform_cluster": port.platform_cluster,
        "agent_cluster": port.agent_cluster,
        "note": port.note,
    }


def _end(end: PortParty) -> dict[str, Any]:
    """Return who serves or dials a port as an object of the JSON form."""
    return {"name": end.name, "about": end.about, "pod_labels": dict(end.pod_labels)}
