"""Running `kubectl` for commands that change a cluster: it reads objects, and sets annotations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from vcluster_isolation.errors import ToolFailed
from vcluster_isolation.tools import find, run

Json = dict[str, Any]

_TIMEOUT: Final = "--request-timeout=30s"
_CHECK: Final = "check the kube context, and that you may do this in that namespace"


def current_context() -> str:
    """Return the kubeconfig's current context; empty where there is none, as inside a pod."""
    done = run([find("kubectl"), "config", "current-context"])
    return done.stdout.strip() if done.code == 0 else ""


def get_named(context: str, resource: str, namespace: str, names: Sequence[str]) -> dict[str, Json]:
    """Return the objects of a resource (`networkpolicies`) in a namespace that are there, by their names.

    Raises ToolFailed when kubectl fails or prints something else, ToolMissing when there is no kubectl.
    """
    if not names:
        return {}
    words = ["get", resource, *names, f"--namespace={namespace}", "--ignore-not-found", "--output=json"]
    text = _run(context, words).strip()
    try:
        found = json.loads(text) if text else {"items": []}
        items = found.get("items", [found]) if isinstance(found, dict) else []
        return {item["metadata"]["name"]: item for item in items}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolFailed(["kubectl", *words], "printed no objects in JSON", "check which kubectl is on PATH") from error


def annotate(
    context: str, resource: str, namespace: str, names: Sequence[str], annotations: Mapping[str, str | None]
) -> None:
    """Set annotations of some objects, or with None take them off; what is so already stays as it is.

    Raises ToolFailed when kubectl fails, for one that is not there among others.
    """
    _set("annotate", context, resource, namespace, names, annotations)


def label(context: str, resource: str, namespace: str, names: Sequence[str], labels: Mapping[str, str | None]) -> None:
    """Set labels of some objects, as `annotate` does annotations. Raises ToolFailed as that does."""
    _set("label", context, resource, namespace, names, labels)


def _set(
    verb: str, context: str, resource: str, namespace: str, names: Sequence[str], pairs: Mapping[str, str | None]
) -> None:
    if names:
        changes = [f"{key}-" if value is None else f"{key}={value}" for key, value in pairs.items()]
        _run(context, [verb, resource, *names, f"--namespace={namespace}", "--overwrite", *changes])


def _run(context: str, words: Sequence[str]) -> str:
    """Return what kubectl prints. Raises ToolFailed with kubectl's own words."""
    chosen = [f"--context={context}"] if context else []
    done = run([find("kubectl"), *chosen, _TIMEOUT, *words])
    if done.code:
        raise ToolFailed(done.command, done.stderr, _CHECK)
    return done.stdout
