{{/* What the pod of `helm test` checks. */}}

{{/*
The checks, a line each, in the form that files/isolation-test.sh reads. A Service of the namespace is known by the
variables that Kubernetes gives every container; it puts them in the place of `$(NAME)` (Kubernetes: Pod, env.value).
*/}}
{{- define "vcluster-isolation.test.checks" -}}
{{- $test := (get .Values "vcluster-isolation.resolved").test }}
{{- $lines := list }}
{{- if has "dns" $test.checks }}{{ $lines = concat $lines (include "vcluster-isolation.test.dns" . | fromJsonArray) }}{{ end }}
{{- if has "api" $test.checks }}
{{- $lines = append $lines (printf "open tcp %s API of the vCluster"
      (include "vcluster-isolation.test.service" (get .Values "vcluster-isolation.resolved").name)) }}
{{- end }}
{{- if has "metadata" $test.checks }}
{{- $open := include "vcluster-isolation.test.opens" (list . (list "169.254.169.254/32")) }}
{{- $lines = append $lines ($open | empty | ternary "closed tcp 169.254.169.254 80 cloud metadata"
      "skip - - - cloud metadata: with these values workloads may reach 169.254.169.254") }}
{{- end }}
{{- $private := include "vcluster-isolation.test.opens" (list . (list "10.0.0.0/8" "172.16.0.0/12" "192.168.0.0/16" "100.64.0.0/10")) }}
{{- range $check, $closed := dict "host-api-server"
      (list "closed tcp $(KUBERNETES_SERVICE_HOST) $(KUBERNETES_SERVICE_PORT) host API server") "host-dns"
      (list "closed dns nameserver 53 host DNS in another namespace" "closed tcp nameserver 53 host DNS in another namespace") }}
{{- if has $check $test.checks }}
{{- $skipped := list (printf "skip - - - %s: with these values workloads may reach private addresses"
      (replace "-" " " $check | replace "api" "API" | replace "dns" "DNS")) }}
{{- $lines = concat $lines ($private | empty | ternary $closed $skipped) }}
{{- end }}
{{- end }}
{{- range $expected := list "open" "closed" }}
{{- range get $test $expected }}
{{- $lines = append $lines (printf "%s tcp %s %s of your own" $expected (include "vcluster-isolation.test.word" .address)
      (include "vcluster-isolation.test.word" .port)) }}
{{- end }}
{{- end }}
{{- join "\n" $lines }}
{{- end }}

{{/* The checks of the vCluster's DNS, as a JSON list. Its Service is where the tenant's namespace kube-system is synced to. */}}
{{- define "vcluster-isolation.test.dns" -}}
{{- $experimental := (.Values).experimental | default dict }}
{{- $elsewhere := list }}
{{- if ((((.Values).sync).toHost).namespaces).enabled }}{{ $elsewhere = append $elsewhere "sync.toHost.namespaces" }}{{ end }}
{{- if ($experimental.multiNamespaceMode).enabled }}{{ $elsewhere = append $elsewhere "experimental.multiNamespaceMode" }}{{ end }}
{{- if ne (($experimental.syncSettings).targetNamespace | default .Release.Namespace) .Release.Namespace }}
{{- $elsewhere = append $elsewhere "experimental.syncSettings.targetNamespace" }}{{ end }}
{{- if not (or (get .Values "vcluster-isolation.resolved").coredns (include "vcluster-isolation.coredns.embedded" .)) -}}
["skip - - - DNS of the vCluster: it has none (controlPlane.coredns)"]
{{- else if $elsewhere -}}
{{ list (printf "skip - - - DNS of the vCluster: its Service may be in another namespace (%s)" (first $elsewhere)) | toJson }}
{{- else }}
{{- $service := include "vcluster-isolation.test.service"
      (include "vcluster-isolation.test.host-name" (printf "kube-dns-x-kube-system-x-%s"
      (get .Values "vcluster-isolation.resolved").name)) }}
{{- list (printf "open dns %s DNS of the vCluster" $service) (printf "open tcp %s DNS of the vCluster" $service) | toJson }}
{{- end }}
{{- end }}

{{/* Address and port of a Service of the namespace, by the names of the variables that Kubernetes makes of its name. */}}
{{- define "vcluster-isolation.test.service" -}}
{{- $variable := upper . | replace "-" "_" }}
{{- printf "$(%s_SERVICE_HOST) $(%s_SERVICE_PORT)" $variable $variable }}
{{- end }}

{{/*
The name in the host cluster of what vCluster syncs: a long one is cut, and a digest of the whole put behind it
(vCluster 0.30, pkg/util/translate, SafeConcatName).
*/}}
{{- define "vcluster-isolation.test.host-name" -}}
{{- gt (len .) 63 | ternary (printf "%s-%s" (trunc 52 .) (sha256sum . | trunc 10) | replace ".-" "-") . }}
{{- end }}

{{/*
What a user wrote as one word, with nothing in it that Kubernetes or a shell would read; where it was something else,
the script says that it is none.
*/}}
{{- define "vcluster-isolation.test.word" -}}
{{- regexReplaceAll "[^0-9A-Fa-f.:]" (toString . | trunc 64) "?" | default "?" }}
{{- end }}

{{/*
"true" when the values let workloads reach all of one of some ranges, but for exceptions that are smaller: `list ROOT RANGES`.
A rule of the user's own counts whatever its ports are; one that names no peer means every address.
*/}}
{{- define "vcluster-isolation.test.opens" -}}
{{- $root := index . 0 }}
{{- $workload := (get $root.Values "vcluster-isolation.resolved").values.workload }}
{{- $blocks := $workload.publicEgress.enabled | ternary (get $root.Values "vcluster-isolation.resolved").publicBlocks list }}
{{- range $workload.egress }}
{{- if not .to }}{{ $blocks = append $blocks (dict "cidr" "0.0.0.0/0") }}{{ end }}
{{- range .to }}{{ with .ipBlock }}{{ $blocks = append $blocks . }}{{ end }}{{ end }}
{{- end }}
{{- $opens := "" }}
{{- $ranges := dict }}
{{- range index . 1 }}{{ $_ := set $ranges . (include "vcluster-isolation.cidr.once" (list $root .) | fromJson) }}{{ end }}
{{- range $block := $blocks }}
{{- $except := $block.except | default list }}
{{- $outer := include "vcluster-isolation.cidr.once" (list $root $block.cidr) | fromJson }}
{{- range $range, $inner := $ranges }}
{{- if not (has $range $except) }}
{{- $whole := or (has $block.cidr (list "0.0.0.0/0" $range))
      (and (gt $inner.prefix $outer.prefix) (include "vcluster-isolation.cidr.inside" (list $inner $outer))) }}
{{- if and $whole (include "vcluster-isolation.public.reaches" (list $root $block.cidr $except $range)) }}{{ $opens = "true" }}{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- $opens }}
{{- end }}
