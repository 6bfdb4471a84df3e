import assert from "node:assert/strict";
import type { VersionFacts } from "../../coder_facts.ts";
import { templateVersionBroken as rule } from "./template_version_broken.ts";
import { ago, assertQuiet, build, failed, object, only, quotes, refused, seen, steps } from "./testing.ts";

const REFUSED = 'The provided template version "v3" has failed to import: "terraform plan: exit status 1". ' +
  "You cannot build workspaces with it!";

function version(fields: Partial<VersionFacts>): VersionFacts {
  return {
    id: "1",
    name: "v2",
    archived: false,
    jobStatus: "succeeded",
    jobError: "",
    jobErrorCode: "",
    tags: {},
    warnings: [],
    ...fields,
  };
}

Deno.test("a version that Coder refused is named, with its words", () => {
  const found = only(rule, seen({ workspace: object(refused(REFUSED)) }));
  assert.equal(found.cause, "Version v3 of the template docker cannot be built: its import failed.");
  assert.deepEqual(quotes(found), [
    `condition ChangePending of the workspace, 2026-11-22T07:58:30Z: ${REFUSED}`,
  ]);
  assert.deepEqual(steps(found), [
    "See why its import failed. | coder templates versions list docker | " +
    'get_template_version_log {"namespace":"lab","name":"acme.docker","version":"v3"}',
    'Go to the active version. | coder update ann/dev | update_workspace {"namespace":"lab","name":"acme.ann.dev",' +
    '"version":"active"}',
  ]);
});

Deno.test("an archived version is told as such", () => {
  const found = only(rule, seen({ workspace: object(refused('The template version "v1" is archived.')) }));
  assert.equal(found.cause, "Version v1 of the template docker cannot be built: it is archived.");
});

Deno.test("the import of a failed build's version is told", () => {
  const templateVersion = version({ jobStatus: "failed", jobError: "no provider" });
  const found = only(rule, seen({ build: failed("it did not work"), templateVersion }));
  assert.equal(found.cause, "Version v2 of the template docker cannot be built: its import failed.");
  assert.deepEqual(quotes(found), ["version v2 in Coder: import failed: no provider"]);
});

Deno.test("nothing is said of good versions, other refusals, and builds that did not fail", () => {
  assertQuiet(
    rule,
    seen({ workspace: object(refused("the workspace is locked")) }),
    seen({ build: failed("it did not work"), templateVersion: version({}) }),
    seen({ build: failed("x", { canceledAt: ago(9) }), templateVersion: version({ jobStatus: "failed" }) }),
    seen({ build: build(), templateVersion: version({ jobStatus: "failed" }) }),
  );
});
