"""Asking about a cluster for several resources at once. It reads, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from vcluster_isolation.errors import ToolFailed
from vcluster_isolation.kubectl import Access, items

_NEXT: Final = "check --kubeconfig and --context, or ask for the right to list"


@dataclass(frozen=True, slots=True)
class Listing:
    """What `kubectl get` gave: objects, or why there are none."""

    items: tuple[dict[str, Any], ...] = ()
    failure: str = ""


def get_all(access: Access, wanted: Mapping[str, Sequence[str]], required: str) -> dict[str, Listing]:
    """Return what `kubectl get WORDS` lists for each of `wanted` (a name and WORDS), asked at the same time.

    One that cannot be read says why in its `failure`. Raises ToolFailed when that is the one called `required`, and
    ToolMissing when there is no kubectl.
    """
    with ThreadPoolExecutor(max_workers=len(wanted)) as pool:
        running = {name: pool.submit(items, access, words, _NEXT) for name, words in wanted.items()}
    errors = {name: future.exception() for name, future in running.items()}
    if isinstance(errors[required], ToolFailed):
        raise errors[required]  # type: ignore[misc] # an error, as the line above says
    return {name: _listing(future.result, errors[name]) for name, future in running.items()}


def _listing(result: Callable[[], list[Any]], error: BaseException | None) -> Listing:
    """Return the objects, or the last words of kubectl in one line. Raises what is no failure of kubectl's."""
    if isinstance(error, ToolFailed):
        said = error.stderr.strip().splitlines()
        return Listing(failure=said[-1] if said else "kubectl printed nothing")
    return Listing(tuple(item for item in result() if isinstance(item, dict)))
