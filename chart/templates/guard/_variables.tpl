{{/*
What the guard's validations share. The API server works a variable out when a validation first names it. Every expression is
CEL of Kubernetes 1.31, without optional fields, which only CEL of Kubernetes has: the tests evaluate the same texts in Python.
*/}}
{{- define "vcluster-isolation.guard.variables" -}}
{{- $guard := (get .Values "vcluster-isolation.resolved").values.guard }}
- name: syncer
  expression: request.userInfo.username == {{ include "vcluster-isolation.guard.syncer" . | toJson }}
- name: kind
  expression: request.resource.resource
- name: part
  expression: 'has(request.subResource) ? request.subResource : ""'
- name: written
  expression: 'variables.syncer ? variables.kind : ""'
- name: labels
  expression: "object != null && has(object.metadata.labels) ? object.metadata.labels : {}"
- name: before
  expression: "oldObject != null && has(oldObject.metadata.labels) ? oldObject.metadata.labels : {}"
{{- if or $guard.labels.enabled $guard.templates.enabled }}
{{- include "vcluster-isolation.guard.variables.labels" . }}
{{- end }}
{{- if $guard.networkPolicies.enabled }}
{{- include "vcluster-isolation.guard.variables.policies" . }}
{{- end }}
{{- if $guard.endpoints.enabled }}
{{- include "vcluster-isolation.guard.variables.endpoints" . }}
{{- end }}
{{- end }}

{{/* Labels by which policies tell pods apart, of the object itself and of the pods that are made of it. */}}
{{- define "vcluster-isolation.guard.variables.labels" }}
{{- $name := (get .Values "vcluster-isolation.resolved").name }}
{{- $own := (get .Values "vcluster-isolation.resolved").values.guard.reservedLabels }}
{{- $compatible := list "app=vcluster-snapshot" "app=loft" "k8s-app=vcluster-kube-dns" }}
{{- $synced := concat (list "release") (include "vcluster-isolation.hardened" . | empty | ternary $compatible list) $own }}
{{- $made := concat (list "release" "vcluster.loft.sh/managed-by" "vcluster.loft.sh/namespace" "vcluster.loft.sh/controlled-by"
      "app=vcluster" "app=vcluster-etcd" "app=vcluster-snapshot" "app=loft") $own }}
# it carries managed-by of its writer, which may be a neighbour's syncer
- name: owned
  expression: >-
    "vcluster.loft.sh/managed-by" in variables.labels && variables.labels["vcluster.loft.sh/managed-by"] ==
    (variables.syncer ? {{ toJson $name }} : request.userInfo.username.replace(
    {{- printf "system:serviceaccount:%s:vc-" .Release.Namespace | toJson }}, ""))
# reserved labels of what a syncer writes, and of what others make
- name: words
  expression: >-
    {"synced": {{ toJson (uniq $synced) }},
    "made": {{ toJson (uniq $made) }}}
- name: reserved
  expression: >-
    variables.labels.filter(key, ["", "=" + variables.labels[key]].exists(rest,
    key + rest in variables.words[variables.owned ? "synced" : "made"])
    && !(key in variables.before && variables.before[key] == variables.labels[key])
    {{- if not (include "vcluster-isolation.hardened" .) }}
    && !(variables.owned && key == "k8s-app" && "vcluster.loft.sh/namespace" in variables.labels
    && variables.labels["vcluster.loft.sh/namespace"] == "kube-system")
    {{- end }})
# templates of pods, as they are and as they were
- name: templates
  expression: >-
    [object, oldObject].filter(one, one != null && has(one.spec)).map(one, [
    ["template", "podTemplate"].filter(field, field in one.spec).map(field, one.spec[field]),
    ["jobTemplate", "virtualMachineTemplate"].filter(field, field in one.spec).map(field, one.spec[field].spec.template),
    ["infrastructure", "inheritedMetadata", "podMetadata"].filter(field, field in one.spec).map(field, dyn({"metadata": one.spec[field]}))]
    + (has(one.spec.acme) && has(one.spec.acme.solvers) ? one.spec.acme.solvers : []).filter(solver, has(solver.http01)).map(solver,
    ["ingress", "gatewayHTTPRoute"].filter(field, field in solver.http01 && "podTemplate" in solver.http01[field]).map(field,
    solver.http01[field].podTemplate)))
- name: made
  expression: >-
    size(variables.templates) == 0 ||
    size(variables.templates) == 2 && variables.templates[0] == variables.templates[1] ? "" :
    variables.templates[0].map(some, some.filter(one, has(one.metadata) && has(one.metadata.labels)).map(one,
    one.metadata.labels.filter(key, ["", "=" + string(one.metadata.labels[key])].exists(rest,
    key + rest in variables.words["made"])).join(" ")).join(" ")).join(" ").trim()
{{- end }}

{{/*
Rules and addresses of a NetworkPolicy. `open` are the addresses that a tenant's own may name, each with what is closed in it;
`closed` are those that name others. A CIDR is left out by an exception that holds it, or by several that are
disjoint and together as large; those of 2^16 parts or less are counted.
*/}}
{{- define "vcluster-isolation.guard.variables.policies" }}
- name: rules
  expression: >-
    object == null ? [] : [has(object.spec.egress) ? object.spec.egress.map(rule, has(rule.to) ? rule.to : []) : [],
    has(object.spec.ingress) ? object.spec.ingress.map(rule, has(rule.from) ? rule.from : []) : []]
- name: open
  expression: >-
    {{ include "vcluster-isolation.guard.open" . }}
- name: sizes
  expression: >-
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]
- name: closed
  expression: >-
    [0, 1].map(side, variables.rules[side].map(peers, peers.filter(peer, has(peer.ipBlock)).map(peer,
    [[peer.ipBlock.cidr], has(peer.ipBlock.except) ? peer.ipBlock.except.map(entry, entry) : []]).filter(block,
    !block.all(entries, entries.all(entry, isCIDR(entry))) ||
    !variables.open[side].exists(whole, cidr(whole).containsCIDR(block[0][0]) && variables.open[side][whole].all(shut,
    !cidr(shut).containsCIDR(block[0][0]) && !cidr(block[0][0]).containsCIDR(shut) ||
    block[1].exists(entry, cidr(entry).containsCIDR(shut)) ||
    block[1].all(entry, block[1].filter(other, cidr(entry).containsCIDR(other) || cidr(other).containsCIDR(entry)).size() == 1) &&
    block[1].filter(entry, cidr(shut).containsCIDR(entry) && cidr(entry).prefixLength() - cidr(shut).prefixLength() <= 16).map(entry,
    variables.sizes[16 - cidr(entry).prefixLength() + cidr(shut).prefixLength()]).sum() == 65536))
    ).map(block, block[0][0]).join(" ")).join(" ")).join(" ").trim()
{{- end }}

{{/* The addresses that a tenant's own policies may name, outwards and inwards: CEL maps of CIDRs and what is closed in them. */}}
{{- define "vcluster-isolation.guard.open" -}}
{{- $resolved := get .Values "vcluster-isolation.resolved" }}
{{- $out := dict }}
{{- if $resolved.values.workload.publicEgress.enabled }}
{{- range $resolved.publicBlocks }}{{ $_ := set $out .cidr (.except | default list) }}{{ end }}
{{- end }}
{{- range $resolved.values.guard.networkPolicies.to }}{{ $_ := set $out . list }}{{ end }}
{{- $in := dict }}
{{- range $resolved.values.guard.networkPolicies.from }}{{ $_ := set $in . list }}{{ end }}
{{- printf "[%s, %s]" (toJson $out) (toJson $in) }}
{{- end }}

{{/* The addresses of Endpoints and EndpointSlices that are in no range that is allowed, and the Service that they are of. */}}
{{- define "vcluster-isolation.guard.variables.endpoints" }}
{{- $cidrs := (get .Values "vcluster-isolation.resolved").values.guard.endpoints.cidrs }}
- name: services
  expression: >-
    [variables.labels, variables.before].map(some, "kubernetes.io/service-name" in some ? some["kubernetes.io/service-name"] : "")
- name: suffix
  expression: >-
    "-x-" + ("vcluster.loft.sh/namespace" in variables.labels ? variables.labels["vcluster.loft.sh/namespace"] : "") +
    {{ (get .Values "vcluster-isolation.resolved").name | print "-x-" | toJson }}
- name: addresses
  expression: >-
    variables.written == "endpoints" && has(object.subsets) ? object.subsets.map(subset,
    ["addresses", "notReadyAddresses"].filter(field, field in subset).map(field, subset[field].map(address, address.ip).join(" "))
    .join(" ")).join(" ").split(" ") :
    variables.written == "endpointslices" && has(object.endpoints) && object.endpoints != null ?
    object.endpoints.map(endpoint, endpoint.addresses.join(" ")).join(" ").split(" ") : []
- name: foreign
  expression: >-
    variables.addresses.filter(address, address != "" && !(isIP(address) &&
    {{ toJson $cidrs }}.exists(range, cidr(range).containsIP(address))))
{{- end }}
