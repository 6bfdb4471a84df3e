/** The part of a control plane's life in which a workspace is changed through the aggregated API. */
import { equal } from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { addWorkspace, type FakeCoder } from "../fake-coder/mod.ts";
import type { Scene } from "./scene.ts";

const GROUP = "/apis/aggregation.coder.com/v1alpha1";

/** A label comes, changes and goes; a workspace is stopped. What is kept of that is gone at the end. */
export async function changes(scene: Scene, fake: FakeCoder): Promise<void> {
  const { cluster, namespace } = scene;
  const { user } = fake.state.addOwner();
  const workspace = addWorkspace(fake.state, user, "box");
  const collection = `${GROUP}/namespaces/${namespace}/coderworkspaces`;
  const name = await waitFor(async () => {
    const { items } = await cluster.request("GET", collection);
    return items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)
      .find((name: string) => name.endsWith(`.${user.username}.box`));
  }, { what: "the workspace to be shown", timeoutMs: 90_000 });
  const change = (patch: object) => cluster.request("PATCH", `${collection}/${name}`, patch);
  const kept = async () => {
    const path = `/api/v1/namespaces/${namespace}/configmaps?labelSelector=aggregation.coder.com/keeps`;
    return (await cluster.request("GET", path)).items.length;
  };
  for (const tier of ["one", "two"]) {
    const { metadata } = await change({ metadata: { labels: { tier } } });
    equal(metadata.labels.tier, tier);
  }
  equal(await kept(), 1);
  await change({ spec: { running: false } });
  await waitFor(() => workspace.latest_build.transition === "stop", { what: "the workspace to be stopped" });
  const { metadata } = await change({ metadata: { labels: { tier: null }, managedFields: [{}] } });
  equal(metadata.labels.tier, undefined);
  await waitFor(async () => await kept() === 0, { what: "nothing to be kept", timeoutMs: 60_000 });
}
