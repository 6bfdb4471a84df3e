/**
 * One at a time: who installs or uninstalls holds a Lease beside the inventory meanwhile, for the inventory, and what is
 * pruned by it, would be wrong if two wrote it at once. Nothing of it stays.
 */
import { Leases } from "../../api/kubernetes/resources.ts";
import type { Lease } from "../../api/kubernetes/types.ts";
import type { KubeClient } from "../../kube/client.ts";
import { type Clock, systemClock } from "../../kube/clock.ts";
import { isConflict, isForbidden, isNotFound } from "../../kube/errors.ts";
import { createLeaseHolder, type LeaseHolder } from "../../kube/lease/lease_holder.ts";
import { InstallError } from "./error.ts";
import { type Family, inventoryReference } from "./inventory.ts";
import type { Say } from "./say.ts";
import { until } from "./wait.ts";

/** Who dies without a word is waited for so long, in milliseconds. */
const LEASE_MS = 15_000;
const RELEASE_MS = 5_000;
const LOOK_MS = 500;

export interface TurnOptions {
  readonly client: KubeClient;
  readonly family: Family;
  readonly namespace: string;
  /** Who asks, for whoever has to wait, and different for each process: `ann@laptop_3f2a`. */
  readonly holder: string;
  readonly say: Say;
  readonly signal: AbortSignal;
  /** @default {15_000} */
  readonly leaseMs?: number;
  /** @default {systemClock} */
  readonly clock?: Clock;
  /** How often somebody who waits looks, in milliseconds. @default {500} */
  readonly lookMs?: number;
}

/** Disposing of it lets the next one begin. */
export interface Turn extends AsyncDisposable {
  /** Ends with the signal that was given, and where somebody else has taken the turn. */
  readonly signal: AbortSignal;
  /**
   * Waits until nobody else is at work. False: it was begun before, or there is no namespace yet to be alone in.
   *
   * @throws {InstallError} where the time for it is over
   */
  begin(): Promise<boolean>;
}

export function turnOf(options: TurnOptions): Turn {
  const { client, family, namespace, say, leaseMs = LEASE_MS, clock = systemClock, lookMs = LOOK_MS } =
    options;
  const lost = new AbortController();
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, lost.signal]);
  const { metadata: { name = "" } } = inventoryReference(family, namespace);
  let lease: Lease | undefined;
  let isAllowed = true;
  let renewing: Promise<void> | undefined;
  const holder = createLeaseHolder({
    client,
    namespace,
    name,
    identity: options.holder,
    leaseDurationMs: leaseMs,
    clock,
    onObserved: (seen) => void (lease = seen),
  });

  async function renew(): Promise<void> {
    for (let renewedAt = clock.now(); clock.now() - renewedAt < leaseMs;) {
      await clock.sleep(leaseMs / 3, over.signal);
      const isOurs = await holder.tryAcquire(over.signal, leaseMs / 3).catch(() => undefined);
      if (isOurs === false) break;
      if (isOurs === true) renewedAt = clock.now();
    }
    const other = holder.observedHolder;
    lost.abort(
      new InstallError(
        `${
          other === options.holder || other === "" ? "somebody else" : other
        } may be at work in ${namespace} ` +
          "by now, as nothing was heard of this one for too long; run it again to go on",
      ),
    );
  }

  async function take(): Promise<boolean> {
    let isThere = true;
    await until(`another one to be done in ${namespace}`, async () => {
      try {
        return await holder.tryAcquire(signal, leaseMs) ? undefined : waitingFor(holder, lease);
      } catch (error) {
        if (isNotFound(error) || isEnding(error)) isThere = false;
        else if (isForbidden(error)) isAllowed = false;
        else throw error;
        return undefined;
      }
    }, { say, signal, intervalMs: lookMs });
    return isThere;
  }

  async function giveBack(held: Lease, tries = 2): Promise<void> {
    const { uid, resourceVersion } = held.metadata;
    const preconditions = {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    };
    const call = { timeoutMs: RELEASE_MS };
    try {
      await client.delete(Leases, { namespace, name }, { ...call, preconditions });
    } catch (error) {
      if (isForbidden(error)) return await holder.release(RELEASE_MS);
      // Our own last write, of which nothing was heard any more; or somebody else's.
      const live = isConflict(error) && tries > 1
        ? await client.get(Leases, { namespace, name }, call)
        : undefined;
      if (live?.spec?.holderIdentity === options.holder) await giveBack(live, tries - 1);
    }
  }

  return {
    signal,
    async begin() {
      if (renewing !== undefined || !isAllowed || !await take()) return false;
      if (!isAllowed) {
        say.line(`you may not write leases in ${namespace}: nobody else is to install there at this moment`);
        return false;
      }
      // Its end is the end of the turn.
      renewing = renew().catch(() => {});
      return true;
    },
    async [Symbol.asyncDispose]() {
      over.abort();
      await renewing;
      if (lease?.spec?.holderIdentity !== options.holder || lost.signal.aborted) return;
      await giveBack(lease).catch(() => {
        // It ends by itself.
      });
    },
  };
}

/** Nothing can be made in a namespace that is being deleted. */
function isEnding(error: unknown): boolean {
  return isForbidden(error) && error instanceof Error && /being terminated/.test(error.message);
}

function waitingFor({ observedHolder }: LeaseHolder, lease: Lease | undefined): string {
  const { acquireTime } = lease?.spec ?? {};
  const since = acquireTime === undefined ? "" : ` since ${acquireTime.replace(/\.\d+Z$/, "Z")}`;
  return `${observedHolder === "" ? "somebody" : observedHolder} is at work there${since}`;
}
