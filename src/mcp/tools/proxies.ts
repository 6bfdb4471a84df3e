/** Workspace proxies. */
import { z } from "zod";
import {
  CoderWorkspaceProxies,
  parseWorkspaceProxy,
  type WorkspaceProxy,
} from "../../api/workspace_proxy.ts";
import { PAGE_OUTPUT, pageInput, pageOf } from "../answers/page.ts";
import { nameInput, namespaceInput, readTool } from "../tool.ts";
import { SHORT_CONDITION, toldConditions, troubleOf } from "./conditions.ts";
import { getObject, listObjects, parsed, parsedAll, target, warnIfStale } from "./reading.ts";

const ROW = z.object({
  name: z.string(),
  namespace: z.string(),
  controlPlane: z.string().optional().describe("namespace/name"),
  phase: z.string(),
  readyReplicas: z.int(),
  registered: z.boolean(),
  health: z.string().optional().describe("What Coder says of it"),
  accessURL: z.string().optional(),
  trouble: z.string().optional(),
});

/** `list_workspace_proxies` */
export const listWorkspaceProxies = readTool({
  name: "list_workspace_proxies",
  description: "List workspace proxies (CoderWorkspaceProxy)",
  toolset: "platform",
  input: z.object({
    namespace: z.string().max(63).optional().describe("Default: all"),
    ...pageInput(50, 500),
  }),
  output: z.object({ items: z.array(ROW), ...PAGE_OUTPUT }),
  idempotent: true,
  async read({ namespace, limit, cursor }, call) {
    const objects = await listObjects(
      call,
      CoderWorkspaceProxies,
      namespace,
      "list CoderWorkspaceProxy resources",
    );
    const rows = parsedAll(objects, parseWorkspaceProxy, call.warn).map(rowOf);
    const keyOf = (row: z.output<typeof ROW>) => `${row.namespace}/${row.name}`;
    const { items, ...page } = pageOf(rows, { limit, cursor, standard: 50, most: 500, keyOf });
    return { items: [...items], ...page };
  },
});

/** `get_workspace_proxy_status` */
export const getWorkspaceProxyStatus = readTool({
  name: "get_workspace_proxy_status",
  description: "Status, registration and conditions of a workspace proxy",
  toolset: "platform",
  input: z.object({ namespace: namespaceInput(), name: nameInput() }),
  output: ROW.omit({ trouble: true }).extend({
    observedGeneration: z.int(),
    desiredReplicas: z.int(),
    proxyName: z.string().optional().describe("In Coder"),
    version: z.string().optional(),
    image: z.string().optional(),
    wildcardHostname: z.string().optional(),
    externalURL: z.string().optional(),
    conditions: z.array(SHORT_CONDITION),
  }),
  idempotent: true,
  async read(input, call) {
    const { key, text } = target(input);
    const what = `get CoderWorkspaceProxy ${text}`;
    const object = await getObject(call, CoderWorkspaceProxies, key, what);
    const proxy = parsed(what, () => parseWorkspaceProxy(object));
    const { spec, status } = proxy;
    const { trouble: _, ...row } = rowOf(proxy);
    warnIfStale(object, status.observedGeneration ?? 0, call.warn);
    return {
      ...row,
      observedGeneration: status.observedGeneration ?? 0,
      desiredReplicas: spec.replicas,
      proxyName: status.registration?.name,
      version: status.version,
      image: status.image,
      wildcardHostname: status.wildcardHostname,
      externalURL: status.externalURL,
      conditions: toldConditions(status.conditions),
    };
  },
});

function rowOf({ metadata, spec, status }: WorkspaceProxy): z.output<typeof ROW> {
  const namespace = metadata.namespace ?? "";
  const { controlPlaneRef } = spec;
  return {
    name: metadata.name ?? "",
    namespace,
    controlPlane: controlPlaneRef === undefined
      ? undefined
      : `${controlPlaneRef.namespace || namespace}/${controlPlaneRef.name}`,
    phase: status.phase ?? "",
    readyReplicas: status.readyReplicas ?? 0,
    // With a token of the user's own it was registered by them.
    registered: status.registered ?? status.registration !== undefined,
    health: status.health,
    accessURL: status.accessURL,
    trouble: troubleOf(status.conditions, "Ready"),
  };
}
