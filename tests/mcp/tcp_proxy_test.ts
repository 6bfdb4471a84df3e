/** The TCP proxy of the tests does what a port-forward does. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { startTcpProxy } from "./tcp_proxy.ts";

/** Answers what it was sent, backwards, once the sender has said that it is done. */
function halfCloser() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answer = async (connection: Deno.TcpConn) => {
    const chunks: number[] = [];
    const chunk = new Uint8Array(1_024);
    try {
      for (let read = await connection.read(chunk); read !== null; read = await connection.read(chunk)) {
        chunks.push(...chunk.subarray(0, read));
      }
      await connection.write(new Uint8Array(chunks.toReversed()));
    } catch { /* The other end went away. */ }
    connection.close();
  };
  const serving = (async () => {
    const answers: Promise<void>[] = [];
    for await (const connection of listener) answers.push(answer(connection));
    await Promise.all(answers);
  })();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}

Deno.test("a proxied connection whose one end is done goes on in the other direction", async () => {
  await using server = halfCloser();
  await using proxy = startTcpProxy(server.port);
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
  await connection.write(new TextEncoder().encode("abc"));
  await connection.closeWrite();
  assert.equal(await new Response(connection.readable).text(), "cba");
  await waitFor(() => proxy.open === 0, { what: "the pair to be let go of", intervalMs: 5 });
  assert.equal(proxy.accepted, 1);
});

Deno.test("a dropped connection ends at once, and the next one is carried", async () => {
  await using server = halfCloser();
  await using proxy = startTcpProxy(server.port);
  const first = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
  await first.write(new TextEncoder().encode("abc"));
  await waitFor(() => proxy.open === 1, { what: "an open pair", intervalMs: 5 });
  proxy.drop();
  assert.equal(await new Response(first.readable).text().catch(() => ""), "");
  const second = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
  await second.write(new TextEncoder().encode("xyz"));
  await second.closeWrite();
  assert.equal(await new Response(second.readable).text(), "zyx");
});

Deno.test("where nobody listens behind it, a connection is closed", async () => {
  // No neighbour takes this port meanwhile.
  await using proxy = startTcpProxy(1);
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
  assert.equal(await new Response(connection.readable).text().catch(() => ""), "");
});
