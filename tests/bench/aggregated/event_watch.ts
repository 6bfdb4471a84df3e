/** One watch whose events are kept with when they came. */
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import type { Caller } from "./load.ts";

/** As far as it is looked at here. */
export interface WatchedWorkspace {
  readonly metadata: { readonly uid: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: { readonly ttlMillis?: number; readonly running?: boolean };
  readonly status: { readonly latestBuildStatus?: string };
}

/** Milliseconds since 1970, with parts of them. */
export function moment(): number {
  return performance.timeOrigin + performance.now();
}

/** See the file's head. Disposing of it ends the watch. */
export class EventWatch<T = WatchedWorkspace> implements Disposable {
  readonly #seen: { readonly at: number; readonly object: T }[] = [];
  readonly #answer: IncomingMessage;
  #rest = "";
  #wake = () => {};

  private constructor(answer: IncomingMessage) {
    this.#answer = answer;
    answer.setEncoding("utf8");
    answer.on("data", (text: string) => this.#take(text));
  }

  /** Watches from now on. */
  static async open<T = WatchedWorkspace>(
    { server, caPem, token }: Caller,
    path: string,
  ): Promise<EventWatch<T>> {
    const query = "watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan";
    const answer = await new Promise<IncomingMessage>((resolve, reject) =>
      void request(`${server}${path}?${query}`, {
        ca: caPem,
        agent: false,
        headers: { Authorization: `Bearer ${token}` },
      }, resolve).once("error", reject).end()
    );
    if (answer.statusCode !== 200) throw new Error(`the watch was answered with ${answer.statusCode}`);
    return new EventWatch<T>(answer);
  }

  /** Events so far. */
  get count(): number {
    return this.#seen.length;
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    const at = moment();
    for (const line of lines) this.#seen.push({ at, object: JSON.parse(line).object });
    this.#wake();
  }

  /**
   * When the first event came that is so, in milliseconds since 1970.
   *
   * @param from events before that are not looked at: a former {@linkcode count}
   * @throws after `timeoutMs`
   */
  async until(
    isSo: (object: T) => boolean,
    { from, timeoutMs }: { from: number; timeoutMs: number },
  ): Promise<number> {
    const end = performance.now() + timeoutMs;
    for (let index = from;; index++) {
      while (index >= this.#seen.length) {
        if (performance.now() > end) throw new Error(`no such event came within ${timeoutMs} ms`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 1_000);
          this.#wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      const { at, object } = this.#seen[index]!;
      if (isSo(object)) return at;
    }
  }

  [Symbol.dispose](): void {
    this.#answer.destroy();
  }
}
