"""Asking `kubectl` about a cluster: the only module of `verify` that runs it. It reads, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from vcluster_isolation.errors import ToolFailed
from vcluster_isolation.tools import find, run

_REQUEST_TIMEOUT = 10  # seconds for an API server that does not answer


@dataclass(frozen=True, slots=True)
class Access:
    """Which cluster: a kubeconfig and a context as kubectl takes them, empty for kubectl's own choice."""

    kubeconfig: str = ""
    context: str = ""

    def words(self) -> list[str]:
        """Return kubectl's global options; `=` keeps a value from being an option of its own."""
        chosen = {"--kubeconfig": self.kubeconfig, "--context": self.context}
        return [f"{option}={value}" for option, value in chosen.items() if value]


@dataclass(frozen=True, slots=True)
class Listing:
    """What `kubectl get` gave: objects, or why there are none."""

    items: tuple[dict[str, Any], ...] = ()
    failure: str = ""


def server(access: Access) -> str:
    """Return the URL of the API server that kubectl would ask; empty where kubectl uses a pod's own account."""
    words = ["config", "view", "--minify", "--output=jsonpath={.clusters[0].cluster.server}"]
    done = run([find("kubectl"), *access.words(), *words])
    return done.stdout.strip() if done.code == 0 else ""


def get_all(access: Access, wanted: Mapping[str, Sequence[str]], required: str) -> dict[str, Listing]:
    """Return what `kubectl get WORDS` lists for each of `wanted` (a name and WORDS), asked at the same time.

    One that cannot be read says why in its `failure`. Raises ToolFailed when that is the one called `required`, and
    ToolMissing when there is no kubectl.
    """
    find("kubectl")
    with ThreadPoolExecutor(max_workers=len(wanted)) as pool:
        running = {name: pool.submit(_get, access, words) for name, words in wanted.items()}
    errors = {name: future.exception() for name, future in running.items()}
    if isinstance(errors[required], ToolFailed):
        raise errors[required]  # type: ignore[misc] # an error, as the line above says
    return {name: _listing(future.result, errors[name]) for name, future in running.items()}


def _listing(result: Callable[[], list[dict[str, Any]]], error: BaseException | None) -> Listing:
    """Return the objects, or the last words of kubectl in one line. Raises what is no failure of kubectl's."""
    if isinstance(error, ToolFailed):
        said = error.stderr.strip().splitlines()
        return Listing(failure=said[-1] if said else "kubectl said nothing")
    return Listing(tuple(result()))


def _get(access: Access, words: Sequence[str]) -> list[dict[str, Any]]:
    """Return the items of `kubectl get`. Raises ToolFailed when kubectl fails, or prints something else."""
    options = [*access.words(), f"--request-timeout={_REQUEST_TIMEOUT}s", "get", *words, "--output=json"]
    done = run([find("kubectl"), *options])
    if done.code:
        raise ToolFailed(done.command, done.stderr, "check --kubeconfig and --context, or ask for the right to list")
    try:
        items = json.loads(done.stdout)["items"]
    except (ValueError, KeyError, TypeError) as error:
        raise ToolFailed(done.command, "printed no list of objects", "check which kubectl is on PATH") from error
    return [item for item in items if isinstance(item, dict)]
