/** Answers that are no results: failures of HTTP, in the form of JSON-RPC. */
import type { HttpCall } from "./http_call.ts";

const JSON_TYPE = { "content-type": "application/json" } as const;

/** Codes of JSON-RPC that are used here. */
export const RPC = {
  parse: -32700,
  invalidRequest: -32600,
  internal: -32603,
  /** What HTTP says already. */
  transport: -32000,
  session: -32001,
} as const;

/** Answers JSON as it is given. */
export function answerJson(
  call: HttpCall,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  call.answer(200, text, { ...JSON_TYPE, ...headers });
}

/** Answers that it is not done, and why. */
export function refuse(
  call: HttpCall,
  status: number,
  message: string,
  options: {
    readonly code?: number;
    readonly id?: string | number | null;
    readonly data?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): void {
  const { code = RPC.transport, id = null, headers = {}, data } = options;
  const body = JSON.stringify({ jsonrpc: "2.0", error: { code, message, data }, id });
  call.answer(status, body, { ...JSON_TYPE, ...headers });
}

/** Answers a health check, or what is not there. */
export function answerText(call: HttpCall, status: number, text: string): void {
  call.answer(status, text, {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
  });
}
