{{/* The defaults of policies.networkPolicy, which hold where a user wrote null. */}}

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

{{/* The same with the defaults of grants: `list MAP ROWS`, rows of grants.yaml. Prints nothing. */}}
{{- define "vcluster-isolation.merge-grants" -}}
{{- range index . 1 }}
{{- if .default }}
{{- $map := index $ 0 }}
{{- $keys := splitList "." .path }}
{{- range initial $keys }}
{{- if not (hasKey $map .) }}{{ $_ := set $map . dict }}{{ end }}
{{- $map = get $map . }}
{{- end }}
{{- include "vcluster-isolation.merge-defaults" (list $map (dict (last $keys) .default)) }}
{{- end }}
{{- end }}
{{- end }}

{{/*
policies.networkPolicy as it is in values.yaml, as JSON, without the grants, whose defaults are in grants.yaml; a test holds
them equal. A template cannot read values.yaml itself (`.Files` leaves it out), and .Values no longer has a default where a
user wrote null.
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
  "controlPlane": {"ingress": [], "egress": []},
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
    "namespaces": [],
    "ingress": [],
    "egress": []
  },
  "coredns": {"ingress": [], "egress": []},
  "snapshots": {"ingress": [], "egress": []}
}
{{- end }}
