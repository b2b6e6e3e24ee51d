"""Reading what commands about flows are given: values, manifests, or both, from files, folders or standard input.

`values.releases` tells them apart. Plain values files are layers of one release, and each release inside an object of a
delivery tool (an Application, a HelmRelease, a VirtualClusterTemplate) is one more. Manifests are one cluster, in which
each vCluster with its policies is a subject. Of both, what the values render is in that cluster as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import click

from vcluster_isolation.errors import InputError, IsolationError, Problem
from vcluster_isolation.helm.template import Request
from vcluster_isolation.netpol.objects.model import Policy
from vcluster_isolation.netpol.parse.parse import Cluster, parse_cluster
from vcluster_isolation.subject.platform_subject import platforms_of, subjects_of_values
from vcluster_isolation.subject.subject import Subject, is_home, of_cluster, with_beside
from vcluster_isolation.values import releases
from vcluster_isolation.values.layers import Layer, read_layers
from vcluster_isolation.values.refusals import or_refused
from vcluster_isolation.values.releases import ReadFiles, Release
from vcluster_isolation.values.requests import request_of
from vcluster_isolation.vcluster.policy_names import recognise
from vcluster_isolation.wording import printable

_SHOWN = 3
_LEAVE = "leave one of the two out: give either the values, or what they render"


@dataclass(frozen=True, slots=True)
class Input:
    """What was read: the vClusters in it and vCluster Platform, the cluster if there were manifests, and notes.

    `notes` say what was passed over, and why.
    """

    subjects: list[Subject]
    cluster: Cluster | None = None
    notes: tuple[str, ...] = ()


def read_input(
    files: Sequence[Path], *, name: str | None, namespace: str | None, chart: Path, over: tuple[Path, ...] = ()
) -> Input:
    """Return the vClusters in `files`: those of values, then each of those in manifests, sorted by namespace and name.

    After them is vCluster Platform, where it has a policy; of values that guard nothing else it is alone.

    A folder stands for the .yaml, .yml and .json files below it, in the order of their names, `-` for standard input.
    `name`, `namespace` and `chart` are what plain values files are rendered with, as for `check`; a release in an
    object has the name and namespace that the object says, as far as it says them. Manifests that name no namespace are
    in that of the values, or else in `namespace`, or `default`. The values files `over` are laid over the values of
    every release. Raises InputError for what cannot be read or resolved and for objects that are there twice,
    IsolationError for nothing at all and for manifests without a vCluster, and what rendering raises.
    """
    found = releases.read(files, chart)
    problems = [
        *found.unreadable,
        *found.problems,
        *chain.from_iterable(release.named((*release.refused, *release.problems)) for release in found.releases),
    ]
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    if not found.releases and not found.manifests:
        raise _nothing(found)
    if not found.manifests:
        return Input(_of_releases(found.releases, name, namespace, over), None, tuple(_notes(found)))
    if not found.releases:
        cluster = _cluster(_documents(found), namespace or "default")
        return Input(_in_cluster(cluster), cluster, tuple(_notes(found)))
    return _of_both(found, name, namespace, over)


def print_notes(given: Input) -> None:
    """Print on standard error what was passed over."""
    for line in given.notes:
        click.echo(f"note: {printable(line)}", err=True)


def _nothing(found: ReadFiles) -> IsolationError:
    """Return the error of files in which there is nothing to read."""
    next_step = "name values files, manifests, or a folder of either"
    if found.notes:
        return IsolationError("there are no values of a vCluster:\n" + "\n".join(map(printable, found.notes)))
    return IsolationError("there is nothing to read", next_step)


def _notes(found: ReadFiles) -> Iterator[str]:
    """Yield what was passed over, and what was not resolved without any flow depending on it."""
    yield from found.notes
    yield from (str(remark) for release in found.releases for remark in release.remarks)


def _documents(found: ReadFiles) -> Iterator[Any]:
    """Yield the objects of all manifests."""
    return chain.from_iterable(manifest.objects for manifest in found.manifests)


def _cluster(documents: Iterator[Any], home: str) -> Cluster:
    """Return the cluster that objects describe. Raises InputError."""
    cluster = parse_cluster(documents, home=home)
    if cluster.problems:
        raise InputError(cluster.problems)
    return cluster


def _in_cluster(cluster: Cluster) -> list[Subject]:
    """Return the subjects in a cluster: platforms last, alone if there are no policies of a vCluster."""
    platforms = platforms_of(cluster)
    vclusters = [] if platforms and not any(map(is_home, cluster.policies)) else of_cluster(cluster)
    return [*vclusters, *platforms]


def _of_both(found: ReadFiles, name: str | None, namespace: str | None, over: tuple[Path, ...]) -> Input:
    """Return the subjects of values and of manifests, all in one cluster: that of the manifests and what values render.

    Of a release in an object whose policies are among the manifests, these count, and not what it would render; all
    else that its values say, as what it syncs, counts as usual.
    """
    alone = parse_cluster(_documents(found), home=namespace or "default")
    homes = {
        (policy.namespace, ours.vcluster)
        for policy in alone.policies
        if is_home(policy) and (ours := recognise(policy))
    }
    there = [release for release in found.releases if release.title and (release.namespace, release.name) in homes]
    notes = [f"{one.title}: its policies are among the manifests, which count" for one in there]
    rendered = _of_releases([release for release in found.releases if release not in there], name, namespace, over)
    _refuse_twice(found, rendered, alone)
    home = rendered[0].namespace if rendered else namespace or "default"
    texts = {(one.render.text, one.namespace): one.render for one in rendered if one.render}
    own = (_homed(value, space) for (_, space), render in texts.items() for value in render.stream.values)
    cluster = _cluster(chain(own, _documents(found)), home)
    subjects = [_beside(one, cluster) for one in rendered]
    subjects += [_with_policies_of(cluster, one) for one in _of_releases(there, name, namespace, over)]
    known = {(subject.kind, subject.namespace, subject.name) for subject in subjects}
    if any(map(is_home, cluster.policies)):
        others = _in_cluster(cluster)
        subjects += [one for one in others if (one.kind, one.namespace, one.name) not in known]
    return Input(subjects, cluster, (*_notes(found), *notes))


def _refuse_twice(found: ReadFiles, rendered: Sequence[Subject], alone: Cluster) -> None:
    """Raise InputError for policies that values render and that are among the manifests as well."""
    given = {(policy.namespace, policy.name) for policy in alone.policies}
    twice = {(policy.namespace, policy.name) for subject in rendered for policy in subject.policies} & given
    files = ", ".join([manifest.name for manifest in found.manifests][:_SHOWN])
    files += f" and {len(found.manifests) - _SHOWN} more" if len(found.manifests) > _SHOWN else ""
    problems = [
        Problem(
            f"NetworkPolicy/{namespace}/{name}", f"is rendered by the values, and is in {files} too", _LEAVE, "values"
        )
        for namespace, name in sorted(twice)
    ]
    if problems:
        raise InputError(problems)


def _homed(document: dict[str, Any], namespace: str) -> dict[str, Any]:
    """Return an object that a chart rendered, in the release's namespace if it names none, as helm installs it."""
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("namespace"):
        return document
    return {**document, "metadata": {**metadata, "namespace": namespace}}


def _beside(subject: Subject, cluster: Cluster) -> Subject:
    """Return a subject of values with the policies of the manifests beside its own.

    Raises InputError for a policy of the manifests that is called like one of the chart's in a namespace of its
    workloads: what the chart says of the one would be taken for the other.
    """
    own = {(policy.namespace, policy.name) for policy in subject.policies}
    extra = tuple(policy for policy in cluster.policies if (policy.namespace, policy.name) not in own)
    tiers = tuple(tier for tier in cluster.tiers if tier not in subject.tiers)
    _refuse_namesakes(subject, extra)
    doubts = (*cluster.not_evaluated, *subject.deployed.not_evaluated)
    return replace(with_beside(subject, extra, tiers), not_evaluated=doubts)


def _with_policies_of(cluster: Cluster, subject: Subject) -> Subject:
    """Return a subject of values with the policies of a cluster in the place of those that the values render.

    What put a rule of them there is not known, so nothing that they open or close is taken for the doing of a value.
    """
    bare = replace(
        subject,
        policies=cluster.policies,
        tiers=cluster.tiers,
        notes={},
        changed={},
        render_at_default_values=lambda: (cluster.policies, cluster.tiers),
        render=None,
        not_evaluated=(*cluster.not_evaluated, *subject.deployed.not_evaluated),
    )
    known = {(policy.kind, policy.namespace, policy.name) for policy in cluster.policies}
    more = tuple(
        policy for policy in subject.deployed.policies if (policy.kind, policy.namespace, policy.name) not in known
    )
    names = {(tier.kind, tier.name) for tier in cluster.tiers}
    return with_beside(
        bare, more, tuple(tier for tier in subject.deployed.tiers if (tier.kind, tier.name) not in names)
    )


def _refuse_namesakes(subject: Subject, extra: Sequence[Policy]) -> None:
    """Raise InputError for policies that are called like the chart's, in other namespaces of the vCluster."""
    names = {policy.name for policy in subject.policies}
    what, next_step = "is called like a policy that the values render", "give it another name"
    problems = [
        Problem(f"NetworkPolicy/{one.namespace}/{one.name}", what, next_step, "values")
        for one in extra
        if one.name in names and one.namespace in subject.spaces
    ]
    if problems:
        raise InputError(problems)


def _of_releases(
    found: Sequence[Release], name: str | None, namespace: str | None, over: tuple[Path, ...]
) -> list[Subject]:
    """Return the subjects of releases, each with the name and namespace that it says, or else those given."""
    subjects: list[Subject] = []
    for release in found:
        request = request_of(release, name, namespace)
        request = replace(request, values=(*request.values, *over))
        layers = (*release.layers, *read_layers(over))
        subjects += [replace(one, where=release.title) for one in _of_values(release, layers, request)]
    return subjects


def _of_values(release: Release, layers: Sequence[Layer], request: Request) -> list[Subject]:
    """Return the subjects of a release with its layers. Raises InputError for what is refused."""
    try:
        return or_refused(lambda: subjects_of_values(request, layers), layers, request)
    except InputError as error:
        if not release.title:
            raise
        problems = [replace(problem, where=f"{release.title} {problem.where}".strip()) for problem in error.problems]
        raise InputError(problems) from error
