/** One request of the session era, or a batch of them, between an HTTP answer and a server of the SDK. */
import { randomUUID } from "node:crypto";
import type { JSONRPCMessage, MessageExtraInfo, RequestId, Transport } from "@modelcontextprotocol/server";
import { tellWrongParams } from "../protocol/wrong_params.ts";
import type { Session } from "./sessions.ts";

/** Where what the server says goes. */
export interface Outlet {
  /** Something that is no answer: only a stream can carry it. */
  event(message: JSONRPCMessage): void;
  /** All is answered; or nothing more will be, where it was cancelled. */
  finish(answers: readonly JSONRPCMessage[]): void;
}

/** Lives as long as its requests do. */
export class Exchange implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: <T extends JSONRPCMessage>(message: T, extra?: MessageExtraInfo) => void;
  readonly #outlet: Outlet;
  readonly #questions: Session["questions"] | undefined;
  readonly #asked: string[] = [];
  readonly #open: Set<RequestId>;
  readonly #answers: JSONRPCMessage[] = [];
  #isClosed = false;

  /** @param questions where questions to the client wait for their answers; absent: none may be asked */
  constructor(ids: readonly RequestId[], outlet: Outlet, questions?: Session["questions"]) {
    this.#open = new Set(ids);
    this.#outlet = outlet;
    this.#questions = questions;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  send(message: JSONRPCMessage): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    if (!("method" in message)) {
      const { id } = message;
      if (id === undefined || !this.#open.has(id)) return Promise.resolve();
      this.#answers.push(tellWrongParams(message));
      this.#settle(id);
    } else if ("id" in message) {
      if (this.#questions === undefined) return Promise.reject(new Error("nobody can be asked here"));
      this.#ask(message, this.#questions);
    } else {
      this.#outlet.event(message);
    }
    return Promise.resolve();
  }

  /** Ids of the SDK count from zero in every exchange: clients see others, which nobody can guess. */
  #ask(message: JSONRPCMessage & { readonly id: RequestId }, questions: Session["questions"]): void {
    const { id } = message;
    const shown = `q-${randomUUID()}`;
    this.#asked.push(shown);
    questions.set(shown, (answer) => {
      questions.delete(shown);
      this.onmessage?.({ ...answer as object, id } as JSONRPCMessage);
    });
    this.#outlet.event({ ...message, id: shown } as JSONRPCMessage);
  }

  /** The client wants no answer any more. */
  cancel(id: RequestId, reason: string | undefined): void {
    if (!this.#open.has(id)) return;
    const params = { requestId: id, ...(reason === undefined ? {} : { reason }) };
    this.onmessage?.({ jsonrpc: "2.0", method: "notifications/cancelled", params } as JSONRPCMessage);
    this.#settle(id);
  }

  #settle(id: RequestId): void {
    this.#open.delete(id);
    if (this.#open.size > 0) return;
    this.#outlet.finish(this.#answers);
    // What the SDK does after its answer, it does first.
    queueMicrotask(() => void this.close());
  }

  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#isClosed = true;
    for (const id of this.#asked) this.#questions?.delete(id);
    this.onclose?.();
    return Promise.resolve();
  }
}
