import assert from "node:assert/strict";
import { FakeClock, settle } from "../telemetry/testing/fake_clock.ts";
import { PLAIN } from "../ui/terminal/style.ts";
import { NOW, SAMPLE, workspace } from "../ui/terminal/testing.ts";
import type { WatchEvent } from "../ui/types.ts";
import { diagnosisLines, runTop } from "./top_loop.ts";
import { TestScreen, TestSource } from "./top_testing.ts";

const hello: WatchEvent = {
  kind: "hello",
  user: "ann",
  version: "1",
  sections: ["controlplanes", "workspaces"],
  diagnosis: true,
};
const rows = (section: "controlplanes" | "workspaces", more: object = {}) =>
  ({
    kind: "rows",
    section,
    rows: SAMPLE[section],
    removed: [],
    reset: true,
    complete: true,
    ...more,
  }) as unknown as WatchEvent;

function started() {
  const screen = new TestScreen();
  const source = new TestSource();
  const clock = new FakeClock();
  const stop = new AbortController();
  const ended = runTop({
    source,
    screen,
    style: PLAIN,
    signal: stop.signal,
    clock,
    now: () => NOW + clock.now(),
  });
  return {
    screen,
    source,
    clock,
    stop,
    ended,
    /** Tells some, and lets it be drawn. */
    async tell(...events: WatchEvent[]) {
      source.tell(...events.map((event) => ({ event })));
      await clock.advance(200);
    },
    async type(text: string) {
      screen.type(text);
      await settle();
    },
    async end() {
      screen.type("q");
      await ended;
      assert.equal(screen.isOpen, false);
      assert.equal(clock.pendingTimers, 0, "nothing is left behind");
    },
  };
}

Deno.test("what is told is seen soon, and only what is another is drawn", async () => {
  const { screen, clock, tell, end } = started();
  await settle();
  assert.match(screen.text, /Waiting for the first answer/);
  assert.match(screen.text, /connecting…/);
  await tell(hello, rows("controlplanes"), rows("workspaces"));
  assert.match(screen.text, /^> acme\.ann\.dev +running/m);
  assert.doesNotMatch(screen.text, /connecting/);
  screen.written = "";
  await tell(rows("workspaces", { rows: [{ ...workspace("acme.bob.web", "running") }], reset: undefined }));
  assert.match(screen.text, /^ {2}acme\.bob\.web +running/m);
  assert.ok(screen.written.length < 200, "one line, and not all of them");
  await clock.advance(1_000);
  assert.match(screen.lines[0] ?? "", /04:00:01$/);
  await end();
});

Deno.test("what is typed is done at once: sections, filter, details", async () => {
  const { screen, tell, type, end } = started();
  await tell(hello, rows("controlplanes"), rows("workspaces"));
  await type("/gpu\r");
  assert.doesNotMatch(screen.text, /acme\.ann\.dev/);
  await type("\x1b1");
  assert.match(screen.text, /^> lab\/coder/m);
  await type("\r");
  assert.match(screen.text, /PostgreSQL does not answer/);
  await type("q?");
  assert.match(screen.text, /the log of its build/);
  await type("q");
  await end();
});

Deno.test("a diagnosis is asked for and shown; one that fails says why; one that was left is not", async () => {
  const { screen, source, tell, type, clock, end } = started();
  await tell(hello, rows("workspaces"));
  source.diagnosis = () =>
    Promise.resolve({
      summary: "It waits.",
      causes: [{
        title: "No provisioner",
        why: "none\nis there",
        steps: ["Start one"],
        certainty: "certain",
      }],
    });
  await type("d");
  await clock.advance(200);
  assert.match(
    screen.text,
    /It waits\.\n\n1\. No provisioner \(certain\)\n {3}none\n {3}is there\n {3}→ Start one/,
  );
  source.diagnosis = () => Promise.reject(new Error("you may not"));
  await type("qd");
  await clock.advance(200);
  assert.match(screen.text, /you may not/);
  let answer = (_: { summary: string; causes: [] }) => {};
  source.diagnosis = () => new Promise((resolve) => answer = resolve as typeof answer);
  await type("qdq?");
  answer({ summary: "too late", causes: [] });
  await clock.advance(200);
  assert.doesNotMatch(screen.text, /too late/);
  assert.deepEqual(source.asked, Array(3).fill("diagnose workspace lab/acme.ann.dev"));
  await type("q");
  await end();
});

Deno.test("a log is followed to its end", async () => {
  const { screen, source, tell, type, clock, end } = started();
  await tell(hello, rows("workspaces"));
  await type("l");
  await clock.advance(200);
  assert.match(screen.text, /^04:00:00 planned\n04:00:01 applied\n— the end of the log —$/m);
  assert.deepEqual(source.asked, ["log lab/acme.ann.dev latest"]);
  await type("q");
  await end();
});

Deno.test("another size is another picture, and how it stands with the server is seen", async () => {
  const { screen, source, tell, clock, end } = started();
  await tell(hello, rows("workspaces"));
  screen.resize(40, 10);
  assert.equal(screen.lines.length, 10);
  source.tell({ connection: "the server is away" });
  await clock.advance(200);
  assert.match(screen.lines[0] ?? "", /the server is a?w?a?y?…?$/);
  await end();
});

Deno.test("whatever ends it, the terminal is given back", async () => {
  for (const how of ["\x03", "hang up", "stop", "refused"]) {
    const screen = new TestScreen();
    const source = new TestSource();
    const clock = new FakeClock();
    const stop = new AbortController();
    if (how === "refused") source.failure = new Error("answers 401");
    const ended = runTop({ source, screen, style: PLAIN, signal: stop.signal, clock });
    ended.catch(() => {});
    await settle();
    if (how === "hang up") screen.hangUp();
    else if (how === "stop") stop.abort();
    else if (how !== "refused") screen.type(how);
    if (how === "refused") await assert.rejects(ended, /answers 401/);
    else await ended;
    assert.deepEqual([screen.isOpen, screen.opened, clock.pendingTimers], [false, 1, 0], how);
  }
});

Deno.test("a diagnosis without causes says so", () => {
  assert.deepEqual(diagnosisLines({ summary: "It is well.", causes: [] }), [
    "It is well.",
    "",
    "No cause was found.",
  ]);
});
