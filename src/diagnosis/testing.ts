/** A world for tests of collectors and of the engine: answers by function, and nothing else is there. */
import type { KubeObject, ObjectKey, ResourceType } from "../api/object.ts";
import type { CallerCoders } from "../caller/types.ts";
import type { CallSpec, CoderClient } from "../coder/mod.ts";
import type { ListOptions } from "../kube/client.ts";
import { KubeApiError } from "../kube/errors.ts";
import { Looker } from "./look.ts";
import type { Subject } from "./subject.ts";
import type { DiagnosisWorld, ReadableCluster } from "./world.ts";

/** 2026-11-22T08:00:00Z */
export const NOW = Date.UTC(2026, 10, 22, 8);

export interface FakeWorld {
  /** By kind: an object, an error, or a promise of either. Undefined: 404. */
  readonly get?: (kind: string, key: ObjectKey) => unknown;
  /** By kind: the items. Undefined: none. */
  readonly list?: (kind: string, options: ListOptions) => unknown;
  /** Text of a subresource. */
  readonly text?: (kind: string, key: ObjectKey, subresource: string) => unknown;
  /** Coder's answer to a GET, as JSON; an Error is thrown. Absent: no Coder can be opened. */
  readonly coder?: (route: string, spec: CallSpec<unknown>) => unknown;
  /** Subresources as `coderworkspaces/log`. @default everything */
  readonly may?: (verb: string, resource: string) => boolean;
  /** Whose rights Coder sees. @default {"caller"} */
  readonly as?: "caller" | "operator";
  readonly now?: number;
}

async function answered(value: unknown): Promise<unknown> {
  const answer = await value;
  if (answer instanceof Error) throw answer;
  return answer;
}

/** Makes it. */
export function fakeWorld(fake: FakeWorld): DiagnosisWorld {
  const cluster: ReadableCluster = {
    async get<T extends KubeObject>({ kind, plural }: ResourceType<T>, key: ObjectKey): Promise<T> {
      const found = await answered(fake.get?.(kind, key));
      if (found !== undefined) return found as T;
      const path = `/${plural}/${key.name}`;
      throw new KubeApiError(404, "NotFound", `${plural} "${key.name}" not found`, { method: "GET", path });
    },
    async list<T extends KubeObject>({ kind }: ResourceType<T>, options: ListOptions = {}) {
      const items = (await answered(fake.list?.(kind, options)) ?? []) as T[];
      return { items, resourceVersion: "1" };
    },
    async text<T extends KubeObject>({ kind }: ResourceType<T>, key: ObjectKey, subresource: string) {
      const text = String(await answered(fake.text?.(kind, key, subresource)) ?? "");
      return { bytes: new TextEncoder().encode(text), isCut: false };
    },
    may(request) {
      if (!("resource" in request)) return Promise.resolve({ allowed: false, reason: "" });
      const { verb, resource, subresource } = request;
      const what = subresource === undefined ? resource : `${resource}/${subresource}`;
      const allowed = fake.may?.(verb, what) ?? true;
      return Promise.resolve({ allowed, reason: "" });
    },
    missing: () => [],
  };
  const call = async (spec: CallSpec<unknown>) => {
    const { route, parameters = {}, answer } = spec;
    const path = route.replace(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? "");
    const value = await answered(fake.coder?.(path, spec));
    return answer !== undefined && typeof answer === "object" && "parse" in answer
      ? answer.parse(value)
      : value;
  };
  const coders: CallerCoders = {
    list: () => Promise.resolve([]),
    open({ namespace, controlPlane = "coder" }) {
      if (fake.coder === undefined) return Promise.reject(new Error(`namespace ${namespace} has no Coder`));
      const client = { call, address: "http://coder.test" } as unknown as CoderClient;
      const ref = { id: `${namespace}/${controlPlane}`, namespace, controlPlane };
      const as = fake.as ?? "caller";
      return Promise.resolve({ ref, client, as, ...(as === "caller" ? { user: "ann" } : {}) });
    },
  };
  return { cluster, coders, now: () => fake.now ?? NOW };
}

/** A looker over it that ends with `signal`. @default signal never aborts */
export function fakeLooker(
  subject: Subject,
  fake: FakeWorld,
  signal: AbortSignal = new AbortController().signal,
): Looker {
  return new Looker(subject, fakeWorld(fake), signal);
}
