"""The command as tests call it, and the calls whose output is kept in golden/: `python -m tests.firewall.cases` writes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from click.testing import CliRunner

from vcluster_isolation.cli.firewall import command

GOLDEN = Path(__file__).with_name("golden")

NODE, CONTROL, OTHER = "sg-0123456789abcdef0", "sg-0fedcba9876543210", "sg-01234567"
ASG = "/subscriptions/0-1/resourceGroups/my-rg/providers/Microsoft.Network/applicationSecurityGroups"
AZURE = ("--resource-group=my-rg", "--nsg=my-nsg")

DOCUMENTED = (  # what the platform's documentation opens, with the network that it leaves out
    "--api-server=172.16.0.0/28",
    "--platform=vcluster-platform",
    "--agent=10.0.0.5",
    "--prometheus=prometheus",
    "--network=my-network",
)
RANGES = ("--api-server=172.16.0.0/28", "--api-server=fd00:a::/64", "--nodes=10.0.0.0/16", "--nodes=fd00:b::/64")

CASES: Mapping[str, tuple[str, ...]] = {
    "gcloud-documented.sh": ("--provider=gcloud", *DOCUMENTED),
    "gcloud-everything.sh": (
        *("--provider=gcloud", "--network=my-network", "--project=my-project", "--nodes=gke-a-1234-node"),
        *("--api-server=172.16.0.0/28", "--api-server=fd00:a::/64", "--for=platform", "--for=prometheus", "--for=dns"),
    ),
    "aws-everything.sh": (
        *("--provider=aws", "--region=eu-central-1", f"--api-server={CONTROL}", f"--nodes={NODE}"),
        *(f"--prometheus={NODE}", f"--prometheus={OTHER}"),
    ),
    "aws-agent-only-ranges.sh": (
        *("--provider=aws", "--agent-only", "--api-server=172.16.0.0/28", "--api-server=fd00:a::/64"),
        *("--api-server=172.17.0.0/28", f"--agent={NODE}"),
    ),
    "azure-ranges.sh": ("--provider=azure", *AZURE, *RANGES, "--prometheus=10.0.1.0/24", "--agent=10.0.0.0/24"),
    "azure-groups.sh": (
        *("--provider=azure", *AZURE, "--first-priority=300", "--api-server=10.9.0.0/28", "--nodes=my-asg"),
        *("--agent=my-asg", f"--agent={ASG}/agents", "--prometheus=my-asg"),
    ),
    "openstack-everything.sh": ("--provider=openstack", *RANGES[:2], "--nodes=my-nodes", "--prometheus=my-nodes"),
    "terraform-google-documented.tf": ("--provider=terraform-google", *DOCUMENTED),
    "terraform-google-everything.tf": (
        *("--provider=terraform-google", "--network=projects/my-host/global/networks/shared", "--project=my-project"),
        *(*RANGES[:2], "--nodes=gke-a-1234-node", "--prometheus=gke-a-1234-node"),
    ),
    "terraform-aws-everything.tf": (
        *("--provider=terraform-aws", *RANGES[:2], f"--nodes={NODE}", f"--prometheus={OTHER}"),
    ),
    "terraform-azure-ranges.tf": (
        *("--provider=terraform-azure", *AZURE, *RANGES, "--prometheus=10.0.1.0/24", "--agent=10.0.0.0/24"),
    ),
    "terraform-azure-groups.tf": (
        *("--provider=terraform-azure", *AZURE, "--first-priority=300", "--api-server=10.9.0.0/28"),
        *(f"--nodes={ASG}/nodes", f"--agent={ASG}/agents", f"--prometheus={ASG}/nodes"),
    ),
}
"""Golden files, and the options whose output they are."""


def printed(*options: str) -> str:
    """Return what the command prints. An error comes through as it is, after nothing was printed."""
    result = CliRunner().invoke(command, options)
    if result.exception:
        assert result.stdout == ""
        raise result.exception
    assert result.stderr == ""
    return result.stdout


if __name__ == "__main__":
    for name, options in CASES.items():
        (GOLDEN / name).write_text(printed(*options), encoding="utf-8")
