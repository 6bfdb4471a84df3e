import assert from "node:assert/strict";
import { parseControlPlane } from "../../api/control_plane.ts";
import { widget } from "../testing.ts";
import { readOwner } from "./read.ts";

const redact = (text: string) => text.replaceAll("image", "…");

Deno.test("an object is read with its defaults", () => {
  const read = readOwner(widget(), parseControlPlane, redact);
  assert.ok("value" in read);
  assert.equal(read.value.spec.replicas, 1);
});

Deno.test("an object that cannot be read is a failure of its spec, which waits for a change", () => {
  const read = readOwner(widget({ replicas: "three", image: 7 }), parseControlPlane, redact);
  assert.ok("failure" in read);
  assert.deepEqual([read.failure.step, read.failure.reason], ["Spec", "InvalidSpec"]);
  assert.match(read.failure.message, /spec\.replicas/);
  assert.match(read.failure.message, /spec\.…/, "texts are redacted");
});

Deno.test("what is wrong with the reader itself is thrown", () => {
  const broken = () => {
    throw new TypeError("broken");
  };
  assert.throws(() => readOwner(widget(), broken, redact), TypeError);
});
