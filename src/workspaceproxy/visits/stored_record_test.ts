import assert from "node:assert/strict";
import { parseWorkspaceProxy } from "../../api/workspace_proxy.ts";
import { PROXY_FINALIZER } from "../ending.ts";
import { place } from "../registration/testing.ts";
import { KEY, refused, World } from "../../../tests/workspaceproxy/world.ts";
import { RecordChangedError, StoredRecord } from "./stored_record.ts";

const RECORD = {
  registered: true as const,
  registration: { id: "1", name: "eu", ...place("http://a") },
};

/** A proxy that is held, and its record. */
async function started(): Promise<{ world: World; record: StoredRecord }> {
  const world = await World.start({}, { finalizers: [PROXY_FINALIZER] });
  world.setStatus({ phase: "Pending", conditions: [] });
  return { world, record: recordOf(world) };
}

function recordOf(world: World): StoredRecord {
  const { object } = world;
  const signal = new AbortController().signal;
  return new StoredRecord({ key: KEY, object, proxy: parseWorkspaceProxy(object), signal }, world.tools);
}

Deno.test("the record is written, and nothing else of the status is touched", async () => {
  const { world, record } = await started();
  await using _ = world;
  await record.save(RECORD);
  assert.deepEqual(world.status, { phase: "Pending", conditions: [], ...RECORD });
  await record.save({});
  assert.deepEqual(world.status, { phase: "Pending", conditions: [] });
});

Deno.test("whoever else writes the status meanwhile is not undone", async () => {
  const { world, record } = await started();
  await using _ = world;
  let others = 3;
  world.refuse = (verb) => {
    if (verb === "status" && others-- > 0) world.setStatus({ ...world.status, readyReplicas: others });
    return undefined;
  };
  await record.save(RECORD);
  assert.deepEqual(world.status, { phase: "Pending", conditions: [], readyReplicas: 0, ...RECORD });
});

Deno.test("whoever writes the record meanwhile wins", async () => {
  const { world, record } = await started();
  await using _ = world;
  world.setStatus({ registered: true });
  await assert.rejects(record.save(RECORD), RecordChangedError);
  assert.deepEqual(world.status, { registered: true });
  await recordOf(world).save(RECORD);
  assert.deepEqual(world.status, RECORD);
});

Deno.test("others that write all the time are given way to in the end", async () => {
  const { world, record } = await started();
  await using _ = world;
  let count = 0;
  world.refuse = (verb) => verb === "status" && ++count > 0 ? refused(409, "Conflict") : undefined;
  await assert.rejects(record.save(RECORD), /all the time/);
  assert.equal(count, 5);
});

Deno.test("an object that is gone, or another one by now, gets no record", async () => {
  for (const another of [false, true]) {
    const { world, record } = await started();
    await using _ = world;
    const { object } = world;
    world.kinds.workspaceProxies.remove(object);
    if (another) {
      const metadata = { ...object.metadata, uid: "uid-2" };
      world.kinds.workspaceProxies.put({ ...object, metadata });
      world.refuse = (verb) => verb === "status" ? refused(409, "Conflict") : undefined;
    }
    await assert.rejects(record.save(RECORD), /gone/);
    assert.equal(await record.read(), undefined);
  }
});

Deno.test("what the API server refuses is thrown", async () => {
  const { world, record } = await started();
  await using _ = world;
  world.refuse = (verb) => verb === "status" ? refused(403, "Forbidden", "not you") : undefined;
  await assert.rejects(record.save(RECORD), /not you/);
  world.refuse = (verb) => verb === "get" ? refused(500, "", "broken") : undefined;
  await assert.rejects(record.read(), /broken/);
});

Deno.test("it is read as it is stored, as long as the object stays and is held", async () => {
  const { world, record } = await started();
  await using _ = world;
  world.setStatus(RECORD);
  assert.deepEqual(await record.read(), RECORD);
  await record.save({ ...RECORD, registrationIntent: { name: "eu", since: "x", ...place("http://a") } });
  world.change(undefined, { deletionTimestamp: "2026-01-01T00:00:00Z" });
  assert.equal(await record.read(), undefined);
  const { deletionTimestamp: _gone, ...metadata } = world.object.metadata;
  world.kinds.workspaceProxies.put({ ...world.object, metadata: { ...metadata, finalizers: [] } });
  await assert.rejects(record.read(), RecordChangedError);
});

Deno.test("a spec that has changed meanwhile is for the next look", async () => {
  const { world, record } = await started();
  await using _ = world;
  world.change({ ...world.object.spec, replicas: 2 });
  await assert.rejects(record.read(), /the spec was changed/);
});
