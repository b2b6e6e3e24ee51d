{{/*
Of what the guard judges requests: kinds, by the rules that are on, and by whom. A kind that is not installed matches nothing.
*/}}

{{/*
The kinds and operations that the rules in force are about, as a list at no indentation. Groups and kinds are all with all: no
two of these groups have kinds of one name that a rule would take for each other.
*/}}
{{- define "vcluster-isolation.guard.resources" -}}
{{- $guard := (get .Values "vcluster-isolation.resolved").values.guard }}
{{- $groups := list }}
{{- $kinds := list }}
{{- range $rule, $about := include "vcluster-isolation.guard.about" . | fromJson }}
{{- if (get $guard $rule).enabled }}
{{- range $group, $of := $about }}
{{- $groups = append $groups $group }}
{{- $kinds = concat $kinds $of }}
{{- end }}
{{- end }}
{{- end }}
{{- range $guard.templates.enabled | ternary $guard.templates.resources list }}
{{- $parts := splitn "." 2 . }}
{{- $groups = append $groups $parts._1 }}
{{- $kinds = append $kinds $parts._0 }}
{{- end }}
- apiGroups: {{ uniq $groups | sortAlpha | toJson }}
  apiVersions: ["*"]
  operations: [CREATE, UPDATE]
  resources: {{ uniq $kinds | sortAlpha | toJson }}
{{- if $guard.ownership.enabled }}
- apiGroups: ["", networking.k8s.io]
  apiVersions: ["*"]
  operations: [DELETE]
  resources: [networkpolicies, pods]
{{- end }}
{{- end }}

{{/* The kinds that each rule is about, by group, as JSON. Labels of pods also arrive through subresources. */}}
{{- define "vcluster-isolation.guard.about" -}}
{
  "ownership": {
    "": ["pods", "pods/*", "endpoints"],
    "networking.k8s.io": ["networkpolicies"],
    "discovery.k8s.io": ["endpointslices"]
  },
  "networkPolicies": {"networking.k8s.io": ["networkpolicies"]},
  "pods": {"": ["pods"]},
  "labels": {
    "": ["pods", "pods/*", "replicationcontrollers"],
    "apps": ["deployments", "replicasets", "statefulsets", "daemonsets"],
    "batch": ["jobs", "cronjobs"]
  },
  "templates": {
    "gateway.networking.k8s.io": ["gateways", "httproutes", "grpcroutes", "tlsroutes", "tcproutes", "udproutes"],
    "cert-manager.io": ["issuers"],
    "kubevirt.io": ["virtualmachines", "virtualmachineinstances", "virtualmachineinstancereplicasets"],
    "pool.kubevirt.io": ["virtualmachinepools"]
  },
  "endpoints": {"": ["endpoints"], "discovery.k8s.io": ["endpointslices"]},
  "services": {"": ["services", "services/status"]},
  "addresses": {
    "networking.k8s.io": ["ingresses"],
    "gateway.networking.k8s.io": ["httproutes", "grpcroutes", "tlsroutes", "tcproutes", "udproutes"],
    "monitoring.coreos.com": ["servicemonitors", "podmonitors", "probes", "scrapeconfigs"],
    "networking.istio.io": ["serviceentries", "workloadentries"],
    "gateway.envoyproxy.io": ["backends"]
  }
}
{{- end }}

{{/*
Who is judged: the vCluster's service account, and service accounts that are not known. People, nodes and components of the
control plane are no service accounts. Who may delete the policies anyway gains nothing by a label.
*/}}
{{- define "vcluster-isolation.guard.conditions" -}}
- name: service-account
  expression: request.userInfo.username.startsWith("system:serviceaccount:")
- name: not-a-known-creator
  expression: >-
    request.userInfo.username == {{ include "vcluster-isolation.guard.syncer" . | toJson }} ||
    !(request.userInfo.username.matches("^system:serviceaccount:kube-system:(statefulset|replicaset|deployment|job|cronjob|daemon-set|
    {{- "" }}replication)-controller$") ||
    {{- with include "vcluster-isolation.guard.creators" . | fromJson }}
    {{- if .users }}
    request.userInfo.username in {{ toJson .users }} ||
    {{- end }}
    {{- if .groups }}
    request.userInfo.groups.exists(group, group in {{ toJson .groups }}) ||
    {{- end }}
    {{- end }}
    authorizer.group("networking.k8s.io").resource("networkpolicies").namespace(request.namespace).check("delete").allowed())
{{- end }}

{{/* The user that the vCluster's syncer is. */}}
{{- define "vcluster-isolation.guard.syncer" -}}
{{- $account := (((.Values.controlPlane).advanced).serviceAccount).name }}
{{- printf "system:serviceaccount:%s:%s" .Release.Namespace ($account | default (print "vc-"
      (get .Values "vcluster-isolation.resolved").name)) }}
{{- end }}

{{/* The known creators, as JSON {users, groups}. */}}
{{- define "vcluster-isolation.guard.creators" -}}
{{- $users := list }}
{{- $groups := list }}
{{- range (get .Values "vcluster-isolation.resolved").values.guard.creators }}
{{- if hasSuffix "/*" . }}{{ $groups = append $groups (print "system:serviceaccounts:" (trimSuffix "/*" .)) }}
{{- else }}{{ $users = append $users (print "system:serviceaccount:" (replace "/" ":" .)) }}
{{- end }}
{{- end }}
{{- dict "users" $users "groups" $groups | toJson }}
{{- end }}
