import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { ConfigMaps, Secrets } from "../../api/kubernetes/resources.ts";
import { ApplyMemory } from "./apply_memory.ts";

function stored(resourceVersion: string, uid = "u-1", name = "s"): KubeObject {
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "a", uid, resourceVersion } };
}

const left = [{ path: "data.a", liveHash: "1" }];

Deno.test("a version that an apply made is known, and no other", () => {
  const memory = new ApplyMemory();
  memory.learn(Secrets, stored("5"), "h", []);
  assert.equal(memory.knowsVersion(Secrets, stored("5"), "h"), true);
  assert.equal(memory.knowsVersion(Secrets, stored("6"), "h"), false, "somebody wrote");
  assert.equal(memory.knowsVersion(Secrets, stored("5"), "other"), false, "something else is wanted");
  assert.equal(memory.knowsVersion(Secrets, stored("5", "u-2"), "h"), false, "another object of that name");
  assert.equal(memory.knowsVersion(ConfigMaps, stored("5"), "h"), false, "another kind");
});

Deno.test("an object without a version is never known", () => {
  const memory = new ApplyMemory();
  memory.learn(Secrets, stored(""), "h", []);
  assert.equal(memory.knowsVersion(Secrets, stored(""), "h"), false);
});

Deno.test("what the server made of our own apply explains itself from then on", () => {
  const memory = new ApplyMemory();
  assert.deepEqual(memory.unexplained(Secrets, stored("5"), "h", left), left);
  memory.learn(Secrets, stored("5"), "h", left);
  assert.deepEqual(memory.unexplained(Secrets, stored("9"), "h", left), [], "in every later version too");
  const changed = [{ path: "data.a", liveHash: "2" }];
  assert.deepEqual(
    memory.unexplained(Secrets, stored("9"), "h", changed),
    changed,
    "but not another value there",
  );
  assert.deepEqual(memory.unexplained(Secrets, stored("9"), "new", left), left, "nor another wish");
});

Deno.test("a later lesson replaces the earlier one", () => {
  const memory = new ApplyMemory();
  memory.learn(Secrets, stored("5"), "h", left);
  memory.learn(Secrets, stored("6"), "h", []);
  assert.equal(memory.knowsVersion(Secrets, stored("5"), "h"), false);
  assert.deepEqual(memory.unexplained(Secrets, stored("6"), "h", left), left);
});

Deno.test("the oldest lessons are forgotten when there are too many", () => {
  const memory = new ApplyMemory(2);
  for (const name of ["a", "b", "a", "c"]) memory.learn(Secrets, stored("1", "u", name), "h", []);
  const known = ["a", "b", "c"].filter((name) => memory.knowsVersion(Secrets, stored("1", "u", name), "h"));
  assert.deepEqual(known, ["a", "c"]);
});
