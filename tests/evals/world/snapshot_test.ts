import assert from "node:assert/strict";
import { addTemplate, addVersion, addWorkspace, beginBuild, endBuild } from "../../fake-coder/mod.ts";
import { FakeState } from "../../fake-coder/state.ts";
import { coderSnapshot, differences, objectsSnapshot } from "./snapshot.ts";

function filled() {
  const state = new FakeState();
  const ann = state.addUser({ username: "ann", roles: [] });
  const template = addTemplate(state, "docker");
  addVersion(state, template, new Uint8Array());
  return { state, ann, template, dev: addWorkspace(state, ann, "dev") };
}
const now = (state: FakeState) => coderSnapshot(state, 0);

Deno.test("nothing is other where nothing was done", () => {
  const { state } = filled();
  assert.deepEqual(differences(now(state), now(state)), {});
  assert.deepEqual(Object.keys(now(state)), [
    "workspace ann/dev",
    "template docker",
    "user prebuilds",
    "user ann",
  ]);
});

Deno.test("builds, schedules, versions and roles are seen, by name and field", () => {
  const { state, ann, template, dev } = filled();
  const before = now(state);
  beginBuild(state, dev, "stop");
  endBuild(state, dev);
  Object.assign(dev, { ttl_ms: 3_600_000, autostart_schedule: "CRON_TZ=UTC 0 8 * * *" });
  addVersion(state, template, new Uint8Array());
  ann.roles.push("owner");
  assert.deepEqual(differences(before, now(state)), {
    "workspace ann/dev": {
      state: "stopped",
      builds: 2,
      ttlMinutes: 60,
      autostart: "CRON_TZ=UTC 0 8 * * *",
    },
    "template docker": { active: "version-2", versions: 2 },
    "user ann": { roles: "owner" },
  });
});

Deno.test("what is deleted is gone, and what was not there is new", () => {
  const { state, ann, dev } = filled();
  const before = now(state);
  Object.assign(dev, { deleted: true });
  addWorkspace(state, ann, "new");
  const { "workspace ann/dev": gone, "workspace ann/new": made } = differences(before, now(state));
  assert.equal(gone, "gone");
  assert.equal((made as Record<string, unknown>)["isNew"], true);
});

Deno.test("a time to stop is told in minutes from the beginning", () => {
  const { state, dev } = filled();
  const build = dev.latest_build as Record<string, unknown>;
  build["deadline"] = "1970-01-01T02:00:00Z";
  const { "workspace ann/dev": fields } = now(state);
  assert.equal(fields?.["stopsIn"], 120);
});

Deno.test("objects are told apart by who they are and what they want, not by how they are", () => {
  const object = (more: object = {}, metadata: object = {}) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "coder", uid: "u", annotations: { note: "a" }, ...metadata },
    spec: { ports: [] },
    ...more,
  });
  const before = objectsSnapshot([object()]);
  assert.deepEqual(differences(before, objectsSnapshot([object({ status: { loadBalancer: {} } })])), {});
  const applied = { note: "a", "kubectl.kubernetes.io/last-applied-configuration": "{}" };
  assert.deepEqual(differences(before, objectsSnapshot([object({}, { annotations: applied })])), {});
  const changed = differences(before, objectsSnapshot([object({}, { annotations: { note: "b" } })]));
  assert.deepEqual(changed, { "Service coder": { annotations: "note=b" } });
  assert.deepEqual(Object.keys(differences(before, objectsSnapshot([object({ spec: {} })]))), [
    "Service coder",
  ]);
  assert.deepEqual(differences(before, objectsSnapshot([object({}, { uid: "v" })])), {
    "Service coder": { uid: "v" },
  });
});

Deno.test("a pod that gets its node is the same pod", () => {
  const pod = (spec: object) => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "p", uid: "u" }, spec });
  assert.deepEqual(differences(objectsSnapshot([pod({})]), objectsSnapshot([pod({ nodeName: "n" })])), {});
});
