/** An HTTP proxy that gives each request to the next of several servers, as a Service without affinity does. */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Ends with `await using`. */
export interface RoundRobin extends AsyncDisposable {
  readonly url: string;
  /** How many requests each of them got. */
  readonly shares: readonly number[];
  /** Requests to each of them that wait for the beginning of an answer. */
  readonly waiting: readonly number[];
}

export interface RoundRobinOptions {
  /** Which of `count` gets the next request. @default one after the other */
  readonly choose?: (count: number, path: string) => number;
}

/** @param urls of the servers, with their paths; a request's own path is dropped. They are read for each request. */
export async function startRoundRobin(
  urls: readonly string[],
  options: RoundRobinOptions = {},
): Promise<RoundRobin> {
  const shares = urls.map(() => 0);
  const waiting = urls.map(() => 0);
  let turn = 0;
  const { choose = (count) => turn++ % count } = options;
  // A connection that is kept may be closed at its other end in the moment in which it is used again.
  const agent = new Agent({ keepAlive: false });
  const server = createServer((incoming, response) => {
    const index = choose(urls.length, incoming.url ?? "");
    shares[index] = (shares[index] ?? 0) + 1;
    waiting[index] = (waiting[index] ?? 0) + 1;
    passOn(urls[index] ?? "", agent, incoming, response, () => waiting[index] = (waiting[index] ?? 1) - 1);
  });
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    shares,
    waiting,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

/** Bodies go by as they come, and whoever leaves takes the other side along. */
function passOn(
  url: string,
  agent: Agent,
  incoming: IncomingMessage,
  response: ServerResponse,
  begun: () => void,
): void {
  const { host: _, connection: __, ...headers } = incoming.headers;
  const outgoing = request(url, { method: incoming.method ?? "GET", headers, agent });
  response.once("close", () => response.writableFinished || outgoing.destroy());
  const { promise, resolve } = Promise.withResolvers<void>();
  promise.then(begun);
  outgoing.once("error", (error) => {
    resolve();
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end(`${error}`);
  });
  outgoing.once("response", (answer) => {
    resolve();
    const { connection: _, ...answered } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, answered);
    response.flushHeaders();
    answer.once("error", () => response.destroy());
    answer.pipe(response);
  });
  incoming.pipe(outgoing);
}
