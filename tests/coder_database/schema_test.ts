/** Tables that are not as known, users of the database with few rights, and Coder's tables in a schema of their own. */
import assert from "node:assert/strict";
import { sharedCoderd } from "../coder/mod.ts";
import { lastMigration } from "../coder/program_version.ts";
import { calm, database, failureOf, newRequest, stored } from "./helper.ts";
import { copyOf, migratedServer } from "./migrated.ts";
import { GRANTS } from "./grants.ts";

Deno.test("a database that Coder has not migrated yet is told as one, and left empty", async () => {
  const postgres = await migratedServer();
  const request = newRequest();
  const address = { url: postgres.url("postgres") };
  for (
    const call of [
      () => database.ensureToken(address, request, calm),
      () => database.migration(address, calm),
    ]
  ) {
    const { kind, message } = await failureOf(call());
    assert.equal(kind, "schema");
    assert.match(message, /Coder has not made its tables yet; waiting/);
  }
  assert.equal(await database.revoke(address, request, calm), 0);
});

Deno.test("tables that are not as known are named with the number of the migration, and nothing is written", async () => {
  const postgres = await migratedServer();
  const last = await lastMigration(await sharedCoderd());
  const cases: [change: string, message: RegExp][] = [
    [
      "alter table api_keys rename column scopes to ranges",
      new RegExp(`table api_keys has no column scopes \\(migration ${last}\\)`),
    ],
    [
      `alter table users add column tenant uuid not null default gen_random_uuid();
       alter table users alter column tenant drop default`,
      /table users wants a value for column tenant/,
    ],
    [
      "alter table api_keys alter column token_name type varchar(40)",
      /column token_name .*character varying\(40\)/,
    ],
    ["drop table api_keys cascade", /there is no table api_keys/],
    ["update schema_migrations set dirty = true", new RegExp(`migration ${last} was broken off`)],
    [
      "alter table users add constraint few check (not is_system) not valid",
      /violates check constraint.*23514/,
    ],
    ["alter type login_type rename value 'none' to 'nothing'", /invalid input value for enum login_type/],
  ];
  for (const [change, expected] of cases) {
    const name = await copyOf(postgres);
    await postgres.sql(change, { database: name });
    const request = newRequest();
    const { kind, message } = await failureOf(
      database.ensureToken({ url: postgres.url(name) }, request, calm),
    );
    assert.deepEqual([kind, expected.test(message) ? true : message], ["schema", true], change);
    const users = await postgres.sql("select 1 from users where username like 'operator%'", {
      database: name,
    });
    assert.deepEqual(users, [], change);
  }
  // What is merely new, and has a default, is no reason to stop.
  const name = await copyOf(postgres);
  await postgres.sql("alter table users add column colour text not null default 'red', add column age int", {
    database: name,
  });
  assert.equal((await database.ensureToken({ url: postgres.url(name) }, newRequest(), calm)).outcome, "made");
});

Deno.test("a database user with the documented grants can do all of it, and one without some is told so", async () => {
  const postgres = await migratedServer();
  const name = await copyOf(postgres);
  const sql = (query: string, options = {}) => postgres.sql(query, { database: name, ...options });
  await sql("create role coder_operator login password 'few rights'");
  const url = new URL(postgres.url(name));
  url.username = "coder_operator";
  url.password = "few%20rights";
  const address = { url: url.href };
  const request = newRequest();

  const refused = await failureOf(database.ensureToken(address, request, calm));
  assert.equal(refused.kind, "forbidden");
  assert.match(refused.message, /permission denied .*SQLSTATE 42501.*docs\/operator-access\.md/);
  for (const grant of GRANTS) await sql(grant);

  const first = await database.ensureToken(address, request, calm);
  const second = await database.ensureToken(
    address,
    { ...request, token: first.token ?? "", renew: true },
    calm,
  );
  await database.ensureToken(address, { ...request, token: second.token ?? "", renew: true }, calm);
  await sql("update users set status = 'suspended' where is_system");
  await database.ensureToken(address, request, calm);
  assert.equal(await database.revoke(address, request, calm), 2);
  assert.equal((await database.migration(address, calm)).version, await lastMigration(await sharedCoderd()));
  assert.equal((await stored((query, options) => sql(query, options), request)).users[0]?.status, "active");

  // Each of them is needed.
  for (const [index, grant] of GRANTS.entries()) {
    await sql("revoke all on all tables in schema public from coder_operator");
    for (const each of GRANTS.toSpliced(index, 1)) await sql(each);
    const attempt = newRequest();
    const outcome = database.ensureToken(address, attempt, calm)
      .then(() => sql("update users set status = 'suspended' where is_system"))
      .then(() => database.ensureToken(address, attempt, calm))
      .then(() => database.revoke(address, attempt, calm));
    assert.equal((await failureOf(outcome)).kind, "forbidden", grant);
  }
});

Deno.test("the documentation lists the grants that were tested", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/operator-access.md", import.meta.url));
  const one = (text: string) => text.replaceAll(/\s+/g, " ");
  for (const grant of GRANTS) assert.ok(one(page).includes(`${one(grant)};`), grant);
});

Deno.test("tables in a schema that the address searches are found, in options and as a setting", async () => {
  const postgres = await migratedServer();
  const name = await copyOf(postgres);
  await postgres.sql("alter schema public rename to deployment", { database: name });
  const plain = postgres.url(name);
  assert.equal((await failureOf(database.migration({ url: plain }, calm))).kind, "schema");
  for (const setting of ["search_path=deployment", "options=-c%20search_path%3Ddeployment"]) {
    const outcome = await database.ensureToken({ url: `${plain}&${setting}` }, newRequest(), calm);
    assert.equal(outcome.outcome, "made", setting);
  }
  const unknown = await failureOf(database.migration({ url: `${plain}&target_session_attrs=any` }, calm));
  assert.deepEqual([unknown.kind, /target_session_attrs/.test(unknown.message)], ["invalidAddress", true]);
});

Deno.test("how a database user's session shows dates changes nothing", async () => {
  const postgres = await migratedServer();
  const name = await copyOf(postgres);
  await postgres.sql(`alter database ${name} set datestyle = 'German'`, { database: name });
  await postgres.sql(`alter database ${name} set timezone = 'Asia/Tokyo'`, { database: name });
  const { current } = await database.ensureToken({ url: postgres.url(name) }, newRequest(), calm);
  assert.ok(Math.abs(current.createdAt.getTime() - Date.now()) < 60_000, String(current.createdAt));
});

Deno.test("a database that swallows what is inserted is not believed", async () => {
  const postgres = await migratedServer();
  const name = await copyOf(postgres);
  await postgres.sql(
    `create function swallow() returns trigger language plpgsql as 'begin return null; end';
     create trigger swallow before insert on api_keys for each row execute function swallow()`,
    { database: name },
  );
  const { kind, message } = await failureOf(
    database.ensureToken({ url: postgres.url(name) }, newRequest(), calm),
  );
  assert.deepEqual([kind, /the token was not stored/.test(message)], ["failed", true]);
});
