import assert from "node:assert/strict";
import { isRefusal, ONE, start, TWO, VERSIONS } from "../../../tests/actions/one_template.ts";
import { waitFor } from "../../../tests/cluster/wait.ts";
import { addTemplate, addVersion, addWorkspace, endImport, refuse } from "../../../tests/fake-coder/mod.ts";
import { newFile, readTar, writeTar } from "../../archive/mod.ts";
import { ActionError } from "../error.ts";
import { MemoryChangeStore } from "./mod.ts";

Deno.test("a new template whose import takes longer is there already, and its end is told", async () => {
  await using rig = await start({ answerMs: 20 });
  const { template, files } = await rig.actions.create(
    { organization: "default", name: "slow", files: TWO, settings: { description: "d" } },
    rig.request(),
  );
  assert.ok(template && files.state === "building");
  assert.equal(template.active_version_id, files.version);
  const ref = await rig.template(template.id);
  // Applied again meanwhile, it is the same.
  assert.equal((await rig.actions.update(ref, { files: TWO }, rig.request())).files?.state, "building");
  endImport(rig.fake.state, files.version!, "no");
  await rig.actions.idle();
  assert.equal((await rig.actions.condition(template.id, rig.request().signal))?.reason, "BuildFailed");
  // What failed is no content that is there.
  assert.equal(
    (await rig.actions.update(ref, { files: TWO, retry: true }, rig.request())).files?.state,
    "building",
  );
  endImport(rig.fake.state, await rig.made(3));
  await rig.actions.idle();
  assert.equal((await rig.template(template.id)).active_version_id, rig.versions()[2]?.["id"]);
});

Deno.test("a new template whose import cannot be put on record is there all the same", async () => {
  const store = new MemoryChangeStore();
  store.write = () => Promise.reject(new Error("no cluster"));
  await using rig = await start({ answerMs: 20, store });
  const { template, files } = await rig.actions.create(
    { organization: "default", name: "slow", files: ONE },
    rig.request(),
  );
  assert.deepEqual([template?.name, files.state], ["slow", "building"]);
});

Deno.test("a template is made of a version that is free, and of no other", async () => {
  await using rig = await start();
  const make = (name: string, more: object) =>
    rig.actions.create({ organization: "default", name, ...more }, rig.request());
  await assert.rejects(
    make("a", { versionId: rig.first }),
    isRefusal("invalid", /belongs to another template/),
  );
  await assert.rejects(
    make("a", { versionId: crypto.randomUUID() }),
    isRefusal("invalid", /no such version/),
  );
  await assert.rejects(make("a", {}), isRefusal("invalid", /needs files, or a version/));
  await assert.rejects(make("a.b", { files: ONE }), isRefusal("invalid", /name: must be/));
  await assert.rejects(make("x".repeat(33), { files: ONE }), isRefusal("invalid", /longer than 32/));
  const fileId = await rig.client.templateChanges.upload(writeTar([newFile("main.tf", "one")]));
  const free = await rig.client.templateChanges.createVersion("default", { fileId });
  // The answer is lost: it is made all the same, and nobody is told otherwise.
  rig.fake.faults.add({
    method: "POST",
    route: "/api/v2/organizations/{organization}/templates",
    action: { do: "loseAnswer" },
  });
  const { template, files } = await make("a", { versionId: free.id });
  assert.deepEqual([template?.active_version_id, files.state], [free.id, "promoted"]);
});

Deno.test("only a version of the template that was imported can be gone back to", async () => {
  await using rig = await start();
  const ref = await rig.ref();
  const other = addVersion(rig.fake.state, addTemplate(rig.fake.state, "podman"), new Uint8Array());
  const to = (versionId: string) => rig.actions.update(ref, { versionId }, rig.request());
  await assert.rejects(to(other), isRefusal("invalid", /of another template/));
  const version = addVersion(
    rig.fake.state,
    rig.fake.state.templates.find(({ id }) => id === rig.id)!,
    new Uint8Array(),
  );
  assert.equal((await to(version)).files?.state, "unchanged");
  assert.deepEqual((await to(rig.first)).files, { state: "promoted", version: rig.first });
  endImport(rig.fake.state, version, "broken");
  await assert.rejects(to(version), isRefusal("invalid", /never imported \(failed: broken\)/));
  await assert.rejects(
    rig.actions.update(ref, { files: TWO, versionId: version }, rig.request()),
    isRefusal("invalid", /follows the files/),
  );
});

Deno.test("a name that another version has is refused", async () => {
  await using rig = await start();
  await assert.rejects(
    rig.actions.update(await rig.ref(), { files: TWO, versionName: "version-1" }, rig.request()),
    isRefusal("conflict", /another version named version-1/),
  );
  const { files } = await rig.actions.update(
    await rig.ref(),
    { files: TWO, versionName: "v2" },
    rig.request(),
  );
  assert.ok(files?.state === "building" && files.name === "v2");
  endImport(rig.fake.state, await rig.made());
  await rig.actions.idle();
});

Deno.test("a template with workspaces is not deleted; one that is takes what is under way with it", async () => {
  await using rig = await start();
  const ref = await rig.ref();
  const workspace = addWorkspace(rig.fake.state, rig.user, "w", { template_id: rig.id });
  await assert.rejects(rig.actions.delete(ref, rig.request()), isRefusal("conflict", /has workspaces/));
  workspace["deleted" as never] = true as never;
  await rig.actions.update(ref, { files: TWO }, rig.request());
  await rig.made();
  rig.fake.faults.add({ method: "DELETE", action: { do: "loseAnswer" } });
  await rig.actions.delete(ref, rig.request());
  await rig.actions.idle();
  assert.deepEqual(await rig.store.list(), []);
  await assert.rejects(rig.actions.delete(ref, rig.request()), isRefusal("missing"));
});

Deno.test("a change of a template that is gone is forgotten", async () => {
  await using rig = await start();
  await rig.actions.update(await rig.ref(), { files: TWO }, rig.request());
  await rig.made();
  rig.fake.state.templates.length = 0;
  rig.fake.state.templateVersions.length = 0;
  await rig.actions.idle();
  assert.deepEqual([rig.progress, await rig.store.list()], [[{ is: "replaced" }], []]);
});

Deno.test("what Coder refuses for good is told, and not asked for again", async () => {
  await using rig = await start();
  const action = { do: "answer", reply: refuse(400, "Unable to parse workspace tags") } as const;
  rig.fake.faults.add({ method: "POST", route: VERSIONS, action });
  await rig.actions.update(await rig.ref(), { files: TWO }, rig.request());
  await rig.actions.idle();
  assert.match((await rig.condition())?.message ?? "", /Unable to parse workspace tags/);
  assert.equal(rig.fake.count({ route: VERSIONS }), 1);
});

Deno.test("whole content is compared and built as a whole, binaries and modes included", async () => {
  await using rig = await start();
  const ref = await rig.ref();
  const logo = newFile("logo", new Uint8Array([0xff]));
  // Nobody has written down what the first version was made of: its archive tells.
  const same = await rig.actions.update(ref, { entries: [logo, newFile("main.tf", "one")] }, rig.request());
  assert.equal(same.files?.state, "unchanged");
  const entries = [newFile("main.tf", "one", 0o755), newFile("modules/a/main.tf", "x"), logo];
  assert.equal((await rig.actions.update(ref, { entries }, rig.request())).files?.state, "building");
  assert.equal((await rig.actions.update(ref, { entries }, rig.request())).files?.state, "building");
  endImport(rig.fake.state, await rig.made());
  await rig.actions.idle();
  const { file_id } = rig.versions()[1]?.["job"] as { file_id: string };
  const stored = [...readTar(rig.fake.state.files.get(file_id)!)].map(({ path, mode }) => [path, mode]);
  assert.deepEqual(stored, [
    ["main.tf", 0o755],
    ["modules/", 0o755],
    ["modules/a/", 0o755],
    ["modules/a/main.tf", 0o644],
    ["logo", 0o644],
  ]);
  rig.since();
  assert.equal((await rig.actions.update(ref, { entries }, rig.request())).files?.state, "unchanged");
  assert.ok(!rig.since().some((line) => line.includes("/files/")));
});

Deno.test("content that Coder would not take is refused before anything is sent", async () => {
  await using rig = await start();
  const ref = await rig.ref();
  const writes = () => rig.since().filter((line) => !line.startsWith("GET "));
  await assert.rejects(
    rig.actions.update(ref, { entries: [newFile("../up", "1")] }, rig.request()),
    isRefusal("invalid", /"\.\.\/up" cannot be the path/),
  );
  const large = newFile("large", new Uint8Array((100 << 20) - 1_024));
  await assert.rejects(
    rig.actions.update(ref, { entries: [large] }, rig.request()),
    isRefusal("invalid", /104857600 are the most/),
  );
  // In the place of a directory that stays there can be no file.
  const binary = newFile("dir/logo", new Uint8Array([0xff]));
  await rig.actions.update(ref, { entries: [newFile("main.tf", "1"), binary] }, rig.request());
  endImport(rig.fake.state, await rig.made());
  await rig.actions.idle();
  writes();
  await assert.rejects(
    rig.actions.update(await rig.ref(), { files: { dir: "1" } }, rig.request()),
    (error) => error instanceof ActionError && error.causes[0]?.field === "files[dir]",
  );
  assert.deepEqual(writes(), []);
});

Deno.test("who is always overtaken is told so", async () => {
  await using rig = await start();
  const { store } = rig;
  const busy: typeof store = Object.assign(Object.create(store), {
    read: (template: string) => store.read(template),
    write: () => Promise.resolve(undefined),
    list: () => store.list(),
  });
  const late = rig.replica({ store: busy });
  await assert.rejects(
    late.update(await rig.ref(), { files: TWO }, rig.request()),
    isRefusal("conflict", /others are changing/),
  );
});

Deno.test("a promotion that a replica began before it died is waited for, and then not any more", async () => {
  let now = Date.now();
  await using rig = await start({ now: () => now });
  const ref = await rig.ref();
  await rig.actions.update(ref, { files: TWO }, rig.request());
  await rig.made();
  await waitFor(async () => (await rig.store.read(rig.id))?.record.version, { what: "the record" });
  await rig.actions.close();
  const stored = await rig.store.read(rig.id);
  assert.ok(stored);
  const promotingAt = new Date(now).toISOString();
  await rig.store.write({ ...stored.record, promotingAt }, stored.version);
  let looks = 0;
  const { store } = rig;
  const watched: typeof store = Object.assign(Object.create(store), {
    read: (template: string) => (looks++, store.read(template)),
    write: (record: never, version: never) => store.write(record, version),
    remove: (template: string, version: string) => store.remove(template, version),
    list: () => store.list(),
  });
  let isOver = false;
  const asked = rig.replica({ store: watched }).update(ref, { files: ONE }, rig.request()).finally(() =>
    isOver = true
  );
  asked.catch(() => {});
  await waitFor(() => looks > 2, { what: "it to look again and again" });
  assert.equal(isOver, false);
  now += 60 * 60_000;
  assert.equal((await asked).files?.state, "unchanged");
  assert.deepEqual(await rig.store.list(), []);
});
