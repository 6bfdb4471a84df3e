/** What callers see of Coders that are in trouble: as much as is known, and never somebody else's refusal. */
import assert from "node:assert/strict";
import type { Workspace } from "../../inventory/mod.ts";
import { connectionRefused } from "../../inventory/testing/model_coder.ts";
import { coderTroubles, INTERNAL } from "../../inventory/testing/troubles.ts";
import { recordingLogger } from "../../kube/testing/recording_logger.ts";
import { StatusError } from "../serving/status_errors.ts";
import { templateStorage, workspaceStorage } from "./storages.ts";
import { resourcesRig } from "./testing.ts";

const ALL = { version: { match: "mostRecent" } } as const;
Deno.test("whatever Coder answers the operator, callers see what is known, and are not told that they are at fault", async () => {
  for (const trouble of coderTroubles()) {
    await using rig = resourcesRig();
    const { coder } = rig.add("a/coder");
    coder.add("dev");
    coder.addTemplate("docker");
    await rig.start();
    coder.failure = () => trouble;
    await rig.clock.advance(120_000);
    for (
      const [storage, known, other] of [
        [workspaceStorage(rig.resources), "acme.alice.dev", "acme.alice.other"],
        [templateStorage(rig.resources), "acme.docker", "acme.other"],
      ] as const
    ) {
      const context = rig.context();
      const { items } = await storage.list({ namespace: "a", ...ALL }, context);
      assert.equal(items.length, 1, trouble.message);
      const reading = storage.get({ namespace: "a", name: known }, context);
      await rig.clock.advance(1_000);
      assert.equal((await reading).metadata.name, known);
      assert.ok(context.warnings.length >= 2);
      assert.ok(!context.warnings.join().includes(INTERNAL));
      const looking = storage.get({ namespace: "a", name: other }, rig.context());
      looking.catch(() => {});
      await rig.clock.advance(1_000);
      await assert.rejects(looking, (error) => {
        assert.ok(error instanceof StatusError);
        assert.equal(error.code, 503, trouble.message);
        assert.ok((error.details?.retryAfterSeconds ?? 0) >= 1);
        assert.ok(!JSON.stringify(error.status).includes(INTERNAL));
        return true;
      });
    }
  }
});

Deno.test("a Coder that is down, and one that was never reached, take nothing from a list over all namespaces", async () => {
  await using rig = resourcesRig();
  const [well, down, never] = ["a/well", "b/down", "c/never"].map((id) => rig.add(id).coder);
  well?.add("one");
  down?.add("two");
  never?.add("three");
  never!.failure = () => connectionRefused();
  await rig.start();
  down!.failure = () => connectionRefused();
  await rig.clock.advance(60_000);
  const context = rig.context();
  const { items, resourceVersion } = await workspaceStorage(rig.resources).list(ALL, context);
  assert.deepEqual(items.map(({ metadata }) => metadata.name), ["acme.alice.one", "acme.alice.two"]);
  assert.match(resourceVersion, /^[1-9]\d+$/);
  assert.deepEqual(context.warnings.map((text) => text.replace(/:.*/, "")), [
    "Coder of b/down cannot be reached",
    "Coder of c/never cannot be reached",
  ]);
});

Deno.test("a record that cannot be made an object is left out and logged, and hides nothing", async () => {
  const { logger: log, lines } = recordingLogger();
  await using rig = resourcesRig({ log });
  const { coder, backend } = rig.add("a/coder");
  coder.add("dev");
  await rig.start();
  const broken = new Proxy<Workspace>(coder.add("odd"), {
    get(target, property) {
      if (property === "template_name") throw new TypeError("nobody thought of that");
      return Reflect.get(target, property);
    },
  });
  rig.resources.workspaces.told(backend, broken, "plain");
  assert.deepEqual(rig.shown("a"), ["acme.alice.dev"]);
  assert.ok(lines.some(({ level, message }) => level === "error" && message.includes("made an object")));
  const { items } = await workspaceStorage(rig.resources).list({ namespace: "a", ...ALL }, rig.context());
  assert.equal(items.length, 1);
});
