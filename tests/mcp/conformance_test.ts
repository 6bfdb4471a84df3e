/** The official conformance suite, all of its server scenarios. */
import assert from "node:assert/strict";
import { runConformance } from "./conformance.ts";
import { mountFixtures } from "./conformance_fixtures.ts";
import { startEndpoint } from "./endpoint_rig.ts";

/** Scenarios that do not pass, and recommendations that are not followed, each with its reason. */
const NOT_PASSED: Readonly<Record<string, string>> = {};

/** Scenarios that find nothing to check, and why. */
const NOT_APPLICABLE: Readonly<Record<string, string>> = {
  "server-sse-polling":
    "calls that say nothing before their answer are answered with JSON: there is nothing to resume",
};

Deno.test("all server scenarios of the official conformance suite pass, but those that are named with a reason", async () => {
  await using rig = await startEndpoint({ endpoint: { legacyElicitation: true, extend: mountFixtures } });
  const results = await runConformance(rig.url);
  assert.equal(results.length, 32);
  const short = results.filter(({ passed, warnings }) => !passed || warnings.length > 0);
  assert.deepEqual(
    short.map(({ scenario }) => scenario),
    Object.keys(NOT_PASSED).toSorted(),
    short.flatMap(({ failures, warnings }) => [...failures, ...warnings]).join("\n"),
  );
  const idle = results.filter(({ met }) => met === 0).map(({ scenario }) => scenario);
  assert.deepEqual(idle, Object.keys(NOT_APPLICABLE).toSorted());
  // The one that the Go server fails.
  const rebinding = results.find(({ scenario }) => scenario === "dns-rebinding-protection");
  assert.deepEqual([rebinding?.passed, rebinding?.met], [true, 2]);
});

Deno.test("the suite finds what is wrong: without a person to ask, questions are not asked", async () => {
  await using rig = await startEndpoint({ endpoint: { extend: mountFixtures } });
  const failed = (await runConformance(rig.url)).filter(({ passed }) => !passed);
  assert.deepEqual(failed.map(({ scenario }) => scenario), [
    "elicitation-sep1034-defaults",
    "elicitation-sep1330-enums",
    "tools-call-elicitation",
    "tools-call-sampling",
  ]);
});
