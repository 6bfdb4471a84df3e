/** Jobs of provisioners, of all Coders that somebody knows of: asked for as them, in turns. */
import type { CoderRef } from "../../caller/types.ts";
import { toolError } from "../../mcp/errors.ts";
import { askForJobs, type Job } from "../../mcp/tools/provisioner_jobs.ts";
import type { JobRow } from "../types.ts";
import { codersOf } from "./reach.ts";
import { Rest, type Source, type SourceWorld } from "./source.ts";
import { textOf, timeOf } from "./words.ts";

/** Between two rounds, while something is being done and while nothing is, in milliseconds. */
const BUSY_MS = 5_000;
const QUIET_MS = 15_000;
/** No sooner after a round than this, whatever happens, in milliseconds. */
const LEAST_MS = 1_000;
const ACTIVE = ["pending", "running", "canceling"] as const;
const MOST_ACTIVE = 500;
/** Of each organization, jobs that are over. */
const LAST = 20;
/** Coders that are asked, and at a time. */
const MOST_CODERS = 200;
const AT_ONCE = 4;

export interface Jobs {
  readonly source: Source;
  /** There may be news. */
  wake(): void;
}

export function jobs(): Jobs {
  const rest = new Rest();
  return {
    wake: () => rest.wake(),
    source: {
      sections: ["jobs"],
      async run(world) {
        while (!world.signal.aborted) {
          const isBusy = await round(world);
          await new Rest().wait(LEAST_MS, world.signal, world.clock);
          await rest.wait((isBusy ? BUSY_MS : QUIET_MS) - LEAST_MS, world.signal, world.clock);
        }
      },
    },
  };
}

/** Resolves to whether anything is being done. */
async function round({ visitor, board, signal }: SourceWorld): Promise<boolean> {
  const { coders, namespaces } = visitor();
  const problems: string[] = [];
  try {
    const all = await codersOf({ coders, namespaces }, signal);
    const refs = all.slice(0, MOST_CODERS);
    if (refs.length < all.length) problems.push(`only ${refs.length} of ${all.length} Coders are asked`);
    const rows: JobRow[] = [];
    const left = refs.values();
    const work = async () => {
      for (const ref of left) {
        try {
          rows.push(...await jobsOf(ref, { coders, signal, warn: (text) => problems.push(text) }));
        } catch (error) {
          // What was known of it may be so no longer, and is not shown as if it were.
          problems.push(toolError(error, `list provisioner jobs of ${ref.id}`).message);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (signal.aborted) return false;
    board.replace("jobs", rows);
    board.tell("jobs", [...new Set(problems)].slice(0, 5).join("; "));
    return rows.some(({ state }) => (ACTIVE as readonly string[]).includes(state));
  } catch (error) {
    if (signal.aborted) return false;
    const { code, message } = toolError(error, "list Coders");
    // What may not be seen any more is not shown any more.
    if (code === "forbidden") board.replace("jobs", []);
    board.tell("jobs", message);
    return false;
  }
}

async function jobsOf(
  { namespace, controlPlane }: CoderRef,
  call: Parameters<typeof askForJobs>[0],
): Promise<JobRow[]> {
  const place = { namespace, controlPlane };
  const [active, last] = await Promise.all([
    askForJobs(call, { ...place, status: ACTIVE, limit: MOST_ACTIVE }),
    // One warning of each is enough.
    askForJobs({ ...call, warn() {} }, { ...place, limit: LAST }),
  ]);
  return [...new Map([...last, ...active].map((job) => [job.id, rowOf(job, namespace)])).values()];
}

function rowOf(job: Job, namespace: string): JobRow {
  const waits = job.status === "pending" && job.availableWorkers === 0 ? "no provisioner takes it" : "";
  return {
    id: textOf(job.id, 64),
    namespace,
    type: textOf(job.type, 64),
    state: textOf(job.status, 64),
    queue: job.queuePosition === undefined ? "" : String(job.queuePosition),
    createdAt: timeOf(job.createdAt),
    worker: textOf(job.worker, 256),
    message: textOf(job.error) || waits || textOf(job.workspace ?? job.template, 256),
  };
}
