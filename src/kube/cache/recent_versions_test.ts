import assert from "node:assert/strict";
import { RecentVersions } from "./recent_versions.ts";

const key = { namespace: "a", name: "one" };
const other = { namespace: "a", name: "two" };

function versions(options = {}) {
  let now = 0;
  const recent = new RecentVersions(() => now, options);
  return { recent, pass: (ms: number) => now += ms };
}

Deno.test("a version that was added is known, for that object alone", () => {
  const { recent } = versions();
  recent.add(key, "v1");
  assert.equal(recent.has(key, "v1"), true);
  assert.equal(recent.has(key, "v2"), false);
  assert.equal(recent.has(other, "v1"), false);
});

Deno.test("the last versions of an object are kept, older ones go", () => {
  const { recent } = versions({ perKey: 3 });
  for (const version of ["v1", "v2", "v3", "v4"]) recent.add(key, version);
  assert.equal(recent.has(key, "v1"), false);
  assert.deepEqual(["v2", "v3", "v4"].map((version) => recent.has(key, version)), [true, true, true]);
});

Deno.test("adding the newest version again takes no room", () => {
  const { recent } = versions({ perKey: 2 });
  recent.add(key, "v1");
  for (let time = 0; time < 5; time++) recent.add(key, "v2");
  assert.equal(recent.has(key, "v1"), true);
});

Deno.test("what happened within one window is known for at least that long", () => {
  const { recent, pass } = versions({ windowMs: 1000 });
  pass(999);
  recent.add(key, "v1");
  pass(1000);
  recent.add(other, "x");
  assert.equal(recent.has(key, "v1"), true);
});

Deno.test("what is older than two windows is forgotten", () => {
  const { recent, pass } = versions({ windowMs: 1000 });
  recent.add(key, "v1");
  recent.addGone("uid-1");
  pass(1000);
  recent.add(other, "x");
  pass(1000);
  recent.add(other, "y");
  assert.equal(recent.has(key, "v1"), false);
  assert.equal(recent.isGone("uid-1"), false);
});

Deno.test("after a long pause everything before it is forgotten at once", () => {
  const { recent, pass } = versions({ windowMs: 1000 });
  recent.add(key, "v1");
  pass(5000);
  recent.add(other, "x");
  assert.equal(recent.has(key, "v1"), false);
  assert.equal(recent.size, 1);
});

Deno.test("objects that are gone are known by UID; the empty UID never is", () => {
  const { recent } = versions();
  recent.addGone("uid-1");
  recent.addGone("");
  assert.equal(recent.isGone("uid-1"), true);
  assert.equal(recent.isGone("uid-2"), false);
  assert.equal(recent.isGone(""), false);
});
