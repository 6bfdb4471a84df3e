import assert from "node:assert/strict";
import { NOTHING, shownAfter } from "../state.ts";
import { draw } from "../terminal/draw.ts";
import { FIRST } from "../terminal/model.ts";
import { snapshot } from "../terminal/snapshot.ts";
import { PLAIN } from "../terminal/style.ts";
import { NOW, SAMPLE } from "../terminal/testing.ts";
import { SECTIONS, type WatchEvent } from "../types.ts";
import { eventData } from "../watcher.ts";
import { readDiagnosis, readEvent, readLine, readRefusal } from "./foreign.ts";

Deno.test("what is told is read as it was told", () => {
  const events: WatchEvent[] = [
    { kind: "hello", user: "ann", version: "1", sections: [...SECTIONS], diagnosis: true, replica: "one" },
    ...SECTIONS.map((section) =>
      ({
        kind: "rows",
        section,
        rows: SAMPLE[section],
        removed: ["gone"],
        reset: true,
        complete: true,
      }) as unknown as WatchEvent
    ),
    { kind: "problem", section: "jobs", message: "Coder is away" },
    { kind: "end", message: "come again" },
  ];
  for (const event of events) assert.deepEqual(readEvent(event.kind, eventData(event)), event);
});

Deno.test("what is of another version, or of nobody we know, is left out or takes its place", () => {
  assert.equal(readEvent("news", "{}"), undefined);
  assert.equal(readEvent("rows", "no JSON"), undefined);
  assert.equal(readEvent("rows", `{"section":"secrets","rows":[]}`), undefined);
  assert.equal(readEvent("problem", `{"section":7}`), undefined);
  const rows = readEvent(
    "rows",
    JSON.stringify({
      section: "workers",
      rows: [null, 7, { state: "x" }, {
        id: "w",
        state: "dancing",
        sessions: "many",
        version: 7,
        more: "fields",
      }],
      removed: [1, "a"],
      reset: "yes",
    }),
  );
  assert.deepEqual(rows, {
    kind: "rows",
    section: "workers",
    rows: [{
      id: "w",
      state: "away",
      isolation: "",
      sessions: 0,
      capacity: 0,
      processes: 0,
      memoryBytes: 0,
      version: "",
      heardAt: "",
    }],
    removed: ["a"],
  });
});

Deno.test("whatever a server sends, it can be drawn", () => {
  let seed = 5;
  const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
  const values = [null, 7, -1, "", "x", "\x1b[2J", "9999-99-99", [], {}, true, [[]], [{
    type: "Ready",
    status: "True",
  }], "日本"];
  const any = () => values[random(values.length)];
  const names = [
    "id",
    "name",
    "namespace",
    "state",
    "conditions",
    "startedAt",
    "endedAt",
    "ms",
    "success",
    "phase",
    "number",
  ];
  for (let round = 0; round < 300; round++) {
    let shown = shownAfter(NOTHING, readEvent("hello", `{"sections":${JSON.stringify(SECTIONS)}}`)!);
    for (const section of SECTIONS) {
      const row = { id: `r${random(3)}`, ...Object.fromEntries(names.map((name) => [name, any()])) };
      const data = { section, rows: [row, any(), { id: "fine" }], removed: any(), reset: any() };
      const event = readEvent("rows", JSON.stringify(data));
      if (event !== undefined) shown = shownAfter(shown, event);
    }
    for (const section of SECTIONS) {
      draw({
        shown,
        choices: { ...FIRST, section },
        columns: 80,
        rows: 12,
        now: NOW,
        style: PLAIN,
        from: "x",
        connection: "",
      });
    }
    assert.ok(!snapshot({ shown, now: NOW }).includes("\x1b"));
  }
});

Deno.test("answers are read with as much as there is", () => {
  assert.equal(readDiagnosis("[]"), undefined);
  assert.equal(readDiagnosis(`{"causes":[]}`), undefined);
  assert.deepEqual(readDiagnosis(`{"summary":"It waits.","causes":[{"title":"T","steps":["a",7]},null]}`), {
    summary: "It waits.",
    causes: [
      { title: "T", why: "", steps: ["a", ""], certainty: "" },
      { title: "", why: "", steps: [], certainty: "" },
    ],
  });
  assert.deepEqual(readLine(`{"at":1,"text":"x"}`), { at: "", stage: "", text: "x" });
  assert.deepEqual(readLine("no"), { at: "", stage: "", text: "" });
  assert.equal(readRefusal(`{"error":{"message":"you may not"}}`), "you may not");
  assert.equal(readRefusal(`{"error":"no"}`), "no");
  assert.equal(readRefusal("<html>"), "<html>");
});
