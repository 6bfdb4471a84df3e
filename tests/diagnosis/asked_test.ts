/** The list of failures is whole: each that has to be recognized is made somewhere, and is proven there. */
import assert from "node:assert/strict";
import { RULES, SUBJECT_KINDS } from "../../src/diagnosis/mod.ts";
import { ASKED } from "./asked.ts";
import { FAKE_CODER_SIDE } from "./coder_side/fake_coder.ts";
import { REAL_CODER_SIDE } from "./coder_side/real_coder.ts";
import type { Failure } from "./failure.ts";
import { HEALTHY } from "./kubernetes/healthy.ts";
import { KUBERNETES_SIDE } from "./kubernetes/mod.ts";
import { PLATFORM } from "./kubernetes/platform.ts";

type About = Pick<Failure<never>, "id" | "asked" | "rule" | "subject">;

const ALL: readonly About[] = [
  ...KUBERNETES_SIDE,
  ...PLATFORM,
  ...FAKE_CODER_SIDE,
  ...REAL_CODER_SIDE,
];

Deno.test("every failure that has to be recognized is made, and at least thirty in all", () => {
  const made = new Set(ALL.map(({ id, asked }) => asked ?? id));
  assert.deepEqual(ASKED.filter((one) => !made.has(one)), []);
  assert.ok(ALL.length >= 30, String(ALL.length));
});

Deno.test("failures have names of their own, and rules that there are and that look at their subjects", () => {
  const ids = ALL.map(({ id }) => id);
  assert.deepEqual(ids, [...new Set(ids)]);
  for (const { id, rule, subject } of ALL) {
    const found = RULES.find((one) => one.id === rule);
    assert.ok(found?.subjects.includes(subject), `${id}: ${rule} is not about a ${subject}`);
  }
});

Deno.test("at least ten set-ups are well, of every kind of subject", () => {
  assert.ok(HEALTHY.length >= 10, String(HEALTHY.length));
  assert.deepEqual(SUBJECT_KINDS.filter((kind) => HEALTHY.every(({ subject }) => subject !== kind)), []);
});
