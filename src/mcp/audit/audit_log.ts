/** Writes down every call: a line each, never in anybody's way. */
import { type Clock, settlesWithin, sleep, systemClock } from "../../telemetry/clock.ts";
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import type { Redactor } from "../../telemetry/redactor.ts";
import type { AuditSink, McpAuditRecord } from "../surface.ts";
import { lineOf } from "./lines.ts";
import { FileTarget, type LineTarget, streamTarget } from "./target.ts";

export interface AuditLogOptions {
  readonly target: LineTarget;
  readonly redactor: Redactor;
  /** What waits to be written at most, in characters; what is more is lost, and counted. @default {4 Mi} */
  readonly maxWaiting?: number;
  /** Between two tries where writing fails, in milliseconds. @default {1_000} */
  readonly retryMs?: number;
  /** How long the end waits for what is not written yet, in milliseconds. @default {2_000} */
  readonly closeMs?: number;
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly metrics?: Metrics;
}

/** So much is written at once, in characters. */
const CHUNK = 262_144;

export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #clock: Clock;
  readonly #encoder = new TextEncoder();
  readonly #end = new AbortController();
  readonly #count: (result: string, by?: number) => void;
  #waiting: string[] = [];
  #size = 0;
  #writing: Promise<void> | undefined;
  #isFailing = false;

  constructor(options: AuditLogOptions) {
    const { metrics = noMetrics, clock = systemClock } = options;
    this.#options = options;
    this.#clock = clock;
    const records = metrics.counter(
      "coder_k8s_mcp_audit_records_total",
      "Records of calls, by whether they were written or lost.",
      ["result"],
    );
    this.#count = (result, by = 1) => records.inc({ result }, by);
  }

  /** See `AuditSink`. */
  readonly write: AuditSink = (record: McpAuditRecord) => {
    const { redactor, maxWaiting = 4 << 20 } = this.#options;
    const line = lineOf(record, redactor);
    if (this.#end.signal.aborted || this.#size + line.length > maxWaiting) {
      return this.#lost(1, "it is too slow");
    }
    this.#waiting.push(line);
    this.#size += line.length;
    this.#writing ??= this.#run();
  };

  /** Writes what is left, as long as that may take. What comes later is lost. */
  async close(): Promise<void> {
    const { closeMs = 2_000, target } = this.#options;
    const isDone = await settlesWithin(this.#writing ?? Promise.resolve(), closeMs, this.#clock);
    this.#end.abort();
    if (!isDone) this.#lost(this.#waiting.length, "the process ends");
    this.#waiting = [];
    target.close();
  }

  async #run(): Promise<void> {
    // All that comes in one turn is written at once.
    await Promise.resolve();
    const { target, retryMs = 1_000 } = this.#options;
    while (this.#waiting.length > 0 && !this.#end.signal.aborted) {
      const lines = this.#next();
      const text = lines.join("");
      try {
        await target.write(this.#encoder.encode(text));
        this.#count("written", lines.length);
        this.#isFailing = false;
      } catch (error) {
        // Part of it may be there already: nothing is written twice.
        this.#lost(lines.length, "it cannot be written to", error);
        await sleep(retryMs, this.#end.signal, this.#clock);
      } finally {
        this.#size -= text.length;
      }
    }
    this.#writing = undefined;
  }

  #next(): string[] {
    let [count, size] = [0, 0];
    while (count < this.#waiting.length && size < CHUNK) size += this.#waiting[count++]!.length;
    return this.#waiting.splice(0, count);
  }

  #lost(count: number, why: string, error?: unknown): void {
    this.#count("lost", count);
    if (this.#isFailing) return;
    // Once, until something is written again.
    this.#isFailing = true;
    const { log = silentLogger } = this.#options;
    log.error("records of calls are lost", { why, ...(error === undefined ? {} : { error }) });
  }
}

/**
 * Makes it for `-` (standard output), `off` or a path.
 *
 * @throws where the file cannot be written to
 */
export function openAuditLog(
  to: string,
  options: Omit<AuditLogOptions, "target">,
): { readonly write: AuditSink; close(): Promise<void> } {
  if (to === "off") return { write() {}, close: () => Promise.resolve() };
  if (to === "-") return new AuditLog({ ...options, target: streamTarget() });
  const target = new FileTarget({ path: to });
  try {
    target.open();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The audit log ${to} cannot be written to: ${why}`, { cause });
  }
  return new AuditLog({ ...options, target });
}
