import assert from "node:assert/strict";
import {
  addTemplate,
  addVersion,
  beginImport,
  endImport,
  type FakeCoder,
  startFakeCoder,
} from "../../../tests/fake-coder/mod.ts";
import { startTemplateRig } from "../../../tests/actions/template_rig.ts";
import { bytesOf, newFile, readSourceFiles, writeTar } from "../../archive/mod.ts";
import { below, pick, seededRandom } from "../../telemetry/testing/random.ts";

type Row = Record<string, unknown>;
const jobOf = (version: Row | undefined) => version?.["job"] as { status: string; file_id: string };
const isOpen = (version: Row) => ["pending", "running", "canceling"].includes(jobOf(version).status);

function textOf(fake: FakeCoder, version: Row | undefined): string | undefined {
  return readSourceFiles(fake.state.files.get(jobOf(version).file_id)!).files["main.tf"];
}

/** One life of a template: changes by replicas that crash, answers that are lost, imports that end at any time. */
async function live(seed: number, mayFail: boolean): Promise<void> {
  const random = seededRandom(seed);
  await using fake = await startFakeCoder({ rateLimit: -1 });
  const { token } = fake.state.addOwner();
  const template = addTemplate(fake.state, "docker", { default_ttl_ms: 7 });
  addVersion(
    fake.state,
    template,
    bytesOf(writeTar([newFile("main.tf", "0"), newFile("logo", new Uint8Array([0xff]))])),
  );
  const wait = { timeoutMs: 60_000_000, backoffAfterMs: 0, initialMs: 20, maxMs: 20 };
  // Time runs faster than ours, so that nobody waits long for replicas that are no more.
  const begin = Date.now();
  const now = () => begin + 100 * (Date.now() - begin);
  await using rig = startTemplateRig({ url: fake.url, token, wait, retryMs: 0, now });
  let replica = rig.replica();
  let wanted = "0";
  const settle = (version: Row) => {
    const isCanceled = jobOf(version).status === "canceling";
    const fails = isCanceled || (mayFail && below(random, 3) === 0);
    endImport(fake.state, String(version["id"]), fails ? "no" : undefined);
  };
  for (let step = 0; step < 14; step++) {
    const open = fake.state.templateVersions.filter(isOpen);
    switch (below(random, 6)) {
      case 0:
      case 1: {
        const text = String(below(random, 4));
        if (below(random, 3) === 0) {
          fake.faults.add({
            method: pick(random, ["POST", "PATCH"]),
            action: { do: pick(random, ["loseAnswer", "dropRequest"]) },
          });
        }
        try {
          const ref = await rig.template(template.id);
          const { files } = await replica.update(ref, { files: { "main.tf": text } }, rig.request());
          if (files?.state !== "failed") wanted = text;
        } catch {
          // Refused or lost; whoever asked asks again until it is accepted.
          fake.faults.clear();
          const { files } = await replica.update(await rig.template(template.id), {
            files: { "main.tf": text },
          }, rig.request());
          if (files?.state !== "failed") wanted = text;
        }
        break;
      }
      case 2:
        await replica.close();
        replica = rig.replica();
        if (below(random, 2) === 0) await replica.resume(rig.request().signal);
        break;
      case 3:
        for (const one of open) {
          if (jobOf(one).status === "pending") beginImport(fake.state, String(one["id"]));
        }
        break;
      case 4:
        if (open[0] !== undefined) settle(pick(random, open));
        break;
      default:
        await new Promise((resolve) => setTimeout(resolve, below(random, 30)));
    }
    const { active_version_id } = template;
    const active = fake.state.templateVersions.find(({ id }) => id === active_version_id);
    assert.equal(jobOf(active).status, "succeeded", `seed ${seed}`);
  }
  fake.faults.clear();
  const last = rig.replica();
  let ended = false;
  const ending = (async () => {
    await last.resume(rig.request().signal);
    await Promise.all([replica.idle(), last.idle()]);
    ended = true;
  })();
  while (!ended) {
    for (const version of fake.state.templateVersions.filter(isOpen)) settle(version);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await ending;

  const active = fake.state.templateVersions.find(({ id }) => id === template.active_version_id);
  if (!mayFail) {
    assert.equal(textOf(fake, active), wanted, `seed ${seed}`);
    assert.deepEqual(await rig.store.list(), [], `seed ${seed}`);
  }
  // No content was imported twice, unless it failed or was cancelled in between.
  const good = fake.state.templateVersions.slice(1).filter((one) => jobOf(one).status === "succeeded");
  const contents = good.map((one) => jobOf(one).file_id);
  assert.equal(new Set(contents).size, contents.length, `seed ${seed}`);
  assert.equal(template["default_ttl_ms" as never], 7);
  fake.assertClean();
}

Deno.test("whatever happens, what was accepted last is active in the end, and no content is built twice", async () => {
  for (let seed = 1; seed <= 40; seed++) await live(seed, false);
});

Deno.test("where imports fail, what cannot be imported is never active, and nothing is built in vain", async () => {
  for (let seed = 101; seed <= 120; seed++) await live(seed, true);
});
