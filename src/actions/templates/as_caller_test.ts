import assert from "node:assert/strict";
import { start, TWO } from "../../../tests/actions/one_template.ts";
import { endImport, refuse } from "../../../tests/fake-coder/mod.ts";
import type { CoderClient } from "../../coder/mod.ts";
import { ActionError } from "../error.ts";

/** Changes by Ann, whose requests Coder can tell from the operator's. */
async function startAs(roles: string[]) {
  const rig = await start();
  const ann = rig.fake.state.addUser({ username: "ann", roles });
  const client: CoderClient = rig.client.as!(rig.fake.state.addToken(ann));
  const opened = { count: 0 };
  const openAs = () => {
    opened.count++;
    return Promise.resolve(client);
  };
  return { rig, ann, opened, request: rig.request({ by: "ann", openAs }) };
}

Deno.test("new files are uploaded, and made a version of, by whoever asks; it is promoted when that is built", async () => {
  const { rig, opened, request } = await startAs(["owner"]);
  await using _ = rig;
  const { files } = await rig.actions.update(await rig.ref(), { files: TWO }, request);
  assert.equal(files?.state, "building");
  // Made in the request, so that it is the caller who made it.
  const version = "version" in files ? files.version : undefined;
  assert.equal(version, await rig.made());
  assert.equal(opened.count, 1);
  endImport(rig.fake.state, version!);
  await rig.actions.idle();
  assert.equal(rig.active(), version);
  assert.deepEqual(rig.audit.map(({ by, calls }) => [by, calls.map(({ call }) => call)]), [
    ["ann", ["upload file", "create version"]],
    ["ann", ["promote version"]],
  ]);
});

Deno.test("whom Coder does not let make a version leaves none behind, and nothing that the operator goes on with", async () => {
  const { rig, request } = await startAs(["owner"]);
  await using _ = rig;
  rig.fake.faults.add({
    method: "POST",
    path: /\/templateversions$/,
    action: {
      do: "answer",
      reply: refuse(404, "Resource not found or you do not have access to this resource"),
    },
  });
  const error = await rig.actions.update(await rig.ref(), { files: TWO }, request).catch((error) => error);
  assert.ok(error instanceof ActionError && error.reason === "forbidden", String(error));
  assert.deepEqual(await rig.store.list(), []);
  assert.equal(rig.versions().length, 1);
});

Deno.test("a dry run asks nobody who they are in Coder", async () => {
  const { rig, opened, request } = await startAs([]);
  await using _ = rig;
  const { files } = await rig.actions.update(await rig.ref(), { files: TWO }, { ...request, dryRun: true });
  assert.equal(files?.state, "wouldBuild");
  assert.equal(opened.count, 0);
});

Deno.test("whom Coder does not know has it done as ever", async () => {
  const { rig, request } = await startAs([]);
  await using _ = rig;
  const openAs = () => Promise.resolve(undefined);
  const { files } = await rig.actions.update(await rig.ref(), { files: TWO }, { ...request, openAs });
  assert.equal(files?.state, "building");
  endImport(rig.fake.state, await rig.made());
  await rig.actions.idle();
  assert.deepEqual(
    rig.audit.map(({ calls }) => calls.map(({ call }) => call)),
    [
      ["upload file"],
      ["promote version"],
    ].map((calls) => calls),
  );
});

Deno.test("what somebody else has asked for stays where the next one may not change it", async () => {
  const { rig, request } = await startAs([]);
  await using _ = rig;
  await rig.actions.update(await rig.ref(), { files: TWO }, rig.request());
  const version = await rig.made();
  const other = { ...TWO, "main.tf": "three" };
  for (const wanted of [{ files: other }, { versionId: rig.first }]) {
    const error = await rig.actions.update(await rig.ref(), wanted, request).catch((error) => error);
    assert.ok(error instanceof ActionError && error.reason === "forbidden", String(error));
  }
  endImport(rig.fake.state, version);
  await rig.actions.idle();
  assert.equal(rig.active(), version);
});
