import assert from "node:assert/strict";
import { ActionRig } from "../../../tests/actions/rig.ts";
import { addVersion } from "../../../tests/fake-coder/mod.ts";
import { refuse } from "../../../tests/fake-coder/reply.ts";
import { CoderError } from "../../coder/mod.ts";
import { ActionError } from "../error.ts";
import { SENT_MS } from "./types.ts";

const BUILDS = /\/builds$/;

function setUp() {
  const rig = new ActionRig();
  const { actions, keeper } = rig.replica();
  return { rig, actions, keeper, as: { by: "jane", signal: rig.signal } };
}

async function refused(action: Promise<unknown>): Promise<ActionError> {
  const error = await action.then(() => undefined, (error) => error);
  assert.ok(error instanceof ActionError, String(error));
  return error;
}

Deno.test("a workspace is started and stopped, and is known to be so at once", async () => {
  const { rig, actions, as } = setUp();
  const id = rig.addWorkspace("a");
  const stopped = await actions.change(id, { running: false }, as);
  assert.deepEqual([stopped.state, stopped.workspace?.latest_build.status], ["underWay", "pending"]);
  assert.equal(rig.observed.at(-1), "a stop pending");
  rig.end(id);
  await actions.change(id, { running: true }, as);
  assert.deepEqual(rig.builds(id), ["stop", "start"]);
  assert.deepEqual(await rig.store.list(rig.signal), []);
  assert.deepEqual(rig.violations, []);
});

Deno.test("what is asked for again while it is under way, or is so, does nothing", async () => {
  const { rig, actions, as } = setUp();
  const id = rig.addWorkspace("a");
  for (let i = 0; i < 3; i++) await actions.change(id, { running: false }, as);
  rig.end(id);
  const again = await actions.change(id, { running: false }, as);
  assert.deepEqual([again.state, rig.builds(id)], ["done", ["stop"]]);
  await Promise.all([1, 2, 3, 4].map(() => actions.change(id, { running: true }, as)));
  rig.end(id);
  await Promise.all([1, 2].map(() => actions.change(id, { running: true }, as)));
  assert.deepEqual(rig.builds(id), ["stop", "start"]);
});

Deno.test("what says nothing of running changes nothing of it", async () => {
  const { rig, actions, as } = setUp();
  const [a, b] = [rig.addWorkspace("a"), rig.addWorkspace("b", "stopped")];
  for (const id of [a, b]) await actions.change(id, { ttlMs: 3_600_000, automaticUpdates: "always" }, as);
  assert.deepEqual([rig.builds(a), rig.builds(b)], [[], []]);
  assert.equal(rig.copy.get(a)?.ttl_ms, 3_600_000);
  const version = addVersion(rig.state, rig.template, new Uint8Array());
  await actions.change(b, { version }, as);
  assert.deepEqual(rig.builds(b), ["stop"]);
  assert.equal(rig.copy.get(b)?.latest_build.template_version_id, version);
});

Deno.test("a stop during a start is kept, and done when the start is over", async () => {
  const { rig, actions, keeper, as } = setUp();
  const id = rig.addWorkspace("a", "stopped");
  await actions.change(id, { running: true }, as);
  const stop = await actions.change(id, { running: false }, as);
  assert.deepEqual([stop.state, stop.message], ["kept", "it is done when the build that is active is over"]);
  assert.equal((await actions.pending(rig.copy.get(id)!, as.signal))?.wish.by, "jane");
  assert.equal(await keeper.round(as.signal), 1);
  assert.deepEqual(rig.builds(id), ["start"]);
  rig.end(id);
  // The copy sees that it is over.
  rig.copy.delete(id);
  assert.equal(await keeper.round(as.signal), 0);
  assert.deepEqual(rig.builds(id), ["start", "stop"]);
  assert.deepEqual(await rig.store.list(rig.signal), []);
});

Deno.test("of two wishes the later one wins", async () => {
  const { rig, actions, keeper, as } = setUp();
  const id = rig.addWorkspace("a", "stopped");
  await actions.change(id, { running: true }, as);
  await actions.change(id, { running: false }, as);
  const last = await actions.change(id, { running: true }, as);
  assert.equal(last.state, "underWay");
  assert.deepEqual(await rig.store.list(rig.signal), []);
  rig.end(id);
  await keeper.round(as.signal);
  assert.deepEqual([rig.builds(id), rig.shown(id)], [["start"], "start running"]);
});

Deno.test("what a later wish says nothing of still holds of the earlier one", async () => {
  const { rig, actions, keeper, as } = setUp();
  const id = rig.addWorkspace("a", "stopped");
  const version = addVersion(rig.state, rig.template, new Uint8Array());
  await actions.change(id, { running: true }, as);
  await actions.change(id, { version }, as);
  await actions.change(id, { running: false }, as);
  rig.end(id);
  rig.copy.clear();
  assert.equal(await keeper.round(as.signal), 0);
  assert.deepEqual(rig.builds(id), ["start", "stop"]);
  assert.equal(rig.copy.get(id)?.latest_build.template_version_id, version);
});

Deno.test("what runs is stopped before it is built of another version", async () => {
  const { rig, actions, keeper, as } = setUp();
  const id = rig.addWorkspace("a");
  const version = addVersion(rig.state, rig.template, new Uint8Array());
  assert.equal((await actions.change(id, { version }, as)).state, "kept");
  for (let i = 0; i < 3; i++) {
    rig.end(id);
    rig.copy.clear();
    await keeper.round(as.signal);
  }
  assert.deepEqual([rig.builds(id), rig.shown(id)], [["stop", "start"], "start running"]);
  await actions.change(id, { version }, as);
  assert.equal(rig.built.length, 2);
});

Deno.test("a restart stops and starts, once however often it is asked for meanwhile", async () => {
  const { rig, actions, keeper, as } = setUp();
  const id = rig.addWorkspace("a");
  await actions.change(id, { restart: true }, as);
  await actions.change(id, { restart: true }, as);
  rig.end(id);
  rig.copy.clear();
  await keeper.round(as.signal);
  await actions.change(id, { restart: true }, as);
  rig.end(id);
  await keeper.round(as.signal);
  assert.deepEqual(rig.builds(id), ["stop", "start"]);
  await actions.change(id, { restart: true }, as);
  assert.deepEqual(rig.builds(id), ["stop", "start", "stop"]);
});

Deno.test("a build that failed is tried again when somebody asks, and not before", async () => {
  const { rig, actions, keeper, as } = setUp();
  const id = rig.addWorkspace("a", "stopped");
  await actions.change(id, { running: true }, as);
  rig.end(id, "no space left");
  rig.copy.clear();
  for (let i = 0; i < 3; i++) await keeper.round(as.signal);
  assert.deepEqual(rig.builds(id), ["start"]);
  assert.equal((await actions.change(id, { running: true }, as)).state, "underWay");
  rig.end(id, "no space left");
  // Also the other way round.
  await actions.change(id, { running: false }, as);
  rig.end(id, "cannot be destroyed");
  await actions.change(id, { running: false }, as);
  assert.deepEqual(rig.builds(id), ["start", "start", "stop", "stop"]);
});

Deno.test("the parameters of a wish are built once, and those that are so already not at all", async () => {
  const { rig, actions, keeper, as } = setUp();
  const parameters = ["size", "region"].map((name) => ({
    name,
    type: "string",
    mutable: name === "size",
    required: false,
    default_value: "m",
  }));
  const version = addVersion(rig.state, rig.template, new Uint8Array());
  rig.state.versionInputs.set(version, { parameters, presets: [] });
  const { workspace } = await actions.create(
    {
      name: "a",
      owner: { id: rig.owner.id, name: "admin" },
      source: { templateId: rig.template.id },
      parameters: [{ name: "size", value: "l" }],
    },
    as,
  );
  const { id } = workspace!;
  rig.end(id);
  await actions.change(id, { parameters: [{ name: "size", value: "l" }] }, as);
  assert.deepEqual(rig.builds(id), ["start"]);
  await actions.change(id, { parameters: [{ name: "size", value: "xl" }] }, as);
  for (let i = 0; i < 3; i++) {
    rig.end(id);
    rig.copy.clear();
    await keeper.round(as.signal);
  }
  assert.deepEqual(rig.builds(id), ["start", "stop", "start"]);
  const build = String((rig.row(id)["latest_build"] as { id: string }).id);
  assert.deepEqual(rig.state.buildParameters.get(build)?.[0], { name: "size", value: "xl" });
  const fixed = await refused(actions.change(id, { parameters: [{ name: "region", value: "us" }] }, as));
  assert.match(fixed.message, /region: cannot be changed once/);
  const odd = await actions.change(id, { parameters: [{ name: "sise", value: "s" }] }, {
    ...as,
    dryRun: true,
  });
  assert.match(odd.warnings[0] ?? "", /no parameter sise/);
});

Deno.test("a deletion is one build, however often it is asked for, and waits for another one", async () => {
  const { rig, actions, keeper, as } = setUp();
  const [a, b] = [rig.addWorkspace("a"), rig.addWorkspace("b", "stopped")];
  await Promise.all([1, 2, 3].map(() => actions.remove(a, {}, as)));
  assert.deepEqual(rig.builds(a), ["delete"]);
  const conflict = await refused(actions.change(a, { running: true }, as));
  assert.deepEqual([conflict.reason, rig.builds(a)], ["conflict", ["delete"]]);
  await actions.change(b, { running: true }, as);
  for (let i = 0; i < 2; i++) assert.equal((await actions.remove(b, {}, as)).state, "kept");
  assert.equal((await refused(actions.change(b, { running: false }, as))).reason, "conflict");
  for (const id of [a, b]) rig.end(id);
  rig.copy.clear();
  await keeper.round(as.signal);
  rig.end(b);
  await keeper.round(as.signal);
  assert.deepEqual(rig.builds(b), ["start", "delete"]);
  assert.equal((await refused(actions.remove(b, {}, as))).reason, "missing");
  assert.equal(rig.built.length, 3);
});

Deno.test("a deletion that failed is tried again when somebody asks", async () => {
  const { rig, actions, keeper, as } = setUp();
  const id = rig.addWorkspace("a");
  await actions.remove(id, {}, as);
  rig.end(id, "cannot be destroyed");
  await keeper.round(as.signal);
  assert.deepEqual(rig.builds(id), ["delete"]);
  await actions.remove(id, { orphan: true }, as);
  assert.deepEqual(rig.builds(id), ["delete", "delete"]);
});

Deno.test("a precondition that does not hold changes nothing, and is told", async () => {
  const { rig, actions, as } = setUp();
  const id = rig.addWorkspace("a");
  const precondition = () => {
    throw new ActionError("conflict", "it is another one");
  };
  for (
    const action of [
      actions.remove(id, {}, { ...as, precondition }),
      actions.change(id, { running: false, ttlMs: null }, { ...as, precondition }),
      actions.cancel(id, { ...as, precondition }),
    ]
  ) assert.equal((await refused(action)).message, "it is another one");
  assert.deepEqual(rig.writes, []);
  assert.deepEqual(rig.audit.map(({ result, by }) => `${by} ${result}`), Array(3).fill("jane refused"));
});

Deno.test("a dry run checks everything, says what it would do, and changes nothing", async () => {
  const { rig, actions, as } = setUp();
  const [a, b] = [rig.addWorkspace("a"), rig.addWorkspace("b", "stopped")];
  const dry = { ...as, dryRun: true };
  const words = async (action: Promise<{ state: string; message: string }>) => {
    const { state, message } = await action;
    assert.equal(state, "planned");
    return message;
  };
  assert.equal(await words(actions.change(a, { running: false }, dry)), "a stop build would be begun");
  assert.equal(await words(actions.change(a, { running: true }, dry)), "nothing would change");
  assert.equal(
    await words(actions.change(a, { running: false, ttlMs: 60_000 }, dry)),
    "it would set ttl; a stop build would be begun",
  );
  assert.equal(await words(actions.change(a, { ttlMs: 60_000 }, dry)), "it would set ttl");
  assert.equal(await words(actions.change(a, { ttlMs: null }, dry)), "nothing would change");
  assert.equal(await words(actions.remove(a, {}, dry)), "a delete build would be begun");
  const creation = {
    name: "c",
    owner: { id: rig.owner.id, name: "admin" },
    source: { templateId: rig.template.id },
  };
  assert.equal(await words(actions.create(creation, dry)), "it would be created");
  assert.equal((await refused(actions.create({ ...creation, name: "A" }, dry))).reason, "exists");
  assert.deepEqual([rig.writes, rig.audit], [[], []]);
  await actions.change(b, { running: true }, as);
  assert.equal(
    await words(actions.change(b, { running: false }, dry)),
    "it would be kept until build 2 is over",
  );
  assert.equal(await words(actions.cancel(b, dry)), "build 2 would be cancelled");
  assert.equal(rig.writes.length, 1);
  assert.deepEqual(await rig.store.list(rig.signal), []);
});

Deno.test("a version that cannot be built is refused, also where the wish would have to wait", async () => {
  const { rig, actions, as } = setUp();
  const id = rig.addWorkspace("a", "stopped");
  const version = addVersion(rig.state, rig.template, new Uint8Array());
  const row = rig.state.templateVersions.find((one) => one["id"] === version)!;
  row["job"] = { ...row["job"] as object, status: "failed", error: "no such resource" };
  await actions.change(id, { running: true }, as);
  assert.match((await refused(actions.change(id, { version }, as))).message, /no such resource/);
  row["job"] = { ...row["job"] as object, status: "running", error: "" };
  assert.match((await refused(actions.change(id, { version }, as))).message, /import is running/);
  row["template_id"] = crypto.randomUUID();
  assert.match((await refused(actions.change(id, { version }, as))).message, /another template/);
  const preset = await refused(actions.change(id, { presetId: crypto.randomUUID() }, as));
  assert.match(preset.message, /no such preset/);
  assert.deepEqual(await rig.store.list(rig.signal), []);
});

Deno.test("a build whose answer was lost is looked after, and not asked for a second time", async () => {
  const { rig, actions, as } = setUp();
  const id = rig.addWorkspace("a");
  rig.fault = (_method, path) => BUILDS.test(path) ? "lost" : undefined;
  assert.equal((await actions.change(id, { running: false }, as)).state, "underWay");
  assert.deepEqual(rig.builds(id), ["stop"]);
  assert.deepEqual(await rig.store.list(rig.signal), []);
});

Deno.test("a build that never arrived, as it turns out, is asked for when it can no longer come", async () => {
  const { rig, actions, keeper, as } = setUp();
  const id = rig.addWorkspace("a");
  rig.fault = (_method, path) => BUILDS.test(path) ? "dropped" : undefined;
  const kept = await actions.change(id, { running: false }, as);
  assert.deepEqual([kept.state, kept.message], ["kept", "Coder's answer was lost: it is looked after"]);
  rig.fault = () => undefined;
  await keeper.round(as.signal);
  assert.deepEqual(rig.builds(id), []);
  rig.now += SENT_MS;
  assert.equal(await keeper.round(as.signal), 0);
  assert.deepEqual(rig.builds(id), ["stop"]);
});

Deno.test("what Coder refuses is not kept, and what was wished before is as it was", async () => {
  const { rig, actions, as } = setUp();
  const id = rig.addWorkspace("a");
  rig.fault = (_method, path) => BUILDS.test(path) ? refuse(403, "Forbidden.") : undefined;
  await assert.rejects(
    actions.change(id, { running: false }, as),
    (error) => error instanceof CoderError && error.kind === "forbidden",
  );
  assert.deepEqual(await rig.store.list(rig.signal), []);
  rig.fault = (_method, path) => BUILDS.test(path) ? "refused" : undefined;
  await assert.rejects(
    actions.change(id, { running: false }, as),
    (error) => error instanceof CoderError && error.kind === "unavailable",
  );
  assert.deepEqual(await rig.store.list(rig.signal), []);
  assert.deepEqual(rig.audit.map(({ result }) => result), ["refused", "refused"]);
  assert.deepEqual(rig.built, []);
});

Deno.test("the active build is cancelled, and one that is over is not", async () => {
  const { rig, actions, as } = setUp();
  const id = rig.addWorkspace("a");
  assert.equal((await refused(actions.cancel(id, as))).reason, "conflict");
  await actions.change(id, { running: false }, as);
  assert.equal((await actions.cancel(id, as)).workspace?.latest_build.status, "canceled");
  assert.equal((await refused(actions.cancel(id, as))).reason, "conflict");
  await actions.change(id, { running: false }, as);
  rig.fault = (_method, path) => path.endsWith("/cancel") ? "lost" : undefined;
  await actions.cancel(id, as);
  assert.equal(rig.shown(id), "stop canceled");
  rig.fault = () => undefined;
  await actions.change(id, { running: false }, as);
  // It ends between the look and the call.
  rig.fault = (_method, path) => {
    if (path.endsWith("/cancel")) rig.end(id);
    return undefined;
  };
  assert.match((await refused(actions.cancel(id, as))).message, /over already/);
});

Deno.test("every action is told with the human, what was asked for, and the calls that were made", async () => {
  const { rig, actions, as } = setUp();
  const id = rig.addWorkspace("a");
  await actions.change(id, { running: false, ttlMs: 60_000, autostart: "0 9 * * 1-5" }, as);
  const [entry] = rig.audit;
  assert.deepEqual(
    [entry?.by, entry?.action, entry?.workspace, entry?.result],
    ["jane", "change workspace", { id, owner: "admin", name: "a" }, "done"],
  );
  assert.deepEqual(entry?.changes, { running: false, ttlMs: 60_000, autostart: "0 9 * * 1-5" });
  assert.deepEqual(entry?.calls.map(({ call, result }) => `${call}: ${result}`), [
    "set ttl: ok",
    "set autostart: ok",
    "stop build: ok",
  ]);
  await refused(actions.change(id, { ttlMs: 1 }, as));
  assert.equal(rig.audit[1]?.result, "refused");
});

Deno.test("a name is changed, but not while a wish is kept under it", async () => {
  const { rig, actions, as } = setUp();
  rig.settings.renames = true;
  const id = rig.addWorkspace("a", "stopped");
  assert.equal((await actions.change(id, { name: "b" }, as)).workspace?.name, "b");
  await actions.change(id, { running: true }, as);
  await actions.change(id, { running: false }, as);
  assert.equal((await refused(actions.change(id, { name: "c" }, as))).reason, "conflict");
  assert.equal((await refused(actions.change(id, { name: "c", running: true }, as))).reason, "conflict");
  assert.equal((await refused(actions.change(id, { name: "c d" }, as))).reason, "invalid");
});
