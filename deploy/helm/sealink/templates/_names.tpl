{{- define "sealink.name" -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{- define "sealink.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "sealink.config" -}}
{{- .Values.config | default (.Files.Get "sealink.toml") -}}
{{- end -}}
