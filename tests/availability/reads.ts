/** People who read with the real kubectl, one process a read, as fast as they get answers. */
import { type Cluster, sleep } from "../cluster/mod.ts";
import { BROKE_OFF, type Deaths } from "./deaths.ts";
import type { Front } from "./front.ts";

/** One run of kubectl that failed. */
export interface FailedRead {
  readonly command: string;
  readonly at: Date;
  readonly why: string;
}

export interface ReadsReport {
  readonly reads: number;
  readonly failed: readonly FailedRead[];
  /** Reads that never came to an API server; they were begun again. */
  readonly unreached: number;
  /** Answers that an API server cut off half-way when it died; kubectl says "please retry", and so it was done. */
  readonly cut: number;
  /** Asked of a replica that was killed before it had answered; begun again, as a person would. */
  readonly orphaned: number;
  /** Of one read, in milliseconds. */
  readonly longestMs: number;
  /** Watches that were open, and those of them that broke instead of ending in order. */
  readonly watches: number;
  readonly broken: readonly FailedRead[];
}

/** Disposing of it waits for the last answers. */
export interface Reads extends AsyncDisposable {
  readonly report: ReadsReport;
}

export interface ReadsOptions {
  readonly cluster: Cluster;
  /** Of the reader. */
  readonly kubeconfig: string;
  /** In front of the API server: it knows when that was away. */
  readonly front: Pick<Front, "outagesSoFar" | "outages">;
  readonly deaths: Pick<Deaths, "met">;
  /** Arguments of each reader, and the least number of lines of an answer that is complete. */
  readonly readers: readonly { readonly args: readonly string[]; readonly lines: number }[];
  /** Arguments of watches, each kept open by a process that is begun anew when it ends. */
  readonly watchers: readonly (readonly string[])[];
  /** Between two reads of one reader, in milliseconds. @default {100} */
  readonly pauseMs?: number;
}

/**
 * Nothing was asked for yet: ten seconds were too few for a handshake on a machine with much else to do, or the API
 * server was away for longer than kubectl's ten retries.
 */
const NEVER_REACHED = /TLS handshake timeout|Unable to connect to the server: EOF/;

const CUT_OFF = /when reading response body|unexpected EOF|client connection lost/;

/** What the API server lets kubectl say beside an answer is no failure. */
export function withoutWarnings(stderr: string): string {
  return stderr.split("\n").filter((line) => !line.startsWith("Warning: ")).join("\n").trim();
}

/** How long one kubectl may take: it tries again by itself where the API server is away, in milliseconds. */
const PATIENCE_MS = 180_000;

export function startReads(options: ReadsOptions): Reads {
  const { cluster, kubeconfig, readers, watchers, pauseMs = 100 } = options;
  const stop = new AbortController();
  const failed: FailedRead[] = [];
  const broken: FailedRead[] = [];
  let reads = 0;
  let unreached = 0;
  let cut = 0;
  let orphaned = 0;
  let watches = 0;
  let longestMs = 0;

  async function read(args: readonly string[], lines: number): Promise<void> {
    while (!stop.signal.aborted) {
      const outages = options.front.outagesSoFar;
      const at = new Date();
      const began = performance.now();
      const { code, stdout, stderr } = await cluster.kubectl(args, {
        kubeconfig,
        allowFailure: true,
        timeoutMs: PATIENCE_MS,
      }).catch((error) => ({ code: -1, stdout: "", stderr: String(error) }));
      if (NEVER_REACHED.test(stderr)) {
        unreached++;
        continue;
      }
      if (code !== 0 && CUT_OFF.test(stderr) && await options.front.outages() > outages) {
        cut++;
        continue;
      }
      if (code !== 0 && BROKE_OFF.test(stderr) && options.deaths.met(began)) {
        orphaned++;
        continue;
      }
      reads++;
      longestMs = Math.max(longestMs, performance.now() - began);
      const told = stdout.split("\n").length - 1;
      const why = code !== 0
        ? withoutWarnings(stderr) || `exit code ${code}`
        : told < lines
        ? `${told} lines, not ${lines}`
        : "";
      if (why !== "") failed.push({ command: args.join(" "), at, why });
      await sleep(pauseMs, stop.signal).catch(() => {});
    }
  }

  async function watch(args: readonly string[]): Promise<void> {
    while (!stop.signal.aborted) {
      watches++;
      const at = new Date();
      const child = new Deno.Command(cluster.state.tools.path.kubectl, {
        args: [...args],
        env: { KUBECONFIG: kubeconfig, KUBECACHEDIR: `${cluster.dir}/kubectl-cache` },
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).spawn();
      const end = () => child.kill("SIGTERM");
      stop.signal.addEventListener("abort", end, { once: true });
      const { code, stderr } = await child.output();
      stop.signal.removeEventListener("abort", end);
      const why = withoutWarnings(new TextDecoder().decode(stderr));
      if (!stop.signal.aborted && (code !== 0 || why !== "")) {
        broken.push({ command: args.join(" "), at, why: `exit code ${code}: ${why}` });
      }
    }
  }

  const running = [...readers.map(({ args, lines }) => read(args, lines)), ...watchers.map(watch)];
  return {
    get report() {
      return { reads, unreached, cut, orphaned, failed, longestMs, watches, broken };
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("enough was read"));
      await Promise.all(running);
    },
  };
}
