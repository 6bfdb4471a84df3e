/** The endpoint on a free loopback port, and a client that says exactly what a test wants. */
import { MODERN_VERSION } from "../protocol/versions.ts";
import { testVisitor, type TestWorld, testWorld } from "../protocol/testing.ts";
import type { Admit } from "../surface.ts";
import { createMcpEndpoint, type McpEndpoint, type McpEndpointOptions } from "./endpoint.ts";

export type Json = Record<string, unknown>;

export interface TestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** What JSON it is; the last event where it is a stream. */
  readonly json: Json;
  /** All events of a stream. */
  readonly events: readonly Json[];
}

export interface TestEndpoint extends AsyncDisposable {
  readonly test: TestWorld;
  readonly endpoint: McpEndpoint;
  readonly url: string;
  readonly port: number;
  /** Sends a message to `/mcp`. */
  post(message: unknown, headers?: Record<string, string>): Promise<TestAnswer>;
  /** Any request, with the headers that every client sends. */
  send(method: string, path: string, headers?: Record<string, string>, body?: string): Promise<Response>;
  /** Begins a session; its headers. */
  begin(
    options?: { version?: string; capabilities?: Json; caller?: string },
  ): Promise<Record<string, string>>;
}

/** The caller is who the header `x-caller` says, and nobody where that is `nobody`. */
export const admitByHeader: Admit = ({ headers }) => {
  const id = headers.get("x-caller") ?? "ann";
  const message = "say who you are";
  return Promise.resolve(
    id === "nobody"
      ? { refusal: { status: 401, message, challenge: "Bearer" } }
      : { visitor: testVisitor(id) },
  );
};

/** Starts it; ends with `await using`. */
export async function testEndpoint(
  options: Partial<McpEndpointOptions> = {},
  test: TestWorld = testWorld(),
): Promise<TestEndpoint> {
  const endpoint = createMcpEndpoint({
    world: test.world,
    address: { hostname: "127.0.0.1", port: 0 },
    admit: admitByHeader,
    rate: 0,
    ...options,
  });
  const { port } = await endpoint.listen();
  const scheme = options.tls === undefined ? "http" : "https";
  const url = `${scheme}://127.0.0.1:${port}`;
  const send = (method: string, path: string, headers: Record<string, string> = {}, body?: string) =>
    fetch(`${url}${path}`, {
      method,
      headers: { accept: "application/json, text/event-stream", ...headers },
      ...(body === undefined ? {} : { body }),
    });
  const post = async (message: unknown, headers: Record<string, string> = {}) => {
    const body = typeof message === "string" ? message : JSON.stringify(message);
    return await answerOf(
      await send("POST", "/mcp", { "content-type": "application/json", ...headers }, body),
    );
  };
  return {
    test,
    endpoint,
    url,
    port,
    send,
    post,
    async begin({ version = "2025-11-25", capabilities = {}, caller } = {}) {
      const own: Record<string, string> = caller === undefined ? {} : { "x-caller": caller };
      const params = { protocolVersion: version, capabilities, clientInfo: { name: "test", version: "1" } };
      const answer = await post(request("initialize", params), own);
      const id = answer.headers.get("mcp-session-id");
      if (id === null) throw new Error(`no session: ${answer.status} ${answer.text}`);
      return { ...own, "mcp-session-id": id, "mcp-protocol-version": version };
    },
    [Symbol.asyncDispose]: () => endpoint.close(),
  };
}

async function answerOf(response: Response): Promise<TestAnswer> {
  const text = await response.text();
  const { status, headers } = response;
  const isStream = headers.get("content-type")?.startsWith("text/event-stream") === true;
  const events = isStream ? eventsOf(text) : [];
  const json = isStream ? events.at(-1) ?? {} : jsonOf(text);
  return { status, headers, text, events, json };
}

function jsonOf(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** The data of events as JSON. */
export function eventsOf(text: string): Json[] {
  return text.split("\n").filter((line) => line.startsWith("data: ")).map((line) => jsonOf(line.slice(6)));
}

/** A request of JSON-RPC. */
export function request(method: string, params?: Json, id: string | number = 1): Json {
  return { jsonrpc: "2.0", id, method, ...(params === undefined ? {} : { params }) };
}

/** A call of a tool. */
export const toolCall = (name: string, args?: Json, more: Json = {}, id: string | number = 1): Json =>
  request("tools/call", { name, ...(args === undefined ? {} : { arguments: args }), ...more }, id);

/** The same of the era without sessions, with its headers. */
export function modernRequest(
  method: string,
  params: Json = {},
  { capabilities = {}, meta = {} }: { readonly capabilities?: Json; readonly meta?: Json } = {},
): { readonly message: Json; readonly headers: Record<string, string> } {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": MODERN_VERSION,
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": capabilities,
    ...meta,
  };
  const name = params["name"] ?? params["uri"];
  return {
    message: request(method, { ...params, _meta }),
    headers: {
      "mcp-protocol-version": MODERN_VERSION,
      "mcp-method": method,
      ...(typeof name === "string" ? { "mcp-name": name } : {}),
    },
  };
}
