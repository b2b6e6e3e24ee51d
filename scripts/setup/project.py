"""Where set-up keeps what: everything it writes is below the project's folder, in two ignored folders."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Project:
    """The checkout at `root`, and the places that set-up writes to."""

    root: Path

    @property
    def venv(self) -> Path:
        """The Python environment."""
        return self.root / ".venv"

    @property
    def tools(self) -> Path:
        """Everything else that set-up makes."""
        return self.root / ".tools"

    @property
    def bin(self) -> Path:
        """Links to the programs in use: built here, or found on PATH."""
        return self.tools / "bin"

    @property
    def built(self) -> Path:
        """The programs that were built here."""
        return self.tools / "built"

    @property
    def build(self) -> Path:
        """Go, its caches and pip's: gigabytes, there only until a set-up has succeeded."""
        return self.tools / "build"

    @property
    def scratch(self) -> Path:
        """TMPDIR of set-up's programs: what a killed one leaves goes with the rest of `build`."""
        return self.build / "tmp"

    @property
    def temporary(self) -> Path:
        """TMPDIR of the commands run by `scripts/`."""
        return self.tools / "tmp"

    @property
    def logs(self) -> Path:
        """The whole output of each step's programs."""
        return self.tools / "log"


def remove(path: Path) -> None:
    """Remove a file, a link (not what it points to) or a whole folder; nothing there is fine too."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def write(path: Path, text: str, *, executable: bool = False) -> None:
    """Write `text` so that `path` has either its old or its whole new contents, even when interrupted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.write_text(text)
    draft.chmod(0o755 if executable else 0o644)
    draft.replace(path)


def point(link: Path, target: Path) -> None:
    """Make `link` a symbolic link to `target`, replacing whatever was there in one move."""
    link.parent.mkdir(parents=True, exist_ok=True)
    draft = link.with_name(f"{link.name}.{os.getpid()}.new")
    remove(draft)
    draft.symlink_to(target)
    if link.is_dir() and not link.is_symlink():
        shutil.rmtree(link)
    draft.replace(link)


def digest(files: Iterable[Path], *words: str) -> str:
    """Return one digest of the contents of `files` and of `words`, in their order."""
    total = hashlib.sha256()
    for part in [*(path.read_bytes() for path in files), *(word.encode() for word in words)]:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()


def runnable(path: Path) -> bool:
    """Whether `path` is a program that is there; a link to something that has gone is not."""
    return os.access(path, os.X_OK)


def on_path(name: str, caller: Mapping[str, str]) -> Iterator[Path]:
    """Yield every program of that name on the caller's PATH; relative folders on it mean nothing to us."""
    for entry in caller.get("PATH", "").split(os.pathsep):
        found = shutil.which(name, path=entry) if Path(entry).is_absolute() else None
        if found:
            yield Path(found)
