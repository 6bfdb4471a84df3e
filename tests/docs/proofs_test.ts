/** Explanations name the tests that prove what they say: the tests are there. */
import assert from "node:assert/strict";
import { filesBelow, read } from "../../scripts/lib/files.ts";

/** Pages with a table whose last column is headed `Proof`, and how many rows it has at least. */
const PAGES = [["docs/explanation/security-model.md", 15], ["docs/explanation/consistency.md", 7]] as const;

function proofs(text: string): string[][] {
  const lines = text.split("\n");
  const head = lines.findIndex((line) => /\|\s*Proof\s*\|$/.test(line));
  const end = lines.findIndex((line, index) => index > head && !line.startsWith("|"));
  return lines.slice(head + 2, end).map((line) => {
    const cells = line.split(/(?<!\\)\|/).slice(1, -1);
    return [...(cells.at(-1) ?? "").matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
  });
}

for (const [page, least] of PAGES) {
  Deno.test(`${page}: every row names tests that exist`, async () => {
    const files = [...await filesBelow("src", ["_test.ts"]), ...await filesBelow("tests", ["_test.ts"])];
    const tests = files.map(read).join("\n");
    const rows = proofs(read(page));
    assert.ok(rows.length >= least, `${rows.length} rows`);
    for (const names of rows) {
      assert.ok(names.length > 0, `a row of ${page} has no proof`);
      for (const name of names) {
        assert.ok(tests.includes(`"${name}"`) || tests.includes(`\`${name}\``), `no test is called ${name}`);
      }
    }
  });
}
