/** Says in the log which resource definitions (CRDs) are missing, and when they appear: nothing works before. */
import { resourceText } from "../api/object.ts";
import type { Informer } from "../kube/informer.ts";
import type { Runnable } from "../reconciler/runnable.ts";
import { type Clock, sleep, systemClock } from "../telemetry/clock.ts";
import type { Logger } from "../telemetry/logger.ts";

/** Options of {@linkcode definitionsLog}. */
export interface DefinitionsLogOptions {
  /** The kinds of our own that the process reads. */
  readonly informers: readonly Pick<Informer, "type" | "exists">[];
  readonly log: Logger;
  readonly clock?: Clock;
  /** How often to look, in milliseconds. @default {1_000} */
  readonly periodMs?: number;
}

/** How a definition is installed. */
const INSTALL = "kubectl apply --server-side -k crd";

/** A readiness check: names the definitions that are missing; empty where all are there. */
export function definitionsCheck(informers: DefinitionsLogOptions["informers"]): () => string {
  return () =>
    informers.filter(({ exists }) => !exists)
      .map(({ type }) => `${resourceText(type)} is not installed, waiting for it: ${INSTALL}`)
      .join("; ");
}

/** Runs beside the controllers: one line when a definition is missing, one when it is there. */
export function definitionsLog(options: DefinitionsLogOptions): Runnable {
  const { informers, log, clock = systemClock, periodMs = 1_000 } = options;
  return {
    name: "definitions-log",
    phase: "synced",
    async run(signal) {
      const missing = new Set<string>();
      while (!signal.aborted) {
        for (const { type, exists } of informers) {
          const crd = resourceText(type);
          if (exists) {
            if (missing.delete(crd)) log.info("the definition is installed, going on", { crd });
          } else if (!missing.has(crd)) {
            missing.add(crd);
            log.warn(`a definition is not installed, waiting for it: ${INSTALL}`, { crd });
          }
        }
        await sleep(periodMs, signal, clock);
      }
    },
  };
}
