/** Kubernetes as a task wants it: a namespace with a control plane, people with rights, pods, events. */
import { type Cluster, waitFor } from "../../cluster/mod.ts";
import { untilAllowed } from "../../deploy/access.ts";
import type { FakeKubelet } from "../../mcp/fake_kubelet.ts";
import type { EventData, PodData, World } from "../task.ts";
import { objectsSnapshot, type Snapshot } from "./snapshot.ts";

const RBAC = "rbac.authorization.k8s.io";
const MINUTE_MS = 60_000;
/** Before the names of people in Kubernetes. */
export const USER_PREFIX = "oidc:";
export const CONTROL_PLANE = "coder";

type Row = Record<string, unknown>;
type Manifest = Row & { readonly metadata: Row; readonly apiVersion: string; readonly kind: string };

export interface ClusterWorld {
  readonly cluster: Cluster;
  readonly kubelet: FakeKubelet;
  readonly namespace: string;
}

/** Makes the namespace with everything in it but the control plane. @param idOf of a workspace, by `<owner>/<name>` */
export async function fillNamespace(
  { cluster, kubelet, namespace }: ClusterWorld,
  world: World,
  idOf: (workspace: string) => string,
): Promise<void> {
  const post = (path: string, body: object) => cluster.request("POST", path, body);
  await post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  const bindings = Object.entries(world.access).flatMap(([person, roles]) =>
    roles.map((role) => ({
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata: { namespace, name: `${person}-${role}` },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
      subjects: [{ apiGroup: RBAC, kind: "User", name: `${USER_PREFIX}${person}` }],
    }))
  );
  await Promise.all(
    bindings.map((body) => post(`/apis/${RBAC}/v1/namespaces/${namespace}/rolebindings`, body)),
  );
  // The API server hears of bindings one after the other: once the last one counts, all do.
  const last = `${USER_PREFIX}last`;
  await post(`/apis/${RBAC}/v1/namespaces/${namespace}/rolebindings`, {
    apiVersion: `${RBAC}/v1`,
    kind: "RoleBinding",
    metadata: { namespace, name: "last" },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "view" },
    subjects: [{ apiGroup: RBAC, kind: "User", name: last }],
  });
  const group = "aggregation.coder.com";
  await untilAllowed(cluster, last, [{ verb: "list", group, resource: "coderworkspaces", namespace }]);
  await Promise.all(world.objects.map((object) => addObject(cluster, namespace, object as Manifest)));
  if (world.pods.length > 0) {
    await waitFor(() => cluster.find(`/api/v1/namespaces/${namespace}/serviceaccounts/default`), {
      what: `the service account "default" of ${namespace}`,
      intervalMs: 20,
    });
  }
  await Promise.all([
    ...world.pods.map((pod) => addPod({ cluster, kubelet, namespace }, pod, idOf)),
    ...world.events.map((event, index) => addEvent(cluster, namespace, event, index)),
  ]);
}

/** Makes the control plane, as an operator would leave it, with the token of Coder. */
export async function addControlPlane(
  { cluster, namespace }: ClusterWorld,
  token: string,
  status: Readonly<Row>,
): Promise<void> {
  const secret = `${CONTROL_PLANE}-operator-token`;
  await cluster.request("POST", `/api/v1/namespaces/${namespace}/secrets`, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: secret },
    stringData: { token },
  });
  await addObject(cluster, namespace, {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { name: CONTROL_PLANE },
    spec: {},
    status: {
      phase: "Ready",
      readyReplicas: 1,
      url: `http://${CONTROL_PLANE}.${namespace}.svc.cluster.local:80`,
      operatorTokenSecretRef: { name: secret, key: "token" },
      operatorAccessReady: true,
      ...status,
    },
  });
}

async function addObject(cluster: Cluster, namespace: string, object: Manifest): Promise<void> {
  const { status, ...body } = object;
  const path = `${rootOf(object.apiVersion)}/namespaces/${namespace}/${pluralOf(object.kind)}`;
  const made = await cluster.request("POST", path, body);
  if (status !== undefined) {
    await cluster.request("PATCH", `${path}/${made.metadata.name}/status`, { status });
  }
}

function rootOf(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

export function pluralOf(kind: string): string {
  const name = kind.toLowerCase();
  if (/(?:s|x|ch)$/.test(name)) return `${name}es`;
  return /[^aeiou]y$/.test(name) ? `${name.slice(0, -1)}ies` : `${name}s`;
}

async function addPod(
  { cluster, kubelet, namespace }: ClusterWorld,
  { name, of, spec, status, logs, previousLogs }: PodData,
  idOf: (workspace: string) => string,
): Promise<void> {
  const container = of === undefined ? "coder" : "dev";
  const labels = of === undefined
    ? {
      "app.kubernetes.io/name": "coder-control-plane",
      "app.kubernetes.io/instance": CONTROL_PLANE,
      "app.kubernetes.io/managed-by": "coder-k8s",
    }
    : { "app.kubernetes.io/name": "coder-workspace", "com.coder.workspace.id": idOf(of) };
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const isScheduled = spec["nodeSelector"] !== undefined || spec["volumes"] !== undefined;
  await cluster.request("POST", path, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels },
    spec: {
      ...(isScheduled ? {} : { nodeName: kubelet.node }),
      containers: [{ name: container, image: "example/dev:1" }],
      ...spec,
    },
  });
  const at = Date.now() - MINUTE_MS;
  const lines = (texts: readonly string[]) => texts.map((text, index) => [at + index, text] as const);
  if (logs.length > 0) kubelet.logs.set(`${namespace}/${name}/${container}`, lines(logs));
  if (previousLogs.length > 0) {
    kubelet.logs.set(`${namespace}/${name}/${container}/previous`, lines(previousLogs));
  }
  if (isScheduled) return;
  await waitFor(async () => (await cluster.find(`${path}/${name}`))?.status?.phase === "Running", {
    what: `the pod ${namespace}/${name} to run`,
    intervalMs: 50,
  });
  if (status === undefined) return;
  await cluster.request("PATCH", `${path}/${name}/status`, {
    status: { conditions: unready(), ...status },
  });
}

/** As a node says it of a pod whose containers do not all work. */
function unready(): Row[] {
  const reason = { reason: "ContainersNotReady", message: "containers with unready status" };
  return [
    { type: "Initialized", status: "True" },
    { type: "PodScheduled", status: "True" },
    { type: "ContainersReady", status: "False", ...reason },
    { type: "Ready", status: "False", ...reason },
  ];
}

async function addEvent(
  cluster: Cluster,
  namespace: string,
  { about, minutesAgo, container, ...event }: EventData,
  index: number,
): Promise<void> {
  const [kind = "", name = ""] = about.split("/");
  const at = new Date(Date.now() - minutesAgo * MINUTE_MS).toISOString().replace(/\.\d+/, "");
  const object = kind === "Pod"
    ? await cluster.find(`/api/v1/namespaces/${namespace}/pods/${name}`)
    : undefined;
  await cluster.request("POST", `/api/v1/namespaces/${namespace}/events`, {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `told-${index}` },
    involvedObject: {
      kind,
      name,
      namespace,
      ...(object === undefined ? {} : { uid: object.metadata.uid, apiVersion: "v1" }),
      ...(container === undefined ? {} : { fieldPath: `spec.containers{${container}}` }),
    },
    source: { component: container === undefined ? "tests" : "kubelet" },
    firstTimestamp: at,
    lastTimestamp: at,
    ...event,
  });
}

const KINDS: readonly (readonly [apiVersion: string, kind: string])[] = [
  ["v1", "Pod"],
  ["v1", "Service"],
  ["v1", "Secret"],
  ["v1", "ConfigMap"],
  ["v1", "PersistentVolumeClaim"],
  ["apps/v1", "Deployment"],
  [`${RBAC}/v1`, "RoleBinding"],
  ["coder.com/v1alpha1", "CoderControlPlane"],
  ["coder.com/v1alpha1", "CoderProvisioner"],
  ["coder.com/v1alpha1", "CoderWorkspaceProxy"],
];

/** What the namespace has. What the product keeps for itself is not looked at. */
export async function namespaceSnapshot({ cluster, namespace }: ClusterWorld): Promise<Snapshot> {
  const lists = await Promise.all(KINDS.map(async ([apiVersion, kind]) => {
    const path = `${rootOf(apiVersion)}/namespaces/${namespace}/${pluralOf(kind)}`;
    const { items } = await cluster.request("GET", path);
    return items.filter((item: Manifest) => !isOwn(item)).map((item: Row) => ({ ...item, apiVersion, kind }));
  }));
  return objectsSnapshot(lists.flat());
}

function isOwn({ metadata }: Manifest): boolean {
  const name = String(metadata["name"]);
  return name === "kube-root-ca.crt" || name.startsWith("coder-k8s-");
}
