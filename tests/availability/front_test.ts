import assert from "node:assert/strict";
import { freePorts, waitFor } from "../cluster/mod.ts";
import { startFront } from "./front.ts";

/** Says its name to whoever comes. */
function namedServer(name: string, port = 0) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  const open: Deno.TcpConn[] = [];
  void (async () => {
    for await (const connection of listener) {
      open.push(connection);
      await connection.write(new TextEncoder().encode(name)).catch(() => {});
    }
  })().catch(() => {});
  return {
    port: listener.addr.port,
    close() {
      listener.close();
      for (const one of open) one.close();
    },
  };
}

async function firstWord(port: number): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(100);
  const read = await connection.read(buffer).catch(() => null);
  return new TextDecoder().decode(buffer.subarray(0, read ?? 0));
}

Deno.test("connections are led to a server that is there, unasked", async () => {
  const server = namedServer("here");
  let asked = 0;
  await using front = startFront({ port: server.port, isReady: () => Promise.resolve(++asked > 0) });
  assert.equal(await firstWord(front.port), "here");
  assert.deepEqual([asked, front.held, front.refused, await front.outages()], [0, 0, 0, 0]);
  server.close();
});

Deno.test("while no server is there, connections wait for one, and for the time at which it is ready", async () => {
  const [port = 0] = freePorts(1);
  let ready = false;
  await using front = startFront({ port, isReady: () => Promise.resolve(ready), holdMs: 60_000 });
  const answers = [firstWord(front.port), firstWord(front.port)];
  await waitFor(() => Promise.resolve(front.held === 2), { what: "both to wait" });
  const server = namedServer("back", port);
  // It listens, and is not ready yet: who comes now waits, too.
  answers.push(firstWord(front.port));
  await waitFor(() => Promise.resolve(front.held === 3), { what: "the third to wait" });
  ready = true;
  assert.deepEqual(await Promise.all(answers), ["back", "back", "back"]);
  assert.equal(front.refused, 0);
  server.close();
});

Deno.test("a server that ends a connection by itself is asked whether it is ready, before others come to it", async () => {
  const server = namedServer("first");
  let ready = false;
  await using front = startFront({
    port: server.port,
    isReady: () => Promise.resolve(ready),
    holdMs: 60_000,
  });
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: front.port });
  await connection.read(new Uint8Array(10));
  server.close();
  assert.equal(await connection.read(new Uint8Array(10)), null);
  connection.close();
  const again = namedServer("again", server.port);
  const waiting = firstWord(front.port);
  await waitFor(() => Promise.resolve(front.held === 1), { what: "it to wait" });
  ready = true;
  assert.equal(await waiting, "again");
  assert.equal(await front.outages(), 1);
  again.close();
});

Deno.test("a connection that waits for too long is closed, and counted", async () => {
  const [port = 0] = freePorts(1);
  await using front = startFront({ port, isReady: () => Promise.resolve(false), holdMs: 20 });
  assert.equal(await firstWord(front.port), "");
  assert.equal(front.refused, 1);
});

Deno.test("readiness that cannot be asked for is none, and the end holds nobody", async () => {
  const [port = 0] = freePorts(1);
  const front = startFront({ port, isReady: () => Promise.reject(new Error("no")), holdMs: 60_000 });
  const waiting = firstWord(front.port);
  await waitFor(() => Promise.resolve(front.held === 1), { what: "it to wait" });
  await front[Symbol.asyncDispose]();
  assert.equal(await waiting, "");
});
