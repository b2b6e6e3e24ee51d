{{/*
What the templates go by is worked out and validated once in a render, by the first line of each of them. They read it from
one map among the values, under a key that no reference can name (it has a dot) and that the validation of a schema refuses:

  name           the release name of the vCluster
  isolated       "true" when the vCluster is to be isolated, else nothing; so are workloads and coredns, see _metadata.tpl
  values         policies.networkPolicy over its defaults, deprecated keys in the place of their successors
  namespaces     the namespaces of the workloads, the release's first
  hostApiServer  {cidrs, ports}
  publicBlocks   the ipBlocks of publicEgress, {cidr, except}
  floor          {kind, version, priority, last, most}: see floor/_api.tpl
  platform       platformNetworkPolicy over its defaults when the platform is to be guarded, else nothing
  platformPorts  the rows of ports.yaml that the platform's pods serve in this cluster
  test           isolationTest over its defaults
  metadata       labels and annotations of everything that the chart renders, as text
  cidrs          CIDRs that were parsed already, by their texts: see "vcluster-isolation.cidr.once"
  files          a marker of a type that no values have: with the schema skipped, a user could set this key

Nothing is resolved beside `name` where neither a vCluster nor the platform is isolated.
*/}}
{{- define "vcluster-isolation.resolve-values" -}}
{{- $known := get .Values "vcluster-isolation.resolved" }}
{{- if not (kindIs "map" $known) }}{{ $known = dict }}{{ end }}
{{- if ne (typeOf (get $known "files")) (typeOf .Files) }}
{{- $resolved := dict "files" .Files "cidrs" dict "name" (include "vcluster-isolation.name" .) }}
{{- $_ := set .Values "vcluster-isolation.resolved" $resolved }}
{{- $_ := set $resolved "isolated" (include "vcluster-isolation.isolated" .) }}
{{- $_ := set $resolved "workloads" (include "vcluster-isolation.workloads" .) }}
{{- $_ := set $resolved "coredns" (include "vcluster-isolation.coredns" .) }}
{{- $guarded := ((.Values).platformNetworkPolicy).enabled }}
{{- if or $resolved.isolated $guarded }}
{{- if not (.Values.policies).networkPolicy }}{{ $_ := set .Values "policies" (dict "networkPolicy" dict) }}{{ end }}
{{- include "vcluster-isolation.resolve-vcluster" . }}
{{- if $guarded }}{{ include "vcluster-isolation.resolve-platform" . }}{{ end }}
{{- /* Refused here, before any policy is made of them: Helm runs templates in an order of its own. */}}
{{- include "vcluster-isolation.validate" . }}
{{- $_ := set $resolved "metadata" (include "vcluster-isolation.metadata" .) }}
{{- if $resolved.workloads }}{{ $_ := set $resolved "test" (include "vcluster-isolation.test.values" . | fromJson) }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Resolve the values of a vCluster. Prints nothing. */}}
{{- define "vcluster-isolation.resolve-vcluster" -}}
{{- $resolved := get .Values "vcluster-isolation.resolved" }}
{{- $values := deepCopy .Values.policies.networkPolicy }}
{{- include "vcluster-isolation.merge-defaults" (list $values (include "vcluster-isolation.defaults" . | fromJson)) }}
{{- range include "vcluster-isolation.renames" . | fromJsonArray }}
{{- $found := include "vcluster-isolation.get-path" (list $values .from) | fromJson }}
{{- if not (kindIs "invalid" $found.value) }}
{{- include "vcluster-isolation.set-path" (list $values .to $found.value) }}
{{- end }}
{{- end }}
{{- $_ := set $resolved "values" $values }}
{{- /* In this order: the blocks of publicEgress leave out where the API server is. */}}
{{- $_ := set $resolved "namespaces" (include "vcluster-isolation.namespaces" . | fromJsonArray) }}
{{- $_ := set $resolved "hostApiServer" (include "vcluster-isolation.host-api-server" . | fromJson) }}
{{- $_ := set $resolved "publicBlocks" (include "vcluster-isolation.public.blocks" . | fromJsonArray) }}
{{- $_ := set $resolved "floor" (include "vcluster-isolation.floor" . | fromJson) }}
{{- end }}

{{/*
Put defaults into a map where it has nothing, or null, at every depth: `list MAP DEFAULTS`. Prints nothing. Helm removes
a default where a user wrote null (or nothing, as in `except:`), and that must not mean "no exceptions".
*/}}
{{- define "vcluster-isolation.merge-defaults" -}}
{{- $map := index . 0 }}
{{- range $key, $default := index . 1 }}
{{- $value := get $map $key }}
{{- if or (not (hasKey $map $key)) (kindIs "invalid" $value) }}
{{- $_ := set $map $key $default }}
{{- else if and (kindIs "map" $value) (kindIs "map" $default) }}
{{- include "vcluster-isolation.merge-defaults" (list $value $default) }}
{{- end }}
{{- end }}
{{- end }}

{{/*
policies.networkPolicy as it is in values.yaml, as JSON; a test holds the two equal. A template cannot read values.yaml itself
(`.Files` leaves it out), and .Values no longer has a default where a user wrote null.
*/}}
{{- define "vcluster-isolation.defaults" -}}
{
  "enabled": false,
  "profile": "compatible",
  "labels": {},
  "annotations": {},
  "fallbackDns": "8.8.8.8",
  "platform": {"enabled": true, "namespaces": []},
  "hostApiServer": {"cidrs": [], "ports": [443, 8443, 6443], "discover": false},
  "nodes": {"cidrs": []},
  "pods": {"cidrs": []},
  "hostDns": {"presets": ["kube-dns"], "extra": []},
  "project": {"name": "", "namespaceSelector": {}, "ports": []},
  "prometheus": {"enabled": false, "from": [], "ports": []},
  "defaultDeny": {"enabled": false},
  "floor": {"enabled": false, "api": "AdminNetworkPolicy", "priority": ""},
  "guard": {
    "enabled": false,
    "failurePolicy": "Fail",
    "validationActions": ["Deny"],
    "creators": [],
    "reservedLabels": [],
    "ownership": {"enabled": true},
    "networkPolicies": {"enabled": true, "from": [], "to": []},
    "pods": {"enabled": true},
    "labels": {"enabled": true},
    "templates": {"enabled": true, "resources": []},
    "endpoints": {"enabled": true, "cidrs": [], "services": []},
    "services": {"enabled": true, "externalNames": []},
    "addresses": {"enabled": true}
  },
  "controlPlane": {
    "apiAccess": {"enabled": false, "from": []},
    "webhooks": {"enabled": true, "to": [], "ports": []},
    "metricsServer": {
      "enabled": false,
      "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "metrics-server"}}}],
      "ports": [{"port": 10250, "protocol": "TCP"}]
    },
    "backingStore": {
      "enabled": false,
      "to": [],
      "ports": [{"port": 2379, "protocol": "TCP"}, {"port": 3306, "protocol": "TCP"}, {"port": 5432, "protocol": "TCP"}]
    },
    "ingress": [],
    "egress": []
  },
  "workload": {
    "publicEgress": {
      "enabled": true,
      "cidr": "0.0.0.0/0",
      "except": ["100.64.0.0/10", "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
      "extraExcept": [],
      "ipv6": {
        "enabled": false,
        "cidr": "2000::/3",
        "except": ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]
      }
    },
    "ingressControllers": {"enabled": false, "from": [], "ports": []},
    "namespaces": [],
    "ingress": [],
    "egress": []
  },
  "coredns": {"ingress": [], "egress": []},
  "snapshots": {
    "objectStorage": {"enabled": false, "to": [], "ports": [{"port": 443, "protocol": "TCP"}]},
    "ingress": [],
    "egress": []
  }
}
{{- end }}
