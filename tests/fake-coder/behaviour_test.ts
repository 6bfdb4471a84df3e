/** The fake against the references: what it must do as coderd does. */
import assert from "node:assert/strict";
import { z } from "zod";
import { failure, startClientRig } from "./client_rig.ts";
import { addWorkspace, beginBuild, fakeLicense } from "./mod.ts";
import { CoderApiError } from "../../src/coder/errors.ts";

async function refusal(call: Promise<unknown>): Promise<CoderApiError> {
  const error = await failure(call);
  assert.ok(error instanceof CoderApiError, error.message);
  return error;
}

Deno.test("the rate limit is one bucket for each path, whatever the token", async () => {
  await using rig = await startClientRig({ rateLimit: 3 });
  const other = rig.memberClient();
  await rig.client.users.me();
  await other.users.me();
  await rig.client.users.me();
  const limited = await refusal(other.users.me());
  assert.equal(limited.status, 429);
  assert.equal(limited.retryAfterMs, 60_000);
  assert.equal(limited.coderMessage, "You've been rate limited for sending more than 3 requests in 1m0s.");
  assert.equal((await rig.client.users.get("admin")).username, "admin");
});

Deno.test("the rate limit's minute rolls over, and health is not counted", async () => {
  await using rig = await startClientRig({ rateLimit: 1, budget: { jitter: 0 } });
  for (let index = 0; index < 5; index++) assert.equal(await rig.client.system.isAlive(), true);
  const headers = { "Accept": "application/json", "User-Agent": "coder-k8s" };
  const request = { method: "GET", path: "/api/v2/buildinfo", headers, timeoutMs: 60_000 };
  const first = await rig.transport.send(request);
  assert.equal(first.headers["x-ratelimit-remaining"], "0");
  assert.equal((await rig.transport.send(request)).status, 429);
  rig.fake.state.advance(60_000);
  assert.equal((await rig.transport.send(request)).status, 200);
  rig.fake.settings.rateLimit = -1;
  assert.equal((await rig.transport.send(request)).headers["x-ratelimit-limit"], undefined);
});

Deno.test("the bypass header does nothing in 2.30", async () => {
  await using rig = await startClientRig({ rateLimit: 1 });
  await rig.client.licenses.add(fakeLicense());
  await rig.client.provisioners.createKey("default", { name: "a" });
  assert.equal((await refusal(rig.client.provisioners.createKey("default", { name: "b" }))).status, 429);
});

Deno.test("using a token prolongs it, unless the deployment forbids that", async () => {
  const day = 24 * 3_600_000;
  for (const fixedExpiry of [false, true]) {
    await using rig = await startClientRig({ fixedExpiry });
    const { state } = rig.fake;
    state.advance(5 * day);
    await rig.client.users.me();
    state.advance(5 * day);
    if (fixedExpiry) assert.equal((await refusal(rig.client.users.me())).reason, "tokenExpired");
    else assert.equal((await rig.client.users.me()).username, "admin");
  }
});

Deno.test("a dormant user becomes active by use, a suspended one gets 401", async () => {
  await using rig = await startClientRig();
  rig.owner.status = "dormant";
  assert.equal((await rig.client.users.me()).status, "active");
  rig.owner.status = "suspended";
  assert.equal((await refusal(rig.client.users.me())).reason, "userInactive");
});

Deno.test("a deleted user's token is invalid, and the user is still read by id", async () => {
  await using rig = await startClientRig();
  const gone = rig.fake.state.addUser({ username: "gone", deleted: true });
  const token = rig.fake.state.addToken(gone);
  assert.equal((await refusal(rig.clientWith(token).users.me())).reason, "tokenRefused");
  assert.equal((await rig.client.users.get(gone.id)).username, "gone");
  assert.equal(await rig.client.users.find("gone"), undefined);
});

Deno.test("the system user of a fresh deployment is not its first user", async () => {
  await using rig = await startClientRig();
  rig.fake.state.users.delete(rig.owner.id);
  assert.equal(await rig.clientWith(undefined).users.hasFirst(), false);
  assert.notEqual(rig.fake.state.user("prebuilds"), undefined);
});

Deno.test("a premium licence has what an enterprise one lacks, and named features come on top", async () => {
  await using rig = await startClientRig();
  const entitled = async (feature: string) =>
    (await rig.client.licenses.entitlements()).features[feature]?.entitlement;
  await rig.client.licenses.add(fakeLicense({ feature_set: "", features: { workspace_proxy: 1 } }));
  assert.equal(await entitled("workspace_proxy"), "entitled");
  assert.equal(await entitled("audit_log"), "not_entitled");
  await rig.client.licenses.add(fakeLicense({ feature_set: "enterprise" }));
  assert.equal(await entitled("audit_log"), "entitled");
  assert.equal(await entitled("multiple_organizations"), "not_entitled");
  await rig.client.licenses.add(fakeLicense({ feature_set: "premium" }));
  assert.equal(await entitled("multiple_organizations"), "entitled");
  rig.fake.state.advance(365 * 24 * 3_600_000);
  const later = rig.clientWith(rig.fake.state.addToken(rig.owner));
  assert.equal((await later.licenses.entitlements()).features["audit_log"]?.entitlement, "not_entitled");
  assert.equal((await later.licenses.entitlements()).has_license, false, "one that has ended is none");
});

Deno.test("a licence locked to this deployment is taken", async () => {
  await using rig = await startClientRig();
  const license = fakeLicense({ deployment_ids: [rig.fake.state.deploymentId] });
  assert.equal((await rig.client.licenses.add(license)).id, 1);
});

Deno.test("provisioner keys check the token before the licence, proxies after it", async () => {
  await using rig = await startClientRig();
  const stranger = rig.clientWith(`${"a".repeat(10)}-${"b".repeat(22)}`);
  assert.equal((await refusal(stranger.provisioners.listKeys("default"))).status, 401);
  const proxies = await refusal(stranger.workspaceProxies.list());
  assert.equal(proxies.coderMessage, "Workspace Proxy is a Premium feature. Contact sales!");
  // The organization comes before the licence.
  assert.equal((await refusal(rig.client.provisioners.listKeys("nowhere"))).status, 404);
});

Deno.test("without enterprise routes a probe is no violation", async () => {
  await using rig = await startClientRig({ edition: "agpl" });
  assert.equal((await refusal(rig.client.licenses.list())).coderMessage, "Route not found.");
  rig.fake.assertClean();
});

Deno.test("an owner's token limit follows the deployment's setting", async () => {
  await using rig = await startClientRig({ maxOwnerTokenSeconds: 365 * 24 * 3_600 });
  assert.equal((await rig.client.tokens.config("me")).maxLifetimeMs, 365 * 24 * 3_600_000);
  await rig.client.tokens.create("me", { name: "year", lifetimeMs: 365 * 24 * 3_600_000 });
});

Deno.test("the request log tells what arrived, under which token, and what became of it", async () => {
  await using rig = await startClientRig();
  const start = performance.now();
  await rig.client.users.list({ limit: 1 });
  rig.fake.faults.add({ method: "POST", action: { do: "loseAnswer" } });
  await failure(rig.client.tokens.create("me", { name: "a" }));
  const [first, second] = rig.fake.requests;
  assert.deepEqual(
    [first?.method, first?.path, first?.query, first?.route, first?.status, first?.outcome, first?.tokenId],
    ["GET", "/api/v2/users", "limit=1", "/api/v2/users", 200, "answered", rig.token.split("-")[0]],
  );
  assert.deepEqual([second?.status, second?.outcome], [undefined, "lost"]);
  assert.equal(rig.fake.count({ route: "/api/v2/users", method: "GET", since: start }), 1);
  assert.equal(rig.fake.count({ since: performance.now() }), 0);
});

Deno.test("the primary is a proxy that can be seen and dressed, but neither renamed nor removed", async () => {
  await using rig = await startClientRig();
  await rig.client.licenses.add(fakeLicense());
  const { workspaceProxies } = rig.client;
  const { deploymentId } = rig.fake.state;
  assert.equal((await workspaceProxies.get("primary")).id, deploymentId);
  const face = { name: "primary", displayName: "Home", icon: "/emojis/1f30d.png" };
  assert.equal((await workspaceProxies.update(deploymentId, face)).proxyToken, undefined);
  assert.equal((await workspaceProxies.get(deploymentId)).display_name, "Home");
  const renamed = await refusal(workspaceProxies.update(deploymentId, { ...face, name: "home" }));
  assert.match(renamed.coderMessage, /^Cannot update name of default primary proxy/);
  for (const name of ["primary", deploymentId]) {
    assert.equal(
      (await refusal(workspaceProxies.delete(name))).coderMessage,
      "Cannot delete primary proxy",
    );
  }
});

Deno.test("members may change their own workspaces, and those of nobody else", async () => {
  await using rig = await startClientRig();
  const { state } = rig.fake;
  const ann = state.addUser({ username: "ann", roles: [] });
  const [own, other] = [addWorkspace(state, ann, "dev"), addWorkspace(state, rig.owner, "dev")];
  const object = (resource_id: string) => ({ resource_type: "workspace", resource_id });
  const checks = {
    own: { action: "update", object: object(own.id) },
    other: { action: "update", object: object(other.id) },
    any: { action: "update", object: { resource_type: "workspace" } },
  } as const;
  const asked = await rig.clientWith(state.addToken(ann)).users.authCheck(checks);
  assert.deepEqual(asked, { own: true, other: false, any: false });
});

Deno.test("a build that nobody gives values keeps those of the one before", async () => {
  await using rig = await startClientRig({});
  const { state } = rig.fake;
  const workspace = addWorkspace(state, [...state.users.values()][0]!, "dev");
  const values = [{ name: "cpus", value: "2" }];
  const idNow = () => String((workspace["latest_build"] as Record<string, unknown>)["id"]);
  state.buildParameters.set(idNow(), values);
  beginBuild(state, workspace, "stop");
  assert.deepEqual(await rig.client.workspaceChanges.buildParameters(idNow()), values);
});

Deno.test("who has a quota sees what is used of it, and others have no limit", async () => {
  await using rig = await startClientRig();
  const route = "/api/v2/organizations/{organization}/members/{user}/workspace-quota";
  const ask = (user: string) => {
    const parameters = { organization: "default", user };
    return rig.client.call({ method: "GET", route, parameters, answer: z.unknown() });
  };
  assert.deepEqual(await ask(rig.owner.id), { credits_consumed: 0, budget: -1 });
  rig.fake.state.quotas.set(rig.owner.id, { budget: 50, consumed: 40 });
  assert.deepEqual(await ask(rig.owner.username), { credits_consumed: 40, budget: 50 });
  assert.equal((await refusal(ask("nobody"))).status, 404);
});
