import assert from "node:assert/strict";
import type { CoderTemplate } from "../../api/template.ts";
import { toolRig } from "../testing.ts";
import { followImport, type ImportState, importStateOf } from "./template_import.ts";
import { pushTemplateVersion } from "./template_push.ts";
import {
  conditionOf,
  FakeTemplates,
  type FakeTemplatesOptions,
  templateOf,
  VERSION,
} from "./template_testing.ts";
import type { ToolCall } from "../tool.ts";
import { CALLER } from "../testing.ts";

const KEY = { namespace: "lab", name: "acme.docker" };
const NEXT = "11111111-2222-4333-8444-555555555555";
const files = { "main.tf": "one\n", "old.md": "bye\n" };

const withStatus = (template: CoderTemplate, status: Partial<CoderTemplate["status"]>): CoderTemplate => ({
  ...template,
  status: { ...template.status, ...status },
});
const building = (template: CoderTemplate) =>
  withStatus(template, {
    pendingVersionID: NEXT,
    conditions: [conditionOf("SourceApplied", "Unknown", "it is being imported", "Building")],
  });
const promoted = (template: CoderTemplate) => {
  const { pendingVersionID: _, conditions: __, ...status } = template.status;
  return { ...template, status: { ...status, activeVersionID: NEXT } };
};
const failed = (template: CoderTemplate) =>
  withStatus(template, {
    conditions: [
      conditionOf(
        "SourceApplied",
        "False",
        "The import failed. Its log ends with:\nError: no provider\nbye",
        "BuildFailed",
      ),
    ],
  });

const rigOf = (template = templateOf({ spec: { files } }), options: FakeTemplatesOptions = {}) => {
  const fake = new FakeTemplates([template], options);
  return { fake, ...toolRig({ cluster: fake.cluster }) };
};

Deno.test("a push is planned with the diff of files, carried out, and answers what became of it", async () => {
  const { fake, carriesOut } = rigOf(undefined, { after: promoted });
  const { plan, done } = await carriesOut(pushTemplateVersion, {
    ...KEY,
    files: { "main.tf": "two\n", "old.md": null, "new.md": "hi\n" },
  });
  const { summary, diff } = plan.output["plan"] as { summary: string; diff: string };
  assert.equal(
    summary,
    "Build a version of the template lab/acme.docker with 3 other files, and make it the active one if its import succeeds",
  );
  assert.equal(
    diff,
    "main.tf (changed, +1 -1)\n@@ -1,1 +1,1 @@\n-one\n+two\nnew.md (added, +1 -0)\n@@ -0,0 +1,1 @@\n+hi\n" +
      "old.md (removed, +0 -1)\n@@ -1,1 +0,0 @@\n-bye",
  );
  assert.deepEqual(done.output, { ...KEY, state: "promoted", versionID: NEXT });
  assert.equal(fake.calls.filter((call) => call.startsWith("patch") && !call.endsWith(" dry")).length, 1);
  assert.match(
    fake.calls.find((call) => call.startsWith("patch"))!,
    /"metadata":\{"uid":"[^"]+"\},"spec":\{"files":\{/,
  );
});

Deno.test("files that are there already are no change", async () => {
  const { fake, run } = rigOf();
  const { output, changed } = await run(pushTemplateVersion, {
    ...KEY,
    files: { "main.tf": "one\n", "none.md": null },
  });
  assert.deepEqual([output["state"], output["versionID"], output["plan"], changed], [
    "unchanged",
    VERSION,
    undefined,
    false,
  ]);
  assert.ok(fake.calls.every((call) => !call.startsWith("patch") || call.endsWith(" dry")));
});

Deno.test("an import that fails is told with the end of its log, as data of others", async () => {
  const { carriesOut } = rigOf(undefined, { after: failed });
  const { done } = await carriesOut(pushTemplateVersion, { ...KEY, files: { "main.tf": "bad\n" } });
  assert.deepEqual(done.output["state"], "failed");
  assert.equal(done.output["message"], "The import failed.");
  assert.equal(done.output["log"], "Error: no provider\nbye");
  assert.match(
    done.text,
    /state: failed\nversionID: .*\nmessage: The import failed\.\nUntrusted data, end of the log/,
  );
  assert.match(done.text, /Note: The active version is what it was/);
});

Deno.test("the same files are imported once more where that failed before", async () => {
  const { carriesOut } = rigOf(failed(templateOf({ spec: { files } })), { after: promoted });
  const { plan, done } = await carriesOut(pushTemplateVersion, { ...KEY, files });
  assert.match(plan.text, /Import the files of the template lab\/acme\.docker once more/);
  assert.equal(done.output["state"], "promoted");
});

Deno.test("an import that takes longer goes on, and the answer says where to look", async () => {
  const { carriesOut } = rigOf(undefined, { after: building });
  const { done } = await carriesOut(pushTemplateVersion, {
    ...KEY,
    files: { "main.tf": "two\n" },
    waitSeconds: 0,
  });
  assert.deepEqual([done.output["state"], done.output["pendingVersionID"]], ["building", NEXT]);
  assert.match(done.text, /goes on: get_template and get_template_version_log/);
});

Deno.test("another change in between makes it another plan", async () => {
  const { fake, run, refuses } = rigOf();
  const args = { ...KEY, files: { "main.tf": "two\n" } };
  const { plan } = (await run(pushTemplateVersion, args)).output as { plan: { planToken: string } };
  fake.items = [templateOf({ spec: { files, versionID: NEXT } })];
  assert.equal((await refuses(pushTemplateVersion, { ...args, planToken: plan.planToken })).code, "conflict");
});

Deno.test("what cannot be files of a template is refused before anybody is asked", async () => {
  const { fake, refuses } = rigOf();
  for (const path of ["../a", "/a", "a/../b", "a//b", "./a", "a\\b", "a/"]) {
    const error = await refuses(pushTemplateVersion, { ...KEY, files: { [path]: "x" } });
    assert.deepEqual([error.code, error.message.slice(0, 40)], [
      "invalid",
      "files: no paths inside of a template: " + JSON.stringify(path).slice(0, 2),
    ]);
  }
  assert.equal(
    (await refuses(pushTemplateVersion, { ...KEY, files: {} })).message,
    "files: give at least one",
  );
  const big = await refuses(pushTemplateVersion, { ...KEY, files: { a: "x".repeat(1_100_000) } });
  assert.match(big.message, /more than 1048576 characters/);
  assert.deepEqual(fake.calls, []);
});

Deno.test("while its files cannot be read, nothing is planned", async () => {
  const { refuses } = rigOf(templateOf());
  const error = await refuses(pushTemplateVersion, { ...KEY, files: { a: "x" } });
  assert.equal(error.code, "unavailable");
  assert.match(error.message, /^update CoderTemplate lab\/acme\.docker: its files cannot be read now/);
});

Deno.test("what a template says of its files is understood", () => {
  const template = templateOf();
  assert.deepEqual(importStateOf(template, VERSION), { state: "unchanged", versionID: VERSION });
  assert.deepEqual(importStateOf(template, "other"), { state: "promoted", versionID: VERSION });
  assert.deepEqual(importStateOf(building(template), VERSION), {
    state: "building",
    versionID: VERSION,
    pendingVersionID: NEXT,
  });
  const bare = withStatus(template, { conditions: [conditionOf("SourceApplied", "False", "", "Refused")] });
  assert.deepEqual(importStateOf(bare, VERSION), { state: "failed", versionID: VERSION, message: "Refused" });
});

Deno.test("an import is followed to its end, with progress, whatever a server says that knows less", async () => {
  const template = templateOf();
  const told = [building(template), template, building(template), promoted(template)];
  const fake = new FakeTemplates([template]);
  const progress: string[] = [];
  let now = 0;
  const call = {
    caller: CALLER,
    cluster: {
      ...fake.cluster,
      list: (...args: Parameters<typeof fake.cluster.list>) => {
        fake.items = [told.shift() ?? template];
        return fake.cluster.list(...args);
      },
    },
    signal: AbortSignal.timeout(60_000),
    now: () => now += 100,
    progress: (_done: number, _total: number | undefined, message: string) => void progress.push(message),
  } as unknown as ToolCall;
  const first: ImportState = { state: "building", versionID: VERSION };
  const last = await followImport(call, { key: KEY, before: VERSION, first, until: 60_000, everyMs: 1 });
  assert.deepEqual(last, { state: "promoted", versionID: NEXT });
  assert.deepEqual(progress, [
    "the files are being uploaded",
    `version ${NEXT} is being imported`,
    `version ${NEXT} is being imported`,
    `version ${NEXT} is being imported`,
  ]);
  const late = await followImport(call, { key: KEY, before: VERSION, first, until: 0, everyMs: 1 });
  assert.deepEqual(late, first);
});
