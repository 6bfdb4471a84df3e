/** Two replicas: the leader is killed, or cut off from the API server, and the other one goes on. */
import assert from "node:assert/strict";
import { standardError, waitFor } from "../cluster/mod.ts";
import { LEASE, type Scene, startScene } from "./scene.ts";
import {
  LeaderSampler,
  leads,
  loggedAt,
  secondKubeconfig,
  startReplica,
  turns,
  untilLeading,
} from "./replicas.ts";

/** How long a takeover is waited for, in milliseconds: the Lease of 15 s must run out first. */
const TAKEOVER_MS = 120_000;

async function holderOf({ cluster }: Scene): Promise<string | undefined> {
  return (await cluster.find(LEASE))?.spec?.holderIdentity;
}

function say(how: string, tookMs: number): void {
  const seconds = (tookMs / 1000).toFixed(1);
  standardError().write(`  a change made as the leader was ${how} was carried out after ${seconds} s\n`);
}

Deno.test("when the leader is killed the other one takes over, and gives the lease back in order", async () => {
  await using scene = await startScene("killed");
  const mark = await scene.cluster.audit.mark();
  try {
    await using first = await startReplica(scene.kubeconfig);
    await untilLeading(first);
    await using second = await startReplica(await secondKubeconfig(scene.cluster));
    await scene.create("p");
    await scene.settled("p");
    assert.deepEqual([await leads(first), await leads(second)], [true, false]);

    await first.stop("SIGKILL");
    const killed = performance.now();
    await scene.change("p", { spec: { image: "ghcr.io/coder/coder:v2.31.0" } });
    await scene.settled("p", TAKEOVER_MS);
    say("killed", performance.now() - killed);
    assert.deepEqual(turns(await scene.cluster.audit.since(mark)), ["first", "second"]);

    await using third = await startReplica(scene.kubeconfig);
    await using sampler = new LeaderSampler([second, third]);
    const holder = await holderOf(scene);
    assert.equal(await second.stop(), 0);
    assert.notEqual(await holderOf(scene), holder, "the lease was released, not left to expire");
    await untilLeading(third);
    await scene.change("p", { spec: { replicas: 2 } });
    await scene.settled("p");
    assert.equal(sampler.doubles, 0, "never two leaders at once");
    assert.deepEqual(turns(await scene.cluster.audit.since(mark)), ["first", "second", "first"]);
  } finally {
    await scene.cluster.request("DELETE", LEASE).catch(() => {});
  }
});

Deno.test("a leader that is cut off stops before the other one begins, and never writes again as one", async () => {
  await using scene = await startScene("cut-off");
  try {
    await using first = await startReplica(scene.kubeconfig);
    await untilLeading(first);
    await using second = await startReplica(await secondKubeconfig(scene.cluster));
    await scene.create("p");
    await scene.settled("p");
    await using sampler = new LeaderSampler([first, second]);
    const mark = await scene.cluster.audit.mark();

    // Writes that the first one is at are held back half-way, and must not come through later.
    const frozen = scene.faults.freeze();
    const cutOff = performance.now();
    await scene.change("p", { spec: { image: "ghcr.io/coder/coder:v2.31.0" } });
    await waitFor(async () => !(await leads(first)), { what: "the first to notice that it leads no more" });
    await scene.settled("p", TAKEOVER_MS);
    say("cut off", performance.now() - cutOff);
    const { ended, begun } = await waitFor(() => {
      const [ended, begun] = [loggedAt(first, "stopped leading"), loggedAt(second, "started leading")];
      return ended !== undefined && begun !== undefined && { ended, begun };
    }, { what: "both to have logged the change" });
    assert.ok(
      ended < begun,
      `it stopped at ${ended.toISOString()}, the other began at ${begun.toISOString()}`,
    );

    frozen.remove();
    await waitFor(() => scene.faults.countOpen({ watch: true }) > 0, { what: "the first to watch again" });
    await scene.change("p", { spec: { replicas: 2, image: "ghcr.io/coder/coder:v2.32.0" } });
    await scene.settled("p");
    assert.deepEqual(turns(await scene.cluster.audit.since(mark)), ["second"]);
    assert.deepEqual([await leads(first), await leads(second)], [false, true]);
    assert.ok(sampler.samples > 20, `${sampler.samples} samples`);
    assert.equal(sampler.doubles, 0, "never two leaders at once");
  } finally {
    await scene.cluster.request("DELETE", LEASE).catch(() => {});
  }
});
