import assert from "node:assert/strict";
import { startClientRig } from "../../../tests/fake-coder/client_rig.ts";
import { addTemplate, addVersion } from "../../../tests/fake-coder/mod.ts";
import type { CoderTemplate } from "../../api/template.ts";
import { toolRig } from "../testing.ts";
import { promoteTemplateVersion, rollBackTemplate } from "./template_promote.ts";
import { getTemplate } from "./templates.ts";
import {
  codersOf,
  FakeTemplates,
  type FakeTemplatesOptions,
  templateOf,
  type TemplateParts,
} from "./template_testing.ts";

const KEY = { namespace: "lab", name: "acme.docker" };

const activating: FakeTemplatesOptions = {
  after: (template) => ({
    ...template,
    status: { ...template.status, activeVersionID: template.spec.versionID ?? "" },
  }),
};

/** Four versions, v1 to v4; the third was never imported. */
async function startRig(active: number, parts: TemplateParts = {}, options = activating) {
  const rig = await startClientRig();
  const { state } = rig.fake;
  const record = addTemplate(state, "docker");
  const ids = [1, 2, 3, 4].map((number) => {
    const id = addVersion(state, record, new Uint8Array());
    const version = state.templateVersions.find((one) => one["id"] === id)!;
    Object.assign(version, { name: `v${number}`, created_at: `2026-01-0${number}T00:00:00Z` });
    if (number === 3) version["job"] = { ...version["job"] as object, status: "failed" };
    return id;
  }) as [string, string, string, string];
  const activeId = ids[active - 1]!;
  const template = (also: TemplateParts = parts) =>
    templateOf({ uid: record.id, ...also, spec: { ...also.spec, versionID: activeId } });
  const fake = new FakeTemplates([template()], options);
  const tools = toolRig({ cluster: fake.cluster, coders: codersOf(rig.client) });
  return {
    ...tools,
    fake,
    ids,
    template,
    coder: rig,
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}

Deno.test("a version is promoted by its name, and the plan says in whose place", async () => {
  await using rig = await startRig(4);
  const [, second, , fourth] = rig.ids;
  const { plan, done } = await rig.carriesOut(promoteTemplateVersion, { ...KEY, version: "v2" });
  const told = plan.output["plan"] as { summary: string; diff: string };
  assert.equal(told.summary, `Make v2 (${second}) the active version of the template lab/acme.docker`);
  assert.equal(told.diff, `-active version: v4 (${fourth})\n+active version: v2 (${second})`);
  assert.deepEqual(done.output, { ...KEY, versionID: second, updated: true });
});

Deno.test("what is active already is no change", async () => {
  await using rig = await startRig(4);
  const { output } = await rig.run(promoteTemplateVersion, { ...KEY, version: "newest" });
  assert.deepEqual(output, { ...KEY, versionID: rig.ids[3], updated: false });
});

Deno.test("what is being imported is given up for the active version, and the plan says so", async () => {
  const pendingVersionID = crypto.randomUUID();
  await using rig = await startRig(4, { status: { pendingVersionID } });
  const { plan } = (await rig.run(promoteTemplateVersion, { ...KEY, version: "v4" })).output as {
    plan: { summary: string };
  };
  assert.match(plan.summary, /, and give up what is being imported$/);
});

Deno.test("a rollback goes to the newest good version before the active one", async () => {
  await using rig = await startRig(4);
  const { done } = await rig.carriesOut(rollBackTemplate, KEY);
  assert.deepEqual(done.output, { ...KEY, versionID: rig.ids[1], updated: true });
  // And from there further back.
  const again = await rig.carriesOut(rollBackTemplate, KEY);
  assert.equal(again.done.output["versionID"], rig.ids[0]);
  const error = await rig.refuses(rollBackTemplate, KEY);
  assert.deepEqual([error.code, error.message], [
    "not_found",
    "acme.docker has no good version that is older than the active one",
  ]);
});

Deno.test("where a source has a last good version, a rollback goes to that", async () => {
  await using rig = await startRig(4);
  rig.fake.items = [rig.template({
    spec: { source: { git: { url: "https://git.example.com/t" } } },
    status: { source: { lastGoodVersionID: rig.ids[0] } },
  })];
  const { plan, done } = await rig.carriesOut(rollBackTemplate, KEY);
  assert.match(plan.text, /, until its source has another revision/);
  assert.equal(done.output["versionID"], rig.ids[0]);
});

Deno.test("a plan whose active version is another by then is not carried out", async () => {
  await using rig = await startRig(4);
  const { plan } = (await rig.run(promoteTemplateVersion, { ...KEY, version: "v2" })).output as {
    plan: { planToken: string };
  };
  rig.fake.items = rig.fake.items.map((one): CoderTemplate => ({
    ...one,
    status: { ...one.status, activeVersionID: rig.ids[0] },
  }));
  const error = await rig.refuses(promoteTemplateVersion, {
    ...KEY,
    version: "v2",
    planToken: plan.planToken,
  });
  assert.equal(error.code, "conflict");
});

Deno.test("where somebody else was quicker, nobody is told that it was done", async () => {
  await using rig = await startRig(4, {}, { after: (template) => template });
  const { plan } = (await rig.run(promoteTemplateVersion, { ...KEY, version: "v2" })).output as {
    plan: { planToken: string };
  };
  const error = await rig.refuses(promoteTemplateVersion, {
    ...KEY,
    version: "v2",
    planToken: plan.planToken,
  });
  assert.match(error.message, /another version was made the active one meanwhile/);
});

Deno.test("W-8: the name `default` of an organization means what Coder means by it", async () => {
  await using rig = await startRig(4);
  const { template } = (await rig.run(getTemplate, { namespace: "lab", name: "default.docker" })).output as {
    template: { name: string };
  };
  assert.equal(template.name, "acme.docker");
  const { done } = await rig.carriesOut(promoteTemplateVersion, {
    namespace: "lab",
    name: "Default.docker",
    version: "v1",
  });
  assert.equal(done.output["name"], "acme.docker");
  const error = await rig.refuses(getTemplate, { namespace: "lab", name: "default.none" });
  assert.equal(error.code, "not_found");
  assert.doesNotMatch(error.message, /assertion/);
});
