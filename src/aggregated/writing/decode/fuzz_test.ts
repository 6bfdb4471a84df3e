/** Whatever is sent, it is taken or refused: never a mistake of ours, and never a change of what is there. */
import assert from "node:assert/strict";
import { below, pick, seededRandom } from "../../../telemetry/testing/random.ts";
import { StatusError } from "../../serving/status_errors.ts";
import { checkNew, prepareForCreate } from "../meta/create.ts";
import { readDeleteOptions } from "../meta/delete_options.ts";
import { checkChanged, prepareForUpdate } from "../meta/update.ts";
import { applyPatch, PATCH_TYPES } from "../patch/patch.ts";
import { OBJECT_TYPES } from "./body.ts";
import { decodeObject } from "./object.ts";
import { definition, sent, stored } from "./testing.ts";

const WORDS = [
  '{"metadata":{"name":"a","labels":{"x":"y"},"finalizers":["a/b"]},"spec":{"color":"red"}}',
  "metadata:\n  name: a\n  labels: &l {x: y}\n  annotations: *l\nspec: {color: red, tags: [a]}\n",
  '[{"op":"add","path":"/spec/tags/-","value":"x"},{"op":"move","from":"/spec","path":"/metadata/labels"}]',
  '{"metadata":{"$setElementOrder/finalizers":["a/b"],"ownerReferences":[{"$patch":"delete","uid":"u"}]}}',
  '{"kind":"DeleteOptions","preconditions":{"uid":"u"},"propagationPolicy":"Orphan","dryRun":["All"]}',
];
const PIECES = [
  '"',
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  "null",
  "5",
  "-",
  "&a ",
  "*a",
  "$patch",
  "\\",
  "\n",
  " ",
  "é",
  "/",
  "__proto__",
];

function garbled(random: () => number): string {
  let text = pick(random, WORDS);
  for (let left = below(random, 5); left > 0; left--) {
    const at = below(random, text.length + 1);
    text = text.slice(0, at) + pick(random, PIECES) + text.slice(at + below(random, 4));
  }
  return text;
}

/** @param run may throw refusals alone */
function taken(run: () => void, what: string): boolean {
  try {
    run();
    return true;
  } catch (error) {
    assert.ok(error instanceof StatusError, `${what}: ${error instanceof Error ? error.stack : error}`);
    assert.ok(error.code >= 400 && error.code < 500, what);
    return false;
  }
}

Deno.test("garbled objects, patches and options are taken or refused", () => {
  const random = seededRandom(2);
  const kind = { definition };
  const current = stored({ finalizers: ["a/b"], labels: { l: "m" } }, { color: "red", tags: ["t"] });
  const before = JSON.stringify(current);
  const counts = { objects: 0, patches: 0, options: 0 };
  for (let round = 0; round < 1500; round++) {
    const text = garbled(random);
    const options = { fieldValidation: pick(random, ["Strict", "Warn", "Ignore"] as const) };
    const object = sent(text, { contentType: pick(random, OBJECT_TYPES), options });
    if (taken(() => checkNew(prepareForCreate(decodeObject(object, definition, () => {})), kind), text)) {
      counts.objects++;
    }
    const patch = sent(text, { contentType: pick(random, PATCH_TYPES), name: "a", options });
    if (
      taken(() => {
        const changed = prepareForUpdate(applyPatch(patch, current, definition, () => {}), current);
        checkChanged(changed, current, kind);
      }, text)
    ) counts.patches++;
    const query = new URLSearchParams();
    if (taken(() => void readDeleteOptions({ ...object, query }), text)) counts.options++;
    assert.equal(JSON.stringify(current), before, text);
  }
  // Garbled as they are, some of each say something.
  for (const [what, count] of Object.entries(counts)) assert.ok(count > 20, `${what}: ${count}`);
  assert.equal(Object.keys(Object.prototype).length, 0);
});
