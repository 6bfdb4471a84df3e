import assert from "node:assert/strict";
import { createAuthority, issueCertificate, waitFor } from "../cluster/mod.ts";
import { exists } from "../cluster/paths.ts";
import { Postgres, SqlError, StartError, startPostgres } from "./mod.ts";
import { commandAs, serverUser } from "./postgres_setup.ts";

Deno.test("a server starts, answers with rows, and is gone with its directory at the end", async () => {
  let dir = "";
  {
    await using postgres = await startPostgres();
    dir = postgres.dir;
    const rows = await postgres.sql("select :'word' as word, null as nothing, '' as empty, 1 as one", {
      params: { word: "it's" },
    });
    assert.deepEqual(rows, [{ word: "it's", nothing: null, empty: "", one: "1" }]);
    await assert.rejects(postgres.sql("select * from nowhere"), SqlError);
    assert.match(await postgres.logs(), /relation "nowhere" does not exist/);
    await postgres.ensureDatabase("an other");
    await postgres.ensureDatabase("an other");
    const [row] = await postgres.sql("select current_database() as name", { database: "an other" });
    assert.equal(row?.name, "an other");
  }
  assert.equal(await exists(dir), false);
});

Deno.test("what was committed survives kill, stop and restart, on the same port", async () => {
  await using postgres = await startPostgres();
  const url = postgres.url();
  await postgres.sql("create table t (n int)");
  for (const end of ["kill", "stop"] as const) {
    await postgres.sql("insert into t values (1)");
    await postgres[end]();
    assert.equal(await postgres.pid(), undefined);
    await assert.rejects(postgres.sql("select 1"), /Connection refused/);
    // Ending what does not run is no error.
    await postgres[end]();
    await postgres.start();
  }
  await postgres.restart();
  assert.deepEqual(await postgres.sql("select count(*) from t"), [{ count: "2" }]);
  assert.equal(postgres.url(), url);
});

Deno.test("a server stops at once though somebody is connected, and while it is paused", async () => {
  await using postgres = await startPostgres();
  const sleeping = postgres.sql("select pg_sleep(60)").catch((error: unknown) => error);
  await waitFor(
    async () =>
      (await postgres.sql("select 1 from pg_stat_activity where query like 'select pg_sleep%'")).length > 0,
    { what: "the other session" },
  );
  await postgres.pause();
  await postgres.stop();
  assert.ok(await sleeping instanceof SqlError);
});

Deno.test("a paused server lets new connections hang until it is resumed", async () => {
  await using postgres = await startPostgres();
  await postgres.pause();
  await assert.rejects(postgres.sql("select 1", { timeoutMs: 300 }), /took longer|timeout expired/);
  await postgres.resume();
  assert.deepEqual(await postgres.sql("select 1 as one"), [{ one: "1" }]);
});

Deno.test("a server with TLS that requires it turns plain connections away", async () => {
  const authority = await createAuthority("postgres-test-ca");
  const tls = await issueCertificate(authority, {
    commonName: "localhost",
    ipAddresses: ["127.0.0.1"],
    usage: ["server"],
  });
  await using postgres = await startPostgres({ tls, requireTls: true });
  assert.match(postgres.url(), /sslmode=require$/);
  const [row] = await postgres.sql("select ssl from pg_stat_ssl where pid = pg_backend_pid()");
  assert.equal(row?.ssl, "t");
  const plain = Postgres.fromState({ ...postgres.state, tls: false });
  await assert.rejects(plain.sql("select 1"), /no pg_hba\.conf entry .*no encryption/);
});

Deno.test("servers run side by side, each with a password of its own", async () => {
  const [one, two] = await Promise.all([startPostgres(), startPostgres()]);
  try {
    assert.notEqual(one.port, two.port);
    const mixed = Postgres.fromState({ ...one.state, password: two.state.password });
    await assert.rejects(mixed.sql("select 1"), /password authentication failed/);
  } finally {
    await Promise.all([one.dispose(), two.dispose()]);
  }
});

Deno.test("a server that cannot start says why, from its log", async () => {
  await using postgres = await startPostgres();
  await postgres.stop();
  await Deno.writeTextFile(`${postgres.dir}/data/postgresql.conf`, "no_such_setting = 1\n");
  await assert.rejects(
    postgres.start(),
    (error) =>
      error instanceof StartError && /ended with exit code 1/.test(error.message) &&
      /no_such_setting/.test(error.logTail) && !error.portTaken,
  );
});

Deno.test("a port that somebody has taken is told from other failures", async () => {
  await using postgres = await startPostgres();
  await postgres.stop();
  using _taken = Deno.listen({ hostname: "127.0.0.1", port: postgres.port });
  await assert.rejects(postgres.start(), (error) => error instanceof StartError && error.portTaken);
});

Deno.test("a directory with something in it is refused and left alone", async () => {
  const dir = await Deno.makeTempDir();
  await Deno.writeTextFile(`${dir}/precious`, "");
  await assert.rejects(startPostgres({ dir }), /is not empty/);
  assert.ok(await exists(`${dir}/precious`));
  await Deno.remove(dir, { recursive: true });
});

Deno.test("the server runs as somebody else when this is root, and as ourselves when not", async () => {
  assert.equal(await serverUser(false), undefined);
  const user = await serverUser(true);
  assert.ok(user && user.uid > 0);
  assert.deepEqual(commandAs(undefined, "postgres", ["-D"]), { program: "postgres", args: ["-D"] });
  const { program, args } = commandAs(user, "postgres", ["-D"]);
  assert.equal(program, "setpriv");
  assert.ok(args.includes(`--reuid=${user.uid}`) && args.at(-1) === "-D");
});
