import assert from "node:assert/strict";
import type { CoderWorkspace, WorkspaceSpec } from "../../api/workspace.ts";
import { build, uuid, workspace } from "../../inventory/testing/records.ts";
import { parseWorkspaceName } from "../names.ts";
import { StatusError } from "../serving/status_errors.ts";
import {
  changeOf,
  creationOf,
  defaultedChange,
  defaultedNew,
  isSpecifiedAlike,
  keptSpec,
  warningsOf,
  workspaceCauses,
  workspaceField,
} from "./workspace_change.ts";

const NAME = "acme.alice.dev";
const [VERSION, OTHER, PRESET] = [uuid(1), uuid(2), uuid(3)] as const;

const object = (spec: WorkspaceSpec, metadata: object = {}): CoderWorkspace => ({
  apiVersion: "aggregation.coder.com/v1alpha1",
  kind: "CoderWorkspace",
  metadata: { name: NAME, ...metadata },
  spec,
  status: { lastUsedAt: null, conditions: [] },
});
const before: WorkspaceSpec = {
  organization: "acme",
  templateName: "docker",
  templateVersionID: VERSION,
  running: true,
  ttlMillis: 3_600_000,
  autostartSchedule: "30 9 * * 1-5",
  parameters: { cpus: "2" },
};
const causes = (after: WorkspaceSpec, was?: WorkspaceSpec) =>
  workspaceCauses(object(after), was && object(was)).map(({ field, reason }) => `${field} ${reason}`);

Deno.test("a new workspace is of the organization of its name, and may say so", () => {
  const name = parseWorkspaceName(NAME);
  for (const organization of [undefined, "", "acme"]) {
    const spec = { templateName: "docker", ...(organization === undefined ? {} : { organization }) };
    assert.deepEqual(defaultedNew(object(spec), name).spec, { templateName: "docker", organization: "acme" });
  }
  assert.throws(
    () => defaultedNew(object({ organization: "other" }), name),
    (error) => error instanceof StatusError && error.code === 400,
  );
  const empty = defaultedNew(object({ templateVersionID: "", presetID: "" }), name);
  assert.deepEqual(empty.spec, { organization: "acme" });
});

Deno.test("what cannot be taken away stays where it is left out; the rest where the object was sent whole", () => {
  const [whole, patched] = [true, false].map((isWhole) =>
    defaultedChange(object({}), object(before), isWhole).spec
  );
  assert.deepEqual(whole, before);
  const { ttlMillis: _ttl, autostartSchedule: _auto, parameters: _values, ...lasting } = before;
  assert.deepEqual(patched, lasting);
  const said = { organization: "", templateName: "", templateVersionID: "", running: false, ttlMillis: 0 };
  assert.deepEqual(defaultedChange(object(said), object(before), true).spec, {
    ...before,
    running: false,
    ttlMillis: 0,
  });
  for (const isWhole of [true, false]) {
    const none = defaultedChange(object({ ...before, parameters: {} }), object(before), isWhole);
    assert.equal("parameters" in none.spec, false);
  }
  const bare = { ...object({}), spec: undefined } as unknown as CoderWorkspace;
  assert.deepEqual(defaultedChange(bare, object(before), true).spec, before);
});

Deno.test("a new workspace needs a template, and ids are UUIDs", () => {
  assert.deepEqual(causes({ templateName: "docker" }), []);
  assert.deepEqual(causes({}), ["spec.templateName FieldValueRequired"]);
  assert.deepEqual(causes({ templateName: "docker", templateVersionID: "v1", presetID: "big" }), [
    "spec.templateVersionID FieldValueInvalid",
    "spec.presetID FieldValueInvalid",
  ]);
});

Deno.test("organization, template and preset cannot be changed, and what is there is no mistake", () => {
  const odd = { ...before, presetID: PRESET, templateVersionID: "odd" };
  assert.deepEqual(causes({ ...odd, running: false }, odd), []);
  assert.deepEqual(causes({ ...odd, organization: "b", templateName: "c", presetID: OTHER }, odd), [
    "spec.organization FieldValueInvalid",
    "spec.templateName FieldValueInvalid",
    "spec.presetID FieldValueInvalid",
  ]);
  assert.deepEqual(causes({ ...before, presetID: PRESET }, before), ["spec.presetID FieldValueInvalid"]);
  const [cause] = workspaceCauses(object({ ...before, templateName: "c" }), object(before));
  assert.match(cause!.message, /"c": field is immutable/);
});

Deno.test("of what is being deleted, metadata alone can be changed", () => {
  const going = object(before, { deletionTimestamp: "2026-01-01T00:00:00Z" });
  assert.deepEqual(
    workspaceCauses({ ...going, metadata: { ...going.metadata, labels: { a: "b" } } }, going),
    [],
  );
  const [cause] = workspaceCauses({ ...going, spec: { ...before, running: false } }, going);
  assert.deepEqual([cause?.field, cause?.reason], ["spec", "FieldValueForbidden"]);
});

Deno.test("Coder is asked for what is another than before, and for nothing else", () => {
  assert.equal(changeOf(before, structuredClone(before)), undefined);
  assert.equal(changeOf(before, { ...before, presetID: PRESET }), undefined);
  assert.deepEqual(changeOf(before, { ...before, running: false }), { running: false });
  assert.deepEqual(changeOf(before, { ...before, templateVersionID: OTHER }), { version: OTHER });
  assert.deepEqual(changeOf(before, { ...before, parameters: { cpus: "2", disk: "9" } }), {
    parameters: [{ name: "disk", value: "9" }],
  });
  assert.deepEqual(changeOf({}, { parameters: { cpus: "2" } }), {
    parameters: [{ name: "cpus", value: "2" }],
  });
  assert.equal(changeOf(before, { ...before, parameters: {} }), undefined);
  assert.deepEqual(changeOf(before, { ...before, ttlMillis: 60_000 }), { ttlMs: 60_000 });
});

Deno.test("what is taken away, zero and empty all end the time and the schedule, once", () => {
  const { ttlMillis: _ttl, autostartSchedule: _auto, ...without } = before;
  for (const after of [without, { ...without, ttlMillis: 0, autostartSchedule: "" }]) {
    assert.deepEqual(changeOf(before, after), { ttlMs: null, autostart: null });
    assert.equal(changeOf(without, after), undefined);
    assert.equal(changeOf({ ...without, ttlMillis: 0, autostartSchedule: "" }, after), undefined);
  }
});

Deno.test("records are alike where they say the same of what is asked for", () => {
  const one = workspace({ latest_build: build({ template_version_id: VERSION }) });
  const alike = (changes: object) => isSpecifiedAlike(one, { ...one, ...changes });
  const other = (changes: object) => alike({ latest_build: { ...one.latest_build, ...changes } });
  assert.ok(alike({ name: "renamed", outdated: true, last_used_at: "2026-02-02T00:00:00Z" }));
  assert.ok(other({ status: "starting", build_number: 9 }));
  assert.ok(!other({ transition: "stop", status: "stopped" }));
  assert.ok(!other({ status: "failed" }));
  assert.ok(!other({ template_version_id: OTHER }));
  assert.ok(!alike({ ttl_ms: 60_000 }));
  assert.ok(!alike({ autostart_schedule: "0 0 * * *" }));
  const [stop, remove] = ["stop", "delete"].map((transition) => ({
    ...one,
    latest_build: { ...one.latest_build, transition },
  }));
  assert.ok(!isSpecifiedAlike(stop!, remove!));
  assert.ok(isSpecifiedAlike({ ...one, ttl_ms: 0 }, { ...one, ttl_ms: null }));
});

Deno.test("what is made has what is said, and nothing of what is empty", () => {
  const asked = { name: "dev", owner: { id: "1", name: "alice" }, template: "t" };
  const rest = { owner: asked.owner, name: "dev" };
  assert.deepEqual(creationOf({ templateName: "docker" }, asked), { ...rest, source: { templateId: "t" } });
  assert.deepEqual(
    creationOf({ ttlMillis: 0, autostartSchedule: "", parameters: {}, templateVersionID: VERSION }, asked),
    { ...rest, source: { versionId: VERSION } },
  );
  assert.deepEqual(creationOf({ ...before, presetID: PRESET, running: false }, asked), {
    ...rest,
    source: { versionId: VERSION },
    parameters: [{ name: "cpus", value: "2" }],
    presetId: PRESET,
    ttlMs: 3_600_000,
    autostart: "30 9 * * 1-5",
    running: false,
  });
});

Deno.test("kept is what Coder does not give back, and what is shown as it was stays as it is kept", () => {
  assert.deepEqual(keptSpec(before, {}), { spec: { parameters: { cpus: "2" } } });
  assert.deepEqual(keptSpec({ ...before, presetID: PRESET, parameters: {} }, {}), {
    spec: { presetID: PRESET },
  });
  assert.deepEqual(keptSpec(before, before), {});
  assert.deepEqual(keptSpec(before, before, { parameters: { a: "kept" } }), {
    spec: { parameters: { a: "kept" } },
  });
  const { parameters: _, ...without } = before;
  assert.deepEqual(keptSpec(without, before, { parameters: { cpus: "2" } }), {});
  assert.deepEqual(keptSpec({ ttlMillis: 0, autostartSchedule: "" }, before), {
    spec: { ttlMillis: 0, autostartSchedule: "" },
  });
  // Coder keeps whole minutes.
  assert.deepEqual(keptSpec({ ttlMillis: 90_500 }, before), { spec: { ttlMillis: 90_500 } });
  assert.deepEqual(keptSpec({ ttlMillis: 120_000 }, before, { ttlMillis: 90_500 }), {});
  assert.deepEqual(
    keptSpec(before, {}, { ttlMillis: 0, autostartSchedule: "" }).spec?.["ttlMillis"],
    undefined,
  );
});

Deno.test("a time that Coder cuts is warned of where it is said", () => {
  assert.deepEqual(warningsOf(before), []);
  assert.deepEqual(warningsOf({ ttlMillis: 90_001 }), [
    "spec.ttlMillis: Coder keeps whole minutes, 60000 of 90001",
  ]);
  assert.deepEqual(warningsOf({ ttlMillis: 90_001 }, { ttlMillis: 90_001 }), []);
  assert.deepEqual(warningsOf({}, before), []);
});

Deno.test("fields of Coder and of actions are fields of the object", () => {
  assert.equal(workspaceField("ttl_ms"), "spec.ttlMillis");
  assert.equal(workspaceField("name"), "metadata.name");
  assert.equal(workspaceField("cpus"), "spec.parameters[cpus]");
});
