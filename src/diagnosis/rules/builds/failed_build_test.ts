import assert from "node:assert/strict";
import { failedBuild } from "./failed_build.ts";
import { ago, build, failed, object, pending, seen } from "./testing.ts";

const kindOf = (...args: Parameters<typeof failed>) => failedBuild(seen({ build: failed(...args) }))?.kind;

Deno.test("Coder's own words tell why a build failed", () => {
  assert.equal(kindOf("terraform apply: exit status 1"), "terraform");
  assert.equal(kindOf("insufficient quota"), "quota");
  assert.equal(kindOf("update job: required template variables need values: region"), "variable");
  assert.equal(kindOf("x", { errorCode: "REQUIRED_TEMPLATE_VARIABLES" }), "variable");
  assert.equal(kindOf("x", { errorCode: "MISSING_TEMPLATE_PARAMETER" }), "parameter");
  assert.equal(kindOf("Coder: Build has been detected as hung for 5 minutes"), "abandoned");
  assert.equal(kindOf("insufficient quota", { canceledAt: ago(9) }), "canceled");
});

Deno.test("the log tells where the job does not", () => {
  const withLog = (text: string) => {
    const buildLog = [{ level: "error", stage: "Planning Infrastructure", text }];
    return failedBuild(seen({ build: failed("terraform plan: exit status 1"), buildLog }))?.kind;
  };
  assert.equal(withLog("Error: No value for required variable"), "variable");
  assert.equal(withLog("Error: Invalid parameter value according to 'validation' block"), "parameter");
  assert.equal(withLog("This build would exceed your quota. Failing."), "quota");
  assert.equal(withLog("Error: Invalid function argument"), "terraform");
});

Deno.test("the aggregated object is enough", () => {
  const workspace = object({
    latestBuildStatus: "failed",
    latestBuild: { number: 4, transition: "start", error: "insufficient quota" },
  });
  assert.equal(failedBuild(seen({ workspace }))?.kind, "quota");
});

Deno.test("builds that did not fail are none", () => {
  assert.equal(failedBuild(seen({})), undefined);
  assert.equal(failedBuild(seen({ build: build() })), undefined);
  assert.equal(failedBuild(seen({ build: pending(9) })), undefined);
});
