/**
 * Plain calls of tools that ask nobody first, without the SDK in between: the same answers (`quick_lane_test.ts` compares them), several
 * times as fast. Whatever is the least bit unusual is left to the SDK.
 */
import {
  classifyInboundRequest,
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  SERVER_INFO_META_KEY,
} from "@modelcontextprotocol/server";
import { ToolError } from "../errors.ts";
import type { ToolAnswer } from "../run.ts";
import { startCallTime } from "../protocol/call_time.ts";
import { callTool } from "../protocol/calls.ts";
import type { Occasion, Serving } from "../protocol/serving.ts";
import { answerResult, failureResult } from "../protocol/tool_result.ts";
import { MODERN_VERSION } from "../protocol/versions.ts";
import type { Catalog, ListedTool } from "../surface.ts";

export interface QuickCall {
  readonly id: string | number;
  readonly listed: ListedTool;
  readonly arguments: unknown;
  readonly meta: unknown;
  readonly isModern: boolean;
}

type Dict = Readonly<Record<string, unknown>>;

const BODY_KEYS = new Set(["jsonrpc", "id", "method", "params"]);
const PARAM_KEYS = new Set(["name", "arguments", "_meta"]);
const ENVELOPE_KEYS = [PROTOCOL_VERSION_META_KEY, CLIENT_INFO_META_KEY, CLIENT_CAPABILITIES_META_KEY];

/** What a request is as this lane takes it; undefined where it does not. */
export function quickCallOf(
  body: unknown,
  header: (name: string) => string | undefined,
  catalog: Catalog,
): QuickCall | undefined {
  if (!isDict(body) || body["method"] !== "tools/call" || body["jsonrpc"] !== "2.0") return undefined;
  const { id, params } = body;
  const hasId = typeof id === "string" || (typeof id === "number" && Number.isSafeInteger(id));
  if (!hasId || !isDict(params) || !hasOnly(body, BODY_KEYS) || !hasOnly(params, PARAM_KEYS)) {
    return undefined;
  }
  const { name, arguments: args, _meta: meta } = params;
  if (typeof name !== "string" || (args !== undefined && !isDict(args))) return undefined;
  const listed = catalog.get(name);
  if (listed === undefined || mayAsk(listed)) return undefined;
  const version = header("mcp-protocol-version");
  if (version !== MODERN_VERSION) {
    if (meta !== undefined && !isPlainMeta(meta)) return undefined;
    return { id, listed, arguments: args, meta, isModern: false };
  }
  if (header("mcp-method") !== "tools/call" || header("mcp-name") !== name) return undefined;
  return isPlainEnvelope(meta) ? { id, listed, arguments: args, meta, isModern: true } : undefined;
}

function mayAsk({ tool }: ListedTool): boolean {
  return tool.kind === "change" || (tool.kind === "act" && tool.asks === true);
}

/** How a client may end a call. Both return the function that forgets it. */
export interface QuickEnds {
  onGone(run: () => void): () => void;
  onCancel(run: () => void): () => void;
}

/** Runs it. Returns the whole answer; undefined where the client does not want it any more. */
export async function answerQuickly(
  serving: Serving,
  occasion: Occasion,
  quick: QuickCall,
  ends: QuickEnds,
): Promise<string | undefined> {
  const time = startCallTime(serving.deadlineMs);
  const leave = () => time.leave();
  const forget = [ends.onGone(leave), ends.onCancel(leave)];
  const { listed, arguments: args, meta } = quick;
  let result: string;
  try {
    const answer = await callTool(serving, occasion, { listed, arguments: args, meta, time, progress() {} });
    result = answerText(answer, occasion.version());
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    result = JSON.stringify(failureResult(error));
  } finally {
    for (const one of forget) one();
  }
  if (time.ended === "gone") return undefined;
  return `{"result":${resultText(result, quick.isModern, serving)},"jsonrpc":"2.0","id":${
    JSON.stringify(quick.id)
  }}`;
}

/** Of answers that are given again and again: they are the same objects. */
const answerTexts = new WeakMap<ToolAnswer, { readonly version: string; readonly text: string }>();

function answerText(answer: ToolAnswer, version: string): string {
  const known = answerTexts.get(answer);
  if (known?.version === version) return known.text;
  const text = JSON.stringify(answerResult(answer, version));
  answerTexts.set(answer, { version, text });
  return text;
}

const infoTexts = new WeakMap<object, string>();

/** As the SDK writes it. */
function resultText(text: string, isModern: boolean, { world }: Serving): string {
  if (!isModern) return text;
  const { info } = world.surface;
  let tail = infoTexts.get(info);
  if (tail === undefined) {
    const meta = JSON.stringify({ resultType: "complete", _meta: { [SERVER_INFO_META_KEY]: info } });
    infoTexts.set(info, tail = `,${meta.slice(1)}`);
  }
  return `${text.slice(0, -1)}${tail}`;
}

/** Of the session era: nothing that changes how it is answered. */
function isPlainMeta(meta: unknown): boolean {
  return isDict(meta) &&
    Object.keys(meta).every((key) => key !== "progressToken" && !key.startsWith("io.modelcontextprotocol/"));
}

/** Envelopes that were found to be well-formed, as texts: a client sends the same with every call. */
const goodEnvelopes = new Set<string>();
const MOST_ENVELOPES = 1_000;

function isPlainEnvelope(meta: unknown): boolean {
  if (!isDict(meta) || meta[PROTOCOL_VERSION_META_KEY] !== MODERN_VERSION) return false;
  for (const key of Object.keys(meta)) {
    if (key === "progressToken") return false;
    if (key.startsWith("io.modelcontextprotocol/") && !ENVELOPE_KEYS.includes(key)) return false;
  }
  const envelope = Object.fromEntries(ENVELOPE_KEYS.map((key) => [key, meta[key]]));
  const text = JSON.stringify(envelope);
  if (goodEnvelopes.has(text)) return true;
  const probe = { jsonrpc: "2.0", id: 0, method: "tools/call", params: { _meta: envelope } };
  if (classifyInboundRequest({ httpMethod: "POST", body: probe }).kind !== "modern") return false;
  if (goodEnvelopes.size >= MOST_ENVELOPES) goodEnvelopes.clear();
  if (text.length <= 4_096) goodEnvelopes.add(text);
  return true;
}

function isDict(value: unknown): value is Dict {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasOnly(value: Dict, keys: ReadonlySet<string>): boolean {
  for (const key in value) if (!keys.has(key)) return false;
  return true;
}
