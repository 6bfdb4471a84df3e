/** The pods of a workspace, found by the labels that templates of Coder set. */
import { z } from "zod";
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { Pods } from "../../api/kubernetes/resources.ts";
import type { Pod } from "../../api/kubernetes/types.ts";
import { keyOf, keyText } from "../../api/object.ts";
import { type CoderWorkspace, CoderWorkspaces } from "../../api/workspace.ts";
import { isForbidden } from "../../kube/errors.ts";
import { PAGE_OUTPUT, pageInput, pageOf } from "../answers/page.ts";
import { ToolError, toolError } from "../errors.ts";
import { nameInput, namespaceInput, readTool, type ToolCall } from "../tool.ts";
import { podTroubles } from "../../diagnosis/pods/pod_trouble.ts";
import { workspaceSelectors } from "../../diagnosis/pods/workspace_labels.ts";
import { getObject, target } from "./reading.ts";
import { KUBE_MS, within } from "../../caller/within.ts";

/** Namespaces that are asked one by one. */
const MOST_NAMESPACES = 20;

export const listWorkspacePods = readTool({
  name: "list_workspace_pods",
  description: "Pods of a workspace, by Coder's labels",
  toolset: "kubernetes",
  input: z.object({ namespace: namespaceInput(), name: nameInput(), ...pageInput(50, 200) }),
  output: z.object({
    items: z.array(z.object({
      name: z.string(),
      namespace: z.string(),
      phase: z.string(),
      ready: z.string().describe("Containers: ready/all"),
      restarts: z.int(),
      node: z.string().optional(),
      startTime: z.string().optional(),
      problem: z.string().optional(),
    })),
    ...PAGE_OUTPUT,
  }),
  idempotent: true,
  async read(input, call) {
    const { key, text } = target(input);
    const workspace = await getObject(call, CoderWorkspaces, key, `get CoderWorkspace ${text}`);
    const pods = await podsOf(workspace, call);
    const { items, ...rest } = pageOf(pods, {
      limit: input.limit,
      cursor: input.cursor,
      standard: 50,
      most: 200,
      keyOf: (pod) => keyText(keyOf(pod)),
    });
    return { items: items.map(shown), ...rest };
  },
});

async function podsOf(workspace: CoderWorkspace, call: ToolCall): Promise<readonly Pod[]> {
  const selectors = workspaceSelectors(workspace.status?.id ?? workspace.metadata.uid ?? "");
  if (selectors.length === 0) {
    throw new ToolError("unavailable", "the id of the workspace is not known yet: try again");
  }
  const namespaces = await namespacesFor(workspace.metadata.namespace ?? "", call);
  for (const selector of selectors) {
    const found = await Promise.all(namespaces.map((namespace) => podsIn(namespace, selector, call)));
    if (found.some((pods) => pods.length > 0)) return found.flat();
  }
  // Provisioners of one's own may use any namespace.
  for (const selector of selectors) {
    const found = await podsIn(undefined, selector, call);
    if (found.length > 0) return found;
  }
  call.warn(
    `No pod carries the label ${selectors[0]} in the namespaces ${
      namespaces.join(", ")
    }, nor in others that you may ` +
      "list: the workspace has stopped, runs elsewhere, or its template sets no such label.",
  );
  return [];
}

/** Where the control planes of a namespace run workspaces. */
async function namespacesFor(own: string, call: ToolCall): Promise<string[]> {
  const all = new Set([own]);
  try {
    const { items } = await within(
      call.signal,
      KUBE_MS,
      (signal) => call.cluster.list(CoderControlPlanes, { namespace: own, signal }),
    );
    for (const { spec } of items) {
      for (const name of spec?.rbac?.workspaceNamespaces ?? []) all.add(String(name));
    }
  } catch (error) {
    call.signal.throwIfAborted();
    call.warn(`Namespaces of workspaces are not known: ${toolError(error).message}`);
  }
  return [...all].slice(0, MOST_NAMESPACES);
}

/** @param namespace absent: all, where the caller may; what they may not see is not there */
async function podsIn(
  namespace: string | undefined,
  labelSelector: string,
  call: ToolCall,
): Promise<readonly Pod[]> {
  const where = namespace === undefined ? {} : { namespace };
  try {
    const { items } = await within(
      call.signal,
      KUBE_MS,
      (signal) => call.cluster.list(Pods, { ...where, labelSelector, signal }),
    );
    return items;
  } catch (error) {
    call.signal.throwIfAborted();
    if (namespace === undefined && isForbidden(error)) return [];
    call.warn(
      `Pods ${namespace === undefined ? "of all namespaces" : `in ${namespace}`}: ${
        toolError(error).message
      }`,
    );
    return [];
  }
}

function shown(pod: Pod) {
  const statuses = pod.status?.containerStatuses ?? [];
  const all = pod.spec?.containers?.length ?? statuses.length;
  const restarts = statuses.reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0);
  const [first] = podTroubles(pod);
  const node = pod.spec?.nodeName;
  const start = pod.status?.startTime;
  return {
    ...keyOf(pod),
    phase: pod.metadata.deletionTimestamp ? "Terminating" : pod.status?.phase ?? "Unknown",
    ready: `${statuses.filter(({ ready }) => ready).length}/${all}`,
    restarts,
    ...(node ? { node } : {}),
    ...(start ? { startTime: start } : {}),
    ...(first === undefined
      ? {}
      : { problem: first.about === "pod" ? first.says : `${first.about}: ${first.says}` }),
  };
}
