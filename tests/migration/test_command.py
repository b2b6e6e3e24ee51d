"""`vcluster-isolation migrate` on the command line: what it prints, writes, and leaves alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vcluster_isolation.cli.migrate import command
from vcluster_isolation.errors import InputError, IsolationError

OLD = "# ours\npolicies:\n  networkPolicy:\n    extraWorkloadRules: []\n"
NEW = "# ours\npolicies:\n  networkPolicy:\n    workload:\n      egress: []\n"
UNDECIDED = f"{OLD}    workload: {{egress: [{{}}]}}\n"
MOVED = "policies.networkPolicy.extraWorkloadRules is now policies.networkPolicy.workload.egress\n"


@pytest.fixture
def values(tmp_path: Path) -> Path:
    path = tmp_path / "values.yaml"
    path.write_text(OLD, encoding="utf-8")
    return path


def migrate(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(command, [str(word) for word in arguments], input=stdin, catch_exceptions=False)


def test_prints_the_new_file_and_leaves_the_old_one(values: Path) -> None:
    result = migrate(values)
    assert (result.exit_code, result.stdout, result.stderr) == (0, NEW, f"{values}:4: {MOVED}")
    assert values.read_text(encoding="utf-8") == OLD


def test_reads_standard_input() -> None:
    result = migrate("-", stdin=OLD)
    assert (result.exit_code, result.stdout, result.stderr) == (0, NEW, f"standard input:4: {MOVED}")


def test_writes_the_file_in_place_and_prints_none_of_it(values: Path) -> None:
    result = migrate(values, "--write")
    assert (result.exit_code, result.stdout, values.read_text(encoding="utf-8")) == (0, "", NEW)


def test_leaves_nothing_beside_the_file(values: Path) -> None:
    migrate(values, "--write")
    assert list(values.parent.iterdir()) == [values]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_keeps_the_permissions_of_the_file(values: Path, mode: int) -> None:
    values.chmod(mode)
    migrate(values, "--write")
    assert stat.S_IMODE(values.stat().st_mode) == mode


def test_keeps_a_byte_order_mark(values: Path) -> None:
    values.write_text(OLD, encoding="utf-8-sig")
    migrate(values, "--write")
    assert values.read_bytes() == NEW.encode("utf-8-sig")


def test_prints_windows_line_ends_as_they_are(values: Path) -> None:
    values.write_bytes(OLD.replace("\n", "\r\n").encode())
    assert migrate(values).stdout_bytes == NEW.replace("\n", "\r\n").encode()


def test_writes_through_a_symbolic_link(values: Path) -> None:
    link = values.with_name("link.yaml")
    link.symlink_to(values.name)
    migrate(link, "--write")
    assert (link.is_symlink(), values.read_text(encoding="utf-8")) == (True, NEW)


def test_says_when_there_is_nothing_to_migrate(values: Path) -> None:
    values.write_text(NEW, encoding="utf-8")
    result = migrate(values)
    assert (result.exit_code, result.stdout, result.stderr) == (0, NEW, "nothing to migrate\n")


def test_does_not_touch_a_file_that_needs_nothing(values: Path) -> None:
    values.write_text(NEW, encoding="utf-8")
    os.utime(values, (1, 1))
    migrate(values, "--write")
    assert values.stat().st_mtime == 1


@pytest.mark.parametrize("options", [(), ("--write",)])
def test_an_undecided_file_is_neither_printed_nor_written(values: Path, options: tuple[str, ...]) -> None:
    values.write_text(UNDECIDED, encoding="utf-8")
    result = migrate(values, *options)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error: {values}:4: policies.networkPolicy.extraWorkloadRules: is the deprecated")
    assert values.read_text(encoding="utf-8") == UNDECIDED


def test_says_what_a_closed_platform_means_now(values: Path) -> None:
    values.write_text("policies: {networkPolicy: {outgoingConnections: {platform: false}}}\n", encoding="utf-8")
    result = migrate(values)
    assert (result.exit_code, result.stderr.splitlines()[1][:6]) == (0, "note: ")


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: cannot be read: No such file or directory; check the name"):
        migrate(tmp_path / "none.yaml")


def test_standard_input_cannot_be_replaced() -> None:
    with pytest.raises(IsolationError, match="standard input cannot be replaced; leave --write out, or name a file"):
        migrate("-", "--write", stdin=OLD)
