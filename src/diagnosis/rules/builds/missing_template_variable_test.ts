import assert from "node:assert/strict";
import type { VersionFacts } from "../../coder_facts.ts";
import { missingTemplateVariable as rule } from "./missing_template_variable.ts";
import { ago, assertQuiet, failed, object, only, quotes, refused, seen, steps } from "./testing.ts";

const WORDS = "update job: required template variables need values: region, zone";

Deno.test("the variables that have no value are named", () => {
  const found = only(rule, seen({ build: failed(WORDS, { errorCode: "REQUIRED_TEMPLATE_VARIABLES" }) }));
  assert.equal(
    found.cause,
    "The template's variables region, zone have no values (template docker, version v2).",
  );
  assert.deepEqual(quotes(found), [
    `build 4 (start) in Coder, 2026-11-22T07:59:30Z: REQUIRED_TEMPLATE_VARIABLES: ${WORDS}`,
  ]);
  assert.equal(
    steps(found)[0],
    "Push the template with a value for region, zone. | " +
      "coder templates push docker --directory . --variable region=VALUE --variable zone=VALUE | " +
      'get_template_version_log {"namespace":"lab","name":"acme.docker","version":"newest"}',
  );
});

Deno.test("Terraform's own words name it, too", () => {
  const buildLog = [
    {
      at: ago(40),
      level: "error",
      stage: "Planning Infrastructure",
      text: "Error: No value for required variable",
    },
    {
      level: "error",
      stage: "Planning Infrastructure",
      text: 'The root module input variable "region" is not set, and has no default value.',
    },
  ];
  const found = only(rule, seen({ build: failed("terraform plan: exit status 1"), buildLog }));
  assert.equal(found.cause, "The template's variable region has no value (template docker, version v2).");
  assert.match(
    quotes(found)[0] ?? "",
    /^log of build 4, Planning Infrastructure, 2026-11-22T07:59:20Z: Error: No/,
  );
});

Deno.test("a version that was refused for it says so", () => {
  const message =
    `The provided template version "v3" has failed to import: "${WORDS}". You cannot build workspaces ` +
    "with it!";
  const found = only(rule, seen({ workspace: object(refused(message)) }));
  assert.equal(found.cause, "The template's variables region, zone have no values (template docker).");
  assert.deepEqual(quotes(found), [
    `condition ChangePending of the workspace, 2026-11-22T07:58:30Z: ${message}`,
  ]);
});

Deno.test("the import of the build's version tells where the build does not", () => {
  const version: VersionFacts = {
    id: "1",
    name: "v2",
    archived: false,
    jobStatus: "failed",
    jobError: "no words of which variable",
    jobErrorCode: "REQUIRED_TEMPLATE_VARIABLES",
    tags: {},
    warnings: [],
  };
  const found = only(rule, seen({ build: failed("it did not work"), templateVersion: version }));
  assert.equal(found.cause, "A variable of the template has no value (template docker, version v2).");
  assert.match(steps(found)[0] ?? "", /^Push the template with a value for it\. .* --variable NAME=VALUE/);
});

Deno.test("nothing is said of other failures and refusals", () => {
  assertQuiet(
    rule,
    seen({ build: failed("terraform apply: exit status 1"), buildLog: [] }),
    seen({ workspace: object(refused("the workspace is locked")) }),
  );
});
