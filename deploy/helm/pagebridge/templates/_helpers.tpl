{{- define "pagebridge.labels" -}}
app.kubernetes.io/name: pagebridge
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end }}

{{- define "pagebridge.selector" -}}
app.kubernetes.io/name: pagebridge
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "pagebridge.pod" -}}
{{- $root := .root -}}
metadata:
  labels:
    {{- include "pagebridge.labels" . | nindent 4 }}
  annotations:
    # A changed bridge.toml starts new pods, one after the other.
    checksum/bridge: {{ $root.Values.bridgeToml | sha256sum }}
spec:
  automountServiceAccountToken: false
  # Links to services are variables like RECEIVER_PORT=tcp://..., which are no settings.
  enableServiceLinks: false
  terminationGracePeriodSeconds: 20
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    seccompProfile: { type: RuntimeDefault }
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "pagebridge.selector" . | nindent 10 }}
  containers:
    - name: {{ .part }}
      image: "{{ $root.Values.image.repository }}:{{ $root.Values.image.tag | default $root.Chart.AppVersion }}"
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      command: ["python", "-m", {{ .module | quote }}]
      env:
        - { name: SECRETS_DIR, value: /run/secrets/pagebridge }
        - { name: BRIDGE_CONFIG, value: /etc/pagebridge/bridge.toml }
        - { name: HOME, value: /tmp }
        {{- range $name, $value := merge (dict) .values.env $root.Values.env .env (dict "ADMIN_HOST" "0.0.0.0") }}
        - { name: {{ $name }}, value: {{ $value | quote }} }
        {{- end }}
      ports:
        - { name: admin, containerPort: {{ .admin }} }
        {{- range $name, $port := .ports }}
        - { name: {{ $name }}, containerPort: {{ $port }} }
        {{- end }}
      startupProbe:
        httpGet: { path: /healthz, port: admin }
        periodSeconds: 2
        failureThreshold: 30
      livenessProbe:
        httpGet: { path: /healthz, port: admin }
        periodSeconds: 10
        timeoutSeconds: 5
      readinessProbe:
        httpGet: { path: /readyz, port: admin }
        periodSeconds: 5
        timeoutSeconds: 5
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ALL] }
      resources: {{- toYaml .values.resources | nindent 8 }}
      volumeMounts:
        - { name: secrets, mountPath: /run/secrets/pagebridge, readOnly: true }
        # A folder: a single file that is mounted would not change with the ConfigMap.
        - { name: bridge, mountPath: /etc/pagebridge, readOnly: true }
        - { name: tmp, mountPath: /tmp }
  volumes:
    - name: secrets
      secret: { secretName: {{ .values.secret }}, defaultMode: 0440 }
    - name: bridge
      configMap: { name: {{ $root.Release.Name }}-bridge }
    - name: tmp
      emptyDir: { sizeLimit: 16Mi }
  {{- with $root.Values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
