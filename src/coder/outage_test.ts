/** What the client makes of a Coder in trouble. The answers are those that a real coderd was seen to give. */
import assert from "node:assert/strict";
import { failure, startClientRig } from "../../tests/fake-coder/client_rig.ts";
import { htmlPage } from "../../tests/fake-coder/mod.ts";
import {
  type CoderApiError,
  isDatabaseAway,
  isNotFound,
  isTokenRefused,
  isTransient,
  isUnauthorized,
} from "./errors.ts";

Deno.test("a valid token's 401 while the database is away is an outage, not a refusal", async () => {
  await using rig = await startClientRig();
  rig.fake.settings.databaseAway = true;
  const error = await failure(rig.client.users.me());
  assert.equal((error as CoderApiError).status, 401);
  assert.equal(isUnauthorized(error), false);
  assert.equal(isTokenRefused(error), false);
  assert.equal(isDatabaseAway(error), true);
  assert.equal(isTransient(error), true);
  assert.match(error.message, /check PostgreSQL/);
  rig.fake.settings.databaseAway = false;
  assert.equal((await rig.client.users.me()).username, "admin");
});

Deno.test("while the database is away a wrong token cannot be told from a right one", async () => {
  await using rig = await startClientRig();
  rig.fake.settings.databaseAway = true;
  const error = await failure(rig.clientWith(`${"a".repeat(10)}-${"b".repeat(22)}`).users.me());
  assert.equal(isTokenRefused(error), false);
  assert.equal(isDatabaseAway(error), true);
});

Deno.test("version and health are known without the database", async () => {
  await using rig = await startClientRig();
  rig.fake.settings.databaseAway = true;
  assert.equal((await rig.client.system.buildInfo()).version, "v2.30.0+43e67d1");
  assert.equal(await rig.client.system.isAlive(), true);
  assert.equal((await rig.client.licenses.entitlements()).has_license, false);
});

Deno.test("whether there is a first user is unknown without the database, not no", async () => {
  await using rig = await startClientRig();
  rig.fake.settings.databaseAway = true;
  const error = await failure(rig.client.users.hasFirst());
  assert.equal(isNotFound(error), false);
  assert.equal(isTransient(error), true);
  assert.equal(isTransient(await failure(rig.client.users.login({ email: "a@b.cd", password: "x" }))), true);
});

for (const status of [401, 403, 404, 500, 502, 503, 504]) {
  Deno.test(`a page with ${status} from an ingress neither rotates a token nor removes an object`, async () => {
    await using rig = await startClientRig();
    rig.fake.faults.add({ times: 3, action: htmlPage(status, "nginx") });
    const error = await failure(rig.client.users.find("admin"));
    assert.equal(error.kind, "unavailable");
    assert.equal(error.reason, "notCoder");
    assert.equal(isTransient(await failure(rig.client.tokens.delete("me", "abcdefghij"))), true);
    assert.equal(isTransient(await failure(rig.client.users.hasFirst())), true);
  });
}

Deno.test("a page in place of JSON is a bad response that names the route", async () => {
  await using rig = await startClientRig();
  rig.fake.faults.add({ action: htmlPage(200, "Coder") });
  const error = await failure(rig.client.organizations.list());
  assert.equal(error.kind, "badResponse");
  assert.match(error.message, /GET \/api\/v2\/organizations at .* answered with an HTML page/);
});

Deno.test("a page at /healthz is no sign of life", async () => {
  await using rig = await startClientRig();
  rig.fake.faults.add({ action: htmlPage(200, "Coder") });
  assert.equal((await failure(rig.client.system.isAlive())).kind, "badResponse");
  rig.fake.faults.add({ action: { do: "body", body: "hello", contentType: "text/plain" } });
  assert.equal(await rig.client.system.isAlive(), false);
});

Deno.test("coderd that restarts is unavailable, then back, on the same client", async () => {
  await using rig = await startClientRig();
  await rig.client.users.me();
  await rig.fake.stop();
  const away = await failure(rig.client.users.me());
  assert.equal(away.reason, "connectionRefused");
  await rig.fake.start();
  assert.equal((await rig.client.users.me()).username, "admin");
});

Deno.test("connections that break again and again never throw anything but our errors", async () => {
  await using rig = await startClientRig();
  for (const action of ["dropRequest", "loseAnswer", "truncate"] as const) {
    rig.fake.faults.add({ times: 2, action: { do: action } });
    const error = await failure(rig.client.users.me());
    assert.equal(isTransient(error), true, action);
    rig.fake.faults.clear();
  }
  assert.equal((await rig.client.users.me()).username, "admin");
});

Deno.test("broken answers of every call are reported, none is thrown through", async () => {
  await using rig = await startClientRig();
  const { client } = rig;
  const calls: (() => Promise<unknown>)[] = [
    () => client.system.buildInfo(),
    () => client.users.me(),
    () => client.users.list(),
    () => client.users.authMethods(),
    () => client.tokens.config("me"),
    () => client.organizations.get("default"),
    () => client.licenses.entitlements(),
    () => client.workspaces.list(),
    () => client.deployment.stats(),
  ];
  for (const call of calls) {
    for (const body of ["7", `"x"`, "[[]]", `{"id":7,"users":{},"features":null,"version":[]}`, "{", ""]) {
      rig.fake.faults.add({ action: { do: "body", body } });
      assert.equal((await failure(call())).kind, "badResponse", body);
    }
  }
});

Deno.test("a build without enterprise routes says unsupported, also to a bad token", async () => {
  await using rig = await startClientRig({ edition: "agpl" });
  const { client } = rig;
  const stranger = rig.clientWith(`${"a".repeat(10)}-${"b".repeat(22)}`);
  for (
    const call of [
      () => client.licenses.list(),
      () => client.licenses.entitlements(),
      () => client.provisioners.listKeys("default"),
      () => client.workspaceProxies.list(),
      () => stranger.licenses.entitlements(),
    ]
  ) {
    const error = await failure(call());
    assert.equal(error.kind, "unsupported");
    assert.match(error.message, /AGPL build/);
  }
  assert.deepEqual(await client.provisioners.listDaemons("default"), []);
});
