import assert from "node:assert/strict";
import { buildAbandoned as rule } from "./build_abandoned.ts";
import { assertQuiet, failed, only, quotes, seen, steps } from "./testing.ts";

const WORDS = "Coder: Build has been detected as hung for 5 minutes and has been terminated by the reaper.";

Deno.test("a build that Coder gave up lost its provisioner", () => {
  const found = only(rule, seen({ build: failed(WORDS) }));
  assert.equal(
    found.cause,
    "The provisioner of build 4 (start) went away while it worked on it, and Coder gave the build up.",
  );
  assert.deepEqual(quotes(found), [`build 4 (start) in Coder, 2026-11-22T07:59:30Z: ${WORDS}`]);
  assert.match(steps(found)[0] ?? "", /^Build it again\. \| coder start ann\/dev --yes/);
  assert.match(steps(found)[1] ?? "", /list_provisioner_daemons \{"namespace":"lab","offline":true\}$/);
});

Deno.test("nothing is said of builds that failed by themselves", () => {
  assertQuiet(rule, seen({ build: failed("terraform apply: exit status 1") }));
});
