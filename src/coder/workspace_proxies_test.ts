import assert from "node:assert/strict";
import { failure, startClientRig } from "../../tests/fake-coder/client_rig.ts";
import { fakeLicense } from "../../tests/fake-coder/mod.ts";
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
