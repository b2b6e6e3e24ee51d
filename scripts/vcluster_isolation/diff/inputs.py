"""The two sides of a `diff`: files, folders, charts, or what any of these was at a git revision."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from vcluster_isolation import git
from vcluster_isolation.errors import InputError, IsolationError, ToolFailed
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.subject.inputs import Input, read_input
from vcluster_isolation.subject.subject import PLATFORM, Subject
from vcluster_isolation.wording import printable


@dataclass(frozen=True, slots=True)
class Options:
    """How a side is read: the release that values files are rendered for, the values of a chart, and the profile.

    A `profile` is laid over the values of the side, and the manifests `beside` are in its cluster as well. With `named`
    the user chose the name.
    """

    name: str
    namespace: str
    values: tuple[Path, ...] = ()
    profile: str | None = None
    beside: tuple[Path, ...] = ()
    named: bool = True


def read_sides(before: str, after: str, options: Options, profile: str | None) -> tuple[Input, Input]:
    """Return both sides, the second with a profile if there is one.

    Manifests say what their vCluster is called, and plain values do not: where the user does not say it either, values
    beside the manifests of one vCluster are those of this vCluster. Raises what `read_side` raises.
    """
    old, after_options = read_side(before, options), replace(options, profile=profile)
    if options.named:
        return old, read_side(after, after_options)
    new = read_side(after, _called_like(old, after_options))
    return read_side(before, _called_like(new, options)) if old.cluster is None and new.cluster else old, new


def _called_like(other: Input, options: Options) -> Options:
    """Return options with the name and namespace of the one vCluster of the other side's manifests, if it is one."""
    found = [subject for subject in other.subjects if subject.kind != PLATFORM] if other.cluster else []
    return replace(options, name=found[0].name, namespace=found[0].namespace) if len(found) == 1 else options


def read_side(side: str, options: Options) -> Input:
    """Return the vClusters of one side: a path, or REV:PATH for what was there at a git revision.

    A folder with a Chart.yaml, or a .tgz, is a chart, and is rendered with the values of `options`. Raises
    IsolationError when there is no such thing, and what reading and rendering raise.
    """
    if Path(side).exists() or side == "-":
        return _input(Path(side), options)
    revision, colon, path = side.partition(":")
    if not colon or not revision or not path:
        raise IsolationError(f"{printable(side)}: there is no such file", "give a path, or REV:PATH for a git revision")
    with _checked_out(revision, path) as place:
        return _input(place, options)


def pairs(before: Sequence[Subject], after: Sequence[Subject]) -> Iterator[tuple[Subject, Subject]]:
    """Yield each subject as it was and as it is; one that is on one side only has no policies on the other."""
    twice = _names_of_several(before) | _names_of_several(after)
    old, new = ({_key(one, twice): one for one in side} for side in (before, after))
    for key in sorted(old.keys() | new.keys()):
        sides = ((old, before), (new, after))
        there = old.get(key) or new[key]
        found = [known.get(key) or _missing(there, side) for known, side in sides]
        yield found[0], found[1]


def _names_of_several(side: Sequence[Subject]) -> set[tuple[str, str]]:
    """Return the namespaces and names that more than one subject of a side has, as versions of a template do."""
    names = Counter((one.namespace, one.name) for one in side)
    return {name for name, count in names.items() if count > 1}


def _key(subject: Subject, twice: set[tuple[str, str]]) -> tuple[str, str, str]:
    """Return by what a subject is found on the other side: where its values are counts if others have its name."""
    name = (subject.namespace, subject.name)
    return (*name, subject.where if name in twice else "")


def _missing(there: Subject, side: Sequence[Subject]) -> Subject:
    """Return a subject that is not there yet, or no more, among the policies that are."""
    if not side:
        return Subject(there.name, there.namespace, (), kind=there.kind, where=there.where)
    first = side[0]
    return Subject(
        there.name,
        there.namespace,
        first.policies,
        first.tiers,
        kind=there.kind,
        not_evaluated=first.not_evaluated,
        where=there.where,
    )


def _input(path: Path, options: Options) -> Input:
    """Return what is at a path."""
    is_chart = (path / "Chart.yaml").is_file() or path.name.endswith((".tgz", ".tar.gz"))
    if is_chart and not options.values:
        raise IsolationError(f"{printable(str(path))}: is a chart", "give the values to render it with: --values FILE")
    files = (*(options.values if is_chart else (path,)), *options.beside)
    chart = path if is_chart else CHART
    with _over(options.profile) as over:
        found = read_input(files, name=options.name, namespace=options.namespace, chart=chart, over=over)
    if over and all(subject.manifests == "" for subject in found.subjects) and found.cluster:
        raise IsolationError(f"{printable(str(path))}: is manifests, and --profile is for values", "give the values")
    return found


@contextmanager
def _over(profile: str | None) -> Iterator[tuple[Path, ...]]:
    """Give the values file with a profile, if there is one."""
    if profile is None:
        yield ()
        return
    with tempfile.TemporaryDirectory() as folder:
        layer = Path(folder) / f"profile-{profile}.yaml"
        layer.write_text(f"policies: {{networkPolicy: {{profile: {profile}}}}}\n", encoding="utf-8")
        yield (layer,)


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
            named = [replace(problem, file=_renamed(problem.file, place, revision, path)) for problem in error.problems]
            raise InputError(named) from error
        except ToolFailed as error:
            words = [str(_renamed(word, place, revision, path)) for word in error.command]
            raise ToolFailed(words, str(_renamed(error.stderr, place, revision, path)), error.next_step) from error
        except IsolationError as error:
            raise IsolationError(str(_renamed(str(error), place, revision, path))) from error


def _renamed(text: str | None, place: Path, revision: str, path: str) -> str | None:
    """Return a text with REV:PATH instead of the place where that is."""
    return text and text.replace(str(place), printable(f"{revision}:{path}"))
