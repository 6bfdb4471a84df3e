/** Random days of a Coder: what is shown equals it in the end, and watchers were told every step of the way. */
import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import type { Collection } from "../../inventory/mod.ts";
import { connectionRefused, type ModelCoder } from "../../inventory/testing/model_coder.ts";
import { quickly } from "../../inventory/testing/quick_clock.ts";
import { below, pick, seededRandom } from "../../telemetry/testing/random.ts";
import { workspaceObject } from "../convert/workspace.ts";
import { type Editable, resourcesRig } from "./testing.ts";

/** Keeps what a watch tells, and checks that it follows from what was told before. */
function follow<T extends KubeObject>(collection: Collection<T>) {
  const store = new Map<string, T>();
  let last = 0n;
  let events = 0;
  const watch = collection.watch({ begin: "state" }, {
    change({ type, object }) {
      events++;
      const key = `${object.metadata.namespace}/${object.metadata.name}`;
      const version = BigInt(object.metadata.resourceVersion ?? "");
      assert.ok(version > last, "a version went back");
      last = version;
      assert.equal(store.has(key), type !== "ADDED", `${type} of ${key}`);
      if (type === "MODIFIED") assert.equal(store.get(key)?.metadata.uid, object.metadata.uid);
      if (type === "DELETED") store.delete(key);
      else store.set(key, object);
    },
    ended: () => assert.fail("the watch ended"),
  });
  for (const object of watch?.state ?? []) {
    store.set(`${object.metadata.namespace}/${object.metadata.name}`, object);
  }
  return {
    store,
    get events() {
      return events;
    },
  };
}

/** Something happens in a Coder, by somebody, or by us. */
function happen(random: () => number, coder: ModelCoder, backend: Editable): void {
  const ids = [...coder.workspaces.keys()];
  const isFree = (owner: string, name: string) =>
    [...coder.workspaces.values()].every((one) => one.owner_name !== owner || one.name !== name);
  const id = ids.length === 0 ? "" : pick(random, ids);
  switch (below(random, 12)) {
    case 0:
    case 1: {
      const [owner, name] = [`u${below(random, 5)}`, `w${below(random, 20)}`];
      if (ids.length < 40 && isFree(owner, name)) coder.add(name, { owner_name: owner });
      return;
    }
    case 2:
      coder.begin(id, pick(random, ["start", "stop", "delete"]));
      return;
    case 3:
    case 4:
    case 5:
      for (const open of [...coder.jobs.keys()]) if (below(random, 2) === 0) coder.proceed(open);
      return;
    case 6:
      coder.change(id, { ttl_ms: below(random, 5) * 60_000, outdated: below(random, 2) === 0 });
      return;
    case 7: {
      const name = `w${below(random, 20)}`;
      const owner = coder.workspaces.get(id)?.owner_name ?? "";
      if (isFree(owner, name)) coder.change(id, { name });
      return;
    }
    case 8:
      // Gone without a build, as when a database is repaired.
      coder.workspaces.delete(id);
      return;
    case 9: {
      const templates = [...coder.templates.values()];
      if (templates.length < 6) coder.addTemplate(`t${coder.nextId().slice(-6)}`);
      else {
        const template = pick(random, templates);
        if (below(random, 2) === 0) coder.templates.delete(template.id);
        else coder.templates.set(template.id, { ...template, deprecated: !template.deprecated });
      }
      return;
    }
    case 10: {
      // A write of ours: its answer is known at once.
      if (ids.length === 0) return;
      coder.begin(id, "stop");
      const workspace = coder.workspaces.get(id);
      if (workspace !== undefined) backend.copy.observeBuild(id, workspace.latest_build);
      return;
    }
    case 11: {
      const workspace = coder.workspaces.get(id);
      const name = { organization: "acme", owner: "u1", workspace: workspace?.name ?? "x" };
      backend.copy.findWorkspace(name, new AbortController().signal);
    }
  }
}

Deno.test("after any day the objects are those of Coder, and no watcher missed a step", async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = seededRandom(seed);
    await using rig = resourcesRig();
    const coders = ["a/one", "b/two"].map((id) => ({ id, ...rig.add(id) }));
    for (const { coder } of coders) {
      coder.latencyMs = () => 10 + below(random, 400);
      for (let index = 0; index < 10; index++) coder.add(`w${index}`);
      coder.addTemplate("docker");
    }
    await rig.start();
    const told = [
      follow(rig.resources.workspaces.collection),
      follow(rig.resources.templates.collection),
    ] as const;
    let third: ReturnType<typeof rig.add> | undefined;
    for (let step = 0; step < 600; step++) {
      await quickly(rig.clock, 300, 20);
      for (const { coder, backend } of coders) if (below(random, 3) === 0) happen(random, coder, backend);
      const { coder } = pick(random, coders);
      if (below(random, 60) === 0) {
        const share = below(random, 4);
        coder.failure = () => below(random, 4) < share ? connectionRefused() : undefined;
      }
      if (step === 200) {
        third = rig.add("a/three");
        third.coder.add("dev");
      }
      if (step === 400) rig.drop("a/three");
    }
    for (const { coder } of coders) coder.failure = undefined;
    await quickly(rig.clock, 300_000, 50);
    for (const { id, coder, backend } of coders) {
      const namespace = id.split("/")[0]!;
      const shown = rig.resources.workspaces.collection.list(namespace).items.map((object) => {
        const { resourceVersion: _, ...metadata } = object.metadata;
        return { ...object, metadata };
      });
      const wanted = [...coder.workspaces.values()].map((record) =>
        workspaceObject(record, {
          namespace,
          name: `acme.${record.owner_name}.${record.name}`,
          controlPlane: backend.controlPlane,
          addresses: backend.copy.addresses,
        })
      );
      const byUid = new Map(wanted.map((object) => [object.metadata.uid, object]));
      for (const object of shown) assert.deepEqual(object, byUid.get(object.metadata.uid), `seed ${seed}`);
      assert.equal(shown.length, wanted.length, `seed ${seed}: ${id}`);
      assert.deepEqual(
        rig.resources.templates.collection.list(namespace).items.map(({ metadata }) => metadata.uid).sort(),
        [...coder.templates.keys()].sort(),
        `seed ${seed}`,
      );
    }
    for (const [index, { store }] of told.entries()) {
      const { collection } = index === 0 ? rig.resources.workspaces : rig.resources.templates;
      assert.deepEqual(
        [...store.values()].map(({ metadata }) => metadata.uid).sort(),
        collection.list().items.map(({ metadata }) => metadata.uid).sort(),
      );
      for (const object of collection.list().items) {
        assert.equal(store.get(`${object.metadata.namespace}/${object.metadata.name}`), object);
      }
    }
    assert.ok(told[0].events > 100, `seed ${seed}: only ${told[0].events} events`);
    assert.ok(coders.every(({ coder }) => coder.count() < 3_000));
  }
});
