import assert from "node:assert/strict";
import { failure, startClientRig } from "../../tests/fake-coder/client_rig.ts";
import { CoderApiError } from "./errors.ts";
import { userSchema } from "./users.ts";

Deno.test("the token's own user is known", async () => {
  await using rig = await startClientRig();
  const me = await rig.client.users.me();
  assert.equal(me.id, rig.owner.id);
  assert.equal(me.username, "admin");
  assert.deepEqual(me.roles, [{ name: "owner" }]);
  assert.deepEqual(me.organization_ids, [rig.fake.state.defaultOrganization.id]);
});

Deno.test("users are found by name in any case and by id", async () => {
  await using rig = await startClientRig();
  assert.equal((await rig.client.users.get("ADMIN")).id, rig.owner.id);
  assert.equal((await rig.client.users.get(rig.owner.id)).id, rig.owner.id);
});

Deno.test("a user that is not there is undefined to find and an error to get", async () => {
  await using rig = await startClientRig();
  assert.equal(await rig.client.users.find("nobody"), undefined);
  const error = await failure(rig.client.users.get("nobody"));
  assert.equal(error.kind, "notFound");
  assert.match(error.message, /queried user="nobody"/);
});

Deno.test("trouble while finding is trouble, not absence", async () => {
  await using rig = await startClientRig();
  rig.fake.settings.databaseAway = true;
  assert.equal((await failure(rig.client.users.find("admin"))).kind, "unavailable");
});

Deno.test("lists come in pages and leave system users out", async () => {
  await using rig = await startClientRig();
  for (const username of ["a", "b", "c"]) rig.fake.state.addUser({ username, roles: [] });
  const all = await rig.client.users.list();
  assert.equal(all.count, 4);
  assert.deepEqual(all.users.map(({ username }) => username), ["admin", "a", "b", "c"]);
  const page = await rig.client.users.list({ limit: 2, offset: 1 });
  assert.deepEqual(page.users.map(({ username }) => username), ["a", "b"]);
  assert.equal(page.count, 4);
  assert.deepEqual((await rig.client.users.list({ q: "admin" })).count, 1);
});

Deno.test("a bad page is refused in Coder's words", async () => {
  await using rig = await startClientRig();
  const error = await failure(rig.client.users.list({ offset: -1 }));
  assert.equal(error.kind, "invalid");
  assert.equal((error as CoderApiError).coderMessage, "Query parameters have invalid values.");
});

Deno.test("an empty deployment gets its first user once", async () => {
  await using rig = await startClientRig();
  rig.fake.state.users.delete(rig.owner.id);
  const client = rig.clientWith(undefined);
  assert.equal(await client.users.hasFirst(), false);
  const user = { email: "root@example.com", username: "root", name: "Root", password: "CorrectHorse1!" };
  const made = await client.users.createFirst(user);
  assert.equal(made.organization_id, rig.fake.state.defaultOrganization.id);
  assert.equal(await client.users.hasFirst(), true);
  assert.equal(rig.fake.state.user("root")?.name, "Root");
  const again = await failure(client.users.createFirst(user));
  assert.equal(again.kind, "conflict");
});

Deno.test("a weak password is refused with the field that is wrong", async () => {
  await using rig = await startClientRig();
  rig.fake.state.users.delete(rig.owner.id);
  const error = await failure(
    rig.client.users.createFirst({ email: "a@example.com", username: "a", password: "short" }),
  );
  assert.ok(error instanceof CoderApiError);
  assert.equal(error.kind, "invalid");
  assert.equal(error.validations[0]?.field, "password");
});

Deno.test("signing in gives a session, signing out ends it", async () => {
  await using rig = await startClientRig();
  const { sessionToken } = await rig.client.users.login({
    email: rig.owner.email,
    password: rig.owner.password,
  });
  const session = rig.clientWith(sessionToken);
  assert.equal((await session.users.me()).id, rig.owner.id);
  await session.users.logout();
  const error = await failure(session.users.me());
  assert.equal(error.reason, "tokenRefused");
});

Deno.test("a wrong password is told from a wrong token", async () => {
  await using rig = await startClientRig();
  const error = await failure(rig.client.users.login({ email: rig.owner.email, password: "wrong-password" }));
  assert.equal(error.kind, "unauthorized");
  assert.equal(error.reason, "wrongPassword");
});

Deno.test("every way a token can be wrong has its reason", async () => {
  await using rig = await startClientRig();
  const reason = async (token: string) => (await failure(rig.clientWith(token).users.me())).reason;
  const [keyId = ""] = rig.token.split("-");
  assert.equal(await reason("not-a-token"), "tokenMalformed");
  assert.equal(await reason(`${"x".repeat(10)}-${"y".repeat(22)}`), "tokenRefused");
  assert.equal(await reason(`${keyId}-${"y".repeat(22)}`), "tokenRefused");
  rig.owner.status = "suspended";
  assert.equal(await reason(rig.token), "userInactive");
  rig.owner.status = "active";
  rig.fake.state.advance(8 * 24 * 3_600_000);
  assert.equal(await reason(rig.token), "tokenExpired");
});

Deno.test("ways to sign in are known without a token", async () => {
  await using rig = await startClientRig();
  const methods = await rig.clientWith(undefined).users.authMethods();
  assert.equal(methods.password.enabled, true);
  assert.equal(methods.oidc.signInText, "OpenID Connect");
});

Deno.test("rights are asked for by name", async () => {
  await using rig = await startClientRig();
  const checks = {
    users: { action: "read", object: { resource_type: "user" } },
    ours: { action: "create", object: { resource_type: "workspace", owner_id: "me", any_org: true } },
    typo: { action: "read", object: { resource_type: "wrokspace" } },
  };
  assert.deepEqual(await rig.client.users.authCheck(checks), { users: true, ours: true, typo: false });
  assert.deepEqual(await rig.memberClient().users.authCheck(checks), {
    users: false,
    ours: false,
    typo: false,
  });
});

Deno.test("a user of another version is understood as far as we need it", () => {
  const user = userSchema.parse({
    id: crypto.randomUUID(),
    username: "a",
    status: "a-new-status",
    roles: null,
    created_at: "2026-01-01T00:00:00Z",
    is_service_account: true,
  });
  assert.deepEqual([user.roles, user.organization_ids, user.email], [[], [], ""]);
  assert.equal(userSchema.safeParse({ ...user, id: "nobody" }).success, false);
});

Deno.test("a user that signs in with tokens alone is made once, and given a role", async () => {
  await using rig = await startClientRig();
  const organizationIds = [rig.fake.state.defaultOrganization.id];
  const robot = { username: "robot", email: "robot@example.com", organizationIds };
  const made = await rig.client.users.createTokenUser(robot);
  assert.equal(made.login_type, "none");
  assert.deepEqual(made.roles, []);
  assert.equal((await failure(rig.client.users.createTokenUser(robot))).kind, "conflict");
  const promoted = await rig.client.users.setRoles("robot", ["owner"]);
  assert.deepEqual(promoted.roles, [{ name: "owner" }]);
  assert.equal((await failure(rig.client.users.setRoles("robot", ["king"]))).kind, "invalid");
  const member = rig.memberClient();
  assert.equal((await failure(member.users.setRoles("robot", []))).kind, "forbidden");
});
