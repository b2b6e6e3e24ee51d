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
  not even open: {{ include "vcluster-isolation.notes.pods" (first .rules).pods }} --> {{ .who }} ({{ .path }})
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

{{/* What grants open, a line each, in the order of grants.yaml. */}}
{{- define "vcluster-isolation.notes.open" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- $hosted := (get .Values "vcluster-isolation.resolved").workloads }}
{{- range (get .Values "vcluster-isolation.resolved").grants.vcluster }}
{{- if eq .path "workload.publicEgress" }}
{{- if and $hosted .value.enabled }}
{{- range (get $.Values "vcluster-isolation.resolved").publicBlocks }}
  workloads --> {{ .cidr }}{{ with .except }} except {{ join ", " . }}{{ end }}, on any port
{{- end }}
{{- end }}
{{- else if eq .path "project" }}
{{- if and $hosted (include "vcluster-isolation.project" $) }}
  workloads <-> workloads in namespaces {{ include "vcluster-isolation.notes.project" $ }}, {{ include "vcluster-isolation.notes.ports"
      .value }} (project)
{{- end }}
{{- else if and (eq .kind "grant") (not (.default).enabled) .value.enabled (or $hosted (not .hosted)) }}
  {{ include "vcluster-isolation.notes.grant" (list . $hosted) }} ({{ .path }})
{{- end }}
{{- end }}
{{- end }}

{{/* What a grant that is on opens, in words: `list ROW HOSTED`, a row of grants.yaml. */}}
{{- define "vcluster-isolation.notes.grant" -}}
{{- $row := index . 0 }}
{{- $peers := get $row.value $row.peers }}
{{- $who := $row.who | default (printf "the listed peers (%d)" (len $peers)) }}
{{- if and (empty $peers) (eq $row.empty "anyone") }}{{ $who = "anyone" }}{{ end }}
{{- if and (empty $peers) (eq $row.empty "public") }}{{ $who = print $who " at every public address" }}{{ end }}
{{- $own := include "vcluster-isolation.notes.ports" $row.value }}
{{- $rules := list }}
{{- range $row.rules }}
{{- if or (index $ 1) (without .pods "workload" "coredns") }}
{{- $ports := .ports | empty | ternary $own (printf "TCP %s" (include "vcluster-isolation.notes.numbers" (.ports | default (list "")))) }}
{{- $pods := include "vcluster-isolation.notes.pods" .pods }}
{{- if eq $row.peers "to" }}{{ $rules = append $rules (printf "%s --> %s, %s" $pods $who $ports) }}
{{- else }}{{ $rules = append $rules (print $pods (gt (len $row.rules) 1 | ternary " " ", ") $ports) }}{{ end }}
{{- end }}
{{- end }}
{{- eq $row.peers "from" | ternary (print $who " --> ") "" }}{{ join ", " $rules }}
{{- end }}

{{/* Pods as grants.yaml calls them, in words. */}}
{{- define "vcluster-isolation.notes.pods" -}}
{{- $words := dict "control-plane" "control plane" "coredns" "CoreDNS" "snapshot" "snapshots" "workload" "workloads" }}
{{- range $i, $pods := . }}{{ if $i }}, {{ end }}{{ get $words $pods }}{{ end }}
{{- end }}

{{/* The namespaces of the project, in words. */}}
{{- define "vcluster-isolation.notes.project" -}}
{{- $project := (get .Values "vcluster-isolation.resolved").values.project }}
{{- if $project.namespaceSelector -}}
of project.namespaceSelector
{{- else -}}
labelled loft.sh/project: {{ (include "vcluster-isolation.resolve" (list . $project.name) | fromJson).value }}
{{- end }}
{{- end }}

{{/* The ports of a grant, in words. */}}
{{- define "vcluster-isolation.notes.ports" -}}
{{- $words := list }}
{{- range .ports }}
{{- $words = append $words (printf "%s %s%s" (.protocol | default "TCP") (.port | default "any port" | toString)
      (.endPort | empty | ternary "" (print "-" .endPort))) }}
{{- end }}
{{- $words | join ", " | default "any port" }}
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
