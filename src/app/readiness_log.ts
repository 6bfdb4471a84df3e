/** Tells in the log when the process becomes ready, and what it waits for while it is not. */
import { type Clock, sleep, systemClock } from "../telemetry/clock.ts";
import type { Health } from "../telemetry/health.ts";
import type { Logger } from "../telemetry/logger.ts";

/** Options of {@linkcode logReadiness}. */
export interface ReadinessLogOptions {
  readonly health: Pick<Health, "check">;
  readonly log: Logger;
  /** Ends the watching. */
  readonly signal: AbortSignal;
  /** Milliseconds on `clock` at which the process started. @default {now} */
  readonly startedAt?: number;
  readonly clock?: Clock;
  /** How often to look before the process is ready, in milliseconds. @default {50} */
  readonly startPeriodMs?: number;
  /** How often to look afterwards, in milliseconds. @default {1_000} */
  readonly periodMs?: number;
}

/** A start that takes longer is explained, in milliseconds. */
const PATIENCE_MS = 3_000;
/** An explanation is given again after so long, in milliseconds. */
const REPEAT_MS = 60_000;

/** Watches until `signal` aborts: one line when the process becomes ready, one when it is no longer, and why. */
export async function logReadiness(options: ReadinessLogOptions): Promise<void> {
  const { health, log, signal, clock = systemClock, startPeriodMs = 50, periodMs = 1_000 } = options;
  const startedAt = options.startedAt ?? clock.now();
  let everReady = false;
  let ready = false;
  let saidAt = -Infinity;
  while (!signal.aborted) {
    const now = clock.now();
    const troubles = health.check("readiness").filter(({ trouble }) => trouble !== "");
    const why = troubles.map(({ name, trouble }) => `${name}: ${trouble}`).join("; ");
    if (why === "") {
      if (!ready) log.info("ready", everReady ? {} : { startMs: Math.round(now - startedAt) });
      ready = everReady = true;
    } else {
      const worthSaying = ready || (now - startedAt >= PATIENCE_MS && now - saidAt >= REPEAT_MS);
      if (worthSaying) {
        log.warn(everReady ? "not ready any more" : "not ready yet", { why });
        saidAt = now;
      }
      ready = false;
    }
    await sleep(everReady ? periodMs : startPeriodMs, signal, clock);
  }
}
