"""The providers: what each calls a set of machines, what it must be told, and what to know of its rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from vcluster_isolation.firewall import aws, azure, gcloud, openstack, terraform_aws, terraform_azure, terraform_google
from vcluster_isolation.firewall.model import ProviderSettings, Rule


@dataclass(frozen=True, slots=True)
class TextForm:
    """A form that a text must have: what it is, what it matches, and an example."""

    what: str
    pattern: re.Pattern[str]
    example: str

    def allows(self, text: str) -> bool:
        """Whether a text has the form, and nothing in it that a terminal acts upon."""
        return text.isprintable() and self.pattern.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Provider:
    """How rules are written for somebody's firewall.

    `machines` is what a source or target can be besides a CIDR. With `range_targets` a target may be a CIDR as
    well, with `references` all of these may be values of Terraform. `needs` and `takes` are names of Settings, and
    `notes` sentences for whoever is going to use the rules.
    """

    render: Callable[[Sequence[Rule], ProviderSettings], Iterable[str]]
    machines: TextForm
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    range_targets: bool = False
    references: bool = False
    notes: tuple[str, ...] = ()


def _kind(what: str, pattern: str, example: str) -> TextForm:
    """Return a form."""
    return TextForm(what, re.compile(pattern), example)


_GOOGLE_NAME = r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
_GOOGLE_API = r"https://[a-z]+\.googleapis\.com/compute/v1/"
_AZURE_NAME = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?"
_AZURE_GROUP = r"[\w(][\w().-]{0,88}[\w()-]|[\w(]"  # \w: letters and digits of any script
_ASG = "/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.Network/applicationSecurityGroups/"
_ASG_ID = _ASG.replace("[^/]+", r"[\w().-]+").replace("t.N", r"t\.N") + _AZURE_NAME

# The patterns are those of the providers' own naming rules; where a provider takes nearly anything (OpenStack), what
# could be read as an option is left out.
SETTINGS: Mapping[str, TextForm] = {
    "network": _kind(
        "the VPC network", rf"(({_GOOGLE_API})?projects/[a-z0-9.:-]+/global/networks/)?{_GOOGLE_NAME}", "my-network"
    ),
    "project": _kind("the project", r"[a-z]([a-z0-9.:-]*[a-z0-9])?", "my-project"),
    "region": _kind("the region", r"[a-z]{2}[a-z0-9-]*-[0-9]+", "eu-central-1"),
    "resource_group": _kind("the resource group of the network security group", _AZURE_GROUP, "my-resource-group"),
    "nsg": _kind("the network security group", _AZURE_NAME, "my-nsg"),
    "first_priority": _kind("the priority of the first rule, from 100 to 4096", "[0-9]{3,4}", "1000"),
}
"""What rules may need besides sources and targets, by the name in Settings."""

_TAG = _kind("a network tag", _GOOGLE_NAME, "my-cluster-node")
_SECURITY_GROUP = _kind("the ID of a security group", r"sg-([0-9a-f]{8}|[0-9a-f]{17})", "sg-0123456789abcdef0")
_GOOGLE_NOTE = "Nodes of GKE carry a tag of their own, gke-CLUSTER-HASH-node; any other tag is yours to set on them."
_AWS_NOTE = (
    "The module terraform-aws-eks (19 and later) opens TCP 1025 to 65535 between nodes: with it, UDP 1053 between "
    "nodes and TCP 9444 from the security group of the API server are what is missing."
)
_AZURE_NOTE = "Priorities are unique in a network security group; if one is taken, choose others with --first-priority."
_EKS_NOTE = (
    "That module has aws_security_group_rule, which conflicts with the resources below on the same group: with it, "
    "write the same rules into its node_security_group_additional_rules."
)

PROVIDERS: Mapping[str, Provider] = {
    "gcloud": Provider(gcloud.render, _TAG, ("network",), ("project",), notes=(_GOOGLE_NOTE,)),
    "aws": Provider(aws.render, _SECURITY_GROUP, takes=("region",), notes=(_AWS_NOTE,)),
    "azure": Provider(
        azure.render,
        _kind("an application security group", f"{_AZURE_NAME}|{_ASG_ID}", "my-asg"),
        ("resource_group", "nsg"),
        ("first_priority",),
        range_targets=True,
        notes=(_AZURE_NOTE,),
    ),
    "openstack": Provider(
        openstack.render,
        _kind("a security group", "[^-].*", "my-security-group"),
    ),
    "terraform-google": Provider(
        terraform_google.render, _TAG, ("network",), ("project",), references=True, notes=(_GOOGLE_NOTE,)
    ),
    "terraform-aws": Provider(
        terraform_aws.render,
        _SECURITY_GROUP,
        references=True,
        notes=(_AWS_NOTE, _EKS_NOTE),
    ),
    "terraform-azure": Provider(
        terraform_azure.render,
        _kind("the resource ID of an application security group", _ASG_ID, f"{_ASG.replace('[^/]+', 'my')}my-asg"),
        ("resource_group", "nsg"),
        ("first_priority",),
        range_targets=True,
        references=True,
        notes=(_AZURE_NOTE, "Network security groups with rules in line cannot have the resources below as well."),
    ),
}
"""What `--provider` takes."""
