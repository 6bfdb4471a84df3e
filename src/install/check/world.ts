/** The world that checks see, through a client of the cluster. */
import { SelfSubjectAccessReviews } from "../../api/kubernetes/resources.ts";
import type { KubeObject } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { type Reading, seen } from "./reading.ts";
import type { Access, CheckWorld, CoderAnswer, Phase, Schema } from "./types.ts";

export interface WorldOptions {
  /** As who asks. */
  readonly client: Pick<KubeClient, "raw" | "create">;
  readonly phase: Phase;
  readonly namespace: string;
  readonly version: string;
  readonly objects: readonly KubeObject[];
  readonly coder: (namespace: string, name: string, signal: AbortSignal) => Promise<CoderAnswer>;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Ends all that is asked. */
  readonly signal: AbortSignal;
  /** Of one request, in milliseconds. @default {10_000} */
  readonly timeoutMs?: number;
}

/** Makes it; nothing is asked before somebody asks. */
export function checkWorld(options: WorldOptions): CheckWorld {
  const { client, phase, namespace, version, objects, coder, now, signal, timeoutMs = 10_000 } = options;
  // Nobody waits long for a server that is busy or away: that is a finding, too.
  const call = { signal, timeoutMs, maxRetries: 1 };
  const answers = new Map<string, Promise<Reading<unknown>>>();
  const asked = new Map<string, Promise<Reading<boolean>>>();

  function get(path: string, accept?: string): Promise<Reading<unknown>> {
    const key = `${path} ${accept ?? ""}`;
    const options = accept === undefined ? call : { ...call, accept };
    const known = answers.get(key) ?? guarded(() => client.raw("GET", path, options));
    answers.set(key, known);
    return known;
  }

  async function guarded<T>(work: () => Promise<T>): Promise<Reading<T>> {
    try {
      return seen(await work());
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof KubeApiError && error.code === 404) return { state: "absent" };
      const why = error instanceof Error ? error.message : String(error);
      return { state: "unread", why, forbidden: error instanceof KubeApiError && error.code === 403 };
    }
  }

  async function review({ verb, group, resource, namespace, name }: Access): Promise<boolean> {
    const { status } = await client.create(SelfSubjectAccessReviews, {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      metadata: {},
      spec: {
        resourceAttributes: {
          verb,
          group,
          resource,
          ...(namespace === undefined ? {} : { namespace }),
          ...(name === undefined ? {} : { name }),
        },
      },
    }, call);
    return status?.allowed === true;
  }

  return {
    phase,
    namespace,
    now,
    version,
    objects,
    async read<T>(path: string, schema: Schema<T>, accept?: string): Promise<Reading<T>> {
      const reading = await get(path, accept);
      if (reading.state !== "seen") return reading;
      const parsed = schema.safeParse(reading.value);
      if (parsed.success) return seen(parsed.data);
      return {
        state: "unread",
        why: `GET ${path}: the answer has not the shape that it should have`,
        forbidden: false,
      };
    },
    may(access) {
      const key = JSON.stringify(access);
      const known = asked.get(key) ?? guarded(() => review(access));
      asked.set(key, known);
      return known;
    },
    coder: (namespace, name) => coder(namespace, name, signal),
  };
}
