import assert from "node:assert/strict";
import { isRefusal, ONE, start, TEMPLATE, TWO, VERSIONS } from "../../../tests/actions/one_template.ts";
import { waitFor } from "../../../tests/cluster/wait.ts";
import { addVersion, endImport, htmlPage, refuse } from "../../../tests/fake-coder/mod.ts";
import { readTar } from "../../archive/mod.ts";
import { INPUTS_LOST_AFTER_MS } from "./decide.ts";

Deno.test("files are built, and promoted when that has succeeded, with the human's name in the audit", async () => {
  await using rig = await start();
  const { files } = await rig.actions.update(
    await rig.ref(),
    { files: TWO, message: "by hand" },
    rig.request(),
  );
  assert.equal(files?.state, "building");
  const version = await rig.made();
  assert.equal((await rig.condition())?.reason, "Building");
  assert.equal(rig.active(), rig.first);
  endImport(rig.fake.state, version);
  await rig.actions.idle();
  assert.equal(rig.active(), version);
  assert.equal(await rig.condition(), undefined);
  assert.match(String(rig.versions()[1]?.["message"]), /^by hand\n\ncoder-k8s: text sha256:/);
  assert.deepEqual(
    rig.audit.map(({ by, action, result, calls }) => [by, action, result, calls.map(({ call }) => call)]),
    [
      ["alice", "update template", "accepted", ["upload file"]],
      ["alice", "promote version", "done", ["promote version"]],
    ],
  );
  assert.deepEqual(rig.progress, [{ is: "promoted", version }]);
});

Deno.test("what is held is built, and promoted by nobody until it is asked for", async () => {
  await using rig = await start();
  const ask = async (hold: boolean) =>
    (await rig.actions.update(await rig.ref(), { files: TWO, hold }, rig.request())).files;
  assert.equal((await ask(true))?.state, "building");
  const version = await rig.made();
  assert.match((await rig.condition())?.message ?? "", /it is tried when/);
  endImport(rig.fake.state, version);
  await rig.actions.idle();
  assert.deepEqual(rig.progress, [{ is: "built", version }]);
  assert.deepEqual([rig.active(), await rig.store.list()], [rig.first, []]);
  assert.equal(rig.audit.at(-1)?.action, "build version");
  await rig.actions.update(await rig.ref(), { versionId: version }, rig.request());
  assert.equal(rig.active(), version);
});

Deno.test("whoever asks for content that is held has it promoted", async () => {
  await using rig = await start();
  const ask = async (hold: boolean) =>
    (await rig.actions.update(await rig.ref(), { files: TWO, hold }, rig.request())).files?.state;
  await ask(true);
  const version = await rig.made();
  assert.equal(await ask(false), "building");
  endImport(rig.fake.state, version);
  await rig.actions.idle();
  assert.equal(rig.active(), version);
});

Deno.test("answers that are lost change nothing about it: one version, promoted once", async () => {
  await using rig = await start();
  rig.fake.faults.add({ method: "POST", route: VERSIONS, action: { do: "loseAnswer" } });
  rig.fake.faults.add({ method: "PATCH", route: `${TEMPLATE}/versions`, action: { do: "loseAnswer" } });
  await rig.actions.update(await rig.ref(), { files: TWO }, rig.request());
  endImport(rig.fake.state, await rig.made());
  await rig.actions.idle();
  assert.equal(rig.versions().length, 2);
  assert.equal(rig.active(), rig.versions()[1]?.["id"]);
  assert.equal(rig.fake.count({ route: `${TEMPLATE}/versions` }), 1);
});

Deno.test("a Coder that is away for a while only delays it", async () => {
  await using rig = await start();
  await rig.actions.update(await rig.ref(), { files: TWO }, rig.request());
  const version = await rig.made();
  rig.fake.faults.add({ times: 4, action: htmlPage(502, "Bad Gateway") });
  rig.fake.faults.add({ method: "PATCH", action: { do: "dropRequest" } });
  await waitFor(() => rig.fake.faults.size === 1, { what: "some failures" });
  endImport(rig.fake.state, version);
  await rig.actions.idle();
  assert.equal(rig.active(), version);
});

Deno.test("an upload that fails leaves nothing behind, and can be asked for again", async () => {
  await using rig = await start();
  rig.fake.faults.add({ method: "POST", route: "/api/v2/files", action: { do: "dropRequest" } });
  const ref = await rig.ref();
  await assert.rejects(rig.actions.update(ref, { files: TWO }, rig.request()));
  assert.deepEqual([await rig.store.list(), rig.audit.at(-1)?.result], [[], "refused"]);
  assert.equal((await rig.actions.update(ref, { files: TWO }, rig.request())).files?.state, "building");
  endImport(rig.fake.state, await rig.made());
  await rig.actions.idle();
});

Deno.test("many replicas at once make one version", async () => {
  await using rig = await start();
  const replicas = Array.from({ length: 5 }, () => rig.replica());
  const ref = await rig.ref();
  const outcomes = await Promise.allSettled(
    replicas.map((one) => one.update(ref, { files: TWO }, rig.request())),
  );
  // Whoever was later than another is told so, or finds it under way.
  for (const one of outcomes) assert.ok(one.status === "fulfilled" || isRefusal("conflict")(one.reason));
  assert.ok(outcomes.some(({ status }) => status === "fulfilled"));
  await Promise.all(replicas.map((one) => one.resume(rig.request().signal)));
  endImport(rig.fake.state, await rig.made());
  await Promise.all(replicas.map((one) => one.idle()));
  assert.equal(rig.versions().length, 2);
  assert.equal(rig.active(), rig.versions()[1]?.["id"]);
  assert.equal(rig.fake.state.files.size, 2);
});

Deno.test("a newer change takes the place of one that is under way, which is cancelled and never promoted", async () => {
  await using rig = await start();
  const ref = await rig.ref();
  await rig.actions.update(ref, { files: TWO }, rig.request());
  const second = await rig.made();
  await waitFor(async () => (await rig.store.read(rig.id))?.record.version, { what: "the record" });
  await rig.actions.update(ref, { files: { "main.tf": "three" } }, rig.request({ by: "bob" }));
  const third = await rig.made(3);
  assert.equal((rig.versions()[1]?.["job"] as { status: string }).status, "canceled");
  // Even where it was imported before it could be cancelled.
  endImport(rig.fake.state, second);
  endImport(rig.fake.state, third);
  await rig.actions.idle();
  assert.equal(rig.active(), third);
  assert.ok(rig.progress.some(({ is }) => is === "replaced"));
});

Deno.test("going back to what is active ends what is under way", async () => {
  await using rig = await start();
  const ref = await rig.ref();
  for (const back of [{ files: ONE }, { versionId: rig.first }]) {
    await rig.actions.update(ref, { files: TWO, retry: true }, rig.request());
    await waitFor(async () => (await rig.store.read(rig.id))?.record.version, { what: "the record" });
    assert.equal((await rig.actions.update(ref, back, rig.request())).files?.state, "unchanged");
    assert.equal(await rig.condition(), undefined);
    await rig.actions.idle();
  }
  assert.equal(rig.active(), rig.first);
  assert.deepEqual(rig.versions().slice(1).map(({ job }) => (job as { status: string }).status), [
    "canceled",
    "canceled",
  ]);
});

Deno.test("what a person has promoted meanwhile stays", async () => {
  await using rig = await start();
  await rig.actions.update(await rig.ref(), { files: TWO }, rig.request());
  const version = await rig.made();
  const row = rig.fake.state.templates.find(({ id }) => id === rig.id)!;
  const byHand = addVersion(rig.fake.state, row, new Uint8Array(1_024));
  endImport(rig.fake.state, version);
  await rig.actions.idle();
  assert.equal(rig.active(), byHand);
  assert.equal((await rig.condition())?.reason, "Superseded");
});

Deno.test("a failed import is told with its log, and not tried again by who applies in a loop", async () => {
  let now = Date.now();
  await using rig = await start({ now: () => now });
  const ref = await rig.ref();
  await rig.actions.update(ref, { files: TWO }, rig.request());
  endImport(rig.fake.state, await rig.made(), "terraform plan: exit status 1");
  await rig.actions.idle();
  assert.match((await rig.condition())?.message ?? "", /failed: terraform plan: exit status 1\./);
  assert.equal((await rig.actions.update(ref, { files: TWO }, rig.request())).files?.state, "failed");
  assert.equal(rig.versions().length, 2);
  now += 700_000;
  assert.equal((await rig.actions.update(ref, { files: TWO }, rig.request())).files?.state, "building");
  endImport(rig.fake.state, await rig.made(3));
  await rig.actions.idle();
  assert.equal(rig.active(), rig.versions()[2]?.["id"]);
});

Deno.test("content that has just failed, and was replaced since, is told as failed when it is asked for again", async () => {
  await using rig = await start();
  const ask = async (files: Record<string, string>) =>
    (await rig.actions.update(await rig.ref(), { files }, rig.request())).files?.state;
  await ask(TWO);
  endImport(rig.fake.state, await rig.made(), "no such provider");
  await rig.actions.idle();
  assert.equal(await ask(ONE), "unchanged");
  assert.equal(await rig.condition(), undefined);
  const before = rig.versions().length;
  assert.equal(await ask(TWO), "failed");
  assert.match((await rig.condition())?.message ?? "", /no such provider/);
  assert.equal(await ask(TWO), "failed");
  assert.equal(rig.versions().length, before);
});

Deno.test("what is not as the caller takes it for is not changed in any way", async () => {
  await using rig = await start();
  const ref = await rig.ref();
  const stale = new Error("stale");
  const request = (dryRun = false) =>
    rig.request({
      dryRun,
      precondition(template, change) {
        assert.equal(template.display_name, "Docker");
        assert.equal(change, undefined);
        throw stale;
      },
    });
  const other = addVersion(rig.fake.state, rig.fake.state.templates[0]!, new Uint8Array(1_024));
  const first = await rig.ref();
  rig.since();
  for (
    const wanted of [
      { files: TWO },
      { settings: { description: "new" } },
      { settings: { description: "new" }, files: TWO },
      { versionId: rig.first, settings: { icon: "x" } },
      { isAsBefore: true, variables: [{ name: "a", value: "b" }] },
    ]
  ) {
    for (const dryRun of [false, true]) {
      await assert.rejects(rig.actions.update(ref, wanted, request(dryRun)), stale);
    }
  }
  assert.ok(rig.since().every((line) => line.startsWith("GET ")));
  assert.deepEqual(await rig.store.list(), []);
  assert.deepEqual([other, await rig.ref()], [first.active_version_id, first]);
});

Deno.test("a version that cannot be gone back to takes the settings with it", async () => {
  await using rig = await start();
  const before = await rig.ref();
  await assert.rejects(
    rig.actions.update(
      before,
      { versionId: crypto.randomUUID(), settings: { description: "new" } },
      rig.request(),
    ),
    isRefusal("invalid", /versionID: is not there/),
  );
  assert.deepEqual(await rig.ref(), before);
});

Deno.test("other variables alone build the same files, once, whether they are active or being built", async () => {
  await using rig = await start();
  const ask = async (value: string) =>
    (await rig.actions.update(
      await rig.ref(),
      { isAsBefore: true, variables: value === "" ? [] : [{ name: "region", value }] },
      rig.request(),
    )).files;
  // Nobody knows the variables of the first version, which was made by somebody else: without any it is as asked for.
  assert.deepEqual(await ask(""), { state: "unchanged" });
  assert.equal((await ask("eu"))?.state, "building");
  const version = await rig.made();
  rig.since();
  assert.equal((await ask("eu"))?.state, "building");
  assert.ok(rig.since().every((line) => line.startsWith("GET ")));
  endImport(rig.fake.state, version);
  await rig.actions.idle();
  assert.equal(rig.active(), version);
  rig.since();
  assert.deepEqual(await ask("eu"), { state: "unchanged" });
  assert.deepEqual(rig.since(), ["GET /templates/…", "GET /templates/…", "GET /templateversions/…"]);
  // Files that are being built get them, too.
  await rig.actions.update(await rig.ref(), { files: TWO }, rig.request());
  await rig.made(3);
  assert.equal((await ask("us"))?.state, "building");
  const last = await rig.made(4);
  endImport(rig.fake.state, last);
  await rig.actions.idle();
  assert.equal(rig.active(), last);
  const file = (await rig.client.templates.version(last)).job.file_id;
  const seen = [...readTar(await rig.client.templates.file(file))];
  assert.deepEqual(seen.map(({ path }) => path), ["main.tf", "logo"]);
  assert.equal(new TextDecoder().decode(seen[0]!.content), "two");
  assert.equal((await ask(""))?.state, "building", "without any is another version, too");
  endImport(rig.fake.state, await rig.made(5));
  await rig.actions.idle();
});

Deno.test("an import that takes too long is cancelled, and told", async () => {
  let now = Date.now();
  await using rig = await start({ now: () => now });
  await rig.actions.update(await rig.ref(), { files: TWO }, rig.request());
  await rig.made();
  (rig.versions()[1] as { matched_provisioners: unknown }).matched_provisioners = { count: 3, available: 0 };
  const looks = () => rig.fake.count({ route: "/api/v2/templateversions/{version}" });
  const before = looks();
  await waitFor(() => looks() > before + 1, { what: "a look that sees it" });
  now += 60_000;
  await rig.actions.idle();
  const condition = await rig.condition();
  assert.equal(condition?.reason, "BuildTimedOut");
  assert.match(condition?.message ?? "", /No provisioner was there/);
  assert.equal((rig.versions()[1]?.["job"] as { status: string }).status, "canceled");
});

Deno.test("settings that Coder refuses take the files with them, and nothing has changed", async () => {
  await using rig = await start();
  const action = {
    do: "answer",
    reply: refuse(400, "Validation failed.", { validations: [{ field: "icon", detail: "no" }] }),
  } as const;
  rig.fake.faults.add({ method: "PATCH", route: TEMPLATE, action });
  const wanted = { files: TWO, settings: { icon: "x" } };
  await assert.rejects(rig.actions.update(await rig.ref(), wanted, rig.request()), /icon: no/);
  await rig.actions.idle();
  assert.deepEqual([await rig.store.list(), rig.versions().length, rig.active()], [[], 1, rig.first]);
});

Deno.test("settings are merged with what is there, in two calls, whatever answer is lost", async () => {
  await using rig = await start();
  const ref = await rig.ref();
  rig.since();
  const { template, changed } = await rig.actions.update(
    ref,
    { settings: { description: "d" } },
    rig.request(),
  );
  assert.deepEqual(rig.since(), ["GET /templates/…", "PATCH /templates/…"]);
  assert.deepEqual([changed, template?.default_ttl_ms, template?.activity_bump_ms, template?.display_name], [
    ["description"],
    7,
    8,
    "Docker",
  ]);
  assert.equal(rig.observed.at(-1)?.description, "d");
  rig.fake.faults.add({ method: "PATCH", action: { do: "loseAnswer" } });
  assert.deepEqual((await rig.actions.update(ref, { settings: { icon: "i" } }, rig.request())).changed, [
    "icon",
  ]);
  rig.fake.faults.add({ method: "PATCH", action: { do: "dropRequest" } });
  await assert.rejects(rig.actions.update(ref, { settings: { icon: "j" } }, rig.request()));
  const audited = rig.audit.length;
  assert.deepEqual((await rig.actions.update(ref, { settings: { icon: "i" } }, rig.request())).changed, []);
  assert.equal(rig.audit.length, audited);
});

Deno.test("a dry run checks all and changes nothing", async () => {
  await using rig = await start();
  const ref = await rig.ref();
  const dry = rig.request({ dryRun: true });
  rig.since();
  const { files, changed, template } = await rig.actions.update(
    ref,
    { files: TWO, settings: { icon: "i" } },
    dry,
  );
  assert.deepEqual([files?.state, changed, template?.icon], ["wouldBuild", ["icon"], "i"]);
  const made = await rig.actions.create({ organization: "default", name: "new-one", files: ONE }, dry);
  assert.equal(made.files.state, "wouldBuild");
  await rig.actions.delete(ref, dry);
  const refused = [
    rig.actions.update(ref, { files: { "/x": "" } }, dry),
    rig.actions.create({ organization: "default", name: "Docker", files: ONE }, dry),
    rig.actions.update(ref, { versionId: crypto.randomUUID() }, dry),
  ];
  for (const one of refused) await assert.rejects(one);
  assert.ok(rig.since().every((line) => line.startsWith("GET ")));
  assert.deepEqual([rig.audit, await rig.store.list(), rig.versions().length], [[], [], 1]);
});

Deno.test("a request that is under way follows its own change: it alone knows the values", async () => {
  await using rig = await start();
  const { store } = rig;
  const write = store.write.bind(store);
  store.write = async (...given) => {
    store.write = write;
    const stored = await write(...given);
    await rig.actions.resume(rig.request().signal);
    return stored;
  };
  const change = { files: ONE, variables: [{ name: "token", value: "very-secret-value" }] };
  await rig.actions.update(await rig.ref(), change, rig.request());
  endImport(rig.fake.state, await rig.made());
  await rig.actions.idle();
  assert.deepEqual(rig.versions()[1]?.["variables"], change.variables);
});

Deno.test("another replica that finds a change before its version is made leaves it to who knows its variables", async () => {
  await using rig = await start();
  const other = rig.replica();
  const change = { files: ONE, variables: [{ name: "token", value: "a-secret" }] };
  // Coder is slow to take the version: the other one looks in between.
  const taken = Promise.withResolvers<void>();
  rig.fake.faults.add({
    method: "POST",
    route: "/api/v2/organizations/{organization}/templateversions",
    action: { do: "delay", until: taken.promise },
  });
  const updated = rig.actions.update(await rig.ref(), change, rig.request());
  await waitFor(() => rig.fake.faults.size === 0, { what: "Coder to be asked for the version" });
  await other.resume(rig.request().signal);
  const looks = () => rig.sent.filter((each) => each === "GET /templates/…").length;
  const before = looks();
  let hasEnded = false;
  void other.idle().then(() => hasEnded = true);
  await waitFor(() => hasEnded || looks() >= before + 2, { what: "the other replica to have looked twice" });
  taken.resolve();
  assert.equal((await updated).files?.state, "building");
  endImport(rig.fake.state, await rig.made());
  await Promise.all([rig.actions.idle(), other.idle()]);
  assert.equal(await rig.condition(), undefined);
  assert.equal(rig.active(), rig.versions()[1]?.["id"]);
});

Deno.test("values of variables are sent to Coder and kept nowhere", async () => {
  let now = Date.now();
  await using rig = await start({ now: () => now });
  const ref = await rig.ref();
  const secret = (value: string) => ({ files: ONE, variables: [{ name: "token", value }] });
  const { files } = await rig.actions.update(ref, secret("very-secret-value"), rig.request());
  assert.equal(files?.state, "building");
  endImport(rig.fake.state, await rig.made());
  await rig.actions.idle();
  assert.deepEqual(rig.versions()[1]?.["variables"], [{ name: "token", value: "very-secret-value" }]);
  const next = await rig.ref();
  assert.equal(
    (await rig.actions.update(next, secret("very-secret-value"), rig.request())).files?.state,
    "unchanged",
  );
  assert.equal((await rig.actions.update(next, { files: ONE }, rig.request())).files?.state, "unchanged");
  // Another value is another version; a replica that is not told it cannot make it.
  const crashed = rig.replica();
  await crashed.close();
  await crashed.update(next, secret("another-secret"), rig.request());
  assert.doesNotMatch(
    JSON.stringify([await rig.store.list(), rig.audit, rig.versions()[1]?.["message"]]),
    /another-secret/,
  );
  now += INPUTS_LOST_AFTER_MS;
  await rig.actions.resume(rig.request().signal);
  await rig.actions.idle();
  assert.equal((await rig.condition())?.reason, "InputsLost");
  await rig.actions.update(next, secret("another-secret"), rig.request());
  endImport(rig.fake.state, await rig.made(3));
  await rig.actions.idle();
  assert.equal(rig.active(), rig.versions()[2]?.["id"]);
});
