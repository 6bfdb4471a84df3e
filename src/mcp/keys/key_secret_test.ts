import assert from "node:assert/strict";
import { rotated } from "./key_ring.ts";
import { contentOf, recordOf, secretOf } from "./key_secret.ts";

const KEY = { namespace: "coder-system", name: "coder-k8s-mcp-keys" };
const NOW = Date.parse("2026-11-22T00:00:00.250Z");

Deno.test("keys are read from a Secret as they were written", () => {
  const first = rotated(undefined, NOW);
  assert.deepEqual(recordOf(secretOf(KEY, first)), { ...first, previous: undefined });
  const second = rotated(first, NOW + 1_000);
  assert.deepEqual(recordOf(secretOf(KEY, second)), second);
});

Deno.test("the Secret says what it is for", () => {
  const { metadata, type } = secretOf(KEY, rotated(undefined, NOW));
  assert.equal(type, "Opaque");
  assert.equal(metadata.labels?.["app.kubernetes.io/managed-by"], "coder-k8s");
  assert.match(metadata.annotations?.["kubernetes.io/description"] ?? "", /Deleting it ends all of them/);
});

Deno.test("a patch without a key before takes an old one away", () => {
  assert.equal(contentOf(rotated(undefined, NOW)).data.previous, null);
});

Deno.test("what is no key is none", () => {
  const secret = secretOf(KEY, rotated(undefined, NOW));
  for (const current of [undefined, "", "c2hvcnQ=", "no base64!"]) {
    const data = current === undefined ? {} : { current };
    assert.equal(recordOf({ ...secret, data }), undefined);
  }
  assert.equal(recordOf({ metadata: {} } as never), undefined);
});

Deno.test("keys without a time are as old as can be, and are renewed", () => {
  const secret = secretOf(KEY, rotated(undefined, NOW));
  assert.equal(recordOf({ ...secret, metadata: { ...secret.metadata, annotations: {} } })?.since, 0);
});
