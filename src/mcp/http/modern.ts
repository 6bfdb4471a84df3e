/** The era without sessions: each request says who asks and what it can, and the SDK takes it from there. */
import { createMcpHandler, type McpHttpHandler, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { createProtocolServer } from "../protocol/server.ts";
import type { Occasion, Serving } from "../protocol/serving.ts";
import { tellWrongParams } from "../protocol/wrong_params.ts";
import { refuse } from "./answers.ts";
import { type HttpCall, READING_MS } from "./http_call.ts";
import type { Streams } from "./streams.ts";

const KEEP_ALIVE_MS = 15_000;

export class Modern {
  readonly #serving: Serving;
  readonly #streams: Streams;
  readonly #occasions = new WeakMap<Request, Occasion>();
  readonly #calls: McpHttpHandler;
  /** On its own, so that subscriptions can end while calls go on. */
  readonly #subscriptions: McpHttpHandler;

  constructor(serving: Serving, streams: Streams) {
    this.#serving = serving;
    this.#streams = streams;
    this.#calls = this.#createHandler();
    this.#subscriptions = this.#createHandler();
  }

  #createHandler(): McpHttpHandler {
    const { log } = this.#serving;
    return createMcpHandler(({ requestInfo }) => {
      const occasion = requestInfo === undefined ? undefined : this.#occasions.get(requestInfo);
      if (occasion === undefined) throw new Error("a request without an occasion");
      return createProtocolServer(this.#serving, occasion);
    }, {
      legacy: "reject",
      keepAliveMs: KEEP_ALIVE_MS,
      onerror: (error) => log.debug("a request of the era without sessions failed", { error: error.message }),
    });
  }

  /** Answers it; resolves when that is over. @param body as it was parsed */
  async answer(call: HttpCall, body: unknown, occasion: Occasion): Promise<void> {
    const isSubscription = (body as { readonly method?: unknown }).method === "subscriptions/listen";
    const abort = new AbortController();
    const forget = call.onGone(() => abort.abort());
    const caller = occasion.visitor.caller.id;
    if (isSubscription && !this.#streams.hasRoom(caller)) {
      this.#serving.metrics.refusals.inc({ reason: "streams" });
      return refuse(call, 503, "too many streams are open", { headers: { "retry-after": "10" } });
    }
    const release = isSubscription ? this.#streams.add(caller, { end: () => abort.abort() }) : undefined;
    try {
      const request = new Request("http://mcp.invalid/mcp", {
        method: "POST",
        headers: call.headers,
        signal: abort.signal,
      });
      this.#occasions.set(request, occasion);
      const handler = isSubscription ? this.#subscriptions : this.#calls;
      await relay(call, await handler.fetch(request, { parsedBody: body }));
    } finally {
      release?.();
      forget();
    }
  }

  /** Tells all subscribers that it is over. Calls go on. */
  async endSubscriptions(): Promise<void> {
    await this.#subscriptions.close();
  }

  /** Ends calls as well. */
  async close(): Promise<void> {
    await this.#calls.close();
  }
}

/** Passes an answer of the SDK on. */
async function relay(call: HttpCall, answer: Response): Promise<void> {
  const { response } = call;
  const headers = Object.fromEntries(answer.headers);
  if (!answer.headers.get("content-type")?.startsWith("text/event-stream") || answer.body === null) {
    return call.answer(answer.status, answer.status === 202 ? "" : told(await answer.text()), headers);
  }
  delete headers["connection"];
  response.writeHead(answer.status, { ...headers, ...call.extraHeaders });
  response.flushHeaders();
  const reader = answer.body.getReader();
  const forget = call.onGone(() => void reader.cancel().catch(() => {}));
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || call.isGone) break;
      if (!response.write(value)) await drained(call);
    }
  } catch {
    // A stream that breaks off has nobody to be told.
  } finally {
    forget();
    response.end();
    call.limitReading();
  }
}

/** As the SDK has written it, but for what it takes for a mistake of its own. */
function told(text: string): string {
  if (!text.includes(`"code":${ProtocolErrorCode.InternalError}`)) return text;
  return JSON.stringify(tellWrongParams(JSON.parse(text)));
}

function drained(call: HttpCall): Promise<void> {
  return new Promise((resolve) => {
    const { response } = call;
    const timer = setTimeout(() => response.destroy(), READING_MS);
    const end = () => {
      clearTimeout(timer);
      forget();
      response.off("drain", end);
      resolve();
    };
    const forget = call.onGone(end);
    response.once("drain", end);
  });
}
