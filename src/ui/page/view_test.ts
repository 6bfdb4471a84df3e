import { deepEqual, equal } from "node:assert/strict";
import type { Change, Row } from "./state.js";
import { View } from "./view.js";

const READING = {
  facet: (row: Row) => String(row["state"]),
  text: (row: Row) => `${row["name"]}\n${row["state"]}`,
  key: (row: Row, column: string) => (column === "size" ? Number(row["size"]) : String(row[column] ?? "")),
};
const BY_NAME = { column: "name", descending: false };

const row = (id: string, name: string, state = "up", size = 0): Row => ({ id, name, state, size });
const put = (...rows: Row[]): Change[] => rows.map((after) => ({ id: after.id, before: undefined, after }));
const names = (view: View) => [...view.rows()].map((one) => one["name"]);

Deno.test("rows are in order, numbers in names by their value, and case is none", () => {
  const view = new View(READING, BY_NAME);
  view.apply(put(row("1", "dev-10"), row("2", "Dev-2"), row("3", "alpha"), row("4", "")));
  deepEqual(names(view), ["alpha", "Dev-2", "dev-10", ""], "what has no name is last");
  view.setSort({ column: "name", descending: true });
  deepEqual(names(view), ["dev-10", "Dev-2", "alpha", ""], "and so it is the other way round");
});

Deno.test("equal keys are in the order of ids, either way", () => {
  const view = new View(READING, { column: "size", descending: false });
  view.apply(put(row("b", "x", "up", 1), row("a", "y", "up", 1), row("c", "z", "up", NaN)));
  deepEqual(names(view), ["y", "x", "z"]);
  view.setSort({ column: "size", descending: true });
  deepEqual(names(view), ["y", "x", "z"]);
});

Deno.test("facets are counted whatever is searched for, and filter", () => {
  const view = new View(READING, BY_NAME);
  view.apply(put(row("1", "a", "up"), row("2", "b", "down"), row("3", "c", "up")));
  deepEqual(view.facets, [["up", 2], ["down", 1]]);
  view.setFacet("down");
  deepEqual([names(view), view.length, view.total], [["b"], 1, 3]);
  view.setSearch("zzz");
  deepEqual([view.length, view.facets], [0, [["up", 2], ["down", 1]]]);
  view.apply([{ id: "2", before: undefined, after: undefined }]);
  deepEqual(view.facets, [["up", 2]]);
});

Deno.test("a search is for all its words, in any column, in any case", () => {
  const view = new View(READING, BY_NAME);
  view.apply(put(row("1", "Main Office", "up"), row("2", "main", "down")));
  view.setSearch("  MAIN  up ");
  deepEqual([names(view), view.search], [["Main Office"], "main up"]);
  view.setSearch("");
  equal(view.length, 2);
});

Deno.test("a row is found where it is, and not where it is not shown", () => {
  const view = new View(READING, BY_NAME);
  view.apply(put(row("1", "b"), row("2", "a"), row("3", "c", "down")));
  deepEqual([view.indexOf("2"), view.indexOf("1"), view.indexOf("3"), view.indexOf("4")], [0, 1, 2, -1]);
  view.setFacet("down");
  deepEqual([view.indexOf("3"), view.indexOf("1")], [0, -1]);
  equal(view.at(0)?.id, "3");
  equal(view.at(1), undefined);
});

/** What it must be, by the plain way. */
function plain(rows: ReadonlyMap<string, Row>, words: string, facet: string, descending: boolean): string[] {
  const key = (one: Row) =>
    String(one["name"]).toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, "0"));
  return [...rows.values()]
    .filter((one) => facet === "" || one["state"] === facet)
    .filter((one) => words === "" || READING.text(one).toLowerCase().includes(words))
    .sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === y) return a.id < b.id ? -1 : 1;
      if (x === "" || y === "") return x === "" ? 1 : -1;
      return (x < y ? -1 : 1) * (descending ? -1 : 1);
    })
    .map(({ id }) => id);
}

Deno.test("after any changes, few or many, it is as if it were made anew", () => {
  let state = 42;
  const next = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  for (let round = 0; round < 40; round++) {
    const view = new View(READING, BY_NAME);
    const rows = new Map<string, Row>();
    let [words, facet, descending] = ["", "", false];
    for (let step = 0; step < 40; step++) {
      const action = next(10);
      if (action === 0) view.setSearch(words = ["", "1", "a", "up"][next(4)] ?? "");
      else if (action === 1) view.setFacet(facet = ["", "up", "down"][next(3)] ?? "");
      else if (action === 2) view.setSort({ column: "name", descending: descending = next(2) === 1 });
      else {
        const changes: Change[] = [];
        for (let count = action === 3 ? 100 : 1 + next(5); count > 0; count--) {
          const id = String(next(150));
          const after = next(4) === 0
            ? undefined
            : row(id, ["", "a", "A1", `n${next(30)}`][next(4)] ?? "", next(2) === 0 ? "up" : "down");
          changes.push({ id, before: rows.get(id), after });
          if (after === undefined) rows.delete(id);
          else rows.set(id, after);
        }
        view.apply(changes);
      }
      const wanted = plain(rows, words, facet, descending);
      if (next(3) > 0) continue;
      deepEqual([...view.rows()].map(({ id }) => id), wanted, `round ${round}, step ${step}`);
      deepEqual(wanted.map((id) => view.indexOf(id)), wanted.map((_, index) => index));
      equal(view.total, rows.size);
    }
  }
});
