"""`vcluster-isolation docs`: generated tables in Markdown files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vcluster_isolation.cli.app import COMMANDS
from vcluster_isolation.docs import blocks as docs
from vcluster_isolation.docs.blocks import Undocumented, Value, read_values, renew
from vcluster_isolation.docs.command import command
from vcluster_isolation.errors import InputError
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.values import renames

STALE = "# Title\n\n<!-- generated: now -->\nold | words\n<!-- /generated -->\n\nText.\n"
FRESH = "# Title\n\n<!-- generated: now -->\n\nnew words\n\n<!-- /generated -->\n\nText.\n"


@pytest.fixture(autouse=True)
def blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more block, so that these tests do not change with the chart."""
    monkeypatch.setattr(docs, "BLOCKS", {**docs.BLOCKS, "now": lambda: ["new words"]})


def block(name: str) -> list[str]:
    return docs.BLOCKS[name]()


def run_docs(what: str, *files: Path) -> Result:
    return CliRunner().invoke(command, [what, *map(str, files)], catch_exceptions=False)


@pytest.fixture
def readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stale README.md in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "README.md"
    path.write_text(STALE, encoding="utf-8")
    return path


def test_what_is_between_the_marks_is_replaced() -> None:
    assert renew(STALE, "x.md") == (FRESH, [])


def test_fresh_text_stays() -> None:
    assert renew(FRESH, "x.md") == (FRESH, [])


def test_every_block_of_a_text_is_replaced() -> None:
    assert renew(STALE * 2, "x.md") == (FRESH * 2, [])


def test_line_ends_of_windows_stay() -> None:
    assert renew(STALE.replace("\n", "\r\n"), "x.md") == (FRESH.replace("\n", "\r\n"), [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n<!-- /generated -->\n", "x.md:2: ends no generated block; remove it"),
        ("<!-- generated: now -->\na\n", "x.md:1: begins a block that does not end; write <!-- /generated --> below"),
        (
            "<!-- generated: now -->\n<!-- generated: now -->\n<!-- /generated -->\n",
            "x.md:2: begins inside the block of line 1; write <!-- /generated --> before it",
        ),
        (
            "<!-- generated: vlaues -->\n<!-- /generated -->\n",
            'x.md:1: "vlaues" is not a generated block; use one of values, renames, commands, help, connectivity, claims, platform-claims, policy-kinds, audit-command, needs, grants, json, ports, now',
        ),
        ("# Title\n", "x.md: has no generated block; write <!-- generated: NAME --> and <!-- /generated -->"),
    ],
)
def test_misplaced_marks_are_reported_and_nothing_is_replaced(text: str, message: str) -> None:
    new, problems = renew(text, "x.md")
    assert ([str(problem) for problem in problems], new) == ([message], text)


def test_check_shows_what_is_stale(readme: Path) -> None:
    result = run_docs("check")
    diff = ["--- README.md", "+++ README.md (fresh)", "@@ -1,7 +1,9 @@", " # Title", " ", " <!-- generated: now -->"]
    assert result.stdout.splitlines()[:9] == [*diff, "-old | words", "+", "+new words"]
    assert result.stderr == "Refresh with: vcluster-isolation docs write README.md\n"
    assert (result.exit_code, readme.read_text(encoding="utf-8")) == (1, STALE)


def test_write_replaces_what_is_stale(readme: Path) -> None:
    result = run_docs("write")
    assert (result.exit_code, result.stdout) == (0, "wrote README.md\n")
    assert readme.read_text(encoding="utf-8") == FRESH


def test_a_fresh_file_is_neither_shown_nor_written(readme: Path) -> None:
    readme.write_text(FRESH, encoding="utf-8")
    result = run_docs("check", readme)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "the generated tables are fresh\n")
    assert run_docs("write", readme).stdout == ""


@pytest.mark.parametrize("what", ["check", "write"])
def test_wrong_marks_in_one_file_stop_all(readme: Path, what: str) -> None:
    other = readme.with_name("OTHER.md")
    other.write_text("none", encoding="utf-8")
    result = run_docs(what, readme, other)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error: {other}: has no generated block")
    assert readme.read_text(encoding="utf-8") == STALE


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.md: cannot be read"):
        run_docs("check", tmp_path / "none.md")


def chart(folder: Path, values: str) -> Path:
    (folder / "values.yaml").write_text(values, encoding="utf-8")
    return folder


def test_keys_of_values_come_with_their_defaults_and_comments(tmp_path: Path) -> None:
    text = "a:\n  # -- One.\n  # And more.\n  b: {}\n\n  # No description of it.\n\n  # -- A `|` b.\n  c: [1, x]\n"
    values = [Value(("a", "b"), {}, "One. And more."), Value(("a", "c"), [1, "x"], "A `|` b.")]
    assert read_values(chart(tmp_path, text)) == values


def test_keys_without_a_comment_are_named(tmp_path: Path) -> None:
    text = "# None.\na: 1\nb: 2\n# -- Three.\nc:\n  d: 3\n# -- Four.\ne: 4\n"
    with pytest.raises(Undocumented, match=r"values.yaml has no `# --` comment above a, b, c\.d; write one"):
        read_values(chart(tmp_path, text))


def test_a_bar_in_a_cell_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "read_values", lambda: [Value(("a",), "x|y", "One | two.")])
    assert block("values")[:3] == [
        "| Key | Default | Meaning |",
        "| --- | --- | --- |",
        '| `a` | `"x\\|y"` | One \\| two. |',
    ]


def test_values_has_a_row_for_each_key_of_the_chart_and_each_deprecated_one() -> None:
    keys = [row.split(" | ")[0] for row in block("values")[2:]]
    paths = [value.path for value in read_values(CHART)] + [row.source for row in renames.read_renames()]
    assert keys == [f"| `{'.'.join(path)}`" for path in paths]


def test_renames_has_a_row_for_each_renamed_key() -> None:
    policy = "policies.networkPolicy"
    assert len(block("renames")) == 2 + len(renames.read_renames())
    assert block("renames")[2] == f"| `{policy}.extraControlPlaneRules` | `{policy}.controlPlane.egress` | 0.31 |"


def test_commands_has_a_row_for_each_command_and_subcommand() -> None:
    names = [row.split(" [")[0].removeprefix("| `vcluster-isolation ") for row in block("commands")[2:]]
    assert {name.split()[0] for name in names} == set(COMMANDS)
    assert {"golden check", "golden write"} <= set(names)


def test_help_is_what_the_command_says() -> None:
    CliRunner().invoke(command, ["--help"])  # called without its group, it shows no -h
    text = "\n".join(block("help"))
    assert text.count("  -h, --help ") == len(list(re.finditer("^Usage: ", text, re.MULTILINE)))
    assert text.startswith("```text\nUsage: vcluster-isolation [OPTIONS] COMMAND [ARGS]...\n")
    assert "\n\n\nUsage: vcluster-isolation golden check [OPTIONS]\n" in text
    assert re.search(r"  -h, --help +Show this message and exit\.\n", text)


def test_claims_are_a_table_with_what_becomes_of_each() -> None:
    lines = docs.BLOCKS["claims"]()
    assert lines[0] == "| Claim |  | compatible | hardened |"
    metadata = "| `workload-to-metadata` | No workload, whatever its labels, reaches a metadata address."
    assert f"{metadata} | FAILS | holds |" in lines
    assert "| `workload-api` | Every workload reaches its API on 8443. | holds | holds |" in lines
    assert any(line.endswith("| with `prometheus` | with `prometheus` |") for line in lines)


def test_connectivity_is_the_golden_file_of_the_default() -> None:
    lines = docs.BLOCKS["connectivity"]()
    assert (lines[0], lines[-1]) == ("```text", "```")
    assert "workload => control-plane : TCP 8443, TCP+UDP 1053" in lines
