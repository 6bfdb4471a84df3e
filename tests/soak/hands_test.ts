import assert from "node:assert/strict";
import { handEdit, NOTE, restartTime } from "./hands.ts";
import { CHILDREN, HAND_EDITS } from "./plan.ts";

Deno.test("every edit that a plan may ask for is known, leaves a note, and changes something besides", () => {
  for (const child of CHILDREN) {
    for (const field of HAND_EDITS[child]) {
      const edit = handEdit(child, field, 7) as { metadata: { annotations: Record<string, string> } };
      assert.equal(edit.metadata.annotations[NOTE], "7", `${child} ${field}`);
      const { [NOTE]: _note, ...others } = edit.metadata.annotations;
      const rest = { ...edit, metadata: { ...edit.metadata, annotations: others } };
      assert.notDeepEqual(rest, { metadata: { annotations: {} } }, `${child} ${field}`);
    }
  }
});

Deno.test("an edit that nobody knows is a mistake in the plan", () => {
  assert.throws(
    () => handEdit("services", "image", 1),
    /nothing is known about an edit of image of services/,
  );
});

Deno.test("no two restarts are alike, so that a lost one shows", () => {
  const times = Array.from({ length: 100 }, (_, mark) => restartTime(mark));
  assert.equal(new Set(times).size, 100);
  assert.equal(times[1], "2024-01-01T00:00:01.000Z");
});
