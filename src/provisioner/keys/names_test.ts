import assert from "node:assert/strict";
import { seededRandom } from "../../telemetry/testing/random.ts";
import { fitsBaseName, isOwnKeyName, MAX_KEY_NAME, newKeyName, sameName } from "./names.ts";

const random = () => seededRandom(1);
const bytes = (text: string) => new TextEncoder().encode(text).length;

Deno.test("a new key's name is the base, the mark of the provisioner and something random", () => {
  const name = newKeyName("prov", "uid-1", random());
  assert.match(name, /^prov-[a-z2-9]{6}-[a-z2-9]{5}$/);
  const next = seededRandom(1);
  const names = new Set(Array.from({ length: 1_000 }, () => newKeyName("prov", "uid-1", next)));
  assert.equal(names.size, 1_000);
});

Deno.test("no name is longer than Coder allows, whatever the base", () => {
  for (const base of ["a".repeat(51), "a".repeat(52), "a".repeat(128), "é".repeat(40), "🔑".repeat(30)]) {
    const name = newKeyName(base, "uid", random());
    assert.ok(bytes(name) <= MAX_KEY_NAME, `${name} has ${bytes(name)} bytes`);
    assert.ok(fitsBaseName(name, base, "uid"), name);
    assert.doesNotMatch(name, /\uFFFD/);
  }
  assert.equal(bytes(newKeyName("a".repeat(51), "uid", random())), MAX_KEY_NAME);
  assert.match(newKeyName("a".repeat(51), "uid", random()), /^a{51}-/);
});

Deno.test("long bases that begin alike lead to different names", () => {
  const [first, second] = ["x", "y"].map((end) => newKeyName("a".repeat(70) + end, "uid", random()));
  assert.notEqual(first, second);
  assert.equal(fitsBaseName(first!, `${"a".repeat(70)}y`, "uid"), false);
});

Deno.test("a provisioner knows its keys, and no others", () => {
  const name = newKeyName("prov", "uid-1", random());
  assert.equal(isOwnKeyName(name, "uid-1"), true);
  assert.equal(isOwnKeyName(name.toUpperCase(), "uid-1"), true);
  assert.equal(isOwnKeyName(name, "uid-2"), false);
  for (const other of ["prov", `${name}x`, `x-${name}-y`, "prov-abcdef-ghijk"]) {
    assert.equal(isOwnKeyName(other, "uid-1"), false, other);
  }
});

Deno.test("the plain name of the Go operator fits its base, another base does not", () => {
  assert.equal(fitsBaseName("prov", "prov", "uid"), true);
  assert.equal(fitsBaseName("prov", "other", "uid"), false);
  const name = newKeyName("prov", "uid", random());
  assert.equal(fitsBaseName(name, "prov", "uid"), true);
  assert.equal(fitsBaseName(name, "pro", "uid"), false);
  assert.equal(fitsBaseName(name, "prov", "other"), false);
});

Deno.test("names are the same whatever their case, as Coder sees them", () => {
  assert.equal(sameName("Prov-A", "prov-a"), true);
  assert.equal(sameName("prov-a", "prov-b"), false);
});
