/** Two who install, or uninstall, at the same time, on the real cluster. */
import assert from "node:assert/strict";
import { readInventory } from "../../src/install/apply/inventory.ts";
import { waitFor } from "../cluster/mod.ts";
import { present, startInstallRig } from "./rig.ts";

const LEASES = "/apis/coordination.k8s.io/v1/namespaces/coder-system/leases";

Deno.test("of two who install at once one waits for the other, and nothing is made that no inventory has", async (t) => {
  await using rig = await startInstallRig("at-once");
  const { cluster, client } = rig;
  const leases = async () => ((await cluster.request("GET", LEASES)).items as unknown[]).length;
  const inventory = () => readInventory(client, "product", "coder-system");

  await t.step("into an empty cluster, and into what the one before has made", async () => {
    const ends: { readonly overlays: readonly string[] | undefined; readonly made: string[] }[] = [];
    for (let round = 0; round < 2; round++) {
      await Promise.all([
        rig.install([], { holder: `all-${round}` }),
        rig.install(["split", "see-all-workspaces"], { holder: `split-${round}` }),
      ]);
      ends.push({ overlays: (await inventory())?.overlays, made: await present(cluster) });
      assert.equal(await leases(), 0);
    }
    const alone = new Map<string | undefined, string[]>();
    for (const overlays of [["all"], ["split", "see-all-workspaces"]]) {
      await rig.install(overlays);
      alone.set(overlays[0], await present(cluster));
    }
    // Whoever was last has removed what the other one has made, and it has no more.
    for (const { overlays, made } of ends) assert.deepEqual(made, alone.get(overlays?.[0]), String(overlays));
  });

  await t.step("the program says for whom it waits, and goes on when that one is done", async () => {
    await rig.install(["split"]);
    const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<boolean>()];
    const first = rig.install([], {
      holder: "ann@laptop_1",
      mayPrune: () => {
        asked.resolve();
        return answer.promise;
      },
    });
    await asked.promise;
    const second = rig.begin(["install", "--overlay=split", "--wait=false", "--prune", "--timeout=4m"]);
    await waitFor(
      () => /waiting for another one to be done in coder-system: ann@laptop_1 is at work/.test(second.said()),
      { what: "the second to say for whom it waits", timeoutMs: 120_000 },
    );
    const third = rig.uninstall({ holder: "bob@desk_3" }, { timeoutMs: 5_000 });
    await assert.rejects(
      third,
      /another one to be done in coder-system: ann@laptop_1 is at work there since 2/,
    );
    answer.resolve(true);
    await first;
    assert.equal(await second.ended, 0, second.said());
    assert.equal((await inventory())?.overlays[0], "split");
    assert.ok((await present(cluster)).includes("deployment.apps/coder-k8s-mcp"));
    assert.equal(await leases(), 0);
  });

  await t.step("who uninstalls meanwhile leaves all of it, or nothing", async () => {
    await Promise.all([
      rig.install([], { holder: "one" }),
      rig.uninstall({ holder: "two" }),
    ]);
    const left = (await present(cluster)).filter((name) => !name.startsWith("customresourcedefinition"));
    assert.ok(left.length === 0 || left.includes("configmap/coder-k8s-inventory"), left.join("\n"));
    const known = await inventory();
    assert.equal(known === undefined, left.length === 0);
    assert.equal(await leases(), 0);
  });
});
