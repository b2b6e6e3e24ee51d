"""Files as they were at a revision of the git repository that we are in, byte for byte: the only module that runs git.

The files come out of git's own database, not out of `git archive`, which leaves out what `.gitattributes` calls
`export-ignore` and rewrites `export-subst`. Symbolic links are followed inside the revision, as helm follows them.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vcluster_isolation import tools
from vcluster_isolation.errors import IsolationError, ToolFailed
from vcluster_isolation.wording import printable

_TREE: Final = "tree"
_MOST: Final = 20_000  # files in a folder of values or a chart; links can make a tree endless
_LFS: Final = b"version https://git-lfs.github.com/spec/"  # how a file that Git LFS keeps elsewhere begins
_IN_WORKING_TREE: Final = "check the revision out (git worktree add), and give a path in there"
_WORDS: Final = {
    "symlink": "is a link that leads out of the repository",
    "dangling": "is a link that leads nowhere",
    "loop": "is a link that leads to itself",
    "notdir": "is a link that leads through a file",
    "missing": "is a submodule, or not in this copy of the repository",
}
"""What `git cat-file --follow-symlinks` says instead of a content, and what that means."""


@dataclass(frozen=True, slots=True)
class _Object:
    """What is in the database under a name: its kind (see _WORDS for what is none), its hash, and its content."""

    kind: str
    hash: str
    content: bytes


def write_out(revision: str, path: str, place: Path) -> None:
    """Write what `path` was at `revision` to `place`: a file, or a folder with everything in it.

    A path is from the root of the repository, or from here if it begins with a dot, as git has it. Raises
    IsolationError, in git's own words for what is not there, and for what git has not: what links lead to outside of
    the repository, submodules, and files that Git LFS keeps elsewhere.
    """
    if revision.startswith("-"):
        raise IsolationError(f"{printable(revision)}: is not a git revision", "give a branch, tag or commit")
    inside = _from_root(path)
    _run("cat-file", "-t", f"{revision}:{inside}")  # says in git's words what is wrong
    root = f"{_run('rev-parse', '--verify', f'{revision}^{{tree}}').decode().strip()}:"
    waiting = [(inside, place)]
    written = 0
    while waiting:
        batch, waiting = waiting, []
        for (name, to), found in zip(batch, _read([f"{root}{name}" for name, _ in batch]), strict=True):
            written += 1
            if written > _MOST:
                what = f"{printable(f'{revision}:{path}')}: has more than {_MOST} files"
                raise IsolationError(what, "name the folder of the chart or the values")
            if found.kind == _TREE:
                to.mkdir()
                waiting += [(posixpath.join(name, entry), to / entry) for entry in _entries(found)]
            else:
                to.write_bytes(_content(found, f"{revision}:{name}"))


def _from_root(path: str) -> str:
    """Return a path from the root of the repository, empty for the root itself."""
    if path.split("/", 1)[0] not in {".", ".."}:
        return path.rstrip("/")
    here = _run("rev-parse", "--show-prefix").decode("utf-8", "surrogateescape").rstrip("\n")
    return posixpath.normpath(posixpath.join(here, path)).removeprefix(".")


def _entries(tree: _Object) -> Iterator[str]:
    """Yield the names in a tree."""
    for line in _run("ls-tree", "--full-tree", "-z", "--name-only", tree.hash).split(b"\0"):
        name = line.decode("utf-8", "surrogateescape")
        if "\n" in name:
            raise IsolationError(f"{printable(name)}: has a line break in its name", _IN_WORKING_TREE)
        if name:
            yield name


def _content(found: _Object, shown: str) -> bytes:
    """Return a file's content. Raises IsolationError where the database has none."""
    if found.kind in _WORDS:
        raise IsolationError(f"{printable(shown)}: {_WORDS[found.kind]}", _IN_WORKING_TREE)
    if found.content.startswith(_LFS):
        raise IsolationError(f"{printable(shown)}: is kept in Git LFS, and here is only a pointer", _IN_WORKING_TREE)
    return found.content


def _read(names: Sequence[str]) -> Iterator[_Object]:
    """Yield what is in the database under each of `names`, links followed, with one git for all of them."""
    asked = "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
    answer = _run("cat-file", "--batch", "--follow-symlinks", stdin=asked)
    for _ in names:
        head, _, answer = answer.partition(b"\n")
        words = head.decode("utf-8", "surrogateescape").split(" ")
        if words[-1] == "missing":
            yield _Object("missing", "", b"")
            continue
        length = int(words[-1])
        content, answer = answer[:length], answer[length + 1 :]
        kind = words[0] if words[0] in _WORDS else words[1]
        yield _Object(kind, words[0], content)


def _run(*arguments: str, stdin: bytes = b"") -> bytes:
    """Return what git prints. Raises IsolationError with git's own words."""
    try:
        return tools.run_binary(["git", *arguments], stdin=stdin)
    except ToolFailed as failed:
        said = f"git {printable(' '.join(arguments))}: {printable(failed.stderr.strip())}"
        raise IsolationError(said, "check revision and path") from failed
