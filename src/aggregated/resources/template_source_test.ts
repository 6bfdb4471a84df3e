import assert from "node:assert/strict";
import type { ChangeRecord } from "../../actions/templates/mod.ts";
import { connectionRefused } from "../../inventory/testing/model_coder.ts";
import { archive } from "../../../tests/archive/odd_tar.ts";
import { changeRecord } from "../convert/testing.ts";
import { NO_OVERLAY } from "../convert/overlay.ts";
import { withSource } from "./template_source.ts";
import { resourcesRig } from "./testing.ts";

const UPLOAD = "00000000-0000-4000-8000-000000000900";

/** A template whose active version has one text, and an archive with another. */
async function setUp() {
  let change: ChangeRecord | undefined;
  const rig = resourcesRig({ overlay: () => change === undefined ? NO_OVERLAY : { change } });
  const { coder, backend } = rig.add("team-a/coder");
  const template = coder.addTemplate("docker");
  coder.sources.set(template.active_version_id, archive([{ path: "main.tf", content: "active" }]));
  coder.sources.set(UPLOAD, archive([{ path: "main.tf", content: "new" }]));
  await rig.start();
  const context = rig.context();
  const read = async () => {
    const [object] = rig.resources.templates.collection.list("team-a").items;
    const [read] = await Promise.all([
      withSource(rig.resources, object!, backend, context),
      rig.clock.advance(1_000),
    ]);
    return read.spec.files;
  };
  const set = (now: ChangeRecord | undefined) => {
    change = now;
    rig.resources.retell(backend.id, "templates", template.id);
  };
  return { rig, coder, template, context, read, set };
}

Deno.test("files that are being built, or could not be, are those that are shown, until others are asked for or promoted", async () => {
  const { rig, coder, template, read, set } = await setUp();
  await using _ = rig;
  assert.deepEqual(await read(), { "main.tf": "active" });
  const change = changeRecord({ template: template.id, file: UPLOAD });
  set(change);
  assert.deepEqual(await read(), { "main.tf": "new" });
  assert.deepEqual(await read(), { "main.tf": "new" });
  set({ ...change, hold: true });
  assert.deepEqual(await read(), { "main.tf": "active" });
  const failure = { reason: "BuildFailed" as const, message: "no", log: [], at: change.at };
  set({ ...change, failure });
  assert.deepEqual(await read(), { "main.tf": "new" });
  set({ ...change, failure: { ...failure, reason: "Superseded" } });
  assert.deepEqual(await read(), { "main.tf": "active" });
  set(undefined);
  assert.deepEqual(await read(), { "main.tf": "active" });
  const downloads = coder.log.filter(({ detail }) => detail.startsWith("file "));
  assert.equal(downloads.length, 2);
});

Deno.test("files that cannot be read are left out, and the caller hears of it", async () => {
  const { rig, coder, template, context, read, set } = await setUp();
  await using _ = rig;
  set(changeRecord({ template: template.id, file: UPLOAD }));
  coder.failure = (request) => request === "source" ? connectionRefused() : undefined;
  assert.equal(await read(), undefined);
  assert.match(context.warnings.join(), /spec\.files is left out: they cannot be read now/);
});

Deno.test("large files that are read again are the same object, until it, or they, are others", async () => {
  const { rig, coder, template, context } = await setUp();
  await using _ = rig;
  const text = "x".repeat(1 << 20);
  coder.sources.set(template.active_version_id, archive([{ path: "main.tf", content: text }]));
  const backend = rig.resources.backends()[0]!;
  const read = async () => {
    const [object] = rig.resources.templates.collection.list("team-a").items;
    const [read] = await Promise.all([
      withSource(rig.resources, object!, backend, context),
      rig.clock.advance(1_000),
    ]);
    return { object: object!, read };
  };
  const first = await read();
  assert.equal(first.read.spec.files?.["main.tf"], text);
  assert.equal((await read()).read, first.read);
  // Others that are read meanwhile take its place: no more is kept than a few.
  const others = Array.from({ length: 9 }, (_, index) => ({ ...first.object, apiVersion: `v${index}` }));
  for (const other of others) {
    assert.notEqual(await withSource(rig.resources, other, backend, context), first.read);
  }
  const again = (await read()).read;
  assert.notEqual(again, first.read);
  assert.deepEqual(again, first.read);
});
