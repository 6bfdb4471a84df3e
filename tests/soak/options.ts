/** The command line of `deno task soak`. */
import { parseArgs } from "node:util";

export const AREAS = [
  "aggregated",
  "availability",
  "chaos",
  "controlplane",
  "idle",
  "provisioner",
  "proxy",
  "sessions",
] as const;
export type Area = typeof AREAS[number];

/** What was asked for. */
export interface SoakOptions {
  areas: readonly Area[];
  /** Of each area. */
  minutes: number;
  seed: number;
  help: boolean;
}

export const HELP = `deno task soak [area…] [--minutes N] [--seed N]

Runs the product for long, and exits 1 where it did not bear it: the first five on a cluster of their own.

  aggregated
          informers of client-go and client-node on two replicas of the aggregated API server, over three Coders in
          which much happens; replicas, connections and Coders break, and every store has to be what Coder has
  availability
          two replicas as they are shipped, under load: rolling updates, changes of the leader in order and by force, a
          dead API server, in any order; no read of kubectl fails, no MCP call is lost, nothing is reconciled twice
  chaos   users at work on control planes while API server, watches, requests and the operator itself break;
          at the end all has to be as they last asked for
  controlplane
          the same with real Coders behind the control planes: coderd and PostgreSQL break as well, and somebody
          lays hands on the operator's tokens; at the end each control plane has one token that works
  idle    200 control planes and nothing to do: no writes, no growth
  provisioner
          random histories of one provisioner in memory, thousands of them: spec changes, crashes at any step, lost
          answers, refusals, hands on keys and Secrets; its pods always have a valid key, in the end there is one
  proxy   the same of one workspace proxy, its registration and its token
  sessions
          1,000,000 file operations of sandbox sessions while a process swaps directories, files and links: nothing
          outside is read or changed; takes as long as it takes

  --minutes N   how long each area runs (default 10)
  --seed N      the plan of chaos, or the first history; the same seed and minutes give the same plan (default: a new
                one, printed)
`;

/** @throws {Error} naming every mistake */
export function parseOptions(args: readonly string[], newSeed: () => number): SoakOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      minutes: { type: "string", default: "10" },
      seed: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const mistakes: string[] = [];
  const unknown = positionals.filter((each) => !(AREAS as readonly string[]).includes(each));
  if (unknown.length > 0) {
    mistakes.push(`there is no area named ${unknown.join(", ")}; there are: ${AREAS.join(", ")}`);
  }
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && Number.isFinite(minutes))) {
    mistakes.push(`--minutes must be a number above 0, not "${values.minutes}"`);
  }
  const seed = values.seed === undefined ? newSeed() : Number(values.seed);
  if (!Number.isSafeInteger(seed) || seed < 0 || values.seed === "") {
    mistakes.push(`--seed must be a whole number from 0 on, not "${values.seed}"`);
  }
  if (mistakes.length > 0) throw new Error(mistakes.join("; "));
  const areas = AREAS.filter((area) => positionals.length === 0 || positionals.includes(area));
  return { areas, minutes, seed, help: values.help };
}
