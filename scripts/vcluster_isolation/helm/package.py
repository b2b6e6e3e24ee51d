"""A chart as a folder, whether it is one or a package (`helm package`)."""

from __future__ import annotations

import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vcluster_isolation.errors import IsolationError
from vcluster_isolation.wording import printable

UNREADABLE = (OSError, EOFError, tarfile.TarError, zlib.error, UnicodeDecodeError)
"""What reading a file out of a package may raise."""


def reason(error: Exception) -> str:
    """Return why a chart's folder or package cannot be read, for a message; `error` is one of `UNREADABLE`."""
    if isinstance(error, UnicodeDecodeError):
        return "a text in it is not UTF-8"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if type(error) is tarfile.TarError:
        return printable(str(error))  # `_extract` says which file it refuses
    return "it is no .tgz, or a damaged one"


class NoChart(IsolationError):
    """What should be a chart is none."""


@contextmanager
def unpacked(chart: Path) -> Iterator[Path]:
    """Yield the folder of a chart; a package is unpacked into a temporary one. Raises NoChart."""
    if chart.is_dir():
        yield _checked(chart, chart)
        return
    with tempfile.TemporaryDirectory() as place:
        try:
            with tarfile.open(chart) as package:
                _extract(package, Path(place))
        except UNREADABLE as error:
            what = f"{printable(str(chart))}: cannot be read as a chart: {reason(error)}"
            raise NoChart(what, "give a chart's folder, or what `helm package` made of it") from error
        folders = list(Path(place).iterdir())
        yield _checked(chart, folders[0] if len(folders) == 1 else Path(place))


def _extract(package: tarfile.TarFile, place: Path) -> None:
    """Unpack the files of a package, and nothing else: links and paths that lead out of it are refused."""
    for member in package:
        target = (place / member.name).resolve()
        if not target.is_relative_to(place.resolve()) or not (member.isfile() or member.isdir()):
            raise tarfile.TarError(f"{member.name} is not a plain file inside the package")
        content = package.extractfile(member)
        if content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())


def _checked(chart: Path, folder: Path) -> Path:
    """Return the folder if it holds a chart."""
    if not (folder / "Chart.yaml").is_file():
        raise NoChart(f"{printable(str(chart))}: has no Chart.yaml", "give a chart's folder or package")
    return folder
