/** TLS to a real PostgreSQL: each `sslmode`, right and wrong authorities, names, and client certificates. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { createOperatorDatabase } from "../../src/coder/database/database.ts";
import { createAuthority, issueCertificate } from "../cluster/pki.ts";
import { waitFor } from "../cluster/mod.ts";
import { startPostgres } from "../coder/mod.ts";
import { calm, database, failureOf, hold } from "./helper.ts";

/** What a call to a database without Coder's tables ends with, where the connection is good. */
const CONNECTED = "schema";

Deno.test("each sslmode verifies what it says, against the given authorities or those of the system", async () => {
  const [authority, other] = await Promise.all([createAuthority("ours"), createAuthority("others")]);
  const localhost = { commonName: "localhost", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] };
  const elsewhere = { commonName: "db.example", dnsNames: ["db.example"] };
  const [right, named, expired] = await Promise.all([
    issueCertificate(authority, { ...localhost, usage: ["server"] }),
    issueCertificate(authority, { ...elsewhere, usage: ["server"] }),
    issueCertificate(authority, { ...localhost, usage: ["server"], validForMs: -60_000 }),
  ]);
  const [ours, theirs] = [authority.certPem, other.certPem];
  const inline = `sslinline=true&sslrootcert=${encodeURIComponent(ours)}`;
  const cases: [certificate: typeof right, query: string, ca: string | undefined, kind: string][] = [
    [right, "", undefined, CONNECTED],
    [right, "sslmode=require", theirs, "tls"],
    [right, "sslmode=require", ours, CONNECTED],
    [right, "sslmode=verify-ca", ours, CONNECTED],
    [right, "sslmode=verify-ca", theirs, "tls"],
    [right, "sslmode=verify-full", ours, CONNECTED],
    [right, "sslmode=verify-full", `${theirs}\n${ours}`, CONNECTED],
    [right, "sslmode=verify-full", undefined, "tls"],
    [right, `sslmode=verify-full&${inline}`, undefined, CONNECTED],
    [right, "sslmode=verify-full&sslrootcert=/certs/ca.crt", ours, CONNECTED],
    [right, "sslmode=verify-full&sslrootcert=/certs/ca.crt", undefined, "invalidAddress"],
    [right, "sslmode=disable", undefined, "refused"],
    [named, "sslmode=require", undefined, CONNECTED],
    [named, "sslmode=verify-ca", ours, CONNECTED],
    [named, "sslmode=verify-full", ours, "tls"],
    [expired, "sslmode=verify-ca", ours, "tls"],
  ];
  for (const certificate of [right, named, expired]) {
    await using postgres = await startPostgres({ tls: certificate, requireTls: true });
    for (const host of ["127.0.0.1", "localhost"]) {
      for (const [of, query, ca, kind] of cases) {
        if (of !== certificate) continue;
        const url = new URL(postgres.url());
        url.hostname = host;
        url.search = query;
        const failure = await failureOf(database.migration({ url: url.href, ca }, calm));
        assert.equal(failure.kind, kind, `${host} ${query.slice(0, 50)}: ${failure.message}`);
        assert.equal(failure.message.includes(postgres.state.password), false);
      }
    }
  }
});

Deno.test("a client certificate in the URL signs in without a password", async () => {
  const authority = await createAuthority("ours");
  const server = await issueCertificate(authority, {
    commonName: "localhost",
    ipAddresses: ["127.0.0.1"],
    usage: ["server"],
  });
  const client = await issueCertificate(authority, { commonName: "coder", usage: ["client"] });
  await using postgres = await startPostgres({ tls: server, requireTls: true });
  const data = join(postgres.dir, "data");
  await Deno.writeTextFile(join(data, "root.crt"), authority.certPem);
  await Deno.chmod(join(data, "root.crt"), 0o644);
  await postgres.sql("alter system set ssl_ca_file = 'root.crt'");
  await Deno.writeTextFile(
    join(data, "pg_hba.conf"),
    "hostssl postgres all all scram-sha-256\nhostssl all all all cert\n",
  );
  await postgres.sql("select pg_reload_conf()", { database: "postgres" });

  const url = new URL(postgres.url());
  url.password = "";
  const pem = (text: string) => encodeURIComponent(text);
  const verified = `sslmode=verify-full&sslinline=true&sslrootcert=${pem(authority.certPem)}`;
  const outcome = async (query: string) => {
    url.search = query;
    return await failureOf(database.migration({ url: url.href }, calm));
  };
  // The server takes its new configuration in a moment.
  await waitFor(async () => (await outcome(verified)).message.includes("certificate"), {
    what: "the server to want certificates",
  });
  const good = await outcome(`${verified}&sslcert=${pem(client.certPem)}&sslkey=${pem(client.keyPem)}`);
  assert.equal(good.kind, CONNECTED, good.message);
  const none = await outcome(verified);
  assert.deepEqual([none.kind, none.message.includes("certificate")], ["refused", true], none.message);
  const foreign = await issueCertificate(await createAuthority("others"), {
    commonName: "coder",
    usage: ["client"],
  });
  const wrong = await outcome(`${verified}&sslcert=${pem(foreign.certPem)}&sslkey=${pem(foreign.keyPem)}`);
  assert.ok(["tls", "unreachable"].includes(wrong.kind), wrong.message);
});

Deno.test("a connection under TLS is cut off at the deadline and leaves nothing behind", async () => {
  const authority = await createAuthority("ours");
  const certificate = await issueCertificate(authority, {
    commonName: "localhost",
    ipAddresses: ["127.0.0.1"],
    usage: ["server"],
  });
  await using postgres = await startPostgres({ tls: certificate });
  await postgres.sql("create table schema_migrations (version bigint, dirty boolean)");
  const hasty = createOperatorDatabase({ timing: { statementMs: 200, lockMs: 100_000, callMs: 1_500 } });
  await using held = await hold(postgres, "schema_migrations");
  const address = { url: `${postgres.url().replace("require", "verify-full")}`, ca: authority.certPem };
  assert.equal((await failureOf(hasty.migration(address, calm))).kind, "timeout");
  const controller = new AbortController();
  const call = createOperatorDatabase().migration(address, controller.signal);
  await waitFor(async () => {
    const rows = await postgres.sql("select 1 from pg_stat_activity where application_name = 'coder-k8s'");
    return rows.length > 0;
  }, { what: "the connection to be there" });
  controller.abort(new Error("enough"));
  await assert.rejects(call, /enough/);
  await held.release();
  await waitFor(async () => {
    const rows = await postgres.sql("select 1 from pg_stat_activity where application_name = 'coder-k8s'");
    return rows.length === 0;
  }, { what: "the connection to be gone" });
});
