import assert from "node:assert/strict";
import { silentLogger } from "../../telemetry/logger.ts";
import { PrometheusMetrics } from "../../telemetry/prometheus.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import type { OpenCoder } from "../coordinator/types.ts";
import type { SessionError } from "../types.ts";
import { AccessBook } from "./access_book.ts";
import { lentTo, ModelCoder, placeOf, refusal, refused } from "./testing.ts";
import { type LentTo, WorkspaceDeleted } from "./types.ts";

const signal = new AbortController().signal;

function rig() {
  const coder = new ModelCoder();
  const clock = new FakeClock();
  const metrics = new PrometheusMetrics();
  const book = new AccessBook({ log: silentLogger, clock, metrics });
  const workspace = coder.add();
  const session = lentTo(workspace);
  return {
    coder,
    clock,
    book,
    metrics,
    id: workspace.id,
    session,
    lend: (given: LentTo = session, open: OpenCoder | undefined = coder.opens("ann")) =>
      book.lend(given, { coder: open, signal }),
    terminal: (id = session.id) => book.find(id)!.terminal("true", signal),
    checks: () => coder.count("get") + coder.count("authCheck"),
  };
}

Deno.test("nobody reaches a session's workspace before its caller has called", async () => {
  const { book, session, lend, terminal, coder } = rig();
  assert.equal(book.find(session.id), undefined);
  assert.equal(book.session(session.id), undefined);
  (await lend()).end();
  assert.equal(book.session(session.id), session);
  assert.deepEqual(book.find(session.id)?.place, session.workspace);
  await terminal();
  assert.deepEqual(coder.terminals.map(({ user, request }) => [user, request.command]), [["ann", "true"]]);
});

Deno.test("what Coder has said is believed for a minute, by all sessions of the caller there", async () => {
  const { session, lend, clock, checks, metrics } = rig();
  for (let call = 0; call < 5; call++) (await lend()).end();
  (await lend({ ...session, id: "sess-bbbbbbbb12345678" })).end();
  assert.equal(checks(), 2);
  await clock.advance(59_000);
  (await lend()).end();
  assert.equal(checks(), 2);
  await clock.advance(1_000);
  await Promise.all([lend(), lend(), lend()].map(async (loan) => (await loan).end()));
  assert.equal(checks(), 4);
  assert.match(await metrics.text(), /^coordinator_workspace_checks_total\{result="ok"\} 2$/m);
});

Deno.test("another user, or another workspace, is looked at for itself", async () => {
  const { coder, session, lend, checks } = rig();
  (await lend()).end();
  const other = coder.add({ name: "box" });
  (await lend(lentTo(other, { id: "sess-cccccccc12345678" }))).end();
  assert.equal(checks(), 4);
  (await lend({ ...session, id: "sess-dddddddd12345678", owner: "bob" }, coder.opens("bob"))).end();
  assert.equal(checks(), 6);
});

Deno.test("nobody gets what another has lent, whatever they say of themselves", async () => {
  const { coder, session, lend, terminal } = rig();
  (await lend()).end();
  const stranger = await refused(lend({ ...session, owner: "bob" }, coder.opens("bob")));
  assert.equal(stranger.code, "not_found");
  await terminal();
  assert.equal(coder.terminals[0]?.user, "ann");
});

Deno.test("the same owner as another user of Coder: what was open as the one before is closed", async () => {
  const { coder, lend, terminal } = rig();
  const loan = await lend();
  const before = await terminal();
  (await lend(undefined, coder.opens("ann2"))).end();
  assert.equal(coder.terminals[0]?.isOpen, false);
  assert.match((loan.signal.reason as Error).message, /another user of Coder now/);
  await before.closed;
  await terminal();
  assert.equal(coder.terminals[1]?.user, "ann2");
});

Deno.test("calls without a way to Coder, or with one to another Coder, are refused", async () => {
  const { coder, book, session, lend } = rig();
  const none = await refused(book.lend(session, { signal }));
  assert.deepEqual(none.code, "forbidden");
  assert.match(none.message, /is in workspace ann\/dev, and there is no way to Coder as you here/);
  const other = await refused(lend(undefined, () => Promise.resolve({ ...coder.as("ann"), id: "lab/beta" })));
  assert.deepEqual(other.code, "conflict");
  assert.match(other.message, /of Coder lab\/acme, and you reach lab\/beta here/);
});

Deno.test("who may not open terminals any more is refused within a minute, and what is open is closed", async () => {
  const { coder, clock, lend, terminal } = rig();
  const loan = await lend();
  await terminal();
  coder.withoutSsh.add("ann");
  await clock.advance(29_000);
  assert.equal(loan.signal.aborted, false);
  await clock.advance(31_000);
  assert.equal((loan.signal.reason as SessionError).code, "forbidden");
  assert.equal(coder.terminals[0]?.isOpen, false);
  assert.equal((await refused(terminal())).code, "forbidden");
  assert.equal((await refused(lend())).code, "forbidden");
  // It is given back.
  coder.withoutSsh.clear();
  const again = await lend();
  assert.equal(again.signal.aborted, false);
  await terminal();
  assert.equal(coder.terminals[1]?.isOpen, true);
});

Deno.test("a user who is suspended, and a token that is revoked, are found out the same way", async () => {
  const { coder, clock, lend } = rig();
  const loan = await lend();
  coder.suspended.add("ann");
  await clock.advance(60_000);
  const { code, message } = loan.signal.reason as SessionError;
  assert.deepEqual([code, message], [
    "forbidden",
    "look whether you may work in workspace ann/dev: the user is suspended",
  ]);
});

Deno.test("a workspace that was deleted ends what is in it, one that is not seen any more does not", async () => {
  const { coder, clock, id, lend } = rig();
  (await lend()).end();
  await clock.advance(60_000);
  const hidden = await refused(lend(undefined, coder.opens("ann", () => false)));
  assert.deepEqual([hidden.code, hidden instanceof WorkspaceDeleted], ["forbidden", false]);
  assert.match(hidden.message, /do not see workspace ann\/dev any more/);
  coder.delete(id);
  assert.ok(await refused(lend()) instanceof WorkspaceDeleted);
});

Deno.test("a workspace that does not run is no place for a call, and the session stays", async () => {
  const { coder, id, lend } = rig();
  coder.set(id, "stopped", [], { transition: "stop" });
  const stopped = await refused(lend());
  assert.equal(stopped.code, "unavailable");
  assert.match(
    stopped.message,
    /workspace ann\/dev is stopped\. Once it runs, the session goes on with its files/,
  );
  coder.set(id, "starting", [], { transition: "start" });
  assert.match((await refused(lend())).message, /is being started: try again when it runs/);
  coder.set(id, "running", [{}]);
  (await lend()).end();
});

Deno.test("while a call runs it is looked at again in time, with the token that the caller has then", async () => {
  const { coder, clock, session, book, checks } = rig();
  let opened = 0;
  const loan = await book.lend(session, {
    signal,
    coder: () => (opened++, Promise.resolve(coder.as("ann"))),
  });
  await clock.advance(290_000);
  assert.equal(loan.signal.aborted, false);
  assert.ok(checks() >= 2 * 8 && checks() <= 2 * 11, String(checks()));
  assert.ok(opened >= 4, String(opened));
  loan.end();
});

Deno.test("Coder may be away for a moment in the middle of a call, and not for a minute", async () => {
  const { coder, clock, lend } = rig();
  const loan = await lend();
  const away = () => refusal("unavailable", 502, "bad gateway");
  coder.failures.set("get", Array.from({ length: 8 }, away));
  await clock.advance(50_000);
  assert.equal(loan.signal.aborted, false);
  await clock.advance(60_000);
  assert.equal(loan.signal.aborted, false);
  coder.failures.set("get", Array.from({ length: 1_000 }, away));
  await clock.advance(61_000);
  assert.equal((loan.signal.reason as SessionError).code, "unavailable");
  const next = await refused(lend());
  assert.deepEqual(next.code, "unavailable");
});

Deno.test("terminals of a session that nobody uses are closed after a while, and looked after until then", async () => {
  const { coder, clock, lend, terminal, checks } = rig();
  (await lend()).end();
  await terminal();
  await clock.advance(290_000);
  assert.equal(coder.terminals[0]?.isOpen, true);
  await clock.advance(60_000);
  assert.equal(coder.terminals[0]?.isOpen, false);
  const looked = checks();
  await clock.advance(3_600_000);
  assert.equal(checks(), looked);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("without terminals and calls nothing is asked of Coder", async () => {
  const { clock, lend, checks } = rig();
  (await lend()).end();
  await clock.advance(3_600_000);
  assert.equal(checks(), 2);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("work that nobody waits for has the last caller's access as long as that is good", async () => {
  const { coder, clock, lend, terminal } = rig();
  (await lend()).end();
  await clock.advance(3_600_000);
  await terminal();
  assert.equal(coder.terminals[0]?.user, "ann");
  await clock.advance(3_600_000);
  coder.suspended.add("ann");
  assert.equal((await refused(terminal())).code, "forbidden");
});

Deno.test("a workspace that was built anew has another agent: it is found by its name", async () => {
  const { coder, id, lend, terminal } = rig();
  (await lend()).end();
  await terminal();
  coder.set(id, "running", [{}]);
  await terminal();
  const ids = coder.terminals.map(({ request }) => request.agentId);
  assert.equal(new Set(ids).size, 2);
  assert.equal(ids[1], coder.get(id).latest_build.resources[0]?.agents[0]?.id);
  coder.set(id, "running", [{ name: "cpu" }]);
  assert.match((await refused(terminal())).message, /has no agent "main": it has cpu/);
});

Deno.test("calls that run hear at once what Coder says of the workspace when a terminal is to be opened", async () => {
  const { coder, id, lend, terminal } = rig();
  const loan = await lend();
  await terminal();
  coder.set(id, "stopped", [], { transition: "stop" });
  assert.match((await refused(terminal())).message, /workspace ann\/dev is stopped/);
  assert.match((loan.signal.reason as Error).message, /workspace ann\/dev is stopped/);
  assert.equal(coder.terminals[0]?.isOpen, false);
  coder.set(id, "running", [{}]);
  const again = await lend();
  coder.failures.set("open", [refusal("unavailable", 502, "bad gateway")]);
  coder.failures.set("get", [refusal("unavailable", 502, "bad gateway")]);
  // What Coder does not say is no reason to give calls up.
  assert.equal((await refused(terminal())).code, "unavailable");
  assert.equal(again.signal.aborted, false);
  await terminal();
  coder.delete(id);
  assert.equal((await refused(terminal())).code, "session_ended");
  assert.equal((again.signal.reason as SessionError).code, "session_ended");
});

Deno.test("a terminal that ends by itself while a call runs makes one look; one that was closed does not", async () => {
  const { coder, clock, id, lend, terminal, checks } = rig();
  const loan = await lend();
  (await terminal()).close();
  await settle();
  assert.equal(checks(), 2);
  await terminal();
  coder.terminals[1]?.end();
  await settle();
  assert.equal(checks(), 4);
  assert.equal(loan.signal.aborted, false);
  // Not for each of many.
  await terminal();
  coder.terminals[2]?.end();
  await settle();
  assert.equal(checks(), 4);
  await clock.advance(2_000);
  await terminal();
  coder.set(id, "stopping", [{}], { transition: "stop" });
  coder.terminals[3]?.end();
  await settle();
  assert.match((loan.signal.reason as Error).message, /workspace ann\/dev is being stopped/);
});

Deno.test("a terminal that ends by itself while nobody waits is for the next call to look at", async () => {
  const { coder, id, lend, terminal, checks } = rig();
  (await lend()).end();
  await terminal();
  coder.terminals[0]?.end();
  await settle();
  assert.equal(checks(), 2);
  (await lend()).end();
  (await lend()).end();
  assert.equal(checks(), 4);
  await terminal();
  coder.terminals[1]?.end();
  await settle();
  coder.set(id, "stopped", [], { transition: "stop" });
  assert.match((await refused(lend())).message, /is stopped/);
});

Deno.test("a terminal that Coder does not open says of what agent, and why", async () => {
  const { coder, id, lend, terminal } = rig();
  (await lend()).end();
  coder.set(id, "running", [{ status: "disconnected" }]);
  const away = await refused(terminal());
  assert.deepEqual([away.code, away.message], [
    "unavailable",
    "open a terminal of agent main of workspace ann/dev: not connected",
  ]);
  coder.set(id, "running", [{}]);
  coder.failures.set("open", [refusal("notFound", 404), refusal("notFound", 404)]);
  assert.equal((await refused(terminal())).code, "forbidden");
  coder.failures.set("open", [refusal("unauthorized", 401, "API key is invalid.", "tokenRefused")]);
  assert.equal((await refused(terminal())).code, "forbidden");
  const gone = AbortSignal.abort(new Error("the client is gone"));
  (await lend()).end();
  const access = rig();
  (await access.lend()).end();
  await assert.rejects(access.book.find(access.session.id)!.terminal("true", gone), /the client is gone/);
});

Deno.test("a session that is over closes what is open, and is not known any more", async () => {
  const { coder, book, clock, session, lend, terminal, metrics } = rig();
  const loan = await lend();
  const { closed } = await terminal();
  const open = async () => /^coordinator_workspace_terminals (\d+)$/m.exec(await metrics.text())?.[1];
  assert.equal(await open(), "1");
  book.forget(session.id);
  await closed;
  await settle();
  assert.equal(await open(), "0");
  assert.equal(coder.terminals[0]?.isOpen, false);
  assert.equal(loan.signal.aborted, true);
  assert.equal(book.find(session.id), undefined);
  assert.equal(clock.pendingTimers, 0);
  book.forget(session.id);
  loan.end();
  loan.end();
});

Deno.test("what was not used for a day is forgotten, and what is used stays", async () => {
  const { coder, book, clock, session, lend } = rig();
  const loan = await lend();
  const other = lentTo(coder.add({ name: "box" }), { id: "sess-cccccccc12345678" });
  (await lend(other)).end();
  await clock.advance(26 * 3_600_000);
  (await lend(lentTo(coder.add({ name: "new" }), { id: "sess-eeeeeeee12345678" }))).end();
  assert.equal(book.find(other.id), undefined);
  assert.notEqual(book.find(session.id), undefined);
  loan.end();
  book.close();
  assert.equal(book.find(session.id), undefined);
});

Deno.test("an agent that was named is the one that is used", async () => {
  const { coder, book, lend } = rig();
  const two = coder.add({ name: "two" }, [{ name: "cpu" }, { name: "gpu" }]);
  const session = lentTo(two, { id: "sess-ffffffff12345678", workspace: placeOf(two, { agent: "gpu" }) });
  (await lend(session)).end();
  await book.find(session.id)!.terminal("true", signal);
  assert.equal(coder.terminals[0]?.request.agentId, two.latest_build.resources[0]?.agents[1]?.id);
});

Deno.test("what Coder has said of one token is not believed of another of the same user", async () => {
  const { coder, lend, terminal, checks } = rig();
  const strong = coder.opens("ann");
  // As a token whose scopes leave terminals out.
  const weak: OpenCoder = async (...asked) => ({
    ...await coder.opens("bob")(...asked),
    user: "ann",
    credential: "weak",
  });
  coder.withoutSsh.add("bob");
  const running = await lend(undefined, strong);
  await terminal();
  const looked = checks();
  assert.equal((await refused(lend(undefined, weak))).code, "forbidden");
  assert.equal(checks(), looked + 2);
  // Who works with the other one goes on.
  assert.equal(running.signal.aborted, false);
  assert.deepEqual(coder.terminals.map(({ isOpen }) => isOpen), [true]);
  (await lend(undefined, strong)).end();
  assert.equal(checks(), looked + 2);
});
