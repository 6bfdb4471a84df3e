/** Reading an lcov report. */

/** Line counts of one source file. */
export interface FileCoverage {
  path: string;
  lines: number;
  covered: number;
}

/** Sums an lcov report over the product's own files (`main.ts` and `src/`) below `root`. */
export function lineCoverage(
  lcov: string,
  root: string,
): { files: FileCoverage[]; lines: number; covered: number } {
  const files: FileCoverage[] = [];
  for (const record of lcov.split("end_of_record")) {
    const path = /^SF:(.+)$/m.exec(record)?.[1]?.replace(`${root}/`, "") ?? "";
    if (path !== "main.ts" && !path.startsWith("src/")) continue;
    const hits = [...record.matchAll(/^DA:\d+,(\d+)/gm)].map((match) => Number(match[1]));
    if (hits.length > 0) {
      files.push({
        path,
        lines: hits.length,
        covered: hits.filter((count) => count > 0).length,
      });
    }
  }
  const sum = (pick: (file: FileCoverage) => number) => files.reduce((total, file) => total + pick(file), 0);
  return { files, lines: sum((file) => file.lines), covered: sum((file) => file.covered) };
}
