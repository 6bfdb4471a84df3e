/** The operator's user and token on a real coderd's database, as this coderd then takes them. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { plainTemplate, sharedCoderd } from "../coder/mod.ts";
import { lastMigration } from "../coder/program_version.ts";
import { calm, database, DAY_MS, failureOf, newRequest, sqlOf, stored } from "./helper.ts";

Deno.test("a token that was made works at once, for all that the operator asks of Coder", async () => {
  const coderd = await sharedCoderd();
  const request = newRequest();
  const address = { url: coderd.databaseUrl };
  const before = Date.now();
  const { outcome, token = "", current, others } = await database.ensureToken(address, request, calm);
  assert.equal(outcome, "made");
  assert.match(token, /^[0-9A-Za-z]{10}-[0-9A-Za-z]{22}$/);
  assert.deepEqual([current.id, current.name, others], [token.slice(0, 10), "token-a", []]);
  assert.equal(current.expiresAt.getTime() - current.createdAt.getTime(), 30 * DAY_MS);
  assert.equal(current.lifetimeMs, 30 * DAY_MS);
  assert.ok(Math.abs(current.createdAt.getTime() - before) < 60_000, current.createdAt.toISOString());

  const me = await coderd.request("GET", "/api/v2/users/me", { token });
  assert.deepEqual([me.username, me.email, me.login_type, me.status], [
    request.user.username,
    request.user.email,
    "none",
    "active",
  ]);
  assert.deepEqual(me.roles.map(({ name }: { name: string }) => name), ["owner"]);
  const owner = await coderd.firstUser();
  const get = (path: string) => coderd.request("GET", path, { token });
  assert.ok((await get("/api/v2/users")).users.length > 0);
  assert.ok(Array.isArray((await get("/api/v2/workspaces")).workspaces));
  assert.deepEqual((await get("/api/v2/organizations")).map(({ id }: { id: string }) => id), [
    owner.organizationId,
  ]);
  assert.equal((await get("/api/v2/deployment/config")).config !== undefined, true);

  // Without a row in organization_members, which the operator does not write.
  const [{ count } = {}] = await coderd.sql(
    "select count(*) from organization_members where user_id = :'id'",
    {
      params: { id: me.id },
    },
  );
  assert.equal(count, "0");
  const template = await coderd.createTemplate({ files: plainTemplate(), token });
  assert.ok((await get("/api/v2/templates")).some(({ id }: { id: string }) => id === template.id));
  for (const user of [owner.id, "me"]) {
    const workspace = await coderd.createWorkspace({ template, token, user });
    assert.equal(workspace.latest_build.status, "running");
    assert.equal((await coderd.buildWorkspace(workspace.id, "delete", { token })).status, "deleted");
  }
});

Deno.test("the rows are those that the Go operator writes", async () => {
  const coderd = await sharedCoderd();
  const request = newRequest({ lifetimeMs: 365 * DAY_MS });
  const { token = "" } = await database.ensureToken({ url: coderd.databaseUrl }, request, calm);
  const { users: [user = {}], tokens: [row = {}] } = await stored(
    (query, options) => coderd.sql(query, options),
    request,
  );
  const { id, created_at: _created, updated_at: _updated, last_seen_at: _seen, ...rest } = user;
  assert.match(id ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  assert.deepEqual(
    Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null && value !== "")),
    {
      email: request.user.email,
      username: request.user.username,
      name: request.user.username,
      hashed_password: `\\x${Buffer.from("none").toString("hex")}`,
      status: "active",
      rbac_roles: "{owner}",
      login_type: "none",
      deleted: "f",
      is_system: "t",
    },
  );
  const [key = "", secret = ""] = token.split("-");
  assert.equal(row.id, key);
  assert.equal(row.hashed_secret, `\\x${createHash("sha256").update(secret).digest("hex")}`);
  assert.deepEqual(
    [
      row.user_id,
      row.login_type,
      row.lifetime_seconds,
      row.ip_address,
      row.token_name,
      row.scopes,
      row.allow_list,
    ],
    [id, "token", "31536000", "0.0.0.0", "token-a", "{coder:all}", "{*:*}"],
  );
  assert.equal(row.created_at, row.last_used);
});

Deno.test("a valid token is kept and nothing is written; also what the Go operator made, to the byte", async () => {
  const coderd = await sharedCoderd();
  const sql = sqlOf(coderd);
  const address = { url: coderd.databaseUrl };
  const request = newRequest();
  // As that operator leaves it: a name of other case, a membership, a lifetime of a year.
  const username = request.user.username.toUpperCase();
  const secret = "abcdefghijklmnopqrstuv";
  const keyId = request.user.username.slice(-10).replaceAll("-", "x").padStart(10, "x");
  await sql(
    `with u as (
       insert into users (id, email, username, name, hashed_password, created_at, updated_at, rbac_roles, login_type,
         status, is_system)
       values (gen_random_uuid(), :'email', :'username', :'username', 'none', now() - interval '20 days', now(),
         '{owner}', 'none', 'active', true) returning id),
     m as (insert into organization_members (organization_id, user_id, roles, created_at, updated_at)
       select o.id, u.id, '{organization-admin}', now(), now() from organizations o, u)
     insert into api_keys (id, hashed_secret, user_id, last_used, expires_at, created_at, updated_at, login_type,
       lifetime_seconds, ip_address, token_name, scopes, allow_list)
     select :'key', sha256(:'secret'), u.id, now(), now() + interval '345 days', now() - interval '20 days', now(),
       'token', 31536000, '0.0.0.0', 'token-a', '{coder:all}', '{*:*}' from u`,
    { params: { email: request.user.email, username, key: keyId, secret } },
  );
  const before = await stored(sql, request);
  const token = `${keyId}-${secret}`;
  for (const padded of [token, ` ${token}\n`]) {
    const kept = await database.ensureToken(address, { ...request, token: padded }, calm);
    assert.deepEqual([kept.outcome, kept.token, kept.current.id, kept.others], [
      "kept",
      undefined,
      keyId,
      [],
    ]);
    assert.equal(kept.current.lifetimeMs, 365 * DAY_MS);
  }
  assert.deepEqual(await stored(sql, request), before);
  assert.equal(before.users[0]?.username, username);
  assert.equal((await coderd.request("GET", "/api/v2/users/me", { token })).username, username);
});

Deno.test("an expired token is replaced, a wrong one gets another beside it, a renewed one stays valid", async () => {
  const coderd = await sharedCoderd();
  const sql = sqlOf(coderd);
  const address = { url: coderd.databaseUrl };
  const request = newRequest();
  const works = async (token: string | undefined) =>
    (await coderd.send("GET", "/api/v2/users/me", { token: token ?? "" })).status === 200;
  const ensure = (more: object) => database.ensureToken(address, { ...request, ...more }, calm);

  const first = await ensure({});
  await sql("update api_keys set expires_at = now() - interval '1 second' where id = :'id'", {
    params: { id: first.current.id },
  });
  const second = await ensure({ token: first.token });
  assert.deepEqual([second.outcome, second.current.name, second.others], ["made", "token-a", []]);
  assert.deepEqual([await works(first.token), await works(second.token)], [false, true]);

  const renewed = await ensure({ token: second.token, renew: true });
  assert.deepEqual([renewed.outcome, renewed.current.name], ["made", "token-b"]);
  assert.deepEqual(renewed.others.map(({ id }) => id), [second.current.id]);
  assert.deepEqual([await works(second.token), await works(renewed.token)], [true, true]);

  // Both names are taken: the one in use is never the one that goes.
  for (const inUse of [renewed, second]) {
    const again = await ensure({ token: inUse.token, renew: true });
    assert.equal(
      await works(inUse.token),
      inUse === renewed,
      "what went before is gone, what was in use is not",
    );
    if (inUse === renewed) {
      assert.deepEqual([again.current.name, await works(second.token)], ["token-a", false]);
    } else assert.deepEqual([again.outcome, await works(renewed.token)], ["made", false]);
  }

  const wrong = newRequest();
  const right = await database.ensureToken(address, wrong, calm);
  for (const token of [`${right.current.id}-${"x".repeat(22)}`, "no token", `-${right.token}`]) {
    const other = await database.ensureToken(address, { ...wrong, token }, calm);
    assert.deepEqual([other.outcome, other.current.name], ["made", "token-b"]);
    assert.deepEqual([await works(right.token), await works(other.token)], [true, true]);
    await database.revoke(address, { ...wrong, keepId: right.current.id }, calm);
  }
});

Deno.test("revoking takes the named tokens of the operator's own user alone, and not the one to keep", async () => {
  const coderd = await sharedCoderd();
  const address = { url: coderd.databaseUrl };
  const request = newRequest();
  const other = { ...request, names: ["token-c"] };
  const [one, two, three] = [
    await database.ensureToken(address, request, calm),
    await database.ensureToken(address, request, calm),
    await database.ensureToken(address, other, calm),
  ];
  assert.deepEqual([one, two, three].map(({ current }) => current.name), ["token-a", "token-b", "token-c"]);
  const valid = async () =>
    await Promise.all(
      [one, two, three].map(async ({ token = "" }) =>
        (await coderd.send("GET", "/api/v2/users/me", { token })).status === 200
      ),
    );
  assert.deepEqual(await valid(), [true, true, true]);
  assert.equal(await database.revoke(address, { ...request, keepId: two.current.id }, calm), 1);
  assert.deepEqual(await valid(), [false, true, true]);
  assert.equal(await database.revoke(address, request, calm), 1);
  assert.equal(await database.revoke(address, request, calm), 0);
  assert.deepEqual(await valid(), [false, false, true]);
  assert.equal(await database.revoke(address, newRequest(), calm), 0);
});

Deno.test("a human account of the operator's name is refused and not touched, in any case", async () => {
  const coderd = await sharedCoderd();
  const sql = sqlOf(coderd);
  const address = { url: coderd.databaseUrl };
  const { token, organizationId } = await coderd.firstUser();
  const request = newRequest();
  const person = await coderd.request("POST", "/api/v2/users", {
    token,
    body: {
      username: request.user.username.replace("o", "O"),
      email: `person-${request.user.email}`,
      password: "Correct-Horse-Battery-2",
      organization_ids: [organizationId],
    },
  });
  await sql(
    `insert into api_keys (id, hashed_secret, user_id, last_used, expires_at, created_at, updated_at, login_type,
       token_name, scopes, allow_list) values (:'id', 'x', :'user', now(), now() + interval '1 day', now(), now(),
       'token', 'token-a', '{coder:all}', '{*:*}')`,
    { params: { id: person.id.slice(0, 10), user: person.id } },
  );
  const before = await stored(sql, request);
  assert.equal(before.tokens.length, 1);
  const failure = await failureOf(database.ensureToken(address, request, calm));
  assert.equal(failure.kind, "foreignUser");
  assert.match(
    failure.message,
    new RegExp(`a user named ${request.user.username} that is somebody's account`),
  );
  assert.equal(await database.revoke(address, request, calm), 0);

  const byMail = {
    ...newRequest(),
    user: { username: newRequest().user.username, email: person.email.toUpperCase() },
  };
  assert.match(
    (await failureOf(database.ensureToken(address, byMail, calm))).message,
    /a user with the e-mail/,
  );
  const system = { ...request, user: { username: "prebuilds", email: request.user.email } };
  assert.match(
    (await failureOf(database.ensureToken(address, system, calm))).message,
    /a system user of something else/,
  );
  assert.deepEqual(await stored(sql, request), before);

  // A deleted one is in nobody's way.
  await coderd.request("DELETE", `/api/v2/users/${person.id}`, { token });
  assert.equal((await database.ensureToken(address, request, calm)).outcome, "made");
});

Deno.test("a user of the operator's own that cannot work any more is set right, and a right one is not written", async () => {
  const coderd = await sharedCoderd();
  const sql = sqlOf(coderd);
  const address = { url: coderd.databaseUrl };
  const request = newRequest();
  const { token = "" } = await database.ensureToken(address, request, calm);
  const params = { name: request.user.username };
  await sql("update users set status = 'suspended', rbac_roles = '{auditor}' where username = :'name'", {
    params,
  });
  assert.notEqual((await coderd.send("GET", "/api/v2/deployment/config", { token })).status, 200);
  const outcome = await database.ensureToken(address, { ...request, token }, calm);
  assert.equal(outcome.outcome, "kept");
  const { users: [user = {}] } = await stored(sql, request);
  assert.deepEqual([user.status, user.rbac_roles, user.login_type], ["active", "{auditor,owner}", "none"]);
  assert.equal((await coderd.send("GET", "/api/v2/deployment/config", { token })).status, 200);
});

Deno.test("operators that begin at once make one user and as many tokens as there are names, all of them valid", async () => {
  const coderd = await sharedCoderd();
  const sql = sqlOf(coderd);
  const address = { url: coderd.databaseUrl };
  const request = newRequest({ names: Array.from({ length: 6 }, (_, index) => `token-${index}`) });
  const outcomes = await Promise.all(request.names.map(() => database.ensureToken(address, request, calm)));
  const { users, tokens } = await stored(sql, request);
  assert.equal(users.length, 1);
  assert.deepEqual(tokens.map(({ token_name }) => token_name), request.names);
  const statuses = await Promise.all(
    outcomes.map(async ({ token = "" }) => (await coderd.send("GET", "/api/v2/users/me", { token })).status),
  );
  assert.deepEqual(statuses, request.names.map(() => 200));
});

Deno.test("with one name alone a valid token cannot be renewed, and is left as it is", async () => {
  const coderd = await sharedCoderd();
  const address = { url: coderd.databaseUrl };
  const request = newRequest({ names: ["token-a"] });
  const { token = "" } = await database.ensureToken(address, request, calm);
  const { kind, message } = await failureOf(
    database.ensureToken(address, { ...request, token, renew: true }, calm),
  );
  assert.deepEqual([kind, /there is no name for a new token/.test(message)], ["failed", true]);
  assert.equal((await database.ensureToken(address, { ...request, token }, calm)).outcome, "kept");
});

Deno.test("the last migration is that of the running Coder", async () => {
  const coderd = await sharedCoderd();
  assert.deepEqual(await database.migration({ url: coderd.databaseUrl }, calm), {
    version: await lastMigration(coderd),
    dirty: false,
  });
});

Deno.test("the owner role is needed for licences, proxies and terminals; memberships are not needed for anything", async () => {
  const coderd = await sharedCoderd();
  const { id: owner_id, organizationId: organization_id } = await coderd.firstUser();
  const request = newRequest();
  const { token = "" } = await database.ensureToken({ url: coderd.databaseUrl }, request, calm);
  const { id } = await coderd.request("GET", "/api/v2/users/me", { token });
  const check = (resource_type: string, action: string, of: object = {}) => ({
    object: { resource_type, ...of },
    action,
  });
  const checks = {
    licences: check("license", "create"),
    proxies: check("workspace_proxy", "create"),
    terminals: check("workspace", "ssh", { organization_id, owner_id }),
    users: check("user", "create"),
    templates: check("template", "create", { organization_id }),
    workspaces: check("workspace", "create", { organization_id, owner_id }),
    keys: check("provisioner_daemon", "create", { organization_id }),
  };
  const allowed = async () => {
    const answer = await coderd.request("POST", "/api/v2/authcheck", { token, body: { checks } });
    return Object.keys(checks).filter((name) => answer[name]);
  };
  assert.deepEqual(await allowed(), Object.keys(checks));
  // Everything short of owner.
  const params = { user: id, organization: organization_id };
  await coderd.sql(
    `with m as (insert into organization_members (organization_id, user_id, roles, created_at, updated_at)
       values (:'organization', :'user', '{organization-admin}', now(), now()))
     update users set rbac_roles = '{user-admin,template-admin,auditor}' where id = :'user'`,
    { params },
  );
  assert.deepEqual(await allowed(), ["users", "templates", "workspaces", "keys"]);
  // A narrower token, of an owner.
  const status = async () => (await coderd.send("GET", "/api/v2/users/me", { token })).status;
  assert.equal(await status(), 200);
  await coderd.sql(
    `with r as (update users set rbac_roles = '{owner}' where id = :'user')
     update api_keys set scopes = '{workspace:read,template:read}' where user_id = :'user'`,
    { params: { user: id } },
  );
  assert.equal(await status(), 404);

  // As the documentation says to remove the user.
  await coderd.sql("update users set deleted = true where username = :'name' and is_system", {
    params: { name: request.user.username },
  });
  assert.equal(await status(), 401);
  const anew = await database.ensureToken({ url: coderd.databaseUrl }, { ...request, token }, calm);
  assert.deepEqual([anew.outcome, anew.current.name, anew.others], ["made", "token-a", []]);
});
