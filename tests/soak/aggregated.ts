/**
 * `deno task soak aggregated`: informers of client-go and client-node over two replicas and three Coders, and in turn with
 * them two writers through two replicas.
 */
import { startCluster } from "../cluster/mod.ts";
import { runInformers, type RunResult } from "../informer/run.ts";
import { runWrites } from "./aggregated_writes.ts";
import { type AreaOptions, clock, type Report, without } from "./report.ts";

/** Changes between two looks at all stores. */
const CHANGES = 400;
/** How long is written after the looks of a seed, in milliseconds. */
const WRITES_MS = 30_000;

/** Runs histories, each of a seed of its own, until the time is over. */
export async function run({ minutes, seed, signal, say, watch }: AreaOptions): Promise<Report> {
  await using cluster = await startCluster({ name: "soak-aggregated" });
  const end = performance.now() + minutes * 60_000;
  const findings: string[] = [];
  const total: Record<string, number> = {};
  let [runs, changes, looks] = [0, 0, 0];
  const begun = performance.now();
  await watch(
    () => `${clock(performance.now() - begun)}  ${changes} changes, ${looks} looks at all stores`,
    async () => {
      while (performance.now() < end) {
        const own = seed + runs++;
        const result: RunResult | Error = await runInformers({
          cluster,
          seed: own,
          changes: CHANGES,
          looks: 5,
          signal,
          say: () => {
            looks++;
            changes += CHANGES;
          },
        }).catch((error) => error);
        signal.throwIfAborted();
        const written = await runWrites({ cluster, seed: own, ms: WRITES_MS, signal }).catch((error) => {
          signal.throwIfAborted();
          return { happened: {}, findings: [String(error)] };
        });
        findings.push(...written.findings.map((text) => `seed ${own}, writes: ${text}`));
        for (const text of written.findings.slice(0, 20)) say(text);
        for (const [what, count] of Object.entries(written.happened)) {
          total[`writes, ${what}`] = (total[`writes, ${what}`] ?? 0) + count;
        }
        if (result instanceof Error) {
          findings.push(`seed ${own}: ${result.message}`);
          say(`seed ${own}: ${result.message}`);
          continue;
        }
        findings.push(...result.findings.map((text) => `seed ${own}: ${text}`));
        for (const text of result.findings.slice(0, 20)) say(text);
        for (const [what, count] of Object.entries({ ...result.happened, ...result.counts })) {
          total[what] = (total[what] ?? 0) + count;
        }
        say(`seed ${own}: ${result.findings.length} findings`);
      }
    },
  );
  return {
    facts: [
      ["seeds", `${seed} to ${seed + runs - 1}`],
      ["changes", String(changes)],
      ["looks at all stores", String(looks)],
      ...Object.entries(total).sort(([a], [b]) => a < b ? -1 : 1).map(([what, count]) =>
        [what, String(count)] as const
      ),
    ],
    checks: [
      without(
        "differences between stores, Coder and what was accepted, errors, versions that go back, ConfigMaps that are left",
        findings,
      ),
    ],
  };
}
