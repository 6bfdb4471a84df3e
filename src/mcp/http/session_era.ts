/** Protocols with `initialize`: sessions that any replica takes, a new server of the SDK for every request. */
import type { JSONRPCMessage, RequestId } from "@modelcontextprotocol/server";
import { createProtocolServer } from "../protocol/server.ts";
import { asksByForm } from "../protocol/questions.ts";
import type { Occasion, Serving } from "../protocol/serving.ts";
import { hasBatches, hasElicitation, isSessionVersion, UNSAID_VERSION } from "../protocol/versions.ts";
import type { Visitor } from "../surface.ts";
import { answerJson, refuse, RPC } from "./answers.ts";
import { Exchange, type Outlet } from "./exchange.ts";
import type { HttpCall } from "./http_call.ts";
import {
  answered,
  cancelled,
  isRequest,
  type Message,
  parseMessages,
  type RequestMessage,
} from "./messages.ts";
import { issueSession } from "./session_token.ts";
import type { Session, Sessions } from "./sessions.ts";
import { EventStream, type KeepAlive } from "./sse.ts";

export interface SessionEraOptions {
  readonly serving: Serving;
  readonly sessions: Sessions;
  readonly keepAlive: KeepAlive;
  /** Questions are asked while a call waits: the answer must come to this very replica. */
  readonly asksWhileWaiting: boolean;
}

/** Messages of one request. */
const MOST_MESSAGES = 50;

export class SessionEra {
  readonly #options: SessionEraOptions;

  constructor(options: SessionEraOptions) {
    this.#options = options;
  }

  /** The session that a request names. Answers and returns undefined where it names none that is one. */
  sessionOf(call: HttpCall, visitor: Visitor, id: RequestId | null = null): Session | undefined {
    const token = call.header("mcp-session-id");
    const version = call.header("mcp-protocol-version");
    const { sessions, serving } = this.#options;
    if (token === undefined) {
      refuse(call, 400, "Mcp-Session-Id is missing: begin with initialize", { id });
      return undefined;
    }
    const session = sessions.find(token, visitor.caller.id);
    if (session === undefined) {
      serving.metrics.refusals.inc({ reason: "session" });
      refuse(call, 404, "session not found: begin anew with initialize", { code: RPC.session, id });
      return undefined;
    }
    if (version !== undefined && !isSessionVersion(version)) {
      refuse(call, 400, `Mcp-Protocol-Version: ${version.slice(0, 32)} is not known here`, { id });
      return undefined;
    }
    return session;
  }

  /** Answers a POST; resolves when that is over. */
  async post(call: HttpCall, body: unknown, visitor: Visitor): Promise<void> {
    const messages = parseMessages(Array.isArray(body) ? body : [body]);
    if (messages === undefined) {
      return refuse(call, 400, "not messages of JSON-RPC 2.0", { code: RPC.invalidRequest });
    }
    const first = Array.isArray(body) ? undefined : messages[0];
    if (first !== undefined && isRequest(first)) {
      if (first.method === "initialize") return await this.#initialize(call, first, visitor);
      // Nothing is known of a client yet that only asks whether somebody is there.
      if (first.method === "ping" && call.header("mcp-session-id") === undefined) {
        return answerJson(call, JSON.stringify({ result: {}, jsonrpc: "2.0", id: first.id }));
      }
    }
    if (messages.some(({ method }) => method === "initialize")) {
      return refuse(call, 400, "initialize stands alone", { code: RPC.invalidRequest });
    }
    const session = this.sessionOf(call, visitor, idOf(first));
    if (session === undefined) return;
    if (Array.isArray(body)) {
      const objection = objectionToBatch(messages, session);
      if (objection !== undefined) return refuse(call, 400, objection, { code: RPC.invalidRequest });
    }
    await this.#messages(call, messages, session, visitor, Array.isArray(body));
  }

  async #messages(
    call: HttpCall,
    messages: readonly Message[],
    session: Session,
    visitor: Visitor,
    isBatch: boolean,
  ): Promise<void> {
    const requests: RequestMessage[] = [];
    let isLost = false;
    for (const message of messages) {
      if (isRequest(message)) requests.push(message);
      else if (message.method === undefined) isLost = !answered(session, message) || isLost;
      else if (message.method === "notifications/cancelled") cancelled(session, message);
    }
    if (requests.length > 0) return await this.#exchange(call, requests, session, visitor, isBatch);
    if (isLost) return refuse(call, 400, "no question waits for this answer here");
    call.answer(202, "");
  }

  async #exchange(
    call: HttpCall,
    requests: readonly RequestMessage[],
    session: Session,
    visitor: Visitor,
    isBatch: boolean,
  ): Promise<void> {
    const { serving, asksWhileWaiting } = this.#options;
    const asks = asksWhileWaiting && session.facts.elicits;
    const occasion = occasionOf(call, session, visitor, asks);
    const done = Promise.withResolvers<void>();
    const ids = requests.map(({ id }) => id);
    const outlet = new HttpOutlet(call, this.#options.keepAlive, isBatch, done.resolve);
    const exchange = new Exchange(ids, outlet, asks ? session.questions : undefined);
    const forgetCalls = ids.map((id) => inHand(session, id, (reason) => exchange.cancel(id, reason)));
    const forget = call.onGone(() => {
      void exchange.close();
      done.resolve();
    });
    try {
      await createProtocolServer(serving, occasion).connect(exchange);
      for (const request of requests) exchange.onmessage?.(request as JSONRPCMessage);
      await done.promise;
    } finally {
      forget();
      for (const forgetCall of forgetCalls) forgetCall();
    }
  }

  async #initialize(call: HttpCall, request: RequestMessage, visitor: Visitor): Promise<void> {
    const { serving } = this.#options;
    const occasion: Occasion = { visitor, version: () => UNSAID_VERSION, maySendQuestions: () => false };
    const server = createProtocolServer(serving, occasion);
    const answer = Promise.withResolvers<JSONRPCMessage | undefined>();
    const exchange = new Exchange([request.id], {
      event() {},
      finish: ([only]) => answer.resolve(only),
    });
    await server.connect(exchange);
    exchange.onmessage?.(request as JSONRPCMessage);
    const message = await answer.promise;
    const version = server.getNegotiatedProtocolVersion();
    const headers: Record<string, string> = {};
    if (message !== undefined && "result" in message && version !== undefined) {
      headers["mcp-session-id"] = issueSession(
        {
          version,
          elicits: hasElicitation(version) && asksByForm(server.getClientCapabilities()?.elicitation),
          client: server.getClientVersion()?.name ?? "",
          callerId: visitor.caller.id,
        },
        serving.world.keys,
        serving.now(),
      );
    }
    answerJson(call, JSON.stringify(message), headers);
  }
}

/** Lets a call be cancelled by its id. Returns the function that says that it is over. */
export function inHand(
  { calls }: Pick<Session, "calls">,
  id: RequestId,
  cancel: (reason: string | undefined) => void,
): () => void {
  const own = { cancel };
  calls.set(id, own);
  // A client may be mistaken and use an id twice.
  return () => void (calls.get(id) === own && calls.delete(id));
}

/** What is known of an exchange in a session. */
export function occasionOf(call: HttpCall, session: Session, visitor: Visitor, asks: boolean): Occasion {
  return {
    visitor,
    version: () => session.facts.version,
    sessionId: session.id,
    traceparent: call.header("traceparent"),
    maySendQuestions: () => asks,
    logLevel: { get: () => session.logLevel, set: (level) => void (session.logLevel = level) },
  };
}

/** One answer as JSON where nothing else is said before it; otherwise events. */
class HttpOutlet implements Outlet {
  #stream: EventStream | undefined;

  constructor(
    readonly call: HttpCall,
    readonly keepAlive: KeepAlive,
    readonly isBatch: boolean,
    readonly done: () => void,
  ) {}

  event(message: JSONRPCMessage): void {
    this.#stream ??= new EventStream(this.call, this.keepAlive);
    this.#stream.event("message", JSON.stringify(message));
  }

  finish(answers: readonly JSONRPCMessage[]): void {
    if (this.#stream !== undefined) {
      for (const answer of answers) this.#stream.event("message", JSON.stringify(answer));
      this.#stream.end();
    } else if (answers.length === 0) {
      this.call.answer(202, "");
    } else {
      answerJson(this.call, JSON.stringify(this.isBatch ? answers : answers[0]));
    }
    this.done();
  }
}

function objectionToBatch(
  messages: readonly Message[],
  { facts }: Session,
): string | undefined {
  if (!hasBatches(facts.version)) return "batches are not of this protocol";
  if (messages.length === 0) return "there is nothing in the batch";
  if (messages.length > MOST_MESSAGES) return `no more than ${MOST_MESSAGES} messages are taken at once`;
  const ids = messages.filter(isRequest).map(({ id }) => id);
  if (new Set(ids).size < ids.length) return "every request needs an id of its own";
  return undefined;
}

function idOf(message: Message | undefined): RequestId | null {
  return message?.method === undefined ? null : message.id ?? null;
}
