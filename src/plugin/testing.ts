/** A world in memory. For tests alone. */
import type { KubeObject, ObjectKey } from "../api/object.ts";
import type { CoderWorkspace } from "../api/workspace.ts";
import type { KubeClient, ListOptions, PatchBody } from "../kube/client.ts";
import { KubeApiError } from "../kube/errors.ts";
import { ManualClock } from "../kube/testing/manual_clock.ts";
import type { PluginWorld } from "./world.ts";

export interface FakeWorld extends PluginWorld {
  readonly clock: ManualClock;
  readonly objects: CoderWorkspace[];
  /** Every call, as `GET ns/name`, `LIST ns`, `PATCH …`. */
  readonly calls: string[];
  /** Whether the caller sees the workspaces of others. */
  seesAll: boolean;
  userName: string;
  /** Thrown by the next calls whose text it matches. */
  refuse: { readonly matches: RegExp; readonly error: Error } | undefined;
  /** What a patch does; answers what is there then. */
  patched: (object: CoderWorkspace, body: unknown) => void;
  /** Text of logs, in pieces. */
  log: readonly string[];
}

/** A workspace as it is served. */
export function workspace(name: string, more: {
  readonly namespace?: string;
  readonly running?: boolean;
  readonly status?: Partial<CoderWorkspace["status"]>;
  readonly conditions?: Readonly<
    Record<string, boolean | readonly [status: boolean, reason: string, message: string]>
  >;
} = {}): CoderWorkspace {
  const { namespace = "coder", running = true, status = {}, conditions = {} } = more;
  return {
    apiVersion: "aggregation.coder.com/v1alpha1",
    kind: "CoderWorkspace",
    metadata: { namespace, name },
    spec: { running },
    status: {
      ownerName: name.split(".").at(-2) ?? "",
      latestBuildStatus: running ? "running" : "stopped",
      latestBuild: { number: 1, transition: running ? "start" : "stop" },
      conditions: Object.entries(conditions).map(([type, value]) => {
        const [is, reason, message] = typeof value === "boolean" ? [value, "", ""] : value;
        return {
          type,
          status: is ? "True" : "False",
          reason,
          message,
          lastTransitionTime: "2026-01-01T00:00:00Z",
        };
      }),
      ...status,
    },
  } as CoderWorkspace;
}

export function refusal(code: number, reason: string, said: string, retryAfterMs?: number): KubeApiError {
  const label = reason === "" ? `HTTP ${code}` : `${reason} (${code})`;
  const call = { method: "GET", path: "/apis/aggregation.coder.com/v1alpha1/x" };
  return new KubeApiError(code, reason, `GET coderworkspaces: ${label}: ${said}`, call, retryAfterMs);
}

export function fakeWorld(objects: CoderWorkspace[], namespace = "coder"): FakeWorld {
  const calls: string[] = [];
  const called = (text: string) => {
    calls.push(text);
    if (world.refuse?.matches.test(text)) throw world.refuse.error;
  };
  const find = ({ namespace, name }: ObjectKey) => {
    const found = objects.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
    if (found === undefined) throw refusal(404, "NotFound", `coderworkspaces "${name}" not found`);
    return found;
  };
  const within = (namespace: string | undefined, fieldSelector = "") =>
    objects.filter(({ metadata, status }) =>
      (namespace === undefined || metadata.namespace === namespace) &&
      (fieldSelector === "" || fieldSelector === `status.ownerName=${status.ownerName}`)
    );
  const client = {
    get: (_type: unknown, key: ObjectKey) =>
      attempt(() => {
        called(`GET ${key.namespace}/${key.name}`);
        return structuredClone(find(key));
      }),
    list: (_type: unknown, options: ListOptions = {}) =>
      attempt(() => {
        called(`LIST ${options.namespace ?? "*"}`);
        const all = within(options.namespace, options.fieldSelector);
        // Two pages, so that nobody forgets the second.
        const items = options.continue === undefined ? all.slice(0, 1) : all.slice(1);
        const more = options.continue === undefined && all.length > 1 ? { continue: "more" } : {};
        return { items: structuredClone(items) as KubeObject[], resourceVersion: "1", ...more };
      }),
    patch: (_type: unknown, key: ObjectKey, { body }: PatchBody) =>
      attempt(() => {
        called(`PATCH ${key.namespace}/${key.name} ${JSON.stringify(body)}`);
        const object = find(key);
        world.patched(object, body);
        return structuredClone(object);
      }),
    create: () =>
      attempt(() => {
        called("REVIEW");
        return { metadata: {}, status: { allowed: world.seesAll } };
      }),
    raw: (method: string, path: string) =>
      attempt(() => {
        called(`${method} ${path}`);
        if (path.includes("selfsubjectreviews")) {
          return { status: { userInfo: { username: world.userName } } };
        }
        const url = new URL(path, "http://api");
        const namespace = /\/namespaces\/([^/]+)\//.exec(url.pathname)?.[1];
        const all = within(namespace, url.searchParams.get("fieldSelector") ?? "");
        const isFirst = url.searchParams.get("continue") === null;
        const shown = isFirst ? all.slice(0, 1) : all.slice(1);
        return {
          kind: "Table",
          metadata: isFirst && all.length > 1 ? { continue: "more" } : {},
          columnDefinitions: [{ name: "Name", priority: 0 }, { name: "Status", priority: 0 }, {
            name: "URL",
            priority: 1,
          }],
          rows: shown.map(({ metadata, status }) => ({
            cells: [metadata.name, status.latestBuildStatus, null],
            object: { metadata },
          })),
          items: structuredClone(shown),
        };
      }),
  } as unknown as KubeClient;
  const world: FakeWorld = {
    client,
    stream: (path) => {
      called(`STREAM ${path}`);
      return Promise.resolve(piecesOf(world.log));
    },
    namespace,
    clock: new ManualClock(),
    requestTimeoutMs: 1_000,
    warn: () => {},
    objects,
    calls,
    seesAll: false,
    userName: "alice",
    refuse: undefined,
    patched: () => {},
    log: [],
  };
  return world;
}

async function* piecesOf(texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield await Promise.resolve(new TextEncoder().encode(text));
}

function attempt<T>(make: () => T): Promise<T> {
  return new Promise((resolve) => resolve(make()));
}
