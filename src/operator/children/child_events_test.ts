import assert from "node:assert/strict";
import { EventLog, widget } from "../testing.ts";
import { recordApply } from "./child_events.ts";

const child = { kind: "Service", metadata: { name: "w-pods" } };

Deno.test("what was made and what was changed is told, and nothing else", () => {
  const events = new EventLog();
  for (const outcome of ["created", "unchanged", "configured"] as const) {
    recordApply(events, widget(), child, outcome);
  }
  assert.deepEqual(events.lines, [
    "Normal Created: Created Service w-pods",
    "Normal Updated: Updated Service w-pods",
  ]);
});
