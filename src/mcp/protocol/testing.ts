/** A world for tests of the protocol: a few tools, resources and prompts in memory, and everything on record. */
import { z } from "zod";
import type { CallerCluster, CallerCoders } from "../../caller/types.ts";
import { createCatalog } from "../catalog.ts";
import { ToolError } from "../errors.ts";
import type { McpAuditRecord, ServingWorld, Surface, Visitor } from "../surface.ts";
import { CALLER, MemoryPlans } from "../testing.ts";
import { changeTool, readTool, type Tool } from "../tool.ts";

export interface TestWorld {
  readonly world: ServingWorld;
  readonly audit: McpAuditRecord[];
  /** What `set_count` has set. */
  count: number;
  /** Reasons that calls of `wait` have ended with. */
  readonly waits: string[];
  /** Resolves when `wait` was called so many times. */
  waiting(calls: number): Promise<void>;
}

/** Makes one. @param keys newest first */
export function testWorld(keys: readonly Uint8Array[] = [new Uint8Array(32).fill(1)]): TestWorld {
  const audit: McpAuditRecord[] = [];
  const wakes = new Set<() => void>();
  let calls = 0;
  const test: TestWorld = {
    audit,
    count: 0,
    waits: [],
    world: {
      surface: surfaceOf(() => test, () => {
        calls++;
        for (const wake of wakes) wake();
      }),
      plans: new MemoryPlans(),
      audit: (record) => void audit.push(record),
      keys: () => ({ current: keys[0]!, all: keys }),
    },
    waiting: (wanted) =>
      new Promise((resolve) => {
        const look = () => calls >= wanted && resolve();
        wakes.add(look);
        look();
      }),
  };
  return test;
}

/** Whoever calls in tests. @param id as in `McpCaller` */
export function testVisitor(id = "ann"): Visitor {
  return { caller: { ...CALLER, id }, cluster: {} as CallerCluster, coders: {} as CallerCoders };
}

function surfaceOf(test: () => TestWorld, onWait: () => void): Surface {
  return {
    info: { name: "coder-k8s", title: "Coder on Kubernetes", version: "1.2.3" },
    instructions: "Ask before you delete.",
    catalog: createCatalog({ tools: toolsOf(test, onWait) }),
    resources: {
      templates: [{ uriTemplate: "coder://things/{name}", name: "thing", mimeType: "text/plain" }],
      list: (cursor) =>
        Promise.resolve(
          cursor === undefined
            ? { resources: [{ uri: "coder://things/a", name: "a", mimeType: "text/plain" }], nextCursor: "b" }
            : { resources: [] },
        ),
      read(uri) {
        if (uri === "coder://broken") return Promise.reject(new Error("a bug"));
        if (uri !== "coder://things/a") return Promise.reject(new ToolError("not_found", "nothing there"));
        return Promise.resolve({ uri, mimeType: "text/plain", text: "the thing a" });
      },
    },
    prompts: {
      prompts: [{ name: "greet", title: "Greet", description: "Greets", arguments: [] }],
      get: (name, args) =>
        name === "greet"
          ? Promise.resolve({ description: "Greets", text: `Hello ${args["who"] ?? "you"}` })
          : Promise.reject(new ToolError("invalid", `there is no prompt ${name}`)),
    },
    complete: ({ argument }) =>
      Promise.resolve({
        values: Array.from({ length: 120 }, (_, at) => `${argument.value}${at}`),
        hasMore: false,
      }),
  };
}

function toolsOf(test: () => TestWorld, onWait: () => void): readonly Tool[] {
  const base = { description: "For tests", toolset: "core", idempotent: true } as const;
  return [
    readTool({
      ...base,
      name: "get_workspace",
      input: z.object({ namespace: z.string().optional(), name: z.string().optional() }),
      output: z.object({ name: z.string(), running: z.boolean() }),
      read: ({ name = "dev" }, call) => {
        if (name === "warned") call.warn("it is old");
        if (name === "missing") return Promise.reject(new ToolError("not_found", "get it: there is none"));
        return Promise.resolve({ name, running: true });
      },
    }),
    readTool({
      ...base,
      name: "break",
      input: z.object({}),
      output: z.object({}),
      read: () => Promise.reject(new Error("secret detail")),
    }),
    readTool({
      ...base,
      name: "wait",
      input: z.object({}),
      output: z.object({}),
      read(_input, { signal }) {
        onWait();
        return new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            test().waits.push((signal.reason as Error).name);
            reject(signal.reason);
          });
        });
      },
    }),
    readTool({
      ...base,
      name: "work",
      input: z.object({ steps: z.int().optional() }),
      output: z.object({ done: z.boolean() }),
      read({ steps = 2 }, { progress }) {
        for (let step = 1; step <= steps; step++) progress(step, steps, `step ${step}`);
        return Promise.resolve({ done: true });
      },
    }),
    changeTool({
      ...base,
      name: "set_count",
      input: z.object({ to: z.int() }),
      output: z.object({ count: z.int() }),
      destructive: false,
      plan({ to }) {
        const { count } = test();
        const plan = { summary: `Set the count to ${to}`, preconditions: { count: String(count) } };
        return Promise.resolve({ answer: { count }, ...(to === count ? {} : { plan }) });
      },
      apply({ to }) {
        test().count = to;
        return Promise.resolve({ count: to });
      },
    }),
  ];
}

/** Looks every few milliseconds until it is so; throws after five seconds. */
export async function eventually(look: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 60_000;
  while (!look()) {
    if (performance.now() > end) throw new Error(`waited 60 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
