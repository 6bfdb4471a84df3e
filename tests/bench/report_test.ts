import { equal, match, ok } from "node:assert/strict";
import { machine, table } from "./report.ts";

Deno.test("a report prints as an aligned table that says which goals are met and which are missed", () => {
  const text = table({
    area: "x",
    rows: [
      { what: "speed", measured: "0.5 s", reach: "≤ 1 s", met: true, before: "8.0 s", value: 0.5 },
      { what: "memory", measured: "200 MB", reach: "≤ 110 MB", met: false, value: 200 },
      { what: "size", measured: "3 files", value: 3 },
    ],
  });
  const lines = text.split("\n");
  equal(lines.length, 4);
  match(lines[1] ?? "", /^speed\s+0\.5 s\s+≤ 1 s\s+met\s+8\.0 s$/);
  match(lines[2] ?? "", /MISSED/);
  match(lines[3] ?? "", /^size\s+3 files\s+–\s+–$/);
});

Deno.test("the machine is named with its cores and its memory", () => {
  const facts = machine();
  ok(Number(facts["cores"]) >= 1);
  ok(Number(facts["memoryGiB"]) >= 1);
});
