"""Replacing files so that each is either the old one or the new one, never half of it."""

from __future__ import annotations

import errno
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from vcluster_isolation.errors import IsolationError
from vcluster_isolation.wording import printable


class CannotWrite(IsolationError):
    """A file could not be written or removed, and is as it was."""


def replace_files(contents: Mapping[Path, bytes]) -> None:
    """Give each file its new content, keeping its permissions; folders that are missing are made.

    All new content is on disk before the first file is replaced. A symbolic link stays, and its target is
    replaced. Raises CannotWrite, and then leaves every file as it was.
    """
    staged: dict[Path, Path] = {}
    target = Path()
    try:
        for path, content in contents.items():
            target = path.resolve()
            target.parent.mkdir(parents=True, exist_ok=True)
            staged[target] = target.with_name(f".{secrets.token_hex(8)}.tmp")
            _stage(target, staged[target], content)
        for target, new in staged.items():
            new.replace(target)
    except OSError as error:
        what = f"{printable(str(target))}: cannot be written: {error.strerror}"
        raise CannotWrite(what, "nothing was changed; check its folder's permissions") from error
    finally:
        for new in staged.values():
            new.unlink(missing_ok=True)


def remove_file(path: Path) -> None:
    """Remove a file, and its folder if nothing else is in it. Raises CannotWrite."""
    try:
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    except OSError as error:
        what = f"{printable(str(path))}: cannot be removed: {error.strerror}"
        raise CannotWrite(what, "check its folder's permissions") from error


def _stage(target: Path, new: Path, content: bytes) -> None:
    """Write the `new` file beside `target`, with its permissions."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(target))
    with new.open("xb") as file:
        file.write(content)
    if target.exists():
        shutil.copymode(target, new)
