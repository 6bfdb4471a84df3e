import assert from "node:assert/strict";
import type { Condition } from "../../api/kubernetes/types.ts";
import { storedControlPlane } from "../testing.ts";
import { type ContentsFacts, judge, timeLeftMs } from "./judge.ts";

const START = "2026-01-01T00:00:00Z";
const MINUTE = 60_000;
const object = storedControlPlane({}, { annotations: { "coder.com/deletion-policy": "Delete" } });
const orphan = storedControlPlane();

const said = (
  status: Condition["status"],
  reason = "Deleting",
  message = "Left in Coder: 1 workspace (a/dev)",
) => ({
  type: "ContentsDeletion",
  status,
  reason,
  message,
  lastTransitionTime: START,
});
const update = (reason: string, status: "True" | "False" = "True") => ({
  type: "ContentsDeletion",
  status,
  reason,
  message: `Left in Coder: 2 templates (a, b). Because of ${reason}. To leave it: kubectl annotate x`,
});
const facts = (given: Partial<ContentsFacts> = {}): ContentsFacts => ({
  object,
  said: undefined,
  update: undefined,
  hasDeployment: true,
  now: new Date(START),
  ...given,
});
const later = (ms: number) => new Date(Date.parse(START) + ms);
const short = (given: Partial<ContentsFacts>) => {
  const judged = judge(facts(given));
  return judged === undefined ? "nothing" : `${judged.status}/${judged.reason}`;
};

Deno.test("it begins where the policy asks for it, and nowhere else", () => {
  assert.equal(short({}), "True/Deleting");
  assert.equal(short({ object: orphan }), "nothing");
  assert.equal(short({ object: orphan, update: update("Deleting") }), "nothing");
});

Deno.test("what is over stays over, whatever is said later", () => {
  for (
    const given of [{ object }, { object: orphan }, { update: update("CoderAway") }, { now: later(1e9) }]
  ) {
    assert.equal(short({ said: said("False", "Deleted"), ...given }), "False/Deleted");
  }
});

Deno.test("a visit has the word as long as there is time", () => {
  assert.equal(short({ said: said("True"), update: update("DeletionFails") }), "True/DeletionFails");
  assert.equal(short({ said: said("True"), update: update("Deleted", "False") }), "False/Deleted");
  assert.equal(
    short({ said: said("True", "CoderAway") }),
    "True/CoderAway",
    "before the first visit of a process",
  );
});

Deno.test("the time ends it, but not what has just been done", () => {
  const now = later(30 * MINUTE);
  assert.equal(
    short({ said: said("True"), update: update("Deleting"), now: later(30 * MINUTE - 1) }),
    "True/Deleting",
  );
  assert.equal(short({ said: said("True"), update: update("Deleting"), now }), "False/TimedOut");
  assert.equal(short({ said: said("True"), now }), "False/TimedOut");
  assert.equal(short({ said: said("True"), update: update("Deleted", "False"), now }), "False/Deleted");
});

Deno.test("without a Deployment it ends as soon as nothing goes on", () => {
  const hasDeployment = false;
  for (const reason of ["NoAccess", "CoderAway", "Failed"]) {
    assert.equal(short({ said: said("True"), update: update(reason), hasDeployment }), "False/CoderGone");
    assert.equal(short({ said: said("True"), update: update(reason) }), `True/${reason}`);
  }
  assert.equal(short({ said: said("True"), update: update("Deleting"), hasDeployment }), "True/Deleting");
  assert.equal(short({ said: said("True"), hasDeployment }), "True/Deleting", "it was not asked yet");
});

Deno.test("who is let go is told what is left and what went wrong, and no way out any more", () => {
  const now = later(30 * MINUTE);
  assert.equal(
    judge(facts({ said: said("True"), update: update("CoderAway"), now }))?.message,
    "Left in Coder: 2 templates (a, b). The control plane goes all the same: the time for it is over. " +
      "Because of CoderAway",
  );
  assert.equal(
    judge(facts({ said: said("True"), object: orphan }))?.message,
    "Left in Coder: 1 workspace (a/dev). The control plane goes all the same: it is to be left there now",
  );
  assert.equal(
    judge(facts({ said: said("True", "Deleting", "x"), now }))?.message,
    "Left in Coder: unknown. The control plane goes all the same: the time for it is over",
  );
});

Deno.test("the time counts from what is on record, and a clock that was set back prolongs nothing", () => {
  assert.equal(timeLeftMs(facts()), 30 * MINUTE);
  assert.equal(timeLeftMs(facts({ said: said("True"), now: later(MINUTE) })), 29 * MINUTE);
  assert.equal(timeLeftMs(facts({ said: said("True"), now: later(-MINUTE) })), 30 * MINUTE);
  assert.equal(timeLeftMs(facts({ said: { ...said("True"), lastTransitionTime: "?" } })), 30 * MINUTE);
});
