{{/* Host DNS: what the host cluster resolves names with, and on which ports. */}}

{{/*
The rules from some pods to host DNS, with their comments: `list ROOT WHO`. kube-dns by itself is what vCluster has; in
its form, without ports, in the compatible profile. Cluster DNS of OpenShift listens on 5353.
*/}}
{{- define "vcluster-isolation.rules.to-host-dns" -}}
{{- $root := index . 0 }}
{{- $dns := (get $root.Values "vcluster-isolation.resolved").values.hostDns }}
{{- $flow := print (index . 1) " --> host DNS" }}
{{- if or $dns.extra (ne (join "," $dns.presets) "kube-dns") }}{{ $flow = print $flow " (hostDns)" }}{{ end }}
{{- $asVCluster := and (has "kube-dns" $dns.presets) (not (include "vcluster-isolation.hardened" $root)) }}
{{- if $asVCluster }}
# {{ index . 1 }} --> host DNS
- to:
    {{- include "vcluster-isolation.peer.host-dns" (list "kube-dns" "") | nindent 4 }}
{{- end }}
{{- $presets := $asVCluster | ternary (without $dns.presets "kube-dns") $dns.presets }}
{{- include "vcluster-isolation.rules.resolvers" (list $presets $dns.extra $flow (include "vcluster-isolation.not-synced" $root)) }}
{{- end }}

{{/*
The rules to resolvers on their ports, each with a comment: `list PRESETS EXTRA FLOW NOT-SYNCED`, the first two as in
hostDns; NOT-SYNCED is what a podSelector of a preset requires besides its label (see _peers.tpl), or nothing.
*/}}
{{- define "vcluster-isolation.rules.resolvers" -}}
{{- $presets := without (index . 0) "openshift" }}
{{- $extra := index . 1 }}
{{- $notSynced := index . 3 }}
{{- if or $presets $extra }}
# {{ index . 2 }}
- ports:
    {{- include "vcluster-isolation.ports.resolver" 53 | nindent 4 }}
  to:
    {{- range $presets }}
    {{- include "vcluster-isolation.peer.host-dns" (list . $notSynced) | nindent 4 }}
    {{- end }}
    {{- with $extra }}
    {{- include "vcluster-isolation.to-yaml-without-empties" . | nindent 4 }}
    {{- end }}
{{- end }}
{{- if has "openshift" (index . 0) }}
# {{ index . 2 }}
- ports:
    {{- include "vcluster-isolation.ports.resolver" 5353 | nindent 4 }}
    {{- include "vcluster-isolation.ports.resolver" 53 | nindent 4 }}
  to:
    {{- include "vcluster-isolation.peer.host-dns" (list "openshift" $notSynced) | nindent 4 }}
{{- end }}
{{- end }}

{{/* The peers of one preset of hostDns, `list PRESET NOT-SYNCED`: pods by their labels, or the addresses that the clouds document. */}}
{{- define "vcluster-isolation.peer.host-dns" -}}
{{- $addresses := dict "node-local" (list "169.254.20.10") "aks-local" (list "169.254.10.10" "169.254.10.11")
      "gke-cloud-dns" (list "169.254.169.254") "aws" (list "169.254.169.253") "azure" (list "168.63.129.16") }}
{{- $preset := index . 0 }}
{{- if eq $preset "kube-dns" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: kube-system
  podSelector:
    matchLabels:
      k8s-app: kube-dns
    {{- with index . 1 }}{{ . | nindent 4 }}{{ end }}
{{- else if eq $preset "openshift" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: openshift-dns
  podSelector:
    matchLabels:
      dns.operator.openshift.io/daemonset-dns: default
    {{- with index . 1 }}{{ . | nindent 4 }}{{ end }}
{{- else -}}
{{- range $i, $address := get $addresses $preset }}{{ if $i }}{{ "\n" }}{{ end -}}
- ipBlock:
    cidr: {{ $address }}/32
{{- end }}
{{- end }}
{{- end }}

{{/* In the hardened profile, the rule from CoreDNS to its fallback, with its comment: `list ROOT WHO`. */}}
{{- define "vcluster-isolation.rule.to-fallback-dns" -}}
{{- $values := (get (index . 0).Values "vcluster-isolation.resolved").values }}
{{- if include "vcluster-isolation.hardened" (index . 0) }}
# {{ index . 1 }} --> fallback DNS (fallbackDns)
- ports:
    {{- include "vcluster-isolation.ports.resolver" 53 | nindent 4 }}
  to:
    - ipBlock:
        cidr: {{ include "vcluster-isolation.cidr.of-address" $values.fallbackDns | quote }}
{{- end }}
{{- end }}

{{/* A resolver's port, over both protocols. */}}
{{- define "vcluster-isolation.ports.resolver" -}}
- port: {{ . }}
  protocol: UDP
- port: {{ . }}
  protocol: TCP
{{- end }}
