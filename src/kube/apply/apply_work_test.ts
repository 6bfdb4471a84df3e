import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { callOptions, isInvalid, isMetadataOnly, releasable, valueAt, type Work } from "./apply_work.ts";
import { KubeApiError } from "../errors.ts";

function object(fields: Record<string, unknown>): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m" }, ...fields } as KubeObject;
}

Deno.test("422 is a refusal of the object, other codes are not", () => {
  const call = { method: "PATCH", path: "/x" };
  assert.equal(isInvalid(new KubeApiError(422, "Invalid", "no", call)), true);
  assert.equal(isInvalid(new KubeApiError(409, "Conflict", "no", call)), false);
  assert.equal(isInvalid(new Error("422")), false);
});

Deno.test("every request carries the signal of the call, where there is one", () => {
  const { signal } = new AbortController();
  assert.equal(callOptions({ signal }).signal, signal);
  assert.deepEqual(callOptions({}), {});
});

Deno.test("a value is found by its path, and nothing where the path leads nowhere", () => {
  const body = object({ data: { a: "1", b: null } });
  assert.equal(valueAt(body, ["data", "a"]), "1");
  assert.equal(valueAt(body, ["data", "b", "c"]), undefined);
  assert.equal(valueAt(body, ["data", "a", "length2"]), undefined);
  assert.equal(valueAt(body, ["nothing", "at", "all"]), undefined);
});

Deno.test("only fields that the body leaves out can be given up", () => {
  const release = [["spec", "replicas"], ["spec", "paused"]];
  const work = { options: { release }, body: object({ spec: { paused: true } }) } as unknown as Work<
    KubeObject
  >;
  assert.deepEqual(releasable(work), [["spec", "replicas"]]);
  assert.deepEqual(releasable({ ...work, options: {} }), []);
});

Deno.test("a cached object with nothing but metadata cannot answer for a body with more", () => {
  assert.equal(isMetadataOnly(object({}), object({ data: {} })), true);
  assert.equal(isMetadataOnly(object({}), object({})), false);
  assert.equal(isMetadataOnly(object({ data: {} }), object({ data: {} })), false);
});
