import assert from "node:assert/strict";
import type { Backend } from "../../inventory/mod.ts";
import { CoderAs, openAsOf } from "./coder_as.ts";

const backend = { id: "lab/acme" } as Backend;
// Not a timeout: it would begin when the file is loaded, long before its tests run.
const { signal } = new AbortController();

Deno.test("a request that carries a way to Coder has its changes made by it", async () => {
  const asked: unknown[] = [];
  const carries = new CoderAs((...given) => {
    asked.push(given);
    return Promise.resolve(undefined);
  });
  assert.equal(await openAsOf({ carries }, backend)?.(signal), undefined);
  assert.deepEqual(asked, [[backend, signal]]);
});

Deno.test("any other request has them made as the operator", () => {
  assert.equal(openAsOf({}, backend), undefined);
  assert.equal(openAsOf({ carries: { open: () => assert.fail() } }, backend), undefined);
});
