/** A POST to `/mcp`: reads it, and hands it to the quick lane, the era without sessions, or that of sessions. */
import { classifyInboundRequest, isJsonContentType } from "@modelcontextprotocol/server";
import type { Occasion, Serving } from "../protocol/serving.ts";
import { MODERN_VERSION } from "../protocol/versions.ts";
import type { Visitor } from "../surface.ts";
import { answerJson, refuse, RPC } from "./answers.ts";
import { BodyError, type HttpCall } from "./http_call.ts";
import type { Modern } from "./modern.ts";
import { answerQuickly, quickCallOf } from "./quick_lane.ts";
import { inHand, occasionOf, type SessionEra } from "./session_era.ts";

export interface PostOptions {
  readonly serving: Serving;
  readonly modern: Modern;
  readonly sessionEra: SessionEra;
  readonly maxBodyBytes: number;
  /** How long a request may take to arrive, in milliseconds. */
  readonly bodyMs: number;
  /** Takes what requests of a batch cost beyond the first. Returns after how many seconds to come again. */
  takeMore(caller: string, cost: number): number;
}

/** Answers; resolves when that is over. */
export async function handlePost(options: PostOptions, call: HttpCall, visitor: Visitor): Promise<void> {
  const body = await readBody(options, call);
  if (body === undefined) return;
  const { serving, modern, sessionEra } = options;
  const header = (name: string) => call.header(name);
  const quick = serving.extend === undefined
    ? quickCallOf(body.value, header, serving.world.surface.catalog)
    : undefined;
  if (quick !== undefined) {
    const occasion = quick.isModern ? modernOccasion(call, visitor) : undefined;
    const session = quick.isModern ? undefined : sessionEra.sessionOf(call, visitor, quick.id);
    if (occasion === undefined && session === undefined) return;
    if (session?.logLevel === undefined) {
      const at = occasion ?? occasionOf(call, session!, visitor, false);
      const answer = await answerQuickly(serving, at, quick, {
        onGone: (run) => call.onGone(run),
        onCancel: (run) => session === undefined ? () => {} : inHand(session, quick.id, run),
      });
      return answer === undefined ? call.answer(202, "") : answerJson(call, answer);
    }
  }
  const outcome = classifyInboundRequest({
    httpMethod: "POST",
    body: body.value,
    ...optional("protocolVersionHeader", header("mcp-protocol-version")),
    ...optional("mcpMethodHeader", header("mcp-method")),
    ...optional("mcpNameHeader", header("mcp-name")),
  });
  if (outcome.kind === "modern") return await modern.answer(call, body.value, modernOccasion(call, visitor));
  if (outcome.kind === "reject") {
    return refuse(call, outcome.httpStatus, outcome.message, {
      code: outcome.code,
      id: idOf(body.value),
      ...(outcome.data === undefined ? {} : { data: outcome.data }),
    });
  }
  if (Array.isArray(body.value)) {
    const seconds = options.takeMore(visitor.caller.id, body.value.length - 1);
    if (seconds > 0) {
      return refuse(call, 429, "too many requests", { headers: { "retry-after": String(seconds) } });
    }
  }
  return await sessionEra.post(call, body.value, visitor);
}

async function readBody(
  { serving, maxBodyBytes, bodyMs }: PostOptions,
  call: HttpCall,
): Promise<{ readonly value: unknown } | undefined> {
  const type = call.header("content-type");
  // What pages can send elsewhere without being asked for it is never JSON.
  if (type !== "application/json" && !isJsonContentType(type ?? null)) {
    refuse(call, 415, "Content-Type must be application/json");
    return undefined;
  }
  const accept = call.header("accept");
  if (!accepts(accept, "application/json") || !accepts(accept, "text/event-stream")) {
    refuse(call, 406, "Accept must name application/json and text/event-stream");
    return undefined;
  }
  let text: string;
  try {
    text = await call.text(maxBodyBytes, bodyMs);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    serving.metrics.refusals.inc({ reason: "body" });
    refuse(call, error.status, error.message);
    return undefined;
  }
  try {
    return { value: JSON.parse(text) };
  } catch {
    refuse(call, 400, "the body is not JSON", { code: RPC.parse });
    return undefined;
  }
}

/** Whether a header `Accept` takes a type; absent, it takes none. */
export function accepts(accept: string | undefined, type: string): boolean {
  if (accept === undefined) return false;
  if (accept.includes(type)) return true;
  return accept.split(",").some((part) => {
    const range = part.split(";", 1)[0]!.trim().toLowerCase();
    return range === type || range === "*/*" || range === `${type.slice(0, type.indexOf("/"))}/*`;
  });
}

function modernOccasion(call: HttpCall, visitor: Visitor): Occasion {
  return {
    visitor,
    version: () => MODERN_VERSION,
    traceparent: call.header("traceparent"),
    maySendQuestions: () => false,
  };
}

function idOf(body: unknown): string | number | null {
  const id = (body as { readonly id?: unknown } | null)?.id;
  return typeof id === "string" || typeof id === "number" ? id : null;
}

function optional<K extends string>(key: K, value: string | undefined): { [name in K]?: string } {
  return value === undefined ? {} : { [key]: value } as { [name in K]?: string };
}
