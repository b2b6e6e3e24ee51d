"""Who reaches whom among several vClusters, or among the pods that are really there.

Of manifests with pods the actors are these pods: those of a vCluster by their role, `team-a/workload`, all others by
namespace and name. Of manifests without pods each vCluster has the cast around it, and what is its own is prefixed.
A vCluster is called by its name, with its namespace before it unless that is vcluster-NAME, where vCluster's own tools
put it; which other vClusters there are makes no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from vcluster_isolation.connectivity import connectivity, fold
from vcluster_isolation.connectivity.matrix import Cell, Matrix, MatrixActor
from vcluster_isolation.connectivity.real_pods import called, matrix_of_pods, shows_pods
from vcluster_isolation.subject.inputs import Input
from vcluster_isolation.subject.subject import PLATFORM, Subject


def matrix_of(given: Input, *, reasons: bool = True) -> Matrix:
    """Return what is to be shown of values or manifests, folded; without `reasons` these may be left out."""
    if given.cluster and shows_pods(given.cluster, given.subjects):
        vclusters = [subject for subject in given.subjects if subject.kind != PLATFORM]
        return matrix_of_pods(given.cluster, vclusters, reasons=reasons)
    found = [fold.folded(connectivity.matrix_of(subject)) for subject in given.subjects]
    return found[0] if len(found) == 1 else _joined(given.subjects, found)


def _joined(subjects: Sequence[Subject], found: Sequence[Matrix]) -> Matrix:
    """Return several matrices as one, with the vCluster before each actor that belongs to it."""
    actors: dict[str, MatrixActor] = {}
    cells: list[Cell] = []
    for prefix, matrix in zip(prefixes(subjects), found, strict=True):
        names = {actor.name: f"{prefix}{actor.name}" if belongs(actor) else actor.name for actor in matrix.actors}
        actors |= {names[actor.name]: replace(actor, name=names[actor.name]) for actor in matrix.actors}
        cells += [
            replace(cell, source=names[cell.source], destination=names[cell.destination]) for cell in matrix.cells
        ]
    doubts = dict.fromkeys(policy for matrix in found for policy in matrix.not_evaluated)
    return Matrix(_title(subjects), _ordered(actors.values()), _sorted(cells), tuple(doubts))


def prefixes(subjects: Sequence[Subject]) -> list[str]:
    """Return what stands before each subject's actors: its name, and where its values are if two have that name."""
    names = [called(subject.name, subject.namespace) for subject in subjects]
    return [
        f"{name} ({one.where})/" if one.where and names.count(name) > 1 else f"{name}/"
        for name, one in zip(names, subjects, strict=True)
    ]


def _title(subjects: Sequence[Subject]) -> str:
    """Return how many vClusters there are, and whether the platform is there too."""
    count = sum(subject.kind != PLATFORM for subject in subjects)
    words = [f"{count} vCluster{'' if count == 1 else 's'}"] if count else []
    return " and ".join([*words, *(["vCluster Platform"] if count < len(subjects) else [])])


def belongs(actor: MatrixActor) -> bool:
    """Return whether an actor is in its vCluster's namespace, so that each vCluster has one like it."""
    name = actor.name
    return actor.own or name == "stray" or name.startswith("neighbour's ") or name.endswith(" in this namespace")


def _ordered(actors: Iterable[MatrixActor]) -> tuple[MatrixActor, ...]:
    """Return actors in the order in which they are shown: own ones, other pods, addresses."""
    return tuple(sorted(actors, key=lambda one: (not one.own, bool(one.addresses))))


def _sorted(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    return tuple(sorted(cells, key=lambda one: (one.source, one.destination)))
