/**
 * The transport of 2024: what the server says goes over one stream, what the client says comes as requests beside it. All of it
 * must reach the same replica.
 */
import { randomUUID } from "node:crypto";
import { isJsonContentType, type JSONRPCMessage } from "@modelcontextprotocol/server";
import { asksByForm } from "../protocol/questions.ts";
import { createProtocolServer } from "../protocol/server.ts";
import type { Occasion, Serving } from "../protocol/serving.ts";
import { hasElicitation, UNSAID_VERSION } from "../protocol/versions.ts";
import type { Visitor } from "../surface.ts";
import { refuse, RPC } from "./answers.ts";
import { Exchange } from "./exchange.ts";
import { BodyError, type HttpCall } from "./http_call.ts";
import { answered, cancelled, isRequest, parseMessages, type RequestMessage } from "./messages.ts";
import { accepts } from "./post.ts";
import { inHand } from "./session_era.ts";
import { sessionHash } from "./session_token.ts";
import type { Session } from "./sessions.ts";
import { EventStream, type KeepAlive } from "./sse.ts";
import type { Streams } from "./streams.ts";

export const SSE_PATH = "/sse";
export const MESSAGES_PATH = "/messages";

export interface LegacySseOptions {
  readonly serving: Serving;
  readonly streams: Streams;
  readonly keepAlive: KeepAlive;
  readonly maxBodyBytes: number;
  readonly bodyMs: number;
}

interface Connection extends Pick<Session, "calls" | "questions"> {
  readonly id: string;
  readonly callerId: string;
  readonly stream: EventStream;
  version: string;
  elicits: boolean;
  logLevel: string | undefined;
}

export class LegacySse {
  readonly #options: LegacySseOptions;
  readonly #connections = new Map<string, Connection>();

  constructor(options: LegacySseOptions) {
    this.#options = options;
  }

  /** Opens the stream, and says where to send messages. */
  open(call: HttpCall, visitor: Visitor): void {
    const { streams, keepAlive, serving } = this.#options;
    if (!accepts(call.header("accept"), "text/event-stream")) {
      return refuse(call, 406, "Accept must name text/event-stream");
    }
    const callerId = visitor.caller.id;
    if (!streams.hasRoom(callerId)) {
      serving.metrics.refusals.inc({ reason: "streams" });
      return refuse(call, 503, "too many streams are open", { headers: { "retry-after": "10" } });
    }
    const stream = new EventStream(call, keepAlive);
    const connection: Connection = {
      id: randomUUID(),
      callerId,
      stream,
      calls: new Map(),
      questions: new Map(),
      version: UNSAID_VERSION,
      elicits: false,
      logLevel: undefined,
    };
    this.#connections.set(connection.id, connection);
    stream.onEnd(streams.add(callerId, stream));
    stream.onEnd(() => {
      this.#connections.delete(connection.id);
      for (const { cancel } of [...connection.calls.values()]) cancel("the stream has ended");
    });
    stream.event("endpoint", `${MESSAGES_PATH}?sessionId=${connection.id}`);
  }

  /** Takes a message; resolves when all that it asks for is answered. */
  async message(call: HttpCall, visitor: Visitor): Promise<void> {
    const connection = this.#connections.get(call.query.get("sessionId") ?? "");
    if (connection === undefined || connection.callerId !== visitor.caller.id) {
      return refuse(call, 404, "there is no such stream here: open one at /sse", { code: RPC.session });
    }
    if (!isJsonContentType(call.header("content-type") ?? null)) {
      return refuse(call, 415, "Content-Type must be application/json");
    }
    const { maxBodyBytes, bodyMs } = this.#options;
    let body: unknown;
    try {
      body = JSON.parse(await call.text(maxBodyBytes, bodyMs));
    } catch (error) {
      if (error instanceof BodyError) return refuse(call, error.status, error.message);
      return refuse(call, 400, "the body is not JSON", { code: RPC.parse });
    }
    const message = Array.isArray(body) ? undefined : parseMessages([body])?.[0];
    if (message === undefined) {
      return refuse(call, 400, "not a message of JSON-RPC 2.0", { code: RPC.invalidRequest });
    }
    call.answer(202, "");
    if (isRequest(message)) await this.#exchange(call, connection, message, visitor);
    else if (message.method === undefined) answered(connection, message);
    else if (message.method === "notifications/cancelled") cancelled(connection, message);
  }

  async #exchange(
    call: HttpCall,
    connection: Connection,
    request: RequestMessage,
    visitor: Visitor,
  ): Promise<void> {
    const occasion: Occasion = {
      visitor,
      version: () => connection.version,
      sessionId: sessionHash(connection.id),
      traceparent: call.header("traceparent"),
      maySendQuestions: () => connection.elicits,
      logLevel: { get: () => connection.logLevel, set: (level) => void (connection.logLevel = level) },
    };
    const server = createProtocolServer(this.#options.serving, occasion);
    const done = Promise.withResolvers<void>();
    const say = (message: JSONRPCMessage) => connection.stream.event("message", JSON.stringify(message));
    const exchange = new Exchange([request.id], {
      event: say,
      finish: (answers) => {
        if (request.method === "initialize") {
          const version = server.getNegotiatedProtocolVersion() ?? UNSAID_VERSION;
          connection.version = version;
          connection.elicits = hasElicitation(version) &&
            asksByForm(server.getClientCapabilities()?.elicitation);
        }
        for (const answer of answers) say(answer);
        done.resolve();
      },
    }, connection.questions);
    const forget = inHand(connection, request.id, (reason) => exchange.cancel(request.id, reason));
    try {
      await server.connect(exchange);
      exchange.onmessage?.(request as JSONRPCMessage);
      await done.promise;
    } finally {
      forget();
    }
  }
}
