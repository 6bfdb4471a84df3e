/** The part of a control plane's life in which a workspace is changed through the aggregated API. */
import { equal } from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { addWorkspace, type FakeCoder } from "../fake-coder/mod.ts";
import type { Scene } from "./scene.ts";

const GROUP = "/apis/aggregation.coder.com/v1alpha1";

/** A label comes, changes, goes and comes again; a workspace is stopped. What is kept of that is gone at the end. */
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
  const configMaps = `/api/v1/namespaces/${namespace}/configmaps`;
  const records = async () =>
    (await cluster.request("GET", `${configMaps}?labelSelector=aggregation.coder.com/keeps`)).items;
  const kept = async () => (await records()).length;
  for (const tier of ["one", "two"]) {
    const { metadata } = await change({ metadata: { labels: { tier } } });
    equal(metadata.labels.tier, tier);
  }
  const [{ metadata: { name: place, labels, annotations }, data }, ...others] = await records();
  equal(others.length, 0);
  await change({ spec: { running: false } });
  await waitFor(() => workspace.latest_build.transition === "stop", { what: "the workspace to be stopped" });
  const { metadata } = await change({ metadata: { labels: { tier: null }, managedFields: [{}] } });
  equal(metadata.labels.tier, undefined);
  await waitFor(async () => await kept() === 0, { what: "nothing to be kept", timeoutMs: 60_000 });
  // What an earlier control plane of the name has left makes room, though nobody has heard of it.
  const frozen = scene.faults.freeze({ watch: true, resource: "configmaps" });
  await cluster.request("POST", configMaps, { metadata: { name: place, labels, annotations }, data });
  await change({ metadata: { labels: { tier: "three" } } });
  equal((await records())[0].metadata.ownerReferences?.length, 1);
  frozen.remove();
  await change({ metadata: { labels: { tier: null }, managedFields: [{}] } });
  await waitFor(async () => await kept() === 0, { what: "nothing to be kept again", timeoutMs: 60_000 });
}
