import assert from "node:assert/strict";
import { freePorts, isFree } from "./ports.ts";

Deno.test("free ports differ from each other and can be bound", () => {
  const ports = freePorts(20);
  assert.equal(new Set(ports).size, 20);
  for (const port of ports) assert.equal(isFree(port), true);
});

Deno.test("a port in use is not free", () => {
  const [port] = freePorts(1);
  assert.ok(port);
  using _listener = Deno.listen({ hostname: "127.0.0.1", port });
  assert.equal(isFree(port), false);
});

Deno.test("ports lie outside the range that outgoing connections use", () => {
  for (const port of freePorts(50)) assert.ok(port >= 20_000 && port < 32_000, String(port));
});

Deno.test("more ports than there are cannot be had", () => {
  assert.throws(() => freePorts(12_001), /found no 12001 free ports/);
});
