import assert from "node:assert/strict";
import { ActionRig } from "../../../tests/actions/rig.ts";
import { refuse } from "../../../tests/fake-coder/reply.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import type { WishRecord } from "./types.ts";
import { Keeper } from "./keeper.ts";
import { Turns } from "./turns.ts";
import { keyOf } from "./types.ts";

/** A workspace that is started, and is to be stopped then. */
async function setUp() {
  const rig = new ActionRig();
  const id = rig.addWorkspace("a", "stopped");
  const replica = rig.replica();
  const as = { by: "jane", signal: rig.signal };
  await replica.actions.change(id, { running: true }, as);
  await replica.actions.change(id, { running: false }, as);
  rig.audit.length = 0;
  const kept = () => rig.store.list(rig.signal);
  return { rig, id, as, ...replica, kept, key: keyOf(rig.owner.id, "a") };
}

Deno.test("another replica goes on with what one has begun", async () => {
  const { rig, id, as } = await setUp();
  rig.end(id);
  assert.equal(await rig.replica().keeper.round(as.signal), 0);
  assert.deepEqual(rig.builds(id), ["start", "stop"]);
  const [entry] = rig.audit;
  assert.deepEqual([entry?.by, entry?.action, entry?.changes], ["jane", "continue wish", { running: false }]);
});

Deno.test("as long as the copy knows that the build is active, Coder is not asked", async () => {
  const { rig, as, keeper } = await setUp();
  let requests = 0;
  rig.fault = () => {
    requests++;
    return undefined;
  };
  await keeper.round(as.signal);
  const first = requests;
  for (let i = 0; i < 5; i++) assert.equal(await keeper.round(as.signal), 1);
  assert.deepEqual([first, requests], [1, 1]);
  rig.now += 60_000;
  await keeper.round(as.signal);
  assert.equal(requests, 2);
});

Deno.test("while Coder or the store is away everything is kept", async () => {
  const { rig, id, as, keeper, kept } = await setUp();
  rig.end(id);
  rig.fault = () => "refused";
  assert.equal(await keeper.round(as.signal), 1);
  rig.fault = (method) => method === "POST" ? "refused" : undefined;
  assert.equal(await keeper.round(as.signal), 1);
  const { list } = rig.store;
  rig.store.list = () => Promise.reject(new Error("no API server"));
  assert.equal(await keeper.round(as.signal), 0);
  rig.store.list = list;
  rig.fault = () => undefined;
  assert.equal((await kept()).length, 1);
  assert.equal(await keeper.round(as.signal), 0);
  assert.deepEqual(rig.builds(id), ["start", "stop"]);
});

Deno.test("what Coder refuses for good is dropped, and told", async () => {
  const { rig, id, as, keeper, kept } = await setUp();
  rig.end(id);
  rig.fault = (method) => method === "POST" ? refuse(403, "Forbidden.") : undefined;
  assert.equal(await keeper.round(as.signal), 0);
  assert.deepEqual([await kept(), rig.audit[0]?.result, rig.audit[0]?.by], [[], "refused", "jane"]);
  assert.match(rig.audit[0]?.message ?? "", /403/);
});

Deno.test("who keeps refusals hears of one before the wish is dropped, and of nothing else", async () => {
  const { rig, id, as, kept } = await setUp();
  const heard: unknown[] = [];
  const onRefused = async (record: WishRecord, message: string) => {
    heard.push([record.workspace, record.wish.by, message.includes("403"), (await kept()).length]);
  };
  const warnings: string[] = [];
  const log = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  const keeper = new Keeper({ world: rig.world(), turns: new Turns(), onRefused, log });
  assert.equal(await keeper.round(as.signal), 1);
  rig.end(id);
  rig.copy.clear();
  rig.fault = (method) => method === "POST" ? refuse(403, "Forbidden.") : undefined;
  assert.equal(await keeper.round(as.signal), 0);
  assert.deepEqual([heard, await kept()], [[[id, "jane", true, 1]], []]);
  assert.deepEqual(warnings, []);
});

Deno.test("a refusal that cannot be kept is logged, and the wish is dropped all the same", async () => {
  const { rig, id, as, kept } = await setUp();
  const warnings: string[] = [];
  const log = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  const onRefused = () => Promise.reject(new Error("no API server"));
  const keeper = new Keeper({ world: rig.world(), turns: new Turns(), onRefused, log });
  rig.end(id);
  rig.fault = (method) => method === "POST" ? refuse(403, "Forbidden.") : undefined;
  assert.equal(await keeper.round(as.signal), 0);
  assert.deepEqual(await kept(), []);
  assert.match(warnings.join(), /nobody can be told/);
});

Deno.test("a version that is imported again is waited for", async () => {
  const { rig, id, as, keeper } = await setUp();
  rig.end(id);
  rig.fault = (method) =>
    method === "POST" ? refuse(406, "The provided template version is running.") : undefined;
  assert.equal(await keeper.round(as.signal), 1);
  rig.fault = () => undefined;
  assert.equal(await keeper.round(as.signal), 0);
});

Deno.test("a wish for what is gone is dropped", async () => {
  const { rig, id, as, keeper, kept } = await setUp();
  rig.row(id)["deleted"] = true;
  rig.copy.clear();
  assert.equal(await keeper.round(as.signal), 0);
  assert.deepEqual([await kept(), rig.observed.at(-1)], [[], "gone"]);
  assert.equal(rig.audit[0]?.message, "the workspace is gone");
});

Deno.test("a wish for a workspace that was renamed since is dropped: there may be others under its new name", async () => {
  const { rig, id, as, keeper, kept } = await setUp();
  rig.row(id)["name"] = "b";
  rig.end(id);
  rig.copy.clear();
  assert.equal(await keeper.round(as.signal), 0);
  assert.deepEqual([await kept(), rig.builds(id)], [[], ["start"]]);
});

Deno.test("a record that cannot be read is dropped", async () => {
  const { rig, as, keeper, kept, key } = await setUp();
  const stored = await rig.store.read(key, as.signal);
  await rig.store.write(key, { owner: 7 } as unknown as WishRecord, stored?.version, as.signal);
  assert.equal(await keeper.round(as.signal), 0);
  assert.deepEqual(await kept(), []);
});

Deno.test("a keeper that runs looks every second, and at once when it is woken", async () => {
  const { rig, id, as } = await setUp();
  const clock = new FakeClock();
  const keeper = new Keeper({ world: rig.world(), turns: new Turns(), clock });
  const end = new AbortController();
  const running = keeper.run(end.signal);
  await clock.advance(10);
  rig.end(id);
  rig.copy.clear();
  await clock.advance(1_000);
  assert.deepEqual(rig.builds(id), ["start", "stop"]);
  rig.end(id);
  const { actions } = rig.replica();
  await actions.change(id, { running: true }, as);
  await actions.change(id, { running: false }, as);
  rig.end(id);
  rig.copy.clear();
  keeper.wake();
  await clock.advance(1);
  assert.deepEqual(rig.builds(id), ["start", "stop", "start", "stop"]);
  end.abort();
  await running;
});
