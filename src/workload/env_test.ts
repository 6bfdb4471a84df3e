import assert from "node:assert/strict";
import type { Deployment } from "../api/kubernetes/types.ts";
import { mergeEnv, references, told } from "./env.ts";

const plain = (...pairs: [string, string][]) => pairs.map(([name, value]) => ({ name, value }));

Deno.test("an environment without duplicates stays as it is", () => {
  const env = [{ name: "B", value: "1" }, {
    name: "A",
    valueFrom: { fieldRef: { fieldPath: "status.podIP" } },
  }];
  assert.deepEqual(mergeEnv(env), { env, duplicates: [] });
  assert.deepEqual(mergeEnv([]), { env: [], duplicates: [] });
});

Deno.test("the last entry of a name wins and stands where the name was first defined", () => {
  const { env, duplicates } = mergeEnv(plain(["A", "1"], ["B", "$(A)"], ["A", "2"], ["C", "3"]));
  assert.deepEqual(env, plain(["A", "2"], ["B", "$(A)"], ["C", "3"]));
  assert.deepEqual(duplicates, ["A"]);
});

Deno.test("an entry that occurs three times is reported once", () => {
  const { env, duplicates } = mergeEnv(plain(["A", "1"], ["B", "x"], ["A", "2"], ["B", "y"], ["A", "3"]));
  assert.deepEqual(env, plain(["A", "3"], ["B", "y"]));
  assert.deepEqual(duplicates, ["A", "B"]);
});

Deno.test("a winner that needs an entry defined in between stands after it", () => {
  const { env } = mergeEnv(plain(["A", "1"], ["B", "2"], ["A", "$(B)/x"], ["C", "3"]));
  assert.deepEqual(env, plain(["B", "2"], ["A", "$(B)/x"], ["C", "3"]));
});

Deno.test("a winner that needs an entry defined before it moves to the front", () => {
  const { env } = mergeEnv(plain(["Z", "0"], ["A", "1"], ["B", "2"], ["A", "$(Z)"]));
  assert.deepEqual(env, plain(["Z", "0"], ["A", "$(Z)"], ["B", "2"]));
});

Deno.test("a value that extends its own earlier value keeps that meaning", () => {
  const { env } = mergeEnv(plain(["FLAGS", "a"], ["FLAGS", "$(FLAGS),b"], ["FLAGS", "$(FLAGS),c"]));
  assert.deepEqual(env, plain(["FLAGS", "a,b,c"]));
});

Deno.test("an earlier value that is not known here is left as a reference", () => {
  const from = { name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } };
  assert.deepEqual(mergeEnv([from, { name: "A", value: "$(A)!" }]).env, [{ name: "A", value: "$(A)!" }]);
  assert.deepEqual(mergeEnv([{ name: "A", value: "1" }, from]).env, [from], "valueFrom wins whole");
  assert.deepEqual(mergeEnv([{ name: "A" }, { name: "A", value: "$(A)!" }]).env, [{ name: "A", value: "!" }]);
});

Deno.test("escaped dollars are no references", () => {
  assert.deepEqual(references("$(A) $$(B) $$$(C) $(D"), ["A", "C"]);
  const { env } = mergeEnv(plain(["A", "1"], ["A", "$$(A) $(A)"]));
  assert.deepEqual(env, plain(["A", "$$(A) 1"]));
});

Deno.test("a replacement text with dollar patterns is taken literally", () => {
  assert.deepEqual(mergeEnv(plain(["A", "$&$1"], ["A", "[$(A)]"])).env, plain(["A", "[$&$1]"]));
});

Deno.test("what pods are told is read from their container, and values from elsewhere are no values", () => {
  const live: Deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {},
    spec: {
      selector: {},
      template: {
        spec: {
          containers: [
            { name: "other", env: [{ name: "A", value: "other's" }] },
            {
              name: "mine",
              env: [{ name: "A", value: "mine" }, { name: "B", valueFrom: { fieldRef: { fieldPath: "x" } } }],
            },
          ],
        },
      },
    },
  };
  assert.equal(told(live, "mine", "A"), "mine");
  assert.equal(told(live, "mine", "B"), undefined);
  assert.equal(told(live, "third", "A"), undefined);
  assert.equal(told(undefined, "mine", "A"), undefined);
});
