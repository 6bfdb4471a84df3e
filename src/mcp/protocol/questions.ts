/** Asks the person behind the client whether a plan may be carried out. */
import {
  CLIENT_CAPABILITIES_META_KEY,
  inputResponse,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { ToolError } from "../errors.ts";
import type { Elicit } from "../run.ts";
import type { CallTime } from "./call_time.ts";
import { QuestionFirst } from "./calls.ts";
import type { Serving } from "./serving.ts";
import { sign, verify } from "./signed.ts";

/** The one question of a call. */
export const QUESTION = "confirm";
/** Whoever accepts has said it all. */
export const ACCEPT_SCHEMA = { type: "object", properties: {} } as const;

const PURPOSE = "mcp-question";

/**
 * Of the era without sessions: the question is the call's answer, and the client calls again with what it was told.
 * Undefined where it says that it can ask nobody.
 */
export function askByAnswer(serving: Serving, { mcpReq }: ServerContext): Elicit | undefined {
  const envelope = mcpReq.envelope as Readonly<Record<string, { elicitation?: unknown }>> | undefined;
  if (!asksByForm(envelope?.[CLIENT_CAPABILITIES_META_KEY]?.elicitation)) return undefined;
  const { keys } = serving.world;
  return ({ message, binding: { hash } }) => {
    const state = mcpReq.requestState() as unknown;
    if (typeof state === "string") {
      const facts = verify(PURPOSE, state, keys) as { readonly h: string; readonly x: number } | undefined;
      if (facts === undefined) {
        const data = { reason: "invalid_request_state" };
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, "requestState: it is not from here", data);
      }
      const given = inputResponse(mcpReq.inputResponses, QUESTION);
      // What it was asked about may be old, or another plan by now: then it is asked again.
      if (facts.h === hash && facts.x > serving.now() && given.kind === "elicit") {
        return Promise.resolve(given.action === "accept" ? "accept" : "decline");
      }
    }
    const asked = { h: hash, x: serving.now() + serving.answerMs };
    return Promise.reject(new QuestionFirst({ message, state: sign(PURPOSE, asked, keys) }));
  };
}

/** Of the session era: asks while the call waits. */
export function askWhileWaiting(serving: Serving, { mcpReq }: ServerContext, time: CallTime): Elicit {
  return ({ message }) =>
    time.outside(async () => {
      const params = { message, requestedSchema: ACCEPT_SCHEMA };
      try {
        const answer = await mcpReq.send({ method: "elicitation/create", params: params as never }, {
          timeout: serving.answerMs,
          signal: time.signal,
        });
        return (answer as { readonly action?: unknown }).action === "accept" ? "accept" : "decline";
      } catch (cause) {
        throw new ToolError("declined", "nobody has answered the question: nothing was changed", { cause });
      }
    });
}

/** Whether what a client says of elicitation means forms: an empty object does, for so it was before there were others. */
export function asksByForm(elicitation: unknown): boolean {
  if (typeof elicitation !== "object" || elicitation === null) return false;
  return "form" in elicitation || Object.keys(elicitation).length === 0;
}
