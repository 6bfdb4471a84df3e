/** What is on record of a call. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { isSecretName, REDACTED } from "../../telemetry/redaction_patterns.ts";
import { parseTraceparent } from "../../telemetry/tracing.ts";
import type { McpAuditRecord } from "../surface.ts";
import type { Provenance } from "../tool.ts";
import type { McpCaller } from "../../caller/types.ts";

/** What is known of a call before it is made. */
export interface CallFacts {
  /** Such as `tools/call`. */
  readonly method: string;
  /** A tool, a prompt or a URI. */
  readonly target: string;
  readonly arguments: unknown;
  readonly caller: McpCaller;
  readonly sessionId?: string | undefined;
  /** As the header of this name has it. */
  readonly traceparent?: string | undefined;
  /** The arguments are somebody's contents: what is on record must tell them apart, and not what they are. */
  readonly isPrivate?: boolean;
}

/** How it went. */
export interface CallEnd {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly changed: boolean;
  /** Of the sandbox session that it was done in. */
  readonly provenance?: Provenance | undefined;
  readonly error?: string;
  readonly message?: string;
}

const LONGEST_TEXT = 256;
const MOST_ITEMS = 20;
const DEEPEST = 4;

/** Puts it together. */
export function auditRecord(facts: CallFacts, end: CallEnd): McpAuditRecord {
  const workspace = end.provenance?.workspace ?? workspaceOf(facts);
  const session = end.provenance?.session ?? facts.sessionId;
  const trace = parseTraceparent(facts.traceparent)?.traceId;
  return {
    time: new Date(end.startedAt).toISOString(),
    level: end.error === undefined ? "info" : "warn",
    method: facts.method,
    caller: cut(facts.caller.user.name),
    caller_method: facts.caller.method,
    tool: cut(facts.target),
    arguments: facts.isPrivate === true ? digestOf(facts.arguments) : redacted(facts.arguments, 0),
    ...(session === undefined ? {} : { session_id: session }),
    ...(workspace === undefined ? {} : { workspace_id: workspace }),
    ...(trace === undefined ? {} : { trace_id: trace }),
    duration_ms: Math.max(0, Math.round(end.endedAt - end.startedAt)),
    success: end.error === undefined,
    changed: end.changed,
    ...(end.error === undefined ? {} : { error: end.error }),
    ...(end.message === undefined ? {} : { message: cut(end.message) }),
  };
}

function workspaceOf({ method, target, arguments: args }: CallFacts): string | undefined {
  if (method !== "tools/call" || !target.includes("workspace")) return undefined;
  const { namespace, name } = (args ?? {}) as Record<string, unknown>;
  if (typeof namespace !== "string" || typeof name !== "string" || name === "") return undefined;
  return cut(`${namespace}/${name}`);
}

/** Equal for equal arguments, in whatever order their names come. */
export function digestOf(args: unknown): { readonly sha256: string; readonly bytes: number } {
  const given = (args ?? {}) as Record<string, unknown>;
  const ordered = Object.fromEntries(Object.keys(given).sort().map((name) => [name, given[name]]));
  const text = JSON.stringify(ordered);
  return { sha256: createHash("sha256").update(text).digest("hex"), bytes: Buffer.byteLength(text) };
}

function redacted(value: unknown, depth: number): unknown {
  if (typeof value === "string") return cut(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= DEEPEST) return "[too deep]";
  if (Array.isArray(value)) {
    const shown = value.slice(0, MOST_ITEMS).map((one) => redacted(one, depth + 1));
    return value.length > MOST_ITEMS ? [...shown, `[${value.length - MOST_ITEMS} more]`] : shown;
  }
  const entries = Object.entries(value);
  const shown = entries.slice(0, MOST_ITEMS).map(([name, one]) =>
    [cut(name), isSecretName(name) ? REDACTED : redacted(one, depth + 1)] as const
  );
  if (entries.length > MOST_ITEMS) shown.push(["…", `${entries.length - MOST_ITEMS} more`]);
  return Object.fromEntries(shown);
}

function cut(text: string): string {
  return text.length <= LONGEST_TEXT
    ? text
    : `${text.slice(0, LONGEST_TEXT)}[${text.length - LONGEST_TEXT} more characters]`;
}
