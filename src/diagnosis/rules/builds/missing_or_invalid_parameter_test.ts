import assert from "node:assert/strict";
import { missingOrInvalidParameter as rule } from "./missing_or_invalid_parameter.ts";
import { ago, assertQuiet, failed, object, only, quotes, refused, seen, steps } from "./testing.ts";

Deno.test("a value that Terraform does not take names the parameter", () => {
  const stage = "Planning Infrastructure";
  const buildLog = [
    "Error: Invalid parameter value according to 'validation' block",
    'on main.tf line 6, in data "coder_parameter" "size":',
    '  6: data "coder_parameter" "size" {',
    "value 9 is more than the maximum 5",
  ].map((text) => ({ at: ago(40), level: "error", stage, text }));
  const found = only(rule, seen({ build: failed("terraform plan: exit status 1"), buildLog }));
  assert.equal(
    found.cause,
    "The parameter size of the template docker has no value, or one that it does not take.",
  );
  assert.deepEqual(quotes(found), [
    `log of build 4, ${stage}, 2026-11-22T07:59:20Z: Error: Invalid parameter value according to 'validation' block ` +
    'on main.tf line 6, in data "coder_parameter" "size": value 9 is more than the maximum 5',
    "build 4 (start) in Coder, 2026-11-22T07:59:30Z: terraform plan: exit status 1",
  ]);
  assert.equal(
    steps(found)[0],
    "Give it a value that the template takes. | coder update ann/dev --parameter size=VALUE | " +
      'update_workspace {"namespace":"lab","name":"acme.ann.dev","parameters":{"size":"VALUE"}}',
  );
  assert.match(steps(found)[1] ?? "", /^Read the log of the build/);
});

Deno.test("a refused change names it in Coder's words", () => {
  const message = 'Unable to validate parameters: parameter "region" is required';
  const found = only(rule, seen({ workspace: object(refused(message)) }));
  assert.equal(
    found.cause,
    "The parameter region of the template docker has no value, or one that it does not take.",
  );
  assert.deepEqual(quotes(found), [
    `condition ChangePending of the workspace, 2026-11-22T07:58:30Z: ${message}`,
  ]);
  assert.equal(found.next.length, 1);
});

Deno.test("where no name is told, none is made up", () => {
  const found = only(
    rule,
    seen({ build: failed("missing parameter", { errorCode: "MISSING_TEMPLATE_PARAMETER" }) }),
  );
  assert.equal(found.cause, "The template docker does not take the workspace's parameters as they are.");
  assert.match(quotes(found)[0] ?? "", /: MISSING_TEMPLATE_PARAMETER: missing parameter$/);
});

Deno.test("nothing is said of other failures, though they may speak of parameters", () => {
  const text = 'Error: Invalid function argument Invalid value for "path" parameter: no file exists at "/x"';
  const buildLog = [{ level: "error", stage: "Planning Infrastructure", text }];
  assertQuiet(
    rule,
    seen({ build: failed("terraform plan: exit status 1"), buildLog }),
    seen({ workspace: object(refused("the workspace is locked")) }),
  );
});
