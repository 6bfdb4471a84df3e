/** Node's own test runner: results by a reporter of ours (Node 18.15 and later). */
import { parseLines } from "./lines.ts";
import type { Framework, Place } from "./types.ts";

/** As a module in a URL: it needs no file. Suites are told by their tests. */
const REPORTER = `data:text/javascript,${
  encodeURIComponent(`
export default async function* report(source) {
  yield "{}\\n";
  for await (const { type, data } of source) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const error = data.details?.error;
    const isSuite = data.details?.type === "suite";
    const isFile = data.file === undefined ? data.name.endsWith("js") : data.name === data.file;
    const parts = error?.failureType === "subtestsFailed";
    if (parts || (isSuite && type === "test:pass") || (isFile && type === "test:pass" && data.nesting === 0)) continue;
    const cause = error?.cause ?? error;
    const text = cause?.stack ?? String(cause?.message ?? cause ?? "");
    const skipped = data.skip !== undefined || (data.todo !== undefined && type === "test:fail");
    const status = type === "test:pass" ? skipped ? "skipped" : "passed"
      : skipped ? "skipped" : isSuite || isFile || error?.failureType === "hookFailed" ? "error" : "failed";
    yield JSON.stringify({ name: data.name, status, file: data.file, line: data.line, message: text, stack: cause?.stack }) + "\\n";
  }
}`)
}`;

export const node: Framework = {
  markers: ["package.json"],
  command: ({ path }: Place, args) => ({
    line: "reporter=$1; shift; exec node --test --test-reporter=spec --test-reporter-destination=stdout " +
      '--test-reporter="$reporter" --test-reporter-destination="$REPORT" "$@"',
    argv: [REPORTER, ...args, ...(path === "." ? [] : [path])],
  }),
  parse: parseLines,
  missing: ({ exitCode, stderr }) =>
    exitCode === 127
      ? "this worker has no node"
      : /bad option: --test/.test(stderr)
      ? "the Node.js of this worker is older than 18.15, and runs no tests"
      : undefined,
};
