/** One process from its configuration to its exit code: log, signals, last words. */
import { createLogger } from "../telemetry/log.ts";
import type { Logger } from "../telemetry/logger.ts";
import { Redactor } from "../telemetry/redactor.ts";
import { runApp } from "./app.ts";
import type { Config } from "./config.ts";
import { listenForStop, StopRequest } from "./signals.ts";

/** What was noticed before there was a log. */
export interface StartNotes {
  readonly warnings: readonly string[];
  readonly unknownVariables: readonly { variable: string; suggestion?: string | undefined }[];
}

/** How much longer than the shutdown timeout an orderly end may take as a whole, in milliseconds. */
const LAST_RESORT_MS = 20_000;

/** Runs the configured mode. Resolves to the exit code: 0 after an orderly end, 1 after a failure. */
export async function runProcess(config: Config, notes: StartNotes): Promise<number> {
  const environment = Deno.env.toObject();
  const redactor = new Redactor();
  if (config.coderSessionToken !== undefined) redactor.add(config.coderSessionToken);
  const log = createLogger({
    level: config.debug ? "debug" : config.logLevel,
    format: config.logFormat ?? (Deno.stderr.isTerminal() ? "text" : "json"),
    redactor,
  });
  for (const warning of notes.warnings) log.warn(warning);
  if (notes.unknownVariables.length > 0) {
    log.debug("environment variables without a meaning here", { variables: notes.unknownVariables });
  }
  const likely = notes.unknownVariables.filter(({ suggestion }) => suggestion !== undefined);
  for (const { variable, suggestion } of likely) {
    log.warn("unknown environment variable", { variable, didYouMean: suggestion });
  }

  const failed = Promise.withResolvers<never>();
  const onUnhandled = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    failed.reject(new Error("A failure that nobody handled.", { cause: event.reason }));
  };
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    failed.reject(new Error("A failure that nobody handled.", { cause: event.error }));
  };
  globalThis.addEventListener("unhandledrejection", onUnhandled);
  globalThis.addEventListener("error", onError);
  const stop = listenForStop(log);
  try {
    const run = runApp(config, { signal: stop.signal, log, redactor, environment });
    await Promise.race([run, failed.promise, overdue(stop.signal, config.shutdownTimeout + LAST_RESORT_MS)]);
    log.info("stopped");
    return 0;
  } catch (error) {
    lastWords(log, error);
    return 1;
  } finally {
    stop.close();
    globalThis.removeEventListener("unhandledrejection", onUnhandled);
    globalThis.removeEventListener("error", onError);
  }
}

/** Rejects so long after the stop was asked for: an orderly end that does not come must not keep the process. */
function overdue(stop: AbortSignal, afterMs: number): Promise<never> {
  return new Promise((_, reject) => {
    stop.addEventListener("abort", () => {
      const timer = setTimeout(
        () => reject(new Error(`The orderly end took longer than ${afterMs / 1000} s.`)),
        afterMs,
      );
      Deno.unrefTimer(timer);
    }, { once: true });
  });
}

/** Why the process ends, in one line that a person can act on. */
function lastWords(log: Logger, error: unknown): void {
  if (error instanceof StopRequest) return;
  const message = error instanceof Error ? error.message : String(error);
  const causes: string[] = [];
  let cause = error instanceof Error ? error.cause : undefined;
  for (let depth = 0; cause !== undefined && depth < 5; depth++) {
    causes.push(cause instanceof Error ? cause.message : String(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  log.error(message, causes.length === 0 ? {} : { because: causes.join(": ") });
  log.debug("the failure in full", { error });
}
