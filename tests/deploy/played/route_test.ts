import assert from "node:assert/strict";
import { freePorts } from "../../cluster/ports.ts";
import { waitFor } from "../../cluster/wait.ts";
import { startRoute } from "./route.ts";

/** A server that says its name and ends. */
function namedServer(name: string): { port: number; close(): void } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  void (async () => {
    for await (const connection of listener) {
      await connection.write(new TextEncoder().encode(name));
      connection.close();
    }
  })().catch(() => {});
  return { port: listener.addr.port, close: () => listener.close() };
}

async function ask(port: number): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(100);
  const read = await connection.read(buffer).catch(() => null);
  return new TextDecoder().decode(buffer.subarray(0, read ?? 0));
}

Deno.test("each connection goes to any of the targets", async () => {
  const servers = [namedServer("a"), namedServer("b")];
  await using route = startRoute(() => servers.map(({ port }) => port));
  const seen = new Set<string>();
  await waitFor(async () => {
    seen.add(await ask(route.port));
    return seen.size === 2;
  }, { what: "answers of both", intervalMs: 1 });
  assert.deepEqual([...seen].sort(), ["a", "b"]);
  servers.forEach((server) => server.close());
});

Deno.test("a target that refuses is passed by", async () => {
  const server = namedServer("alive");
  const [nobody = 0] = freePorts(1);
  await using route = startRoute(() => [nobody, server.port]);
  for (let turn = 0; turn < 20; turn++) assert.equal(await ask(route.port), "alive");
  assert.deepEqual([route.accepted, route.refused], [20, 0]);
  server.close();
});

Deno.test("without a target there is no answer, and with one again there is", async () => {
  const server = namedServer("back");
  let targets: number[] = [];
  await using route = startRoute(() => targets);
  assert.equal(await ask(route.port), "");
  assert.equal(route.refused, 1);
  targets = [server.port];
  assert.equal(await ask(route.port), "back");
  server.close();
});
