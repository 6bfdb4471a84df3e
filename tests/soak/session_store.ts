/** The shared store of sessions, on a real Redis that is away for a minute at a time. */
import { sleep } from "../../src/telemetry/clock.ts";
import { writeThrough } from "../redis/outages.ts";
import { startRedis } from "../redis/server.ts";
import { type AreaOptions, atMost, type Check, type Report } from "./report.ts";

const AWAY_MS = 60_000;
const BETWEEN_MS = 5_000;
/** A call ends in two seconds; this machine may do other things, too. */
const SLOWEST_MS = 3_000;

/** Stands still for a minute, and is killed and away for another, while two coordinators write. */
export async function storeOutages({ signal, say }: Pick<AreaOptions, "signal" | "say">): Promise<Report> {
  await using redis = await startRedis({ keeps: true });
  say("a shared store that is away for a minute, twice");
  const what = "a shared store that was away: what was lost, done twice, or wrong";
  try {
    const report = await writeThrough({
      redis,
      outages: async (over) => {
        const either = AbortSignal.any([signal, over]);
        await sleep(BETWEEN_MS, either);
        redis.pause();
        await sleep(AWAY_MS, either);
        redis.resume();
        await sleep(BETWEEN_MS * 2, either);
        await redis.stop("SIGKILL");
        await sleep(AWAY_MS, either);
        await redis.start();
        await sleep(BETWEEN_MS * 2, either);
      },
    });
    signal.throwIfAborted();
    const { calls, failed, slowestMs, sessions } = report;
    const none: Check = { what, result: "none", ok: true, details: [] };
    return {
      facts: [[
        "calls of the shared store",
        `${calls}, ${failed} while it was away; ${sessions} sessions at the end`,
      ]],
      checks: [none, atMost("the longest call of the shared store", slowestMs, SLOWEST_MS, "ms")],
    };
  } catch (error) {
    signal.throwIfAborted();
    const words = error instanceof Error ? error.message : String(error);
    return { facts: [], checks: [{ what, result: "something", ok: false, details: words.split("\n") }] };
  }
}
