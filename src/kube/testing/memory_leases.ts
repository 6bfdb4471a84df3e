/** Leases in memory behind the client's interface, with resource versions and faults. For tests of time alone. */
import type { Lease } from "../../api/kubernetes/types.ts";
import type { KubeClient } from "../client.ts";
import { KubeApiError, KubeConnectionError } from "../errors.ts";

export type LeaseVerb = "get" | "create" | "update" | "delete";

/** One Lease and the requests for it. */
export class MemoryLeases {
  lease: Lease | undefined;
  readonly calls: LeaseVerb[] = [];
  /** Every holder that the stored Lease has had, in order, without repetitions. */
  readonly holders: string[] = [];
  #version = 0;

  /** Stores the Lease as another client would. */
  store(spec: Lease["spec"], annotations: Record<string, string> = {}): void {
    const metadata = {
      namespace: "ns",
      name: "lease",
      annotations,
      resourceVersion: String(++this.#version),
    };
    this.lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, ...(spec && { spec }) };
    const holder = spec?.holderIdentity ?? "";
    if (this.holders.at(-1) !== holder) this.holders.push(holder);
  }

  /** Deletes the Lease as somebody might by hand. */
  remove(): void {
    this.lease = undefined;
  }

  /**
   * A client of these leases. `fault` runs before each request; `afterwards` after the request was carried out, so
   * that its answer can be lost. Both may throw, or wait.
   */
  client(faults: {
    fault?: (verb: LeaseVerb, signal: AbortSignal | undefined) => void | Promise<void>;
    afterwards?: (verb: LeaseVerb) => void | Promise<void>;
  } = {}): KubeClient {
    const call = async <T>(verb: LeaseVerb, signal: AbortSignal | undefined, run: () => T): Promise<T> => {
      this.calls.push(verb);
      await faults.fault?.(verb, signal);
      if (signal?.aborted) throw unreachable(verb);
      const result = run();
      await faults.afterwards?.(verb);
      return result;
    };
    const client = {
      get: (_type: unknown, _key: unknown, options?: { signal?: AbortSignal }) =>
        call("get", options?.signal, () => {
          if (this.lease === undefined) throw refusal(404, "NotFound");
          return structuredClone(this.lease);
        }),
      create: (_type: unknown, object: Lease, options?: { signal?: AbortSignal }) =>
        call("create", options?.signal, () => {
          if (this.lease !== undefined) throw refusal(409, "AlreadyExists");
          this.store(object.spec);
          return structuredClone(this.lease);
        }),
      update: (_type: unknown, object: Lease, options?: { signal?: AbortSignal }) =>
        call("update", options?.signal, () => {
          if (this.lease === undefined) throw refusal(404, "NotFound");
          if (object.metadata.resourceVersion !== this.lease.metadata.resourceVersion) {
            throw refusal(409, "Conflict");
          }
          this.store(object.spec, object.metadata.annotations);
          return structuredClone(this.lease);
        }),
      delete: (
        _type: unknown,
        _key: unknown,
        options?: { signal?: AbortSignal; preconditions?: { resourceVersion?: string } },
      ) =>
        call("delete", options?.signal, () => {
          if (this.lease === undefined) throw refusal(404, "NotFound");
          const { resourceVersion } = options?.preconditions ?? {};
          if (resourceVersion !== undefined && resourceVersion !== this.lease.metadata.resourceVersion) {
            throw refusal(409, "Conflict");
          }
          this.remove();
        }),
    };
    return client as unknown as KubeClient;
  }
}

/** The error of a request that got no answer. */
export function unreachable(verb: string): KubeConnectionError {
  return new KubeConnectionError(`${verb}: no answer`, { method: verb, path: "/lease" });
}

/** A refusal of the API server. */
export function refusal(code: number, reason: string): KubeApiError {
  return new KubeApiError(code, reason, `${code} ${reason}`, { method: "", path: "/lease" });
}
