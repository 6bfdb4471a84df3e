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

const database = (value: string) => ({ extraEnv: [{ name: "CODER_PG_CONNECTION_URL", value }] });

/** Milliseconds from a change of the spec to children and a status that show it: the median of several. */
async function reconcileMs(scene: Scene, name: string, each: () => void = () => {}): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < EDITS; i++) {
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
    each();
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
  let waiting = Infinity;
  const beside = await reconcileMs(scene, "alone", () => waiting = Math.min(waiting, silent.waiting));
  const times = { alone, beside, accessAlone, accessBeside, waiting };
  assert.ok(waiting > 0, `nothing hung meanwhile: ${JSON.stringify(times)}`);
  assert.ok(beside < 3 * alone, JSON.stringify(times));
  // Visits that wait for each other would take 15 s more: as long as a visit to these hangs.
  assert.ok(accessBeside < Math.max(10_000, 4 * accessAlone), JSON.stringify(times));
  await waitFor(() => silent.databaseCalls >= before + HUNG, { what: "each database to be tried" });
  // What Kubernetes does for those is done all the same.
  for (const name of hung) {
    await scene.condition(name, "OperatorAccess", "False", "DatabaseTimeout");
    await scene.condition(name, "Ready", "True");
  }
  await scene.condition("alone", "OperatorAccess", "True", "TokenValid");
  assert.deepEqual(operator.failures(), []);
});
