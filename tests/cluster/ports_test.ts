import assert from "node:assert/strict";
import { freePorts, isFree } from "./ports.ts";

Deno.test("free ports differ from each other, and each was found to be free", () => {
  const free = new Set<number>();
  const ports = freePorts(20, (port) => {
    const odd = port % 2 === 1;
    if (odd) free.add(port);
    return odd;
  });
  assert.equal(new Set(ports).size, 20);
  for (const port of ports) assert.ok(free.has(port), String(port));
});

Deno.test("a port that nobody has is free", () => {
  // Outside the range of `freePorts`, so that no other test's server takes it between the two looks.
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  assert.equal(isFree(port), false);
  listener.close();
  assert.equal(isFree(port), true);
});

Deno.test("ports lie outside the range that outgoing connections use", () => {
  for (const port of freePorts(50)) assert.ok(port >= 20_000 && port < 32_000, String(port));
});

Deno.test("more ports than there are cannot be had", () => {
  assert.throws(() => freePorts(12_001), /found no 12001 free ports/);
});
