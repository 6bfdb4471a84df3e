import assert from "node:assert/strict";
import { CoderWorkspaces } from "../../api/workspace.ts";
import type { AccessRequest } from "../../kube/reviews.ts";
import { platformCoders } from "../../mcp/tools/platform_testing.ts";
import { LiveCluster, noCoders, refusal, visitorOf, workspaceOf } from "../testing.ts";
import { codersOf, reachOf } from "./reach.ts";

const { signal } = new AbortController();

function rig() {
  const live = new LiveCluster();
  live.put(
    workspaceOf("a.ann.one", {}, "lab"),
    workspaceOf("a.ann.two", {}, "prod"),
    workspaceOf("a.x.y", {}, "other"),
  );
  return live;
}
const names = async (cluster: Awaited<ReturnType<typeof reachOf>>) =>
  (await cluster.list(CoderWorkspaces)).items.map(({ metadata }) => metadata.name);
const nobody = { open: new Error("not opened") };

Deno.test("who may list everywhere does", async () => {
  const live = rig();
  const { cluster } = live;
  const asked: AccessRequest[] = [];
  const may: typeof cluster.may = (
    request,
  ) => (asked.push(request), Promise.resolve({ allowed: true, reason: "" }));
  const visitor = visitorOf("ann", { ...cluster, may });
  assert.deepEqual(await names(await reachOf(visitor, CoderWorkspaces, signal)), [
    "a.ann.one",
    "a.ann.two",
    "a.x.y",
  ]);
  assert.deepEqual(asked, [{
    verb: "list",
    group: "aggregation.coder.com",
    version: "v1alpha1",
    resource: "coderworkspaces",
  }]);
});

Deno.test("who may not sees what is in the namespaces of Coders that they know of, and in those that are given", async () => {
  const live = rig();
  live.may = false;
  const coders = platformCoders([{ id: "lab/main", ...nobody }, { id: "lab/second", ...nobody }]);
  const visitor = visitorOf("ann", live.cluster, coders);
  assert.deepEqual(await names(await reachOf(visitor, CoderWorkspaces, signal)), ["a.ann.one"]);
  const more = { ...visitor, namespaces: ["prod"] };
  assert.deepEqual(await names(await reachOf(more, CoderWorkspaces, signal)), ["a.ann.one", "a.ann.two"]);
});

Deno.test("who knows of none is told by the API server what is missing", async () => {
  const live = rig();
  live.may = false;
  live.refuse = () => refusal(403, "Forbidden", "cannot list at the cluster scope");
  for (const list of [noCoders.list, () => Promise.reject(new Error("no"))]) {
    const cluster = await reachOf(
      visitorOf("ann", live.cluster, { ...noCoders, list }),
      CoderWorkspaces,
      signal,
    );
    await assert.rejects(cluster.list(CoderWorkspaces), /at the cluster scope/);
  }
});

Deno.test("Coders are those of one's namespaces, where one may not look everywhere", async () => {
  const ref = { id: "lab/main", namespace: "lab", controlPlane: "main" };
  const list = (namespace: string | undefined) =>
    namespace === undefined ? Promise.reject(new Error("not everywhere")) : Promise.resolve([ref]);
  const coders = { ...noCoders, list };
  assert.deepEqual(await codersOf({ coders, namespaces: ["lab"] }, signal), [ref]);
  await assert.rejects(codersOf({ coders }, signal), /not everywhere/);
});

Deno.test("where nobody can say what somebody may, it is no refusal", async () => {
  const { cluster } = rig();
  const visitor = visitorOf("ann", { ...cluster, may: () => Promise.reject(new Error("reviews are away")) });
  await assert.rejects(reachOf(visitor, CoderWorkspaces, signal), /reviews are away/);
});
