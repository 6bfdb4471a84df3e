/** SIGTERM and SIGINT: the first asks for an orderly end, the second ends at once. */
import type { Logger } from "../telemetry/logger.ts";

/** What ends the process in order. */
export const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;
type StopSignal = (typeof STOP_SIGNALS)[number];

/** What the listeners need of the system; tests put their own in its place. */
export interface SignalSystem {
  addSignalListener(signal: StopSignal, listener: () => void): void;
  removeSignalListener(signal: StopSignal, listener: () => void): void;
  exit(code: number): void;
}

/** Listening. */
export interface StopListener {
  /** Aborts with the first signal; its reason is an error that names it. */
  readonly signal: AbortSignal;
  /** Puts the system's own behaviour back. */
  close(): void;
}

/** The reason of an orderly end. */
export class StopRequest extends Error {
  override readonly name = "StopRequest";
}

/** Begins to listen. A second signal exits with 128 + its number (130, 143), as a shell would report it. */
export function listenForStop(log: Logger, system: SignalSystem = Deno): StopListener {
  const controller = new AbortController();
  const listeners = STOP_SIGNALS.map((name) => {
    const listener = () => {
      if (controller.signal.aborted) {
        log.warn("a second signal: ending at once", { signal: name });
        system.exit(name === "SIGINT" ? 130 : 143);
        return;
      }
      log.info("stopping: work in hand may finish; a second signal ends at once", { signal: name });
      controller.abort(new StopRequest(`the process was asked to stop (${name})`));
    };
    system.addSignalListener(name, listener);
    return [name, listener] as const;
  });
  return {
    signal: controller.signal,
    close() {
      for (const [name, listener] of listeners) system.removeSignalListener(name, listener);
    },
  };
}
