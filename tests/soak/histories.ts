/** Random histories in memory, one after the other: `deno task soak provisioner` and `deno task soak proxy`. */
import { failureText, type HistoryOptions, type HistoryResult, soakHistories } from "../model/history.ts";
import { type AreaOptions, clock, type Report, without } from "./report.ts";

/** Lives through histories for as long as was asked for, or until one goes wrong; that one is written to a file. */
export async function runHistories(
  area: string,
  run: (seed: number, options: HistoryOptions) => Promise<HistoryResult>,
  { minutes, seed, signal, say, watch, dir }: AreaOptions,
): Promise<Report> {
  say(`seeds from ${seed} on, for ${minutes} minutes`);
  const started = performance.now();
  const over = AbortSignal.any([signal, AbortSignal.timeout(minutes * 60_000)]);
  let done = 0;
  const line = () => `${clock(performance.now() - started)}: ${done} histories, none went wrong`;
  const { failed, histories, counts, figures } = await watch(
    line,
    () => soakHistories(run, { seed, signal: over, progress: (count) => done = count }),
  );
  signal.throwIfAborted();
  if (failed !== undefined) {
    const file = `${dir}/${area}-${failed.seed}.log`;
    await Deno.writeTextFile(file, failureText(failed));
    say(
      `the history that went wrong: ${file}; alone: CODER_K8S_SOAK_SEED=${failed.seed} and the test of the area`,
    );
  }
  const events = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return {
    facts: [
      ["histories", `${histories} with ${events} events, in ${clock(performance.now() - started)}`],
      ["rarest events", rarest(counts)],
      ["what came of them", Object.entries(figures).map(([name, count]) => `${name} ${count}`).join(", ")],
    ],
    checks: [without(
      "histories that went wrong",
      failed === undefined ? [] : [`seed ${failed.seed}: ${failed.wrong.join("; ")}`],
    )],
  };
}

function rarest(counts: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(counts).sort(([, left], [, right]) => left - right);
  return sorted.slice(0, 3).map(([name, count]) => `${name} ${count}`).join(", ");
}
