/** Patches one after another, on a connection that stays open. */
import { moment } from "./event_watch.ts";
import type { Caller } from "./load.ts";

/** A patch that was answered, in milliseconds since 1970. */
export interface Patched {
  readonly sent: number;
  /** The whole answer had come. */
  readonly answered: number;
  readonly body: string;
}

/** Types of patches. */
export const MERGE = "application/merge-patch+json";
export const APPLY = "application/apply-patch+yaml";

export class Patches implements Disposable {
  readonly #client: Deno.HttpClient;

  constructor(private readonly caller: Caller) {
    this.#client = Deno.createHttpClient({ caCerts: [caller.caPem] });
  }

  /** Sends one. Throws where it is refused. */
  async send(path: string, patch: unknown, type: string = MERGE): Promise<Patched> {
    const { server, token } = this.caller;
    const text = typeof patch === "string" ? patch : JSON.stringify(patch);
    const sent = moment();
    const answer = await fetch(`${server}${path}`, {
      client: this.#client,
      method: "PATCH",
      body: text,
      headers: { Authorization: `Bearer ${token}`, "Content-Type": type },
    });
    const body = await answer.text();
    const answered = moment();
    if (!answer.ok) throw new Error(`PATCH ${path} answered ${answer.status}: ${body.slice(0, 500)}`);
    return { sent, answered, body };
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
