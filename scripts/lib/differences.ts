/** docs/upstream-differences.md must not promise a test that does not exist. */

/** One row: which known defect, and the tests that prove our answer. */
export interface Difference {
  id: string;
  tests: { file: string; name: string }[];
}

/** Reads rows `| ID | … | … | `file_test.ts`: "name"; … |`. */
export function readDifferences(markdown: string): Difference[] {
  const rows: Difference[] = [];
  for (const line of markdown.split("\n")) {
    const cells = line.split("|").map((cell) => cell.trim());
    const id = cells[1] ?? "";
    if (cells.length < 6 || !/^[A-Z]+-?\d+$/.test(id)) continue;
    const proof = cells.at(-2) ?? "";
    const tests = [...proof.matchAll(/`([^`]+_test\.ts)`: "([^"]+)"/g)]
      .map((match) => ({ file: match[1] ?? "", name: match[2] ?? "" }));
    rows.push({ id, tests });
  }
  return rows;
}

/** What is wrong with the document, in words, given the sources of all test files by path. */
export function differencesProblems(markdown: string, sources: ReadonlyMap<string, string>): string[] {
  const rows = readDifferences(markdown);
  if (rows.length === 0) return ["docs/upstream-differences.md has no rows"];
  return rows.flatMap(({ id, tests }) => {
    if (tests.length === 0) return [`${id}: names no test`];
    return tests.flatMap(({ file, name }) => {
      const source = sources.get(file);
      if (source === undefined) return [`${id}: ${file} does not exist`];
      const quoted = [JSON.stringify(name), `'${name}'`, `\`${name}\``];
      return quoted.some((text) => source.includes(text)) ? [] : [`${id}: ${file} has no test "${name}"`];
    });
  });
}
