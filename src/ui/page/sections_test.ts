import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { SUBJECT_KINDS } from "../../diagnosis/subject.ts";
import { type Rows, SECTIONS } from "../types.ts";
import { isIll, readingOf, SECTION_VIEWS } from "./sections.js";
import type { Row } from "./state.js";

const text = (section: keyof Rows, column: string, row: Record<string, unknown>) => {
  const found = [...SECTION_VIEWS[section].columns, ...SECTION_VIEWS[section].details].find(({ id }) =>
    id === column
  );
  return found?.text({ id: "x", ...row } as Row);
};

Deno.test("every section of the contract is shown, with one name, one state and words for when it is empty", () => {
  deepEqual(Object.keys(SECTION_VIEWS), [...SECTIONS]);
  for (const view of Object.values(SECTION_VIEWS)) {
    equal(view.columns.filter(({ kind }) => kind === "name").length, 1, view.title);
    equal(view.columns.filter(({ kind }) => kind === "state").length, 1, view.title);
    const ids = view.columns.map(({ id }) => id);
    equal(new Set(ids).size, ids.length, view.title);
    equal(ids.includes(view.sort.column), true, view.title);
    match(view.empty, /\.$|…$/);
  }
});

Deno.test("rows of any shape are shown without a failure", () => {
  const odd = [undefined, null, 1, -1, NaN, "", "x", "\u001b[31m<img src=x onerror=alert(1)>", [], {}, true, [
    [{}],
  ]];
  for (const view of Object.values(SECTION_VIEWS)) {
    const fields = [...view.columns, ...view.details].map(({ id }) => id);
    for (const value of odd) {
      const row = {
        ...Object.fromEntries(
          [...fields, "namespace", "conditions", "healthy", "success"].map((id) => [id, value]),
        ),
        id: "x",
      } as Row;
      const reading = readingOf(view);
      const all = [view.name(row), view.facet(row), view.tone(row), reading.text(row)];
      for (const column of fields) all.push(String(reading.key(row, column)));
      for (const shown of all) {
        equal(typeof shown, "string");
        equal(shown.includes("\u001b"), false, `${view.title}: ${JSON.stringify(shown)}`);
      }
      notEqual(view.facet(row), "", "everything can be filtered for");
    }
  }
});

Deno.test("a workspace that runs and is not healthy is not called running", () => {
  const { facet, tone } = SECTION_VIEWS.workspaces;
  const row = { id: "x", state: "running", healthy: false };
  deepEqual([facet(row), tone(row), text("workspaces", "state", row)], ["unhealthy", "bad", "unhealthy"]);
  equal(facet({ ...row, healthy: true }), "running");
  equal(facet({ ...row, state: "stopped" }), "stopped");
  equal(text("workspaces", "template", { template: "go", outdated: true }), "go (outdated)");
});

Deno.test("what can be diagnosed is named as the diagnosis knows it", () => {
  const kinds = new Set<string>();
  for (const section of SECTIONS) {
    const subject = SECTION_VIEWS[section].subject({ id: "x", namespace: "lab", name: "a", workspace: "b" });
    if (subject === undefined) continue;
    kinds.add(subject.kind);
    equal(subject.namespace, "lab");
    equal(subject.name, section === "builds" ? "b" : "a");
  }
  deepEqual([...kinds].filter((kind) => !(SUBJECT_KINDS as readonly string[]).includes(kind)), []);
  deepEqual([...kinds].sort(), ["controlplane", "provisioner", "workspace"]);
});

Deno.test("the condition to look at first stands for all", () => {
  const conditions = [
    { type: "Ready", status: "True", reason: "R", message: "all is well" },
    { type: "Stalled", status: "True", reason: "Why", message: "" },
  ];
  equal(text("controlplanes", "conditions", { conditions }), "Stalled: True, Why");
  equal(
    text("controlplanes", "conditions", { conditions: conditions.slice(0, 1) }),
    "Ready: True, all is well",
  );
  equal(text("controlplanes", "conditions", {}), "");
});

Deno.test("figures sort by what they are, not by how they are written", () => {
  const { key } = readingOf(SECTION_VIEWS.workers);
  equal(key({ id: "x", memoryBytes: 2 ** 31 }, "memoryBytes"), 2 ** 31);
  equal(text("workers", "memoryBytes", { memoryBytes: 2 ** 31 }), "2.0 GiB");
  equal(text("workers", "sessions", { sessions: 3, capacity: 64 }), "3 of 64");
  equal(key({ id: "x", heardAt: "2026-11-22T12:00:00Z" }, "heardAt"), Date.UTC(2026, 10, 22, 12));
  equal(key({ id: "x", heardAt: "soon" }, "heardAt"), "");
  equal(key({ id: "x" }, "odd"), "");
  equal(readingOf(SECTION_VIEWS.builds).key({ id: "x", number: 12 }, "number"), 12);
  equal(text("builds", "number", { number: 1_200 }), "#1,200");
});

Deno.test("a session is where it runs, a call is what came of it", () => {
  equal(text("sessions", "worker", { worker: "workspaces", workspace: "ada/dev" }), "ada/dev");
  equal(text("sessions", "worker", { worker: "w1", workspace: "" }), "w1");
  equal(SECTION_VIEWS.sessions.name({ id: "s1", name: "" }), "s1");
  equal(SECTION_VIEWS.calls.facet({ id: "c", success: true }), "succeeded");
  equal(SECTION_VIEWS.calls.tone({ id: "c", success: "yes" }), "bad");
  deepEqual((["ok", "busy", "warn", "bad", "idle"] as const).filter(isIll), ["warn", "bad"]);
});
