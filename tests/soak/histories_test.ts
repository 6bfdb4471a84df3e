import assert from "node:assert/strict";
import type { HistoryOptions, HistoryResult } from "../model/history.ts";
import { runHistories } from "./histories.ts";
import { type AreaOptions, passed, table } from "./report.ts";

function options(dir: string, said: string[], minutes = 1): AreaOptions {
  return {
    minutes,
    seed: 1,
    signal: new AbortController().signal,
    say: (line) => void said.push(line),
    watch: (line, run) => {
      said.push(line());
      return run();
    },
    dir,
  };
}

const history = (failing: number) => (seed: number, _options: HistoryOptions): Promise<HistoryResult> =>
  Promise.resolve({
    seed,
    wrong: seed === failing ? ["a key is gone"] : [],
    log: ["what happened"],
    counts: { crash: 2 },
    figures: { made: 1 },
  });

Deno.test("the history that goes wrong ends the run, is kept, and is told with its seed", async () => {
  const dir = await Deno.makeTempDir();
  const said: string[] = [];
  const report = await runHistories("proxy", history(4), options(dir, said));
  assert.ok(!passed(report));
  assert.match(table(report), /histories {8,}4 with 8 events/);
  assert.match(table(report), /seed 4: a key is gone/);
  assert.match(
    await Deno.readTextFile(`${dir}/proxy-4.log`),
    /seed 4:\nwhat happened\nwhat is wrong:\na key is gone/,
  );
  assert.match(said.join("\n"), /seeds from 1 on[^]*0 histories[^]*CODER_K8S_SOAK_SEED=4/);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("the run ends with its time", async () => {
  const report = await runHistories("proxy", history(-1), options("", [], 0.001));
  assert.ok(passed(report));
  assert.match(table(report), /crash/);
});

Deno.test("an interrupted run is no run", async () => {
  const signal = AbortSignal.abort(new Error("interrupted"));
  await assert.rejects(runHistories("proxy", history(-1), { ...options("", []), signal }), /interrupted/);
});
