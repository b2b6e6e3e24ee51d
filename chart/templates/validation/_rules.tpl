{{/* The part of the validation that is about addresses, ports and peers. */}}

{{/* The public addresses, with each problem named at the key that the user wrote, deprecated or not. */}}
{{- define "vcluster-isolation.problems.public-egress" -}}
{{- $public := (get .Values "vcluster-isolation.resolved").values.workload.publicEgress }}
{{- $paths := dict "cidr" "workload.publicEgress.cidr" "except" "workload.publicEgress.except" }}
{{- range include "vcluster-isolation.deprecated" . | fromJsonArray }}
{{- if hasPrefix "outgoingConnections.ipBlock." .from }}{{ $_ := set $paths (base (replace "." "/" .from)) .from }}{{ end }}
{{- end }}
{{- if and $public.enabled $public.ipv6.enabled (not (contains ":" $public.ipv6.cidr)) }}
policies.networkPolicy.workload.publicEgress.ipv6.cidr: {{ include "vcluster-isolation.quoted"
      $public.ipv6.cidr }} is not an IPv6 network; write one, or use cidr for IPv4
{{- end }}
{{- if $public.enabled }}
{{- $blocks := (get .Values "vcluster-isolation.resolved").publicBlocks }}
{{- include "vcluster-isolation.problems.ip-block" (list (print "policies.networkPolicy." $paths.cidr)
      (print "policies.networkPolicy." $paths.except) (first $blocks)) }}
{{- range rest $blocks }}
{{- include "vcluster-isolation.problems.ip-block" (list "policies.networkPolicy.workload.publicEgress.ipv6.cidr"
      "policies.networkPolicy.workload.publicEgress.ipv6.except" .) }}
{{- end }}
{{- if $public.extraExcept }}{{ include "vcluster-isolation.problems.extra-except" $public }}{{ end }}
{{- end }}
{{- end }}

{{/* Entries of extraExcept that no block can leave out: the argument is publicEgress. */}}
{{- define "vcluster-isolation.problems.extra-except" -}}
{{- $cidr := include "vcluster-isolation.cidr" .cidr | fromJson }}
{{- $cidr6 := include "vcluster-isolation.cidr" .ipv6.cidr | fromJson }}
{{- range $i, $entry := .extraExcept }}
{{- $path := printf "policies.networkPolicy.workload.publicEgress.extraExcept[%d]" $i }}
{{- $inner := include "vcluster-isolation.cidr" $entry | fromJson }}
{{- if $inner.problem }}
{{ $path }}: {{ $inner.problem }}
{{- else if or $cidr.problem $cidr6.problem }}
{{- else if not (or
      (include "vcluster-isolation.cidr.inside" (list $inner $cidr)) (include "vcluster-isolation.cidr.inside" (list $inner $cidr6))) }}
{{ $path }}: {{ $entry }} is inside neither cidr {{ $.cidr }} nor ipv6.cidr {{ $.ipv6.cidr }}; remove it or widen one of them
{{- end }}
{{- end }}
{{- end }}

{{- define "vcluster-isolation.problems.host-api-server" -}}
{{- $ports := (get .Values "vcluster-isolation.resolved").values.hostApiServer.ports }}
{{- range $i, $port := $ports }}
{{- if or (not (has (kindOf $port) (list "int" "int64" "float64"))) (lt (int $port) 1) (gt (int $port) 65535) }}
policies.networkPolicy.hostApiServer.ports[{{ $i }}]: is not a valid port number; write a number from 1 to 65535, without quotes
{{- end }}
{{- end }}
{{- if empty $ports }}
policies.networkPolicy.hostApiServer.ports: names no port, which would mean every one; list those of the API server
{{- end }}
{{- range $i, $cidr := (get .Values "vcluster-isolation.resolved").values.hostApiServer.cidrs }}
{{- with (include "vcluster-isolation.cidr" $cidr | fromJson).problem }}
policies.networkPolicy.hostApiServer.cidrs[{{ $i }}]: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* An ipBlock: `list PATH-OF-CIDR PATH-OF-EXCEPT BLOCK`. */}}
{{- define "vcluster-isolation.problems.ip-block" -}}
{{- $exceptPath := index . 1 }}
{{- $block := index . 2 }}
{{- $cidr := $block.cidr | default "" | toString }}
{{- $outer := include "vcluster-isolation.cidr" $cidr | fromJson }}
{{- if $outer.problem }}
{{ index . 0 }}: {{ $outer.problem }}
{{- end }}
{{- range $i, $entry := $block.except }}
{{- $inner := include "vcluster-isolation.cidr" $entry | fromJson }}
{{- if $inner.problem }}
{{ $exceptPath }}[{{ $i }}]: {{ $inner.problem }}
{{- else if $outer.problem }}
{{- else if and (eq $inner.prefix $outer.prefix) (eq $inner.bits $outer.bits) }}
{{ $exceptPath }}[{{ $i }}]: {{ $entry }} is all of cidr {{ $cidr }}; remove the rule, or narrow the entry
{{- else if not (include "vcluster-isolation.cidr.inside" (list $inner $outer)) }}
{{ $exceptPath }}[{{ $i }}]: {{ $entry }} is not inside cidr {{ $cidr }}; remove it or widen cidr
{{- end }}
{{- end }}
{{- end }}

{{/* The user's own rules and peers, with deprecated keys under the name that the user wrote. */}}
{{- define "vcluster-isolation.problems.rules" -}}
{{- $policy := .Values.policies.networkPolicy }}
{{- $lists := dict "controlPlane.ingress" ($policy.controlPlane).ingress "controlPlane.egress" ($policy.controlPlane).egress
      "workload.ingress" ($policy.workload).ingress "workload.egress" ($policy.workload).egress
      "coredns.ingress" ($policy.coredns).ingress "coredns.egress" ($policy.coredns).egress
      "snapshots.ingress" ($policy.snapshots).ingress "snapshots.egress" ($policy.snapshots).egress
      "extraControlPlaneRules" $policy.extraControlPlaneRules "extraWorkloadRules" $policy.extraWorkloadRules }}
{{- range $path, $rules := $lists }}
{{- range $i, $rule := $rules }}
{{- include "vcluster-isolation.problems.rule" (list (printf "policies.networkPolicy.%s[%d]" $path $i) $rule) }}
{{- end }}
{{- end }}
{{- $control := $policy.controlPlane | default dict }}
{{- $grants := dict "controlPlane.apiAccess" $control.apiAccess "controlPlane.webhooks" $control.webhooks
      "controlPlane.metricsServer" $control.metricsServer "controlPlane.backingStore" $control.backingStore
      "prometheus" $policy.prometheus "project" $policy.project
      "workload.ingressControllers" ($policy.workload).ingressControllers
      "snapshots.objectStorage" ($policy.snapshots).objectStorage }}
{{- range $path, $grant := $grants }}
{{- if or ($grant).ports ($grant).from ($grant).to }}
{{- include "vcluster-isolation.problems.rule" (list (print "policies.networkPolicy." $path) $grant) }}
{{- end }}
{{- end }}
{{- include "vcluster-isolation.problems.peers" (list "policies.networkPolicy.hostDns.extra" ($policy.hostDns).extra) }}
{{- end }}

{{/* One rule, or a grant: `list PATH RULE`. */}}
{{- define "vcluster-isolation.problems.rule" -}}
{{- $path := index . 0 }}
{{- $rule := index . 1 }}
{{- include "vcluster-isolation.problems.ports" (list (print $path ".ports") $rule.ports) }}
{{- include "vcluster-isolation.problems.peers" (list (print $path ".from") $rule.from) }}
{{- include "vcluster-isolation.problems.peers" (list (print $path ".to") $rule.to) }}
{{- end }}

{{- define "vcluster-isolation.problems.ports" -}}
{{- $path := index . 0 }}
{{- range $i, $port := index . 1 }}
{{- if and $port.port $port.endPort (not (kindIs "string" $port.port)) }}
{{- if lt (int $port.endPort) (int $port.port) }}
{{ $path }}[{{ $i }}].endPort: {{ $port.endPort | int }} is below port {{ $port.port | int }}; swap the two, or remove endPort
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "vcluster-isolation.problems.peers" -}}
{{- $path := index . 0 }}
{{- range $i, $peer := index . 1 }}
{{- range $field := list "podSelector" "namespaceSelector" }}
{{- include "vcluster-isolation.problems.selector" (list (printf "%s[%d].%s" $path $i $field) (get $peer $field | default dict)) }}
{{- end }}
{{- with $peer.ipBlock }}
{{- include "vcluster-isolation.problems.ip-block" (list (printf "%s[%d].ipBlock.cidr" $path $i)
      (printf "%s[%d].ipBlock.except" $path $i) .) }}
{{- end }}
{{- end }}
{{- end }}

{{/* A selector: `list PATH SELECTOR`. A label without a value would be left out, and the rest select more. */}}
{{- define "vcluster-isolation.problems.selector" -}}
{{- $path := index . 0 }}
{{- range $key, $value := (index . 1).matchLabels }}
{{- if not (kindIs "string" $value) }}
{{ $path }}.matchLabels[{{ include "vcluster-isolation.quoted" $key }}]: is not a text; write a label's value, in quotes
{{- end }}
{{- end }}
{{- end }}
