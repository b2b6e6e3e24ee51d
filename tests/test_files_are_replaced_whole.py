"""Replacing and removing files: all or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from vcluster_isolation.files import CannotWrite, remove_file, replace_files


def test_makes_files_and_their_folders(tmp_path: Path) -> None:
    replace_files({tmp_path / "a" / "b": b"new"})
    assert (tmp_path / "a" / "b").read_bytes() == b"new"


def test_a_file_that_cannot_be_written_leaves_all_files_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"old")
    message = f"{tmp_path}/folder: cannot be written: it is a folder; nothing was changed"
    with pytest.raises(CannotWrite, match=message):
        replace_files({tmp_path / "file": b"new", tmp_path / "folder": b"new"})
    assert (tmp_path / "file").read_bytes() == b"old"


def test_nothing_is_left_beside_files_after_a_failure(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(CannotWrite):
        replace_files({tmp_path / "file": b"new", tmp_path / "folder": b"new"})
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite, match=f"{tmp_path}/file/x: cannot be written: "):
        replace_files({tmp_path / "file" / "x": b"new"})


def test_a_folder_goes_with_its_last_file(tmp_path: Path) -> None:
    paths = [tmp_path / "folder" / name for name in ("a", "b")]
    replace_files(dict.fromkeys(paths, b""))
    remove_file(paths[0])
    assert list(paths[0].parent.iterdir()) == [paths[1]]
    remove_file(paths[1])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_removed_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match=f"{tmp_path}/none: cannot be removed: No such file or directory; check its"):
        remove_file(tmp_path / "none")
