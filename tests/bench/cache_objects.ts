/** Objects as a busy cluster has them, for measuring the cache. */
import type { ObjectMeta } from "../../src/api/kubernetes/types.ts";

/** An object with its name, as the API server would send it inside a list. */
type Sample = (index: number) => { metadata: ObjectMeta } & Record<string, unknown>;

const TIME = "2026-03-04T05:06:07Z";
const uid = (kind: string, index: number) =>
  `${kind}${index.toString(16).padStart(7, "0")}-6f0a-4a55-9f0e-5d1d2f3c4b5a`;
const teamOf = (index: number) => `team-${index % 50}`;

/** What the API server records of who owns which field: a quarter of an object, and dropped by the cache. */
function managedFields(apiVersion: string, containers: number): ObjectMeta["managedFields"] {
  const env = Object.fromEntries(
    Array.from(
      { length: 12 },
      (_, index) => [`k:{"name":"CODER_SETTING_${index}"}`, { ".": {}, "f:name": {}, "f:value": {} }],
    ),
  );
  const container = {
    ".": {},
    "f:image": {},
    "f:imagePullPolicy": {},
    "f:name": {},
    "f:env": { ".": {}, ...env },
  };
  const list = Object.fromEntries(
    Array.from({ length: containers }, (_, index) => [`k:{"name":"c${index}"}`, container]),
  );
  const labels = { ".": {}, "f:app.kubernetes.io/name": {}, "f:app.kubernetes.io/instance": {} };
  const status = {
    "f:conditions": { ".": {}, 'k:{"type":"Available"}': { ".": {}, "f:status": {}, "f:reason": {} } },
  };
  return [
    {
      manager: "coder-k8s",
      operation: "Apply",
      apiVersion,
      time: TIME,
      fieldsType: "FieldsV1",
      fieldsV1: {
        "f:metadata": { "f:labels": labels },
        "f:spec": { "f:template": { "f:spec": { "f:containers": list } } },
      },
    },
    {
      manager: "kube-controller-manager",
      operation: "Update",
      apiVersion,
      time: TIME,
      fieldsType: "FieldsV1",
      subresource: "status",
      fieldsV1: { "f:status": status },
    },
  ];
}

function metadata(kind: string, index: number, extra: ObjectMeta = {}): ObjectMeta {
  const name = `coder-${teamOf(index)}-${index}`;
  return {
    name,
    namespace: teamOf(index),
    uid: uid(kind, index),
    resourceVersion: `${4_000_000 + index * 3}`,
    generation: 2,
    creationTimestamp: TIME,
    labels: {
      "app.kubernetes.io/name": "coder-control-plane",
      "app.kubernetes.io/instance": name,
      "app.kubernetes.io/managed-by": "coder-k8s",
      "app.kubernetes.io/component": "control-plane",
    },
    ...extra,
  };
}

function probe(path: string) {
  return {
    httpGet: { path, port: "http", scheme: "HTTP" },
    initialDelaySeconds: 5,
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  };
}

function podSpec(index: number) {
  const name = `coder-${teamOf(index)}-${index}`;
  return {
    volumes: [{ name: "tls", secret: { secretName: `${name}-tls`, defaultMode: 420 } }],
    containers: [{
      name: "coder",
      image: "ghcr.io/coder/coder:v2.30.0",
      args: ["server", "--http-address=0.0.0.0:8080"],
      ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
      env: [
        ...Array.from({ length: 10 }, (_, setting) => ({
          name: `CODER_SETTING_${setting}`,
          value: setting === 0 ? `https://${name}.example.com` : `value-of-setting-${setting}`,
        })),
        { name: "KUBE_POD_IP", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "status.podIP" } } },
        {
          name: "CODER_PG_CONNECTION_URL",
          valueFrom: { secretKeyRef: { name: `${name}-database`, key: "url" } },
        },
      ],
      resources: { limits: { cpu: "2", memory: "4Gi" }, requests: { cpu: "250m", memory: "512Mi" } },
      volumeMounts: [{ name: "tls", readOnly: true, mountPath: "/etc/ssl/certs/coder" }],
      livenessProbe: probe("/healthz"),
      readinessProbe: probe("/healthz"),
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
      imagePullPolicy: "IfNotPresent",
      securityContext: {
        runAsNonRoot: true,
        allowPrivilegeEscalation: false,
        seccompProfile: { type: "RuntimeDefault" },
      },
    }],
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 60,
    dnsPolicy: "ClusterFirst",
    serviceAccountName: name,
    serviceAccount: name,
    securityContext: {},
    schedulerName: "default-scheduler",
  };
}

const condition = (type: string, reason: string, message: string) => ({
  type,
  status: "True",
  lastUpdateTime: TIME,
  lastTransitionTime: TIME,
  reason,
  message,
});

/** As this operator makes them, with the status that the Deployment controller writes. */
const deployment: Sample = (index) => {
  const meta = metadata("d", index, {
    annotations: { "deployment.kubernetes.io/revision": "2", "coder.com/applied": uid("h", index) },
    ownerReferences: [{
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      name: `coder-${teamOf(index)}-${index}`,
      uid: uid("c", index),
      controller: true,
      blockOwnerDeletion: true,
    }],
    managedFields: managedFields("apps/v1", 1)!,
  });
  const selector = {
    "app.kubernetes.io/name": "coder-control-plane",
    "app.kubernetes.io/instance": meta.name,
  };
  return {
    metadata: meta,
    spec: {
      replicas: 1,
      selector: { matchLabels: selector },
      template: { metadata: { labels: selector }, spec: podSpec(index) },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
    },
    status: {
      observedGeneration: 2,
      replicas: 1,
      updatedReplicas: 1,
      readyReplicas: 1,
      availableReplicas: 1,
      conditions: [
        condition("Available", "MinimumReplicasAvailable", "Deployment has minimum availability."),
        condition(
          "Progressing",
          "NewReplicaSetAvailable",
          `ReplicaSet "${meta.name}-7d4b9c" has successfully progressed.`,
        ),
      ],
    },
  };
};

/** Running pods, with tolerations, a token volume and the kubelet's status. */
const pod: Sample = (index) => {
  const meta = metadata("p", index, {
    generateName: `coder-${teamOf(index)}-${index}-7d4b9c-`,
    ownerReferences: [{
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      name: `coder-${teamOf(index)}-${index}-7d4b9c`,
      uid: uid("r", index),
      controller: true,
      blockOwnerDeletion: true,
    }],
    managedFields: managedFields("v1", 1)!,
  });
  const address = `10.${index % 200}.${(index >> 8) % 256}.${index % 256}`;
  const tolerate = (key: string) => ({
    key,
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds: 300,
  });
  return {
    metadata: meta,
    spec: {
      ...podSpec(index),
      nodeName: `node-${index % 100}.compute.internal`,
      tolerations: [tolerate("node.kubernetes.io/not-ready"), tolerate("node.kubernetes.io/unreachable")],
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: "PreemptLowerPriority",
    },
    status: {
      phase: "Running",
      conditions: ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
        .map((type) => ({
          type,
          status: "True",
          lastProbeTime: null,
          lastTransitionTime: TIME,
        })),
      hostIP: `192.168.0.${index % 100}`,
      podIP: address,
      podIPs: [{ ip: address }],
      startTime: TIME,
      containerStatuses: [{
        name: "coder",
        state: { running: { startedAt: TIME } },
        lastState: {},
        ready: true,
        restartCount: 0,
        image: "ghcr.io/coder/coder:v2.30.0",
        imageID: `ghcr.io/coder/coder@sha256:${"ab12".repeat(16)}`,
        containerID: `containerd://${uid("k", index).replaceAll("-", "").padEnd(64, "0")}`,
        started: true,
      }],
      qosClass: "Burstable",
    },
  };
};

/** Secrets, which the cache keeps as metadata. */
const secret: Sample = (index) => ({
  metadata: metadata("s", index, { managedFields: managedFields("v1", 0)! }),
  type: "Opaque",
  data: { token: btoa(`secret-number-${index}`.repeat(8)) },
});

/** Every kind that is measured. */
export const samples = { deployment, pod, secret };
