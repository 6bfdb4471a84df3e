import assert from "node:assert/strict";
import { secretAnnotations, secretView, valueHash } from "./hashes.ts";
import { holderOf, holds } from "./holder.ts";
import type { Key, KeyRecord } from "./types.ts";

const home = { namespace: "a", name: "coder" };
const key = (name: string, value?: string): Key => ({
  name,
  organization: { name: "default" },
  home,
  valueHash: value === undefined ? undefined : valueHash(value),
});
const record = (present?: Key, ...intents: Key[]): KeyRecord => ({
  present,
  intents: intents.map((each) => ({ ...each, step: "Retiring", since: "2026-01-01T00:00:00Z" })),
  holds: [],
});

Deno.test("an empty or foreign Secret holds nothing", () => {
  assert.deepEqual(holderOf({ state: "missing" }, record(key("a"))), { held: "nothing" });
  assert.deepEqual(holderOf({ state: "foreign", message: "x" }, record(key("a"))), { held: "nothing" });
});

Deno.test("what is written beside the value tells whose it is", () => {
  const holder = holderOf(secretView("v", secretAnnotations("b", "v")), record(key("a", "other")));
  assert.deepEqual(holder, { held: "key", name: "b", valueHash: valueHash("v") });
  assert.equal(holds(holder, key("B")), true);
  assert.equal(holds(holder, key("a")), false);
  assert.equal(holds(holder, undefined), false);
});

Deno.test("a value that was changed since it was written is unknown", () => {
  const secret = secretView("junk", secretAnnotations("a", "v"));
  assert.deepEqual(holderOf(secret, record(key("a", "v"))), { held: "unknown" });
});

Deno.test("where nothing is written beside it, the record knows the value, also of a key that has to go", () => {
  assert.equal(holds(holderOf(secretView("v"), record(key("a", "v"))), key("a")), true);
  assert.equal(holds(holderOf(secretView("w"), record(key("a", "v"), key("b", "w"))), key("b")), true);
  assert.deepEqual(holderOf(secretView("x"), record(key("a", "v"), key("b", "w"))), { held: "unknown" });
});

Deno.test("a value from the time of the Go operator is the present key's", () => {
  assert.equal(holds(holderOf(secretView("v"), record(key("prov"))), key("prov")), true);
  // The Go operator leaves annotations of ours as they are when it makes another key.
  const stale = secretView("v", secretAnnotations("prov-1", "before"));
  assert.equal(holds(holderOf(stale, record(key("prov"))), key("prov")), true);
  assert.deepEqual(holderOf(secretView("v"), record()), { held: "unknown" });
});
