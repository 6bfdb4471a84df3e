import assert from "node:assert/strict";
import { refusal } from "../../kube/testing/fake_api.ts";
import { waitFor } from "../../../tests/cluster/wait.ts";
import { addWorkspace, refuse } from "../../../tests/fake-coder/mod.ts";
import { StatusError } from "../serving/status_errors.ts";
import { APPLY, NAME, refusalOf, templateWrites } from "../../../tests/aggregated/template_rig.ts";

const READ = { "main.tf": "one", "run.sh": "#!/bin/sh\n" };
const reads = (calls: readonly string[]) => calls.every((call) => call.startsWith("GET "));

Deno.test("a change of names or settings takes two calls once the files were read, and resets nothing", async () => {
  await using rig = await templateWrites();
  await rig.get();
  const before = await rig.client.templates.get(rig.id);
  rig.calls();
  const { code, object } = await rig.write("patch", NAME, { spec: { description: "For everybody." } });
  assert.deepEqual(rig.calls(), ["GET /templates/…", "PATCH /templates/…"]);
  assert.equal(code, 200);
  assert.deepEqual([object.spec.description, object.spec.files], ["For everybody.", READ]);
  const { updated_at } = await rig.client.templates.get(rig.id);
  assert.deepEqual(await rig.client.templates.get(rig.id), {
    ...before,
    updated_at,
    description: "For everybody.",
  });
  rig.calls();
  await rig.write("patch", NAME, { spec: { settings: { defaultTTLMillis: 60_000 } } });
  assert.deepEqual(rig.calls().length, 2);
  assert.deepEqual(
    [rig.stored()?.["default_ttl_ms"], rig.stored()?.["activity_bump_ms"], rig.stored()?.["description"]],
    [60_000, 3_600_000, "For everybody."],
  );
});

Deno.test("what is as it is already asks nothing of Coder, and metadata alone asks nothing either", async () => {
  await using rig = await templateWrites();
  const read = await rig.get();
  rig.calls();
  assert.equal((await rig.write("update", NAME, read)).code, 200);
  const { metadata: { name, resourceVersion } } = read;
  await rig.write("update", NAME, {
    apiVersion: read.apiVersion,
    kind: read.kind,
    metadata: { name, resourceVersion },
    // Dead fields of older manifests, and nothing else: all stays, but texts.
    spec: { running: true, displayName: "Docker" },
    status: { autoShutdown: "2020-01-01T00:00:00Z" },
  });
  const labelled = await rig.write("patch", NAME, { metadata: { labels: { team: "a" } } });
  assert.equal(labelled.object.metadata.labels?.["team"], "a");
  assert.equal((await rig.get()).metadata.labels?.["team"], "a");
  assert.equal(labelled.object.spec.running, undefined);
  assert.deepEqual(rig.calls(), []);
  assert.equal(rig.cluster.configMaps().length, 1);
});

Deno.test("files are built, shown as they are built, and promoted; what is no text and modes stay", async () => {
  await using rig = await templateWrites();
  const { object } = await rig.write("patch", NAME, { spec: { files: { "main.tf": "two", "new.tf": "3" } } });
  const files = { ...READ, "main.tf": "two", "new.tf": "3" };
  assert.deepEqual(object.spec.files, files);
  const type = (name: string, of = object) => of.status.conditions?.find((one) => one.type === name);
  assert.deepEqual([type("SourceApplied")?.status, type("SourceApplied")?.reason], ["Unknown", "Building"]);
  assert.equal(type("Reconciling")?.status, "True");
  await waitFor(() => rig.versions().length === 2, { what: "the version to be made" });
  rig.calls();
  assert.deepEqual((await rig.get()).spec.files, files);
  await rig.write("patch", NAME, { spec: { files } });
  assert.ok(reads(rig.calls()), "nothing is begun again");
  const version = await rig.imported(2);
  assert.equal(rig.active(), version);
  const done = await rig.get();
  assert.deepEqual([done.spec.files, done.spec.versionID, type("SourceApplied", done)], [
    files,
    version,
    undefined,
  ]);
  const entries = await rig.entriesOf(version);
  assert.deepEqual(entries.map(({ path, mode }) => [path, mode]), [
    ["main.tf", 0o644],
    ["run.sh", 0o755],
    ["logo", 0o644],
    ["new.tf", 0o644],
  ]);
  rig.calls();
  await rig.write("patch", NAME, { spec: { files } });
  assert.deepEqual(rig.calls(), []);
});

Deno.test("an import that fails leaves the active version, and is told with its error until other files come", async () => {
  await using rig = await templateWrites();
  const ask = (text: string) => rig.write("patch", NAME, { spec: { files: { "main.tf": text } } });
  await ask("broken");
  await rig.imported(2, "no such provider");
  const failed = await rig.get();
  const of = (type: string, object = failed) => object.status.conditions?.find((one) => one.type === type);
  assert.equal(rig.active(), rig.first);
  assert.deepEqual(failed.spec.files, { ...READ, "main.tf": "broken" }, "what was asked for last is shown");
  assert.deepEqual([of("SourceApplied")?.status, of("SourceApplied")?.reason], ["False", "BuildFailed"]);
  assert.match(of("SourceApplied")?.message ?? "", /no such provider/);
  assert.deepEqual([of("Stalled")?.status, of("Ready")?.status], ["True", "False"]);
  const before = rig.versions().length;
  await ask("broken");
  assert.equal(rig.versions().length, before, "it is not built again a moment later");
  await ask("good");
  await rig.imported(3);
  const healed = await rig.get();
  assert.deepEqual(
    [of("Stalled", healed), of("Ready", healed)?.status, healed.spec.files?.["main.tf"]],
    [undefined, "True", "good"],
  );
});

Deno.test("who says the files that are active gives up those that could not be built, and builds nothing", async () => {
  await using rig = await templateWrites();
  const failed = async () => {
    const count = rig.versions().length + 1;
    await rig.write("patch", NAME, { spec: { files: { "main.tf": crypto.randomUUID() } } });
    await rig.imported(count, "no such provider");
    rig.calls();
  };
  const isReady = async () =>
    (await rig.get()).status.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
  await failed();
  await rig.write("patch", NAME, { spec: { displayName: "Docker" } });
  assert.deepEqual([await isReady(), rig.calls()], [false, []], "nothing was said of files");
  await rig.write("patch", NAME, { spec: { files: READ } }, { query: "dryRun=All" });
  assert.equal(await isReady(), false);
  await rig.write("patch", NAME, { spec: { files: READ } });
  assert.equal(await isReady(), true);
  assert.ok(reads(rig.calls()));
  for (const manager of ["flux", "flux"]) {
    await failed();
    await rig.apply({ spec: { files: READ } }, { query: "force=true", manager });
    assert.equal(await isReady(), true);
  }
  await failed();
  const applied = (spec: object) => ({
    metadata: {
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({ spec }) },
    },
  });
  await rig.write("patch", NAME, applied({ displayName: "Docker" }));
  assert.equal(await isReady(), false);
  await rig.write("patch", NAME, { ...applied({ files: READ }), spec: { files: READ } });
  assert.equal(await isReady(), true);
  await failed();
  await rig.write("patch", NAME, [{ op: "replace", path: "/spec/versionID", value: rig.first }], {
    contentType: "application/json-patch+json",
  });
  assert.equal(await isReady(), true);
});

Deno.test("many who change a template at once all come to their turn", async () => {
  await using rig = await templateWrites();
  const fields = ["displayName", "description", "icon"] as const;
  await Promise.all(Array.from({ length: 20 }, async (_, index) => {
    const field = fields[index % 3]!;
    await rig.write("patch", NAME, {
      metadata: { labels: { [`by-${index}`]: "1" } },
      spec: { [field]: `${field} of ${index}` },
    });
  }));
  const { metadata: { labels = {} }, spec } = await rig.get();
  assert.equal(Object.keys(labels).filter((name) => name.startsWith("by-")).length, 20);
  assert.deepEqual(
    [spec.displayName, spec.description, spec.icon],
    [rig.stored()?.["display_name"], rig.stored()?.["description"], rig.stored()?.["icon"]],
  );
});

Deno.test("an earlier version becomes the active one by its id, and never together with other files", async () => {
  await using rig = await templateWrites();
  await rig.write("patch", NAME, { spec: { files: { "main.tf": "two" } } });
  const second = await rig.imported(2);
  const refused = await refusalOf(
    rig.write("patch", NAME, { spec: { versionID: rig.first, files: { "main.tf": "three" } } }),
  );
  assert.deepEqual([refused.code, refused.details?.causes?.[0]?.field], [422, "spec.versionID"]);
  const unknown = await refusalOf(
    rig.write("patch", NAME, { spec: { versionID: crypto.randomUUID(), description: "x" } }),
  );
  assert.deepEqual([unknown.code, unknown.details?.causes?.[0]?.field], [422, "spec.versionID"]);
  assert.equal(rig.stored()?.["description"] ?? "", "");
  const back = await rig.write("patch", NAME, { spec: { versionID: rig.first } });
  assert.deepEqual([back.object.spec.versionID, back.object.spec.files], [rig.first, READ]);
  assert.equal(rig.active(), rig.first);
  rig.calls();
  await rig.write("patch", NAME, { spec: { files: { "main.tf": "two" } } });
  await rig.bench.templates.idle();
  assert.equal(rig.active(), second);
  assert.ok(!rig.calls().some((call) => call.startsWith("POST ") && call.includes("templateversions")));
});

Deno.test("fields of an apply have owners: files as a whole, and a conflict names who has them", async () => {
  await using rig = await templateWrites();
  const spec = { displayName: "Docker!", files: { "main.tf": "two" } };
  const { object } = await rig.apply({ spec }, { query: "force=true" });
  assert.deepEqual(object.spec.files, { "main.tf": "two" });
  await rig.imported(2);
  rig.calls();
  assert.equal((await rig.apply({ spec })).code, 200);
  assert.deepEqual(rig.calls(), ["GET /templateversions/…"], "which file it has is not known before");
  assert.equal((await rig.apply({ spec })).code, 200);
  assert.deepEqual(rig.calls(), []);
  const other = { spec: { files: { "main.tf": "three" } } };
  const refused = await refusalOf(rig.apply(other, { manager: "alice" }));
  assert.equal(refused.code, 409);
  assert.match(refused.message, /conflict with "flux".*\.spec\.files/);
  assert.deepEqual(rig.calls().filter((call) => !call.startsWith("GET ")), []);
  // What is applied no more is nobody's, and cleared where that means something.
  await rig.apply({ spec: { files: spec.files } });
  assert.equal(rig.stored()?.["display_name"], "");
});

Deno.test("no files removes all text files, and leaving them out none", async () => {
  await using rig = await templateWrites();
  await rig.write("patch", NAME, { spec: { files: null } });
  assert.deepEqual((await rig.get()).spec.files, READ);
  const read = await rig.get();
  await rig.write("update", NAME, { ...read, spec: { ...read.spec, files: {} } });
  const version = await rig.imported(2);
  const left = (await rig.entriesOf(version)).map(({ path }) => path);
  assert.deepEqual(left, ["logo"]);
  assert.equal((await rig.get()).spec.files, undefined);
});

Deno.test("a dry run of everything tells what would be, and tells Coder and the cluster nothing", async () => {
  await using rig = await templateWrites();
  await rig.get();
  rig.calls();
  const query = "dryRun=All";
  const before = await rig.get();
  const files = { ...READ, "main.tf": "two" };
  const patched = await rig.write(
    "patch",
    NAME,
    {
      metadata: { labels: { a: "b" } },
      spec: { files, displayName: "New", settings: { failureTTLMillis: 5 } },
    },
    { query },
  );
  assert.deepEqual(
    [patched.object.spec.files, patched.object.spec.displayName, patched.object.metadata.labels?.["a"]],
    [files, "New", "b"],
  );
  const moved = { spec: { versionID: crypto.randomUUID() } };
  assert.equal((await refusalOf(rig.write("patch", NAME, moved, { query }))).code, 422);
  const made = { ...template("fresh"), metadata: { name: "coder.fresh", finalizers: ["example.com/a"] } };
  assert.equal((await rig.write("create", "", made, { query })).object.metadata.name, "coder.fresh");
  assert.equal((await rig.write("delete", NAME, "", { query })).code, 200);
  assert.ok(reads(rig.calls()));
  assert.deepEqual(rig.cluster.configMaps(), []);
  assert.deepEqual(await rig.get(), before);
  assert.deepEqual(rig.audit, []);
});

const template = (name: string, spec: object = { files: { "main.tf": name } }) => ({
  apiVersion: "aggregation.coder.com/v1alpha1",
  kind: "CoderTemplate",
  metadata: { name: `coder.${name}` } as Record<string, unknown>,
  spec: { displayName: "New", ...spec },
});

Deno.test("a template is made of files with its settings, its metadata, and nobody's defaults; POST answers without files", async () => {
  await using rig = await templateWrites();
  const made = template("made", {
    files: { "main.tf": "made" },
    settings: { defaultTTLMillis: 1_000, timeTilDormantMillis: 5_000, allowUserAutostart: false },
  });
  made.metadata["labels"] = { team: "a" };
  const { code, object } = await rig.write("create", "", made);
  assert.deepEqual(
    [
      code,
      object.spec.files,
      object.spec.organization,
      object.metadata.labels?.["team"],
      object.spec.settings
        ?.defaultTTLMillis,
      object.spec.settings?.timeTilDormantMillis,
      object.metadata.generation,
    ],
    [201, undefined, "coder", "a", 1_000, 5_000, 1],
  );
  assert.ok(object.metadata.resourceVersion);
  assert.match(object.metadata.uid ?? "", /^[0-9a-f-]{36}$/);
  assert.equal(object.metadata.managedFields?.[0]?.operation, "Update");
  const twice = await refusalOf(rig.write("create", "", made));
  assert.deepEqual([twice.code, twice.reason], [409, "AlreadyExists"]);
  const failing = { ...template("other"), metadata: { name: "coder.other" } };
  failing.spec = { ...failing.spec, organization: "elsewhere" } as typeof failing.spec;
  const wrong = await refusalOf(rig.write("create", "", failing));
  assert.deepEqual([wrong.code, wrong.reason], [400, "BadRequest"]);
  const empty = await refusalOf(rig.write("create", "", template("none", {})));
  assert.deepEqual([empty.code, empty.details?.causes?.[0]?.field], [422, "spec.files"]);
});

Deno.test("an apply makes what is missing, under the name of the path", async () => {
  await using rig = await templateWrites();
  const { code, object } = await rig.apply({ spec: { files: { "main.tf": "x" } } }, { name: "coder.fresh" });
  assert.deepEqual([code, object.metadata.name], [201, "coder.fresh"]);
  assert.equal(object.metadata.managedFields?.[0]?.manager, "flux");
  assert.ok(object.metadata.managedFields?.[0]?.fieldsV1);
});

Deno.test("a template may have capital letters in its name, as in Coder, and is written like any other", async () => {
  await using rig = await templateWrites();
  const { code } = await rig.write("create", "", template("My-Template", { files: { "main.tf": "x" } }));
  assert.equal(code, 201);
  const { object } = await rig.write("patch", "coder.My-Template", { metadata: { labels: { a: "b" } } });
  assert.equal(object.metadata.labels?.["a"], "b");
});

Deno.test("variables come from values and Secrets, and those alone build a version; values are kept nowhere", async () => {
  await using rig = await templateWrites();
  const variables = [
    { name: "region", value: "eu" },
    { name: "token", valueFrom: { secretKeyRef: { name: "mine", key: "token" } } },
  ];
  const { object } = await rig.write("patch", NAME, { spec: { variables } });
  assert.deepEqual(object.spec.variables, variables);
  await rig.imported(2);
  assert.deepEqual(rig.versions()[1]?.["user_variable_values"] ?? rig.versions()[1]?.["variables"], [
    { name: "region", value: "eu" },
    { name: "token", value: "token of mine" },
  ]);
  assert.doesNotMatch(JSON.stringify([rig.cluster.configMaps(), rig.audit, rig.records]), /token of mine/);
  await rig.get();
  rig.calls();
  await rig.write("patch", NAME, { spec: { variables } });
  assert.deepEqual(rig.calls(), []);
  const theirs = [{ name: "a", valueFrom: { secretKeyRef: { name: "theirs", key: "k" } } }];
  assert.equal((await refusalOf(rig.write("patch", NAME, { spec: { variables: theirs } }))).code, 403);
  for (
    const [wrong, field] of [
      [[{ name: "a" }], "spec.variables[0]"],
      [[{ name: "", value: "1" }], "spec.variables[0].name"],
      [[{ name: "a", value: "1" }, { name: "a", value: "2" }], "spec.variables[1]"],
    ] as const
  ) {
    const { code, details } = await refusalOf(rig.write("patch", NAME, { spec: { variables: wrong } }));
    assert.equal(code, 422);
    assert.ok(details?.causes?.some((cause) => cause.field === field), JSON.stringify(details));
  }
  // Other files are built with the same ones; without any, with none.
  await rig.write("patch", NAME, { spec: { files: { "main.tf": "two" } } });
  await rig.imported(3);
  assert.equal(JSON.stringify(rig.versions()[2]).includes("token of mine"), true);
  await rig.write("patch", NAME, { spec: { variables: null } });
  await rig.imported(4);
  assert.equal(JSON.stringify(rig.versions()[3]).includes("token of mine"), false);
  assert.equal((await rig.get()).spec.variables, undefined);
  assert.equal((await rig.get()).spec.files?.["main.tf"], "two");
});

Deno.test("where Coder refuses, nothing is kept of what was asked for", async () => {
  await using rig = await templateWrites();
  rig.fake.faults.add({ method: "PATCH", action: { do: "answer", reply: refuse(400, "Name is bad.") } });
  const refused = await refusalOf(
    rig.write("patch", NAME, { metadata: { labels: { a: "b" } }, spec: { description: "x" } }),
  );
  assert.equal(refused.code, 400);
  assert.deepEqual(rig.cluster.configMaps(), []);
  assert.equal((await rig.get()).metadata.labels?.["a"], undefined);
  const long = await refusalOf(rig.write("patch", NAME, { spec: { displayName: "x".repeat(65) } }));
  assert.deepEqual([long.code, long.details?.causes?.[0]?.field], [422, "spec.displayName"]);
});

Deno.test("what somebody has changed in Coder meanwhile is seen before anything is changed", async () => {
  await using rig = await templateWrites();
  const read = await rig.get();
  Object.assign(rig.stored()!, { description: "by hand", default_ttl_ms: 1 });
  rig.calls();
  const stale = await refusalOf(
    rig.write("update", NAME, { ...read, spec: { ...read.spec, displayName: "New" } }),
  );
  assert.deepEqual([stale.code, stale.reason], [409, "Conflict"]);
  assert.ok(reads(rig.calls()));
  await rig.write("patch", NAME, { spec: { displayName: "New" } });
  const now = rig.stored();
  assert.deepEqual([now?.["description"], now?.["default_ttl_ms"], now?.["display_name"]], [
    "by hand",
    1,
    "New",
  ]);
});

Deno.test("a template with workspaces is not deleted and says what to do; one without is gone, with what was kept", async () => {
  await using rig = await templateWrites();
  await rig.write("patch", NAME, { metadata: { labels: { a: "b" } } });
  const [user] = rig.fake.state.users.values();
  addWorkspace(rig.fake.state, user!, "one", { template_id: rig.id });
  const refused = await refusalOf(rig.write("delete", NAME));
  assert.deepEqual([refused.code, refused.reason], [409, "Conflict"]);
  assert.match(refused.message, /has workspaces: delete them first/);
  rig.fake.state.workspaces.length = 0;
  rig.calls();
  const { code, object } = await rig.write("delete", NAME);
  assert.deepEqual([code, object], [200, undefined]);
  assert.deepEqual(rig.calls(), ["DELETE /templates/…"]);
  assert.deepEqual(rig.cluster.configMaps(), []);
  assert.equal((await refusalOf(rig.get())).code, 404);
  assert.equal((await refusalOf(rig.write("delete", NAME))).code, 404);
});

Deno.test("finalizers are waited for; a collection is deleted by what is selected", async () => {
  await using rig = await templateWrites();
  await rig.write("create", "", template("second"));
  await rig.write("patch", NAME, { metadata: { finalizers: ["example.com/wait"], labels: { own: "1" } } });
  const { object } = await rig.write("delete", NAME);
  assert.ok(object.metadata.deletionTimestamp);
  assert.equal(rig.active(), rig.first, "it is there until nobody waits");
  const { object: last } = await rig.write("patch", NAME, { metadata: { finalizers: null } });
  assert.ok(last);
  assert.equal(rig.active(), undefined);
  assert.equal(rig.keeping.shadows.get("templates", rig.id), undefined);
  await rig.write("deletecollection", "", "", { selects: () => false });
  assert.equal((await rig.get("coder.second")).metadata.name, "coder.second");
  await rig.write("deletecollection", "");
  assert.equal((await refusalOf(rig.get("coder.second"))).code, 404);
});

Deno.test("a namespace that ends takes nothing new and loses nothing; one without Coder says so; one that is away, too", async () => {
  await using rig = await templateWrites();
  rig.setNamespace("ending");
  rig.calls();
  for (const run of [() => rig.write("create", "", template("x")), () => rig.write("patch", NAME, {})]) {
    const { code, details } = await refusalOf(run());
    assert.deepEqual([code, details?.causes?.[0]?.reason], [403, "NamespaceTerminating"]);
  }
  assert.equal((await rig.write("delete", NAME)).code, 200);
  assert.equal((await rig.write("deletecollection", "")).code, 200);
  assert.deepEqual(rig.calls(), []);
  rig.setNamespace("missing");
  assert.deepEqual((await refusalOf(rig.write("delete", NAME))).details?.kind, "namespaces");
  rig.setNamespace("active");
  rig.backend.waiting = "the control plane has no token yet";
  assert.equal((await refusalOf(rig.write("create", "", template("x")))).code, 503);
  rig.backend.waiting = undefined;
  rig.dropBackends();
  assert.equal((await refusalOf(rig.write("create", "", template("x")))).code, 400);
  assert.equal((await refusalOf(rig.write("patch", NAME, {}))).code, 404);
});

Deno.test("with a source the first version is made of it, and files are not given beside it", async () => {
  const seen: unknown[] = [];
  await using rig = await templateWrites({
    mayGetSecret: ({ name }) =>
      name === "mine" ? Promise.resolve() : Promise.reject(new StatusError(403, "Forbidden", "no")),
    readSource(source, namespace, caller) {
      seen.push([source.git?.url, namespace, caller.name]);
      const content = new TextEncoder().encode("from git");
      const entry = { path: "main.tf", kind: "file" as const, mode: 0o644, mtime: 0, content };
      return Promise.resolve({ revision: "c0ffee", message: "commit c0ffee", entries: [entry] });
    },
  });
  const source = { git: { url: "https://git.example.com/t.git" } };
  const both = await refusalOf(rig.write("create", "", template("x", { source, files: {} })));
  assert.deepEqual(both.details?.causes?.[0]?.field, "spec.files");
  const none = await refusalOf(rig.write("create", "", template("x", { source: {} })));
  assert.deepEqual(none.details?.causes?.[0]?.field, "spec.source");
  const { object } = await rig.write("create", "", template("sourced", { source }));
  assert.deepEqual(seen, [["https://git.example.com/t.git", "team", "alice"]]);
  assert.deepEqual([object.spec.source, object.status.source?.revision], [source, "c0ffee"]);
  assert.equal(object.status.source?.versionID, object.spec.versionID);
  assert.deepEqual((await rig.get("coder.sourced")).spec.files, { "main.tf": "from git" });
  const theirs = { spec: { source: { git: { ...source.git, secretRef: { name: "theirs" } } } } };
  assert.equal((await refusalOf(rig.write("patch", "coder.sourced", theirs))).code, 403);
  const mine = { spec: { source: { git: { ...source.git, secretRef: { name: "mine" } } } } };
  assert.equal((await rig.write("patch", "coder.sourced", mine)).code, 200);
  const files = await refusalOf(
    rig.write("patch", "coder.sourced", { spec: { files: { "main.tf": "mine" } } }),
  );
  assert.deepEqual([files.code, files.details?.causes?.[0]?.field], [422, "spec.files"]);
  // Whoever sends other files as a whole object wants no source any more.
  const read = await rig.get("coder.sourced");
  const { source: _, ...own } = read.spec;
  assert.ok((await rig.write("update", "coder.sourced", { ...read, spec: own })).object.spec.source);
  const fresh = await rig.get("coder.sourced");
  const replaced = { ...fresh, spec: { ...own, files: { "main.tf": "mine" } } };
  assert.equal((await rig.write("update", "coder.sourced", replaced)).object.spec.source, undefined);
  await rig.bench.templates.close();
});

Deno.test("where nobody reads sources, a template with one is refused", async () => {
  await using rig = await templateWrites();
  const source = { oci: { url: "oci://registry.example.com/t" } };
  assert.equal((await refusalOf(rig.write("create", "", template("x", { source })))).code, 400);
  const named = { spec: { source: { oci: { ...source.oci, secretRef: { name: "mine" } } } } };
  assert.equal((await refusalOf(rig.write("patch", NAME, named))).code, 400);
});

Deno.test("what is kept of a new template and cannot be takes the template with it", async () => {
  await using rig = await templateWrites();
  const big = template("big");
  big.metadata["labels"] = { a: "b" };
  rig.cluster.before = (verb) => {
    if (verb === "create") throw refusal(403, "Forbidden");
  };
  const refused = await refusalOf(rig.write("create", "", big));
  assert.equal(refused.code, 403, refused.message);
  assert.equal((await refusalOf(rig.get("coder.big"))).code, 404);
  assert.ok(!rig.fake.state.templates.some(({ name }) => name === "big"));
});

Deno.test("files that cannot be read are not replaced", async () => {
  await using rig = await templateWrites();
  rig.fake.faults.add({
    route: "/api/v2/files/{file}",
    action: { do: "answer", reply: refuse(500, "no") },
    times: 20,
  });
  const refused = await refusalOf(rig.write("patch", NAME, { spec: { files: { "main.tf": "two" } } }));
  assert.equal(refused.code, 503);
  assert.equal(rig.versions().length, 1);
});

Deno.test("an apply that is no YAML of a template says so", async () => {
  await using rig = await templateWrites();
  const refused = await refusalOf(
    rig.write("patch", NAME, "[", { contentType: APPLY, query: "fieldManager=a" }),
  );
  assert.equal(refused.code, 400);
});
