/** What was done through one replica is listed by the other without waiting for its next look at Coder. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { readKeyPair } from "../cluster/state.ts";
import { addTemplate, addVersion, endBuild, pickUpBuild, startFakeCoder } from "../fake-coder/mod.ts";
import { API_ROOT, type AppRig, startAppRig } from "./app_rig.ts";
import { askDirectly } from "./asking.ts";

const PATH = `${API_ROOT}/namespaces/lab/coderworkspaces`;

interface Item {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly ttlMillis?: number };
  readonly status?: { readonly latestBuildStatus?: string };
}

Deno.test("what one replica has made and changed, the other lists long before it would have looked", async () => {
  await using coder = await startFakeCoder({ rateLimit: -1 });
  const { user, token } = coder.state.addOwner();
  addVersion(coder.state, addTemplate(coder.state, "docker"), new Uint8Array());
  await using rig = await startAppRig({
    coders: { "lab/coder": { url: coder.url, token } },
    replicas: 1,
    // Nobody looks again by itself while this runs.
    args: ["--coder-poll-interval=10m"],
  });
  const as = await readKeyPair(rig.cluster.dir, "admin");
  const through = (index: number): AppRig => Object.create(rig, { replica: { value: rig.replicas[index] } });
  const ask = async (index: number, method: string, path: string, body?: object) => {
    const headers = {
      "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
    };
    const answer = await askDirectly(through(index), path, {
      as,
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text);
  };
  const listed = async (index: number): Promise<Item[]> => (await ask(index, "GET", PATH)).items;
  const name = `coder.${user.username}.dev`;
  for (const index of [0, 1]) {
    await waitFor(async () => (await listed(index)).length === 0, {
      what: `replica ${index} to have listed`,
    });
  }

  await ask(0, "POST", PATH, {
    apiVersion: "aggregation.coder.com/v1alpha1",
    kind: "CoderWorkspace",
    metadata: { name },
    spec: { templateName: "docker", running: true },
  });
  await waitFor(async () => (await listed(1)).some(({ metadata }) => metadata.name === name), {
    what: "the other replica to list what was made",
  });

  // While something is built, Coder is looked at more often.
  const [row] = coder.state.workspaces;
  pickUpBuild(coder.state, row!);
  endBuild(coder.state, row!);
  for (const index of [0, 1]) {
    await waitFor(async () => (await listed(index))[0]?.status?.latestBuildStatus === "running", {
      what: `replica ${index} to have seen the build's end`,
      timeoutMs: 60_000,
    });
  }
  const { spec: { ttlMillis } } = await ask(0, "PATCH", `${PATH}/${name}`, {
    spec: { ttlMillis: 7_200_000 },
  });
  assert.equal(ttlMillis, 7_200_000);
  await waitFor(async () => {
    const [item] = await listed(1);
    return item?.spec.ttlMillis === ttlMillis;
  }, { what: "the other replica to list what was changed" });
});
