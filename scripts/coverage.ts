/** `deno task coverage`: the tests with line coverage of main.ts and src/; fails below 90 %. */
import { lineCoverage } from "./lib/lcov.ts";
import { root, runDeno, say } from "./lib/run.ts";
import { runTests } from "./run_tests.ts";

/** The least share of source lines that tests must run. */
const LEAST = 0.9;

const folder = `${root}/coverage`;
await Deno.remove(folder, { recursive: true }).catch(() => {});
const code = await runTests([`--coverage=${folder}`, ...Deno.args]);
const report = await runDeno(["coverage", "--lcov", "--exclude=(_test\\.ts$|/tests/|/scripts/)", folder], {
  cwd: root,
});
const { files, lines, covered } = lineCoverage(report.output, root);
const share = lines === 0 ? 0 : covered / lines;
for (const file of files.sort((a, b) => a.covered / a.lines - b.covered / b.lines)) {
  say(
    `${(100 * file.covered / file.lines).toFixed(1).padStart(6)} %  ${
      String(file.lines).padStart(5)
    }  ${file.path}`,
  );
}
say(`\n${(100 * share).toFixed(1)} % of ${lines} source lines are covered (at least ${100 * LEAST} %)`);
Deno.exit(code !== 0 || share < LEAST ? 1 : 0);
