import assert from "node:assert/strict";
import type { LogLine } from "../../coder_facts.ts";
import { terraformError as rule } from "./terraform_error.ts";
import { ago, assertQuiet, build, failed, object, only, quotes, seen, steps } from "./testing.ts";

const EXIT = "terraform apply: exit status 1";

function lines(stage: string, level: string, ...texts: string[]): LogLine[] {
  return texts.map((text) => ({ at: ago(40), level, stage, text }));
}

const APPLY = [
  ...lines(
    "Starting workspace",
    "info",
    "terraform_data.x: Creating...",
    "terraform_data.x: Creation errored",
  ),
  ...lines(
    "Starting workspace",
    "error",
    "Error: local-exec provisioner error",
    'on main.tf line 2, in resource "terraform_data" "x":',
    '  2:   provisioner "local-exec" {',
    "",
    "Error running command 'exit 7': exit status 7.",
    "",
  ),
  ...lines("Cleaning Up", "info", ""),
];

Deno.test("what Terraform wrote of its error is quoted, without what is around it", () => {
  const found = only(rule, seen({ build: failed(EXIT), buildLog: APPLY }));
  const words = 'Error: local-exec provisioner error on main.tf line 2, in resource "terraform_data" "x": ' +
    "Error running command 'exit 7': exit status 7.";
  assert.equal(found.cause, `Terraform failed as it made resources (apply) in build 4 (start): ${words}`);
  assert.equal(found.confidence, "certain");
  assert.deepEqual(quotes(found), [
    `log of build 4, Starting workspace, 2026-11-22T07:59:20Z: ${words}`,
    `build 4 (start) in Coder, 2026-11-22T07:59:30Z: ${EXIT}`,
  ]);
  assert.deepEqual(steps(found), [
    "Read the log of the build. | kubectl get --raw " +
    "/apis/aggregation.coder.com/v1alpha1/namespaces/lab/coderworkspaces/acme.ann.dev/log | " +
    'get_workspace_build_log {"namespace":"lab","name":"acme.ann.dev"}',
    "Correct the template docker, if the error is in it, and push it. | coder templates pull docker ./docker | " +
    'list_template_versions {"namespace":"lab","name":"acme.docker"}',
    "Build it again once that is corrected. | coder start ann/dev --yes | " +
    'set_workspace_running {"namespace":"lab","name":"acme.ann.dev","running":true}',
  ]);
});

Deno.test("the stage is told: init, plan, apply, stop, destroy", () => {
  const told = (error: string, transition = "start", stage = "") => {
    const buildLog = stage === "" ? [] : lines(stage, "error", "Error: no");
    return only(rule, seen({ build: { ...failed(error), transition }, buildLog })).cause.replace(
      / in build.*/,
      "",
    );
  };
  assert.equal(
    told("terraform init: exit status 1"),
    "Terraform failed as it fetched providers and modules (init)",
  );
  assert.equal(told("terraform plan: exit status 1"), "Terraform failed as it planned (plan)");
  assert.equal(told("", "start", "Planning Infrastructure"), "Terraform failed as it planned (plan)");
  assert.equal(told(EXIT), "Terraform failed as it made resources (apply)");
  assert.equal(told(EXIT, "stop"), "Terraform failed as it stopped resources (apply)");
  assert.equal(told(EXIT, "delete"), "Terraform failed as it removed resources (destroy)");
});

Deno.test("a build that is not a start is tried again as what it was", () => {
  const again = (transition: string) =>
    steps(only(rule, seen({ build: { ...failed(EXIT), transition } }))).at(-1)?.replace(/^[^|]*\| /, "");
  assert.equal(
    again("stop"),
    'coder stop ann/dev --yes | set_workspace_running {"namespace":"lab","name":"acme.ann.dev","running":false}',
  );
  assert.equal(
    again("delete"),
    "kubectl -n lab delete coderworkspace acme.ann.dev | " +
      'delete_workspace {"namespace":"lab","name":"acme.ann.dev"}',
  );
});

Deno.test("without Coder's record, the aggregated object tells", () => {
  const workspace = object({
    latestBuildStatus: "failed",
    latestBuild: { number: 9, transition: "start", completedAt: ago(30), error: EXIT },
  });
  const found = only(rule, seen({ workspace }));
  assert.equal(found.cause, `Terraform failed as it made resources (apply) in build 9 (start): ${EXIT}`);
});

Deno.test("a long error is cut in the sentence", () => {
  const { cause } = only(rule, seen({ build: failed(`terraform apply: ${"x".repeat(900)}`) }));
  assert.ok(cause.length < 330 && cause.endsWith("x…"), cause);
});

Deno.test("nothing is said of builds that failed for another reason, or without a word", () => {
  assertQuiet(
    rule,
    seen({ build: failed("insufficient quota") }),
    seen({ build: failed("update job: required template variables need values: region") }),
    seen({ build: failed(EXIT, { canceledAt: ago(30) }) }),
    seen({ build: failed("") }),
    seen({ build: build({ status: "stopped", transition: "stop" }), buildLog: APPLY }),
  );
});
