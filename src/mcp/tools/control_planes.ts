/** Control planes: which there are, and how one fares. */
import { z } from "zod";
import { type CoderControlPlane, CoderControlPlanes } from "../../api/control_plane.ts";
import { PAGE_OUTPUT, pageInput, pageOf } from "../answers/page.ts";
import { nameInput, namespaceInput, readTool } from "../tool.ts";
import { CONDITION, toldConditions } from "./conditions.ts";
import { createListMemory } from "./list_memory.ts";
import { getObject, listObjects, target, warnIfStale } from "./reading.ts";

const ROW = z.object({
  name: z.string(),
  namespace: z.string(),
  phase: z.string(),
  readyReplicas: z.int(),
  url: z.string(),
});
type Row = z.output<typeof ROW>;

/** What the list says of a control plane. */
function rowOf({ metadata, status }: CoderControlPlane): Row {
  return {
    name: metadata.name ?? "",
    namespace: metadata.namespace ?? "",
    phase: textIn(status?.phase) ?? "",
    readyReplicas: countIn(status?.readyReplicas),
    url: textIn(status?.url) ?? "",
  };
}

/** Of its JSON, roughly: names of fields and marks are 70. */
function sizeOf({ name, namespace, phase, url }: Row): number {
  return 70 + name.length + namespace.length + phase.length + url.length;
}

interface Listed {
  readonly items: Row[];
  readonly nextCursor?: string;
  readonly total?: number;
}

/** Frozen: what is made of a page is made once. */
const pages = createListMemory<CoderControlPlane, Listed>();

/** `list_control_planes` */
export const listControlPlanes = readTool({
  name: "list_control_planes",
  description: "List Coder control planes",
  toolset: "core",
  input: z.object({
    namespace: z.string().max(63).optional().describe("Default: all"),
    ...pageInput(100, 500),
  }),
  output: z.object({ items: z.array(ROW), ...PAGE_OUTPUT }),
  idempotent: true,
  async read({ namespace, limit, cursor }, call) {
    const objects = await listObjects(
      call,
      CoderControlPlanes,
      namespace,
      "list CoderControlPlane resources",
    );
    return pages(objects, `${limit ?? 0} ${cursor ?? ""}`, () => {
      const keyOf = ({ namespace, name }: Row) => `${namespace}/${name}`;
      const rows = objects.map(rowOf);
      const { items, ...rest } = pageOf(rows, { limit, cursor, standard: 100, most: 500, keyOf, sizeOf });
      return Object.freeze({ items: [...items], ...rest });
    });
  },
  text: ({ items, nextCursor, total }) =>
    [
      ...(items.length === 0 ? ["There are no control planes."] : ["namespace/name | phase | ready | url"]),
      ...items.map((row) =>
        `${row.namespace}/${row.name} | ${row.phase || "-"} | ${row.readyReplicas} | ${row.url || "-"}`
      ),
      ...(nextCursor === undefined ? [] : [`${items.length} of ${total}; nextCursor: ${nextCursor}`]),
    ].join("\n"),
});

/** `get_control_plane_status` */
export const getControlPlaneStatus = readTool({
  name: "get_control_plane_status",
  description: "Status and conditions of a control plane",
  toolset: "core",
  input: z.object({ namespace: namespaceInput(), name: nameInput() }),
  output: z.object({
    observedGeneration: z.int(),
    phase: z.string(),
    readyReplicas: z.int(),
    url: z.string(),
    externalURL: z.string().optional(),
    version: z.string().optional(),
    conditions: z.array(CONDITION),
  }),
  idempotent: true,
  async read(input, call) {
    const { key, text } = target(input);
    const { metadata, status } = await getObject(
      call,
      CoderControlPlanes,
      key,
      `get CoderControlPlane ${text}`,
    );
    const observedGeneration = countIn(status?.observedGeneration);
    warnIfStale({ metadata }, observedGeneration, call.warn);
    return {
      observedGeneration,
      phase: textIn(status?.phase) ?? "",
      readyReplicas: countIn(status?.readyReplicas),
      url: textIn(status?.url) ?? "",
      externalURL: textIn(status?.externalURL),
      version: textIn(status?.version),
      conditions: toldConditions(status?.conditions),
    };
  },
});

function textIn(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function countIn(value: unknown): number {
  return Number.isSafeInteger(value) ? value as number : 0;
}
