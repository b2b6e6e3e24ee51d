"""The two sides of a `diff`: files, folders, charts, or what any of these was at a git revision."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from vcluster_isolation import git
from vcluster_isolation.checks.values_check import or_refused
from vcluster_isolation.errors import InputError, IsolationError, ToolFailed
from vcluster_isolation.helm import CHART, Request
from vcluster_isolation.layers import read_layers
from vcluster_isolation.proof.inputs import read_subjects
from vcluster_isolation.proof.platform_subject import subjects_of_values
from vcluster_isolation.proof.subject import Subject
from vcluster_isolation.wording import printable


@dataclass(frozen=True, slots=True)
class Options:
    """How a side is read: the release that values files are rendered for, the values of a chart, and the profile.

    A `profile` is laid over the values of the side.
    """

    name: str
    namespace: str
    values: tuple[Path, ...] = ()
    profile: str | None = None


def read_side(side: str, options: Options) -> list[Subject]:
    """Return the vClusters of one side: a path, or REV:PATH for what was there at a git revision.

    A folder with a Chart.yaml, or a .tgz, is a chart, and is rendered with the values of `options`. Raises
    IsolationError when there is no such thing, and what reading and rendering raise.
    """
    if Path(side).exists() or side == "-":
        return _subjects(Path(side), options)
    revision, colon, path = side.partition(":")
    if not colon or not revision or not path:
        raise IsolationError(f"{printable(side)}: there is no such file", "give a path, or REV:PATH for a git revision")
    with _checked_out(revision, path) as place:
        return _subjects(place, options)


def pairs(before: Sequence[Subject], after: Sequence[Subject]) -> Iterator[tuple[Subject, Subject]]:
    """Yield each subject as it was and as it is; one that is on one side only has no policies on the other."""
    old, new = ({(one.namespace, one.name): one for one in side} for side in (before, after))
    for namespace, name in sorted(old.keys() | new.keys()):
        sides = ((old, before), (new, after))
        there = old.get((namespace, name)) or new[namespace, name]
        found = [known.get((namespace, name)) or _missing(there, side) for known, side in sides]
        yield found[0], found[1]


def _missing(there: Subject, side: Sequence[Subject]) -> Subject:
    """Return a subject that is not there yet, or no more, among the policies that are."""
    policies, tiers = (side[0].policies, side[0].tiers) if side else ((), ())
    return Subject(there.name, there.namespace, policies, tiers, kind=there.kind)


def _subjects(path: Path, options: Options) -> list[Subject]:
    """Return the vClusters of a path."""
    is_chart = (path / "Chart.yaml").is_file() or path.name.endswith((".tgz", ".tar.gz"))
    if is_chart and not options.values:
        raise IsolationError(f"{printable(str(path))}: is a chart", "give the values to render it with: --values FILE")
    with _layers(options.values if is_chart else (path,), options.profile) as files:
        if is_chart:
            request = Request(files, options.name, options.namespace, path)
            return or_refused(lambda: subjects_of_values(request), read_layers(files), request)
        return read_subjects(files, name=options.name, namespace=options.namespace, chart=CHART)


@contextmanager
def _layers(files: tuple[Path, ...], profile: str | None) -> Iterator[tuple[Path, ...]]:
    """Give files, and above them one with a profile if there is one."""
    if profile is None:
        yield files
        return
    with tempfile.TemporaryDirectory() as folder:
        layer = Path(folder) / f"profile-{profile}.yaml"
        layer.write_text(f"policies: {{networkPolicy: {{profile: {profile}}}}}\n", encoding="utf-8")
        yield (*files, layer)


@contextmanager
def _checked_out(revision: str, path: str) -> Iterator[Path]:
    """Give a file or folder as it was at a revision of the git repository that we are in.

    What is wrong there is said of REV:PATH, and not of the place where it is for a moment.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / (Path(path).name or "root")
        git.write_out(revision, path, place)
        try:
            yield place
        except InputError as error:
            named = [replace(one, file=_renamed(one.file, place, revision, path)) for one in error.problems]
            raise InputError(named) from error
        except ToolFailed as error:
            words = [str(_renamed(word, place, revision, path)) for word in error.command]
            raise ToolFailed(words, str(_renamed(error.stderr, place, revision, path)), error.next_step) from error
        except IsolationError as error:
            raise IsolationError(str(_renamed(str(error), place, revision, path))) from error


def _renamed(text: str | None, place: Path, revision: str, path: str) -> str | None:
    """Return a text with REV:PATH instead of the place where that is."""
    return text and text.replace(str(place), printable(f"{revision}:{path}"))
