/** Databases that hang, break, refuse or are not there. Nothing is left half done, and no connection is left behind. */
import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { createOperatorDatabase } from "../../src/coder/database/database.ts";
import { waitFor } from "../cluster/mod.ts";
import { type Postgres, startPostgres } from "../coder/mod.ts";
import { calm, database, failureOf, hold, kindOf, newRequest, Proxy, sqlOf, stored } from "./helper.ts";
import { copyOf, migrate, migratedServer } from "./migrated.ts";

/** Short, so that nobody waits long for what is to take too long. */
const hasty = createOperatorDatabase({
  timing: { connectMs: 400, statementMs: 300, lockMs: 200, callMs: 1500 },
});

/** Waits until the server knows of no connection of the operator's. */
async function nothingOpen(postgres: Postgres): Promise<void> {
  await waitFor(async () => {
    const open = await postgres.sql("select 1 from pg_stat_activity where application_name = 'coder-k8s'");
    return open.length === 0;
  }, { what: "the operator's connections to be gone" });
}

Deno.test("a connection that breaks at any moment leaves all or nothing, and the next call goes on from there", async () => {
  const postgres = await migratedServer();
  const name = await copyOf(postgres);
  const sql = (query: string, options = {}) => postgres.sql(query, { database: name, ...options });
  const address = { url: postgres.url(name) };
  const endings = new Set<string>();
  for (const after of [false, true]) {
    for (let at = 1, broken = true; broken; at++) {
      const request = newRequest();
      await using proxy = await Proxy.start(address.url, (piece, cut) => {
        if (piece !== at) return "pass";
        // Either the server never gets it, or it does and its answer gets lost.
        if (after) setTimeout(cut, 30);
        else cut();
        return after ? "pass" : "drop";
      });
      const outcome = await kindOf(database.ensureToken({ url: proxy.url }, request, calm)).catch(() =>
        "made"
      );
      broken = outcome !== "made";
      if (after) await nothingOpen(postgres);
      const { users, tokens } = await stored(sqlOf({ sql }), request);
      const left = `${users.length} ${tokens.length}`;
      assert.ok(["0 0", "1 1"].includes(left), `${left} after a break at piece ${at}`);
      endings.add(`${outcome} ${left}`);
      const next = await database.ensureToken(address, request, calm);
      assert.equal(next.outcome, "made");
      assert.equal((await stored(sqlOf({ sql }), request)).users.length, 1);
      assert.ok(at < 40);
    }
  }
  assert.ok(endings.has("unreachable 0 0") && endings.has("made 1 1"), [...endings].join());
  await nothingOpen(postgres);
});

Deno.test("PostgreSQL killed in the middle of the transaction leaves nothing of it, and what comes then is whole", async () => {
  await using postgres = await migrate(startPostgres());
  const name = await copyOf(postgres);
  const sql = (query: string, options = {}) => postgres.sql(query, { database: name, ...options });
  const request = newRequest();
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  let killed = false;
  await using proxy = await Proxy.start(postgres.url(name), (_piece, _cut, text) => {
    if (!killed && !text.includes("insert into api_keys")) return "pass";
    // The user is inserted by now, and not committed.
    killed = true;
    resolve();
    return "drop";
  });
  const call = failureOf(database.ensureToken({ url: proxy.url }, request, calm));
  await Promise.race([reached, call]);
  await postgres.kill();
  const { kind } = await call;
  await postgres.start();
  const { users, tokens } = await stored(sqlOf({ sql }), request);
  assert.deepEqual([users.length, tokens.length, kind], [0, 0, "unreachable"]);
  assert.equal((await database.ensureToken({ url: postgres.url(name) }, request, calm)).outcome, "made");
});

Deno.test("a server that takes connections and says nothing, or stops answering, is given up in time", async () => {
  const postgres = await migratedServer();
  const name = await copyOf(postgres);
  const request = newRequest();
  for (const silentFrom of [1, 2, 4, 6]) {
    await using proxy = await Proxy.start(
      postgres.url(name),
      (piece) => piece >= silentFrom ? "drop" : "pass",
    );
    const started = performance.now();
    const { kind, message } = await failureOf(hasty.ensureToken({ url: proxy.url }, request, calm));
    assert.equal(kind, "timeout", message);
    assert.match(
      message,
      /^PostgreSQL at 127\.0\.0\.1:\d+ \(database copy_\w+, user coder\): (it did not .* within|.*idle-in-transaction timeout)/,
    );
    assert.ok(performance.now() - started < 30_000);
    await waitFor(() => proxy.open.size === 0, { what: "both sides to be closed" });
  }
  await nothingOpen(postgres);
});

Deno.test("a paused PostgreSQL holds a call for its deadline and no longer, and an abort ends it at once", async () => {
  await using postgres = await startPostgres();
  const address = { url: postgres.url() };
  await postgres.pause();
  assert.equal(await kindOf(hasty.migration(address, calm)), "timeout");
  const limited = { url: `${address.url}&connect_timeout=1` };
  const started = performance.now();
  assert.match((await failureOf(database.migration(limited, calm))).message, /within 1 s/);
  assert.ok(performance.now() - started < 30_000);
  for (const abortAfterMs of [0, 50]) {
    const controller = new AbortController();
    const reason = new Error("enough");
    const call = database.migration(address, controller.signal);
    setTimeout(() => controller.abort(reason), abortAfterMs);
    const before = performance.now();
    await assert.rejects(call, (error) => error === reason);
    assert.ok(performance.now() - before < 30_000);
  }
  const closing = createOperatorDatabase();
  const call = closing.migration(address, calm);
  await Promise.all([closing.close(), assert.rejects(call, /the operator is ending/)]);
  await postgres.resume();
  await nothingOpen(postgres);
});

Deno.test("an abort at any piece of the conversation ends the call at once with the abort's reason", async () => {
  const postgres = await migratedServer();
  const name = await copyOf(postgres);
  for (let at = 1;; at++) {
    const controller = new AbortController();
    const reason = new Error(`enough at ${at}`);
    const request = newRequest();
    let aborted = false;
    await using proxy = await Proxy.start(postgres.url(name), (piece) => {
      if (piece !== at) return "pass";
      aborted = true;
      controller.abort(reason);
      return "drop";
    });
    const call = database.ensureToken({ url: proxy.url }, request, controller.signal);
    const result = await call.catch((error: unknown) => error);
    if (!aborted || at > 40) {
      assert.ok(at > 10 && at < 40, `${at}`);
      break;
    }
    // The goodbye comes after the commit: what was made then stands.
    if (result !== reason) assert.equal((result as { outcome: string }).outcome, "made");
  }
  await nothingOpen(postgres);
});

Deno.test("a lock that another session holds is waited for shortly", async () => {
  const postgres = await migratedServer();
  const name = await copyOf(postgres);
  const address = { url: postgres.url(name) };
  await using held = await hold(postgres, "users", name);
  // Impatient with locks alone, so that nothing else can be what ends the call.
  const impatient = createOperatorDatabase({
    timing: { connectMs: 60_000, statementMs: 60_000, lockMs: 200, callMs: 120_000 },
  });
  const { kind, message } = await failureOf(impatient.ensureToken(address, newRequest(), calm));
  assert.equal(kind, "conflict");
  assert.match(message, /SQLSTATE 55P03.*another session holds a lock/);
  await held.release();
  assert.equal((await database.ensureToken(address, newRequest(), calm)).outcome, "made");
});

Deno.test("what is refused says why: password, database, user, port, host", async () => {
  await using postgres = await startPostgres();
  const change = (what: (url: URL) => void) => {
    const url = new URL(postgres.url());
    what(url);
    return failureOf(database.migration({ url: url.href }, calm));
  };
  const cases: [string, RegExp, (url: URL) => void][] = [
    ["refused", /password authentication failed.*check the password/, (url) => url.password = "wrong"],
    ["refused", /it wants a password; the URL has none/, (url) => url.password = ""],
    ["refused", /database "nowhere" does not exist.*does not create it/, (url) => url.pathname = "/nowhere"],
    ["refused", /password authentication failed/, (url) => url.username = "nobody"],
    [
      "tls",
      /does not speak TLS; turn it on there, or set sslmode=disable/,
      (url) => url.search = "?sslmode=require",
    ],
    ["unreachable", /no such host/, (url) => url.hostname = "no-such-host.invalid"],
  ];
  for (const [kind, message, what] of cases) {
    const failure = await change(what);
    assert.equal(failure.kind, kind, failure.message);
    assert.match(failure.message, message);
    assert.equal(failure.message.includes(postgres.state.password), false);
  }
  await nothingOpen(postgres);
  await postgres.kill();
  const gone = await change(() => {});
  assert.equal(gone.kind, "unreachable");
  assert.match(gone.message, /ECONNREFUSED.*operator's own pod/);
});

Deno.test("what takes a connection and breaks it off, or is no PostgreSQL, is told at once", async () => {
  const greetings: ((front: Socket) => void)[] = [
    (front) => void front.destroy(),
    (front) => void front.resetAndDestroy(),
    (front) => void front.once("data", () => front.resetAndDestroy()),
    (front) => void front.once("data", () => front.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
    (front) => void front.once("data", () => front.end("S")),
  ];
  for (const [index, greet] of greetings.entries()) {
    const server = createServer((front) => {
      front.on("error", () => {});
      greet(front);
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, "127.0.0.1", resolve);
    await promise;
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    for (const sslmode of ["disable", "require"]) {
      const before = performance.now();
      const url = `postgres://u:p@127.0.0.1:${port}/d?sslmode=${sslmode}`;
      const { kind, message } = await failureOf(database.migration({ url }, calm));
      assert.ok(["unreachable", "tls", "failed"].includes(kind), `${index} ${sslmode}: ${kind} ${message}`);
      assert.ok(performance.now() - before < 30_000, `${index} ${sslmode}: ${message}`);
    }
    await new Promise((done) => server.close(done));
  }
});
