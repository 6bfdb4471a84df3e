/** HTTP as it is: any header, any body, and what comes back. */
import { request } from "node:http";

export interface RawRequest {
  /** @default {"POST"} */
  readonly method?: string;
  /** Beside `Content-Type: application/json` and `Accept` for both; undefined leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Sent as JSON where it is no string. */
  readonly body?: unknown;
  /** Leaves in the middle. */
  readonly signal?: AbortSignal;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Messages of JSON-RPC, whether they came as JSON or as events. */
  readonly messages: readonly RpcMessage[];
}

export interface RpcMessage {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** An answer that goes on. */
export interface OpenAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** All that came until now. */
  readonly text: string;
  /** Resolves when the server has ended it, or the connection broke. */
  readonly ended: Promise<void>;
  /** Leaves. */
  close(): void;
}

/** Sends it, and waits for all of the answer. */
export async function send(url: string, given: RawRequest = {}): Promise<RawAnswer> {
  const answer = await open(url, given);
  await answer.ended;
  const { status, headers, text } = answer;
  return { status, headers, text, messages: messagesOf(headers.get("content-type") ?? "", text) };
}

/** Sends it, and waits for the head of the answer. */
export async function open(url: string, given: RawRequest = {}): Promise<OpenAnswer> {
  const { method = "POST", body, signal } = given;
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    ...given.headers,
  };
  const sent = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const { promise, resolve, reject } = Promise.withResolvers<OpenAnswer>();
  // One connection each: nothing that an answer does to it meets the next request.
  const sending = {
    method,
    headers: Object.fromEntries(sent),
    agent: false,
    ...(signal === undefined ? {} : { signal }),
  };
  const outgoing = request(url, sending, (incoming) => {
    let text = "";
    incoming.setEncoding("utf8");
    incoming.on("data", (chunk: string) => text += chunk);
    const ended = Promise.withResolvers<void>();
    incoming.once("close", () => ended.resolve());
    incoming.once("error", () => ended.resolve());
    resolve({
      status: incoming.statusCode ?? 0,
      headers: new Headers(
        Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, `${value}`]),
      ),
      get text() {
        return text;
      },
      ended: ended.promise,
      close: () => outgoing.destroy(),
    });
  });
  outgoing.once("error", reject);
  outgoing.end(body === undefined || typeof body === "string" ? body : JSON.stringify(body));
  return await promise;
}

/** Reads messages out of a body. */
export function messagesOf(type: string, text: string): RpcMessage[] {
  if (text === "") return [];
  if (type.startsWith("application/json")) return [JSON.parse(text)].flat();
  if (!type.startsWith("text/event-stream")) return [];
  return [...text.matchAll(/^data: (.+)$/gm)].map(([, data = ""]) => JSON.parse(data));
}

/** A call of the session era. */
export const rpc = (method: string, params: object = {}, id: string | number = 1) => ({
  jsonrpc: "2.0",
  id,
  method,
  params,
});
export const notification = (method: string, params: object = {}) => ({ jsonrpc: "2.0", method, params });

export const initialize = (protocolVersion = "2025-11-25", capabilities: object = {}) =>
  rpc("initialize", { protocolVersion, capabilities, clientInfo: { name: "raw", version: "1" } }, 0);

const META = "io.modelcontextprotocol";

/** A call of the era without sessions: its body and its headers. */
export function modern(
  method: string,
  params: object = {},
  name?: string,
): Pick<RawRequest, "body" | "headers"> {
  const _meta = {
    [`${META}/protocolVersion`]: "2026-07-28",
    [`${META}/clientInfo`]: { name: "raw", version: "1" },
    [`${META}/clientCapabilities`]: {},
  };
  return {
    body: rpc(method, { ...params, _meta }),
    headers: {
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": method,
      ...(name === undefined ? {} : { "mcp-name": name }),
    },
  };
}

/** Begins a session; returns the headers that name it. */
export async function beginSession(
  url: string,
  version = "2025-11-25",
  headers: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, string>>> {
  const { status, headers: answered, text } = await send(url, { body: initialize(version), headers });
  const session = answered.get("mcp-session-id");
  if (status !== 200 || session === null) throw new Error(`There is no session: ${status} ${text}`);
  const own = { ...headers, "mcp-session-id": session, "mcp-protocol-version": version };
  const { status: told } = await send(url, { body: notification("notifications/initialized"), headers: own });
  if (told !== 202) throw new Error(`The session did not begin: ${told}`);
  return own;
}
