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
{{- if not $values.controlPlane.webhooks.enabled }}
  also denied: control plane --> workloads (controlPlane.webhooks)
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

{{/* What grants open, a line each. */}}
{{- define "vcluster-isolation.notes.open" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- $hosted := (get .Values "vcluster-isolation.resolved").workloads }}
{{- $control := $values.controlPlane }}
{{- with $control.apiAccess }}
{{- if .enabled }}
  {{ empty .from | ternary "anyone" (printf "the listed peers (%d)" (len .from)) }} --> control plane, TCP 8443 (controlPlane.apiAccess)
{{- end }}
{{- end }}
{{- if and $hosted $values.workload.publicEgress.enabled }}
{{- range $block := (get .Values "vcluster-isolation.resolved").publicBlocks }}
  workloads --> {{ .cidr }}{{ with .except }} except {{ include "vcluster-isolation.notes.except" (list $ $block) }}{{ end }}, on any port
{{- end }}
{{- end }}
{{- if $control.metricsServer.enabled }}
  control plane --> metrics-server, {{ include "vcluster-isolation.notes.ports" $control.metricsServer }} (controlPlane.metricsServer)
{{- end }}
{{- if $control.backingStore.enabled }}
  control plane, snapshots --> external database or etcd, {{ include "vcluster-isolation.notes.ports"
      $control.backingStore }} (controlPlane.backingStore)
{{- end }}
{{- with $values.snapshots.objectStorage }}
{{- if .enabled }}
  snapshots --> {{ empty .to | ternary "object storage at every public address"
      "object storage" }}, {{ include "vcluster-isolation.notes.ports" . }} (snapshots.objectStorage)
{{- end }}
{{- end }}
{{- if $values.prometheus.enabled }}
  Prometheus --> control plane TCP 8443{{ if $hosted }}, CoreDNS TCP 9153, workloads {{ include "vcluster-isolation.notes.ports"
      $values.prometheus }}{{ end }} (prometheus)
{{- end }}
{{- if and $hosted $values.workload.ingressControllers.enabled }}
  ingress controllers --> workloads, {{ include "vcluster-isolation.notes.ports"
      $values.workload.ingressControllers }} (workload.ingressControllers)
{{- end }}
{{- if and $hosted (include "vcluster-isolation.project" .) }}
  workloads <-> workloads in namespaces {{ include "vcluster-isolation.notes.project" . }}, {{ include "vcluster-isolation.notes.ports"
      $values.project }} (project)
{{- end }}
{{- end }}

{{/*
The exceptions of a block of public egress, in words: `list ROOT BLOCK`. The many ranges that the hardened profile leaves out
by default are named together; without one of them, all are listed.
*/}}
{{- define "vcluster-isolation.notes.except" -}}
{{- $block := index . 1 }}
{{- $shown := $block.except }}
{{- if gt (len $shown) 8 }}
{{- $defaults := include "vcluster-isolation.public.defaults" (first .) | fromJson }}
{{- $default := contains ":" $block.cidr | ternary (concat $defaults.outside6 $defaults.special6) $defaults.special4 }}
{{- $default = include "vcluster-isolation.public.inside" (list $block.cidr $default) | fromJsonArray }}
{{- $all := gt (len $default) 8 }}
{{- range $default }}{{ if not (has . $block.except) }}{{ $all = false }}{{ end }}{{ end }}
{{- if $all }}
{{- $shown = list (printf "private, special-purpose and metadata ranges (%d)" (len $default)) }}
{{- range $block.except }}{{ if not (has . $default) }}{{ $shown = append $shown . }}{{ end }}{{ end }}
{{- end }}
{{- end }}
{{- join ", " $shown }}
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
