import assert from "node:assert/strict";
import { startClientRig } from "../../../tests/fake-coder/client_rig.ts";
import { fakeLicense, htmlPage, refuse } from "../../../tests/fake-coder/mod.ts";
import { removeFormer } from "./former.ts";
import { proxyCalls } from "./ports.ts";
import type { RegistrationRecord } from "./record.ts";
import { type RemoveInput, removeRegistrations } from "./remove.ts";
import { FakeWorld, place, UID, wanted } from "./testing.ts";

const A = "http://a";
const SINCE = new Date("2026-01-01T00:00:00Z");
const later = (ms: number) => new Date(SINCE.getTime() + ms);

async function rigged() {
  const coder = await startClientRig();
  await coder.client.licenses.add(fakeLicense());
  const world = new FakeWorld();
  world.ways.set(A, { way: "open", calls: proxyCalls(coder.client) });
  const make = async (name: string, icon = "/a.png") => {
    const { proxy, proxyToken } = await coder.client.workspaceProxies.create({
      name,
      displayName: name,
      icon,
    });
    return { id: proxy.id, name, token: proxyToken };
  };
  const remove = (record: RegistrationRecord, more: Partial<RemoveInput> = {}) =>
    removeRegistrations(
      { uid: UID, record, since: SINCE, now: SINCE, ...more },
      world,
      new AbortController().signal,
    );
  const names = () => coder.fake.state.proxies.filter(({ deleted }) => !deleted).map(({ name }) => name);
  return { coder, world, make, remove, names, [Symbol.asyncDispose]: () => coder[Symbol.asyncDispose]() };
}

Deno.test("the registration is removed, and nobody else's", async () => {
  await using rig = await rigged();
  const { id, name } = await rig.make("paris");
  await rig.make("rome");
  const outcome = await rig.remove({ registered: true, registration: { id, name, ...place(A) } });
  assert.deepEqual([outcome.done, outcome.reason, outcome.record], [true, "Removed", {}]);
  assert.deepEqual(outcome.events.map(({ reason }) => reason), ["RegistrationRemoved"]);
  assert.deepEqual(rig.names(), ["rome"]);
});

Deno.test("a proxy that was renamed, or made anew under the name by somebody else, is told by its id", async () => {
  await using rig = await rigged();
  const { id } = await rig.make("paris");
  rig.coder.fake.state.proxies[0]!.deleted = true;
  await rig.make("paris");
  await rig.remove({ registered: true, registration: { id, name: "paris", ...place(A) } });
  assert.deepEqual(rig.names(), ["paris"]);
});

Deno.test("what was begun, and what was before, goes as well", async () => {
  await using rig = await rigged();
  const present = await rig.make("paris");
  const former = await rig.make("old");
  await rig.make("begun", `/a.png#coder-k8s-${UID}`);
  await rig.make("begun-by-another", "/a.png#coder-k8s-other");
  const since = "2025-12-31T23:00:00Z";
  const outcome = await rig.remove({
    registered: true,
    registration: { id: present.id, name: "paris", ...place(A) },
    registrationIntent: { name: "begun", since, ...place(A) },
    formerRegistrations: [{ id: former.id, name: "old", since, ...place(A) }],
  });
  assert.equal(outcome.done, true);
  assert.deepEqual(rig.names(), ["begun-by-another"]);
});

Deno.test("a request that may still be on its way is waited for", async () => {
  await using rig = await rigged();
  const record = { registrationIntent: { name: "begun", since: "2026-01-01T00:00:00Z", ...place(A) } };
  const first = await rig.remove(record, { now: later(10_000) });
  assert.deepEqual([first.done, first.reason, first.lookAgainMs], [false, "Removing", 20_000]);
  await rig.make("begun", `/a.png#coder-k8s-${UID}`);
  const second = await rig.remove(first.record, { now: later(30_000) });
  assert.deepEqual([second.done, second.events.map(({ reason }) => reason)], [true, ["RegistrationRemoved"]]);
  const third = await rig.remove(record, { now: later(31_000) });
  assert.deepEqual([third.done, third.events.map(({ reason }) => reason)], [true, ["RegistrationGone"]]);
});

Deno.test("what the Go operator registered is found by its token, or by its name", async () => {
  await using rig = await rigged();
  const { token } = await rig.make("paris");
  const record = { registered: true } as const;
  await rig.remove(record, {
    legacy: { wanted: wanted(A, { name: "other" }), secret: { state: "held", token } },
  });
  assert.deepEqual(rig.names(), []);
  await rig.make("paris");
  const secret = { state: "missing" } as const;
  const later_ = later(40_000);
  await rig.remove(record, { legacy: { wanted: wanted(A), secret }, now: later_ });
  assert.deepEqual(rig.names(), []);
  await rig.make("paris");
  assert.equal((await rig.remove(record)).done, true);
  assert.deepEqual(rig.names(), ["paris"]);
});

Deno.test("nothing on record is nothing to do", async () => {
  const world = new FakeWorld();
  const input = { uid: UID, record: {}, since: SINCE, now: SINCE };
  const outcome = await removeRegistrations(input, world, new AbortController().signal);
  assert.deepEqual([outcome.done, outcome.events], [true, []]);
  assert.deepEqual(world.operations, []);
});

Deno.test("a Coder that does not answer is tried again for a bounded time, then given up with clear words", async () => {
  await using rig = await rigged();
  const { id, name } = await rig.make("paris");
  rig.coder.fake.faults.add({ method: "DELETE", times: Infinity, action: htmlPage(502, "Bad Gateway") });
  const record = { registered: true, registration: { id, name, ...place(A) } } as const;
  const first = await rig.remove(record, { now: later(1_000) });
  assert.deepEqual([first.done, first.reason, first.lookAgainMs], [false, "CoderUnavailable", 15_000]);
  assert.match(first.message, /paris still to be removed from Coder: .*Given up at 2026-01-01T00:10:00Z$/);
  const near = await rig.remove(first.record, { now: later(599_000) });
  assert.equal(near.lookAgainMs, 1_000);
  const last = await rig.remove(near.record, { now: later(600_000) });
  assert.deepEqual([last.done, last.reason, last.record], [true, "Abandoned", {}]);
  assert.match(last.message, /may still be in Coder: paris at http:\/\/a/);
  assert.match(last.events[0]?.message ?? "", /coder wsproxy delete paris/);
});

Deno.test("giving up can be asked for", async () => {
  await using rig = await rigged();
  rig.world.ways.set(A, { way: "closed", reason: "WaitingForCoder", message: "it sleeps" });
  const record = { registered: true, registration: { id: "1", name: "paris", ...place(A) } } as const;
  assert.equal((await rig.remove(record)).reason, "WaitingForCoder");
  assert.equal((await rig.remove(record, { giveUp: true })).reason, "Abandoned");
  assert.equal((await rig.remove(record, { limitMs: 0 })).reason, "Abandoned");
});

Deno.test("a control plane that is gone for good is not waited for", async () => {
  const world = new FakeWorld();
  const record = { registered: true, registration: { id: "1", name: "paris", ...place(A) } } as const;
  const input = { uid: UID, record, since: SINCE, now: SINCE };
  const outcome = await removeRegistrations(input, world, new AbortController().signal);
  assert.deepEqual([outcome.done, outcome.reason], [true, "Abandoned"]);
});

Deno.test("a Coder without proxies has none of ours", async () => {
  await using rig = await rigged();
  rig.coder.fake.settings.edition = "agpl";
  const record = {
    registered: true,
    registration: { id: crypto.randomUUID(), name: "paris", ...place(A) },
  } as const;
  assert.deepEqual((await rig.remove(record)).reason, "Removed");
});

Deno.test("one that fails does not keep the others from going, and Coder's own time is kept", async () => {
  await using rig = await rigged();
  const { id } = await rig.make("paris");
  const other = await rig.make("old");
  rig.coder.fake.faults.rateLimit(60, { path: new RegExp(id) });
  const outcome = await rig.remove({
    registered: true,
    registration: { id, name: "paris", ...place(A) },
    formerRegistrations: [{ id: other.id, name: "old", since: "2026-01-01T00:00:00Z", ...place(A) }],
  });
  assert.deepEqual(rig.names(), ["paris"]);
  assert.deepEqual(outcome.record.formerRegistrations?.map((former) => former.id), [id]);
  assert.ok((outcome.lookAgainMs ?? 0) > 15_000);
});

Deno.test("a former registration whose Coder never answers again is given up after a day", async () => {
  const world = new FakeWorld();
  world.ways.set(A, { way: "closed", reason: "WaitingForCoder", message: "it sleeps" });
  const former = { id: "1", name: "old", since: "2026-01-01T00:00:00Z", ...place(A) };
  const end = async (now: Date) => {
    const options = { isOurs: () => true, keep: undefined, now, signal: new AbortController().signal };
    return (await removeFormer(former, world, options)).end;
  };
  assert.equal(await end(later(24 * 3_600_000)), "failed");
  assert.equal(await end(later(24 * 3_600_000 + 1)), "abandoned");
});

Deno.test("the present registration is never removed as a former one", async () => {
  await using rig = await rigged();
  const { id } = await rig.make("paris");
  const options = { isOurs: () => true, keep: id, now: later(60_000), signal: new AbortController().signal };
  const since = "2026-01-01T00:00:00Z";
  const byId = await removeFormer({ id, name: "paris", since, ...place(A) }, rig.world, options);
  assert.equal(byId.end, "gone");
  rig.coder.fake.state.proxies.length = 1;
  const calls = proxyCalls(rig.coder.client);
  const list: typeof calls.list = async (given) =>
    (await calls.list(given)).filter(({ name }) => name === "paris");
  rig.world.ways.set(A, { way: "open", calls: { ...calls, list } });
  const byMark = await removeFormer({ name: "paris", since, ...place(A) }, rig.world, options);
  assert.equal(byMark.end, "gone");
  assert.deepEqual(rig.names(), ["paris"]);
});

Deno.test("the end of the process ends a removal", async () => {
  const world = new FakeWorld();
  const stop = new AbortController();
  world.hook = () => {
    stop.abort(new Error("stopping"));
    throw new Error("cut off");
  };
  const record = { registered: true, registration: { id: "1", name: "paris", ...place(A) } } as const;
  const input = { uid: UID, record, since: SINCE, now: SINCE };
  await assert.rejects(removeRegistrations(input, world, stop.signal), /stopping/);
});

Deno.test("what fails beside Coder is tried again as well", async () => {
  const world = new FakeWorld();
  world.hook = () => {
    throw new Error("the API server is away");
  };
  const record = { registered: true, registration: { id: "1", name: "paris", ...place(A) } } as const;
  const input = { uid: UID, record, since: SINCE, now: SINCE };
  const outcome = await removeRegistrations(input, world, new AbortController().signal);
  assert.deepEqual([outcome.done, outcome.reason], [false, "Failed"]);
});

Deno.test("who may not see proxies is not believed that there is none", async () => {
  await using rig = await rigged();
  const { id, name } = await rig.make("paris");
  const { users, workspaceProxies } = rig.coder.memberClient();
  const [primary] = await rig.coder.client.workspaceProxies.list();
  const calls = {
    ...proxyCalls({ users, workspaceProxies }),
    delete: () => Promise.resolve(false),
    list: () => Promise.resolve([primary!]),
  };
  rig.world.ways.set(A, { way: "open", calls });
  const outcome = await rig.remove({ registered: true, registration: { id, name, ...place(A) } });
  assert.deepEqual([outcome.done, outcome.reason], [false, "Forbidden"]);
  const since = "2025-12-31T00:00:00Z";
  const begun = await rig.remove({ registrationIntent: { name: "begun", since, ...place(A) } });
  assert.deepEqual([begun.done, begun.reason], [false, "Forbidden"]);
});

Deno.test("a proxy that is listed is not gone, whatever the answer to its removal", async () => {
  await using rig = await rigged();
  const { id, name } = await rig.make("paris");
  const record = { registered: true, registration: { id, name, ...place(A) } } as const;
  const reply = refuse(404, "Resource not found or you do not have access to this resource");
  rig.coder.fake.faults.add({ method: "DELETE", times: 2, action: { do: "answer", reply } });
  assert.equal((await rig.remove(record)).reason, "NotFound");
  rig.coder.fake.faults.add({ method: "DELETE", action: { do: "answer", reply } });
  assert.equal((await rig.remove(record)).reason, "Removed");
  assert.deepEqual(rig.names(), []);
});
