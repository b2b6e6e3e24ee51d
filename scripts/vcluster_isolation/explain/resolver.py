"""Finding the ends that a user names: an actor, as `connectivity` prints it, an address, or a pod that could be there.

    workload                          an actor
    203.0.113.7, 10.0.0.0/8           an address, or all addresses of a CIDR
    pod:app=web,tier=db@shop          a pod with these labels in the namespace shop; without @, in the vCluster's
    pod:app=web@shop:team=a           the same, the namespace having a label as well
    pod:@shop                         a pod without labels

No character of it means anything to a shell.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from vcluster_isolation.connectivity import connectivity, fold
from vcluster_isolation.connectivity.connectivity import NamedEndpoint
from vcluster_isolation.connectivity.fleet import belongs, prefixes
from vcluster_isolation.connectivity.matrix import MatrixActor
from vcluster_isolation.connectivity.real_pods import judge_of, population, shows_pods
from vcluster_isolation.connectivity.reasons import Judge
from vcluster_isolation.errors import IsolationError
from vcluster_isolation.netpol.objects.fields import legal_key, legal_name, legal_value
from vcluster_isolation.netpol.objects.model import External, Pod, labels_of, namespace
from vcluster_isolation.netpol.sets.addresses import parse_cidr
from vcluster_isolation.subject.inputs import Input
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.wording import quoted

_POD = "pod:"
_ADDRESS = re.compile(r"[0-9a-fA-F:.]+(/[0-9]+)?")


@dataclass(frozen=True, slots=True)
class EndpointResolver:
    """The ends that have names, who judges the flows between any ends, and the vCluster that it is about."""

    ends: Mapping[str, NamedEndpoint]
    judge: Judge
    subject: Subject


def resolver_of(given: Input, words: Sequence[str]) -> EndpointResolver:
    """Return the resolver for what was read. `words` are the ends asked about: of several vClusters they say which."""
    pods = given.cluster.pods if given.cluster else ()
    named = {f"{pod.namespace.name}/{pod.name or pod.owner}" for pod in pods} & set(words)
    if given.cluster and (named or shows_pods(given.cluster, given.subjects)):
        found = population(given.cluster, given.subjects)
        there = [*(NamedEndpoint(unit.actor, unit.pods[0]) for unit in found.units), *_places(found.places)]
        return EndpointResolver({one.actor.name: one for one in there}, judge_of(found), given.subjects[0])
    known = list(zip(prefixes(given.subjects), given.subjects, strict=True))
    first_named = (pair for word in words for pair in known if word.startswith(pair[0]))
    prefix, first = next(first_named, known[0])
    several = len(given.subjects) > 1
    scene = connectivity.scene(first, whole=True)
    folded = fold.folded(connectivity.matrix_of(first)).actors
    ends = {one.actor.name: one for one in (*scene.ends, *_places([end.actor for end in scene.ends]))}
    ends |= {one.name: NamedEndpoint(one, External(one.name, one.addresses)) for one in folded if one.addresses}
    if several:
        ends = {f"{prefix}{name}" if belongs(one.actor) else name: one for name, one in ends.items()}
        others = [(before, one) for before, one in known if one is not first]
        ends |= {f"{before}{end.actor.name}": end for before, one in others for end in connectivity.scene(one).own}
        ends = {name: replace(one, actor=replace(one.actor, name=name)) for name, one in ends.items()}
    return EndpointResolver(ends, scene.judge, first)


def _places(actors: Iterable[MatrixActor]) -> Iterator[NamedEndpoint]:
    """Yield all addresses, and each whole of them that has a name."""
    yield from (
        NamedEndpoint(one, External(one.name, one.addresses))
        for one in fold.wholes(fold.tree_of(actors))
        if one.addresses
    )


def find(words: str, resolver: EndpointResolver) -> NamedEndpoint:
    """Return the end that a user names. Raises IsolationError with the closest names when there is none."""
    if words in resolver.ends:
        return resolver.ends[words]
    if words.startswith(_POD):
        return _pod(words, resolver.subject.namespace)
    if _ADDRESS.fullmatch(words) and not words.isalpha():
        return _address(words)
    close = difflib.get_close_matches(words, resolver.ends, n=3, cutoff=0.5)
    known = "; ".join(close or list(resolver.ends)[:5])
    raise IsolationError(
        f"{quoted(words)} is not an actor here",
        f"{'did you mean' if close else 'there are'}: {known}; or name an address, a CIDR, or pod:KEY=VALUE@NAMESPACE; "
        "`connectivity` prints all names",
    )


def _address(words: str) -> NamedEndpoint:
    """Return an address or a CIDR as an end."""
    try:
        addresses = parse_cidr(words)
    except ValueError as error:
        raise IsolationError(str(error), "give an address like 203.0.113.7, or a CIDR like 10.0.0.0/8") from error
    return NamedEndpoint(
        MatrixActor(words, "addresses that you named", addresses=addresses), External(words, addresses)
    )


def _pod(words: str, home: str) -> NamedEndpoint:
    """Return a pod that could be there as an end."""
    labels, at, place = words.removeprefix(_POD).partition("@")
    space, _, more = place.partition(":")
    if at and not legal_name(space):
        raise IsolationError(
            f"{quoted(words)}: {quoted(space)} is not a namespace name", "write pod:KEY=VALUE@NAMESPACE"
        )
    where = namespace(space or home, _labels(more, words))
    return NamedEndpoint(
        MatrixActor(words, "a pod that you named"), Pod(where, labels_of(_labels(labels, words)), ports=None)
    )


def _labels(text: str, words: str) -> dict[str, str]:
    """Return labels that are written as KEY=VALUE,KEY=VALUE."""
    found: dict[str, str] = {}
    for item in text.split(",") if text else []:
        key, equals, value = item.partition("=")
        if not (equals and legal_key(key) and legal_value(value)):
            raise IsolationError(
                f"{quoted(words)}: {quoted(item)} is not a label", "write pod:KEY=VALUE,KEY=VALUE@NAMESPACE"
            )
        found[key] = value
    return found
