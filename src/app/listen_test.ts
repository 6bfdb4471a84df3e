import assert from "node:assert/strict";
import type { HttpServer, HttpServerOptions } from "../telemetry/http_server.ts";
import { listen } from "./listen.ts";

const handler = () => new Response("here");
const name = "test";

Deno.test("every interface means IPv4 and IPv6", async () => {
  const server = listen({ name, handler, address: { hostname: "0.0.0.0", port: 0 } });
  try {
    assert.equal(await (await fetch(`http://127.0.0.1:${server.address.port}`)).text(), "here");
    assert.ok(["::", "0.0.0.0"].includes(server.address.hostname));
  } finally {
    await server.close();
  }
});

Deno.test("an address that was named is the only one", async () => {
  const server = listen({ name, handler, address: { hostname: "127.0.0.1", port: 0 } });
  assert.equal(server.address.hostname, "127.0.0.1");
  await server.close();
});

/** Refuses the first attempt for the given reason. */
function refusing(cause: Error) {
  const tried: string[] = [];
  const start = ({ address }: HttpServerOptions): HttpServer => {
    tried.push(address.hostname);
    if (tried.length === 1) throw new Error("cannot listen", { cause });
    return { address, close: () => Promise.resolve() };
  };
  return { tried, start };
}

Deno.test("a machine without IPv6 is served over IPv4", () => {
  const { tried, start } = refusing(new Deno.errors.AddrNotAvailable("no IPv6"));
  const server = listen({ name, handler, address: { hostname: "0.0.0.0", port: 80 } }, start);
  assert.deepEqual(tried, ["::", "0.0.0.0"]);
  assert.equal(server.address.hostname, "0.0.0.0");
});

Deno.test("a port that is taken or forbidden is said at once", () => {
  for (const cause of [new Deno.errors.AddrInUse("taken"), new Deno.errors.PermissionDenied("no")]) {
    const { tried, start } = refusing(cause);
    assert.throws(
      () => listen({ name, handler, address: { hostname: "0.0.0.0", port: 80 } }, start),
      /cannot listen/,
    );
    assert.deepEqual(tried, ["::"]);
  }
});
