import assert from "node:assert/strict";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { Quiet } from "./quiet.ts";
import { keeping } from "./testing/rig.ts";

Deno.test("a session causes so many lines a minute, and then how many there were", async () => {
  const { log, lines } = keeping();
  const clock = new FakeClock();
  const quiet = new Quiet(log, clock);
  for (let count = 0; count < 25; count++) quiet.info("sess-a", "refused", { count });
  quiet.info("sess-b", "refused", {});
  assert.equal(lines.length, 11);
  await clock.advance(60_000);
  quiet.info("sess-a", "refused", {});
  assert.equal(lines[11]!.message, "refused; 15 more lines of it were left out");
  assert.equal(lines[11]!.fields["session_id"], "sess-a");
  assert.equal(lines.length, 13);
});

Deno.test("sessions that are long gone are forgotten", async () => {
  const { log, lines } = keeping();
  const clock = new FakeClock();
  const quiet = new Quiet(log, clock);
  for (let round = 0; round < 3; round++) {
    for (let index = 0; index < 2_000; index++) quiet.info(`sess-${round}-${index}`, "refused", {});
    await clock.advance(60_000);
  }
  assert.equal(lines.length, 6_000);
});
