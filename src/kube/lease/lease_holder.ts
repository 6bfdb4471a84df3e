/** Reads and writes one Lease as client-go does, and judges its expiry by what was seen here. */
import type { Lease, LeaseSpec } from "../../api/kubernetes/types.ts";
import { Leases } from "../../api/kubernetes/resources.ts";
import type { KubeClient } from "../client.ts";
import type { Clock } from "../clock.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../errors.ts";

export interface LeaseHolderOptions {
  client: KubeClient;
  namespace: string;
  name: string;
  identity: string;
  leaseDurationMs: number;
  clock: Clock;
  /** Every state of the Lease that was read or written. */
  onObserved?(lease: Lease): void;
}

/** One candidate's view of the Lease. */
export interface LeaseHolder {
  /**
   * Takes or renews the lease. True: it is ours, renewed just now. False: another holds it, or was faster.
   * `timeoutMs` bounds all requests together. Throws where the API server refuses or does not answer.
   */
  tryAcquire(signal: AbortSignal, timeoutMs: number): Promise<boolean>;
  /** Gives a lease that is ours back, so that the next candidate may take it at once. */
  release(timeoutMs: number): Promise<void>;
  /** Milliseconds until another's lease may be taken; 0 where it may be now or nothing is known. */
  expiresInMs(): number;
  /** Who holds the lease as last seen; empty where nobody does. */
  readonly observedHolder: string;
}

export function createLeaseHolder(options: LeaseHolderOptions): LeaseHolder {
  const { client, namespace, name, identity, clock } = options;
  const key = { namespace, name };
  let lease: Lease | undefined;
  let observedRecord = "";
  let observedAt = 0;

  /** Notes what was seen; time starts anew only where the record itself has changed. */
  function observe(seen: Lease): void {
    lease = seen;
    const { holderIdentity, renewTime, acquireTime, leaseTransitions, leaseDurationSeconds } = seen.spec ??
      {};
    const record = JSON.stringify([
      holderIdentity,
      renewTime,
      acquireTime,
      leaseTransitions,
      leaseDurationSeconds,
    ]);
    if (record !== observedRecord) {
      observedRecord = record;
      observedAt = clock.now();
    }
    options.onObserved?.(seen);
  }

  function holderOf(seen: Lease | undefined): string {
    return seen?.spec?.holderIdentity ?? "";
  }

  function expiresInMs(): number {
    if (lease === undefined || holderOf(lease) === "" || holderOf(lease) === identity) return 0;
    const seconds = lease.spec?.leaseDurationSeconds;
    const durationMs = typeof seconds === "number" && seconds > 0 ? seconds * 1000 : options.leaseDurationMs;
    return Math.max(0, observedAt + durationMs - clock.now());
  }

  function nextSpec(): LeaseSpec {
    const now = microTime(clock.wallTime());
    const old = lease?.spec ?? {};
    const renews = holderOf(lease) === identity;
    return {
      ...old,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(options.leaseDurationMs / 1000),
      acquireTime: renews ? old.acquireTime ?? now : now,
      renewTime: now,
      leaseTransitions: (old.leaseTransitions ?? 0) + (renews || lease === undefined ? 0 : 1),
    };
  }

  async function write(signal: AbortSignal | undefined, timeoutMs: number, spec: LeaseSpec): Promise<void> {
    const call = { timeoutMs, ...(signal === undefined ? {} : { signal }) };
    if (lease === undefined) {
      const fresh: Lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: key, spec };
      observe(await client.create(Leases, fresh, call));
    } else {
      observe(await client.update(Leases, { ...lease, spec }, call));
    }
  }

  return {
    expiresInMs,
    get observedHolder() {
      return holderOf(lease);
    },
    async tryAcquire(signal, timeoutMs) {
      const deadline = clock.now() + timeoutMs;
      const left = () => Math.max(1, deadline - clock.now());
      // A holder writes at once; the resource version tells where somebody else has written since.
      let known = holderOf(lease) === identity;
      for (;;) {
        if (!known) {
          try {
            observe(await client.get(Leases, key, { signal, timeoutMs: left() }));
          } catch (error) {
            if (!isNotFound(error)) throw error;
            lease = undefined;
          }
          if (expiresInMs() > 0) return false;
        }
        try {
          await write(signal, left(), nextSpec());
          return true;
        } catch (error) {
          if (isAlreadyExists(error) || (isConflict(error) && !known)) return false;
          if (!known || !(isConflict(error) || isNotFound(error))) throw error;
          // Our own write may have arrived although its answer did not: look, then decide.
          known = false;
        }
      }
    },
    async release(timeoutMs) {
      const deadline = clock.now() + timeoutMs;
      for (let tries = 0; tries < 3 && lease !== undefined && holderOf(lease) === identity; tries++) {
        const now = microTime(clock.wallTime());
        const spec: LeaseSpec = {
          ...lease.spec,
          holderIdentity: "",
          leaseDurationSeconds: 1,
          acquireTime: now,
          renewTime: now,
        };
        const left = Math.max(1, deadline - clock.now());
        try {
          return await write(undefined, left, spec);
        } catch (error) {
          if (isNotFound(error)) return;
          if (!isConflict(error)) throw error;
          observe(await client.get(Leases, key, { timeoutMs: left }));
        }
      }
    },
  };
}

/** RFC 3339 with microseconds, the form of `metav1.MicroTime`. */
export function microTime(wallTimeMs: number): string {
  return new Date(wallTimeMs).toISOString().replace("Z", "000Z");
}
