/** A plain client for the tests of the fault rig: one connection a request, every byte visible. */
import https from "node:https";
import { waitFor } from "./wait.ts";

/** Who asks, and where. */
export interface ClientOptions {
  url: string;
  caPem: string;
  token: string;
  userAgent?: string;
}

/** What came back so far. */
export class Reply {
  status: number | undefined;
  headers: Record<string, string | string[] | undefined> = {};
  text = "";
  ended = false;
  error: Error | undefined;
  constructor(private readonly cancel: () => void) {}

  /** Lines of a watch, parsed. */
  // deno-lint-ignore no-explicit-any -- objects of any kind
  get events(): { type: string; object: any }[] {
    return this.text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
  }

  /** Waits until it is over, in order or not. */
  async over(): Promise<this> {
    await waitFor(() => this.ended || this.error, { what: "the reply to be over" });
    return this;
  }

  close(): void {
    this.cancel();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Sends a request and returns at once; the reply fills itself. */
export function send(
  client: ClientOptions,
  method: string,
  path: string,
  body?: string,
  agent?: https.Agent,
): Reply {
  const request = https.request(new URL(path, client.url), {
    method,
    ca: client.caPem,
    agent: agent ?? false,
    headers: {
      authorization: `Bearer ${client.token}`,
      "user-agent": client.userAgent ?? "rig-test",
      ...(body === undefined ? {} : { "content-type": "application/json", "content-length": body.length }),
    },
  });
  const reply = new Reply(() => request.destroy());
  request.on("response", (response) => {
    reply.status = response.statusCode;
    reply.headers = response.headers;
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => reply.text += chunk);
    response.on("end", () => reply.ended = true);
    response.on("error", (error: Error) => reply.error ??= error);
    response.on("close", () => {
      if (!reply.ended) reply.error ??= new Error("the connection broke");
    });
  });
  request.on("error", (error) => reply.error ??= error);
  request.end(body);
  return reply;
}
