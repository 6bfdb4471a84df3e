import { deepEqual, equal } from "node:assert/strict";
import { differencesProblems, readDifferences } from "./differences.ts";

const document = `
| Row | There | Here | Proof |
| --- | --- | --- | --- |
| S2 | adopts | refuses | \`tests/a_test.ts\`: "a foreign object is refused"; \`src/b_test.ts\`: "b" |
| K1 | wipes | keeps | \`tests/a_test.ts\`: "labels survive" |
`;
const sources = new Map([
  ["tests/a_test.ts", `Deno.test("a foreign object is refused", () => {}); Deno.test("labels survive", f);`],
  ["src/b_test.ts", `Deno.test("b", f);`],
]);

Deno.test("rows name their defect and all their tests", () => {
  const rows = readDifferences(document);
  deepEqual(rows.map((row) => row.id), ["S2", "K1"]);
  equal(rows[0]?.tests.length, 2);
});

Deno.test("a document whose tests exist has no problems", () => {
  deepEqual(differencesProblems(document, sources), []);
});

Deno.test("a missing file, a missing test, a row without proof and an empty table are told", () => {
  const broken = document.replace("labels survive", "labels fly").replace("src/b_test", "src/c_test") +
    `| K2 | x | y | by reading |\n`;
  deepEqual(differencesProblems(broken, sources), [
    "S2: src/c_test.ts does not exist",
    'K1: tests/a_test.ts has no test "labels fly"',
    "K2: names no test",
  ]);
  equal(differencesProblems("", sources).length, 1);
});
