/** PostgreSQL servers that take connections and never answer hold up nobody but their own control planes. */
import assert from "node:assert/strict";
import type { CoderControlPlane } from "../../src/api/control_plane.ts";
import { waitFor } from "../cluster/mod.ts";
import { sharedCoderd } from "../coder/mod.ts";
import type { Scene } from "./scene.ts";
import { startScene } from "./scene.ts";
import { SilentServer } from "./silent_server.ts";

/** More than visits have workers. */
const HUNG = 80;
const EDITS = 9;
/** How long a visit to one of them hangs before it is given up. */
const HANGS_MS = 15_000;

const database = (value: string) => ({ extraEnv: [{ name: "CODER_PG_CONNECTION_URL", value }] });

/** Milliseconds from a change of the spec to children and a status that show it: the median of several. */
async function reconcileMs(
  scene: Scene,
  name: string,
  first: () => Promise<unknown> = () => Promise.resolve(),
): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < EDITS; i++) {
    await first();
    const begin = performance.now();
    const { metadata } = await scene.change(name, {
      spec: { service: { annotations: { "example.com/revision": `${begin}` } } },
    });
    await waitFor(async () => {
      const service = await scene.cluster.find(scene.path("services", name));
      return service?.metadata.annotations?.["example.com/revision"] === `${begin}` &&
        (await scene.plane(name))?.status?.observedGeneration === metadata.generation;
    }, { what: `edit ${i} of ${name} to be seen`, intervalMs: 5 });
    times.push(performance.now() - begin);
  }
  return times.sort((a, b) => a - b)[EDITS >> 1] ?? Infinity;
}

/** Milliseconds until a new control plane has a token for the real Coder. */
async function accessMs(scene: Scene, name: string, databaseUrl: string): Promise<number> {
  const begin = performance.now();
  await scene.create(name, database(databaseUrl));
  await scene.condition(name, "OperatorAccess", "True", "TokenValid");
  return performance.now() - begin;
}

Deno.test("eighty databases that hang slow down neither the reconciling nor the access of others", async () => {
  await using scene = await startScene("hung");
  await using silent = new SilentServer();
  const coderd = await sharedCoderd();
  await coderd.firstUser();
  const hung = Array.from({ length: HUNG }, (_, i) => `hung-${i}`);
  const endpoints = [
    ...["alone", "beside"].map((name) => `${scene.namespace}/${name}=${coderd.url}`),
    ...hung.map((name) => `${scene.namespace}/${name}=${silent.url}`),
  ];
  const start = () => scene.operator({ flags: { "control-plane-endpoint": endpoints.join(",") } });
  const first = await start();
  let accessAlone, alone;
  try {
    accessAlone = await accessMs(scene, "alone", coderd.databaseUrl);
    await scene.settled("alone");
    alone = await reconcileMs(scene, "alone");
    await Promise.all(hung.map((name) => scene.create(name, database(silent.databaseUrl))));
    await waitFor(async () => {
      const { items } = await scene.cluster.request("GET", scene.collection);
      return items.filter(({ status }: CoderControlPlane) => status?.phase === "Ready").length === HUNG + 1;
    }, { what: "pods of all", timeoutMs: 180_000, intervalMs: 500 });
  } finally {
    await first.stop();
  }
  const before = silent.databaseCalls;
  // All of them are visited in the same moment.
  await using operator = await start();
  await waitFor(() => silent.waiting >= 64, { what: "as many visits as there are workers to hang" });
  const accessBeside = await accessMs(scene, "beside", coderd.databaseUrl);
  const beside = await reconcileMs(
    scene,
    "alone",
    () => waitFor(() => silent.waiting > 0, { what: "some to hang", intervalMs: 5 }),
  );
  const times = { alone, beside, accessAlone, accessBeside };
  // What waits for one of these takes as much longer as a visit to it hangs.
  assert.ok(beside < alone + HANGS_MS / 2, JSON.stringify(times));
  assert.ok(accessBeside < accessAlone + HANGS_MS, JSON.stringify(times));
  await waitFor(() => silent.databaseCalls >= before + HUNG, { what: "each database to be tried" });
  // What Kubernetes does for those is done all the same.
  for (const name of hung) {
    await scene.condition(name, "OperatorAccess", "False", "DatabaseTimeout");
    await scene.condition(name, "Ready", "True");
  }
  await scene.condition("alone", "OperatorAccess", "True", "TokenValid");
  assert.deepEqual(operator.failures(), []);
});
