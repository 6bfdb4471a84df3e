import assert from "node:assert/strict";
import { STANDARD_LIMITS } from "../types.ts";
import { SessionTable } from "./session_table.ts";
import { FakeHost } from "./testing/fake_sandbox.ts";

function rig(capacity = 2, admit?: () => void) {
  const host = new FakeHost();
  const table = new SessionTable({ host, capacity, admit });
  return {
    host,
    table,
    open: (id: string, existing = false) => table.open(id, { limits: STANDARD_LIMITS, existing }),
  };
}

const names = (table: SessionTable) => table.list().map(({ id }) => id);

Deno.test("a session is opened once, however often it is asked for", async () => {
  const { host, table, open } = rig();
  let opened = 0;
  host.beforeOpen = () => void opened++;
  const [first, second] = await Promise.all([open("a"), open("a")]);
  assert.equal(first, second);
  assert.equal(await open("a"), first);
  assert.equal(table.get("a"), first);
  assert.equal(opened, 1);
});

Deno.test("there are no more than the worker has room for, those that are being opened included", async () => {
  const { host, table, open } = rig(2);
  const held = Promise.withResolvers<void>();
  host.beforeOpen = () => held.promise;
  const opening = [open("a"), open("b")];
  await Promise.resolve();
  await assert.rejects(open("c"), { code: "no_capacity", message: /its 2 sessions/ });
  held.resolve();
  await Promise.all(opening);
  await assert.rejects(open("c"), { code: "no_capacity" });
  await table.close("a", false);
  await open("c");
  assert.deepEqual(names(table), ["b", "c"]);
});

Deno.test("one that could not be opened takes no room, and may be tried again", async () => {
  const { host, table, open } = rig(1);
  host.beforeOpen = () => {
    throw new Error("no namespace");
  };
  await assert.rejects(open("a"), /no namespace/);
  host.beforeOpen = () => {};
  await open("a");
  assert.deepEqual(names(table), ["a"]);
});

Deno.test("where no sessions are taken, those that are there still are", async () => {
  let isFull = false;
  const { open } = rig(9, () => {
    if (isFull) throw new Error("no more");
  });
  const session = await open("a");
  isFull = true;
  assert.equal(await open("a"), session);
  await assert.rejects(open("b"), /no more/);
});

Deno.test("closing ends its processes, tells its calls, and removes its files, also twice", async () => {
  const { host, table, open } = rig();
  const session = await open("a");
  const sandbox = host.get("a");
  await table.close("a", false);
  assert.equal(sandbox.isClosed, true);
  assert.equal(session.ended.aborted, true);
  assert.equal(session.ended.reason.code, "session_ended");
  assert.deepEqual(host.removed, ["a"]);
  await table.close("a", false);
  assert.deepEqual(host.removed, ["a", "a"]);
  assert.throws(() => table.get("a"), { code: "session_ended", message: /no session a/ });
});

Deno.test("files may stay, and be found again", async () => {
  const { host, table, open } = rig();
  const found: boolean[] = [];
  host.beforeOpen = (_, existing) => void found.push(existing);
  await open("a");
  await table.close("a", true);
  await table.close("unknown", true);
  assert.deepEqual(host.removed, []);
  await open("a", true);
  assert.deepEqual(found, [false, true]);
});

Deno.test("opening and closing of one session wait for each other, those of others do not", async () => {
  const { host, table, open } = rig();
  const held = Promise.withResolvers<void>();
  const order: string[] = [];
  host.beforeOpen = async (id) => {
    order.push(`open ${id}`);
    if (id === "a") await held.promise;
  };
  host.beforeRemove = (id) => void order.push(`remove ${id}`);
  const opening = open("a");
  const closing = table.close("a", false);
  const again = open("a");
  await open("b");
  assert.deepEqual(order, ["open a", "open b"]);
  held.resolve();
  const first = await opening;
  await closing;
  const second = await again;
  assert.deepEqual(order, ["open a", "open b", "remove a", "open a"]);
  assert.notEqual(first, second);
  assert.deepEqual(names(table), ["b", "a"]);
});

Deno.test("what could not be removed is tried again by the next close, and the session is over anyway", async () => {
  const { host, table, open } = rig();
  await open("a");
  host.beforeRemove = () => {
    throw new Error("busy");
  };
  await assert.rejects(table.close("a", false), /busy/);
  assert.throws(() => table.get("a"), { code: "session_ended" });
  host.beforeRemove = () => {};
  await table.close("a", false);
  assert.deepEqual(host.removed, ["a"]);
});

Deno.test("what is left of an earlier process is removed, unless it is open by now", async () => {
  const { host, table, open } = rig();
  await open("a");
  const signal = new AbortController().signal;
  assert.equal(await table.removeLeftover("a", signal), false);
  assert.equal(await table.removeLeftover("b", signal), true);
  assert.deepEqual(host.removed, ["b"]);
});

Deno.test("a session has no more than this worker allows", async () => {
  const host = new FakeHost();
  const table = new SessionTable({
    host,
    capacity: 9,
    limits: { ...STANDARD_LIMITS, outputBytes: 5_000, processes: 10_000 },
  });
  const { limits } = await table.open("a", { limits: STANDARD_LIMITS, existing: false });
  assert.deepEqual(limits, { ...STANDARD_LIMITS, outputBytes: 5_000 });
  assert.deepEqual(host.limits, limits);
});
