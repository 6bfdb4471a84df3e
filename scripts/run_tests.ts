/**
 * `deno task test [paths or deno test options…]`: every test, on real parts. With paths, one `deno test` on one
 * cluster. Without, everything, in pieces that lanes run side by side, each on a cluster of its own.
 */
import { join } from "node:path";
import {
  Cluster,
  SHARED_CLUSTER_VARIABLE,
  standardError,
  startCluster,
  ToolsError,
  withSharedCluster,
} from "../tests/cluster/mod.ts";
import { AUDIT_FOLDER_VARIABLE, auditLogs } from "../tests/cluster/audit_folder.ts";
import { layout } from "../tests/cluster/state.ts";
import { ensureCoderTools } from "../tests/coder/mod.ts";
import { RightsLedger } from "../tests/rights/ledger.ts";
import { runChild, testArgs } from "./lib/child_tests.ts";
import { type Chunk, chunksOf, inOrder } from "./lib/chunks.ts";
import { filesBelow } from "./lib/files.ts";
import { laneCount, runLanes } from "./lib/lanes.ts";
import { rightsReport } from "./lib/rights_report.ts";
import { root, say } from "./lib/run.ts";
import { stopSignals } from "./lib/stop_signals.ts";
import { endOf, readReport, sum, type TestReport } from "./lib/test_report.ts";
import { foldersApart, TOGETHER, unitEntries } from "./lib/unit_entries.ts";

/** How many lanes run the whole suite. Each has a cluster of its own. */
const LANES_VARIABLE = "CODER_K8S_TEST_LANES";

/** A piece of work that has not ended by then hangs. */
const CHUNK_DEADLINE_MS = 15 * 60_000;

/** These want a terminal, or are about one process: everything runs in one, then. */
const OF_ONE_PROCESS = /^--(watch|inspect|reporter|junit-path|no-run|doc)\b/;

/** Runs the tests with extra arguments; resolves to the exit code. A missing tool is one line that says how to get it. */
export async function runTests(args: readonly string[]): Promise<number> {
  try {
    return await runOnRealParts(args);
  } catch (error) {
    if (!(error instanceof ToolsError || error instanceof RangeError)) throw error;
    say(`test: ${error.message}`);
    return 1;
  }
}

async function runOnRealParts(args: readonly string[]): Promise<number> {
  const paths = args.filter((arg) => !arg.startsWith("-"));
  const options = args.filter((arg) => arg.startsWith("-"));
  // Built before the tests begin, so that no test's deadline has to bear it, and with progress on the screen.
  if (paths.length === 0 || paths.some((path) => path.includes("tests/"))) await ensureCoderTools();
  if (paths.length > 0) return await oneProcess([...options, ...paths]);
  const temporary = await Deno.makeTempDir({ prefix: "coder-k8s-tests-" });
  try {
    const chunks = await wholeSuite(temporary);
    if (options.some((option) => OF_ONE_PROCESS.test(option))) {
      return await oneProcess([...options, ...chunks.flatMap(({ files }) => files)]);
    }
    return await inLanes(chunks, options, temporary);
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

/** Everything: unit tests room by room, then the others, folder by folder. */
async function wholeSuite(temporary: string): Promise<Chunk[]> {
  const units = await filesOf(TOGETHER);
  const together = unitEntries(root, units).map(async ({ name, room, text }) => {
    const path = join(temporary, name);
    await Deno.writeTextFile(path, text);
    return { name: room, files: [path] };
  });
  const apart = chunksOf(await filesOf(await foldersApart()));
  return inOrder([...await Promise.all(together), ...apart]);
}

async function filesOf(folders: readonly string[]): Promise<string[]> {
  return (await Promise.all(folders.map((folder) => filesBelow(folder, ["_test.ts"])))).flat();
}

async function oneProcess(args: readonly string[]): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "coder-k8s-audit-" });
  const ledger = new RightsLedger();
  try {
    return await withSharedCluster(async ({ dir }) => {
      const shared = layout(dir).auditLog;
      await ledger.skip(shared);
      const env = { [AUDIT_FOLDER_VARIABLE]: folder };
      const child = new Deno.Command(Deno.execPath(), { args: testArgs(args), cwd: root, stdin: "null", env })
        .spawn();
      using _stop = stopSignals((signal) => {
        // A terminal tells its whole group of Ctrl-C; the child is in it.
        if (signal !== "SIGINT") child.kill(signal);
      });
      const { code } = await child.status;
      for (const log of [shared, ...await auditLogs(folder)]) await ledger.read(log, "this run");
      const { failures } = await rightsReport(ledger, false);
      for (const { name, details } of failures) say(`\nFAILED: ${name}\n${details}`);
      return code === 0 && failures.length > 0 ? 1 : code;
    }, { progress: standardError() });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A lane and the cluster that its tests share. */
interface Lane extends AsyncDisposable {
  readonly number: number;
  readonly statePath: string;
  readonly auditLog: string;
}

async function inLanes(
  chunks: readonly Chunk[],
  options: readonly string[],
  temporary: string,
): Promise<number> {
  const started = performance.now();
  const stopped = new AbortController();
  using _stop = stopSignals((signal) => stopped.abort(new Error(`${signal} ended the run`)));
  const count = laneCount(Deno.env.get(LANES_VARIABLE), navigator.hardwareConcurrency);
  const lanes = await startLanes(count);
  const ledger = new RightsLedger();
  for (const { auditLog } of lanes) await ledger.skip(auditLog);
  let begun = 0;
  const reports: TestReport[] = [];
  const one = async (chunk: Chunk, lane: Lane, signal: AbortSignal) => {
    const place = `${++begun}/${chunks.length}, lane ${lane.number}`;
    const audited = await Deno.makeTempDir({ dir: temporary, prefix: "audit-" });
    say(`--- ${chunk.name} begins (${place})`);
    const { code, output, milliseconds } = await runChild(
      testArgs([...chunkOptions(options), ...chunk.files]),
      {
        env: { [SHARED_CLUSTER_VARIABLE]: lane.statePath, [AUDIT_FOLDER_VARIABLE]: audited },
        output: join(temporary, `lane-${lane.number}.log`),
        deadlineMs: CHUNK_DEADLINE_MS,
        signal,
      },
    );
    for (const log of [lane.auditLog, ...await auditLogs(audited)]) await ledger.read(log, chunk.name);
    await Deno.remove(audited, { recursive: true });
    const report = readReport(chunk.name, code, output);
    const verdict = report.failed === 0 ? "ok" : `FAILED (${report.failed})`;
    say(
      `\n--- ${chunk.name}: ${verdict}, ${
        Math.round(milliseconds / 1000)
      } s (${place})\n${output.trimEnd()}\n`,
    );
    reports.push(report);
  };
  try {
    await runLanes(lanes, chunks, one, stopped.signal);
  } finally {
    await Promise.all(lanes.map((lane) => lane[Symbol.asyncDispose]()));
  }
  const isWhole = !stopped.signal.aborted && !options.some((option) => option.startsWith("--filter"));
  const report = sum([...reports, await rightsReport(ledger, isWhole)]);
  say(`\n${endOf(report, performance.now() - started)}\n`);
  return report.failed > 0 || stopped.signal.aborted ? 1 : 0;
}

/** Coverage of many processes is put together once, by whoever wants it, not by each of them. */
function chunkOptions(options: readonly string[]): readonly string[] {
  const coverage = options.some((option) => option.startsWith("--coverage"));
  return coverage ? [...new Set([...options, "--coverage-raw-data-only"])] : options;
}

/** A cluster that somebody has given us has one lane: tests of two would meet on it. */
async function startLanes(count: number): Promise<Lane[]> {
  const given = Deno.env.get(SHARED_CLUSTER_VARIABLE);
  if (given) {
    const { dir } = await Cluster.open(given);
    const auditLog = layout(dir).auditLog;
    return [{ number: 1, statePath: given, auditLog, [Symbol.asyncDispose]: () => Promise.resolve() }];
  }
  say(
    `${count} lane${count === 1 ? "" : "s"}, each with a cluster of its own; ${LANES_VARIABLE} changes that`,
  );
  const started = await Promise.allSettled(Array.from({ length: count }, async (_, index) => {
    const progress = index === 0 ? { progress: standardError() } : {};
    const cluster = await startCluster({ name: `lane-${index + 1}`, ...progress });
    return {
      number: index + 1,
      statePath: cluster.statePath,
      auditLog: layout(cluster.dir).auditLog,
      [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
    };
  }));
  const lanes = started.flatMap((start) => start.status === "fulfilled" ? [start.value] : []);
  const refused = started.find((start) => start.status === "rejected");
  if (refused === undefined) return lanes;
  await Promise.all(lanes.map((lane) => lane[Symbol.asyncDispose]()));
  throw refused.reason;
}

if (import.meta.main) {
  const code = await runTests(Deno.args);
  if (code !== 0) say("\nSome tests failed. Run one file alone with: deno task test path/to/the_test.ts");
  Deno.exit(code);
}
