/** Starting, judging and ending the parts of a cluster. */
import https from "node:https";
import http from "node:http";
import { END_NOTED_MS, exitCode, launch, runningPid, signalPart, waitUntilGone } from "./processes.ts";
import { exists, removeTree } from "./paths.ts";
import { partCommand } from "./parts.ts";
import { type ClusterState, layout, type Part, PARTS, readKeyPair } from "./state.ts";
import { waitFor } from "./wait.ts";

/** A part did not become ready. The message ends with the tail of its log. */
export class PartFailedError extends Error {
  override name = "PartFailedError";
  constructor(message: string, readonly part: Part, readonly logTail: string) {
    super(`${message}\n--- last lines of ${part}'s log ---\n${logTail}`);
  }

  /** Whether somebody else had taken a port. */
  get portTaken(): boolean {
    return /address already in use/i.test(this.logTail);
  }
}

/** How long a part may take to become ready; generous, since a busy machine is not a broken one. */
const READY_TIMEOUT_MS = 120_000;

/** Starts a part that does not run, and waits until it is ready. One that runs is only waited for. */
export async function startPart(state: ClusterState, part: Part): Promise<void> {
  if (await runningPid(state.dir, part) === undefined) {
    const { program, args } = partCommand(state, part);
    await launch(state.dir, part, program, args);
  }
  await partReady(state, part);
}

/** Waits until a part answers that it is healthy. */
export async function partReady(state: ClusterState, part: Part): Promise<void> {
  const probe = await healthProbe(state, part);
  const died = new AbortController();
  let endedAt: number | undefined;
  try {
    await waitFor(async () => {
      if (await probe()) return true;
      if (await runningPid(state.dir, part) !== undefined) {
        endedAt = undefined;
        return false;
      }
      endedAt ??= performance.now();
      const code = await exitCode(state.dir, part);
      // A program that is still being loaded looks as if it were not there: only its note says that it has ended.
      if (code !== undefined || performance.now() - endedAt > END_NOTED_MS) {
        died.abort(new Error(`it ended with exit code ${code ?? "unknown"}`));
      }
      return false;
    }, { timeoutMs: READY_TIMEOUT_MS, intervalMs: 50, what: "it to be ready", signal: died.signal });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const tail = await logTail(layout(state.dir).log(part));
    throw new PartFailedError(`${part} of cluster ${state.name} did not start: ${reason}`, part, tail);
  }
}

/**
 * Ends a part: SIGTERM, and SIGKILL where that does not help.
 *
 * @param graceMs how long it may take before it is killed, in milliseconds
 */
export async function stopPart(state: ClusterState, part: Part, graceMs: number): Promise<void> {
  if (!(await signalPart(state.dir, part, "SIGTERM"))) return;
  try {
    await waitUntilGone(state.dir, part, graceMs);
  } catch {
    await killPart(state, part);
  }
}

/** Ends a part as a crash would. */
export async function killPart(state: ClusterState, part: Part): Promise<void> {
  if (await signalPart(state.dir, part, "SIGKILL")) await waitUntilGone(state.dir, part, 60_000);
}

/** Ends everything and removes the cluster's directory. What a killed API server leaves in etcd does not matter then. */
export async function destroy(dir: string): Promise<void> {
  if (!(await exists(dir))) return;
  // Whoever is just starting a part sees this and ends it.
  await Deno.writeTextFile(`${dir}/closing`, "");
  await waitFor(async () => {
    const signalled = await Promise.all(PARTS.map((part) => signalPart(dir, part, "SIGKILL")));
    return !signalled.includes(true);
  }, { timeoutMs: 60_000, intervalMs: 20, what: `the parts of ${dir} to end` });
  await removeTree(dir);
}

/** The parts that run now. */
export async function runningParts(dir: string): Promise<Part[]> {
  const pids = await Promise.all(PARTS.map((part) => runningPid(dir, part)));
  return PARTS.filter((_, index) => pids[index] !== undefined);
}

/** The last lines of a log file. */
export async function logTail(path: string, lines = 25): Promise<string> {
  try {
    return (await Deno.readTextFile(path)).trimEnd().split("\n").slice(-lines).join("\n");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "(no log)";
    throw error;
  }
}

async function healthProbe(state: ClusterState, part: Part): Promise<() => Promise<boolean>> {
  const { certPem, keyPem } = await readKeyPair(state.dir, part === "etcd" ? "etcd" : "admin");
  const ca = await Deno.readTextFile(layout(state.dir).cert("ca"));
  const port = state.ports[part];
  const path = {
    etcd: "/readyz",
    apiserver: "/readyz",
    "controller-manager": "/healthz",
    scheduler: "/readyz",
    kwok: "/healthz",
  };
  return () =>
    new Promise((resolve) => {
      const common = { host: "127.0.0.1", port, path: path[part], timeout: 10_000, agent: false as const };
      const request = part === "kwok"
        ? http.request(common)
        : https.request({ ...common, ca, cert: certPem, key: keyPem });
      request.on("response", (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode === 200));
        response.on("error", () => resolve(false));
      });
      request.on("timeout", () => request.destroy());
      request.on("error", () => resolve(false));
      request.on("close", () => resolve(false));
      request.end();
    });
}
