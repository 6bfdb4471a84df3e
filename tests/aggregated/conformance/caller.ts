/** Requests as bytes go: nothing is added to what a case says, and nothing of the answer is left out. */
import { Buffer } from "node:buffer";
import { Agent, request } from "node:https";
import type { IncomingMessage } from "node:http";

export interface Address {
  readonly host: string;
  readonly servername?: string;
  readonly port: number;
  readonly ca: string;
  /** Absent: no client certificate is shown. */
  readonly cert?: string;
  readonly key?: string;
}

export interface Reply {
  readonly code: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

export interface Call {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** @default {false} */
  readonly ownConnection?: boolean;
}

/** A client that keeps one connection, of one administrator. */
export class Caller implements Disposable {
  readonly #agent = new Agent({ keepAlive: true });

  /** @param token sent with every request that has no `authorization` of its own */
  constructor(private readonly address: Address, private readonly token?: string) {}

  /** The same server without our certificate; with a token, or without anything. */
  as(token?: string): Caller {
    const { cert: _cert, key: _key, ...address } = this.address;
    return new Caller(address, token);
  }

  async call(call: Call): Promise<Reply> {
    const answer = await this.open(call);
    const pieces: Uint8Array[] = [];
    for await (const piece of answer) pieces.push(piece as Uint8Array);
    return {
      code: answer.statusCode ?? 0,
      headers: answer.headers,
      text: Buffer.concat(pieces).toString("utf8"),
    };
  }

  /** The head of an answer; its body is still to be read. */
  open({ method = "GET", path, headers = {}, body, ownConnection = false }: Call): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = request({
        ...this.address,
        agent: ownConnection ? false : this.#agent,
        method,
        path,
        headers: {
          ...(body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) }),
          ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
          ...headers,
        },
        signal: AbortSignal.timeout(120_000),
      });
      sent.once("response", resolve);
      sent.once(
        "error",
        (error) => reject(new Error(`${method} ${path}: ${error.message}`, { cause: error })),
      );
      sent.end(body);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/** What was said beside the answer. */
export function warningsOf({ headers }: Pick<Reply, "headers">): string[] {
  return String(headers["warning"] ?? "").split(/, (?=299 )/).filter((one) => one !== "")
    .map((one) => JSON.parse(one.replace(/^299 - /, "")) as string);
}
