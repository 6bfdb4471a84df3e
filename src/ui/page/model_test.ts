import { deepEqual, equal } from "node:assert/strict";
import { SECTIONS } from "../types.ts";
import { Model } from "./model.js";

const HELLO = { user: "ada", version: "1", sections: [...SECTIONS], diagnosis: true };
const workspaces = (rows: Record<string, unknown>[], more: Record<string, unknown> = {}) => (
  { section: "workspaces", rows, removed: [], ...more }
);

Deno.test("what is told is in the views, and what is not well is at hand", () => {
  const model = new Model();
  model.apply("hello", HELLO);
  model.apply(
    "rows",
    workspaces([{ id: "1", name: "b", state: "running", healthy: true }, {
      id: "2",
      name: "a",
      state: "failed",
    }], { reset: true, complete: true }),
  );
  const { view, ill } = model.of("workspaces");
  deepEqual([...view.rows()].map(({ id }) => id), ["2", "1"]);
  deepEqual([...ill.keys()], ["2"]);
  model.apply(
    "rows",
    workspaces([{ id: "2", name: "a", state: "running", healthy: true }, {
      id: "1",
      name: "b",
      state: "running",
      healthy: false,
    }]),
  );
  deepEqual([...ill.keys()], ["1"]);
  model.apply("rows", { ...workspaces([]), removed: ["1"] });
  deepEqual([...ill.keys(), ...view.facets.flat()], ["running", 1]);
});

Deno.test("what has to be painted is told once", () => {
  const model = new Model();
  equal(model.takeDirt().all, true);
  model.apply("hello", HELLO);
  equal(model.takeDirt().all, true);
  model.apply("rows", workspaces([{ id: "1" }]));
  model.apply("rows", workspaces([{ id: "2" }]));
  model.apply("problem", { section: "jobs", message: "no" });
  model.apply("odd", {});
  const dirt = model.takeDirt();
  deepEqual([dirt.all, [...dirt.rows].map(([section, ids]) => [section, [...ids]])], [false, [["workspaces", [
    "1",
    "2",
  ]], ["jobs", []]]]);
  deepEqual(model.takeDirt(), { all: false, rows: new Map() });
});

Deno.test("another person finds nothing of the first one's but the filters", () => {
  const model = new Model();
  model.apply("hello", HELLO);
  model.apply("rows", workspaces([{ id: "1", name: "a", state: "failed" }], { reset: true, complete: true }));
  const section = model.of("workspaces");
  section.view.setSearch("a");
  section.view.setSort({ column: "owner", descending: true });
  model.apply("hello", { ...HELLO, user: "eve" });
  deepEqual([section.view.total, section.ill.size, section.view.search, section.view.sort], [0, 0, "a", {
    column: "owner",
    descending: true,
  }]);
});

Deno.test("who signs out leaves nothing", () => {
  const model = new Model();
  model.apply("hello", { ...HELLO, replica: "r" });
  model.apply("rows", workspaces([{ id: "1", name: "a", state: "failed" }], { reset: true, complete: true }));
  model.clear();
  const { view, ill, state } = model.of("workspaces");
  deepEqual([view.total, ill.size, state.rows.size, state.complete], [0, 0, 0, false]);
  deepEqual([model.state.user, model.state.version, model.state.replica, model.state.shown], [
    "",
    "",
    "",
    [],
  ]);
});
