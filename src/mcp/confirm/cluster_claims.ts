/** Carried-out plans as ConfigMaps: that a name can be taken only once is what makes it once for all replicas. */
import { ConfigMaps } from "../../api/kubernetes/resources.ts";
import type { ConfigMap } from "../../api/kubernetes/types.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isAlreadyExists, isNotFound, isTransient } from "../../kube/errors.ts";
import { type Clock, sleep, systemClock } from "../../telemetry/clock.ts";
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import type { PlanClaimStore } from "./claims.ts";

export interface ClusterClaimsOptions {
  readonly client: Pick<KubeClient, "create" | "get" | "list" | "delete">;
  /** That of the process. */
  readonly namespace: string;
  /** Of one call, in milliseconds. @default {5_000} */
  readonly timeoutMs?: number;
  /** Between two sweeps, in milliseconds; up to half of it more at random. @default {600_000} */
  readonly sweepMs?: number;
  /** Monotonic. @default {the machine's} */
  readonly clock?: Clock;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly now?: () => number;
  readonly log?: Logger;
}

/** Marks them. */
export const CLAIM_LABEL = "mcp.coder.com/carried-out-plan";
/** When it may be deleted, RFC 3339. */
export const UNTIL_ANNOTATION = "mcp.coder.com/until";
/** Random: who has made it knows it again where the answer was lost. */
const CLAIM = "claim";
const PAGE = 500;

export class ClusterClaims implements PlanClaimStore {
  readonly #options: ClusterClaimsOptions;
  readonly #log: Logger;

  constructor(options: ClusterClaimsOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLogger;
  }

  async claim(nonce: string, until: number, signal: AbortSignal): Promise<boolean> {
    const { client, namespace, timeoutMs = 5_000 } = this.#options;
    const name = claimName(nonce);
    const claim = crypto.randomUUID();
    const object: ConfigMap = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        namespace,
        name,
        labels: { "app.kubernetes.io/managed-by": "coder-k8s", [CLAIM_LABEL]: "true" },
        annotations: { [UNTIL_ANNOTATION]: new Date(until).toISOString() },
      },
      immutable: true,
      data: { [CLAIM]: claim },
    };
    const call = { signal, timeoutMs };
    try {
      await client.create(ConfigMaps, object, call);
      return true;
    } catch (error) {
      // A request whose answer was lost may have made it.
      if (!isAlreadyExists(error) && !isTransient(error)) throw error;
      const there = await client.get(ConfigMaps, { namespace, name }, call).catch((failure) => {
        throw isNotFound(failure) ? error : failure;
      });
      return there.data?.[CLAIM] === claim;
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    const { sweepMs = 600_000, clock = systemClock } = this.#options;
    while (!signal.aborted) {
      await sleep(sweepMs * (1 + Math.random() / 2), signal, clock);
      if (signal.aborted) return;
      await this.sweep(signal).catch((error) => {
        if (!signal.aborted) this.#log.warn("plans that were carried out long ago stay on record", { error });
      });
    }
  }

  /** Deletes what is over, whoever has made it. How many. */
  async sweep(signal: AbortSignal): Promise<number> {
    const { client, namespace, now = Date.now } = this.#options;
    let next: string | undefined;
    let deleted = 0;
    do {
      const page = await client.list(ConfigMaps, {
        namespace,
        labelSelector: CLAIM_LABEL,
        limit: PAGE,
        ...(next === undefined ? {} : { continue: next }),
        signal,
      });
      for (const { metadata: { name = "", annotations = {} } } of page.items) {
        // What cannot be read says nothing that anybody waits for.
        if (Date.parse(annotations[UNTIL_ANNOTATION] ?? "") > now()) continue;
        await client.delete(ConfigMaps, { namespace, name }, { signal }).then(
          () => void deleted++,
          (error) => {
            if (!isNotFound(error)) throw error;
          },
        );
      }
      next = page.continue;
    } while (next !== undefined && next !== "");
    return deleted;
  }
}

export function claimName(nonce: string): string {
  return `coder-k8s-mcp-plan-${nonce}`;
}
