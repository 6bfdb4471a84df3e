/** `deno task soak availability`: replicas under load, and everything that happens to them some day, in any order. */
import { pick, seededRandom } from "../../src/telemetry/testing/random.ts";
import { disturb, type Disturbance, DISTURBANCES } from "../availability/disturbances.ts";
import { verdict } from "../availability/verdict.ts";
import { startWorld } from "../availability/world.ts";
import { sleep } from "../cluster/mod.ts";
import { type AreaOptions, clock, type Report, without } from "./report.ts";

/** Between two disturbances at most, in milliseconds: some meet what the one before has left behind. */
const REST_MS = 5_000;

/** Disturbs until the time is over. `CODER_K8S_BINARY` names a compiled binary; without it, it runs from source. */
export async function run({ minutes, seed, signal, say, watch }: AreaOptions): Promise<Report> {
  const random = seededRandom(seed);
  const binary = Deno.env.get("CODER_K8S_BINARY") || undefined;
  await using world = await startWorld({ seed, binary, planes: 8 });
  const end = performance.now() + minutes * 60_000;
  const begun = performance.now();
  const counts = new Map<Disturbance, number>();
  let now = "";
  await watch(
    () => `${clock(performance.now() - begun)}  ${world.requests.report.requests} requests  ${now}`,
    async () => {
      while (performance.now() < end) {
        signal.throwIfAborted();
        const disturbance = pick(random, DISTURBANCES);
        now = disturbance;
        await disturb(world, disturbance);
        counts.set(disturbance, (counts.get(disturbance) ?? 0) + 1);
        const { reads, requests, calls } = world;
        const bad = reads.report.failed.length + requests.report.failed.length + calls.report.lost.length;
        say(`${disturbance}: ${bad} failures so far`);
        await sleep(random() * REST_MS, signal);
      }
    },
  );
  const found = await verdict(world);
  return {
    facts: [
      ...[...counts].map(([what, count]) => [what, String(count)] as const),
      ["reads of kubectl; by client-go's rules", `${found.reads}; ${found.requests}`],
      ["sent again", found.requestRetries.join(", ") || "none"],
      ["cut off by a dying API server", String(found.cutReads)],
      ["in hand at a replica that was killed", String(found.orphanedReads)],
      ["MCP calls", `${found.calls}, ${found.retries} of them sent again`],
      ["changes; writes of the controllers; leaders", `${found.changes}; ${found.writes}; ${found.leaders}`],
      ["watches of kubectl that broke", `${found.brokenWatches.length} of ${found.watches}`],
      ["longest read; longest call", `${seconds(found.longestReadMs)}; ${seconds(found.longestCallMs)}`],
    ],
    checks: [
      without("reads that failed", found.failedReads),
      without("MCP calls that were lost", found.lostCalls),
      without("writes of two at once, or of one that did not lead", found.doubleWrites),
      without("what an informer has wrong in the end", found.misinformed),
    ],
  };
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
