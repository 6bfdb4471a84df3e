/** One process from its configuration to its exit code: log, signals, last words. */
import { createLogger } from "../telemetry/log.ts";
import type { Logger } from "../telemetry/logger.ts";
import { Redactor } from "../telemetry/redactor.ts";
import { runApp, type RunOptions } from "./app.ts";
import type { Config } from "./config.ts";
import { listenForStop, type SignalSystem, StopRequest } from "./signals.ts";

/** What was noticed before there was a log. */
export interface StartNotes {
  readonly warnings: readonly string[];
  /** `CODER_K8S_…` variables without a meaning, with the name that may have been meant. */
  readonly unknownVariables: readonly { variable: string; suggestion?: string | undefined }[];
}

/** How much longer than the shutdown timeout an orderly end may take as a whole, in milliseconds. */
const LAST_RESORT_MS = 20_000;

/** What a process reaches out to; tests put their own in its place. */
export interface ProcessSystem<C> {
  readonly environment: Readonly<Record<string, string>>;
  /** Whether people read the log. */
  readonly isTerminal: boolean;
  /** Takes one line of the log. @default standard error */
  readonly write?: (line: string) => void;
  readonly signals: SignalSystem;
  readonly run: (config: C, options: RunOptions) => Promise<void>;
}

/** What every process is told. */
export interface ProcessSettings
  extends Pick<Config, "logLevel" | "logFormat" | "debug" | "shutdownTimeout" | "coderSessionToken"> {}

/** This machine, for a process that runs so. */
export function realSystem<C>(run: ProcessSystem<C>["run"]): ProcessSystem<C> {
  return {
    environment: Deno.env.toObject(),
    isTerminal: Deno.stderr.isTerminal(),
    signals: Deno,
    run,
  };
}

/** Runs the configured mode. Resolves to the exit code: 0 after an orderly end, 1 after a failure. */
export function runProcess(
  config: Config,
  notes: StartNotes,
  system?: ProcessSystem<Config>,
): Promise<number> {
  return runToEnd(
    config,
    notes,
    system ??
      realSystem(async (config, options) =>
        config.app === "mcp-stdio"
          ? await (await import("./mcp/stdio.ts")).runStdio(config, options)
          : await runApp(config, options)
      ),
  );
}

/** Runs anything that has a log and ends by signals. Resolves to the exit code, as {@linkcode runProcess}. */
export async function runToEnd<C extends ProcessSettings>(
  config: C,
  notes: StartNotes,
  { environment, isTerminal, write, signals, run }: ProcessSystem<C>,
): Promise<number> {
  const redactor = new Redactor();
  if (config.coderSessionToken !== undefined) redactor.add(config.coderSessionToken);
  const log = createLogger({
    level: config.debug ? "debug" : config.logLevel,
    format: config.logFormat ?? (isTerminal ? "text" : "json"),
    redactor,
    ...(write === undefined ? {} : { write }),
  });
  sayNotes(log, notes);
  const unhandled = watchUnhandled();
  const stop = listenForStop(log, signals);
  try {
    await Promise.race([
      run(config, { signal: stop.signal, log, redactor, environment }),
      unhandled.failure,
      overdue(stop.signal, config.shutdownTimeout + LAST_RESORT_MS),
    ]);
    log.info("stopped");
    return 0;
  } catch (error) {
    if (error instanceof StopRequest) return 0;
    lastWords(log, error);
    return 1;
  } finally {
    stop.close();
    unhandled.close();
  }
}

function sayNotes(log: Logger, { warnings, unknownVariables }: StartNotes): void {
  for (const warning of warnings) log.warn(warning);
  for (const { variable, suggestion } of unknownVariables) {
    // Anybody may set variables with our prefix; only those that look like a slip of the pen deserve attention.
    if (suggestion === undefined) log.debug("unknown environment variable", { variable });
    else log.warn("unknown environment variable", { variable, didYouMean: suggestion });
  }
}

/** A failure that nobody handles ends the process, through the log and not past it. */
function watchUnhandled(): { failure: Promise<never>; close: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    reject(new Error("A failure that nobody handled.", { cause: event.reason }));
  };
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    reject(new Error("A failure that nobody handled.", { cause: event.error }));
  };
  globalThis.addEventListener("unhandledrejection", onRejection);
  globalThis.addEventListener("error", onError);
  return {
    failure: promise,
    close() {
      globalThis.removeEventListener("unhandledrejection", onRejection);
      globalThis.removeEventListener("error", onError);
    },
  };
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
