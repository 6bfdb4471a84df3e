/** Requests that never were on a wire. For tests alone. */
import type { KubeUser } from "../../../identity/mod.ts";
import type { Exchange } from "../http/exchange.ts";
import { readRequest } from "../request_info.ts";

export interface ExchangeOptions {
  method?: string;
  target?: string;
  headers?: Record<string, string>;
  user?: KubeUser;
  body?: Uint8Array;
}

export const JANE: KubeUser = { name: "jane", groups: ["system:authenticated"], extra: {} };

/** @param target @default {"/apis/gadgets.coder.test/v1alpha1/namespaces/n/gadgets/a"} */
export function exchangeOf(options: ExchangeOptions = {}): Exchange {
  const {
    method = "GET",
    target = "/apis/gadgets.coder.test/v1alpha1/namespaces/n/gadgets/a",
    headers = {},
    body = new Uint8Array(),
  } = options;
  const controller = new AbortController();
  return {
    info: readRequest(method, target),
    headers,
    rawHeaders: Object.entries(headers).flat(),
    socket: {},
    auditId: "audit-1",
    user: "user" in options ? options.user : JANE,
    warnings: [],
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    readBody: () => Promise.resolve(body),
    onBegun: [],
  };
}
