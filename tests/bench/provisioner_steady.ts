/** Minutes in which nothing changes: what provisioners and workspace proxies cost Coder and the API server. */
import { sleep } from "../cluster/mod.ts";
import { busiest, countByRoute, inWords, isVerification, total } from "./coder_requests.ts";
import type { Ground } from "./provisioner_ground.ts";
import { kindsOf, untilQuiet, writesSince } from "./steady.ts";

/**
 * Waits until nothing happens any more, then counts for so many minutes. `what` names the objects. Beside the busiest
 * Coder stands one whose control plane has no provisioners: what it is asked are the control plane's own visits, and only
 * these may be asked of the others beside verification.
 */
export async function steadyState(ground: Ground, what: string, minutes: number): Promise<void> {
  const { cluster, coders, rows, lone } = ground;
  await untilQuiet(cluster);
  const mark = await cluster.audit.mark();
  const since = performance.now();
  await sleep(minutes * 60_000);
  const until = performance.now();
  const countsOf = (name: string) => countByRoute(coders.get(name).requests, { since, until });
  const writes = await writesSince(cluster, mark);
  const most = busiest(ground.homes.map(countsOf), isVerification);
  const rate = total(most, isVerification) / minutes;
  rows.atMost(1, {
    what: `${what}, ${minutes} quiet minutes: requests a minute for verification to the busiest Coder (${
      inWords(most, isVerification)
    })`,
    value: rate,
    text: rate.toFixed(2),
  });
  const visits = (counts: typeof most) => total(counts, (each) => !isVerification(each)) / minutes;
  const own = Math.max(...ground.homes.map((name) => visits(countsOf(name))));
  rows.push({
    what: `the control plane's own visits in that time, a minute (with no provisioners: ${
      visits(countsOf(lone.quiet)).toFixed(2)
    })`,
    measured: own.toFixed(2),
    value: own,
  });
  rows.atMost(0, {
    what: `writes to Kubernetes in that time, lease renewals aside${kindsOf(writes)}`,
    value: writes.length,
    text: String(writes.length),
    before: "one PUT a reconcile",
  });
  ground.memory(`${what}, after ${minutes} quiet minutes`);
}
