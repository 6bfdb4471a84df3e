{{- /* Labels of every object beside its own. */}}
{{- define "coder-k8s.labels" -}}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
app.kubernetes.io/part-of: coder-k8s
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") | quote }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* An image: dict of its repository, tag, digest, and the tag that counts where there is none. */}}
{{- define "coder-k8s.image" -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default .version }}
{{- end }}
{{- end }}

{{- /* The program's config file. */}}
{{- define "coder-k8s.config" -}}
{{- toYaml .Values.config }}
{{- end }}

{{- /* Peers that the API server calls from: those that are given, those of its endpoints, or the slot. */}}
{{- define "coder-k8s.apiServerPeers" -}}
{{- $cidrs := .Values.networkPolicy.apiServerCIDRs }}
{{- if not $cidrs }}
{{- $cidrs = list }}
{{- range (lookup "discovery.k8s.io/v1" "EndpointSlice" "default" "").items }}
{{- if eq "kubernetes" (index (.metadata.labels | default dict) "kubernetes.io/service-name" | default "") }}
{{- range .endpoints }}
{{- range .addresses }}
{{- $cidrs = append $cidrs (printf "%s/%s" . (ternary "128" "32" (contains ":" .))) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- range $cidrs | default (list "192.0.2.0/24") }}
- ipBlock:
    cidr: {{ . | quote }}
{{- end }}
{{- end }}
