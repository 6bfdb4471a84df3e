/** Coders that answer 429 while keys are to be made: how often they are asked, and how all of it ends. */
import { type CoderProvisioner, CoderProvisioners } from "../../src/api/provisioner.ts";
import type { ResourceType } from "../../src/api/object.ts";
import { sleep, waitFor } from "../cluster/mod.ts";
import { Arrivals } from "./arrivals.ts";
import {
  busiest,
  countByRoute,
  type Counts,
  inWords,
  isAboutKeys,
  isNewKey,
  isVerification,
  total,
} from "./coder_requests.ts";
import { provisionerNameOf, readyOnes, tagsOf } from "./provisioner_burst.ts";
import { type Ground, NAMESPACE, pathOf } from "./provisioner_ground.ts";
import { isReady } from "./ready.ts";
import type { ToldRows } from "./told_rows.ts";
import { WatchedObject } from "./watch_one.ts";

/** As long as upstream was watched. */
const SECONDS = 35;
/** Key requests for one object in that time. */
const REACH = 4;
const KEYS = "/api/v2/organizations/{organization}/provisionerkeys";
const PLURAL = CoderProvisioners.plural;

/**
 * For 35 s, Coders refuse new keys: those of all provisioners, whose tags change, and that of a new one which is alone with
 * its Coder, so that each request there is for it. None of them says how long to wait: only the operator's own back-off
 * counts. One more Coder, which also has one provisioner with new tags, refuses everything as coderd does, with
 * `Retry-After: 60`.
 */
export async function refusals(ground: Ground): Promise<void> {
  const { cluster, coders, homes, lone, rows, sizes } = ground;
  await using one = await WatchedObject.open<CoderProvisioner>(cluster.kubeconfig, CoderProvisioners, {
    namespace: NAMESPACE,
    name: lone.second,
  });
  await newProvisioner(ground, lone.second);
  await one.until(isReady, `provisioner ${lone.second}`);
  const refused = [...homes, lone.first].map((name) =>
    coders.get(name).faults.rateLimit(null, { method: "POST", route: KEYS })
  );
  refused.push(coders.get(lone.second).faults.rateLimit(60));
  const since = performance.now();
  await newProvisioner(ground, lone.first);
  await newTags(ground, lone.second, { bench: lone.second, round: "2" });
  for (let index = 0; index < sizes.provisioners; index++) {
    await newTags(ground, provisionerNameOf(index), tagsOf(index, 2));
  }
  // From when the last one wants its key.
  await sleep(SECONDS * 1_000);
  const stretch = { since, until: performance.now() };
  for (const end of refused) end();
  const countsOf = (name: string) => countByRoute(coders.get(name).requests, stretch);
  pushKeyRow(
    rows,
    `429 without Retry-After for ${SECONDS} s while a key is to be made: key requests for one object`,
    countsOf(lone.first),
  );
  pushKeyRow(rows, "the same with Retry-After: 60 on everything, as coderd does", countsOf(lone.second));
  const most = busiest(homes.map(countsOf), isNewKey);
  const each = Math.ceil(sizes.provisioners / sizes.homes);
  rows.push({
    what: `new keys asked of the busiest Coder in that time, ${each} objects (${inWords(most, isAboutKeys)})`,
    measured: String(total(most, isNewKey)),
    value: total(most, isNewKey),
  });
  await recovery(ground);
}

function pushKeyRow(rows: ToldRows, what: string, counts: Counts): void {
  const value = total(counts, isAboutKeys);
  const told = `${what} (${inWords(counts, isVerification)})`;
  rows.atMost(REACH, { what: told, value, text: String(value), before: "4,579" });
}

/** Until everybody has exactly one key, with the tags that were asked for, and is ready. */
async function recovery(ground: Ground): Promise<void> {
  const { cluster, rows, sizes } = ground;
  const ended = performance.now();
  await using ready = await Arrivals.watch(cluster.kubeconfig, NAMESPACE, [
    readyOnes(CoderProvisioners as ResourceType),
  ]);
  await waitFor(() => keysAsWanted(ground), {
    what: "one new key for every provisioner, and no other",
    timeoutMs: 900_000,
    intervalMs: 100,
  });
  await ready.all(sizes.provisioners + 2, 900_000);
  const seconds = (performance.now() - ended) / 1_000;
  rows.push({
    what:
      `after that: until all ${sizes.provisioners} have their new keys, no old one is left, and all are Ready`,
    measured: `${seconds.toFixed(1)} s`,
    value: seconds,
  });
}

function keysAsWanted({ coders, homes, lone, sizes }: Ground): boolean {
  const keys = homes.flatMap((name) => coders.get(name).state.provisionerKeys);
  return keys.length === sizes.provisioners && keys.every(({ tags }) => tags["round"] === "2") &&
    [lone.first, lone.second].every((name) => coders.get(name).state.provisionerKeys.length === 1);
}

async function newProvisioner(ground: Ground, name: string): Promise<void> {
  await ground.create(PLURAL, CoderProvisioners.kind, name, {
    controlPlaneRef: { name },
    tags: { bench: name },
  });
}

async function newTags(
  { cluster }: Ground,
  name: string,
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  await cluster.request("PATCH", `${pathOf(PLURAL)}/${name}`, { spec: { tags } });
}
