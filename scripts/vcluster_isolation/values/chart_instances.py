"""Where this chart is in a chart that is rendered: alone, or as a subchart, perhaps several times under aliases.

What values a subchart sees, whether it is switched on at all (`condition`, `tags`), `global`, `import-values` and what
null removes on the way is decided by helm, and differs a little between its versions. So helm is asked: it renders a
copy of the chart in which nothing but this chart's values is printed.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from vcluster_isolation.errors import IsolationError
from vcluster_isolation.helm.package import NoChart, unpacked
from vcluster_isolation.helm.rule_notes import PLATFORM_KEY
from vcluster_isolation.helm.template import RenderFailed, Request, template
from vcluster_isolation.kubernetes.api_json import as_text
from vcluster_isolation.values.layers import Layer, chart_defaults, effective, read_chart_file, read_layers
from vcluster_isolation.values.paths import at_path, merge_defaults
from vcluster_isolation.values.renames import BASE, Rename, read_renames
from vcluster_isolation.values.strict_yaml.scalars import as_number
from vcluster_isolation.wording import printable

NAME: Final = "vcluster-isolation"
_KIND: Final = "ValuesOfAnInstance"
_PRINTED = re.compile(rf"^kind: {_KIND}\nvalues: (?P<text>[A-Za-z0-9+/=]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Instance:
    """One place of this chart: `values` are what its templates see, `path` the keys below which a user writes them.

    `path` is empty where this chart is itself what is rendered, ("red",) for a subchart called so. `source` is how helm
    begins the names of its templates. Of its chart, `defaults` is values.yaml, `renames` are the deprecated keys,
    `schema` is the text of values.schema.json, if it has one; `number` counts the copies of this chart that are there.
    """

    path: tuple[str, ...]
    source: str
    values: Mapping[str, Any]
    defaults: Mapping[str, Any]
    renames: tuple[Rename, ...]
    schema: str | None = None
    number: int = 0

    @property
    def policy(self) -> Mapping[str, Any]:
        """What is in effect below policies.networkPolicy: no default is missing."""
        return self._in_effect(BASE)

    @property
    def platform(self) -> Mapping[str, Any]:
        """What is in effect below platformNetworkPolicy: no default is missing."""
        return self._in_effect((PLATFORM_KEY,))

    def _in_effect(self, path: Sequence[str]) -> Mapping[str, Any]:
        return merge_defaults(at_path(self.defaults, path) or {}, at_path(self.values, path) or {})

    def below(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return values of the instance as values of the chart that is rendered."""
        for key in reversed(self.path):
            values = {key: values}
        return values

    def made(self, source: str) -> bool:
        """Return whether a document comes from this instance, given the template that helm names above it."""
        return not self.path or source.startswith(f"{self.source}/templates/")


@dataclass(frozen=True, slots=True)
class _Copy:
    """One copy of this chart in another: what its files say."""

    defaults: Mapping[str, Any]
    renames: tuple[Rename, ...]
    schema: str | None


def instances(request: Request, layers: Sequence[Layer] | None = None) -> list[Instance]:
    """Return where this chart is in `request.chart` and switched on, in the order of paths; maybe nowhere.

    `layers` are the values files of the request where they were read already. Raises InputError for
    values files that cannot be read, RenderFailed when helm cannot read the chart or the values, IsolationError for
    what is not a chart.
    """
    if is_ours(request.chart):
        return [_alone(request, read_layers(request.values) if layers is None else layers)]
    with _copied(request.chart) as copy:
        try:
            ours = _prepare(copy)
            if not ours:
                return []
            printed = template(replace(request, chart=copy, skip_schema=True))
        except (RenderFailed, NoChart):
            template(request)  # fails the same way, with a command line that a person can repeat
            raise
        found = [_instance(match["text"], ours) for match in _PRINTED.finditer(printed)]
    return sorted(found, key=lambda instance: instance.path)


@contextmanager
def by_itself(request: Request, instance: Instance) -> Iterator[Request]:
    """Yield a request that renders one instance without the chart around it, with the values that it sees there.

    The schema is left out. Raises as `instances` does.
    """
    if not instance.path:
        yield replace(request, skip_schema=True)
        return
    with _copied(request.chart) as copy:
        folder = [folder for folder in _charts(copy) if is_ours(folder)][instance.number]
        (folder / "values.yaml").write_text(as_text(instance.values), encoding="utf-8")
        yield replace(request, chart=folder, values=(), inline="", skip_schema=True)


@contextmanager
def _copied(chart: Path) -> Iterator[Path]:
    """Yield the folder of a copy of a chart."""
    with unpacked(chart) as folder, tempfile.TemporaryDirectory(prefix="vcluster-isolation-") as place:
        copy = Path(place) / "chart"
        shutil.copytree(folder, copy)
        yield copy


def is_ours(chart: Path) -> bool:
    """Whether a folder or package is this chart, by its name, or by the table of renames that no other has.

    Raises IsolationError for what is not a chart.
    """
    text = read_chart_file(chart, "Chart.yaml")
    if text is None:
        what = f"{printable(str(chart))}: has no Chart.yaml"
        raise IsolationError(what, "give a chart's folder, or what `helm package` made of it")
    return _name_in(text) == NAME or read_chart_file(chart, "renames.yaml") is not None


def _alone(request: Request, layers: Sequence[Layer]) -> Instance:
    """Return the instance that is the whole chart: its values are files over defaults, and helm need not be asked."""
    copy = _read(request.chart)
    return Instance((), NAME, effective(request, layers), copy.defaults, copy.renames, copy.schema)


def _read(chart: Path) -> _Copy:
    """Return what the files of a copy of this chart say."""
    return _Copy(chart_defaults(chart), read_renames(chart), read_chart_file(chart, "values.schema.json"))


def _name_in(text: str) -> Any:
    """Return the name in a Chart.yaml, None when it has none."""
    try:
        content = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return None  # helm says more about it than we could
    return content.get("name") if isinstance(content, dict) else None


def _prepare(chart: Path) -> list[_Copy]:
    """Let a copy of a chart print the values of each instance of ours in it, and nothing else.

    Return each copy of ours that is in it, in the order of the numbers that they print.
    """
    ours: list[_Copy] = []
    for folder in _charts(chart):
        shutil.rmtree(folder / "templates", ignore_errors=True)
        if is_ours(folder):
            (folder / "templates").mkdir()
            printed = f'dict "of" {len(ours)} "at" .Template.BasePath "values" .Values | toJson | b64enc'
            (folder / "templates" / "values.yaml").write_text(f"kind: {_KIND}\nvalues: {{{{ {printed} }}}}\n")
            ours.append(_read(folder))
    return ours


def _charts(chart: Path) -> Iterator[Path]:
    """Yield a chart's folder and those of its subcharts, which are unpacked where they are packages."""
    yield chart
    below = chart / "charts"
    if not below.is_dir():
        return
    for entry in sorted(below.iterdir()):
        if entry.name.startswith((".", "_")):  # helm passes over them
            continue
        if entry.is_dir() and (entry / "Chart.yaml").is_file():
            yield from _charts(entry)
        elif entry.suffix == ".tgz":
            with unpacked(entry) as folder:
                shutil.copytree(folder, below / entry.stem)
            entry.unlink()
            yield from _charts(below / entry.stem)


def _instance(text: str, ours: Sequence[_Copy]) -> Instance:
    """Return the instance that printed a text."""
    printed = json.loads(base64.b64decode(text), parse_float=_number)
    source = printed["at"].removesuffix("/templates")
    copy = ours[printed["of"]]
    path = tuple(source.split("/charts/")[1:])
    return Instance(path, source, printed["values"], copy.defaults, copy.renames, copy.schema, printed["of"])


def _number(text: str) -> float:
    """Return a number with a fraction or an exponent as our reader of YAML does: whole ones are integers."""
    return as_number(float(text))
