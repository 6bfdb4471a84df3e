/**
 * 300 provisioners and 100 workspace proxies over 20 control planes, each with a Coder of its own (the fake one): how soon
 * all are ready, what steady state costs, what Coders that refuse are asked, and how soon pods follow jobs.
 */
import { compiledBinary } from "./compiled_binary.ts";
import { autoscale } from "./provisioner_autoscale.ts";
import {
  plainDeployments,
  provisionerBurst,
  proxiesCall,
  proxiesHealthy,
  proxyBurst,
} from "./provisioner_burst.ts";
import { Ground, sizesFor } from "./provisioner_ground.ts";
import { refusals } from "./provisioner_refusals.ts";
import { steadyState } from "./provisioner_steady.ts";
import type { Report } from "./report.ts";
import { untilQuiet } from "./steady.ts";

/** Minutes without a change, twice; `BENCH_IDLE_MINUTES` shortens them for a quick look. */
const IDLE_MINUTES = Number(Deno.env.get("BENCH_IDLE_MINUTES") ?? "5");
/** Provisioners; `BENCH_PROVISIONERS_COUNT` makes everything smaller for a quick look. */
const COUNT = Number(Deno.env.get("BENCH_PROVISIONERS_COUNT") ?? "300");

/** Measures; the compiled binary must exist (`deno task compile`). */
export async function measure(): Promise<Report> {
  const sizes = sizesFor(COUNT);
  await using ground = await Ground.start(sizes, await compiledBinary());
  const { coders, operator, rows } = ground;
  using _calls = proxiesCall(coders.all.values());
  ground.memory(`${coders.all.size} control planes`);
  await plainDeployments(ground);
  await untilQuiet(ground.cluster);
  await provisionerBurst(ground);
  await steadyState(ground, `${sizes.provisioners} provisioners`, IDLE_MINUTES);
  await proxyBurst(ground);
  await proxiesHealthy(ground);
  await steadyState(ground, `with ${sizes.proxies} workspace proxies`, IDLE_MINUTES);
  await refusals(ground);
  await untilQuiet(ground.cluster);
  await autoscale(ground);
  await operator.stop();
  coders.assertClean();
  return { area: "provisioners", rows: rows.list };
}
