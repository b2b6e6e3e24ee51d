"""Objects of delivery tools, written down with what has to be found in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

OBJECTS = Path(__file__).with_name("objects")

VALUES = "policies: {networkPolicy: {enabled: true, profile: hardened}}"


@dataclass(frozen=True, slots=True)
class Case:
    """An object, and its release: title, name, namespace, and the line of the key `profile`."""

    text: str
    title: str
    name: str | None
    namespace: str | None
    line: int | None


CASES = {
    "argocd-values": Case(
        """
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: app}
spec:
  source:
    chart: vcluster
    helm:
      values: |
        # first
        policies:
          networkPolicy:
            enabled: true
            profile: hardened
  destination: {namespace: red}
""",
        "Application/app",
        "app",
        "red",
        14,
    ),
    "argocd-values-object-wins": Case(
        """
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: app}
spec:
  source:
    path: charts/vcluster
    helm:
      releaseName: red
      values: "policies: {networkPolicy: {enabled: false}}"
      valuesObject:
        policies:
          networkPolicy:
            enabled: true
            profile: hardened
""",
        "Application/app",
        "red",
        None,
        15,
    ),
    "argocd-oci": Case(
        """
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: app}
spec:
  source:
    repoURL: oci://ghcr.io/loft-sh/vcluster
    path: .
    chart: vcluster
    helm:
      values: "policies: {networkPolicy: {enabled: true, profile: hardened}}"
""",
        "Application/app",
        "app",
        None,
        11,
    ),
    "argocd-parameters-over-values": Case(
        """
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: app}
spec:
  source:
    chart: vcluster-isolation
    helm:
      values: "policies: {networkPolicy: {enabled: false, profile: compatible}}"
      parameters:
        - {name: policies.networkPolicy.enabled, value: "true"}
        - {name: policies.networkPolicy.profile, value: hardened}
""",
        "Application/app",
        "app",
        None,
        12,
    ),
    "argocd-second-source": Case(
        """
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: app}
spec:
  sources:
    - {repoURL: https://git.example.com/x, ref: values}
    - chart: vcluster
      helm:
        valuesObject: {policies: {networkPolicy: {enabled: true, profile: hardened}}}
""",
        "Application/app source 1",
        "app",
        None,
        10,
    ),
    "flux-v2beta1": Case(
        f"""
apiVersion: helm.toolkit.fluxcd.io/v2beta1
kind: HelmRelease
metadata: {{name: app, namespace: flux}}
spec:
  targetNamespace: red
  chart: {{spec: {{chart: ./charts/vcluster}}}}
  values: {{{VALUES}}}
""",
        "HelmRelease/app",
        "red-app",
        "red",
        8,
    ),
    "flux-chart-reference": Case(
        f"""
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {{name: loft}}
spec: {{url: "oci://ghcr.io/loft-sh/vcluster"}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: app, namespace: red}}
spec:
  chartRef: {{kind: OCIRepository, name: loft}}
  releaseName: blue
  values: {{{VALUES}}}
""",
        "HelmRelease/app",
        "blue",
        "red",
        13,
    ),
    "platform-storage-group": Case(
        """
apiVersion: storage.loft.sh/v1
kind: VirtualClusterInstance
metadata: {name: red, namespace: p-acme}
spec:
  clusterRef: {cluster: c, namespace: loft-acme-v-red, virtualCluster: vred}
  template:
    helmRelease:
      values: |-
        policies: {networkPolicy: {enabled: true, profile: hardened}}
""",
        "VirtualClusterInstance/red",
        "vred",
        "loft-acme-v-red",
        10,
    ),
    "fleet": Case(
        f"""
defaultNamespace: red
helm: {{releaseName: app, chart: vcluster, repo: "https://charts.loft.sh", values: {{{VALUES}}}}}
""",
        "fleet.yaml",
        "app",
        "red",
        3,
    ),
    "k3s-helm-chart": Case(
        f"""
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {{name: app, namespace: kube-system}}
spec:
  chart: oci://ghcr.io/loft-sh/vcluster
  targetNamespace: red
  valuesContent: |-
    {VALUES}
""",
        "HelmChart/app",
        "app",
        "red",
        9,
    ),
    "crossplane": Case(
        f"""
apiVersion: helm.crossplane.io/v1beta1
kind: Release
metadata: {{name: app}}
spec:
  forProvider: {{chart: {{name: vcluster}}, namespace: red, values: {{{VALUES}}}}}
""",
        "Release/app",
        "app",
        "red",
        6,
    ),
    "cluster-api": Case(
        """
apiVersion: infrastructure.cluster.x-k8s.io/v1alpha1
kind: VCluster
metadata: {name: app, namespace: red}
spec:
  helmRelease:
    values: |
      policies: {networkPolicy: {enabled: true, profile: hardened}}
""",
        "VCluster/app",
        "app",
        "red",
        8,
    ),
    "list": Case(
        f"""
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {{name: x}}
  - apiVersion: helm.toolkit.fluxcd.io/v2
    kind: HelmRelease
    metadata: {{name: app, namespace: red}}
    spec: {{chart: {{spec: {{chart: vcluster}}}}, values: {{{VALUES}}}}}
""",
        "HelmRelease/app",
        "app",
        "red",
        11,
    ),
    "anchor": Case(
        """
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: app}
x: &values
  policies:
    networkPolicy: {enabled: true, profile: hardened}
spec:
  source: {chart: vcluster, helm: {valuesObject: *values}}
""",
        "Application/app",
        "app",
        None,
        9,
    ),
}
"""The `list` of each kind of object: `profile` is hardened in the values that count."""
