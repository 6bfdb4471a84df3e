/** Messages of JSON-RPC as far as transports look at them. */
import { parseJSONRPCMessage, type RequestId } from "@modelcontextprotocol/server";
import type { Session } from "./sessions.ts";

/** A message of any kind. */
export interface Message {
  readonly id?: RequestId;
  readonly method?: string;
  readonly params?: unknown;
}

export type RequestMessage = Message & { readonly id: RequestId; readonly method: string };

/** Undefined where one of them is none. */
export function parseMessages(values: readonly unknown[]): readonly Message[] | undefined {
  try {
    return values.map((value) => parseJSONRPCMessage(value) as Message);
  } catch {
    return undefined;
  }
}

export function isRequest(message: Message): message is RequestMessage {
  return message.method !== undefined && message.id !== undefined;
}

/** Hands an answer to the question that waits for it. Returns whether there is one. */
export function answered({ questions }: Pick<Session, "questions">, message: Message): boolean {
  const waiting = questions.get(String(message.id));
  waiting?.(message);
  return waiting !== undefined;
}

/** Ends the call that a client does not want any more, where it is here. */
export function cancelled({ calls }: Pick<Session, "calls">, { params }: Message): void {
  const { requestId, reason } = (params ?? {}) as {
    readonly requestId?: RequestId;
    readonly reason?: unknown;
  };
  if (requestId === undefined) return;
  calls.get(requestId)?.cancel(typeof reason === "string" ? reason : undefined);
}
