import assert from "node:assert/strict";
import { failure, startClientRig } from "../../tests/fake-coder/client_rig.ts";
import { fakeLicense, htmlPage, refuse, tooManyRequests } from "../../tests/fake-coder/mod.ts";
import { isNotEntitled } from "./errors.ts";

async function licensedRig() {
  const rig = await startClientRig();
  await rig.client.licenses.add(fakeLicense());
  return rig;
}

const face = { name: "paris", displayName: "Paris", icon: "/emojis/1f5fc.png" };

Deno.test("a new proxy has a token and waits to register", async () => {
  await using rig = await licensedRig();
  const { proxy, proxyToken } = await rig.client.workspaceProxies.create(face);
  assert.equal(proxyToken, rig.fake.state.proxies[0]?.token);
  assert.equal(proxy.display_name, "Paris");
  assert.equal(proxy.icon_url, face.icon);
  assert.equal(proxy.status?.status, "unregistered");
});

Deno.test("proxies are found by name and id, and the primary is listed first", async () => {
  await using rig = await licensedRig();
  const { proxy } = await rig.client.workspaceProxies.create(face);
  assert.equal((await rig.client.workspaceProxies.get("paris")).id, proxy.id);
  assert.equal((await rig.client.workspaceProxies.find(proxy.id))?.name, "paris");
  assert.equal(await rig.client.workspaceProxies.find("rome"), undefined);
  const list = await rig.client.workspaceProxies.list();
  assert.deepEqual(list.map(({ name }) => name), ["primary", "paris"]);
});

Deno.test("a change keeps the token unless a new one is asked for", async () => {
  await using rig = await licensedRig();
  const { proxy, proxyToken } = await rig.client.workspaceProxies.create(face);
  const kept = await rig.client.workspaceProxies.update(proxy.id, { ...face, displayName: "Paris 2" });
  assert.equal(kept.proxyToken, undefined);
  assert.equal(kept.proxy.display_name, "Paris 2");
  assert.equal(rig.fake.state.proxies[0]?.token, proxyToken);
  const renewed = await rig.client.workspaceProxies.update(proxy.id, { ...face, regenerateToken: true });
  assert.notEqual(renewed.proxyToken, proxyToken);
  assert.equal(renewed.proxyToken, rig.fake.state.proxies[0]?.token);
});

Deno.test("Coder refuses to empty a proxy's display name or icon", async () => {
  const rig = await licensedRig();
  const { proxy } = await rig.client.workspaceProxies.create({ ...face, icon: "" });
  const error = await failure(rig.client.workspaceProxies.update(proxy.id, { ...face, icon: "" }));
  assert.equal(error.kind, "invalid");
  assert.match(rig.fake.violations.join(), /body icon/);
  await assert.rejects(async () => await rig[Symbol.asyncDispose](), /body icon/);
});

Deno.test("a name is taken once, until its proxy is deleted", async () => {
  await using rig = await licensedRig();
  await rig.client.workspaceProxies.create(face);
  assert.equal((await failure(rig.client.workspaceProxies.create(face))).kind, "conflict");
  assert.equal(await rig.client.workspaceProxies.delete("paris"), true);
  assert.equal(await rig.client.workspaceProxies.delete("paris"), false);
  assert.equal((await rig.client.workspaceProxies.create(face)).proxy.name, "paris");
});

Deno.test("the primary's name is reserved, and it cannot be deleted", async () => {
  await using rig = await licensedRig();
  assert.equal(
    (await failure(rig.client.workspaceProxies.create({ ...face, name: "primary" }))).kind,
    "invalid",
  );
  assert.equal((await failure(rig.client.workspaceProxies.delete("primary"))).kind, "invalid");
});

Deno.test("without the entitlement Coder says so before it looks at the token", async () => {
  await using rig = await startClientRig();
  const stranger = rig.clientWith(`${"a".repeat(10)}-${"b".repeat(22)}`);
  for (const client of [rig.client, stranger]) {
    assert.equal(isNotEntitled(await failure(client.workspaceProxies.get("paris"))), true);
  }
});

Deno.test("a new proxy without a token is a broken answer, and the token of a good one is in no error", async () => {
  await using rig = await licensedRig();
  const proxy = { id: crypto.randomUUID(), name: "paris" };
  rig.fake.faults.add({
    method: "POST",
    action: { do: "body", body: JSON.stringify({ proxy, proxy_token: "" }) },
  });
  const empty = await failure(rig.client.workspaceProxies.create(face));
  assert.equal(empty.kind, "badResponse");
  assert.match(empty.message, /proxy_token: expected more than nothing/);
  await rig.client.workspaceProxies.delete("paris");
  const body = JSON.stringify({ proxy: { id: "x" }, proxy_token: "hunter2hunter2" });
  rig.fake.faults.add({ method: "POST", action: { do: "body", body } });
  assert.doesNotMatch((await failure(rig.client.workspaceProxies.create(face))).message, /hunter2/);
});

Deno.test("a deleted proxy is found by its id alone, and is in no list", async () => {
  await using rig = await licensedRig();
  const { proxy } = await rig.client.workspaceProxies.create(face);
  await rig.client.workspaceProxies.delete(proxy.id);
  assert.equal((await rig.client.workspaceProxies.get(proxy.id)).deleted, true);
  assert.equal(await rig.client.workspaceProxies.find("paris"), undefined);
  assert.deepEqual((await rig.client.workspaceProxies.list()).map(({ name }) => name), ["primary"]);
});

Deno.test("names that differ in case alone are one name to create, and two to find", async () => {
  await using rig = await licensedRig();
  await rig.client.workspaceProxies.create(face);
  assert.equal(await rig.client.workspaceProxies.find("Paris"), undefined);
  const error = await failure(rig.client.workspaceProxies.create({ ...face, name: "Paris" }));
  assert.equal(error.kind, "conflict");
});

Deno.test("renaming a proxy to a name that is taken is a conflict", async () => {
  await using rig = await licensedRig();
  await rig.client.workspaceProxies.create(face);
  const { proxy } = await rig.client.workspaceProxies.create({ ...face, name: "rome" });
  assert.equal((await failure(rig.client.workspaceProxies.update(proxy.id, face))).kind, "conflict");
});

Deno.test("Coder says of a proxy's token whether it is good, without changing anything", async () => {
  await using rig = await licensedRig();
  const { proxy, proxyToken } = await rig.client.workspaceProxies.create(face);
  const { workspaceProxies } = rig.clientWith(undefined);
  const before = structuredClone(rig.fake.state.proxies);
  assert.equal(await workspaceProxies.checkToken(proxyToken), "accepted");
  assert.equal(await rig.client.workspaceProxies.checkToken(proxyToken), "accepted");
  assert.deepEqual(rig.fake.state.proxies, before);
  const other = `${proxy.id}:${"0".repeat(64)}`;
  const stranger = `${crypto.randomUUID()}:${"0".repeat(64)}`;
  for (const token of [other, stranger, "nonsense", "with space", ""]) {
    assert.equal(await workspaceProxies.checkToken(token), "refused", token);
  }
  await rig.client.workspaceProxies.update(proxy.id, { ...face, regenerateToken: true });
  assert.equal(await workspaceProxies.checkToken(proxyToken), "refused");
});

Deno.test("the token of a deleted proxy is refused", async () => {
  await using rig = await licensedRig();
  const { proxy, proxyToken } = await rig.client.workspaceProxies.create(face);
  await rig.client.workspaceProxies.delete(proxy.id);
  assert.equal(await rig.client.workspaceProxies.checkToken(proxyToken), "refused");
});

Deno.test("no trouble of Coder is taken for a refusal of a proxy's token", async () => {
  await using rig = await licensedRig();
  const { proxyToken } = await rig.client.workspaceProxies.create(face);
  const check = () => failure(rig.client.workspaceProxies.checkToken(proxyToken));
  rig.fake.settings.databaseAway = true;
  assert.equal((await check()).kind, "unavailable");
  rig.fake.settings.databaseAway = false;
  rig.fake.faults.add({ action: htmlPage(401, "Unauthorized") });
  assert.equal((await check()).kind, "unavailable");
  rig.fake.faults.add({ action: { do: "answer", reply: refuse(401, "You are signed out.") } });
  assert.equal((await check()).kind, "unauthorized");
  rig.fake.faults.add({ action: { do: "loseAnswer" }, times: Infinity });
  assert.equal((await check()).kind, "unavailable");
  rig.fake.faults.clear();
  rig.fake.faults.add({ action: tooManyRequests(1) });
  assert.equal((await check()).kind, "rateLimited");
});

Deno.test("where the route or the licence is missing, nothing is known of a proxy's token", async () => {
  await using rig = await startClientRig();
  const token = `${crypto.randomUUID()}:${"0".repeat(64)}`;
  assert.equal(isNotEntitled(await failure(rig.client.workspaceProxies.checkToken(token))), true);
  rig.fake.settings.edition = "agpl";
  assert.equal((await failure(rig.client.workspaceProxies.checkToken(token))).kind, "unsupported");
});

Deno.test("a proxy's token that is checked is in no error", async () => {
  await using rig = await licensedRig();
  const token = "hunter2hunter2";
  const reply = refuse(500, `cannot use ${token}`);
  rig.fake.faults.add({ action: { do: "answer", reply } });
  assert.doesNotMatch((await failure(rig.client.workspaceProxies.checkToken(token))).message, /hunter2/);
});
