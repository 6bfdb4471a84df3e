/** What people do: kubectl writes our objects as it writes custom resources, and says the same of it. */
import assert from "node:assert/strict";
import { MemoryTarget } from "../../src/aggregated/writing/testing/memory_target.ts";
import { createWriter } from "../../src/aggregated/writing/writer.ts";
import { sharedCluster, waitFor } from "../cluster/mod.ts";
import { untilAllowed } from "../deploy/access.ts";
import { KUBECTL_WRITES, PATCHER_WRITES, writeObjections } from "./conformance/kubectl_writes.ts";
import { Twins } from "./conformance/twins.ts";

Deno.test("kubectl creates, applies, compares, patches, edits and deletes our objects as it does custom resources", async (t) => {
  const cluster = await sharedCluster();
  await using twins = await Twins.start(cluster);
  const { storage } = twins.rig;
  storage.write = createWriter(new MemoryTarget(storage));
  const roots = [twins.twins.crd, twins.twins.front].map(({ words }) => words.get("root")!);
  await waitFor(async () => {
    const { paths } = await cluster.request("GET", "/openapi/v3");
    return roots.every((root) => paths[root.slice(1)] !== undefined);
  }, { what: "the API server to know both OpenAPI documents", timeoutMs: 150_000, intervalMs: 500 });
  const same = async (cases: typeof KUBECTL_WRITES) => {
    const objections = await writeObjections(cases, twins);
    if (objections !== "") assert.fail(`\n${objections}`);
  };
  await t.step(`${KUBECTL_WRITES.length} commands`, () => same(KUBECTL_WRITES));

  await t.step("of somebody who may patch, and not create", async () => {
    const { namespace, group, rig } = twins;
    const metadata = { name: "patcher", namespace };
    const rbac = "rbac.authorization.k8s.io";
    await cluster.apply([
      {
        apiVersion: `${rbac}/v1`,
        kind: "Role",
        metadata,
        rules: [{ apiGroups: [group, rig.group], resources: ["gadgets"], verbs: ["get", "patch"] }],
      },
      {
        apiVersion: `${rbac}/v1`,
        kind: "RoleBinding",
        metadata,
        roleRef: { apiGroup: rbac, kind: "Role", name: "patcher" },
        subjects: [{ apiGroup: rbac, kind: "User", name: "patcher" }],
      },
    ]);
    await untilAllowed(
      cluster,
      "patcher",
      [group, rig.group].map((group) => ({ verb: "patch", group, resource: "gadgets", namespace })),
    );
    await same(PATCHER_WRITES);
  });
});
