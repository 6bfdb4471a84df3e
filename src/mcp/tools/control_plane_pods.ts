/** The pods of a control plane. */
import { z } from "zod";
import { CoderControlPlanes } from "../../api/control_plane.ts";
import type { Pod } from "../../api/kubernetes/types.ts";
import { Pods } from "../../api/kubernetes/resources.ts";
import { PAGE_OUTPUT, pageInput, pageOf } from "../answers/page.ts";
import { nameInput, namespaceInput, readTool } from "../tool.ts";
import { getObject, listObjects, target } from "./reading.ts";

const ROW = z.object({
  name: z.string(),
  namespace: z.string(),
  phase: z.string(),
  reason: z.string().optional(),
  nodeName: z.string().optional(),
  readyContainers: z.int(),
  totalContainers: z.int(),
  restarts: z.int(),
  startTime: z.string().optional(),
});

/** `list_control_plane_pods` */
export const listControlPlanePods = readTool({
  name: "list_control_plane_pods",
  description: "Pods of a control plane",
  toolset: "core",
  input: z.object({ namespace: namespaceInput(), name: nameInput(), ...pageInput(100, 500) }),
  output: z.object({ items: z.array(ROW), truncated: z.boolean().optional(), ...PAGE_OUTPUT }),
  idempotent: true,
  async read({ limit, cursor, ...input }, call) {
    const { key, text } = target(input);
    const what = `list control plane pods for ${text}`;
    // One that is not there has no pods, but whoever asks should hear that it is not there.
    const { metadata } = await getObject(call, CoderControlPlanes, key, what);
    const labels = podLabels(metadata.name ?? "");
    const selector = Object.entries(labels).map(([label, value]) => `${label}=${value}`).join(",");
    const pods = await listObjects(call, Pods, key.namespace, what, selector);
    const keyOf = ({ name, namespace }: z.output<typeof ROW>) => `${name}/${namespace}`;
    const { items, ...page } = pageOf(pods.map(rowOf), { limit, cursor, standard: 100, most: 500, keyOf });
    return { items: [...items], ...(page.nextCursor === undefined ? {} : { truncated: true }), ...page };
  },
});

/** By which a control plane's pods are found. */
export function podLabels(controlPlane: string): Record<string, string> {
  return {
    "app.kubernetes.io/name": "coder-control-plane",
    "app.kubernetes.io/instance": controlPlane,
    "app.kubernetes.io/managed-by": "coder-k8s",
  };
}

function rowOf({ metadata, spec, status }: Pod): z.output<typeof ROW> {
  const containers = status?.containerStatuses ?? [];
  const waiting = [...status?.initContainerStatuses ?? [], ...containers]
    .map(({ state }) => state?.waiting?.reason ?? failureOf(state?.terminated))
    .find((reason) => reason !== undefined && reason !== "PodInitializing");
  return {
    name: metadata.name ?? "",
    namespace: metadata.namespace ?? "",
    phase: metadata.deletionTimestamp === undefined ? status?.phase ?? "" : "Terminating",
    reason: status?.reason ?? waiting,
    nodeName: spec?.nodeName,
    readyContainers: containers.filter(({ ready }) => ready).length,
    totalContainers: spec?.containers.length ?? containers.length,
    restarts: containers.reduce((sum, { restartCount }) => sum + restartCount, 0),
    startTime: status?.startTime,
  };
}

function failureOf(end: { readonly exitCode: number; readonly reason?: string } | undefined) {
  return end === undefined || end.exitCode === 0 ? undefined : end.reason;
}
