import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { dial } from "./dial.ts";

const calm = new AbortController().signal;

async function withServer(run: (port: number, server: Server) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  try {
    await run(typeof address === "object" ? address?.port ?? 0 : 0, server);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** A port whose listener never takes a connection from its full queue: further ones hang, as behind a firewall. */
async function withBlackHole(run: (port: number) => Promise<void>): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const fillers: Promise<Deno.TcpConn>[] = [];
  const { port } = listener.addr as Deno.NetAddr;
  const abort = new AbortController();
  for (let filler = 0; filler < 8; filler++) {
    fillers.push(Deno.connect({ hostname: "127.0.0.1", port, signal: abort.signal }));
  }
  await Promise.race(fillers);
  try {
    await run(port);
  } finally {
    abort.abort();
    for (const filler of fillers) await filler.then((connection) => connection.close(), () => {});
    listener.close();
  }
}

Deno.test("the first address that takes the connection is used", () =>
  withServer(async (port) => {
    // Nothing listens at that port on the other loopback addresses.
    const socket = await dial(["127.0.0.2", "127.0.0.1"], port, 5_000, calm);
    assert.equal(socket.remoteAddress, "127.0.0.1");
    socket.destroy();
  }));

Deno.test("with no address taking it, the first failure is thrown", () =>
  withServer(async (port, server) => {
    await new Promise((resolve) => server.close(resolve));
    await assert.rejects(dial(["127.0.0.1", "127.0.0.3"], port, 5_000, calm), /ECONNREFUSED.*127\.0\.0\.1/);
  }));

Deno.test("an address that swallows everything is given up, and the next one has time left", () =>
  withBlackHole(async (port) => {
    const before = performance.now();
    await assert.rejects(dial(["127.0.0.1"], port, 300, calm), { code: "ETIMEDOUT" });
    assert.ok(performance.now() - before < 30_000);
    await assert.rejects(dial(["127.0.0.1", "127.0.0.2"], port, 400, calm), { code: "ETIMEDOUT" });
  }));

Deno.test("an abort ends it at once, before and while it connects", () =>
  withBlackHole(async (port) => {
    const reason = new Error("enough");
    await assert.rejects(dial(["127.0.0.1"], port, 60_000, AbortSignal.abort(reason)), reason);
    const controller = new AbortController();
    const dialling = dial(["127.0.0.1", "127.0.0.2"], port, 60_000, controller.signal);
    setTimeout(() => controller.abort(reason), 20);
    await assert.rejects(dialling, reason);
  }));
