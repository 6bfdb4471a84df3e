/** The operation `pkg.install`. */
import type { z } from "zod";
import { MAX_BODY_BYTES, type pkgInstall } from "../../operations.ts";
import type { Sandbox } from "../../sandbox/types.ts";
import { SessionError } from "../../types.ts";
import type { Process } from "../process.ts";
import { type CallContext, waitedFor, withTrace } from "../process_operations.ts";
import type { StartSpec } from "../processes.ts";
import { reportName, takeReport, withReport } from "../quiet.ts";
import { relativePath } from "../relative_path.ts";
import { decodeUtf8 } from "../shown_text.ts";
import type { WorkerSession } from "../worker_session.ts";
import type { InstalledPackage } from "./installed.ts";
import { NPM_LOCK, NPM_VARIABLES, npmArguments, npmInstalled, npmLocked } from "./npm.ts";
import { PIP_LINE, PIP_VARIABLES, pipArguments, pipInstalled, pipTrouble } from "./pip.ts";
import type { PackageSettings } from "./settings.ts";

type Input = z.output<typeof pkgInstall.input>;
type Output = z.output<typeof pkgInstall.output>;

/**
 * Installs packages for a session: Python's below its home, those of npm in its directory or in `from`. Where the manager
 * takes longer than `waitMs`, it goes on as a process, and `process.output` tells what was installed once it has ended.
 */
export async function installPackages(
  session: WorkerSession,
  input: Input,
  settings: PackageSettings,
  context: CallContext,
): Promise<Output> {
  const { manager, packages, from } = input;
  if (packages.length === 0 && from === undefined) {
    throw new SessionError(
      "invalid",
      `${manager} was given nothing to install: name packages, or from (${
        manager === "pip" ? "a requirements file" : "a directory with package.json"
      })`,
    );
  }
  const before = settings.counts?.(session.id);
  const { process, installed } = await (manager === "pip" ? pip : npm)(session, input, settings, context);
  const after = settings.counts?.(session.id);
  return {
    ...process.state(),
    installed: [...installed],
    ...(before === undefined || after === undefined ? {} : { cached: after.cached - before.cached }),
  };
}

interface Done {
  readonly process: Process;
  readonly installed: readonly InstalledPackage[];
}

function specOf(
  input: Input,
  variables: Readonly<Record<string, string>>,
  settings: PackageSettings,
  context: CallContext,
) {
  return {
    command: [input.manager, "install", ...(input.from === undefined ? [] : [input.from]), ...input.packages]
      .join(" "),
    env: withTrace({ ...variables, ...settings.environment }, context.traceparent),
    stdin: new Uint8Array(),
    interactive: false,
    timeoutMs: 0,
  } satisfies Partial<StartSpec>;
}

async function pip(
  { processes, sandbox }: WorkerSession,
  input: Input,
  settings: PackageSettings,
  context: CallContext,
): Promise<Done> {
  const report = reportName(".json");
  const argv = withReport(PIP_LINE, report, pipArguments(input.packages, input.from));
  const spec = { ...specOf(input, PIP_VARIABLES, settings, context), argv, cwd: "." };
  const process = await waitedFor(processes, spec, input.waitMs, context);
  const look = async (signal: AbortSignal): Promise<Done> => {
    const { stdout, stderr, exitCode } = process.state();
    const text = await takeReport(sandbox, report, signal);
    const trouble = exitCode === 0 ? undefined : pipTrouble(exitCode, stderr);
    if (trouble !== undefined) throw new SessionError("failed", `pip could not be started: ${trouble}`);
    return { process, installed: exitCode === 0 ? pipInstalled(text, stdout) : [] };
  };
  return await nowOrLater(process, look, context);
}

/** At once where it has ended, otherwise for who asks for its output then. */
async function nowOrLater(
  process: Process,
  look: (signal: AbortSignal) => Promise<Done>,
  { signal }: CallContext,
): Promise<Done> {
  if (!process.isRunning) return await look(signal);
  process.leave(async (signal) => ({ installed: [...(await look(signal)).installed] }));
  return { process, installed: [] };
}

async function npm(
  { processes, sandbox }: WorkerSession,
  input: Input,
  settings: PackageSettings,
  context: CallContext,
): Promise<Done> {
  const cwd = input.from === undefined ? "." : relativePath(input.from, "from");
  const lock = `${cwd === "." ? "" : `${cwd.slice(2)}/`}${NPM_LOCK}`;
  const before = npmLocked(await textOf(sandbox, lock, context.signal));
  const spec = {
    ...specOf(input, NPM_VARIABLES, settings, context),
    argv: npmArguments(input.packages),
    cwd,
  };
  let process: Process;
  try {
    process = await waitedFor(processes, spec, input.waitMs, context);
  } catch (error) {
    if (!(error instanceof SessionError) || error.code !== "not_found" || error.message.includes("cwd")) {
      throw error;
    }
    throw new SessionError(
      "failed",
      "npm could not be started: this worker has none: install Node.js there, or use another worker",
      { cause: error },
    );
  }
  // What a failed attempt has left is there as well.
  const look = async (signal: AbortSignal): Promise<Done> => ({
    process,
    installed: npmInstalled(before, npmLocked(await textOf(sandbox, lock, signal))),
  });
  return await nowOrLater(process, look, context);
}

/** A file of the session; undefined where it is not there, or too long. */
async function textOf(sandbox: Sandbox, path: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { output, body } = await sandbox.file(
      "read",
      { path, offset: 0, length: MAX_BODY_BYTES },
      undefined,
      signal,
    );
    return output["eof"] === true ? decodeUtf8(body ?? new Uint8Array()).text : undefined;
  } catch (error) {
    if (error instanceof SessionError && error.code === "not_found") return undefined;
    throw error;
  }
}
