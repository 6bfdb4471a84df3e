/**
 * Calls one tool, over and over, from several connections: `load_process.ts '<LoadOrder as JSON>'`. A process of its own,
 * on bare sockets: what is measured is the server, and two processors are all there are.
 */
import type { LoadOrder, LoadResult } from "./load.ts";

async function run(order: LoadOrder): Promise<void> {
  const url = new URL(order.url);
  const times: number[] = [];
  const failures: string[] = [];
  let bytes = 0;
  const session = order.era === "sessions" ? await initialize(order, url) : undefined;
  const request = requestOf(order, url, session);
  const end = performance.now() + order.seconds * 1_000;
  const caller = async () => {
    const connection = await Connection.open(url);
    while (performance.now() < end && failures.length < 100) {
      const since = performance.now();
      const { status, text } = await connection.send(request);
      times.push(performance.now() - since);
      bytes = text.length;
      if (status !== 200 || text.includes('"isError":true') || !text.includes('"result"')) {
        failures.push(`${status} ${text.slice(0, 300)}`);
      }
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: order.callers }, caller));
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  const result: LoadResult = {
    perSecond: times.length / order.seconds,
    p50: at(0.5),
    p99: at(0.99),
    bytes,
    failures,
  };
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(result)));
}

async function initialize({ token }: LoadOrder, url: URL): Promise<string> {
  const connection = await Connection.open(url);
  const params = {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "bench", version: "1" },
  };
  const { head } = await connection.send(httpText(url, token, {
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params,
  }, {}));
  connection.close();
  const session = /^mcp-session-id: (.*)$/im.exec(head)?.[1]?.trim();
  if (session === undefined) throw new Error(`there is no session: ${head}`);
  return session;
}

function requestOf(order: LoadOrder, url: URL, session: string | undefined): Uint8Array {
  const { tool, args, token } = order;
  const modern = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const params = { name: tool, arguments: args, ...(session === undefined ? { _meta: modern } : {}) };
  const headers: Record<string, string> = session === undefined
    ? { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": tool }
    : { "mcp-protocol-version": "2025-11-25", "mcp-session-id": session };
  return httpText(url, token, { jsonrpc: "2.0", id: 1, method: "tools/call", params }, headers);
}

function httpText(url: URL, token: string, message: object, headers: Record<string, string>): Uint8Array {
  const body = new TextEncoder().encode(JSON.stringify(message));
  const all = {
    host: url.host,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    authorization: `Bearer ${token}`,
    "content-length": String(body.length),
    ...headers,
  };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const start = new TextEncoder().encode(`POST ${url.pathname} HTTP/1.1\r\n${head}\r\n`);
  const whole = new Uint8Array(start.length + body.length);
  whole.set(start);
  whole.set(body, start.length);
  return whole;
}

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly text: string;
}

class Connection {
  readonly #buffer = new Uint8Array(256 * 1_024);
  readonly #decoder = new TextDecoder();

  private constructor(private readonly tcp: Deno.TcpConn) {}

  static async open({ hostname, port }: URL): Promise<Connection> {
    const tcp = await Deno.connect({ hostname, port: Number(port) });
    tcp.setNoDelay(true);
    return new Connection(tcp);
  }

  close(): void {
    this.tcp.close();
  }

  async send(request: Uint8Array): Promise<Answer> {
    for (let sent = 0; sent < request.length;) sent += await this.tcp.write(request.subarray(sent));
    const parts: string[] = [];
    let size = 0;
    let headEnd = -1;
    let length = Infinity;
    let head = "";
    for (;;) {
      const count = await this.tcp.read(this.#buffer);
      if (count === null) throw new Error(`the connection was closed: ${parts.join("").slice(0, 300)}`);
      // Only ASCII is counted on: names of the bench have nothing else.
      parts.push(this.#decoder.decode(this.#buffer.subarray(0, count)));
      size += count;
      if (headEnd < 0) {
        const text = parts.join("");
        headEnd = text.indexOf("\r\n\r\n");
        if (headEnd < 0) continue;
        head = text.slice(0, headEnd);
        const given = /^content-length: (\d+)$/im.exec(head);
        if (given !== null) length = Number(given[1]);
      }
      const isWhole = length === Infinity
        ? parts.at(-1)!.endsWith("0\r\n\r\n")
        : size >= headEnd + 4 + length;
      if (isWhole) break;
    }
    return { status: Number(head.split(" ", 2)[1]), head, text: parts.join("").slice(headEnd + 4) };
  }
}

if (import.meta.main) await run(JSON.parse(Deno.args[0] ?? "") as LoadOrder);
