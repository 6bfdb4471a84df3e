import assert from "node:assert/strict";
import type { CoordinatorAnswer } from "./sessions_ask.ts";
import { sessionsTable, workersTable } from "./sessions_table.ts";

const NOW = Date.UTC(2026, 0, 1);
type Session = CoordinatorAnswer["sessions"][number];
type Worker = CoordinatorAnswer["workers"][number];

const session: Session = {
  id: "sess-a",
  name: "a",
  owner: "ann",
  state: "ready",
  reason: "",
  worker: "w",
  isolation: "full",
  labels: {},
  createdAt: new Date(NOW).toISOString(),
  lastUsedAt: new Date(NOW).toISOString(),
  expiresAt: new Date(NOW).toISOString(),
};
const worker: Worker = {
  id: "w",
  state: "connected",
  version: "",
  isolation: "full",
  labels: {},
  capacity: 1,
  sessions: 0,
  runningTasks: 0,
  processes: 0,
  memoryBytes: 0,
  freeDiskBytes: 0,
  lastHeardAt: "",
};

/** The cells of the first row. */
const cells = (table: string) => (table.split("\n")[1] ?? "").split(/ {2,}/);
const age = (seconds: number) =>
  cells(sessionsTable([{ ...session, createdAt: new Date(NOW - seconds * 1_000).toISOString() }], NOW))[6];
const left = (seconds: number, state = "ready") =>
  cells(
    sessionsTable([{ ...session, state, expiresAt: new Date(NOW + seconds * 1_000).toISOString() }], NOW),
  )[7];

Deno.test("ages are as short as kubectl's", () => {
  const cases: readonly [number, string][] = [
    [-5, "0s"],
    [0, "0s"],
    [119, "119s"],
    [120, "2m"],
    [432, "7m12s"],
    [600, "10m"],
    [661, "11m"],
    [10_799, "179m"],
    [11_100, "3h5m"],
    [28_800, "8h"],
    [172_799, "47h"],
    [172_800, "2d"],
    [9 * 86_400, "9d"],
  ];
  for (const [seconds, text] of cases) assert.equal(age(seconds), text, String(seconds));
});

Deno.test("only what is open expires, and what should have is said to do so now", () => {
  assert.deepEqual([left(90), left(-1), left(0)], ["90s", "now", "now"]);
  assert.deepEqual(["failed", "closed", "expired", "of the future"].map((state) => left(90, state)), [
    "-",
    "-",
    "-",
    "-",
  ]);
  assert.equal(left(90, "creating"), "90s");
});

Deno.test("what a coordinator leaves out, or says wrongly, is a dash", () => {
  assert.equal(cells(sessionsTable([{ ...session, createdAt: "soon" }], NOW))[6], "-");
  assert.equal(cells(sessionsTable([{ ...session, worker: "" }], NOW))[4], "<none>");
  assert.deepEqual(cells(workersTable([worker], NOW)).slice(-2), ["<unknown>", "-"]);
  // Its disk was not looked at yet.
  assert.equal(cells(workersTable([worker], NOW))[6], "-");
  assert.equal(cells(workersTable([{ ...worker, freeDiskBytes: 2 ** 30 }], NOW))[6], "1Gi");
});

Deno.test("sessions in workspaces say where they are, in a column that is there for them alone", () => {
  const workspace = { coder: "lab/acme", name: "ann/dev", agent: "main", directory: "", files: "workspace" };
  const table = sessionsTable([{ ...session, workspace }, session], NOW);
  const [head, first, second] = table.split("\n").map((line) => line.split(/ {2,}/));
  assert.equal(head?.indexOf("WORKSPACE"), 5);
  assert.deepEqual([first?.[5], second?.[5]], ["ann/dev.main", "-"]);
  const place = (change: Partial<typeof workspace>) =>
    cells(sessionsTable([{ ...session, workspace: { ...workspace, ...change } }], NOW))[5];
  assert.equal(place({ directory: "src" }), "ann/dev.main:src");
  assert.equal(place({ files: "scratch", directory: "src" }), "ann/dev.main:<scratch>");
  assert.equal(place({ agent: "" }), "ann/dev");
  assert.doesNotMatch(sessionsTable([session], NOW), /WORKSPACE/);
});

Deno.test("sizes have three digits at most", () => {
  const cases: readonly [number, string][] = [
    [0, "0"],
    [1_023, "1023"],
    [1_024, "1Ki"],
    [1_600, "1.6Ki"],
    [15 * 2 ** 20, "15Mi"],
    [1.25 * 2 ** 30, "1.3Gi"],
    [900 * 2 ** 30, "900Gi"],
  ];
  for (const [bytes, text] of cases) {
    assert.equal(cells(workersTable([{ ...worker, memoryBytes: bytes }], NOW))[5], text, String(bytes));
  }
});

Deno.test("columns are as wide as what is in them, letters of all kinds counted once", () => {
  const table = sessionsTable([{ ...session, name: "ä𝒳日" }, { ...session, name: "a-long-name" }], NOW);
  const lines = table.trimEnd().split("\n").map((line) => [...line]);
  const at = lines.map((line) => line.join("").length - line.join("").replace(/^\S+ +/, "").length);
  const columns = lines.map((line) =>
    line.findIndex((_, index) => line.slice(index).join("").startsWith("sess-a"))
  );
  assert.equal(new Set(columns.slice(1)).size, 1, JSON.stringify(at));
  assert.equal(lines[0]?.join("").indexOf("SESSION"), columns[1]);
  for (const line of table.split("\n")) assert.equal(line, line.trimEnd());
});
