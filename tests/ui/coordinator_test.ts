/** What people watch at a coordinator: by `/ui`, and at a terminal. Real processes, real sessions, a pseudo-terminal. */
// deno-lint-ignore-file no-control-regex -- what is drawn is read back
import assert from "node:assert/strict";
import { CALLERS, startRig } from "../sessions/rig.ts";
import { ask } from "../sessions/ask.ts";
import { startProcess } from "../sessions/process.ts";
import type { Shown } from "../../src/ui/state.ts";
import { WatchClient } from "../../src/ui/http/testing.ts";
import { Pty } from "./pty.ts";

const PATIENCE_MS = 180_000;
const sessionNames = ({ sections }: Shown) =>
  [...sections.sessions.rows.values()].filter(({ state }) => state === "ready").map(({ name }) => name)
    .sort();

Deno.test("sessions, workers and calls are watched by whom they concern", async (t) => {
  await using rig = await startRig();
  await using ann = await rig.client("ann");
  await using bob = await rig.client("bob");
  const watch = (name: keyof typeof CALLERS) => WatchClient.open(`${rig.url}/ui/api/events`, CALLERS[name]);
  await ask(ann, "session.create", { name: "box" });
  const token = `${rig.directory}/root.token`;
  await Deno.writeTextFile(token, `${CALLERS.root}\n`);
  const top = (
    args: readonly string[] = [],
  ) => ["top", `--server=${rig.url}`, `--token-file=${token}`, ...args];

  await t.step("the page is there, and says what kind of token is meant", async () => {
    const config = await fetch(`${rig.url}/ui/api/config`);
    assert.deepEqual(await config.json(), { open: false, token: "a token of this coordinator" });
    await assert.rejects(WatchClient.open(`${rig.url}/ui/api/events`, "wrong-wrong-wrong"), /401/);
  });

  await t.step("who is no administrator sees their own alone", async () => {
    const one = await watch("ann");
    const other = await watch("bob");
    await one.until((shown) => sessionNames(shown).join() === "box", "her session", PATIENCE_MS);
    await other.until(({ sections }) => sections.sessions.isComplete, "his sessions", PATIENCE_MS);
    assert.deepEqual(one.shown.hello?.sections, ["sessions", "calls"]);
    assert.deepEqual([sessionNames(other.shown), one.shown.hello?.diagnosis], [[], false]);
    await ask(bob, "session.create", { name: "crate" });
    await other.until((shown) => sessionNames(shown).join() === "crate", "his new session", PATIENCE_MS);
    await other.until(
      ({ sections }) =>
        [...sections.calls.rows.values()].some(({ tool, success }) => tool === "session.create" && success),
      "his call",
      PATIENCE_MS,
    );
    assert.ok([...other.shown.sections.calls.rows.values()].every(({ caller }) => caller === "bob"));
    assert.deepEqual(sessionNames(one.shown), ["box"]);
    await one.close();
    await other.close();
  });

  await t.step("an administrator sees everybody's, and the workers", async () => {
    const root = await watch("root");
    await root.until((shown) => sessionNames(shown).join() === "box,crate", "all sessions", PATIENCE_MS);
    await root.until(
      ({ sections }) => {
        const worker = sections.workers.rows.get("w1");
        return worker?.state === "connected" && worker.sessions === 2;
      },
      "the worker of both",
      PATIENCE_MS,
    );
    await root.until(
      ({ sections }) => {
        const callers = new Set([...sections.calls.rows.values()].map(({ caller }) => caller));
        return callers.has("ann") && callers.has("bob");
      },
      "everybody's calls",
      PATIENCE_MS,
    );
    await ask(ann, "session.close", { session: "box" });
    await root.until((shown) => sessionNames(shown).join() === "crate", "the end of one", PATIENCE_MS);
    await rig.worker("w1").stop("SIGKILL");
    await root.until(
      ({ sections }) => sections.workers.rows.get("w1")?.state !== "connected",
      "the worker to be away",
      PATIENCE_MS,
    );
    await root.close();
  });

  // It takes a minute until this is looked at again: the next steps are done meanwhile.
  const leaving = await watch("ann");
  await leaving.until(({ hello }) => hello !== undefined, "the beginning", PATIENCE_MS);
  const rest = Object.entries(CALLERS).filter(([name]) => name !== "ann").map(([name, token]) =>
    `${name} ${token}\n`
  );
  await Deno.writeTextFile(`${rig.directory}/tokens`, rest.join(""));

  await t.step("top prints all of it once where nobody looks on", async () => {
    const process = startProcess({ args: top() });
    assert.equal(await process.ended, 0);
    const text = process.lines.join("\n");
    assert.match(text, /^Workers \(1\)\nWORKER +STATE/m);
    assert.match(text, /^crate +ready +bob/m);
    assert.ok(!text.includes("\x1b"));
    const refused = startProcess({ args: ["top", `--server=${rig.url}`, "--once"] });
    assert.equal(await refused.ended, 1);
    assert.match(refused.lines.join("\n"), /answers 401: .*give --token-file/);
  });

  await t.step("top shows it at a terminal, as it changes, and gives the terminal back", async () => {
    await using pty = new Pty({ args: top(["--section=sessions"]), columns: 100, rows: 24 });
    await pty.until(({ screen }) => /^> crate +ready +bob/m.test(screen), "the session");
    await ask(bob, "session.close", { session: "crate" });
    await pty.until(({ screen }) => /^> crate +closed/m.test(screen), "its end");
    await pty.type("1");
    await pty.until(({ screen }) => /^> w1 /m.test(screen), "the worker");
    await pty.type("\r");
    await pty.until(({ screen }) => /^memory bytes +/m.test(screen), "its details");
    await pty.type("q/nothing\r");
    await pty.until(({ screen }) => screen.includes(`has "nothing"`), "the filter");
    await pty.resize(40, 12);
    await pty.until(
      ({ screen }) => screen.split("\n").length === 12 && /^1 workers/m.test(screen),
      "the other size",
    );
    for (const line of pty.screen.split("\n")) assert.ok(line.length <= 40, line);
    await pty.type("q");
    assert.deepEqual(await pty.end(), { exit: 0, raw: false });
    assert.ok(pty.output.endsWith("\x1b[?1049l"), JSON.stringify(pty.output.slice(-40)));
  });

  await t.step("whatever ends it, the terminal is as it was", async () => {
    for (const [number, exit] of [[15, 143], [2, 130], [1, 129]] as const) {
      await using pty = new Pty({ args: top(), env: { NO_COLOR: "1" } });
      await pty.until(({ screen }) => screen.includes("workers"), "the first picture");
      assert.ok(!/\x1b\[3[0-9]m/.test(pty.output), "no colours");
      await pty.signal(number);
      assert.deepEqual(await pty.end(), { exit, raw: false });
      assert.ok(pty.output.includes("\x1b[?1049l") && pty.output.includes("\x1b[?25h"));
    }
    await using interrupted = new Pty({ args: top() });
    await interrupted.until(({ screen }) => screen.includes("workers"), "the first picture");
    await interrupted.type("\x03");
    assert.deepEqual(await interrupted.end(), { exit: 0, raw: false });
  });

  await t.step("a refusal is said on the terminal that was there before", async () => {
    await using pty = new Pty({ args: ["top", `--server=${rig.url}`] });
    assert.deepEqual(await pty.end(), { exit: 1, raw: false });
    assert.match(pty.output.slice(pty.output.lastIndexOf("\x1b[?1049l")), /coder-k8s: .*answers 401/);
  });

  await t.step("who is taken out of the file of tokens watches no more", async () => {
    await leaving.until(({ ended }) => ended !== "", "the end of her stream", PATIENCE_MS);
    await leaving.ended;
    assert.match(leaving.shown.ended, /not let in any more/);
  });
});

Deno.test("a coordinator without a page has none", async () => {
  await using rig = await startRig({ embedded: true, args: ["--ui=false"] });
  assert.equal((await rig.get("/ui/", "root")).status, 404);
  assert.equal((await rig.get("/ui/api/config", "root")).status, 404);
});
