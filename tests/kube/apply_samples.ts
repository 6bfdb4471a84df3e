/** Objects with about everything in them that a control plane can ask for. */
import type { Deployment, Ingress, Secret, Service, ServiceAccount } from "../../src/api/kubernetes/types.ts";

const labels = { "app.kubernetes.io/name": "coder-control-plane", "app.kubernetes.io/instance": "coder" };

/** A small Deployment. */
export function smallDeployment(namespace: string, name = "coder"): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace, name, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [{ name: "coder", image: "example.com/coder:1", env: [{ name: "A", value: "1" }] }],
        },
      },
    },
  };
}

/** Written as people write it: amounts in other units, zeros, empty values, defaults left out. */
export function fullDeployment(namespace: string): Deployment {
  return {
    ...smallDeployment(namespace),
    spec: {
      replicas: 2,
      minReadySeconds: 0,
      paused: false,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: 0 } },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: { "coder.com/flag": "" } },
        spec: {
          serviceAccountName: "coder",
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          hostNetwork: false,
          priorityClassName: "",
          imagePullSecrets: [{ name: "registry" }, { name: "mirror" }],
          nodeSelector: { "kubernetes.io/os": "linux", "coder.com/pool": "" },
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 1000,
            fsGroup: 0,
            seccompProfile: { type: "RuntimeDefault" },
          },
          tolerations: [
            { key: "dedicated", operator: "Equal", value: "coder", effect: "NoSchedule" },
            { key: "spot", operator: "Exists", effect: "NoExecute", tolerationSeconds: 0 },
          ],
          topologySpreadConstraints: [{
            maxSkew: 1,
            topologyKey: "topology.kubernetes.io/zone",
            whenUnsatisfiable: "ScheduleAnyway",
            labelSelector: { matchLabels: labels },
          }],
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [{
                  matchExpressions: [{ key: "arch", operator: "In", values: ["amd64"] }],
                }],
              },
              preferredDuringSchedulingIgnoredDuringExecution: [
                { weight: 1, preference: { matchExpressions: [{ key: "disk", operator: "Exists" }] } },
              ],
            },
            podAntiAffinity: {
              preferredDuringSchedulingIgnoredDuringExecution: [{
                weight: 50,
                podAffinityTerm: {
                  topologyKey: "kubernetes.io/hostname",
                  labelSelector: { matchLabels: labels },
                },
              }],
            },
          },
          initContainers: [{ name: "init", image: "example.com/init:1", command: ["true"], resources: {} }],
          containers: [{
            name: "coder",
            image: "example.com/coder:1",
            args: ["--http-address=0.0.0.0:8080", "--verbose", "--verbose"],
            command: [],
            env: [
              { name: "KUBE_POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
              { name: "CODER_DERP_SERVER_RELAY_URL", value: "http://$(KUBE_POD_IP):8080" },
              { name: "EMPTY", value: "" },
              { name: "CPUS", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
              { name: "URL", valueFrom: { secretKeyRef: { name: "db", key: "url", optional: false } } },
            ],
            envFrom: [{ secretRef: { name: "env" } }, { prefix: "X_", configMapRef: { name: "env" } }],
            ports: [{ name: "http", containerPort: 8080 }, {
              name: "stun",
              containerPort: 3478,
              protocol: "UDP",
            }],
            resources: {
              limits: { cpu: "2000m", memory: "1073741824" },
              requests: { cpu: "0.5", memory: "512Mi", "ephemeral-storage": "1e9" },
            },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: false,
              capabilities: { drop: ["ALL"] },
            },
            readinessProbe: { httpGet: { path: "/healthz", port: "http" }, initialDelaySeconds: 0 },
            livenessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 20, failureThreshold: 5 },
            lifecycle: { preStop: { exec: { command: ["sleep", "5"] } } },
            volumeMounts: [
              { name: "tmp", mountPath: "/tmp", readOnly: false },
              { name: "tls", mountPath: "/etc/ssl/certs/coder", readOnly: true },
              { name: "tls", mountPath: "/etc/ssl/certs/ca.crt", subPath: "ca.crt" },
            ],
          }],
          volumes: [
            { name: "tmp", emptyDir: {} },
            { name: "cache", emptyDir: { sizeLimit: "1024Mi", medium: "" } },
            { name: "tls", secret: { secretName: "tls" } },
            { name: "config", configMap: { name: "config", items: [{ key: "a", path: "b" }] } },
            {
              name: "token",
              projected: {
                sources: [
                  { serviceAccountToken: { path: "token", audience: "coder" } },
                  {
                    downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] },
                  },
                  { configMap: { name: "ca" } },
                ],
              },
            },
          ],
        },
      },
    },
  };
}

export function fullService(namespace: string): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace, name: "coder", labels, annotations: { "example.com/a": "b" } },
    spec: {
      type: "ClusterIP",
      selector: labels,
      ports: [
        { name: "http", port: 80, targetPort: "http" },
        { name: "https", port: 443, targetPort: 8443 },
        { name: "stun", port: 443, protocol: "UDP", targetPort: 3478 },
      ],
      externalIPs: [],
      publishNotReadyAddresses: false,
    },
  };
}

export function fullIngress(namespace: string): Ingress {
  const backend = { service: { name: "coder", port: { number: 80 } } };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { namespace, name: "coder", labels },
    spec: {
      ingressClassName: "nginx",
      rules: [
        { host: "coder.example.com", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } },
        { host: "*.coder.example.com", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } },
      ],
      tls: [{ hosts: ["coder.example.com"], secretName: "tls" }],
    },
  };
}

export function fullServiceAccount(namespace: string): ServiceAccount {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { namespace, name: "coder", labels, annotations: { "eks.amazonaws.com/role-arn": "arn:x" } },
    automountServiceAccountToken: false,
    imagePullSecrets: [{ name: "registry" }],
  };
}

export function secret(namespace: string): Secret {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace, name: "token", labels },
    type: "Opaque",
    data: { token: btoa("secret-1") },
  };
}
