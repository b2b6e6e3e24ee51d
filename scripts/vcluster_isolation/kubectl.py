"""Running `kubectl`: it reads objects, and sets annotations and labels. Nothing else in the package runs it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vcluster_isolation.errors import ToolFailed
from vcluster_isolation.tools import Finished, find, run

Json = dict[str, Any]

_LISTING: Final = "--request-timeout=10s"
_PATIENT: Final = "--request-timeout=30s"
"""How long a request may take: one that only lists, and one on which a take-over waits."""

_CHECK: Final = "check the kube context, and that you may do this in that namespace"


@dataclass(frozen=True, slots=True)
class Access:
    """Which cluster: a kubeconfig and a context as kubectl takes them, empty for kubectl's own choice."""

    kubeconfig: str = ""
    context: str = ""

    def words(self) -> list[str]:
        """Return kubectl's global options; `=` keeps a value from being an option of its own."""
        chosen = {"--kubeconfig": self.kubeconfig, "--context": self.context}
        return [f"{option}={value}" for option, value in chosen.items() if value]


def server(access: Access) -> str:
    """Return the URL of the API server that kubectl would ask; empty where kubectl uses a pod's own account."""
    words = ["config", "view", "--minify", "--output=jsonpath={.clusters[0].cluster.server}"]
    done = run([find("kubectl"), *access.words(), *words])
    return done.stdout.strip() if done.code == 0 else ""


def items(access: Access, words: Sequence[str], next_step: str) -> list[Any]:
    """Return the items of `kubectl get WORDS`.

    Raises ToolFailed, with `next_step`, when kubectl fails or prints something else; ToolMissing without kubectl.
    """
    done = _run(access, [_LISTING, "get", "--output=json", *words], next_step)
    try:
        found = json.loads(done.stdout)["items"]
    except (ValueError, KeyError, TypeError):
        found = None
    if not isinstance(found, list):
        raise ToolFailed(done.command, "printed no list of objects", "check which kubectl is on PATH")
    return found


def current_context() -> str:
    """Return the kubeconfig's current context; empty where there is none, as inside a pod."""
    done = run([find("kubectl"), "config", "current-context"])
    return done.stdout.strip() if done.code == 0 else ""


@dataclass(frozen=True, slots=True)
class NamedObjects:
    """Objects of a resource (`networkpolicies`) in a namespace of a cluster."""

    access: Access
    resource: str
    namespace: str
    names: Sequence[str]


def get(objects: NamedObjects) -> dict[str, Json]:
    """Return the objects that are there, by their names.

    Raises ToolFailed when kubectl fails or prints something else, ToolMissing when there is no kubectl.
    """
    words = ["get", objects.resource, *objects.names, f"--namespace={objects.namespace}"]
    text = _run(objects.access, [_PATIENT, *words, "--ignore-not-found", "--output=json"]).stdout.strip()
    try:
        found = json.loads(text) if text else {"items": []}
        return {item["metadata"]["name"]: item for item in found.get("items", [found])}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolFailed(["kubectl", *words], "printed no objects in JSON", "check which kubectl is on PATH") from error


def namespaces_of_release(access: Access, name: str) -> set[str]:
    """Return the namespaces in which Helm keeps a release of that name, in Secrets or ConfigMaps.

    Source: Helm's storage drivers, which label what they keep `owner=helm` and `name`. The content is not read. Raises
    ToolFailed when kubectl fails, as it does for who may not list these in all namespaces.
    """
    words = ["get", "secrets,configmaps", "--all-namespaces", f"--selector=owner=helm,name={name}"]
    namespaces = 'jsonpath={range .items[*]}{.metadata.namespace}{"\\n"}{end}'
    return set(_run(access, [_PATIENT, *words, f"--output={namespaces}"]).stdout.split())


def annotate(objects: NamedObjects, annotations: Mapping[str, str | None]) -> None:
    """Set annotations of objects, or with None take them off; what is so already stays as it is.

    Raises ToolFailed when kubectl fails, as it does if one of them is not there.
    """
    _set("annotate", objects, annotations)


def label(objects: NamedObjects, labels: Mapping[str, str | None]) -> None:
    """Set labels of objects, as `annotate` does annotations. Raises ToolFailed as that does."""
    _set("label", objects, labels)


def _set(verb: str, objects: NamedObjects, pairs: Mapping[str, str | None]) -> None:
    changes = [f"{key}-" if value is None else f"{key}={value}" for key, value in pairs.items()]
    words = [verb, objects.resource, *objects.names, f"--namespace={objects.namespace}", "--overwrite", *changes]
    _run(objects.access, [_PATIENT, *words])


def _run(access: Access, words: Sequence[str], next_step: str = _CHECK) -> Finished:
    """Return how kubectl ended. Raises ToolFailed, with kubectl's own words and `next_step`, when it fails."""
    done = run([find("kubectl"), *access.words(), *words])
    if done.code:
        raise ToolFailed(done.command, done.stderr, next_step)
    return done
