import { deepEqual, equal } from "node:assert/strict";
import { SECTIONS as CONTRACT } from "../types.ts";
import { MAX_ROWS, SECTIONS, WatchState } from "./state.js";

const HELLO = { user: "ada", version: "1", sections: [...CONTRACT], diagnosis: true };

function rows(ids: readonly string[], more: Record<string, unknown> = {}): Record<string, unknown> {
  return { section: "jobs", rows: ids.map((id) => ({ id, state: "pending" })), removed: [], ...more };
}

const idsOf = (state: WatchState) => [...state.of("jobs").rows.keys()];

Deno.test("the sections are those of the contract, in its order", () => {
  deepEqual([...SECTIONS], [...CONTRACT]);
});

Deno.test("hello says who, what and which sections; unknown ones are left out", () => {
  const state = new WatchState();
  deepEqual(
    state.apply("hello", { ...HELLO, sections: ["jobs", "controlplanes", "odd", 1], replica: "r1" }),
    {
      kind: "hello",
      cleared: false,
    },
  );
  deepEqual(state.shown, ["controlplanes", "jobs"]);
  deepEqual([state.user, state.version, state.diagnosis, state.replica], ["ada", "1", true, "r1"]);
});

Deno.test("rows come in pieces, change, and go; what is the same is no change", () => {
  const state = new WatchState();
  state.apply("hello", HELLO);
  state.apply("rows", rows(["a", "b"], { reset: true }));
  deepEqual([idsOf(state), state.of("jobs").complete], [["a", "b"], false]);
  state.apply("rows", rows(["c"], { complete: true }));
  deepEqual([idsOf(state), state.of("jobs").complete], [["a", "b", "c"], true]);
  const after = { id: "b", state: "running" };
  deepEqual(
    state.apply("rows", {
      section: "jobs",
      rows: [after, { id: "c", state: "pending" }],
      removed: ["a", "x"],
    }),
    {
      kind: "rows",
      section: "jobs",
      changes: [
        { id: "a", before: { id: "a", state: "pending" }, after: undefined },
        { id: "b", before: { id: "b", state: "pending" }, after },
      ],
    },
  );
  deepEqual(idsOf(state), ["b", "c"]);
});

Deno.test("a section that is told anew stays as it was until it is complete", () => {
  const state = new WatchState();
  state.apply("hello", HELLO);
  state.apply("rows", rows(["a", "b"], { reset: true, complete: true }));
  state.apply("hello", HELLO);
  deepEqual(state.apply("rows", rows(["b"], { reset: true })), {
    kind: "rows",
    section: "jobs",
    changes: [],
  });
  deepEqual(idsOf(state), ["a", "b"]);
  const outcome = state.apply("rows", rows(["c"], { complete: true }));
  deepEqual(outcome.kind === "rows" ? outcome.changes.map(({ id }) => id) : [], ["a", "c"]);
  deepEqual(idsOf(state), ["b", "c"]);
});

Deno.test("a first telling that broke off and began anew leaves no row of before", () => {
  const state = new WatchState();
  state.apply("hello", HELLO);
  state.apply("rows", rows(["a", "b"], { reset: true }));
  state.apply("rows", rows(["b"], { reset: true }));
  deepEqual(idsOf(state), ["a", "b"], "nothing disappears before it is known to be gone");
  state.apply("rows", rows(["c"], { complete: true }));
  deepEqual(idsOf(state).sort(), ["b", "c"]);
});

Deno.test("an empty section is complete with no row; a removal while it is told counts", () => {
  const state = new WatchState();
  state.apply("rows", rows([], { reset: true, complete: true }));
  deepEqual([idsOf(state), state.of("jobs").complete], [[], true]);
  state.apply("rows", rows(["a", "b"], { reset: true }));
  state.apply("rows", rows([], { removed: ["a"], complete: true }));
  deepEqual(idsOf(state), ["b"]);
});

Deno.test("what one person saw is not shown to the next", () => {
  const state = new WatchState();
  state.apply("hello", HELLO);
  state.apply("rows", rows(["a"], { reset: true, complete: true }));
  deepEqual(state.apply("hello", { ...HELLO, user: "eve" }), { kind: "hello", cleared: true });
  deepEqual([idsOf(state), state.of("jobs").complete], [[], false]);
});

Deno.test("a section that is no longer shown is forgotten", () => {
  const state = new WatchState();
  state.apply("hello", HELLO);
  state.apply("rows", rows(["a"], { reset: true, complete: true }));
  state.apply("hello", { ...HELLO, sections: ["workers"] });
  deepEqual(idsOf(state), []);
});

Deno.test("a problem is kept until it is said that all is well", () => {
  const state = new WatchState();
  deepEqual(state.apply("problem", { section: "jobs", message: "no rights" }), {
    kind: "problem",
    section: "jobs",
    message: "no rights",
  });
  equal(state.of("jobs").problem, "no rights");
  state.apply("problem", { section: "jobs", message: "" });
  equal(state.of("jobs").problem, "");
});

Deno.test("what has not the shape of an event changes nothing", () => {
  const state = new WatchState();
  for (const data of [undefined, null, 1, "x", [], {}, { section: "odd" }, { section: "__proto__" }]) {
    for (const kind of ["rows", "problem", "odd"]) deepEqual(state.apply(kind, data), { kind: "nothing" });
  }
  deepEqual(state.apply("odd", { section: "jobs" }), { kind: "nothing" });
  for (const odd of [undefined, null, "x", [null, 1, "x", [], {}, { id: 3 }, { id: "" }]]) {
    deepEqual(state.apply("rows", { section: "jobs", rows: odd, removed: odd }), {
      kind: "rows",
      section: "jobs",
      changes: [],
    });
  }
  state.apply("rows", { section: "jobs", rows: [{ id: "__proto__", state: "x" }], removed: [] });
  equal(({} as Record<string, unknown>)["state"], undefined);
  deepEqual(idsOf(state), ["__proto__"]);
  state.apply("hello", { user: 1, version: {}, sections: "all", diagnosis: "yes" });
  deepEqual([state.user, state.version, state.shown, state.diagnosis], ["", "", [], false]);
});

Deno.test("there is a most to the rows that are kept, and it is said", () => {
  const state = new WatchState();
  const ids = Array.from({ length: MAX_ROWS + 1 }, (_, index) => String(index));
  state.apply("rows", rows(ids, { reset: true, complete: true }));
  deepEqual([state.of("jobs").rows.size, state.of("jobs").isFull], [MAX_ROWS, true]);
  state.apply("rows", rows(["0"], { reset: true, complete: true }));
  equal(state.of("jobs").isFull, false);
});
