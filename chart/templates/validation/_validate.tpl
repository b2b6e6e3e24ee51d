{{/*
Everything that the API server would refuse and that values.schema.json cannot say, refused here: all of it at once,
each problem as one line `path: what is wrong; what to do`. Texts of users are quoted with %q, so that none breaks out.
They come on top of values.schema.json and do not say again what it says, but for the switches: with the schema skipped,
a text "false" would switch something on.
*/}}
{{- define "vcluster-isolation.validate" -}}
{{- $problems := list }}
{{- if (get .Values "vcluster-isolation.resolved").isolated }}
{{- range list "name" "switches" "metadata" "deprecated" "fallback-dns" "public-egress" "host-api-server" "cluster-addresses"
      "grants" "webhooks" "project" "namespaces" "rules" "floor" "guard" }}
{{- $found := include (print "vcluster-isolation.problems." .) $ | trim }}
{{- if $found }}{{ $problems = concat $problems (regexSplit "\n+" $found -1) }}{{ end }}
{{- end }}
{{- end }}
{{- if (get .Values "vcluster-isolation.resolved").platform }}
{{- $found := include "vcluster-isolation.platform.problems" . | trim }}
{{- if $found }}{{ $problems = concat $problems (regexSplit "\n+" $found -1) | uniq }}{{ end }}
{{- end }}
{{- if $problems }}
{{- fail (printf "\n\nvcluster-isolation refuses these values:\n  - %s\n" (join "\n  - " $problems)) }}
{{- end }}
{{- end }}

{{/* A text of the user's in quotes, cut when it is long. */}}
{{- define "vcluster-isolation.quoted" -}}
{{- gt (len .) 80 | ternary (printf "%q…" (trunc 80 .)) (printf "%q" .) }}
{{- end }}

{{/* A deprecated key is honoured, but not beside its successor: one of the two would be lost. */}}
{{- define "vcluster-isolation.problems.deprecated" -}}
{{- $used := include "vcluster-isolation.deprecated" . | fromJsonArray }}
{{- $policy := dict }}
{{- if $used }}
{{- $policy = deepCopy .Values.policies.networkPolicy }}
{{- include "vcluster-isolation.merge-defaults" (list $policy (include "vcluster-isolation.defaults" . | fromJson)) }}
{{- include "vcluster-isolation.merge-grants" (list $policy (get .Values "vcluster-isolation.resolved").grants.vcluster) }}
{{- end }}
{{- range $row := $used }}
{{- range $path, $default := merge (dict .to .default) (.with | default dict) }}
{{- $set := (include "vcluster-isolation.get-path" (list $policy $path) | fromJson).value }}
{{- if ne (toJson $set) (toJson $default) }}
policies.networkPolicy.{{ $row.from }}: is the deprecated name of {{ $row.to }}, and {{ $path }} is set too; keep {{ $row.to }} and
{{- " remove " }}{{ $row.from }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "vcluster-isolation.problems.fallback-dns" -}}
{{- $dns := (get .Values "vcluster-isolation.resolved").values.fallbackDns | toString }}
{{- if not (include "vcluster-isolation.ip.bits" $dns) }}
policies.networkPolicy.fallbackDns: {{ include "vcluster-isolation.quoted"
      $dns }} is not an IP address; write one, like 8.8.8.8 or 2001:4860:4860::8888
{{- else if (include "vcluster-isolation.cidr.once" (list . (include "vcluster-isolation.cidr.of-address" $dns)) | fromJson).problem }}
policies.networkPolicy.fallbackDns: {{ $dns }} is an IPv4 address in IPv6 form; write it as IPv4
{{- end }}
{{- end }}
