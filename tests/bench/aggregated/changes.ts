/** From a change in Coder, made by somebody else, to the event of a watch. */
import type { ToldRows } from "../told_rows.ts";
import type { Done, Order } from "./coder_process.ts";
import { EventWatch, type WatchedWorkspace } from "./event_watch.ts";
import { percentile } from "./figures.ts";
import type { Ground } from "./ground.ts";

const CHANGES = 10;
const BUILDS = 6;
/** What a list of a few hundred workspaces takes at most, on a machine that is busy. */
const LIST_SECONDS = 0.25;

/** @param pollSeconds what the product was told, without jitter */
export async function changesSeen(ground: Ground, pollSeconds: number, rows: ToldRows): Promise<void> {
  using watch = await EventWatch.open(ground.caller, ground.workspacesPath);
  const timeoutMs = pollSeconds * 10_000 + 30_000;
  const took: number[] = [];
  const seen = async (order: Order, isSo: (object: WatchedWorkspace) => boolean) => {
    const from = watch.count;
    const { at, ids: [id] } = await ground.order(order) as Done;
    const isIt = (object: WatchedWorkspace) => object.metadata.uid === id && isSo(object);
    return await watch.until(isIt, { from, timeoutMs }) - at;
  };
  for (let index = 1; index <= CHANGES; index++) {
    // Changes come at any time between two lists.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * pollSeconds * 1_000));
    took.push(await seen({ change: 1 }, ({ spec }) => spec.ttlMillis === index * 60_000));
  }
  const most = Math.max(...took) / 1_000;
  rows.push({
    what:
      `a change in Coder until the watch tells of it, poll interval ${pollSeconds} s, the longest of ${CHANGES} ` +
      `(median ${(percentile(took, 0.5) / 1_000).toFixed(2)} s)`,
    measured: `${most.toFixed(2)} s`,
    reach: `≤ ${pollSeconds} s and a list`,
    met: most <= pollSeconds + LIST_SECONDS,
    value: most,
    before: "never",
  });
  const building: number[] = [];
  for (let build = 0; build < BUILDS; build++) {
    // What begins is news as any other; from then on it is followed.
    await seen({ build, step: "begin" }, ({ status }) => status.latestBuildStatus === "pending");
    building.push(
      await seen({ build, step: "pickUp" }, ({ status }) => status.latestBuildStatus === "starting"),
    );
    building.push(await seen({ build, step: "end" }, ({ status }) => status.latestBuildStatus === "running"));
  }
  const longest = Math.max(...building) / 1_000;
  rows.atMost(1, {
    what: `the same while it is building, the longest of ${building.length} (median ${
      (percentile(building, 0.5) / 1_000).toFixed(2)
    } s)`,
    value: longest,
    text: `${longest.toFixed(2)} s`,
    unit: " s",
    before: "never",
  });
}
