{{/* The part of the validation that is about the guard: what would break out of its expressions, or make it refuse nothing. */}}

{{- define "vcluster-isolation.problems.guard" -}}
{{- $resolved := get .Values "vcluster-isolation.resolved" }}
{{- $guard := $resolved.values.guard }}
{{- if and $resolved.workloads $guard.enabled }}
{{- include "vcluster-isolation.problems.guard.switches" $guard }}
{{- include "vcluster-isolation.problems.guard.account" . }}
{{- include "vcluster-isolation.problems.guard.words" $guard }}
{{- include "vcluster-isolation.problems.guard.ranges" . }}
{{- include "vcluster-isolation.problems.guard.namespaces" . }}
{{- end }}
{{- end }}

{{/* Switches and words: the argument is guard. */}}
{{- define "vcluster-isolation.problems.guard.switches" -}}
{{- $on := false }}
{{- range $rule := list "ownership" "networkPolicies" "pods" "labels" "templates" "endpoints" "services" "addresses" }}
{{- $switch := (get $ $rule).enabled }}
{{- if not (kindIs "bool" $switch) }}
policies.networkPolicy.guard.{{ $rule }}.enabled: is neither true nor false; write one of the two, without quotes
{{- end }}
{{- if $switch }}{{ $on = true }}{{ end }}
{{- end }}
{{- if not $on }}
policies.networkPolicy.guard.enabled: there is no rule that is on; switch one on, or the guard off
{{- end }}
{{- if not (has .failurePolicy (list "Fail" "Ignore")) }}
policies.networkPolicy.guard.failurePolicy: is neither Fail nor Ignore; write one of the two
{{- end }}
{{- range $i, $action := .validationActions }}
{{- if not (has $action (list "Deny" "Warn" "Audit")) }}
policies.networkPolicy.guard.validationActions[{{ $i }}]: is none of Deny, Warn, Audit; write one of these
{{- end }}
{{- end }}
{{- if empty .validationActions }}
policies.networkPolicy.guard.validationActions: names no action; list Deny, or Warn and Audit for a roll-out
{{- else if and (has "Deny" .validationActions) (has "Warn" .validationActions) }}
policies.networkPolicy.guard.validationActions: have Deny and Warn, which the API server refuses: a denial warns by itself;
{{- " remove one of them" }}
{{- end }}
{{- end }}

{{/* The service account that is judged, and creators that would be it. */}}
{{- define "vcluster-isolation.problems.guard.account" -}}
{{- $given := (((.Values.controlPlane).advanced).serviceAccount).name }}
{{- if and $given (not (regexMatch "^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$" (toString $given))) }}
controlPlane.advanced.serviceAccount.name: {{ include "vcluster-isolation.quoted" (toString
      $given) }} is not the name of a service account; use lower-case letters, digits, '-' and '.'
{{- end }}
{{- $syncer := include "vcluster-isolation.guard.syncer" . | trimPrefix "system:serviceaccount:" | replace ":" "/" }}
{{- range $i, $creator := (get .Values "vcluster-isolation.resolved").values.guard.creators }}
{{- $path := printf "policies.networkPolicy.guard.creators[%d]" $i }}
{{- if not (regexMatch "^[a-z0-9]([-a-z0-9]*[a-z0-9])?/([*]|[a-z0-9]([-a-z0-9.]*[a-z0-9])?)$" (toString $creator)) }}
{{ $path }}: {{ include "vcluster-isolation.quoted" (toString $creator) }} is no service account; write namespace/name, or
{{- " namespace/* for all of a namespace" }}
{{- else if eq $creator $syncer }}
{{ $path }}: {{ $creator }} is the vCluster's own service account, of which the guard judges every request; remove it
{{- end }}
{{- end }}
{{- end }}

{{/* Words that become parts of expressions: the argument is guard. */}}
{{- define "vcluster-isolation.problems.guard.words" -}}
{{- $key := "([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?" }}
{{- $name := "[a-z0-9]([-a-z0-9]*[a-z0-9])?" }}
{{- $domain := "[a-z0-9_]([-a-z0-9_]*[a-z0-9_])?" }}
{{- range $path, $words := dict
      "reservedLabels" (list .reservedLabels (printf "^%s(=([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?)?$" $key)
        "is no label; write its key, or key=value")
      "templates.resources" (list .templates.resources (printf "^%s([.]%s)+$" $name $name)
        "is no resource; write it with its group, as in clusters.postgresql.cnpg.io")
      "endpoints.services" (list .endpoints.services (printf "^%s$" $name)
        "is not the name of a Service; write one of the release's namespace")
      "services.externalNames" (list .services.externalNames (printf "^%s([.]%s)*$" $domain $domain)
        "is not a domain; write one in lower case, without a dot at its end") }}
{{- $pattern := index $words 1 }}
{{- $problem := index $words 2 }}
{{- range $i, $word := first $words }}
{{- if not (and (kindIs "string" $word) (regexMatch $pattern (toString $word))) }}
policies.networkPolicy.guard.{{ $path }}[{{ $i }}]: {{ include "vcluster-isolation.quoted" (toString $word) }} {{ $problem }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Ranges that are none, and ranges that would open to a tenant what its policies close: metadata and the host cluster. */}}
{{- define "vcluster-isolation.problems.guard.ranges" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- $guard := $values.guard }}
{{- $server := dict "hostApiServer.cidrs" $values.hostApiServer.cidrs }}
{{- $pods := dict "pods.cidrs" $values.pods.cidrs }}
{{- $nodes := dict "nodes.cidrs" $values.nodes.cidrs }}
{{- $metadata := dict "cloud metadata" (list "169.254.169.254/32" "fd00:ec2::254/128" "168.63.129.16/32") }}
{{- range $path, $about := dict
      "networkPolicies.from" (list $guard.networkPolicies.from $pods)
      "networkPolicies.to" (list $guard.networkPolicies.to (merge dict $server $pods $nodes $metadata))
      "endpoints.cidrs" (list $guard.endpoints.cidrs (merge dict $server $pods $nodes $metadata)) }}
{{- range $i, $range := first $about }}
{{- $where := printf "policies.networkPolicy.guard.%s[%d]" $path $i }}
{{- $parsed := include "vcluster-isolation.cidr" $range | fromJson }}
{{- if $parsed.problem }}
{{ $where }}: {{ $parsed.problem }}
{{- else }}
{{- range $what, $closed := last $about }}
{{- $touched := list }}
{{- range $closed }}
{{- $other := include "vcluster-isolation.cidr" . | fromJson }}
{{- $alike := and (empty $other.problem) (eq (len $other.bits) (len $parsed.bits)) }}
{{- if and $alike (or (hasPrefix $parsed.network $other.network) (hasPrefix $other.network $parsed.network)) }}
{{- $touched = append $touched . }}
{{- end }}
{{- end }}
{{- with $touched }}
{{ $where }}: {{ $range }} has addresses in common with {{ $what }} ({{ first . }}), which are closed to tenants; list ranges
{{- " without them" }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Namespaces of workloads that no name is known of: the guard would not be bound to them. */}}
{{- define "vcluster-isolation.problems.guard.namespaces" -}}
{{- $resolved := get .Values "vcluster-isolation.resolved" }}
{{- $help := "so the guard would not be bound to these namespaces; list them in workload.namespaces, or switch guard off" }}
{{- $listed := $resolved.values.workload.namespaces }}
{{- $mapped := include "vcluster-isolation.mapped" . | fromJsonArray }}
{{- range $mapped }}
{{- if contains "*" . }}
{{- $pattern := printf "^%s$" (regexQuoteMeta . | replace "\\*" ".*") }}
{{- $found := false }}
{{- range $listed }}{{ if regexMatch $pattern . }}{{ $found = true }}{{ end }}{{ end }}
{{- if not $found }}
policies.networkPolicy.guard.enabled: sync.toHost.namespaces.mappings has {{ include "vcluster-isolation.quoted"
      . }}, which names no namespace, {{ $help }}
{{- end }}
{{- end }}
{{- end }}
{{- if and (((.Values.sync).toHost).namespaces).enabled (empty $mapped) (empty $listed) }}
policies.networkPolicy.guard.enabled: sync.toHost.namespaces is on and names no namespace, {{ $help }}
{{- end }}
{{- if and ((.Values.experimental).multiNamespaceMode).enabled (empty $listed) }}
policies.networkPolicy.guard.enabled: experimental.multiNamespaceMode is on and names no namespace, {{ $help }}
{{- end }}
{{- end }}
