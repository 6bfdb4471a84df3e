import assert from "node:assert/strict";
import { waitFor } from "../cluster/wait.ts";
import { startBalancer } from "./balancer.ts";

/** Says its name to whoever connects, and stays. */
function speaker(name: string) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  const serving = (async () => {
    for await (const connection of listener) {
      open.add(connection);
      await connection.write(new TextEncoder().encode(name));
    }
  })();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving.catch(() => {});
      for (const connection of open) connection.close();
    },
  };
}

async function connect(port: number) {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const piece = new Uint8Array(1);
  await connection.read(piece);
  let isOver = false;
  const reading = connection.read(piece).catch(() => null).then((count) => isOver = count === null);
  return {
    name: String.fromCharCode(piece[0]!),
    get isOver() {
      return isOver;
    },
    async [Symbol.asyncDispose]() {
      connection.close();
      await reading;
    },
  };
}

Deno.test("connections go where they are to go, and those that are told to break, break", async () => {
  await using a = speaker("a");
  await using b = speaker("b");
  await using balancer = startBalancer([a.port, b.port], () => 0);
  await using first = await connect(balancer.port);
  balancer.prefer(1);
  await using second = await connect(balancer.port);
  assert.deepEqual([first.name, second.name, first.isOver], ["a", "b", false]);
  balancer.only(1);
  await waitFor(() => first.isOver, { what: "the end of the connection to the other one" });
  assert.equal(second.isOver, false);
  balancer.only(undefined);
  await using third = await connect(balancer.port);
  assert.equal(third.name, "a");
  balancer.cut();
  await waitFor(() => second.isOver && third.isOver, { what: "the end of all" });
  assert.equal(balancer.accepted, 3);
});
