import assert from "node:assert/strict";
import { freePorts, isFree, leaseOf } from "./ports.ts";

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

Deno.test("a port that one process was given no other one is given for some minutes, and then it is", () => {
  const directory = Deno.makeTempDirSync({ prefix: "ports" });
  try {
    const now = Date.parse("2026-01-01T00:04:59Z");
    assert.equal(leaseOf(directory, now)(20_001), true);
    assert.equal(leaseOf(directory, now)(20_001), false, "at the same time");
    assert.equal(leaseOf(directory, now)(20_002), true);
    assert.equal(leaseOf(directory, now + 2_000)(20_001), false, "in the stretch of time that follows");
    assert.equal(leaseOf(directory, now + 600_000)(20_001), true, "later");
    // What nobody looks at any more is not kept.
    assert.equal([...Deno.readDirSync(directory)].length, 2);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("a port that is free and leased to somebody else is not given", () => {
  const asked: number[] = [];
  const [port] = freePorts(1, () => true, (one) => asked.push(one) === 3);
  assert.equal(asked.length, 3);
  assert.equal(port, asked[2]);
});
