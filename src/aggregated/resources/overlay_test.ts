import assert from "node:assert/strict";
import { recordingLogger } from "../../kube/testing/recording_logger.ts";
import { changeRecord, shadowRecord, wishRecord } from "../convert/testing.ts";
import { NO_OVERLAY, type Overlay } from "../convert/overlay.ts";
import { workspaceStorage } from "./storages.ts";
import { resourcesRig } from "./testing.ts";

/** A Coder of which something can be kept. */
async function setUp() {
  const kept = new Map<string, Overlay>();
  const { logger: log, lines } = recordingLogger();
  const rig = resourcesRig({
    log,
    overlay: ({ id }, kind, record) => kept.get(`${id} ${kind} ${record}`) ?? NO_OVERLAY,
  });
  const { coder, backend } = rig.add("a/coder");
  const [workspace, template] = [coder.add("dev"), coder.addTemplate("docker")];
  await rig.start();
  const heard: string[] = [];
  for (const { collection } of [rig.resources.workspaces, rig.resources.templates]) {
    collection.watch({ namespace: "a", begin: "now" }, {
      change: ({ type, object }) => void heard.push(`${type} ${object.metadata.name}`),
      ended: () => {},
    });
  }
  const keep = (kind: "workspaces" | "templates", id: string, overlay: Overlay) => {
    kept.set(`a/coder ${kind} ${id}`, overlay);
    rig.resources.retell("a/coder", kind, id);
  };
  return { rig, coder, backend, workspace, template, heard, keep, lines };
}

Deno.test("what is kept of an object is shown at once, and watchers hear of it, once", async () => {
  const { rig, backend, workspace, template, heard, keep } = await setUp();
  await using _ = rig;
  const { workspaces, templates } = rig.resources;
  const shadow = shadowRecord({ id: workspace.id, metadata: { labels: { team: "x" } } });
  keep("workspaces", workspace.id, { shadow });
  keep("workspaces", workspace.id, { shadow: { ...shadow } });
  assert.equal(workspaces.shown(backend, workspace.id)?.metadata.labels?.["team"], "x");
  keep("workspaces", workspace.id, { shadow, wish: wishRecord({}, { workspace: workspace.id }) });
  assert.equal(workspaces.shown(backend, workspace.id)?.spec.running, false);
  keep("templates", template.id, { change: changeRecord({ template: template.id }) });
  const types = templates.shown(backend, template.id)?.status.conditions?.map(({ type }) => type);
  assert.deepEqual(types, ["Ready", "Deprecated", "SourceApplied", "Reconciling"]);
  assert.deepEqual(heard, [
    "MODIFIED acme.alice.dev",
    "MODIFIED acme.alice.dev",
    "MODIFIED acme.docker",
  ]);
  assert.equal(rig.resources.overlay(backend, "workspaces", workspace.id).shadow, shadow);
});

Deno.test("what is kept stays shown when Coder tells something new", async () => {
  const { rig, coder, backend, workspace, keep } = await setUp();
  await using _ = rig;
  keep("workspaces", workspace.id, {
    shadow: shadowRecord({ id: workspace.id, metadata: { finalizers: ["example.com/wait"] } }),
  });
  coder.change(workspace.id, { outdated: true });
  await rig.clock.advance(60_000);
  const { metadata, status } = rig.resources.workspaces.shown(backend, workspace.id)!;
  assert.deepEqual([metadata.finalizers, status.outdated], [["example.com/wait"], true]);
});

Deno.test("what is kept of what is not there shows nothing", async () => {
  const { rig, backend, keep, heard, template } = await setUp();
  await using _ = rig;
  keep("workspaces", "no such id", { shadow: shadowRecord() });
  keep("templates", "no such id", { shadow: shadowRecord() });
  rig.resources.retell("a/no-such-coder", "templates", template.id);
  assert.equal(rig.resources.workspaces.shown(backend, "no such id"), undefined);
  assert.deepEqual(heard, []);
});

Deno.test("what is kept and cannot be shown hides one object and no other", async () => {
  const { rig, backend, workspace, template, keep, lines } = await setUp();
  await using _ = rig;
  const broken = {
    get shadow(): never {
      throw new Error("broken");
    },
  };
  keep("workspaces", workspace.id, broken);
  assert.equal(rig.resources.workspaces.shown(backend, workspace.id), undefined);
  assert.notEqual(rig.resources.templates.shown(backend, template.id), undefined);
  assert.match(lines.map(({ message }) => message).join(), /could not be made an object/);
});

Deno.test("a name that is another record's by now is not taken for the first one's", async () => {
  const { rig, coder, backend, workspace } = await setUp();
  await using _ = rig;
  coder.workspaces.delete(workspace.id);
  const other = coder.add("dev");
  await rig.clock.advance(60_000);
  assert.equal(rig.resources.workspaces.shown(backend, workspace.id), undefined);
  assert.equal(rig.resources.workspaces.shown(backend, other.id)?.metadata.uid, other.id);
});

Deno.test("in a namespace that is being deleted nothing is shown, and others are as they were", async () => {
  const ending = new Set<string>();
  await using rig = resourcesRig({ isEnding: (namespace) => ending.has(namespace) });
  const { coder, backend } = rig.add("a/coder");
  const workspace = coder.add("dev");
  coder.addTemplate("docker");
  rig.add("b/coder").coder.add("web");
  await rig.start();
  const heard: string[] = [];
  rig.resources.workspaces.collection.watch({ begin: "now" }, {
    change: ({ type, object }) => void heard.push(`${type} ${object.metadata.namespace}`),
    ended: () => {},
  });
  ending.add("a");
  rig.resources.changed();
  assert.deepEqual([rig.shown("a"), rig.shown("b")], [[], ["acme.alice.web"]]);
  assert.deepEqual(heard, ["DELETED a"]);
  assert.deepEqual(rig.resources.backends("a"), []);
  const storage = workspaceStorage(rig.resources);
  const key = { namespace: "a", name: "acme.alice.dev" };
  await assert.rejects(storage.get(key, rig.context()), /not found/);
  assert.equal(rig.resources.backends().length, 1);
  coder.change(workspace.id, { outdated: true });
  rig.resources.retell(backend.id, "workspaces", workspace.id);
  await rig.clock.advance(60_000);
  assert.deepEqual([rig.shown("a"), heard], [[], ["DELETED a"]]);
  assert.deepEqual(rig.resources.warnings("workspaces", "a"), []);
  // Another namespace of the same name.
  ending.clear();
  rig.resources.changed();
  assert.deepEqual(rig.shown("a"), ["acme.alice.dev", "acme.docker"]);
});
