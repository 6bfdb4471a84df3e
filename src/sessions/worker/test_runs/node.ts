/** Node's own test runner: results by a reporter of ours (Node 18.15 and later). */
import { parseLines } from "./lines.ts";
import { type Case, placeInStack } from "./results.ts";
import type { Framework, Place } from "./types.ts";

/** As a module in a URL: it needs no file. Suites are told by their tests. */
const REPORTER = `data:text/javascript,${
  encodeURIComponent(`
export default async function* report(source) {
  yield "{}\\n";
  const started = [];
  const said = new Map();
  for await (const { type, data } of source) {
    if (type === "test:stderr" && said.size < 1000) {
      said.set(data.file, ((said.get(data.file) ?? "") + data.message).slice(-4000));
    }
    if (type === "test:start") {
      started.length = Math.min(started.length, data.nesting);
      started[data.nesting] = data.name;
    }
    if (type !== "test:pass" && type !== "test:fail") continue;
    const error = data.details?.error;
    const isSuite = data.details?.type === "suite";
    const isFile = data.nesting === 0 && /[.][cm]?[jt]s$/.test(data.name) && data.file?.endsWith(data.name);
    const isPart = error?.failureType === "subtestsFailed";
    if (isPart || (type === "test:pass" && (isSuite || isFile))) continue;
    const cause = error?.cause ?? error;
    let message = cause?.stack ?? String(cause?.message ?? cause ?? "");
    if (isFile) message = said.get(data.file) ?? message;
    const skipped = data.skip !== undefined || data.todo !== undefined;
    const failed = isSuite || isFile || error?.failureType === "hookFailed" ? "error" : "failed";
    const status = skipped ? "skipped" : type === "test:pass" ? "passed" : failed;
    const name = [...started.slice(0, data.nesting), data.name].filter(Boolean).join(" > ");
    yield JSON.stringify({ name, status, file: data.file, line: data.line, message }) + "\\n";
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
  parse: (report) => parseLines(report, placed),
  missing: ({ exitCode, stderr }) =>
    exitCode === 127
      ? "this worker has no node"
      : /bad option: --test/.test(stderr)
      ? "the Node.js of this worker is older than 18.15, and runs no tests"
      : undefined,
};

/** Where it was thrown, rather than where the test begins. */
function placed(one: Case): Case {
  const place = placeInStack(one.message ?? "");
  if (place !== undefined) return { ...one, ...place };
  // Of a file that could not be read at all: where that says it stops.
  const line = /^\S+?:(\d+)$/m.exec(one.message ?? "")?.[1];
  return one.status === "error" && line !== undefined ? { ...one, line: Number(line) } : one;
}
