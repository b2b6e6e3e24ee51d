"""No value of a user breaks out of a shell's word, of a quoted template or of a comment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.firewall.cases import AZURE, NODE, printed
from tests.firewall.grammar import commands, meaning, options
from vcluster_isolation.errors import InputError
from vcluster_isolation.firewall import hcl, shell

HOSTILE = [
    "$(touch x)",
    "`id`",
    "a'b",
    'a"b',
    "a;b",
    "a\\",
    "a b",
    "a&&b",
    "a|b",
    "a>b",
    "*",
    "~",
    "#c",
    "!x",
    "${HOME}",
]


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1))
def test_a_shell_reads_every_word_as_it_was(words: list[str]) -> None:
    [found] = commands(shell.command(["program"], [["--option", word] for word in words]))
    assert found == ["program", *(each for word in words for each in ("--option", word))]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_quoted_template_means_the_text(text: str) -> None:
    assert meaning(hcl.string(text)) == text


@pytest.mark.parametrize(
    "text", ["${x}", "%{if x}", "$${x}", "$$${x}", '"', "\\", '\\"', "\n", "\x1b", "\u2028", "\U000e0001"]
)
def test_a_quoted_template_means_what_would_mean_something_else(text: str) -> None:
    written = hcl.string(text)
    assert (meaning(written), written.isprintable()) == (text, True)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_reaches_the_program_as_it_is(name: str) -> None:
    text = printed("--provider=openstack", f"--nodes={name}")
    for words in commands(text):
        found = options("openstack", words)
        assert (found["names"], found["remote_group"]) == ([name], name)


@pytest.mark.parametrize("name", ["-x", "--project=p", "a\nb", "a\x1b[31m", "a\u202eb", ""])
def test_a_name_that_is_an_option_or_acts_upon_a_terminal_is_refused(name: str) -> None:
    with pytest.raises(InputError) as refused:
        printed("--provider=openstack", f"--nodes={name}")
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("name", [*HOSTILE, "@/etc/passwd", "file:///etc/passwd", "../x", "-x", "--y", "a\nb", "a,b"])
@pytest.mark.parametrize(
    ("provider", "option"),
    [
        ("gcloud", "--network"),
        ("gcloud", "--project"),
        ("gcloud", "--nodes"),
        ("aws", "--region"),
        ("aws", "--nodes"),
        ("azure", "--resource-group"),
        ("azure", "--nsg"),
        ("azure", "--nodes"),
        ("terraform-google", "--network"),
        ("terraform-azure", "--nodes"),
    ],
)
def test_what_a_provider_has_no_name_like_is_refused(provider: str, option: str, name: str) -> None:
    right = {"gcloud": ("--network=n",), "terraform-google": ("--network=n",), "azure": AZURE, "terraform-azure": AZURE}
    nodes = {"gcloud": "t", "terraform-google": "t", "aws": NODE}.get(provider, "10.0.0.0/16")
    with pytest.raises(InputError) as refused:
        printed(f"--provider={provider}", *right.get(provider, ()), f"--nodes={nodes}", f"{option}={name}")
    assert [problem.where for problem in refused.value.problems] == [option]
    assert all(str(problem).isprintable() for problem in refused.value.problems)


def test_names_that_azure_has_are_taken() -> None:
    text = printed("--provider=azure", "--resource-group=Größe(1).a-b_c", "--nsg=a.b-c_", "--nodes=10.0.0.0/16")
    assert {options("az", each)["resource_group"] for each in commands(text)} == {"Größe(1).a-b_c"}
