import assert from "node:assert/strict";
import { z } from "zod";
import { CoderControlPlanes } from "./control_plane.ts";
import { group, int32, list, optional, text } from "./field.ts";
import { InvalidObjectError, objectSchema, readObject } from "./object_schema.ts";

const schema = objectSchema(CoderControlPlanes, {
  spec: group("spec", { port: optional(int32("port")), names: list("names", text("name")) }).prefault({}),
  status: z.object({}).prefault({}),
});
const read = (object: unknown) => readObject(CoderControlPlanes, schema, object);

function failure(object: unknown): InvalidObjectError {
  try {
    read(object);
  } catch (error) {
    if (error instanceof InvalidObjectError) return error;
    throw error;
  }
  throw new Error("the object was read");
}

Deno.test("an item of a list gets the kind and version that lists leave out", () => {
  const object = read({ metadata: { name: "coder", namespace: "a", uid: "1" } });
  assert.equal(object.apiVersion, "coder.com/v1alpha1");
  assert.equal(object.kind, "CoderControlPlane");
  assert.deepEqual(object.metadata, { name: "coder", namespace: "a", uid: "1" });
});

Deno.test("every wrong field is listed with its path, and the object is named", () => {
  const error = failure({
    metadata: { name: "coder", namespace: "a" },
    spec: { port: "80", names: ["x", 1] },
  });
  assert.deepEqual(error.problems.map(({ path }) => path), ["spec.port", "spec.names[1]"]);
  assert.match(
    error.message,
    /^codercontrolplanes\.coder\.com a\/coder cannot be read: spec\.port: .*; spec\.names\[1\]: /,
  );
});

Deno.test("the error never repeats a value, which may be a secret", () => {
  const error = failure({ metadata: { name: "coder" }, spec: { port: "hunter2" } });
  assert.doesNotMatch(error.message, /hunter2/);
  assert.match(error.message, /codercontrolplanes\.coder\.com coder cannot be read/);
});

Deno.test("an object without metadata, and a value that is no object, are refused", () => {
  assert.match(failure({ spec: {} }).message, /\(unnamed\) cannot be read: metadata: metadata is missing/);
  assert.match(failure({ metadata: [] }).message, /metadata is missing/);
  for (const value of [undefined, null, "text", 1]) {
    const error = failure(value);
    assert.deepEqual(error.problems.map(({ path }) => path), [""]);
    assert.match(error.message, /\(unnamed\) cannot be read: /);
  }
});
