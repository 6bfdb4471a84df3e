// deno-lint-ignore-file no-control-regex -- styles are taken out of what was drawn
import assert from "node:assert/strict";
import { shownAfter } from "../state.ts";
import { SECTIONS } from "../types.ts";
import { draw, type DrawOptions } from "./draw.ts";
import { type Choices, FIRST, textView } from "./model.ts";
import { ansiStyle, PLAIN } from "./style.ts";
import { NOW, SAMPLE, toldAll, workspace } from "./testing.ts";
import { widthOf } from "./text.ts";

const seen = (choices: Partial<Choices> = {}, more: Partial<DrawOptions> = {}) =>
  draw({
    shown: toldAll(),
    choices: { ...FIRST, ...choices },
    columns: 100,
    rows: 20,
    now: NOW,
    style: PLAIN,
    from: "lab",
    connection: "",
    ...more,
  });
const text = (...args: Parameters<typeof seen>) =>
  seen(...args).lines.map((line) => line.trimEnd()).join("\n");

Deno.test("workspaces are seen as a table, with who it is and what else there is", () => {
  const [head, tabs, titles, ...rows] = seen({}, { columns: 120 }).lines.map((line) => line.trimEnd());
  assert.equal(head, `coder-k8s top  ann  at lab${" ".repeat(86)}04:00:00`);
  assert.match(tabs ?? "", /^1 planes 1 {2}2 workspaces 3 {2}3 builds 1 .* 8 calls 1$/);
  assert.match(titles ?? "", /^ {2}NAME▴ +STATE +OWNER +TEMPLATE +USED +OUTDATED +NAMESPACE$/);
  assert.match(rows[0] ?? "", /^> acme\.ann\.dev +running +ann +docker +60m +lab$/);
  assert.match(rows[2] ?? "", /^ {2}acme\.cid\.gpu +failed +cid\ufffd\[2J/, "escapes of others are harmless");
  assert.match(rows.at(-1) ?? "", /^q: end /);
});

Deno.test("every section fits every size, whatever is in it", () => {
  const long = {
    ...SAMPLE,
    workspaces: Array.from(
      { length: 300 },
      (_, index) => workspace(`acme.日本.w${index}${"x".repeat(index)}`, "running"),
    ),
  };
  for (const section of SECTIONS) {
    for (const columns of [1, 20, 39, 40, 60, 80, 100, 200]) {
      for (const rows of [1, 6, 24, 60]) {
        for (const view of [undefined, textView("details", "A title", (SAMPLE[section] ?? [])[0]!.id, [])]) {
          const { lines } = seen({ section, text: view }, { columns, rows, shown: toldAll(long) });
          assert.equal(lines.length, Math.max(6, rows));
          for (const line of lines) {
            assert.equal(widthOf(line), Math.max(20, columns), `${section} ${columns}: ${line}`);
          }
        }
      }
    }
  }
});

Deno.test("40 columns show what matters", () => {
  const narrow = text({}, { columns: 40 });
  assert.match(narrow, /^1 {2}2 workspaces 3 {2}3 {2}4/m);
  assert.match(narrow, /^> acme\.ann\.dev +running +ann +60m$/m);
  assert.match(narrow, /^q \? Tab Enter d l \/ s$/m);
  assert.match(
    text({ section: "controlplanes" }, { columns: 40 }),
    /^> lab\/coder +Pending +0\/1 +2\.30\.0$/m,
  );
});

Deno.test("the current row is in sight, however many there are", () => {
  const workspaces = Array.from(
    { length: 10_000 },
    (_, index) => workspace(`a.ann.w${String(index).padStart(5, "0")}`, "running"),
  );
  const shown = toldAll({ workspaces });
  const frame = seen({ chosen: { workspaces: "lab/a.ann.w07000" } }, { shown });
  assert.ok(frame.lines.some((line) => line.startsWith("> a.ann.w07000 ")));
  assert.equal(frame.rows.length, 10_000);
  assert.equal(frame.page, 16);
});

Deno.test("why there is nothing is said: there is none, none has it, it cannot be seen, it is not there yet", () => {
  assert.match(text({}, { shown: toldAll({}) }), /No workspaces, or none that you may see\./);
  assert.match(text({ filter: "nowhere" }), /None of 3 has "nowhere"\./);
  const refused = shownAfter(toldAll({}), { kind: "problem", section: "workspaces", message: "you may not" });
  assert.match(text({}, { shown: refused }), /^you may not$/m);
  assert.match(text({}, { shown: refused }), /2 workspaces 0!/);
  const hello = { kind: "hello", user: "", version: "", sections: ["workspaces"], diagnosis: false } as const;
  assert.match(text({}, { shown: shownAfter(toldAll({}), hello) }), /1 workspaces 0…/);
});

Deno.test("filter, typing, notes and connections are seen", () => {
  assert.match(text({ filter: "ann", isTyping: true }), /^\/ann_$/m);
  assert.match(text({ filter: "ann" }), /^\/ann$/m);
  assert.match(text({ note: "Workspaces and builds have logs." }), /^Workspaces and builds have logs\.$/m);
  assert.match(
    text({}, { connection: "the connection broke off" }).split("\n")[0] ?? "",
    /the connection broke off$/,
  );
});

Deno.test("details say everything of a row, conditions included", () => {
  const details = text({
    section: "controlplanes",
    text: textView("details", "Control planes: lab/coder", "lab/coder", []),
  });
  for (
    const line of [
      /^Control planes: lab\/coder$/m,
      /^version +2\.30\.0$/m,
      /^Conditions$/m,
      /^Ready: False \(DatabaseAway\), since 2026-11-22T03:55:00\.000Z \(5 min ago\)$/m,
      /^ {4}PostgreSQL does not answer$/m,
    ]
  ) assert.match(details, line);
  assert.match(text({ text: textView("details", "x", "gone", []) }), /It is not there any more\./);
});

Deno.test("a log stays at its end, and other texts where they are", () => {
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
  const log = { ...textView("log", "Log", "", []), lines };
  assert.match(text({ text: log }), /^line 99$/m);
  const help = text({ text: { ...textView("help", "Keys", "", lines), offset: 5 } });
  assert.match(help, /^line 5$/m);
  assert.doesNotMatch(help, /^line 4$/m);
});

Deno.test("colours say nothing that words do not say, and without them the row is still seen", () => {
  const strip = (line: string) => line.replaceAll(/\x1b\[\d*m/g, "");
  const plain = seen().lines;
  for (const hasColours of [true, false]) {
    const lines = seen({}, { style: ansiStyle(hasColours) }).lines;
    assert.deepEqual(lines.map(strip), plain);
    assert.ok(lines.some((line) => line.startsWith("\x1b[7m> ")));
    assert.equal(lines.some((line) => line.includes("\x1b[31m")), hasColours);
  }
});

Deno.test("on the smallest usual terminal all keys are named, and why nobody answers is read whole", () => {
  const connection = "https://mcp.example.com:8811 cannot be reached: Connection refused (os error 111)";
  assert.match(text({}, { columns: 80, rows: 24 }), /\nq: end .* s: sort$/);
  for (const columns of [80, 40]) {
    const lines = seen({}, { columns, rows: 24, connection }).lines;
    const said = lines.slice(2, 5).map((line) => line.trim()).join(" ");
    assert.ok(said.startsWith(connection), said);
    assert.ok(lines.length === 24 && lines.every((line) => widthOf(line) === columns));
  }
  assert.doesNotMatch(text({}, { connection: "away" }).split("\n").slice(1).join("\n"), /away/);
});
