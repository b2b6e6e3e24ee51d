"""The steps of a take-over, each of which changes nothing where it was done before.

Helm deletes what a release renders no more, whosever it is by then, but for objects with the annotation
`helm.sh/resource-policy: keep`. So: mark the policies, have them switched off in the release of the vCluster, only
then take them, take the mark off, and see that they are there. The policies are in the cluster all the time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from vcluster_isolation import kubectl
from vcluster_isolation.errors import IsolationError
from vcluster_isolation.helm import template as helm
from vcluster_isolation.kubectl import NamedObjects
from vcluster_isolation.take_over.state import (
    KEEP,
    MANAGER,
    OWNER,
    OWNER_NAMESPACE,
    RESOURCE,
    Handover,
    Key,
    State,
    flux_of,
    is_kept,
    is_settled,
    owner_of,
    parsed,
    read,
)

_POLL: Final = 2.0  # seconds between looks at the other release
_TAKES_OWNERSHIP: Final = (3, 17)  # helm/helm#13439


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long to wait for the other release, in seconds, and what tells and passes the time."""

    seconds: float = 0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def take_over(handover: Handover, say: Callable[[str], None], waiting: Waiting | None = None) -> bool:
    """Take the policies of a vCluster's own release over into ours; return whether all is done and verified.

    False: the next step is the user's, or what is there is not what was rendered; `say` has been told which. Raises
    IsolationError, ToolFailed or ToolMissing where a step cannot be done: all policies stay as they were before it.
    """
    state = read(handover)
    _say_what_is_there(state, handover, say)
    if not state.is_free:
        before = set(state.live)
        _keep(state, handover, say)
        state = _switched_off(handover, say, waiting or Waiting())
        if not state.is_free:
            _say_next(state, handover, say)
            return False
        for namespace, name in sorted(before - set(state.live)):
            say(f"GONE: {name} in namespace {namespace} was deleted meanwhile; it is installed again now")
    _take(state, handover, say)
    return _verify(handover, say)


def _say_what_is_there(state: State, handover: Handover, say: Callable[[str], None]) -> None:
    """Say which of the policies are there, and whose they are."""
    missing = [key for key in handover.wanted if key not in state.live]
    say(f"{len(state.live)} policies are there, {len(missing)} that the values render are not")
    for (namespace, name), policy in sorted(state.live.items()):
        owner = owner_of(policy)
        whose = "of no Helm release" if owner is None else f"of release {owner[0]} in namespace {owner[1]}"
        say(f"  {name} in namespace {namespace}: {whose}")


def _keep(state: State, handover: Handover, say: Callable[[str], None]) -> None:
    """Mark what the other release renders, so that Helm leaves it in place. Raises IsolationError if that fails."""
    wanted = [key for key in state.still_on if key in state.live and not is_kept(state.live[key])]
    _annotate(handover, wanted, {KEEP: "keep"})
    live = read(handover).live
    if unmarked := [name for key in state.still_on if key in live and not is_kept(live[key]) for name in key[1:]]:
        raise IsolationError(f"{', '.join(unmarked)}: not marked {KEEP}=keep", "run this again")
    say(f"1. marked {KEEP}=keep: {len(wanted)} now, {len(state.still_on) - len(wanted)} before")


def _switched_off(handover: Handover, say: Callable[[str], None], waiting: Waiting) -> State:
    """Return what is there when no other release renders a policy any more, or when the time to wait is over."""
    end = waiting.clock() + waiting.seconds
    state = read(handover)
    if state.rendered and waiting.seconds:
        say(f"2. waiting up to {waiting.seconds:g} seconds for the vCluster's own policies to be switched off")
    while state.rendered and waiting.clock() < end:
        waiting.sleep(min(_POLL, waiting.seconds))
        state = read(handover)
    return state


def _say_next(state: State, handover: Handover, say: Callable[[str], None]) -> None:
    """Say what is the user's to do now."""
    for release, keys in state.rendered.items():
        kept = f", kept in namespace {release.storage}," if release.storage else ""
        where = f"release {release.name} in namespace {release.namespace}{kept}"
        if not is_settled(release):
            say(f"2. {where} is {release.status}: let it finish, or upgrade or roll it back with helm")
            continue
        say(f"2. still on: {where} renders {_names(keys)}")
        flux = flux_of(state.live[key] for key in keys if key in state.live)
        if flux:
            say(f"   Flux installs it: set policies.networkPolicy.enabled: false in the values of HelmRelease {flux}")
        elif release.storage:
            say("   Set policies.networkPolicy.enabled: false in the values, with the tool that installs it.")
        else:
            say("   Switch them off in the values that you install the vCluster with, or by")
            say(
                f"     helm upgrade {release.name} CHART --namespace {release.namespace} --reuse-values "
                "--set policies.networkPolicy.enabled=false"
            )
            say("   where CHART, with --version, is the chart of the vCluster that is installed.")
    _say_lost(state, say)
    say(f"   The policies stay in the cluster then. Run this command again, for release {handover.request.name}.")


def _say_lost(state: State, say: Callable[[str], None]) -> None:
    """Say which releases were not found, where they were looked for, and what the user can do."""
    for lost in state.lost:
        say(f"2. NOT FOUND: release {lost.name}, which installs into namespace {lost.namespace}: it may be on still")
        say(f"   Looked for in namespace: {', '.join(lost.looked) or 'none'}")
        say(f"   {lost.unseen or 'No Secret or ConfigMap of another namespace has a release of that name.'}")
        say(f"   The policies stay marked {KEEP}=keep, and nothing is taken over.")
        flux = flux_of(state.live.values())
        if flux:
            say(f"   Flux installs it, and keeps it in spec.storageNamespace of HelmRelease {flux}, by default in the")
            say("   HelmRelease's own namespace: you need the right to read Secrets there.")
        say("   If Helm does not keep it in Secrets, set HELM_DRIVER as it was when the release was installed.")
        say(f"   If it is gone, and nothing installs it again: give --owner-is-gone {lost.name}")


def _take(state: State, handover: Handover, say: Callable[[str], None]) -> None:
    """Install our release, which takes the policies that are there. Raises IsolationError when helm fails."""
    options = ["--take-ownership"]
    if helm.version() < _TAKES_OWNERSHIP:
        options = []
        name, namespace = handover.ours
        there = [key for key in handover.wanted if key in state.live]
        for objects in _objects(handover, there):
            kubectl.label(objects, {MANAGER: "Helm"})
        _annotate(handover, there, {OWNER: name, OWNER_NAMESPACE: namespace})
    say(f"3. installing release {handover.request.name}, which takes them")
    helm.upgrade(handover.request, *options, context=handover.access.context)


def _verify(handover: Handover, say: Callable[[str], None]) -> bool:
    """Take the marks off, and return whether all policies are there as rendered, ours, and no other release's."""
    state = read(handover)
    if state.is_free:
        marked = [key for key in handover.wanted if key in state.live and is_kept(state.live[key])]
        _annotate(handover, marked, {KEEP: None})
        say(f"4. {KEEP} taken off {len(marked)} policies, so that our release can delete them one day")
    state = read(handover)
    wrong = list(_wrong(state, handover))
    for problem in wrong:
        say(f"WRONG: {problem}")
    if not wrong:
        say(f"5. verified: {_names(handover.wanted)} are there, select what they are to select, and are ours")
    return not wrong


def _wrong(state: State, handover: Handover) -> Iterator[str]:
    """Yield what is not as it is to be, and what to do."""
    for key, wanted in handover.wanted.items():
        name = f"NetworkPolicy/{'/'.join(key)}"
        policy = state.live.get(key)
        if policy is None:
            yield f"{name}: is not there; run this again"
        elif (found := parsed(policy)) is None or (found.selector, found.types) != (wanted.selector, wanted.types):
            yield f"{name}: selects other pods than the rendered one; find out who changes it, and run this again"
        elif owner_of(policy) != handover.ours:
            yield f"{name}: is not of release {handover.ours[0]}; find out who changes it, and run this again"
    for release, keys in state.rendered.items():
        yield f"release {release.name} renders {_names(keys)} again; run this again"
    for lost in state.lost:
        yield f"release {lost.name} is not found, and may render policies again; run this again"
    for namespace, name in sorted(set(state.live) - set(handover.wanted)):
        what = f"NetworkPolicy/{namespace}/{name}: the vCluster's own one stays, your values render none"
        yield f"{what}; if that is right: kubectl delete networkpolicy {name} --namespace {namespace}"


def _annotate(handover: Handover, keys: Iterable[Key], annotations: Mapping[str, str | None]) -> None:
    """Set or take off annotations of policies."""
    for objects in _objects(handover, keys):
        kubectl.annotate(objects, annotations)


def _objects(handover: Handover, keys: Iterable[Key]) -> Iterator[NamedObjects]:
    """Yield policies as kubectl takes them, those of one namespace together."""
    for namespace, group in groupby(sorted(keys), key=lambda key: key[0]):
        yield NamedObjects(handover.access, RESOURCE, namespace, [name for _, name in group])


def _names(keys: Iterable[Key]) -> str:
    return ", ".join(name for _, name in sorted(keys))
