"""References to values of Terraform: written as expressions, and nothing that is more than a reference gets through."""

from __future__ import annotations

import re
from typing import Any

import hcl2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.firewall.cases import AZURE, NODE, printed
from vcluster_isolation.errors import InputError
from vcluster_isolation.firewall.hcl import distinct
from vcluster_isolation.firewall.references import Reference, reference

NAMES = (
    "var.network_id",
    "local.tags",
    "module.vpc.vpc_id",
    "module.eks[0].node_security_group_id",
    "data.aws_vpc.it.id",
    'var.tags["node"]',
    'local.by-name["a.b/c:1"][2].id',
    "google_compute_network.vpc.id",
    "each.value",
)


def bodies(text: str) -> list[dict[str, Any]]:
    """Return the attributes of each resource as the parser of HCL writes them."""
    tree = hcl2.loads(text)
    assert set(tree) <= {"resource", "__comments__"}
    return [
        body
        for block in tree["resource"]
        for named in block.values()
        if isinstance(named, dict)
        for body in named.values()
    ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["{}", "${{{}}}", "${{ {} }}"])
def test_references_are_known_in_braces_or_not(name: str, form: str) -> None:
    found = reference(form.format(name))
    assert (found, found and found.kind) == (name, "name")


HOSTILE = [
    "var",
    "var.",
    "var.x ",
    "var.x\n",
    "var.x}",
    "${var.x",
    "var.x}\nresource",
    'var.x["${y}"]',
    'var.x["a\\"b"]',
    "var.x[y]",
    "var.x[*].id",
    "var.x.*.id",
    "var.x + 1",
    'file("/etc/passwd")',
    '${file("/etc/passwd")}',
    "${var.x}${var.y}",
    "${var.x}y",
    "path.module",
    "self.id",
    "vpc.id",
    "aws_vpc.it",
    "var.ä",
    "var.x#c",
    "var.x//c",
    "var..x",
    "cidr:",
    "cidr:10.0.0.0/8",
    "cidr7:var.x",
    "cidr:cidr:var.x",
    "%{if var.x}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_else_is_a_reference(text: str) -> None:
    assert reference(text) is None


@settings(deadline=None)  # the parser of HCL builds its grammar first
@given(st.text(max_size=40))
def test_what_is_a_reference_has_no_character_that_could_end_it(text: str) -> None:
    found = reference(f"var.{text}")
    if found is not None:
        assert not set(found) & set("{}$%\n\r\\ #'`;,()*?=+&|<>!")
        assert bodies(f'resource "a" "b" {{\n  x = {found}\n}}\n')


def test_a_reference_cannot_be_made_of_another_expression() -> None:
    with pytest.raises(ValueError, match="file"):
        Reference("file()")


def test_google_takes_references_for_everything() -> None:
    text = printed(
        *("--provider=terraform-google", "--network=var.network_id", "--project=${data.google_project.p.project_id}"),
        *("--api-server=cidr:module.gke.master_cidr", "--api-server=10.0.0.0/28", "--api-server=cidr6:var.six"),
        "--platform=var.tag",
    )
    four, six = bodies(text)
    assert (four["network"], four["project"]) == ("${var.network_id}", "${data.google_project.p.project_id}")
    assert (four["source_ranges"], four["target_tags"]) == (
        ["${module.gke.master_cidr}", '"10.0.0.0/28"'],
        ["${var.tag}"],
    )
    assert six["source_ranges"] == ["${var.six}"]


def test_aws_takes_groups_and_cidrs() -> None:
    text = printed(
        *("--provider=terraform-aws", "--agent-only", "--agent=module.eks.node_security_group_id"),
        *("--api-server=cidr:var.four", "--api-server=cidr6:var.six", "--api-server=aws_security_group.cp.id"),
        f"--api-server={NODE}",
    )
    found = bodies(text)
    assert {one["security_group_id"] for one in found} == {"${module.eks.node_security_group_id}"}
    sources = ("cidr_ipv4", "cidr_ipv6", "referenced_security_group_id")
    assert {(key, one[key]) for one in found for key in sources if key in one} == {
        ("cidr_ipv4", "${var.four}"),
        ("cidr_ipv6", "${var.six}"),
        ("referenced_security_group_id", "${aws_security_group.cp.id}"),
        ("referenced_security_group_id", f'"{NODE}"'),
    }


def test_azure_takes_groups_and_cidrs() -> None:
    text = printed(
        *("--provider=terraform-azure", "--resource-group=var.group", "--nsg=azurerm_network_security_group.it.name"),
        *("--nodes=cidr:var.nodes", "--prometheus=azurerm_application_security_group.p.id", "--agent=var.agents"),
    )
    found = bodies(text)
    assert {one["resource_group_name"] for one in found} == {"${var.group}"}
    assert ["${var.nodes}"] in [one.get("source_address_prefixes") for one in found]
    assert ["${azurerm_application_security_group.p.id}"] in [
        one.get("destination_application_security_group_ids") for one in found
    ]


def test_one_reference_can_be_a_name_and_a_cidr() -> None:
    text = printed(
        "--provider=terraform-google", "--network=n", "--nodes=var.x", "--api-server=cidr:var.x", "--api-server=var.x"
    )
    first = bodies(text)[0]
    assert (first["source_ranges"], first["source_tags"]) == (["${var.x}"], ["${var.x}"])


@pytest.mark.parametrize("text", [one for one in HOSTILE if one.isprintable()])
@pytest.mark.parametrize("option", ["--network", "--project", "--nodes", "--api-server"])
def test_hostile_texts_are_refused_or_stay_literals(option: str, text: str) -> None:
    try:
        found = bodies(printed("--provider=terraform-google", "--network=n", "--nodes=t", f"{option}={text}"))
    except InputError as error:
        assert [problem.where for problem in error.problems] == [option]
        return
    assert re.fullmatch(r"[a-z0-9.:-]+", text)
    values = [value if isinstance(value, list) else [value] for body in found for value in body.values()]
    assert any(f'"{text}"' in value for value in values)
    assert not any(text == one for value in values for one in value)


def test_a_refusal_says_what_a_reference_looks_like() -> None:
    with pytest.raises(InputError, match=r"in the form my-network, or a reference like var\.x or cidr:var\.x"):
        printed("--provider=terraform-google", "--network=file()", "--nodes=t")


@pytest.mark.parametrize(
    "options", [("--provider=gcloud", "--network=var.x"), ("--provider=azure", *AZURE[:1], "--nsg=${var.x}")]
)
def test_commands_take_no_references(options: tuple[str, ...]) -> None:
    with pytest.raises(InputError):
        printed(*options, "--nodes=10.0.0.0/16" if "azure" in options[0] else "--nodes=t")


@pytest.mark.parametrize("option", ["--first-priority=var.x", "--network=cidr:var.x"])
def test_numbers_and_cidrs_are_no_settings(option: str) -> None:
    provider = ("terraform-azure", *AZURE) if "priority" in option else ("terraform-google",)
    with pytest.raises(InputError):
        printed(
            f"--provider={provider[0]}", *provider[1:], option, "--nodes=10.0.0.0/16" if provider[1:] else "--nodes=t"
        )


def test_resources_of_one_name_are_numbered() -> None:
    text = printed(
        *("--provider=terraform-aws", "--for=platform", "--nodes=sg-0123456789abcdef0", "--api-server=var.a_b"),
        *("--api-server=var.a.b", "--api-server=var.a-b", "--api-server=var.a_b_2"),
    )
    heads = re.findall(r'^resource "[^"]*" "([^"]*)"', text, re.MULTILINE)
    assert len(heads) == len(set(heads)) == len(bodies(text))
    of_one_port = [head for head in heads if "_8443_" in head]
    assert len(of_one_port) == 4


def test_a_number_is_no_name_that_is_taken() -> None:
    resources = [f'resource "k" "{name}" {{\n}}' for name in ("a", "a", "a_2", "a", "b")]
    names = [re.findall('"([^"]*)" {', text)[0] for text in distinct(resources)]
    assert names == ["a", "a_3", "a_2", "a_4", "b"]


def test_a_priority_that_is_a_reference_is_not_advised() -> None:
    with pytest.raises(InputError) as refused:
        printed(
            "--provider=terraform-azure",
            *AZURE,
            "--first-priority=var.p",
            "--nodes=10.0.0.0/16",
            "--api-server=10.9.0.0/28",
        )
    (line,) = [line for line in str(refused.value).splitlines() if "--first-priority" in line]
    assert line.endswith("give it in the form 1000")
