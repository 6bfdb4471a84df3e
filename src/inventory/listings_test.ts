/** What lists say, who shares them, and what is remembered for how long. */
import assert from "node:assert/strict";
import { addDaemon, addJob, addOrganization } from "../../tests/fake-coder/mod.ts";
import { DAEMONS, JOBS, KEYS, ORGANIZATIONS, PROXIES, startInventoryRig } from "../../tests/inventory/rig.ts";
import { createListings, type ListNews } from "./mod.ts";

Deno.test("keys are given with the time at which they were asked for", async () => {
  await using rig = await startInventoryRig();
  await rig.coder.client.provisioners.createKey("default", { name: "a", tags: { region: "eu" } });
  rig.clock.advanceSync(1_000);
  const before = rig.wall();
  const answer = await rig.listings.keys(rig.place, "default", rig);
  assert.equal(answer.isNewEnough, true);
  assert.equal(answer.failure, undefined);
  assert.equal(answer.lookAgainMs, 60_000);
  assert.equal(answer.latest?.takenAt, before);
  assert.deepEqual(answer.latest?.keys.map(({ name, tags }) => [name, tags]), [["a", { region: "eu" }]]);
});

Deno.test("the time of a list is that of its request, not that of its answer", async () => {
  await using rig = await startInventoryRig();
  const { promise, resolve } = Promise.withResolvers<void>();
  rig.coder.fake.faults.add({ route: KEYS, action: { do: "delay", until: promise } });
  const asked = rig.wall();
  const answer = rig.listings.keys(rig.place, "default", rig);
  await rig.arrived(1);
  rig.clock.advanceSync(3_000);
  resolve();
  assert.equal((await answer).latest?.takenAt, asked);
  assert.equal((await answer).lookAgainMs, 57_000);
});

Deno.test("each organization has a list of its own", async () => {
  await using rig = await startInventoryRig();
  const { id } = addOrganization(rig.coder.fake.state, "other");
  await rig.coder.client.provisioners.createKey(id, { name: "a" });
  const names = async (organization: string) =>
    (await rig.listings.keys(rig.place, organization, rig)).latest?.keys.map(({ name }) => name);
  assert.deepEqual(await names(id), ["a"]);
  assert.deepEqual(await names("default"), []);
  assert.equal(rig.sent(KEYS) - 1, 2);
});

Deno.test("daemons have the keys that they use, and offline ones are not among them", async () => {
  await using rig = await startInventoryRig();
  const { state } = rig.coder.fake;
  await rig.coder.client.provisioners.createKey("default", { name: "a" });
  const [key] = state.provisionerKeys;
  addDaemon(state, { name: "pod-1", key_id: key!.id, status: "busy" });
  addDaemon(state, { name: "pod-2", key_id: key!.id, status: "offline" });
  const { latest } = await rig.listings.daemons(rig.place, "default", rig);
  assert.equal(latest?.complete, true);
  assert.deepEqual(latest?.daemons.map(({ name, status, key_id }) => [name, status, key_id]), [
    ["pod-1", "busy", key!.id],
  ]);
});

Deno.test("jobs are those that are not over, also where they are many", async () => {
  await using rig = await startInventoryRig();
  const { state } = rig.coder.fake;
  for (const status of ["pending", "running", "canceling", "succeeded", "failed", "canceled"]) {
    addJob(state, { status, tags: { region: "eu" } });
  }
  const first = await rig.listings.jobs(rig.place, "default", rig);
  assert.deepEqual(first.latest?.jobs.map(({ status }) => status), ["canceling", "running", "pending"]);
  assert.equal(first.latest?.jobs[0]?.tags["region"], "eu");
  assert.equal(first.latest?.complete, true);
  for (let index = 0; index < 997; index++) addJob(state, {});
  rig.clock.advanceSync(15_000);
  const second = await rig.listings.jobs(rig.place, "default", rig);
  assert.deepEqual([second.latest?.jobs.length, second.latest?.complete], [1_000, false]);
});

Deno.test("proxies come with the primary", async () => {
  await using rig = await startInventoryRig();
  const face = { name: "paris", displayName: "Paris", icon: "/emojis/1f5fc.png" };
  await rig.coder.client.workspaceProxies.create(face);
  const { latest } = await rig.listings.proxies(rig.place, rig);
  assert.deepEqual(latest?.proxies.map(({ name }) => name), ["primary", "paris"]);
});

Deno.test("an organization is found by name in any case, by id, and as the default one", async () => {
  await using rig = await startInventoryRig();
  const { state } = rig.coder.fake;
  const other = addOrganization(state, "other");
  const find = async (name: string) =>
    (await rig.listings.organization(rig.place, name, rig)).latest?.organization?.id;
  assert.equal(await find("Other"), other.id);
  assert.equal(await find(other.id), other.id);
  assert.equal(await find("default"), state.defaultOrganization.id);
  assert.equal(await find("coder"), state.defaultOrganization.id);
  assert.equal(rig.sent(ORGANIZATIONS), 1);
});

Deno.test("an organization that is unknown is looked for again, not at every visit", async () => {
  await using rig = await startInventoryRig();
  const look = () => rig.listings.organization(rig.place, "late", rig);
  for (let index = 0; index < 15; index++) {
    const answer = await look();
    assert.deepEqual([answer.latest?.organization, answer.isNewEnough], [undefined, true]);
  }
  assert.equal(rig.sent(ORGANIZATIONS), 1);
  const { lookAgainMs } = await look();
  assert.equal(lookAgainMs, 60_000);
  const { id } = addOrganization(rig.coder.fake.state, "late");
  rig.clock.advanceSync(lookAgainMs);
  assert.equal((await look()).latest?.organization?.id, id);
  // Known ones rest for an hour.
  rig.clock.advanceSync(3_599_999);
  assert.equal((await look()).latest?.organization?.id, id);
  assert.equal(rig.sent(ORGANIZATIONS), 2);
  rig.clock.advanceSync(1);
  await look();
  assert.equal(rig.sent(ORGANIZATIONS), 3);
});

Deno.test("an organization is looked for as often as its caller says", async () => {
  await using rig = await startInventoryRig();
  const look = (maxAgeMs?: number) => rig.listings.organization(rig.place, "nowhere", { ...rig, maxAgeMs });
  await look();
  rig.clock.advanceSync(100_000);
  assert.equal((await look(120_000)).latest?.organization, undefined);
  assert.equal(rig.sent(ORGANIZATIONS), 1);
});

Deno.test("a failure to list organizations is an answer without one", async () => {
  await using rig = await startInventoryRig();
  rig.coder.fake.settings.databaseAway = true;
  const answer = await rig.listings.organization(rig.place, "default", rig);
  assert.equal(answer.latest, undefined);
  assert.equal(answer.failure?.error.reason, "databaseAway");
  assert.equal(rig.sent(), 1);
});

Deno.test("what one credential sees is not given to another", async () => {
  await using rig = await startInventoryRig();
  const member = { ...rig.place, credential: "member", client: rig.coder.memberClient() };
  await rig.listings.keys(rig.place, "default", rig);
  const { latest, failure } = await rig.listings.keys(member, "default", rig);
  assert.equal(latest, undefined);
  assert.equal(failure?.error.kind, "forbidden");
  assert.equal((await rig.listings.keys(rig.place, "default", rig)).failure, undefined);
  assert.equal(rig.sent(KEYS), 2);
});

Deno.test("new credentials are tried at once where old ones were refused", async () => {
  await using rig = await startInventoryRig();
  const stranger = rig.coder.clientWith(`${"a".repeat(10)}-${"b".repeat(22)}`);
  const old = { ...rig.place, credential: "1", client: stranger };
  assert.equal((await rig.listings.keys(old, "default", rig)).failure?.error.reason, "tokenRefused");
  const renewed = { ...rig.place, credential: "2" };
  assert.equal((await rig.listings.keys(renewed, "default", rig)).isNewEnough, true);
});

Deno.test("lists of two deployments behind one name are kept apart", async () => {
  await using rig = await startInventoryRig();
  await rig.listings.keys(rig.place, "default", rig);
  await rig.listings.keys({ ...rig.place, deploymentId: "2" }, "default", rig);
  await rig.listings.keys({ ...rig.place, deploymentId: undefined }, "default", rig);
  assert.equal(rig.sent(KEYS), 3);
  await rig.listings.keys(rig.place, "default", rig);
  assert.equal(rig.sent(KEYS), 3);
});

Deno.test("of many credentials, those that were used longest ago are forgotten", async () => {
  await using rig = await startInventoryRig();
  const as = (credential: number) =>
    rig.listings.keys({ ...rig.place, credential: String(credential) }, "default", rig);
  for (let credential = 0; credential < 33; credential++) {
    await as(credential);
    rig.clock.advanceSync(1);
  }
  await as(32);
  await as(1);
  assert.equal(rig.sent(KEYS), 33);
  await as(0);
  assert.equal(rig.sent(KEYS), 34);
});

Deno.test("what nobody asks for any more is forgotten", async () => {
  await using rig = await startInventoryRig();
  const at = (controlPlane: string) => rig.listings.proxies({ ...rig.place, controlPlane }, rig);
  await at("a/one");
  rig.clock.advanceSync(3_600_001);
  assert.equal(rig.listings.size, 1);
  await at("a/two");
  assert.equal(rig.listings.size, 1);
});

Deno.test("a control plane that is gone is forgotten, and one that comes back is asked anew", async () => {
  await using rig = await startInventoryRig();
  await rig.listings.keys(rig.place, "default", rig);
  rig.listings.forget("a/coder");
  rig.listings.forget("a/never");
  assert.equal(rig.listings.size, 0);
  await rig.listings.keys(rig.place, "default", rig);
  assert.equal(rig.sent(KEYS), 2);
});

Deno.test("who waits while a control plane is forgotten gets an answer, and it is nobody else's", async () => {
  await using rig = await startInventoryRig();
  const news: ListNews[] = [];
  rig.listings.onNews((one) => news.push(one));
  await rig.listings.keys(rig.place, "default", rig);
  await rig.coder.client.provisioners.createKey("default", { name: "a" });
  rig.clock.advanceSync(60_000);
  const { promise, resolve } = Promise.withResolvers<void>();
  rig.coder.fake.faults.add({ route: KEYS, action: { do: "delay", until: promise } });
  const waiting = rig.listings.keys(rig.place, "default", rig);
  await rig.arrived(3);
  rig.listings.forget("a/coder");
  const after = rig.listings.keys(rig.place, "default", rig);
  await rig.arrived(4);
  assert.deepEqual((await after).latest?.keys.map(({ name }) => name), ["a"]);
  resolve();
  assert.deepEqual((await waiting).latest?.keys.map(({ name }) => name), ["a"]);
  // Whoever is told of it could only ask a control plane that is gone.
  assert.deepEqual(news, []);
});

Deno.test("news name what came, went and changed", async () => {
  await using rig = await startInventoryRig();
  const { provisioners } = rig.coder.client;
  const news: ListNews[] = [];
  const end = rig.listings.onNews((one) => news.push(one));
  const keep = rig.listings.onNews(() => {});
  for (const name of ["stays", "goes", "other-tags"]) await provisioners.createKey("default", { name });
  const look = () => rig.listings.keys(rig.place, "default", rig);
  await look();
  assert.deepEqual(news, []);
  rig.clock.advanceSync(60_000);
  await look();
  assert.deepEqual(news, []);
  await provisioners.deleteKey("default", "goes");
  await provisioners.deleteKey("default", "other-tags");
  await provisioners.createKey("default", { name: "other-tags", tags: { a: "b" } });
  await provisioners.createKey("default", { name: "comes" });
  rig.clock.advanceSync(60_000);
  await Promise.all([look(), look()]);
  assert.deepEqual(news, [{
    kind: "keys",
    controlPlane: "a/coder",
    deploymentId: "1",
    organization: "default",
    changed: new Set(["other-tags", "comes", "goes"]),
  }]);
  end();
  keep();
  await provisioners.deleteKey("default", "comes");
  rig.clock.advanceSync(60_000);
  await look();
  assert.equal(news.length, 1);
});

Deno.test("a list that comes back unchanged after a failure is no news", async () => {
  await using rig = await startInventoryRig();
  const news: ListNews[] = [];
  rig.listings.onNews((one) => news.push(one));
  await rig.listings.proxies(rig.place, rig);
  rig.clock.advanceSync(60_000);
  const end = rig.coder.fake.faults.add({ route: PROXIES, times: Infinity, action: { do: "dropRequest" } });
  assert.equal((await rig.listings.proxies(rig.place, rig)).failure?.failures, 1);
  end();
  rig.clock.advanceSync(5_000);
  assert.equal((await rig.listings.proxies(rig.place, rig)).isNewEnough, true);
  assert.deepEqual(news, []);
});

Deno.test("somebody who cannot take news keeps nobody else from them", async () => {
  const lines: unknown[] = [];
  const { silentLogger } = await import("../telemetry/logger.ts");
  const log = {
    ...silentLogger,
    error: (message: string, fields?: object) => lines.push({ message, ...fields }),
  };
  await using rig = await startInventoryRig({ log });
  const seen: string[] = [];
  const mistake = new Error("mistake");
  rig.listings.onNews(() => {
    throw mistake;
  });
  rig.listings.onNews(({ kind }) => seen.push(kind));
  await rig.listings.jobs(rig.place, "default", rig);
  const job = addJob(rig.coder.fake.state, {});
  rig.clock.advanceSync(15_000);
  const { latest } = await rig.listings.jobs(rig.place, "default", rig);
  assert.deepEqual(latest?.jobs.map(({ id }) => id), [job["id"]]);
  assert.deepEqual(seen, ["jobs"]);
  const message = "news of a list of Coder could not be handled";
  assert.deepEqual(lines, [{ message, kind: "jobs", controlPlane: "a/coder", error: mistake }]);
});

Deno.test("requests are counted by kind and outcome", async () => {
  await using rig = await startInventoryRig();
  const count = (kind: string, outcome: string) =>
    rig.coder.sample("coder_k8s_coder_lists_total", { kind, outcome });
  await Promise.all([1, 2, 3].map(() => rig.listings.daemons(rig.place, "default", rig)));
  rig.coder.fake.faults.add({ route: JOBS, times: Infinity, action: { do: "loseAnswer" } });
  await rig.listings.jobs(rig.place, "default", rig);
  assert.equal(await count("daemons", "listed"), 1);
  assert.equal(await count("jobs", "failed"), 1);
  assert.equal(rig.sent(DAEMONS), 1);
});

Deno.test("lists need no options", async () => {
  await using rig = await startInventoryRig();
  const listings = createListings();
  const before = Date.now();
  const { latest, lookAgainMs } = await listings.proxies(rig.place, rig);
  assert.ok(latest !== undefined && latest.takenAt >= before && latest.takenAt <= Date.now());
  assert.ok(lookAgainMs > 50_000 && lookAgainMs <= 60_000);
});
