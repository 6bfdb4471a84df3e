/** The official clients, old and new, behind one face: what is asked of each is asked of all. */
import { Client as Client1 } from "npm:@modelcontextprotocol/sdk@1.32.2/client/index.js";
import { StdioClientTransport as Stdio1 } from "npm:@modelcontextprotocol/sdk@1.32.2/client/stdio.js";
import { StreamableHTTPClientTransport as Http1 } from "npm:@modelcontextprotocol/sdk@1.32.2/client/streamableHttp.js";
import { ElicitRequestSchema } from "npm:@modelcontextprotocol/sdk@1.32.2/types.js";
import { SSEClientTransport as Sse1 } from "npm:@modelcontextprotocol/sdk@1.32.2/client/sse.js";
import { Client as Client112 } from "npm:@modelcontextprotocol/sdk@1.12.3/client/index.js";
import { StdioClientTransport as Stdio112 } from "npm:@modelcontextprotocol/sdk@1.12.3/client/stdio.js";
import { StreamableHTTPClientTransport as Http112 } from "npm:@modelcontextprotocol/sdk@1.12.3/client/streamableHttp.js";
import { Client as Client110 } from "npm:@modelcontextprotocol/sdk@1.10.2/client/index.js";
import { StdioClientTransport as Stdio110 } from "npm:@modelcontextprotocol/sdk@1.10.2/client/stdio.js";
import { StreamableHTTPClientTransport as Http110 } from "npm:@modelcontextprotocol/sdk@1.10.2/client/streamableHttp.js";
import { SSEClientTransport as Sse110 } from "npm:@modelcontextprotocol/sdk@1.10.2/client/sse.js";
import {
  Client as Client2,
  StreamableHTTPClientTransport as Http2,
  type VersionNegotiationMode,
} from "npm:@modelcontextprotocol/client@2.4.0";
import { StdioClientTransport as Stdio2 } from "npm:@modelcontextprotocol/client@2.4.0/stdio";

/** Where the server is. */
export type Route =
  | {
    readonly url: string;
    readonly token?: string;
    /** Of clients since 1.13. @default the runtime's own */
    readonly fetch?: typeof fetch;
  }
  | { readonly command: string; readonly args: readonly string[]; readonly env?: Record<string, string> };

export interface ClientOptions {
  /** How the person behind the client answers questions. @default the client cannot ask anybody */
  readonly elicit?: (message: string) => "accept" | "decline" | "cancel";
}

export interface CallAnswer {
  readonly text: string;
  readonly structured?: Record<string, unknown>;
  readonly isError: boolean;
}

export interface AskOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (
    progress: { readonly done: number; readonly total?: number; readonly message?: string },
  ) => void;
}

/** A client that is connected. */
export interface ConnectedClient extends AsyncDisposable {
  /** The version that was agreed on. */
  readonly protocol: string;
  readonly sessionId: string | undefined;
  readonly server: { readonly name: string; readonly version: string };
  readonly instructions: string | undefined;
  readonly capabilities: Readonly<Record<string, unknown>>;
  /** Messages of the server, as they came. */
  readonly received: readonly Record<string, unknown>[];
  tools(): Promise<readonly { readonly name: string; readonly outputSchema?: unknown }[]>;
  call(name: string, args?: Record<string, unknown>, options?: AskOptions): Promise<CallAnswer>;
  resources(cursor?: string): Promise<{ readonly uris: readonly string[]; readonly nextCursor?: string }>;
  resourceTemplates(): Promise<readonly string[]>;
  read(uri: string): Promise<string>;
  prompts(): Promise<readonly string[]>;
  prompt(name: string, args: Record<string, string>): Promise<string>;
  complete(prompt: string, argument: string, value: string): Promise<readonly string[]>;
  ping(): Promise<void>;
  /** Ends the session at the server, where there is one. */
  endSession(): Promise<void>;
}

/** One release of the official client, in one of its postures. */
export interface ClientKind {
  readonly name: string;
  /** What it agrees on with a server that speaks all of them. */
  readonly protocol: string;
  readonly canElicit: boolean;
  connect(route: Route, options?: ClientOptions): Promise<ConnectedClient>;
}

export const LATEST: ClientKind = {
  name: "client 2.4.0, 2026-07-28",
  protocol: "2026-07-28",
  canElicit: true,
  connect: (route, options) => connect2(route, { pin: "2026-07-28" }, options),
};

export const CLIENT_1: ClientKind = {
  name: "sdk 1.32.2",
  protocol: "2025-11-25",
  canElicit: true,
  connect: (route, options) => connected(client1(options), transportOf(route, Http1, Stdio1)),
};

/** Those that know the transport of 2024; a route is the address of its stream. */
export const SSE_CLIENTS: readonly ClientKind[] = [
  {
    name: "sdk 1.10.2 over SSE",
    protocol: "2024-11-05",
    canElicit: false,
    connect: (route) => connected(new Client110(INFO), transportOf(route, Sse110, Stdio110)),
  },
  {
    name: "sdk 1.32.2 over SSE",
    protocol: "2025-11-25",
    canElicit: true,
    connect: (route, options) => connected(client1(options), transportOf(route, Sse1, Stdio1)),
  },
];

/** All of them; the last five versions of the protocol are spoken by one or another. */
export const CLIENTS: readonly ClientKind[] = [
  {
    name: "sdk 1.10.2",
    protocol: "2024-11-05",
    canElicit: false,
    connect: (route) => connected(new Client110(INFO), transportOf(route, Http110, Stdio110)),
  },
  {
    name: "sdk 1.12.3",
    protocol: "2025-03-26",
    canElicit: false,
    connect: (route) => connected(new Client112(INFO), transportOf(route, Http112, Stdio112)),
  },
  CLIENT_1,
  {
    name: "client 2.4.0 as it is by default",
    protocol: "2025-11-25",
    canElicit: true,
    connect: (route, options) => connect2(route, "legacy", options),
  },
  {
    name: "client 2.4.0 that finds out",
    protocol: "2026-07-28",
    canElicit: true,
    connect: (route, options) => connect2(route, "auto", options),
  },
  LATEST,
];

const INFO = { name: "coder-k8s-tests", version: "1.0.0" };

function client1({ elicit }: ClientOptions = {}): Client1 {
  const client = new Client1(INFO, { capabilities: elicit === undefined ? {} : { elicitation: {} } });
  if (elicit !== undefined) {
    client.setRequestHandler(
      ElicitRequestSchema,
      ({ params }: { params: { message: string } }) => ({
        action: elicit(params.message),
        content: { confirm: true },
      }),
    );
  }
  return client;
}

async function connect2(
  route: Route,
  mode: VersionNegotiationMode,
  { elicit }: ClientOptions = {},
): Promise<ConnectedClient> {
  const client = new Client2(INFO, {
    versionNegotiation: { mode },
    capabilities: elicit === undefined ? {} : { elicitation: {} },
  });
  if (elicit !== undefined) {
    client.setRequestHandler(
      "elicitation/create",
      ({ params }) => ({ action: elicit(params.message), content: { confirm: true } }),
    );
  }
  const transport = transportOf(route, Http2, Stdio2);
  return await connected(client, transport, {
    protocol: () => client.getNegotiatedProtocolVersion(),
    callTool: (params, options) => client.callTool(params as never, options as never),
  });
}

/** What all transports have in common. */
interface AnyTransport {
  sessionId?: string | undefined;
  onmessage?: unknown;
  terminateSession?(): Promise<void>;
}

/** What all clients have in common; their own types differ in what does not matter here. */
interface AnyClient {
  connect(transport: never): Promise<void>;
  close(): Promise<void>;
  ping(): Promise<unknown>;
  getServerVersion(): { readonly name: string; readonly version: string } | undefined;
  getServerCapabilities(): object | undefined;
  getInstructions(): string | undefined;
  listTools(params: undefined, options: { cacheMode: "bypass"; timeout?: number }): Promise<
    { readonly tools: readonly { readonly name: string; readonly outputSchema?: unknown }[] }
  >;
  listResources(params?: { cursor: string }): Promise<{
    readonly resources: readonly { readonly uri: string }[];
    readonly nextCursor?: string | undefined;
  }>;
  listResourceTemplates(): Promise<
    { readonly resourceTemplates: readonly { readonly uriTemplate: string }[] }
  >;
  readResource(params: { uri: string }): Promise<{ readonly contents: readonly unknown[] }>;
  listPrompts(): Promise<{ readonly prompts: readonly { readonly name: string }[] }>;
  getPrompt(params: { name: string; arguments: Record<string, string> }): Promise<{
    readonly messages: readonly { readonly content: unknown }[];
  }>;
  complete(params: {
    ref: { type: "ref/prompt"; name: string };
    argument: { name: string; value: string };
  }): Promise<{ readonly completion: { readonly values: readonly string[] } }>;
}

interface Call {
  readonly params: { readonly name: string; readonly arguments: Record<string, unknown> };
  readonly options: {
    readonly signal?: AbortSignal;
    readonly onprogress?: (
      progress: {
        readonly progress: number;
        readonly total?: number | undefined;
        readonly message?: string | undefined;
      },
    ) => void;
  };
}

interface Differences {
  protocol?(): string | undefined;
  /** @default as 1.x has it: parameters, schema, options */
  callTool?(params: Call["params"], options: Call["options"]): Promise<unknown>;
}

function transportOf<H extends AnyTransport, S extends AnyTransport>(
  route: Route,
  Http: new (
    url: URL,
    options: { requestInit: { headers: Record<string, string> }; fetch?: typeof fetch },
  ) => H,
  Stdio: new (
    options: { command: string; args: string[]; stderr: "inherit"; env?: Record<string, string> },
  ) => S,
): H | S {
  if ("url" in route) {
    const headers: Record<string, string> = route.token === undefined
      ? {}
      : { authorization: `Bearer ${route.token}` };
    const { fetch } = route;
    return new Http(new URL(route.url), {
      requestInit: { headers },
      ...(fetch === undefined ? {} : { fetch }),
    });
  }
  const { command, args, env } = route;
  return new Stdio({ command, args: [...args], stderr: "inherit", ...(env === undefined ? {} : { env }) });
}

async function connected(
  client: AnyClient,
  transport: AnyTransport,
  differences: Differences = {},
): Promise<ConnectedClient> {
  const received: Record<string, unknown>[] = [];
  listenIn(transport, (message) => received.push(message));
  await client.connect(transport as never);
  const old = client as unknown as {
    callTool(params: Call["params"], schema: undefined, options: Call["options"]): Promise<unknown>;
  };
  const {
    protocol = () => agreedVersion(received),
    callTool = (params, options) => old.callTool(params, undefined, options),
  } = differences;
  return {
    protocol: protocol() ?? "none",
    get sessionId() {
      return transport.sessionId;
    },
    server: client.getServerVersion() ?? { name: "", version: "" },
    instructions: client.getInstructions(),
    capabilities: { ...client.getServerCapabilities() },
    received,
    // What a client has kept of it is no answer of the server.
    tools: async () => (await client.listTools(undefined, { cacheMode: "bypass" })).tools,
    async call(name, args = {}, { signal, onProgress } = {}) {
      const answer = await callTool({ name, arguments: args }, {
        ...(signal === undefined ? {} : { signal }),
        ...(onProgress === undefined ? {} : {
          onprogress: ({ progress, total, message }) =>
            onProgress({
              done: progress,
              ...(total === undefined ? {} : { total }),
              ...(message === undefined ? {} : { message }),
            }),
        }),
      }) as {
        content: { text?: string }[];
        structuredContent?: Record<string, unknown>;
        isError?: boolean;
      };
      return {
        text: answer.content.map(({ text }) => text ?? "").join("\n"),
        ...(answer.structuredContent === undefined ? {} : { structured: answer.structuredContent }),
        isError: answer.isError === true,
      };
    },
    async resources(cursor) {
      // A client of the second major asks for all pages where it is not told which one.
      const { resources, nextCursor } = await client.listResources(
        ...(cursor === undefined ? [] : [{ cursor }]),
      );
      return {
        uris: resources.map(({ uri }) => uri),
        ...(nextCursor === undefined ? {} : { nextCursor }),
      };
    },
    async resourceTemplates() {
      return (await client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate);
    },
    async read(uri) {
      const { contents } = await client.readResource({ uri });
      return (contents[0] as { text?: string }).text ?? "";
    },
    prompts: async () => (await client.listPrompts()).prompts.map(({ name }) => name),
    async prompt(name, args) {
      const { messages } = await client.getPrompt({ name, arguments: args });
      return (messages[0]?.content as { text?: string }).text ?? "";
    },
    async complete(prompt, argument, value) {
      const { completion } = await client.complete({
        ref: { type: "ref/prompt", name: prompt },
        argument: { name: argument, value },
      });
      return completion.values;
    },
    async ping() {
      await client.ping();
    },
    async endSession() {
      await transport.terminateSession?.();
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/** Old clients do not say what was agreed on: their `initialize` has it. */
function agreedVersion(received: readonly Record<string, unknown>[]): string | undefined {
  const results = received.map(({ result }) => result as { protocolVersion?: string } | undefined);
  return results.find((result) => result?.protocolVersion !== undefined)?.protocolVersion;
}

/** Tells of every message that a transport hands on. */
function listenIn(transport: AnyTransport, tell: (message: Record<string, unknown>) => void): void {
  type Handler = (message: Record<string, unknown>, extra?: unknown) => void;
  let handler: Handler | undefined;
  Object.defineProperty(transport, "onmessage", {
    configurable: true,
    get: () =>
      handler === undefined ? undefined : (message: Record<string, unknown>, extra?: unknown) => {
        tell(message);
        handler?.(message, extra);
      },
    set: (given: Handler | undefined) => {
      handler = given;
    },
  });
}
