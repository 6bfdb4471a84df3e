import assert from "node:assert/strict";
import { isEmbedded, objectionToId } from "../../sessions/wire/worker_ids.ts";
import { embeddedWorker } from "./embedded_worker.ts";

Deno.test("the embedded worker of a coordinator on its own is just that", () => {
  assert.equal(embeddedWorker("/w", false, () => "host"), "embedded");
});

Deno.test("on a shared store it is another one on each machine and for each directory, and the same after a restart", () => {
  const at = (directory: string, host: string) => embeddedWorker(directory, true, () => host);
  assert.equal(at("/w", "one"), at("/w", "one"));
  assert.equal(new Set([at("/w", "one"), at("/v", "one"), at("/w", "two")]).size, 3);
  assert.match(at("/w", "one"), /^embedded-one-[0-9a-f]{6}$/);
  assert.match(embeddedWorker("/w", true), /^embedded-/);
});

Deno.test("whatever the machine is called, it is an id of a worker, and known for what it is", () => {
  for (const host of ["", "a.b.c", "-x-", "ä ö", "x".repeat(300), "node-1.example.com"]) {
    const id = embeddedWorker("/w", true, () => host);
    assert.equal(objectionToId(id), undefined, id);
    assert.equal(isEmbedded(id), true);
  }
  for (const id of ["w1", "embeddedx", "my-embedded-1"]) assert.equal(isEmbedded(id), false);
});
