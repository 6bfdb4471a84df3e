/** What people see: kubectl says the same of a custom resource and of what is served here. */
import assert from "node:assert/strict";
import { sharedCluster, waitFor } from "../cluster/mod.ts";
import { fillTwins } from "./conformance/content.ts";
import { definitionName } from "./conformance/documents.ts";
import { KUBECTL_CASES, kubectlObjections } from "./conformance/kubectl_cases.ts";
import { kubectlWatchObjections } from "./conformance/kubectl_watches.ts";
import { Twins } from "./conformance/twins.ts";
import { change } from "./conformance/watch_cases.ts";

Deno.test("kubectl says of our objects what it says of custom resources", async (t) => {
  const cluster = await sharedCluster();
  await using twins = await Twins.start(cluster);
  await fillTwins(twins);
  // The API server fetches documents of others about once a minute.
  await waitFor(async () => {
    const { paths } = await cluster.request("GET", "/openapi/v3");
    return rootsOf(twins).every((root) => paths[root.slice(1)] !== undefined);
  }, { what: "the API server to know both OpenAPI documents", timeoutMs: 150_000, intervalMs: 500 });
  await waitFor(async () => {
    const { definitions } = await cluster.request("GET", "/openapi/v2");
    return [twins.twins.crd, twins.twins.front].every((twin) => definitionName(twin) in definitions);
  }, { what: "the API server to know both in version 2", timeoutMs: 150_000, intervalMs: 1_000 });

  await t.step(`${KUBECTL_CASES.length} commands`, async () => {
    const objections = await kubectlObjections(KUBECTL_CASES, twins);
    if (objections !== "") assert.fail(`\n${objections}`);
  });

  await t.step("watches, with and without what happened", async () => {
    const objections = await kubectlWatchObjections(twins, () => change(twins));
    if (objections !== "") assert.fail(`\n${objections}`);
  });
});

function rootsOf({ twins }: Twins): string[] {
  return [twins.crd, twins.front].map(({ words }) => words.get("root")!);
}
