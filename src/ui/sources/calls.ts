/** The last calls that this process has answered: one's own, or everybody's for those who may see them. */
import type { McpCaller } from "../../caller/types.ts";
import type { AuditSink, McpAuditRecord } from "../../mcp/surface.ts";
import { sleep } from "../../telemetry/clock.ts";
import type { CallRow } from "../types.ts";
import { REVIEW_MS, reviewed, type SeesAll } from "./review.ts";
import { Rest, type Source } from "./source.ts";
import { countOf, textOf, timeOf } from "./words.ts";

/** So many are kept. */
const MOST_KEPT = 200;
/** Calls that come in quick succession are shown together, in milliseconds. */
const GATHER_MS = 250;

interface KeptCall {
  readonly id: string;
  readonly record: McpAuditRecord;
}

/** A ring of the last records, and who wants to hear of new ones. */
export class LastCalls {
  readonly #kept: KeptCall[] = [];
  readonly #listeners = new Set<() => void>();
  #next = 1;

  get calls(): readonly KeptCall[] {
    return this.#kept;
  }

  /** See `AuditSink`. */
  readonly write: AuditSink = (record) => {
    // What was sent is not kept: nobody is shown it.
    this.#kept.push({ id: String(this.#next++), record: { ...record, arguments: undefined } });
    if (this.#kept.length > MOST_KEPT) this.#kept.shift();
    for (const listener of this.#listeners) listener();
  };

  /** Returns the function that ends it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** Writes to both. */
export function teeAudit(sink: AuditSink, other: AuditSink): AuditSink {
  return (record) => {
    sink(record);
    other(record);
  };
}

export interface CallsOptions {
  readonly last: LastCalls;
  /** Whether somebody may see everybody's calls. */
  readonly seesAll: SeesAll;
}

export function calls({ last, seesAll }: CallsOptions): Source {
  return {
    sections: ["calls"],
    async run(world) {
      const { board, signal, visitor, clock } = world;
      const rest = new Rest();
      const end = last.subscribe(() => rest.wake());
      const mayAll = reviewed(seesAll, world);
      try {
        while (!signal.aborted) {
          const all = await mayAll();
          const { caller } = visitor();
          board.replace("calls", last.calls.flatMap((call) => callRow(call, caller, all)));
          await sleep(GATHER_MS, signal, clock);
          await rest.wait(REVIEW_MS, signal, clock);
        }
      } finally {
        end();
      }
    },
  };
}

/** None where it is somebody else's, and theirs are not shown. */
export function callRow({ id, record }: KeptCall, caller: McpCaller, all: boolean): CallRow[] {
  const isOwn = record.caller === caller.user.name && record.caller_method === caller.method;
  if (!isOwn && !all) return [];
  const isTool = record.method === "tools/call";
  return [{
    id,
    at: timeOf(record.time),
    caller: textOf(record.caller, 256),
    // Names in addresses, and in messages, are for those alone who may see what is named.
    tool: isOwn || isTool ? textOf(record.tool, 256) : record.method,
    session: textOf(record.session_id, 256),
    ms: countOf(record.duration_ms),
    success: record.success === true,
    changed: record.changed === true,
    message: isOwn ? textOf(record.message) : textOf(record.error, 64),
  }];
}
