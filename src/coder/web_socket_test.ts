import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import http from "node:http";
import https from "node:https";
import type net from "node:net";
import { WebSocketServer } from "ws";
import { createAuthority, issueCertificate } from "../../tests/cluster/pki.ts";
import { startDeadline } from "./deadline.ts";
import { createTransport } from "./transport.ts";
import { TransportFailure } from "./transport_failure.ts";
import { createSockets, type Socket, type SocketOptions, type SocketTarget } from "./web_socket.ts";
import type { WsSocket } from "./ws_library.ts";

/** The server's side of one socket. */
interface Peer {
  send(data: Uint8Array, options: { binary: true }, done?: () => void): void;
  on(event: string, listener: (...args: never[]) => void): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

interface Server extends AsyncDisposable {
  readonly port: number;
  readonly requests: http.IncomingMessage[];
  peer(): Promise<Peer>;
}

interface ServerOptions {
  tls?: { key: string; cert: string };
  /** In place of an upgrade. */
  refuse?: string;
  autoPong?: boolean;
}

async function serve({ tls, refuse, autoPong = true }: ServerOptions = {}): Promise<Server> {
  const server = tls === undefined ? http.createServer() : https.createServer(tls);
  // deno-lint-ignore no-explicit-any -- `ws` has no types
  const sockets = new (WebSocketServer as any)({ noServer: true, autoPong });
  const requests: http.IncomingMessage[] = [];
  const peers: Peer[] = [];
  let waiting: ((peer: Peer) => void) | undefined;
  const raw = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => raw.add(socket));
  server.on("upgrade", (request: http.IncomingMessage, socket: net.Socket, head: Uint8Array) => {
    requests.push(request);
    if (refuse === "silence") return;
    if (refuse !== undefined) return void socket.end(refuse);
    sockets.handleUpgrade(request, socket, head, (peer: Peer) => {
      peers.push(peer);
      waiting?.(peers.shift()!);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    requests,
    peer: () => {
      const peer = peers.shift();
      return peer === undefined ? new Promise((resolve) => waiting = resolve) : Promise.resolve(peer);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of raw) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const at = (server: Server, more: Partial<SocketTarget> = {}): SocketTarget => ({
  url: new URL(`http://127.0.0.1:${server.port}/pty?a=1`),
  headers: { "X-Secret": "s" },
  ...more,
});

async function open(server: Server, options: SocketOptions = {}): Promise<{ socket: Socket; peer: Peer }> {
  const { socket } = await createSockets(options).open(at(server), { timeoutMs: 60_000 });
  assert.ok(socket);
  return { socket, peer: await server.peer() };
}

async function failure(opening: Promise<unknown>): Promise<TransportFailure> {
  const error = await opening.then(() => undefined, (error: unknown) => error);
  assert.ok(error instanceof TransportFailure, String(error));
  return error;
}

Deno.test("messages go both ways, with the headers and the query of the request", async () => {
  await using server = await serve();
  const { socket, peer } = await open(server);
  assert.equal(server.requests[0]?.url, "/pty?a=1");
  assert.equal(server.requests[0]?.headers["x-secret"], "s");
  const got = Promise.withResolvers<Uint8Array>();
  peer.on("message", (data: Uint8Array) => got.resolve(data));
  await socket.send(Uint8Array.of(1, 2, 3));
  assert.deepEqual([...await got.promise], [1, 2, 3]);
  for (const text of ["one", "two"]) peer.send(new TextEncoder().encode(text), { binary: true });
  peer.close(1000, "done");
  const seen: string[] = [];
  for await (const message of socket.messages) seen.push(new TextDecoder().decode(message));
  assert.deepEqual(seen, ["one", "two"]);
  assert.deepEqual(await socket.closed, { code: 1000, reason: "done" });
});

Deno.test("what comes before anybody reads is kept", async () => {
  await using server = await serve();
  const { socket, peer } = await open(server);
  peer.send(Uint8Array.of(7), { binary: true });
  peer.close(1000, "");
  await socket.closed;
  const seen: number[] = [];
  for await (const message of socket.messages) seen.push(...message);
  assert.deepEqual(seen, [7]);
});

Deno.test("nobody reads: the other side is held up, and nothing is lost once somebody does", async () => {
  await using server = await serve();
  const { socket, peer } = await open(server, { windowBytes: 65_536 });
  const piece = new Uint8Array(65_536).fill(5);
  const pieces = 512;
  let written = 0;
  for (let index = 0; index < pieces; index++) peer.send(piece, { binary: true }, () => written += 1);
  const reader = socket.messages[Symbol.asyncIterator]();
  let size = (await reader.next()).value.byteLength;
  // The kernels' buffers hold some megabytes; 32 MiB are more than they do.
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.ok(written < pieces, `${written} pieces were taken`);
  while (size < pieces * piece.byteLength) size += (await reader.next()).value.byteLength;
  assert.equal(size, pieces * piece.byteLength);
  socket.close();
});

/** A socket of which a test says what comes. */
class FakeWebSocket extends EventEmitter {
  isPaused = false;
  pauses = 0;

  /** How many of `most` messages of so many bytes come until it is paused. */
  flood(most: number, bytes: number): number {
    for (let count = 0; count < most; count++) {
      if (this.isPaused) return count;
      this.emit("message", new Uint8Array(bytes), true);
    }
    return most;
  }

  pause(): void {
    this.isPaused = true;
    this.pauses++;
  }

  resume(): void {
    this.isPaused = false;
  }

  send(): void {}
  ping(): void {}
  close(): void {}
  terminate(): void {}
}

Deno.test("messages fill the window, too: those of one byte do not come without end", async () => {
  const fake = new FakeWebSocket();
  const deadline = startDeadline(60_000, undefined);
  const opening = createSockets({
    windowBytes: 65_536,
    newWebSocket: () => {
      queueMicrotask(() => fake.emit("open"));
      return fake as unknown as WsSocket;
    },
  }).open({ url: new URL("http://127.0.0.1:1/"), headers: {} }, { timeoutMs: 60_000 });
  const { socket } = await deadline.race(opening);
  assert.ok(socket);
  const reader = socket.messages[Symbol.asyncIterator]();
  const take = async () => {
    const { value } = await deadline.race(reader.next());
    assert.equal(value?.byteLength, 1);
  };
  // Again and again: what is read makes as much room as it took.
  for (let round = 1; round <= 5; round++) {
    const came = fake.flood(65_536, 1);
    assert.ok(came > 100 && came < 1_000, `${came} messages came in round ${round}`);
    assert.equal(fake.pauses, round);
    let taken = 0;
    for (; fake.isPaused && taken < came; taken++) await take();
    assert.ok(taken > came / 4 && taken < came, `${taken} of ${came} were read until more was wanted`);
    for (; taken < came; taken++) await take();
  }
  // Large ones count by their bytes, as ever.
  assert.equal(fake.flood(1_000, 16_384), 4);
  socket.close();
  deadline.end();
});

Deno.test("a socket that breaks ends with 1006", async () => {
  await using server = await serve();
  const { socket, peer } = await open(server);
  peer.terminate();
  assert.equal((await socket.closed).code, 1006);
  for await (const _ of socket.messages) assert.fail("nothing was sent");
  assert.equal((await failure(socket.send(Uint8Array.of(1)))).reason, "closed");
});

Deno.test("closing is heard by the other side, ends the reading, and may be done twice", async () => {
  await using server = await serve();
  const { socket, peer } = await open(server);
  const heard = Promise.withResolvers<number>();
  peer.on("close", (code: number) => heard.resolve(code));
  peer.send(Uint8Array.of(1), { binary: true });
  const reading = Array.fromAsync(socket.messages);
  socket.close();
  socket.close();
  assert.equal(await heard.promise, 1000);
  assert.ok((await reading).length <= 1);
  assert.deepEqual(await socket.closed, { code: 1000, reason: "" });
});

Deno.test("who leaves the loop closes the socket", async () => {
  await using server = await serve();
  const { socket, peer } = await open(server);
  const heard = Promise.withResolvers<number>();
  peer.on("close", (code: number) => heard.resolve(code));
  peer.send(Uint8Array.of(1), { binary: true });
  for await (const _ of socket.messages) break;
  assert.equal(await heard.promise, 1000);
});

Deno.test("one that does not even answer pings is taken for broken", async () => {
  await using server = await serve({ autoPong: false });
  const { socket } = await open(server, { pingMs: 10, silenceMs: 60 });
  const { code, reason } = await socket.closed;
  assert.equal(code, 1006);
  assert.match(reason, /nothing was heard/);
});

Deno.test("one that answers pings stays", async () => {
  await using server = await serve();
  const { socket, peer } = await open(server, { pingMs: 5, silenceMs: 60_000 });
  let pings = 0;
  const many = Promise.withResolvers<void>();
  peer.on("ping", () => ++pings === 5 ? many.resolve() : undefined);
  await many.promise;
  peer.send(Uint8Array.of(1), { binary: true });
  for await (const message of socket.messages) {
    assert.deepEqual([...message], [1]);
    break;
  }
});

Deno.test("a refusal comes with its status and body", async () => {
  const body = "<title>no</title>";
  await using server = await serve({
    refuse: `HTTP/1.1 502 Bad Gateway\r\nX-A: b\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  });
  const { refused } = await createSockets().open(at(server), { timeoutMs: 60_000 });
  assert.equal(refused?.status, 502);
  assert.equal(refused?.body, body);
  assert.equal(refused?.headers["x-a"], "b");
});

Deno.test("redirects are an answer, and not followed", async () => {
  await using server = await serve({
    refuse: "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
  });
  const { refused } = await createSockets().open(at(server), { timeoutMs: 60_000 });
  assert.equal(refused?.status, 302);
});

Deno.test("what is no WebSocket, nobody there, silence and an abort are failures of their own", async () => {
  await using odd = await serve({
    refuse:
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
  });
  const sockets = createSockets();
  assert.equal((await failure(sockets.open(at(odd), { timeoutMs: 60_000 }))).reason, "connectionBroken");
  await using silent = await serve({ refuse: "silence" });
  assert.equal((await failure(sockets.open(at(silent), { timeoutMs: 50 }))).reason, "timeout");
  const aborted = AbortSignal.abort(new Error("enough"));
  const options = { timeoutMs: 60_000, signal: aborted };
  assert.equal((await failure(sockets.open(at(silent), options))).reason, "aborted");
  const gone = await serve();
  const { port } = gone;
  await gone[Symbol.asyncDispose]();
  const url = new URL(`http://127.0.0.1:${port}/`);
  assert.equal(
    (await failure(sockets.open({ url, headers: {} }, { timeoutMs: 60_000 }))).reason,
    "connectionRefused",
  );
});

Deno.test("sockets of a transport end with it", async () => {
  await using server = await serve();
  const transport = createTransport({ url: `http://127.0.0.1:${server.port}` });
  const answer = await transport.connect?.({ path: "/x", headers: {}, timeoutMs: 60_000 });
  assert.ok(answer?.socket);
  transport.close();
  assert.equal((await answer.socket.closed).code, 1000);
  assert.equal(
    (await failure(transport.connect!({ path: "/x", headers: {}, timeoutMs: 60_000 }))).reason,
    "closed",
  );
});

Deno.test("over TLS: the given authority and server name count, and nothing else is trusted", async () => {
  const authority = await createAuthority("test");
  const { certPem: cert, keyPem: key } = await issueCertificate(authority, {
    commonName: "coder",
    dnsNames: ["coder.example.com"],
    usage: ["server"],
  });
  await using server = await serve({ tls: { cert, key } });
  const open = async (options: { ca?: string; tlsServerName?: string }) => {
    const transport = createTransport({ url: `https://127.0.0.1:${server.port}/base`, ...options });
    try {
      const answer = await transport.connect!({ path: "/x?y", headers: {}, timeoutMs: 60_000 });
      return answer.socket !== undefined;
    } finally {
      transport.close();
    }
  };
  assert.equal(await open({ ca: authority.certPem, tlsServerName: "coder.example.com" }), true);
  assert.equal(server.requests[0]?.url, "/base/x?y");
  assert.equal((await failure(open({ tlsServerName: "coder.example.com" }))).reason, "tls");
  const other = await createAuthority("other");
  assert.equal(
    (await failure(open({ ca: other.certPem, tlsServerName: "coder.example.com" }))).reason,
    "tls",
  );
  assert.equal((await failure(open({ ca: authority.certPem }))).reason, "tls");
});
