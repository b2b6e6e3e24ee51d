{{/* The warnings about values that need a flow which is closed: see needs.yaml. */}}

{{/*
A line for each row of needs.yaml that applies while none of its grants is set. Which address or port a grant opens is
not looked at here: `vcluster-isolation check` and `prove` do that.
*/}}
{{- define "vcluster-isolation.notes.needs" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- $server := (get .Values "vcluster-isolation.resolved").hostApiServer }}
{{- $hosted := (get .Values "vcluster-isolation.resolved").workloads }}
{{- range $row := include "vcluster-isolation.needs.rows" . | fromJsonArray }}
{{- $where := "" }}
{{- if or $hosted (not .hosted) }}{{ $where = include "vcluster-isolation.needs.where" (list $.Values .when) }}{{ end }}
{{- if $where }}
{{- $given := false }}
{{- range .grants }}
{{- $grant := (include "vcluster-isolation.get-path" (list $values .) | fromJson).value }}
{{- if kindIs "map" $grant }}{{ $grant = $grant.enabled }}{{ end }}
{{- if $grant }}{{ $given = true }}{{ end }}
{{- end }}
{{- if and (has "control-plane" (.from | default list)) .ports (not $server.cidrs) }}
{{- $closed := list }}
{{- range .ports }}{{ $closed = append $closed (toString .) }}{{ end }}
{{- range .at }}
{{- range include "vcluster-isolation.needs.values" (list $.Values .) | fromJsonArray }}
{{- range regexFindAll "://[^/]*:[0-9]+(/|$)" (toString .) -1 }}
{{- $closed = append $closed (splitList ":" . | last | trimSuffix "/") }}
{{- end }}
{{- end }}
{{- end }}
{{- range $server.ports }}{{ $closed = without $closed (toString .) }}{{ end }}
{{- if not $closed }}{{ $given = true }}{{ end }}
{{- end }}
{{- if not $given }}
  - {{ $where }} is set:
{{- with first (.grants | default list) }} it needs
    {{ $row.flow }}{{ with $row.ports }}, TCP {{ include "vcluster-isolation.notes.numbers" . }}{{ end }}, which is closed.
    {{ hasSuffix "gress" . | ternary "Add a rule to" "Turn on" }} policies.networkPolicy.{{ . }}.
{{- else }}
    {{ $row.flow }}.
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The rows of needs.yaml as a JSON list; none where no value that they are about is there, which spares reading the file. */}}
{{- define "vcluster-isolation.needs.rows" -}}
{{- $control := .Values.controlPlane | default dict }}
{{- $experimental := .Values.experimental | default dict }}
{{- $found := or (pick .Values "integrations" "networking" "exportKubeConfig" "external" "snapshots") (.Values.privateNodes).enabled
      (omit $control "coredns" "advanced") (omit ($control.advanced | default dict) "globalMetadata")
      (pick .Values.policies "centralAdmission")
      (pick ((.Values.sync).toHost | default dict) "ingresses" "gatewayApi") (omit $experimental "multiNamespaceMode" "syncSettings") }}
{{- if $found }}{{ .Files.Get "needs.yaml" | fromYamlArray | toJson }}{{ else }}[]{{ end }}
{{- end }}

{{/* The path of the value for which one of the alternatives of `when` holds: `list VALUES WHEN` -> a path or nothing. */}}
{{- define "vcluster-isolation.needs.where" -}}
{{- $values := index . 0 }}
{{- $where := "" }}
{{- range index . 1 }}
{{- $holds := not $where }}
{{- range $term := splitList " & " . }}
{{- if $holds }}{{ $holds = include "vcluster-isolation.needs.term" (list $values $term) | eq "true" }}{{ end }}
{{- end }}
{{- if $holds }}{{ $where = splitList " & " . | first | regexFind "[A-Za-z0-9.*]+" }}{{ end }}
{{- end }}
{{- $where }}
{{- end }}

{{/* Whether a term of `when` holds: `list VALUES TERM` -> "true" or nothing. */}}
{{- define "vcluster-isolation.needs.term" -}}
{{- $term := index . 1 }}
{{- $operator := regexFind "!~|!=|~|=" $term | default (hasPrefix "!" $term | ternary "!" "") }}
{{- $path := regexFind "[A-Za-z0-9.*]+" $term }}
{{- $texts := $term | trimPrefix (print $path $operator) | splitList "|" }}
{{- $found := include "vcluster-isolation.needs.values" (list (index . 0) $path) | fromJsonArray }}
{{- $any := false }}
{{- range $value := $found }}
{{- $text := toString $value }}
{{- $same := or (has $text $texts) (and (regexMatch "^[^a-z]*[A-Z][^a-z]*$" $text) (has (lower $text) $texts)) }}
{{- $holds := false }}
{{- range $texts }}{{ if contains . $text }}{{ $holds = true }}{{ end }}{{ end }}
{{- if has $operator (list "=" "!=") }}{{ $any = or $any $same }}
{{- else if eq $operator "~" }}{{ $any = or $any $holds }}
{{- else if eq $operator "!~" }}{{ $any = or $any (and $value (not $holds) true) }}
{{- else if $value }}{{ $any = true }}{{ end }}
{{- end }}
{{- if ne $any (has $operator (list "!" "!=")) }}true{{ end }}
{{- end }}

{{/* The values at a dotted path in which `*` is every item of a list or map, as a JSON list: `list VALUES PATH`. */}}
{{- define "vcluster-isolation.needs.values" -}}
{{- $found := list (index . 0) }}
{{- range $key := splitList "." (index . 1) }}
{{- $below := list }}
{{- range $found }}
{{- if eq $key "*" }}
{{- if kindIs "map" . }}{{ $below = concat $below (values .) }}{{ else if kindIs "slice" . }}{{ $below = concat $below . }}{{ end }}
{{- else if kindIs "map" . }}
{{- if hasKey . $key }}{{ $below = append $below (get . $key) }}{{ end }}
{{- end }}
{{- end }}
{{- $found = $below }}
{{- end }}
{{- toJson $found }}
{{- end }}
