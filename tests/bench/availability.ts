/** What two compiled replicas, and all who use them, notice of what happens to every installation some day. */
import { disturb, type Disturbance, DISTURBANCES } from "../availability/disturbances.ts";
import { verdict } from "../availability/verdict.ts";
import { startWorld, type World } from "../availability/world.ts";
import { compiledBinary } from "./compiled_binary.ts";
import type { Report } from "./report.ts";
import { ToldRows } from "./told_rows.ts";

/** How often each disturbance comes; `BENCH_ROUNDS` says otherwise. */
const ROUNDS = Number(Deno.env.get("BENCH_ROUNDS") ?? "3");
const SEED = Number(Deno.env.get("BENCH_SEED") ?? "1");

interface Counted {
  readonly reads: number;
  readonly calls: number;
  readonly retries: number;
}

/** Measures; the compiled binary must exist (`deno task compile`). */
export async function measure(): Promise<Report> {
  const rows = new ToldRows();
  const binary = await compiledBinary();
  await using world = await startWorld({ seed: SEED, binary, planes: 10 });
  const times = new Map<Disturbance, number[]>();
  const counts = new Map<Disturbance, Counted>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const disturbance of DISTURBANCES) {
      const before = counted(world);
      const began = performance.now();
      await disturb(world, disturbance);
      times.set(disturbance, [...times.get(disturbance) ?? [], (performance.now() - began) / 1_000]);
      const { reads, calls, retries } = counts.get(disturbance) ?? { reads: 0, calls: 0, retries: 0 };
      const now = counted(world);
      counts.set(disturbance, {
        reads: reads + now.reads - before.reads,
        calls: calls + now.calls - before.calls,
        retries: retries + now.retries - before.retries,
      });
    }
  }
  const found = await verdict(world);
  for (const disturbance of DISTURBANCES) {
    const { reads, calls, retries } = counts.get(disturbance)!;
    const all = times.get(disturbance)!;
    const longest = Math.max(...all);
    rows.push({
      what: `${ROUNDS} × ${disturbance}: until all is up again, the longest`,
      measured: `${longest.toFixed(1)} s (${reads} reads, ${calls} calls, ${retries} of them sent again)`,
      value: longest,
    });
  }
  const none = (what: string, all: readonly string[], more = "") => {
    for (const one of all) Deno.stderr.writeSync(new TextEncoder().encode(`  ${one}\n`));
    rows.atMost(0, { what, value: all.length, text: `${all.length}${more}` });
  };
  none(
    `reads that failed, of ${found.reads} by kubectl and ${found.requests} by client-go's rules`,
    found.failedReads,
    `; sent again: ${
      found.requestRetries.join(", ") || "none"
    }; cut off by a dying API server: ${found.cutReads}; in hand at a replica that was killed: ${found.orphanedReads}; attempts that found none: ${found.unreached}`,
  );
  none(`MCP calls that were lost, of ${found.calls}`, found.lostCalls);
  none(
    `writes of two processes at once, or of one that did not lead, of ${found.writes} for ${found.changes} changes`,
    found.doubleWrites,
    `, ${found.leaders} leaders`,
  );
  none("objects that an informer of client-go has wrong in the end", found.misinformed);
  rows.push({
    what: `watches of kubectl that broke instead of ending, of ${found.watches}`,
    measured: String(found.brokenWatches.length),
    value: found.brokenWatches.length,
  });
  rows.push({
    what: "the longest read of kubectl; the longest MCP call, from the first attempt to the answer",
    measured: `${(found.longestReadMs / 1_000).toFixed(1)} s; ${(found.longestCallMs / 1_000).toFixed(1)} s`,
    value: found.longestReadMs,
  });
  return { area: "availability", rows: rows.list };
}

function counted({ reads, calls }: World): Counted {
  return { reads: reads.report.reads, calls: calls.report.calls, retries: calls.report.retries };
}
