/** The operator's access to a real Coder on a real PostgreSQL, under the shipped RBAC on a real cluster. */
import assert from "node:assert/strict";
import { accessStep } from "../../src/controlplane/coder/access/access.ts";
import { tokenNames } from "../../src/controlplane/coder/access/access_identity.ts";
import { reachStep } from "../../src/controlplane/coder/reach_step.ts";
import { controlPlane } from "../../src/controlplane/testing.ts";
import { waitFor } from "../cluster/mod.ts";
import { type Coderd, type Postgres, startCoderd, startPostgres } from "../coder/mod.ts";
import { type Operator, type Rig, startRig } from "./rig.ts";

const SECRET = "v1/secrets/coder-operator-token";
const USER = "coder-k8s-operator";
const DAY_S = 86_400;

interface World {
  postgres: Postgres;
  coderd: Coderd;
}
let started: Promise<World> | undefined;

/** A coderd of this file's own: its database is killed and its rows are changed. It ends with this process. */
function world(): Promise<World> {
  return started ??= (async () => {
    const postgres = await startPostgres();
    const coderd = await startCoderd({ postgres, restartAfter: 1 });
    await coderd.firstUser();
    return { postgres, coderd };
  })();
}

/** An operator that looks at access all the time. */
function operatorFor(rig: Rig, coderd: Coderd): Promise<Operator> {
  const steps = [reachStep(), accessStep({ everyMs: 300 })];
  return rig.operator({ endpoints: { coder: coderd.url }, visits: { steps } });
}

function specFor(coderd: Coderd, more: object = {}) {
  return { extraEnv: [{ name: "CODER_PG_CONNECTION_URL", value: coderd.databaseUrl }], ...more };
}

function namesIn(rig: Rig): [string, string] {
  return tokenNames(controlPlane({}, { namespace: rig.namespace, name: "coder" }));
}

async function storedToken(rig: Rig): Promise<string | undefined> {
  const encoded = (await rig.get(SECRET))?.data?.token;
  return encoded === undefined ? undefined : atob(encoded);
}

/** The control plane's tokens in the database, oldest first. */
async function keysOf(rig: Rig, { coderd }: Pick<World, "coderd">) {
  const [first, second] = namesIn(rig);
  return await coderd.sql(
    "select id, token_name, lifetime_seconds from api_keys where token_name in (:'first', :'second') order by created_at",
    { params: { first, second } },
  );
}

/** Waits until the condition `OperatorAccess` has a status and a reason. */
function access(rig: Rig, status: string, reason?: RegExp) {
  return waitFor(async () => {
    const object = await rig.controlPlane("coder");
    const found = object?.status?.conditions?.find(({ type }) => type === "OperatorAccess");
    return found?.status === status && (reason === undefined || reason.test(found.reason))
      ? { condition: found, status: object?.status }
      : undefined;
  }, { timeoutMs: 60_000, what: `OperatorAccess to be ${status} ${reason ?? ""}` });
}

const whoAmI = (coderd: Coderd, token: string) => coderd.send("GET", "/api/v2/users/me", { token });

Deno.test("the operator's token can list users, templates and workspaces, and survives restarts of both", async () => {
  const rig = await startRig("access");
  const { coderd } = await world();
  let token: string;
  {
    await using operator = await operatorFor(rig, coderd);
    await rig.create("coder", specFor(coderd));
    const { status } = await access(rig, "True", /TokenValid/);
    token = (await storedToken(rig))!;
    assert.equal(status?.operatorAccessReady, true);
    assert.deepEqual(status?.operatorTokenSecretRef, { name: "coder-operator-token", key: "token" });
    assert.equal(status?.operatorTokenName, namesIn(rig)[0]);
    const days = (Date.parse(status?.operatorTokenExpires ?? "") - Date.now()) / 86_400_000;
    assert.ok(days > 29.9 && days < 30.1, `${days} days`);
    for (const path of ["users", "templates", "workspaces", "users/me"]) {
      assert.equal((await coderd.send("GET", `/api/v2/${path}`, { token })).status, 200, path);
    }
    const { metadata, type } = await rig.get(SECRET);
    assert.equal(type, "Opaque");
    assert.equal(metadata.ownerReferences[0].kind, "CoderControlPlane");
    const reasons = await waitFor(async () => {
      const all = await rig.eventReasons("coder");
      return all.includes("OperatorTokenCreated") && all.includes("OperatorAccessReady");
    }, { what: "events of the access" });
    assert.ok(reasons);
    const said = operator.lines.join("\n") + JSON.stringify(await rig.controlPlane("coder"));
    assert.ok(!said.includes(token.slice(11)), "the token was said");
    assert.ok(
      !operator.lines.join("\n").includes(new URL(coderd.databaseUrl).password),
      "the password was said",
    );
    await coderd.restart();
    await access(rig, "True", /TokenValid/);
    assert.equal(await storedToken(rig), token);
  }
  const { resourceVersion } = (await rig.get(SECRET)).metadata;
  await using operator = await operatorFor(rig, coderd);
  await waitFor(() => operator.lines.filter((line) => line.includes("codercontrolplane-coder")).length > 3, {
    what: "visits of the second process",
  });
  await access(rig, "True", /TokenValid/);
  assert.equal(await storedToken(rig), token);
  assert.equal((await rig.get(SECRET)).metadata.resourceVersion, resourceVersion, "nothing was written");
  assert.equal((await keysOf(rig, { coderd })).length, 1);
});

Deno.test("what the Go operator made is taken over: no token is rotated, no Secret written", async () => {
  const rig = await startRig("access-go");
  const { coderd } = await world();
  const { metadata } = await rig.create("coder", specFor(coderd));
  const token = await goToken(rig, coderd);
  await rig.send("POST", "v1/secrets", {
    metadata: {
      name: "coder-operator-token",
      labels: { "app.kubernetes.io/managed-by": "coder-k8s" },
      ownerReferences: [{
        apiVersion: "coder.com/v1alpha1",
        kind: "CoderControlPlane",
        name: "coder",
        uid: metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      }],
    },
    type: "Opaque",
    data: { token: btoa(token), other: btoa("kept") },
  }, "coder-k8s-go");
  const { resourceVersion } = (await rig.get(SECRET)).metadata;
  await using _operator = await operatorFor(rig, coderd);
  const { status } = await access(rig, "True", /TokenValid/);
  assert.equal(await storedToken(rig), token);
  assert.equal((await rig.get(SECRET)).metadata.resourceVersion, resourceVersion);
  assert.equal((await keysOf(rig, { coderd })).length, 1);
  assert.equal(status?.operatorTokenName, namesIn(rig)[0]);
});

/** User, membership and token, as the Go operator puts them into the database. */
async function goToken(rig: Rig, coderd: Coderd): Promise<string> {
  await coderd.sql(
    `insert into users (id, email, username, name, hashed_password, created_at, updated_at, status, rbac_roles, login_type,
       is_system) select gen_random_uuid(), :'user' || '@coder-k8s.invalid', :'user', :'user', 'none', now(), now(),
       'active', '{owner}', 'none', true where not exists (select 1 from users where username = :'user')`,
    { params: { user: USER } },
  );
  const secret = crypto.randomUUID().replaceAll("-", "").slice(0, 22);
  const id = crypto.randomUUID().replaceAll("-", "").slice(0, 10);
  const [name] = namesIn(rig);
  await coderd.sql(
    `insert into api_keys (id, hashed_secret, user_id, last_used, expires_at, created_at, updated_at, login_type,
       lifetime_seconds, ip_address, token_name, scopes, allow_list)
     select :'id', sha256(:'secret'::bytea), id, now(), now() + interval '365 days', now(), now(), 'token', 31536000,
       '0.0.0.0', :'name', '{coder:all}', '{*:*}' from users where username = :'user'`,
    { params: { id, secret, name, user: USER } },
  );
  return `${id}-${secret}`;
}

Deno.test("a PostgreSQL that is killed in the middle of the bootstrap and comes back leaves one user and one token", async () => {
  const rig = await startRig("access-kill");
  const { coderd, postgres } = await world();
  // The transaction of the bootstrap waits for this lock when the server is killed.
  const lock = coderd.sql("begin; lock table api_keys in access exclusive mode; select pg_sleep(60)").catch(
    () => {},
  );
  await waitFor(
    async () =>
      (await coderd.sql("select 1 from pg_locks where mode = 'AccessExclusiveLock' and granted")).length > 0,
    { what: "the lock" },
  );
  await using _operator = await operatorFor(rig, coderd);
  await rig.create("coder", specFor(coderd));
  await waitFor(
    async () =>
      (await coderd.sql(
        "select 1 from pg_stat_activity where application_name = 'coder-k8s' and wait_event_type = 'Lock'",
      ))
        .length > 0,
    { timeoutMs: 60_000, what: "the bootstrap to wait" },
  );
  await postgres.kill();
  await lock;
  await access(rig, "False", /DatabaseUnreachable|DatabaseTimeout|DatabaseError/);
  await postgres.start();
  await access(rig, "True", /TokenValid/);
  const keys = await keysOf(rig, { coderd });
  assert.equal(keys.length, 1);
  assert.ok((await storedToken(rig))?.startsWith(`${keys[0]?.id}-`));
  assert.equal((await coderd.sql("select 1 from users where username = 'coder-k8s-operator'")).length, 1);
});

Deno.test("a database that is down, or hangs, never clears working access, and no token is replaced", async () => {
  const rig = await startRig("access-down");
  const { coderd, postgres } = await world();
  await using _operator = await operatorFor(rig, coderd);
  await rig.create("coder", specFor(coderd));
  await access(rig, "True", /TokenValid/);
  const token = await storedToken(rig);
  const stays = async (what: string) => {
    const { status } = await access(rig, "True", /NotConfirmed/);
    assert.equal(status?.operatorAccessReady, true, what);
    assert.ok(status?.operatorTokenSecretRef, what);
  };
  await postgres.kill();
  await stays("down");
  assert.match((await rig.condition("coder", "Degraded", "True")).reason, /Database/);
  await postgres.start();
  await access(rig, "True", /TokenValid/);
  assert.equal((await rig.condition("coder", "Degraded", "False")).reason, "AsExpected");

  // Connections that Coder has are cut, and new ones hang: the session that cuts waits for a file until they do.
  const go = await Deno.makeTempFile();
  await Deno.remove(go);
  const cut = coderd.sql(
    `do $$ begin
       while (pg_stat_file('${go}', true)).size is null loop perform pg_sleep(0.05); end loop;
       perform pg_terminate_backend(pid) from pg_stat_activity
         where pid <> pg_backend_pid() and datname = current_database();
     end $$`,
  );
  await waitFor(
    async () =>
      (await coderd.sql(
        "select 1 from pg_stat_activity where query like 'do $$%' and pid <> pg_backend_pid()",
      )).length > 0,
    { what: "the session that cuts the others" },
  );
  try {
    await postgres.pause();
    await Deno.writeTextFile(go, "go");
    await cut;
    await stays("hung");
  } finally {
    await postgres.resume();
    await Deno.remove(go).catch(() => {});
  }
  await access(rig, "True", /TokenValid/);
  assert.equal(await storedToken(rig), token);
  assert.equal((await keysOf(rig, { coderd })).length, 1);
});

Deno.test("while a token is renewed, whatever the Secret holds works at every moment", async () => {
  const rig = await startRig("access-renew");
  const { coderd } = await world();
  await using _operator = await operatorFor(rig, coderd);
  await rig.create("coder", specFor(coderd));
  await access(rig, "True", /TokenValid/);
  const old = (await storedToken(rig))!;
  let calls = 0;
  let used = old;
  const failures: unknown[] = [];
  const stop = new AbortController();
  const caller = (async () => {
    while (!stop.signal.aborted) {
      const token = (await storedToken(rig))!;
      const { status, body } = await whoAmI(coderd, token);
      calls++;
      used = token;
      if (status !== 200) failures.push([status, body]);
    }
  })();
  const id = old.slice(0, 10);
  await coderd.sql(
    "update api_keys set created_at = created_at - interval '21 days', last_used = now() - interval '2 hours' where id = :'id'",
    { params: { id } },
  );
  const renewed = await waitFor(async () => {
    const token = await storedToken(rig);
    return token !== old ? token : undefined;
  }, { what: "the token to be renewed" });
  // A call that is on its way with the old one would make it look used again.
  await waitFor(() => used === renewed, { what: "the caller to use the new token" });
  assert.equal((await whoAmI(coderd, old)).status, 200, "the old one still works: a replica may have it");
  assert.deepEqual((await keysOf(rig, { coderd })).map(({ token_name }) => token_name), namesIn(rig));
  // Two hours later, in which nobody used the old one.
  await coderd.sql(
    `update api_keys set last_used = now() - interval '3 hours' where id = :'id'`,
    { params: { id } },
  );
  await coderd.sql(
    `update api_keys set created_at = now() - interval '2 hours' where id = :'id'`,
    { params: { id: renewed!.slice(0, 10) } },
  );
  await waitFor(async () => (await keysOf(rig, { coderd })).length === 1, { what: "the old token to go" });
  assert.equal((await whoAmI(coderd, old)).status, 401);
  const before = calls;
  await waitFor(() => calls > Math.max(before + 5, 20), { what: "calls after the end of the old token" });
  stop.abort();
  await caller;
  assert.deepEqual(failures, []);
  const { status } = await access(rig, "True");
  assert.equal(status?.operatorTokenName, namesIn(rig)[1]);
});

Deno.test("a Secret that is deleted and a token that has expired are replaced", async () => {
  const rig = await startRig("access-lost");
  const { coderd } = await world();
  await using _operator = await operatorFor(rig, coderd);
  await rig.create("coder", specFor(coderd));
  await access(rig, "True", /TokenValid/);
  const replaced = (before: string) =>
    waitFor(async () => {
      const token = await storedToken(rig);
      return token !== undefined && token !== before ? token : undefined;
    }, { what: "another token" });
  const first = (await storedToken(rig))!;
  await rig.send("DELETE", SECRET);
  const second = (await replaced(first))!;
  assert.equal((await whoAmI(coderd, second)).status, 200);
  await coderd.sql("update api_keys set expires_at = now() - interval '1 hour' where id = :'id'", {
    params: { id: second.slice(0, 10) },
  });
  const third = (await replaced(second))!;
  assert.equal((await whoAmI(coderd, third)).status, 200);
  await access(rig, "True", /TokenValid/);
  // The one whose Secret was deleted is given up as soon as nobody can be using it; the expired one at once.
  await coderd.sql("update api_keys set last_used = now() - interval '3 hours' where id = :'id'", {
    params: { id: first.slice(0, 10) },
  });
  await coderd.sql("update api_keys set created_at = now() - interval '2 hours' where id = :'id'", {
    params: { id: third.slice(0, 10) },
  });
  await coderd.sql("update api_keys set created_at = now() - interval '4 hours' where id = :'id'", {
    params: { id: first.slice(0, 10) },
  });
  await waitFor(async () => {
    const keys = await keysOf(rig, { coderd });
    return keys.length === 1 && third.startsWith(`${keys[0]?.id}-`);
  }, { what: "one token" });
});

Deno.test("a Secret that somebody else made stays as it is, until a user lets the operator have it", async () => {
  const rig = await startRig("access-foreign");
  const { coderd } = await world();
  await rig.send("POST", "v1/secrets", {
    metadata: { name: "coder-operator-token" },
    data: { token: btoa("mine") },
  });
  await using _operator = await operatorFor(rig, coderd);
  await rig.create("coder", specFor(coderd));
  const { condition, status } = await access(rig, "False", /ForeignSecret/);
  assert.equal(status?.operatorAccessReady, undefined);
  assert.equal(await storedToken(rig), "mine");
  assert.equal((await keysOf(rig, { coderd })).length, 0);
  assert.match(condition.message, /coder\.com\/adopt=coder/);
  await rig.send("PATCH", SECRET, { metadata: { annotations: { "coder.com/adopt": "coder" } } });
  await access(rig, "True", /TokenValid/);
  assert.notEqual(await storedToken(rig), "mine");
});

Deno.test("disabling access and deleting the control plane revoke the token", async () => {
  const rig = await startRig("access-end");
  const { coderd } = await world();
  await using _operator = await operatorFor(rig, coderd);
  await rig.create("coder", specFor(coderd));
  await access(rig, "True", /TokenValid/);
  const first = (await storedToken(rig))!;
  await rig.change("coder", { spec: { operatorAccess: { disabled: true } } });
  const { status } = await access(rig, "False", /Disabled/);
  assert.equal((await whoAmI(coderd, first)).status, 401);
  assert.equal(await rig.get(SECRET), undefined);
  assert.deepEqual(
    [status?.operatorAccessReady, status?.operatorTokenSecretRef, status?.operatorTokenName],
    [undefined, undefined, undefined],
  );
  await rig.change("coder", {
    metadata: { finalizers: ["coder.com/workspace-rbac-cleanup"] },
    spec: { operatorAccess: { disabled: false } },
  });
  await access(rig, "True", /TokenValid/);
  const second = (await storedToken(rig))!;
  await rig.send("DELETE", "coder.com/v1alpha1/codercontrolplanes/coder");
  await waitFor(async () => (await rig.controlPlane("coder")) === undefined, {
    what: "the control plane to go",
  });
  assert.equal((await whoAmI(coderd, second)).status, 401);
  assert.deepEqual(await keysOf(rig, { coderd }), []);
  assert.ok(!(await rig.eventReasons("coder")).includes("AccessNotRevoked"));
});

Deno.test("a human's account is never touched; with an owner's token an ordinary user is made, renewed and revoked", async () => {
  const rig = await startRig("access-api");
  const { postgres } = await world();
  await using coderd = await startCoderd({ postgres, database: "humans" });
  const { organizationId, token: owner } = await coderd.firstUser();
  const human = await coderd.request("POST", "/api/v2/users", {
    token: owner,
    body: {
      username: USER,
      email: "human@example.com",
      login_type: "none",
      organization_ids: [organizationId],
    },
  });
  await using _operator = await operatorFor(rig, coderd);
  await rig.create("coder", specFor(coderd));
  await access(rig, "False", /ForeignUser/);
  const after = await coderd.request("GET", `/api/v2/users/${human.id}`, { token: owner });
  assert.deepEqual([after.email, after.roles, after.status], [human.email, human.roles, human.status]);

  await coderd.request("DELETE", `/api/v2/users/${human.id}`, { token: owner });
  await rig.send("POST", "v1/secrets", { metadata: { name: "owner" }, data: { token: btoa(owner) } });
  await rig.change("coder", {
    spec: { extraEnv: null, operatorAccess: { bootstrapTokenSecretRef: { name: "owner" } } },
  });
  await access(rig, "True", /TokenValid/);
  const token = (await storedToken(rig))!;
  const me = (await whoAmI(coderd, token)).body;
  assert.deepEqual([me.username, me.login_type], [USER, "none"]);
  const keys = await keysOf(rig, { coderd });
  assert.deepEqual(
    keys.map(({ lifetime_seconds }) => lifetime_seconds),
    [`${7 * DAY_S}`],
    "an owner's longest",
  );
  await coderd.sql("update api_keys set created_at = created_at - interval '5 days' where id = :'id'", {
    params: { id: token.slice(0, 10) },
  });
  await waitFor(async () => (await storedToken(rig)) !== token, { what: "the token to be renewed" });
  await access(rig, "True", /TokenValid/);
  await rig.change("coder", { metadata: { finalizers: ["coder.com/workspace-rbac-cleanup"] } });
  await rig.send("DELETE", "coder.com/v1alpha1/codercontrolplanes/coder");
  await waitFor(async () => (await rig.controlPlane("coder")) === undefined, {
    what: "the control plane to go",
  });
  assert.deepEqual(await keysOf(rig, { coderd }), []);
});
