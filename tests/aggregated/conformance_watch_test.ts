/** What who watches is told: the same by kube-apiserver of a custom resource, and here. */
import assert from "node:assert/strict";
import { sharedCluster } from "../cluster/mod.ts";
import { fillTwins } from "./conformance/content.ts";
import { Twins } from "./conformance/twins.ts";
import { change, WATCH_CASES } from "./conformance/watch_cases.ts";
import { watchObjections } from "./conformance/watch_compare.ts";

Deno.test("watches are told what kube-apiserver tells those of a custom resource", async () => {
  await using twins = await Twins.start(await sharedCluster());
  await fillTwins(twins);
  const objections = await watchObjections(WATCH_CASES, twins, () => change(twins));
  if (objections !== "") assert.fail(`\n${objections}`);
});
