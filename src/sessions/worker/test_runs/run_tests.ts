/** The operation `test.run`. */
import type { z } from "zod";
import type { testRun } from "../../operations.ts";
import { SessionError } from "../../types.ts";
import type { Process } from "../process.ts";
import { type CallContext, waitedFor, withTrace } from "../process_operations.ts";
import { reportName, takeReport, withReport } from "../quiet.ts";
import { relativePath } from "../relative_path.ts";
import { decodeUtf8, MOST_SHOWN } from "../shown_text.ts";
import type { WorkerSession } from "../worker_session.ts";
import { deno } from "./deno.ts";
import { detectFramework, markedRoot } from "./detect.ts";
import { filesOf, type SessionFiles } from "./files.ts";
import { go } from "./go.ts";
import { jest, vitest } from "./jest.ts";
import { mocha } from "./mocha.ts";
import { node } from "./node.ts";
import { pytest } from "./pytest.ts";
import { withinSession } from "./results.ts";
import type { Framework, FrameworkName, Output, Place, Results } from "./types.ts";
import { unittest } from "./unittest.ts";

type Input = z.output<typeof testRun.input>;

export const FRAMEWORKS: Readonly<Record<FrameworkName, Framework>> = {
  pytest,
  unittest,
  node,
  jest,
  vitest,
  mocha,
  go,
  deno,
};

/**
 * Runs tests and tells what became of them. Where they take longer than `waitMs`, they go on as a process, and
 * `process.output` tells it once they have ended. Rejects with `SessionError`: where no tests are found, where the framework is not installed.
 */
export async function runTests(session: WorkerSession, input: Input, context: CallContext): Promise<Output> {
  const path = relativePath(input.path, "path").replace(/^\.\//, "").replace(/\/+$/, "") || ".";
  const files = filesOf(session.sandbox, context.signal);
  const isFile = path !== "." && await files.isFile(path);
  const name = input.framework ?? await detectFramework(files, path, isFile);
  if (name === undefined) {
    throw new SessionError(
      "not_found",
      `no tests were found in ${path}: name the framework (${
        Object.keys(FRAMEWORKS).join(", ")
      }), or another path`,
    );
  }
  const { process, results, missing } = await runOne(session, name, { path, isFile, files }, input, context);
  if (missing !== undefined && name === "pytest" && input.framework === undefined) {
    // Its files are called as those of unittest are, which is always there.
    const other = await runOne(session, "unittest", { path, isFile, files }, input, context);
    if (other.results !== undefined && hasTests(other.results)) return answer("unittest", other);
  }
  if (missing !== undefined) throw new SessionError("failed", `${name} could not be started: ${missing}`);
  return answer(name, { process, results });
}

interface Run {
  readonly process: Process;
  readonly results: Results | undefined;
  readonly missing?: string | undefined;
}

interface Asked {
  readonly path: string;
  readonly isFile: boolean;
  readonly files: SessionFiles;
}

async function runOne(
  { processes, sandbox }: WorkerSession,
  name: FrameworkName,
  { path, isFile, files }: Asked,
  input: Input,
  context: CallContext,
): Promise<Run> {
  const framework = FRAMEWORKS[name];
  const { root, marker } = await markedRoot(files, path, isFile, framework.markers);
  const below = root === "." ? path : path === root ? "." : path.slice(root.length + 1);
  const place: Place = { root, path: below === "." ? below : relativePath(below, "path"), isFile, marker };
  const { line, argv, env, filter, results } = framework.command(place, input.args);
  const report = reportName(".out");
  const process = await waitedFor(
    processes,
    {
      argv: withReport(line, report, argv),
      command: [name, ...(path === "." ? [] : [path]), ...input.args].join(" "),
      cwd: root,
      env: withTrace({ ...env, ...input.env }, context.traceparent),
      stdin: new Uint8Array(),
      interactive: false,
      timeoutMs: 0,
      filter,
    },
    input.waitMs,
    context,
  );
  const look = async (signal: AbortSignal): Promise<Run> => {
    const text = await takeReport(sandbox, report, signal);
    const found = results?.() ?? (text === undefined ? undefined : framework.parse?.(text));
    return {
      process,
      results: found && { ...found, failures: found.failures.map((failure) => located(failure, root)) },
      missing: found === undefined ? framework.missing(ended(process)) : undefined,
    };
  };
  if (!process.isRunning) return await look(context.signal);
  process.leave(async (signal) => ({ tests: testsOf(name, (await look(signal)).results) }));
  return { process, results: undefined };
}

function located(failure: Results["failures"][number], root: string): Results["failures"][number] {
  return failure.file === undefined ? failure : { ...failure, file: withinSession(failure.file, root) };
}

function ended(process: Process) {
  const last = (stream: "stdout" | "stderr") =>
    decodeUtf8(process[stream].read(process[stream].end - MOST_SHOWN, MOST_SHOWN)).text;
  return { exitCode: process.end?.exitCode, stdout: last("stdout"), stderr: last("stderr") };
}

/** More than modules that cannot be loaded without pytest. */
function hasTests({ counts, failures }: Results): boolean {
  return counts.passed + counts.failed + counts.skipped > 0 ||
    failures.some(({ name }) => !name.includes("_FailedTest"));
}

function answer(framework: FrameworkName, { process, results }: Run): Output {
  return { ...process.state(), ...testsOf(framework, results) };
}

function testsOf(framework: FrameworkName, results: Results | undefined) {
  return {
    framework,
    ...(results === undefined ? {} : { counts: results.counts }),
    failures: [...results?.failures ?? []],
  };
}
