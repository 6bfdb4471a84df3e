import assert from "node:assert/strict";
import { isAboutParameters, isAboutVariables, isAboutVersion } from "./refusal.ts";

const kinds = (
  message: string,
) => [isAboutVariables(message), isAboutVersion(message), isAboutParameters(message)];

Deno.test("each refusal is about one thing", () => {
  const import_ = (error: string) =>
    `The provided template version "v3" has failed to import: "${error}". You cannot build workspaces with it!`;
  assert.deepEqual(kinds(import_("terraform plan: exit status 1")), [false, true, false]);
  assert.deepEqual(kinds("The template version is archived."), [false, true, false]);
  assert.deepEqual(kinds('Unable to validate parameters: parameter "x" is required'), [false, false, true]);
  assert.deepEqual(kinds("A workspace build is already active."), [false, false, false]);
});

Deno.test("a version that lacks a variable is both, and the variable says more", () => {
  const [variables, version, parameters] = kinds(
    'The provided template version "v3" has failed to import: "required template variables need values: x"',
  );
  assert.deepEqual([variables, version, parameters], [true, true, false]);
});
