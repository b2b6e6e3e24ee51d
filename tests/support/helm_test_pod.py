"""The pod that the chart ships for `helm test`, and what Kubernetes makes of it before its command runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vcluster_isolation.helm import template as helm
from vcluster_isolation.tools import PROJECT
from vcluster_isolation.values import strict_yaml

Json = dict[str, Any]
SCRIPT = helm.CHART / "files" / "isolation-test.sh"
_REFERENCE = re.compile(r"\$(\$|\([^)]*\))")


def pod_of(inline: str, *, name: str = "a", which: str = "helm4", skip_schema: bool = False) -> Json | None:
    """Render values, with tests, in namespace `ns` and return the pod; None when there is none."""
    request = helm.Request(name=name, namespace="ns", inline=inline, skip_schema=skip_schema)
    printed = helm.template(request, helm=PROJECT / ".tools" / "bin" / which, tests=True)
    manifests = [document.value for document in strict_yaml.parse_documents(printed, "rendered")]
    pods: list[Json] = [manifest for manifest in manifests if manifest["kind"] == "Pod"]
    assert len(pods) <= 1
    return pods[0] if pods else None


def started(pod: Json, services: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Return command and environment as the kubelet passes them, with the variables of `services` of the namespace."""
    (container,) = pod["spec"]["containers"]
    environment = dict(services)
    for variable in container["env"]:
        environment[variable["name"]] = _expanded(variable["value"], environment)
    return [_expanded(word, environment) for word in container["command"]], environment


def service(name: str, address: str, port: int) -> dict[str, str]:
    """Return the variables that Kubernetes makes of a Service: its name in upper case, with `_` for `-`."""
    variable = name.upper().replace("-", "_")
    return {f"{variable}_SERVICE_HOST": address, f"{variable}_SERVICE_PORT": str(port)}


def _expanded(text: str, known: Mapping[str, str]) -> str:
    """Put variables in the place of `$(NAME)` as Kubernetes does: `$$` is `$`, an unknown name stays as it is.

    Source: API reference of Pod v1, `env.value` and `command`.
    """
    return _REFERENCE.sub(lambda found: "$" if found[1] == "$" else known.get(found[1][1:-1], found[0]), text)
