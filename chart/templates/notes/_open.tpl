{{/* The lines of NOTES.txt about what is open. */}}

{{/* What the control plane, CoreDNS and snapshots reach of the host cluster, and vCluster Platform. */}}
{{- define "vcluster-isolation.notes.host" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- $hardened := include "vcluster-isolation.hardened" . }}
{{- $dns := $values.hostDns }}
{{- $server := (get .Values "vcluster-isolation.resolved").hostApiServer }}
{{- $ports := $server.ports }}
{{- if or $dns.presets $dns.extra }}
  control plane, snapshots{{ if (get .Values "vcluster-isolation.resolved").coredns }}, CoreDNS{{ end }} --> host DNS
{{- " " }}{{ include "vcluster-isolation.notes.host-dns" . }}
{{- end }}
{{- if and $hardened (or (get .Values "vcluster-isolation.resolved").coredns (include "vcluster-isolation.coredns.embedded" .)) }}
  {{ (get .Values "vcluster-isolation.resolved").coredns | empty | ternary "control plane"
      "CoreDNS" }} --> fallback DNS {{ $values.fallbackDns }}, port 53
{{- end }}
{{- if $server.cidrs }}
  control plane, snapshots --> host API server at {{ join ", " $server.cidrs }}, TCP {{ include "vcluster-isolation.notes.numbers" $ports }}
{{- else }}
  control plane, snapshots --> TCP {{ include "vcluster-isolation.notes.numbers" $ports }} anywhere, the host API server among them
{{- end }}
{{- if $values.platform.enabled }}
{{- $namespaces := $values.platform.namespaces | default (ne $hardened "" | ternary (list "vcluster-platform") list) }}
  control plane <-> pods app: loft in {{ empty $namespaces | ternary "any namespace"
      (join ", " $namespaces) }} (vCluster Platform), {{ $hardened | empty | ternary "on any port" "on TCP 10443 there and 8443 here" }}
{{- end }}
{{- range (get .Values "vcluster-isolation.resolved").grants.vcluster }}
{{- if and (.default).enabled (not .value.enabled) }}
  also denied: {{ include "vcluster-isolation.notes.pods" (first .rules).pods }} --> {{ .who }} ({{ .path }})
{{- end }}
{{- end }}
{{- end }}

{{/* Who host DNS is, and on which ports. */}}
{{- define "vcluster-isolation.notes.host-dns" -}}
{{- $dns := (get .Values "vcluster-isolation.resolved").values.hostDns }}
{{- if or $dns.extra (ne (join "," $dns.presets) "kube-dns") -}}
({{ concat $dns.presets ($dns.extra | empty | ternary list (list (printf "peers of your own (%d)" (len $dns.extra))))
      | join ", " }}), port 53{{ if has "openshift" $dns.presets }}, 5353 on openshift{{ end }}
{{- if and (has "kube-dns" $dns.presets) (not (include "vcluster-isolation.hardened" .)) }}, any port on kube-dns{{ end }}
{{- else -}}
(pods k8s-app: kube-dns in kube-system), {{ include "vcluster-isolation.hardened" . | empty | ternary "on any port" "port 53" }}
{{- end }}
{{- end }}

{{/* Numbers as words join them: `443, 8443 and 6443`. */}}
{{- define "vcluster-isolation.notes.numbers" -}}
{{- if gt (len .) 1 }}{{ initial . | join ", " }} and {{ end }}{{ last . }}
{{- end }}

{{/* How many rules of the user's own there are, a line for each list. */}}
{{- define "vcluster-isolation.notes.own-rules" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- $parts := dict "control plane" $values.controlPlane "snapshots" $values.snapshots }}
{{- if (get .Values "vcluster-isolation.resolved").workloads }}{{ $_ := set $parts "workloads" $values.workload }}{{ end }}
{{- if (get .Values "vcluster-isolation.resolved").coredns }}{{ $_ := set $parts "CoreDNS" $values.coredns }}{{ end }}
{{- range $pods, $part := $parts }}
{{- with $part.ingress }}
  peers of your own ingress rules ({{ len . }}{{ include "vcluster-isolation.notes.anywhere" (list . "from") }}) --> {{ $pods }}
{{- end }}
{{- with $part.egress }}
  {{ $pods }} --> peers of your own egress rules ({{ len . }}{{ include "vcluster-isolation.notes.anywhere" (list . "to") }})
{{- end }}
{{- end }}
{{- end }}
