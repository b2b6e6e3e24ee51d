"""A pytest plugin: what helm renders in one run of the tests is rendered once, whichever worker asks for it.

A render is kept under everything that decides what helm prints: the helm program, each file of the chart and of the
values, the other words of the command line, standard input and helm's own variables. Only `helm template` of the
helms that set-up built is kept, for the time of one run: each run renders the chart anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import pytest

from vcluster_isolation import tools
from vcluster_isolation.helm import template as helm_template
from vcluster_isolation.helm.render_cache import digest
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.tools import PROJECT, Finished

_VARIABLES = ("HELM", "KUBE", "XDG")
"""With these begin the names of variables that helm and client-go read; KUBECONFIG, for example."""
_QUICK = (shutil.which("env") or "env", "LC_ALL=fr_FR.UTF-8")
"""Helm reads the translations of kubectl at each start and uses none; the French ones are the shortest: 10 ms less."""
_BUILT = (PROJECT / ".tools" / "built").resolve()


class _Worker(Protocol):
    """What xdist gives for each worker: `workerinput` is what the worker finds in its own config."""

    workerinput: dict[str, object]


class SharedRenders:
    """Runs programs as `tools.run` does, and `helm template` only where no worker has rendered the same before."""

    def __init__(self, folder: Path) -> None:
        """Keep what is rendered in `folder`."""
        self.folder = folder

    def run(self, command: Sequence[str | Path], *, stdin: str = "", cwd: Path | None = None) -> Finished:
        """Return what `tools.run` returns."""
        words = tuple(map(str, command))
        content = None if cwd else _content(words)
        if content is None:
            return tools.run(command, stdin=stdin, cwd=cwd)
        variables = sorted(item for item in os.environ.items() if item[0].startswith(_VARIABLES))
        decides = json.dumps([content, stdin, variables])
        # What a failure says names files, so that it is kept for these files only.
        places = [self.folder / _hash(decides), self.folder / _hash(decides, *words)]
        for place in filter(Path.exists, places):
            kept = json.loads(place.read_text(encoding="utf-8"))
            return Finished(words, kept["code"], kept["stdout"], kept["stderr"])
        done = replace(tools.run([*_QUICK, *words], stdin=stdin), command=words)
        if done.code >= 0:  # else a signal ended it, which says nothing of the chart
            _write(places[bool(done.code)], json.dumps(asdict(done)))
        return done


def _content(words: Sequence[str]) -> list[str] | None:
    """Return the command line with the content of files in the place of their names; None for what is not kept."""
    match words:
        case [program, "template", _, chart, *_] if Path(program).resolve().parent == _BUILT and Path(chart).exists():
            files = [Path(word) for before, word in pairwise(words) if before == "--values"]
            if not all(str(file) == "-" or file.is_file() for file in files):
                return None
            known = {str(file): digest(file) for file in files if str(file) != "-"}
            known |= {chart: f"{Path(chart).name} {_chart(Path(chart))}", program: _program(Path(program).resolve())}
            return [known.get(word, word) for word in words]
    return None


def _chart(path: Path) -> str:
    return _own() if path == CHART else digest(path)


@cache
def _own() -> str:
    """Return the hash of the checkout's chart, which no test changes."""
    return digest(CHART)


@cache
def _program(path: Path) -> str:
    """Return what tells a program from others: its place, size and age."""
    there = path.stat()
    return f"{path} {there.st_size} {there.st_mtime_ns}"


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


def _write(place: Path, text: str) -> None:
    """Write a file that others see only when it is whole."""
    draft = place.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(place)


def pytest_configure(config: pytest.Config) -> None:
    """Take the folder of the run, or make one; from here on, renders are shared."""
    given = getattr(config, "workerinput", {}).get("shared_renders")
    folder = Path(given or tempfile.mkdtemp(prefix="vcluster-isolation-renders-"))
    if not given:
        config.add_cleanup(lambda: shutil.rmtree(folder))
    config.stash[_FOLDER] = folder
    helm_template.run = SharedRenders(folder).run  # type: ignore[attr-defined]


_FOLDER = pytest.StashKey[Path]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: _Worker) -> None:
    """Called by xdist for each worker that it starts."""
    node.workerinput["shared_renders"] = str(node.config.stash[_FOLDER])  # type: ignore[attr-defined]
