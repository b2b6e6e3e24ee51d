"""The matrix of who reaches whom as one self-contained HTML file, to read on a screen, on paper or by ear.

The page needs nothing from elsewhere, and its Content-Security-Policy lets it load nothing: its style and script
stand in it and are allowed by their hashes. Without JavaScript each cell is a link to its reasons further down; with
it, the table is a grid in the sense of the ARIA Authoring Practices, whose reasons show beside it.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from vcluster_isolation.connectivity.matrix import Cell, Matrix, Reason
from vcluster_isolation.connectivity.report import notes
from vcluster_isolation.netpol.sets import ports
from vcluster_isolation.wording import printable

_PACKAGE, _FOLDER = "vcluster_isolation.connectivity", "page"
_SHOWN = 3
"""So many items of ports stand in a cell of the matrix; its reasons name all of them."""
_CROWDED = 30
"""With more actors than this, a sheet of paper has room for a sign in each cell, not for its ports."""


@dataclass(slots=True)
class _Flow:
    """What one source reaches on the same ports for the same reasons: an entry below the matrix."""

    number: int
    source: str
    ports: str
    reasons: Sequence[Reason]
    destinations: list[str]

    @property
    def shown(self) -> Sequence[str]:
        """Return the items of ports that stand in a cell, the comma after each but the last."""
        items = self.ports.split(", ")
        shown = items if len(items) <= _SHOWN else [*items[: _SHOWN - 1], f"{len(items) - _SHOWN + 1} more"]
        return [f"{item}," for item in shown[:-1]] + shown[-1:]

    @property
    def everything(self) -> bool:
        """Return whether no port is closed."""
        return self.ports == str(ports.ALL)

    @property
    def granted(self) -> bool:
        """Return whether a rule that a user's value put there is among the reasons."""
        return any(reason.value for reason in self.reasons)

    def on(self, side: str) -> Sequence[Reason]:
        """Return the reasons on one side, `egress` or `ingress`."""
        return [reason for reason in self.reasons if reason.side == side]


def html(matrix: Matrix) -> str:
    """Return the page for a matrix. Names and texts may be hostile: whatever they are, the page shows them as text.

    Raises ValueError for a matrix that the page would not show whole: two actors with one name, two cells for one
    pair, a cell of an actor that is not there, a reason on neither side.
    """
    _refuse_what_would_not_show(matrix)
    flows = _flows(matrix.cells)
    style, script = _own("style.css"), _own("page.js")
    page: str = _page().render(
        title=matrix.title,
        actors=matrix.actors,
        flows=flows,
        by_pair={(flow.source, destination): flow for flow in flows for destination in flow.destinations},
        reaches=Counter(cell.source for cell in matrix.cells),
        reached=Counter(cell.destination for cell in matrix.cells),
        granted=sum(len(flow.destinations) for flow in flows if flow.granted),
        crowded=len(matrix.actors) > _CROWDED,
        notes=notes(matrix),
        style=style,
        script=script,
        policy=_policy(style, script),
    )
    return page


def _refuse_what_would_not_show(matrix: Matrix) -> None:
    names = [actor.name for actor in matrix.actors]
    pairs = [(cell.source, cell.destination) for cell in matrix.cells]
    twice = sorted(str(one) for one, times in (Counter(names) + Counter(pairs)).items() if times > 1)
    unknown = sorted({name for pair in pairs for name in pair} - set(names))
    sides = sorted({reason.side for cell in matrix.cells for reason in cell.reasons} - {"egress", "ingress"})
    problems = {"there twice": twice, "no actor": unknown, "no side": sides}
    if any(problems.values()):
        raise ValueError("; ".join(f"{what}: {', '.join(found)}" for what, found in problems.items() if found))


def _flows(cells: Sequence[Cell]) -> Sequence[_Flow]:
    """Return the cells, with those of one source that have the same ports and reasons as one."""
    found: dict[Any, _Flow] = {}
    for cell in cells:
        new = _Flow(len(found), cell.source, cell.text, cell.reasons, [])
        flow = found.setdefault((cell.source, cell.text, cell.reasons), new)
        flow.destinations.append(cell.destination)
    return list(found.values())


def _own(name: str) -> Markup:
    """Return a file of ours, as it is."""
    return Markup((files(_PACKAGE) / _FOLDER / name).read_text(encoding="utf-8"))  # noqa: S704 -- our own, constant


def _policy(style: str, script: str) -> str:
    """Return the Content-Security-Policy: nothing but this style and this script, and no way to make HTML of text.

    Source: Content Security Policy Level 3, and Trusted Types; both W3C.
    """
    style_hash, script_hash = (b64encode(sha256(text.encode()).digest()).decode() for text in (style, script))
    return (
        f"default-src 'none'; style-src 'sha256-{style_hash}'; script-src 'sha256-{script_hash}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


@cache
def _page() -> Any:
    """Return the template. Every text that it prints becomes `printable` first, and is escaped then."""
    environment = Environment(
        loader=PackageLoader(_PACKAGE, _FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else printable(str(value)),
    )
    return environment.get_template("page.html")
