import assert from "node:assert/strict";
import { Board } from "./board.ts";
import { NOTHING, type Shown, shownAfter } from "./state.ts";
import { type Section, SECTIONS, type SessionRow, type WatchEvent } from "./types.ts";
import { eventData, Watcher } from "./watcher.ts";

const row = (id: string, state = "ready") => ({ id, state }) as SessionRow;
const hello = (sections: readonly Section[] = ["sessions", "calls"]) =>
  ({ kind: "hello", user: "ann", version: "1", sections, diagnosis: false }) as const;

function watched(board: Board, sections?: readonly Section[], pieceRows = 2) {
  const news = { count: 0 };
  const watcher = new Watcher({ board, hello: hello(sections), pieceRows, onNews: () => void news.count++ });
  const all = () => {
    const events: WatchEvent[] = [];
    for (let event = watcher.next(); event !== undefined; event = watcher.next()) events.push(event);
    return events;
  };
  return { watcher, all, news };
}

/** An event in a few words. */
function brief(event: WatchEvent): string {
  if (event.kind !== "rows") {
    return event.kind === "problem" ? `${event.section}: ${event.message}` : event.kind;
  }
  const { section, rows, removed, reset, complete } = event;
  const words = [
    section,
    ...rows.map(({ id }) => `+${id}`),
    ...removed.map((id) => `-${id}`),
    reset && "reset",
    complete && "complete",
  ];
  return words.filter((word) => word).join(" ");
}

Deno.test("first who they are, then each section in pieces, then what changes", () => {
  const board = new Board();
  board.replace("sessions", ["a", "b", "c"].map((id) => row(id)));
  const { all, news } = watched(board);
  assert.deepEqual(all().map(brief), ["hello", "sessions +a +b reset", "sessions +c complete"]);
  assert.equal(news.count, 0);
  board.set("calls", [{ id: "1" } as never]);
  assert.equal(news.count, 1);
  assert.deepEqual(all().map(brief), ["calls +1 reset"]);
  board.replace("calls", [{ id: "1" } as never]);
  assert.deepEqual(all().map(brief), ["calls complete"]);
  board.set("sessions", [row("b", "closed"), row("d")]);
  board.remove("sessions", ["a"]);
  assert.deepEqual(all().map(brief), ["sessions +b +d", "sessions -a"]);
  assert.equal(news.count, 3, "once each time that there is something again");
});

Deno.test("a section without rows is told as complete, and one that is not there yet is not told", () => {
  const board = new Board();
  board.replace("calls", []);
  const { all } = watched(board);
  assert.deepEqual(all().map(brief), ["hello", "calls reset complete"]);
});

Deno.test("who reads slowly is told the last state of each row, and of what came and went nothing", () => {
  const board = new Board();
  board.replace("sessions", [row("a")]);
  const { all } = watched(board, ["sessions"], 500);
  all();
  for (let round = 0; round < 1_000; round++) {
    board.set("sessions", [row("a", `state ${round}`), row(`short-lived`)]);
    board.remove("sessions", ["short-lived"]);
  }
  const events = all();
  assert.deepEqual(events.map(brief), ["sessions +a -short-lived"]);
  assert.equal((events[0] as unknown as { rows: SessionRow[] }).rows[0]?.state, "state 999");
});

Deno.test("problems are told beside the rows, and once", () => {
  const board = new Board();
  board.tell("sessions", "away");
  const { all } = watched(board);
  assert.deepEqual(all().map(brief), ["hello", "sessions: away"]);
  board.replace("sessions", []);
  board.tell("sessions", "");
  assert.deepEqual(all().map(brief), ["sessions: ", "sessions reset complete"]);
  board.tell("sessions", "away");
  board.tell("sessions", "");
  assert.deepEqual(all(), []);
});

Deno.test("sections that somebody is not shown are not told, and nobody hears after the end", () => {
  const board = new Board();
  const { all, watcher, news } = watched(board, ["calls"]);
  board.replace("sessions", [row("a")]);
  board.tell("sessions", "away");
  assert.deepEqual(all().map(brief), ["hello"]);
  watcher.close();
  board.replace("calls", [{ id: "1" } as never]);
  assert.equal(news.count, 0);
});

Deno.test("whatever happens in whatever order, who was told all has what the board has", () => {
  let seed = 7;
  const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
  for (let round = 0; round < 200; round++) {
    const board = new Board();
    const sections = SECTIONS.filter(() => random(3) > 0);
    const before = random(20);
    const act = () => {
      const section = SECTIONS[random(SECTIONS.length)]!;
      const rows = Array.from({ length: random(6) }, () => row(`r${random(8)}`, `s${random(3)}`)) as never[];
      const unique = [...new Map(rows.map((one: SessionRow) => [one.id, one])).values()] as never[];
      const kind = random(5);
      if (kind === 0) board.replace(section, unique);
      else if (kind === 1) board.remove(section, [`r${random(8)}`]);
      else if (kind === 2) board.tell(section, random(2) === 0 ? "" : "away");
      else board.set(section, unique);
    };
    for (let count = 0; count < before; count++) act();
    const { watcher } = watched(board, sections, 1 + random(4));
    let shown: Shown = NOTHING;
    const tell = (most: number) => {
      for (let told = 0; told < most; told++) {
        const event = watcher.next();
        if (event === undefined) return;
        assert.deepEqual(
          { kind: event.kind, ...JSON.parse(eventData(event)) },
          JSON.parse(JSON.stringify(event)),
        );
        shown = shownAfter(shown, event);
      }
    };
    for (let count = 0; count < 40; count++) {
      act();
      tell(random(3));
    }
    tell(Infinity);
    for (const section of sections) {
      const { rows, isComplete, problem } = shown.sections[section];
      assert.deepEqual([...rows.keys()].sort(), [...board.ids(section)].sort());
      for (const [id, one] of rows) assert.deepEqual(one, board.row(section, id));
      assert.equal(isComplete, board.isComplete(section));
      assert.equal(problem, board.problemOf(section));
    }
  }
});
