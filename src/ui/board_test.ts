import assert from "node:assert/strict";
import { type AnyRow, Board, rowText } from "./board.ts";
import type { SessionRow } from "./types.ts";

const session = (id: string, state = "ready"): SessionRow => ({
  id,
  name: id,
  owner: "ann",
  state,
  worker: "w",
  workspace: "",
  createdAt: "",
  lastUsedAt: "",
  expiresAt: "",
});

function listened(board: Board) {
  const heard: string[] = [];
  const end = board.subscribe({
    changed: (section, id) => heard.push(`${section} ${id}`),
    completed: (section) => heard.push(`${section} complete`),
    problem: (section) => heard.push(`${section}: ${board.problemOf(section)}`),
  });
  return { heard, end, take: () => heard.splice(0) };
}

Deno.test("rows that are new, others or gone are news; equal ones are not", () => {
  const board = new Board();
  const { take, end } = listened(board);
  board.set("sessions", [session("a"), session("b")]);
  assert.deepEqual(take(), ["sessions a", "sessions b"]);
  board.set("sessions", [session("a"), session("b", "closed")]);
  assert.deepEqual(take(), ["sessions b"]);
  board.remove("sessions", ["a", "never there"]);
  assert.deepEqual(take(), ["sessions a"]);
  assert.deepEqual([...board.ids("sessions")], ["b"]);
  assert.equal(board.row("sessions", "b")?.id, "b");
  assert.equal(board.row("sessions", "a"), undefined);
  end();
  board.remove("sessions", ["b"]);
  assert.deepEqual(take(), []);
});

Deno.test("all rows that there are take the place of those before, and are all", () => {
  const board = new Board();
  const { take } = listened(board);
  assert.equal(board.isComplete("sessions"), false);
  board.set("sessions", [session("a"), session("b")]);
  take();
  board.replace("sessions", [session("b"), session("c")]);
  assert.deepEqual(take(), ["sessions a", "sessions c", "sessions complete"]);
  board.replace("sessions", [session("b"), session("c")]);
  assert.deepEqual(take(), []);
  board.replace("sessions", []);
  assert.deepEqual(take(), ["sessions b", "sessions c"]);
  assert.deepEqual([board.size("sessions"), board.isComplete("sessions")], [0, true]);
  assert.equal(board.isComplete("workspaces"), false);
});

Deno.test("a problem is news once, and its end is", () => {
  const board = new Board();
  const { take } = listened(board);
  board.tell("jobs", "Coder is away");
  board.tell("jobs", "Coder is away");
  board.tell("jobs", "");
  board.tell("calls", "");
  assert.deepEqual(take(), ["jobs: Coder is away", "jobs: "]);
});

Deno.test("secrets are taken out before anybody sees a row, or a problem", () => {
  const redact = <T>(value: T): T =>
    typeof value === "string"
      ? value.replaceAll("hunter2", "[redacted]") as T
      : JSON.stringify(value).includes("hunter2")
      ? JSON.parse(JSON.stringify(value).replaceAll("hunter2", "[redacted]"))
      : value;
  const board = new Board({ redact });
  const { take } = listened(board);
  board.set("sessions", [session("a", "hunter2")]);
  board.tell("sessions", "it is hunter2");
  assert.equal((board.row("sessions", "a") as SessionRow).state, "[redacted]");
  assert.equal(board.problemOf("sessions"), "it is [redacted]");
  take();
  board.set("sessions", [session("a", "hunter2")]);
  assert.deepEqual(take(), [], "the same with its secret taken out is the same");
});

Deno.test("a row's text is made once", () => {
  let reads = 0;
  const row = {
    id: "a",
    get state() {
      reads++;
      return "x";
    },
  } as unknown as AnyRow;
  assert.equal(rowText(row), `{"id":"a","state":"x"}`);
  rowText(row);
  assert.equal(reads, 1);
});
