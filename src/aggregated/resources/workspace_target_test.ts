import assert from "node:assert/strict";
import { addVersion } from "../../../tests/fake-coder/mod.ts";
import { refuse } from "../../../tests/fake-coder/reply.ts";
import { startWriteRig, type WriteReplica, type WriteRig } from "../../../tests/aggregated/write_rig.ts";

const DEV = "coder.admin.dev";
const APPLY = { contentType: "application/apply-patch+yaml", query: "fieldManager=me" };

const manifest = (name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: "aggregation.coder.com/v1alpha1",
  kind: "CoderWorkspace",
  metadata: { name, ...metadata },
  spec: { templateName: "docker", ...spec },
});
const only = (rig: WriteRig): WriteReplica => rig.replicas[0]!;
const create = (rig: WriteRig, spec: object = {}, metadata: object = {}, name = DEV) =>
  only(rig).ask("create", { body: manifest(name, spec, metadata) });
const patch = (rig: WriteRig, body: object, name = DEV) => only(rig).ask("patch", { name, body });
const pathsOf = (rig: WriteRig) => rig.coder.writes.map((write) => write.split(" ").slice(0, 2).join(" "));
const idOf = (rig: WriteRig, name = DEV) => only(rig).get(name)?.metadata.uid ?? "";
const configMaps = (rig: WriteRig) => rig.cluster.configMaps().length;
// deno-lint-ignore no-explicit-any -- a Status as sent
const causesOf = ({ body }: { body: any }) =>
  (body.details?.causes ?? []).map(({ field, reason }: Record<string, string>) => `${field} ${reason}`);

/** One that runs, and a Coder that is not asked for it any more. */
async function withDev(metadata: object = {}, spec: object = {}): Promise<WriteRig> {
  const rig = await startWriteRig();
  assert.equal((await create(rig, spec, metadata)).code, 201);
  rig.coder.end(idOf(rig));
  await rig.pass();
  rig.coder.writes.length = 0;
  return rig;
}

Deno.test("a workspace is made with everything that is said of it, and is seen at once", async () => {
  await using rig = await startWriteRig();
  const told = await create(rig, {
    ttlMillis: 3_600_000,
    autostartSchedule: "30 9 * * 1-5",
  }, { labels: { team: "a" }, finalizers: ["example.com/wait"] });
  assert.equal(told.code, 201);
  const { metadata, spec, status } = told.body;
  assert.deepEqual([spec.organization, spec.running, spec.ttlMillis], ["coder", true, 3_600_000]);
  assert.equal(status.latestBuildStatus, "pending");
  assert.deepEqual([metadata.labels.team, metadata.finalizers], ["a", ["example.com/wait"]]);
  assert.deepEqual(only(rig).get(DEV), told.body);
  assert.equal(rig.coder.row(metadata.uid)["autostart_schedule"], "30 9 * * 1-5");
  assert.deepEqual(pathsOf(rig), ["POST workspaces"]);
  assert.equal(rig.audit.at(-1)?.by, "jane");
  assert.deepEqual(rig.coder.violations, []);
});

Deno.test("what is not to run is stopped as soon as it was started", async () => {
  await using rig = await startWriteRig();
  const told = await create(rig, { running: false });
  assert.equal(told.body.spec.running, false);
  const pending = told.body.status.conditions.find(({ type }: { type: string }) => type === "ChangePending");
  assert.equal(pending?.status, "True");
  rig.coder.end(told.body.metadata.uid);
  await rig.pass();
  assert.deepEqual(rig.coder.builds(told.body.metadata.uid), ["start", "stop"]);
  rig.coder.end(told.body.metadata.uid);
  await rig.pass();
  assert.equal(only(rig).get(DEV)?.status.latestBuildStatus, "stopped");
  assert.equal(only(rig).get(DEV)?.spec.running, false);
});

Deno.test("a template that stops its workspaces does not stop one that was told never to be", async () => {
  await using rig = await startWriteRig();
  rig.coder.template["default_ttl_ms"] = 7_200_000;
  const told = await create(rig, { ttlMillis: 0 });
  assert.equal(rig.coder.row(told.body.metadata.uid)["ttl_ms"] ?? null, null);
  // What somebody has said is what they read, so that nothing drifts.
  assert.equal(told.body.spec.ttlMillis, 0);
});

Deno.test("who, what and which version are looked up, and every mistake is named by its field", async () => {
  await using rig = await startWriteRig();
  const refused = async (told: Promise<{ code: number; body: unknown }>) => {
    const { code, body } = await told;
    return [code, ...causesOf({ body })];
  };
  const [invalid, absent] = ["FieldValueInvalid", "FieldValueNotFound"];
  assert.deepEqual(await refused(create(rig, {}, {}, "coder.nobody.dev")), [422, `metadata.name ${invalid}`]);
  assert.deepEqual(await refused(create(rig, {}, {}, "other.admin.dev")), [
    422,
    `spec.templateName ${absent}`,
  ]);
  assert.deepEqual(await refused(create(rig, { templateName: "none" })), [
    422,
    `spec.templateName ${absent}`,
  ]);
  const unknown = create(rig, { templateVersionID: crypto.randomUUID() });
  assert.deepEqual(await refused(unknown), [422, `spec.templateVersionID ${invalid}`]);
  const other = { ...rig.coder.template, id: crypto.randomUUID(), name: "other" };
  const foreign = addVersion(rig.coder.state, other, new Uint8Array());
  assert.deepEqual(await refused(create(rig, { templateVersionID: foreign })), [
    422,
    `spec.templateVersionID ${invalid}`,
  ]);
  assert.deepEqual(await refused(create(rig, { ttlMillis: 5 })), [422, `spec.ttlMillis ${invalid}`]);
  assert.deepEqual(await refused(create(rig, { autostartSchedule: "soon" })), [
    422,
    `spec.autostartSchedule ${invalid}`,
  ]);
  assert.deepEqual(await refused(create(rig, { organization: "other" })), [400]);
  assert.deepEqual(await refused(create(rig, {}, {}, "dev")), [400]);
  assert.deepEqual(await refused(create(rig, {}, {}, "gone.coder.admin.dev")), [400]);
  assert.deepEqual(await refused(create(rig, {}, {}, "coder.Admin.dev")), [422, `metadata.name ${invalid}`]);
  assert.deepEqual(rig.coder.writes, []);
  assert.equal(configMaps(rig), 0);
});

Deno.test("what Coder itself refuses is told by the field of the object", async () => {
  await using rig = await startWriteRig();
  rig.coder.fault = (method) =>
    method === "POST"
      ? refuse(400, "Unable to validate parameters", {
        validations: [{ field: "cpus", detail: "is too much" }],
      })
      : undefined;
  const told = await create(rig, { parameters: { cpus: "99" } });
  assert.deepEqual([told.code, ...causesOf(told)], [422, "spec.parameters[cpus] FieldValueInvalid"]);
  assert.equal(configMaps(rig), 0);
});

Deno.test("there is one of a name, and a made name is made again", async () => {
  await using rig = await withDev();
  const again = await create(rig);
  assert.deepEqual([again.code, again.body.reason], [409, "AlreadyExists"]);
  const { metadata: { name } } = (await create(rig, {}, { name: "", generateName: "coder.admin.dev-" })).body;
  assert.match(name, /^coder\.admin\.dev-[a-z0-9]{5}$/);
  assert.equal(only(rig).get(name)?.status.ownerName, "admin");
  assert.equal((await create(rig, {}, { name: "", generateName: "dev-" })).code, 400);
});

Deno.test("a change of metadata is not told to Coder", async () => {
  await using rig = await withDev();
  const requests = rig.coder.state.workspaces.length;
  const told = await patch(rig, { metadata: { labels: { team: "b" }, annotations: { note: "x" } } });
  assert.deepEqual([told.code, told.body.metadata.labels.team], [200, "b"]);
  assert.deepEqual(pathsOf(rig), []);
  assert.equal(rig.coder.state.workspaces.length, requests);
  const { metadata } = only(rig).get(DEV)!;
  assert.deepEqual(metadata.annotations, { note: "x" });
  assert.notEqual(metadata.labels?.["aggregation.coder.com/control-plane-name"], undefined);
  const record = rig.records.at(-1);
  assert.deepEqual([record?.verb, record?.changed.includes("metadata.labels[team]")], ["patch", true]);
});

Deno.test("running, time, schedule and version are changed, each by what it takes", async () => {
  await using rig = await withDev();
  const id = idOf(rig);
  const stopped = await patch(rig, { spec: { running: false } });
  assert.deepEqual([stopped.body.spec.running, rig.coder.builds(id)], [false, ["start", "stop"]]);
  rig.coder.end(id);
  const timed = await patch(rig, { spec: { ttlMillis: 60_000, autostartSchedule: "0 8 * * 1" } });
  assert.deepEqual(
    [timed.body.spec.ttlMillis, timed.body.spec.autostartSchedule, timed.body.spec.running],
    [60_000, "0 8 * * 1", false],
  );
  const cleared = await patch(rig, { spec: { ttlMillis: null, autostartSchedule: "" } });
  assert.deepEqual([cleared.body.spec.ttlMillis, cleared.body.spec.autostartSchedule], [undefined, ""]);
  const row = rig.coder.row(id);
  assert.deepEqual([row["ttl_ms"] ?? null, row["autostart_schedule"] ?? null], [null, null]);
  const version = addVersion(rig.coder.state, rig.coder.template, new Uint8Array());
  const moved = await patch(rig, { spec: { templateVersionID: version } });
  assert.deepEqual([moved.code, moved.body.spec.templateVersionID], [200, version]);
  assert.deepEqual(rig.coder.builds(id), ["start", "stop", "stop"]);
});

Deno.test("what is asked for again is built once, and what waits is shown as it is wished", async () => {
  await using rig = await withDev();
  const id = idOf(rig);
  for (let count = 0; count < 3; count++) await patch(rig, { spec: { running: false } });
  assert.deepEqual(rig.coder.builds(id), ["start", "stop"]);
  const kept = await patch(rig, { spec: { running: true } });
  assert.equal(kept.body.spec.running, true);
  assert.match(kept.warnings.join(), /when the build that is active is over/);
  assert.deepEqual(rig.coder.builds(id), ["start", "stop"]);
  rig.coder.end(id);
  await rig.pass();
  assert.deepEqual(rig.coder.builds(id), ["start", "stop", "start"]);
});

Deno.test("a build that failed is tried again when it is asked for again", async () => {
  await using rig = await withDev();
  const id = idOf(rig);
  await patch(rig, { spec: { running: false } });
  rig.coder.end(id, "no");
  await rig.pass();
  assert.equal(only(rig).get(DEV)?.spec.running, false);
  // Labels are no wish.
  await patch(rig, { metadata: { labels: { a: "b" } } });
  assert.deepEqual(rig.coder.builds(id), ["start", "stop"]);
  await patch(rig, { spec: { running: false } });
  assert.deepEqual(rig.coder.builds(id), ["start", "stop", "stop"]);
  rig.coder.end(id);
  await rig.pass();
  await patch(rig, { spec: { running: true } });
  rig.coder.end(id, "no");
  await rig.pass();
  assert.equal(only(rig).get(DEV)?.spec.running, false);
  await patch(rig, { spec: { running: true } });
  assert.deepEqual(rig.coder.builds(id), ["start", "stop", "stop", "start", "start"]);
});

Deno.test("a replacement leaves alone what it does not say, and says which version it replaces", async () => {
  await using rig = await withDev({}, { ttlMillis: 3_600_000 });
  const { metadata: { resourceVersion } } = only(rig).get(DEV)!;
  const put = (version?: string, spec = {}) =>
    only(rig).ask("update", {
      name: DEV,
      body: manifest(DEV, spec, version === undefined ? {} : { resourceVersion: version }),
    });
  assert.equal((await put()).code, 400);
  const told = await put(resourceVersion, {});
  assert.deepEqual([told.code, told.body.spec.running, told.body.spec.ttlMillis], [200, true, 3_600_000]);
  assert.deepEqual(pathsOf(rig), []);
  await patch(rig, { metadata: { labels: { a: "b" } } });
  const late = await put(resourceVersion, { running: false });
  assert.deepEqual([late.code, late.body.reason], [409, "Conflict"]);
  assert.deepEqual(rig.coder.builds(idOf(rig)), ["start"]);
});

Deno.test("what somebody has changed in Coder meanwhile is read again, and a version that was said is old", async () => {
  await using rig = await withDev();
  const id = idOf(rig);
  rig.coder.row(id)["ttl_ms"] = 600_000;
  const { metadata: { resourceVersion } } = only(rig).get(DEV)!;
  const late = await patch(rig, { metadata: { resourceVersion }, spec: { running: false } });
  assert.equal(late.code, 409);
  rig.coder.row(id)["ttl_ms"] = 1_200_000;
  const told = await patch(rig, { spec: { running: false } });
  assert.deepEqual([told.code, told.body.spec.ttlMillis], [200, 1_200_000]);
  assert.deepEqual(rig.coder.builds(id), ["start", "stop"]);
});

Deno.test("where Coder refuses, metadata stays as it was", async () => {
  await using rig = await withDev({ labels: { team: "a" } });
  rig.coder.fault = (method) => method === "POST" ? refuse(403, "Forbidden.") : undefined;
  const told = await patch(rig, { metadata: { labels: { team: "b" } }, spec: { running: false } });
  assert.equal(told.code, 403);
  assert.equal(only(rig).get(DEV)?.metadata.labels?.["team"], "a");
  assert.equal(only(rig).get(DEV)?.spec.running, true);
});

Deno.test("dry runs check everything and change nothing", async () => {
  await using rig = await withDev({ labels: { team: "a" } });
  const before = only(rig).get(DEV);
  const calls = rig.cluster.calls.filter((call) => !call.startsWith("get")).length;
  const dry = (verb: "create" | "update" | "patch" | "delete" | "deletecollection", rest: object) =>
    only(rig).ask(verb, { query: "dryRun=All", ...rest });
  const made = await dry("create", { body: manifest("coder.admin.other", { running: false }) });
  assert.deepEqual([made.code, made.body.spec.running, made.body.metadata.resourceVersion], [
    201,
    false,
    undefined,
  ]);
  assert.equal((await dry("create", { body: manifest(DEV) })).code, 409);
  assert.equal((await dry("create", { body: manifest("coder.nobody.x") })).code, 422);
  const body = { metadata: { labels: { team: "b" } }, spec: { running: false, ttlMillis: 60_000 } };
  const patched = await dry("patch", { name: DEV, body });
  assert.deepEqual([patched.code, patched.body.spec.running, patched.body.metadata.labels.team], [
    200,
    false,
    "b",
  ]);
  assert.equal((await dry("patch", { name: DEV, body: { spec: { ttlMillis: 5 } } })).code, 422);
  const query = `${APPLY.query}&dryRun=All`;
  const apply = { ...APPLY, query, body: manifest(DEV, {}, { labels: { team: "b" } }) };
  assert.equal((await dry("patch", { ...apply, name: DEV })).code, 409);
  assert.equal((await dry("patch", { ...apply, name: DEV, query: `${query}&force=true` })).code, 200);
  const { resourceVersion } = before!.metadata;
  const put = { name: DEV, body: manifest(DEV, { running: false }, { resourceVersion }) };
  const replaced = await dry("update", put);
  assert.deepEqual([replaced.code, replaced.body.message ?? replaced.body.spec.running], [200, false]);
  const gone = await dry("delete", { name: DEV });
  assert.deepEqual([gone.code, typeof gone.body.metadata.deletionTimestamp], [202, "string"]);
  assert.equal((await dry("deletecollection", {})).code, 200);
  await rig.pass();
  assert.deepEqual(only(rig).get(DEV), before);
  assert.deepEqual(rig.coder.writes, []);
  assert.equal(rig.cluster.calls.filter((call) => !call.startsWith("get")).length, calls);
});

Deno.test("a deletion is under way when it is answered, is begun once, and ends with the object", async () => {
  await using rig = await withDev();
  const id = idOf(rig);
  const told = await only(rig).ask("delete", { name: DEV });
  assert.equal(told.code, 202);
  assert.notEqual(told.body.metadata.deletionTimestamp, undefined);
  assert.equal((await only(rig).ask("delete", { name: DEV })).code, 202);
  assert.deepEqual(rig.coder.builds(id), ["start", "delete"]);
  assert.equal((await patch(rig, { spec: { running: true } })).code, 422);
  rig.coder.end(id);
  await rig.pass();
  assert.equal(only(rig).get(DEV), undefined);
  assert.equal((await only(rig).ask("delete", { name: DEV })).code, 404);
});

Deno.test("a deletion that failed is none any more, and may be asked for again", async () => {
  await using rig = await withDev();
  const id = idOf(rig);
  await only(rig).ask("delete", { name: DEV });
  rig.coder.end(id, "still in use");
  await rig.pass();
  const { metadata, status } = only(rig).get(DEV)!;
  assert.equal(metadata.deletionTimestamp, undefined);
  const stalled = status.conditions?.find(({ type }) => type === "Stalled");
  assert.match(stalled?.message ?? "", /still in use/);
  assert.equal((await only(rig).ask("delete", { name: DEV })).code, 202);
  assert.deepEqual(rig.coder.builds(id), ["start", "delete", "delete"]);
});

Deno.test("finalizers are waited for, and the last one begins the deletion", async () => {
  await using rig = await withDev({ finalizers: ["example.com/wait"] });
  const id = idOf(rig);
  const held = await only(rig).ask("delete", { name: DEV });
  const since = held.body.metadata.deletionTimestamp;
  assert.deepEqual([held.code, typeof since, rig.coder.builds(id)], [200, "string", ["start"]]);
  const freed = await patch(rig, { metadata: { finalizers: null } });
  assert.deepEqual([freed.code, rig.coder.builds(id)], [200, ["start", "delete"]]);
  assert.deepEqual([freed.body.metadata.deletionTimestamp, freed.body.metadata.finalizers], [
    since,
    undefined,
  ]);
  rig.coder.end(id);
  await rig.pass();
  assert.equal(only(rig).get(DEV), undefined);
});

Deno.test("a finalizer that another replica has kept a moment ago is waited for", async () => {
  await using rig = await startWriteRig({ replicas: 2 });
  const [one, other] = rig.replicas as [WriteReplica, WriteReplica];
  await one.ask("create", { body: manifest(DEV) });
  const id = one.get(DEV)!.metadata.uid!;
  rig.coder.end(id);
  await rig.pass();
  const finalizers = ["example.com/wait"];
  assert.equal((await one.ask("patch", { name: DEV, body: { metadata: { finalizers } } })).code, 200);
  // What the watch has not told yet is read.
  const told = await other.ask("delete", { name: DEV });
  assert.deepEqual([told.code, told.body.metadata.finalizers], [200, finalizers]);
  assert.deepEqual(rig.coder.builds(id), ["start"]);
});

Deno.test("a collection is deleted as far as it is selected", async () => {
  await using rig = await withDev({ labels: { team: "a" } });
  await create(rig, {}, { labels: { team: "b" } }, "coder.admin.other");
  rig.coder.end(idOf(rig, "coder.admin.other"));
  const told = await only(rig).ask("deletecollection", {
    selects: ({ metadata }) => metadata.labels?.["team"] === "b",
  });
  assert.deepEqual([told.code, told.body.items.length], [200, 1]);
  assert.deepEqual(rig.coder.builds(idOf(rig)), ["start"]);
  assert.deepEqual(rig.coder.builds(idOf(rig, "coder.admin.other")), ["start", "delete"]);
});

Deno.test("an apply makes what is not there, owns what it says, and changes nothing a second time", async () => {
  await using rig = await startWriteRig();
  const apply = (manager: string, spec: object, query = "") =>
    only(rig).ask("patch", {
      name: DEV,
      body: manifest(DEV, spec, { labels: { team: "a" } }),
      contentType: APPLY.contentType,
      query: `fieldManager=${manager}${query}`,
    });
  const made = await apply("flux", { running: true, ttlMillis: 60_000 });
  assert.equal(made.code, 201);
  rig.coder.end(idOf(rig));
  await rig.pass();
  const before = only(rig).get(DEV);
  const calls = [...rig.coder.writes];
  assert.deepEqual((await apply("flux", { running: true, ttlMillis: 60_000 })).body, before);
  const conflict = await apply("me", { running: false });
  assert.equal(conflict.code, 409);
  assert.match(conflict.body.message, /conflict with "flux".*\.spec\.running/);
  assert.deepEqual(rig.coder.writes, calls);
  assert.equal((await apply("me", { running: false }, "&force=true")).body.spec.running, false);
  // Who says no more of the time has no time; running stays what it is.
  const { body } = await apply("flux", {});
  assert.deepEqual([body.spec.ttlMillis, body.spec.running], [undefined, false]);
});

Deno.test("in a namespace that is ending nothing is made, and deletions succeed and touch nothing", async () => {
  await using rig = await withDev();
  const at = (state: "ending" | "missing") => rig.namespaces.set("team", state);
  at("ending");
  const refused = await create(rig, {}, {}, "coder.admin.other");
  assert.deepEqual([refused.code, ...causesOf(refused)], [403, "metadata.namespace NamespaceTerminating"]);
  assert.equal((await patch(rig, { spec: { running: false } })).code, 403);
  assert.equal((await only(rig).ask("delete", { name: DEV })).code, 200);
  assert.equal((await only(rig).ask("deletecollection", {})).code, 200);
  at("missing");
  assert.equal((await create(rig, {}, {}, "coder.admin.other")).code, 404);
  assert.deepEqual(rig.coder.writes, []);
});

Deno.test("a namespace without Coder takes nothing, and a Coder that is not ready nothing yet", async () => {
  await using rig = await withDev();
  const elsewhere = { namespace: "elsewhere", body: manifest(DEV) };
  assert.equal((await only(rig).ask("create", elsewhere)).code, 400);
  const { backend } = only(rig);
  backend.waiting = "its token is being made";
  const told = await create(rig, {}, {}, "coder.admin.other");
  assert.deepEqual([told.code, told.body.reason], [503, "ServiceUnavailable"]);
  backend.waiting = undefined;
  backend.open = () => Promise.reject(new Error("the Secret s of 10.0.0.1 cannot be read"));
  const away = await create(rig, {}, {}, "coder.admin.other");
  assert.equal(away.code, 503);
  assert.doesNotMatch(away.body.message, /10\.0/);
});

Deno.test("who sees only their own makes and changes only their own", async () => {
  const sight = () =>
    Promise.resolve(({ status }: { status: { ownerName?: string | undefined } }) =>
      status.ownerName === "admin"
    );
  await using rig = await startWriteRig({ sight });
  const other = rig.coder.state.addUser({ username: "bob" });
  assert.notEqual(other, undefined);
  assert.equal((await create(rig)).code, 201);
  for (const name of ["coder.bob.dev", "coder.nobody.dev"]) {
    const told = await create(rig, {}, {}, name);
    assert.deepEqual([told.code, told.body.reason], [403, "Forbidden"], name);
    assert.match(told.body.message, /the verb all on coderworkspaces\/others/);
  }
  assert.deepEqual(pathsOf(rig), ["POST workspaces"]);
});

Deno.test("a workspace that was made is said to be there where its metadata cannot be kept", async () => {
  await using rig = await startWriteRig();
  let left = 1;
  // The wish to have it made is kept first.
  rig.cluster.before = (verb) => {
    if (verb === "create" && left-- <= 0) throw new Error("the API server of 10.0.0.1 is away");
  };
  const told = await create(rig, {}, { labels: { team: "a" } });
  assert.deepEqual([told.code, told.body.reason], [503, "ServiceUnavailable"]);
  assert.match(told.body.message, /^the workspace was created, but its metadata could not be kept/);
  assert.doesNotMatch(told.body.message, /10\.0/);
  assert.notEqual(only(rig).get(DEV), undefined);
  rig.cluster.before = undefined;
  // It says what is to be done about it.
  const again = await only(rig).ask("patch", {
    name: DEV,
    ...APPLY,
    body: manifest(DEV, {}, { labels: { team: "a" } }),
  });
  assert.deepEqual([again.code, again.body.metadata.labels.team], [200, "a"]);
});

Deno.test("what somebody says of a workspace before its maker has said all is kept with the rest", async () => {
  await using rig = await startWriteRig({ replicas: 2 });
  const [one, other] = rig.replicas as [WriteReplica, WriteReplica];
  let left = 1;
  rig.cluster.before = async (verb) => {
    if (verb !== "create" || left-- > 0) return;
    rig.cluster.before = undefined;
    const body = { metadata: { labels: { theirs: "y" }, finalizers: ["example.com/theirs"] } };
    assert.equal((await other.ask("patch", { name: DEV, body })).code, 200);
  };
  const body = manifest(DEV, {}, { labels: { ours: "x" }, finalizers: ["example.com/ours"] });
  const { code, body: { metadata } } = await one.ask("create", { body });
  assert.deepEqual([code, metadata.labels.ours, metadata.labels.theirs], [201, "x", "y"]);
  assert.deepEqual(metadata.finalizers, ["example.com/ours", "example.com/theirs"]);
});

Deno.test("names are spelled as Coder spells them", async () => {
  await using rig = await startWriteRig();
  const organization = await create(rig, {}, {}, "Coder.admin.dev");
  const template = await create(rig, { templateName: "Docker" });
  for (const told of [organization, template]) assert.equal(told.code, 422);
  assert.deepEqual(rig.coder.writes, []);
});

Deno.test("what the cluster does not keep of a change is no change, and may be tried again", async () => {
  await using rig = await withDev();
  const refuseAll = (verb: string) => {
    if (verb !== "get") throw new Error("away");
  };
  rig.cluster.before = refuseAll;
  const told = await patch(rig, { spec: { running: false } });
  assert.equal(told.code, 503);
  assert.deepEqual(pathsOf(rig), []);
});
