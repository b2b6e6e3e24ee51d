"""`vcluster-isolation firewall`: the rules that open the platform's ports, for somebody's firewall."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from vcluster_isolation.firewall.cluster import read_addresses
from vcluster_isolation.firewall.inputs import from_cluster, from_options, from_values
from vcluster_isolation.firewall.plan import make_plan
from vcluster_isolation.firewall.providers import PROVIDERS, SETTINGS
from vcluster_isolation.firewall.rules import ENDS, PURPOSES
from vcluster_isolation.firewall.text import text
from vcluster_isolation.vcluster.ports import read_ports

_PLACES = """\b
WHERE is a CIDR or address, or what the provider calls a set of machines:
  gcloud, terraform-google  a network tag
  aws, terraform-aws        the ID of a security group
  azure                     an application security group, by name or resource ID
  terraform-azure           the same, by resource ID
  openstack                 a security group, by name or ID
Rules of all but azure and terraform-azure are for such machines, not for CIDRs.
For terraform-* these, and TEXT below but for --first-priority, may be references:
  var.tag, module.eks.node_security_group_id, data.aws_vpc.it.id, "${local.x}"
  cidr:var.api_server       one IPv4 CIDR; cidr6: one IPv6 CIDR
The values of -f may say the same, as lists or texts:
  firewall: {for, apiServer, platform, agent, prometheus, nodes, network, project,
             region, resourceGroup, nsg, firstPriority}
and what is below platformNetworkPolicy counts, too: apiServer.cidrs, agentOnly and
prometheus.port.
"""


def _where_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for each end."""
    for name, about in reversed(list(ENDS.items())):
        on_nodes = " Default: the nodes." if name in {"platform", "agent", "prometheus"} else ""
        add = click.option(
            f"--{name}", metavar="WHERE", multiple=True, help=f"{about[0].upper()}{about[1:]}.{on_nodes}"
        )
        command = add(command)
    return command


def _setting_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for each setting."""
    for name, kind in reversed(list(SETTINGS.items())):
        users = [provider for provider, each in PROVIDERS.items() if name in (*each.needs, *each.takes)]
        about = f"For {' and '.join(users)}: {kind.what}."
        default = " Default: 1000." if name == "first_priority" else ""
        command = click.option(f"--{name.replace('_', '-')}", metavar="TEXT", help=about + default)(command)
    return command


@click.command(epilog=_PLACES)
@click.option("--provider", type=click.Choice(list(PROVIDERS)), required=True, help="Firewall provider.")
@click.option(
    "--for",
    "purposes",
    type=click.Choice(list(PURPOSES)),
    multiple=True,
    help="What to open. May be repeated. Default: everything that a WHERE is given for.",
)
@_where_options
@_setting_options
@click.option("--agent-only", is_flag=True, help="The cluster has the platform's agent, not the platform.")
@click.option("-f", "--values", "files", type=click.Path(path_type=Path), multiple=True, help="A values file.")
@click.option(
    "--from-cluster",
    "from_cluster_too",
    is_flag=True,
    help="Read the addresses of the API server and the nodes with kubectl.",
)
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="For --from-cluster.")
@click.option("--context", "kube_context", help="For --from-cluster: a context of the kubeconfig.")
def command(
    *,
    provider: str,
    purposes: tuple[str, ...],
    agent_only: bool,
    files: tuple[Path, ...],
    from_cluster_too: bool,
    kubeconfig: Path | None,
    kube_context: str | None,
    **others: Any,
) -> None:
    """Print the firewall rules that vCluster Platform and vClusters need, as commands or Terraform resources.

    \b
    platform    API server to platform: TCP 8443, 9443, 9444
    agent       API server to the agent of a connected cluster: TCP 9443, 9444
    prometheus  the agent to Prometheus: TCP 9090
    dns         node to node, DNS of vClusters: UDP and TCP 1053

    This command changes nothing. It runs kubectl only with --from-cluster. Options count more than values, and
    values more than the cluster.

    Exit code 0: done. 2: something is missing or wrong; everything that is wrong is reported.
    """  # noqa: D301 - \b is for click
    if (kubeconfig or kube_context) and not from_cluster_too:
        raise click.UsageError(
            "--kubeconfig and --context are for --from-cluster; give that as well, or leave them out"
        )
    ends = {name: others[name.replace("-", "_")] for name in ENDS}
    settings = {name: others[name] for name in SETTINGS}
    inputs = from_options(purposes, ends, settings, agent_only=agent_only).over(from_values(files))
    if from_cluster_too:
        inputs = inputs.over(from_cluster(read_addresses(kubeconfig, kube_context)))
    click.echo(text(provider, make_plan(provider, inputs, read_ports())))
