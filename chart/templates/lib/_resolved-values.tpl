{{/*
What the templates go by, worked out once in a render and kept among the values, under keys that no reference can name:

  vcluster-isolation.values           policies.networkPolicy over its defaults, deprecated keys in the place of their successors
  vcluster-isolation.namespaces       the namespaces of the workloads, the release's first
  vcluster-isolation.host-api-server  {cidrs, ports}
  vcluster-isolation.public.blocks    the ipBlocks of publicEgress, {cidr, except}
  vcluster-isolation.floor            {kind, version, priority, last, most}: see floor/_api.tpl
*/}}
{{- define "vcluster-isolation.prepare" -}}
{{- /* A marker of a type that no values have: with the schema skipped, a user could set these keys. */}}
{{- if ne (typeOf (get .Values "vcluster-isolation.prepared")) (typeOf .Files) }}
{{- $values := deepCopy .Values.policies.networkPolicy }}
{{- include "vcluster-isolation.merge-defaults" (list $values (include "vcluster-isolation.defaults" . | fromJson)) }}
{{- range include "vcluster-isolation.renames" . | fromJsonArray }}
{{- $found := include "vcluster-isolation.get-path" (list $values .from) | fromJson }}
{{- if not (kindIs "invalid" $found.value) }}
{{- include "vcluster-isolation.set-path" (list $values .to $found.value) }}
{{- end }}
{{- end }}
{{- $_ := set .Values "vcluster-isolation.values" $values }}
{{- range list "namespaces" "host-api-server" "public.blocks" "floor" }}
{{- $key := print "vcluster-isolation." . }}
{{- $_ := set $.Values $key (include $key $ | fromJson).value }}
{{- end }}
{{- $_ := set .Values "vcluster-isolation.prepared" .Files }}
{{- /* Refused here, before any policy is made of them: Helm runs templates in an order of its own. */}}
{{- include "vcluster-isolation.validate" . }}
{{- end }}
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

{{/* policies.networkPolicy as it is in values.yaml, as JSON; a test holds the two equal. */}}
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
  "controlPlane": {
    "apiAccess": {"enabled": false, "from": []},
    "webhooks": {"enabled": true, "to": [], "ports": []},
    "metricsServer": {
      "enabled": false,
      "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}, "podSelector": {"matchLabels": {"k8s-app": "metrics-server"}}}],
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
