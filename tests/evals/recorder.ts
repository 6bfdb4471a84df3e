/** Stands in front of the endpoint and writes down what goes through: nobody's claims are counted. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { Buffer } from "node:buffer";

/** One request of a client, and what came back. */
export interface Exchange {
  /** Of JSON-RPC, such as `tools/call`; the HTTP method where there is none. */
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Milliseconds until the whole answer was there. */
  readonly ms: number;
  /** Of JSON-RPC. */
  readonly result: Readonly<Record<string, unknown>> | undefined;
  readonly error: Readonly<Record<string, unknown>> | undefined;
}

export interface Recorder extends AsyncDisposable {
  /** For the client. */
  readonly url: string;
  /** In the order of their ends; those that the client left are not among them. */
  readonly exchanges: readonly Exchange[];
}

/** Of each connection by itself. */
const OWN_HEADERS = ["host", "connection", "keep-alive", "transfer-encoding", "content-length"];

/** Starts it on a free loopback port, in front of `upstream`, which is plain HTTP. */
export async function startRecorder(upstream: string): Promise<Recorder> {
  const exchanges: Exchange[] = [];
  const target = new URL(upstream);
  // One connection each, as clients that come and go have them.
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer((request, response) => {
    const since = performance.now();
    read(request).then((body) => {
      const outgoing = http.request({
        host: target.hostname,
        port: target.port,
        method: request.method,
        path: request.url,
        headers: { ...without(request.headers), host: target.host, "content-length": String(body.length) },
        agent,
      }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, without(answer.headers));
        response.flushHeaders();
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          response.write(chunk);
        });
        answer.on("error", () => response.destroy());
        answer.on("end", () => {
          const answered = Buffer.concat(chunks);
          const status = answer.statusCode ?? 0;
          exchanges.push({
            ...told(request.method ?? "", body, `${answer.headers["content-type"] ?? ""}`, answered),
            status,
            ms: performance.now() - since,
          });
          response.end();
        });
      });
      outgoing.on("error", (error) => {
        if (response.headersSent) response.destroy();
        else response.writeHead(502).end(error.message);
      });
      response.on("close", () => outgoing.destroy());
      outgoing.end(body);
    }, () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${target.pathname}`,
    exchanges,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

async function read(request: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function without(headers: http.IncomingHttpHeaders): http.OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => value !== undefined && !OWN_HEADERS.includes(name)),
  );
}

function told(httpMethod: string, body: Buffer, type: string, answered: Buffer) {
  const { id, method = httpMethod, params = {} } = messageOf(body.toString());
  const { result, error } = answerTo(id, type, answered.toString());
  return { method, params, bytesIn: body.length, bytesOut: answered.length, result, error };
}

interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: Record<string, unknown>;
}

function messageOf(text: string): Message {
  try {
    const message = JSON.parse(text);
    return typeof message === "object" && message !== null && !Array.isArray(message) ? message : {};
  } catch {
    return {};
  }
}

/** The message that answers, whether it came as JSON or as an event among others. */
function answerTo(id: unknown, type: string, text: string): Pick<Message, "result" | "error"> {
  if (id === undefined) return {};
  const messages = type.startsWith("text/event-stream")
    ? text.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => messageOf(line.slice(5)))
    : [messageOf(text)];
  return messages.find((one) => one.id === id && (one.result ?? one.error) !== undefined) ?? {};
}
