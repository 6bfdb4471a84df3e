/** Calls about proxies, with one list for all proxies of a Coder. */
import type { OpenCoder } from "../../operator/visit/control_plane_access.ts";
import { sleep as realSleep } from "../../telemetry/clock.ts";
import { type ProxyCalls, proxyCalls } from "../registration/mod.ts";
import { ClosedWayError } from "./closed_way.ts";
import type { ProxyMemory } from "./memory.ts";
import type { VisitTools } from "./visit.ts";

/** What lists are asked with. */
export type ListTools = Pick<VisitTools, "now" | "sleep"> & {
  readonly listings: Pick<VisitTools["listings"], "proxies">;
};

/** How long a list that must be fresh is waited for, in milliseconds. */
const PATIENCE_MS = 10_000;

/** `name` of the deployment: whoever gives the same one shares lists and their pace. */
export function listedCalls(
  name: string,
  { client, credentials }: Pick<OpenCoder, "client" | "credentials">,
  memory: ProxyMemory,
  { listings, now, sleep = realSleep }: ListTools,
): ProxyCalls {
  const calls = proxyCalls(client);
  const place = { controlPlane: name, credential: credentials, client };
  const change = <A extends unknown[], T>(call: (...given: A) => Promise<T>) => async (...given: A) => {
    try {
      return await call(...given);
    } finally {
      // Also where the answer was lost.
      memory.changedAt = now().getTime();
    }
  };
  return {
    ...calls,
    create: change(calls.create),
    update: change(calls.update),
    delete: change(calls.delete),
    async list({ fresh, signal = new AbortController().signal }) {
      const begin = now().getTime();
      // One that is asked for in this very millisecond is no older than the question.
      const newerThan = fresh ? begin - 1 : memory.changedAt;
      for (;;) {
        const { latest, isNewEnough, failure, lookAgainMs } = await listings.proxies(place, {
          signal,
          newerThan,
        });
        memory.lookAgainMs = lookAgainMs;
        if (latest !== undefined && isNewEnough) return latest.proxies;
        if (failure !== undefined) {
          memory.lookAgainMs = failure.retryInMs;
          throw failure.error;
        }
        // It is not the turn of this list yet: what it said last is good enough where nothing was changed since.
        if (latest !== undefined && latest.takenAt > (newerThan ?? -Infinity)) return latest.proxies;
        if (now().getTime() - begin + lookAgainMs > PATIENCE_MS) throw busy(client.address);
        await sleep(lookAgainMs, signal);
        signal.throwIfAborted();
      }
    },
  };
}

function busy(address: string): ClosedWayError {
  return new ClosedWayError(
    "WaitingForList",
    `The proxies of Coder at ${address} are listed in a moment`,
    true,
  );
}
