import assert from "node:assert/strict";
import { ActionRig } from "../../../tests/actions/rig.ts";
import { addVersion } from "../../../tests/fake-coder/mod.ts";
import { CoderError } from "../../coder/mod.ts";
import { ActionError } from "../error.ts";
import type { ActionContext } from "./actions.ts";
import type { Creation } from "./create.ts";
import { SENT_MS } from "./types.ts";

const CREATE = /\/users\/[^/]+\/workspaces$/;

function setUp() {
  const rig = new ActionRig();
  const creation: Creation = {
    name: "dev",
    owner: { id: rig.owner.id, name: "admin" },
    source: { templateId: rig.template.id },
  };
  const as: ActionContext = { by: "jane", signal: rig.signal };
  return { rig, creation, as, ...rig.replica(), kept: () => rig.store.list(rig.signal) };
}

async function refused(action: Promise<unknown>): Promise<ActionError> {
  const error = await action.then(() => undefined, (error) => error);
  assert.ok(error instanceof ActionError, String(error));
  return error;
}

const isCoderError = (kind: string) => (error: unknown) => error instanceof CoderError && error.kind === kind;

Deno.test("a workspace that is to run is created, and nothing is left to wish", async () => {
  const { rig, actions, creation, as, kept } = setUp();
  const { workspace, state } = await actions.create(creation, as);
  assert.deepEqual([workspace?.name, state, rig.observed], ["dev", "underWay", ["dev start pending"]]);
  assert.deepEqual(await kept(), []);
  const [entry] = rig.audit;
  assert.deepEqual([entry?.action, entry?.workspace.id, entry?.result], [
    "create workspace",
    workspace?.id,
    "done",
  ]);
});

Deno.test("a workspace that is not to run is stopped when it was started, and not before", async () => {
  const { rig, actions, keeper, creation, as } = setUp();
  const { workspace, state, message } = await actions.create({ ...creation, running: false }, as);
  assert.equal(state, "kept");
  assert.match(message, /stopped when it was started/);
  const { id } = workspace!;
  assert.equal(await keeper.round(as.signal), 1);
  rig.end(id);
  rig.copy.clear();
  assert.equal(await keeper.round(as.signal), 0);
  rig.end(id);
  assert.deepEqual([rig.builds(id), rig.shown(id)], [["start", "stop"], "stop stopped"]);
  assert.deepEqual(rig.audit.map(({ action, result }) => `${action} ${result}`), [
    "create workspace accepted",
    "continue wish done",
  ]);
});

Deno.test("a start that fails is stopped, too, where the workspace is not to run", async () => {
  const { rig, actions, keeper, creation, as } = setUp();
  const { workspace } = await actions.create({ ...creation, running: false }, as);
  rig.end(workspace!.id, "no space left");
  rig.copy.clear();
  await keeper.round(as.signal);
  assert.deepEqual(rig.builds(workspace!.id), ["start", "stop"]);
});

Deno.test("a later wish wins over that of the creation", async () => {
  const { rig, actions, keeper, creation, as } = setUp();
  const { workspace } = await actions.create({ ...creation, running: false }, as);
  await actions.change(workspace!.id, { running: true }, as);
  rig.end(workspace!.id);
  rig.copy.clear();
  await keeper.round(as.signal);
  assert.deepEqual([rig.builds(workspace!.id), rig.shown(workspace!.id)], [["start"], "start running"]);
});

Deno.test("a creation whose answer was lost is found by its name, and not repeated", async () => {
  const { rig, actions, keeper, creation, as, kept } = setUp();
  rig.fault = (method, path) => method === "POST" && CREATE.test(path) ? "lost" : undefined;
  const { workspace } = await actions.create({ ...creation, running: false }, as);
  assert.equal(rig.state.workspaces.length, 1);
  rig.end(workspace!.id);
  rig.copy.clear();
  rig.fault = () => undefined;
  await keeper.round(as.signal);
  assert.deepEqual(rig.builds(workspace!.id), ["start", "stop"]);
  assert.deepEqual(await kept(), []);
});

Deno.test("a creation that nobody knows of is told as such, and what came of it ends as it was wished", async () => {
  const { rig, actions, keeper, creation, as, kept } = setUp();
  // Coder goes away with the answer.
  let isAway = false;
  rig.fault = (method, path) => {
    if (isAway) return "refused";
    if (method !== "POST" || !CREATE.test(path)) return undefined;
    isAway = true;
    return "lost";
  };
  await assert.rejects(actions.create({ ...creation, running: false }, as), isCoderError("unavailable"));
  assert.equal(rig.audit[0]?.result, "unknown");
  rig.fault = () => undefined;
  assert.equal(await keeper.round(as.signal), 1);
  rig.now += SENT_MS;
  const [row] = rig.state.workspaces;
  rig.end(String(row?.["id"]));
  await keeper.round(as.signal);
  assert.deepEqual(rig.builds(String(row?.["id"])), ["start", "stop"]);
  assert.deepEqual(await kept(), []);
});

Deno.test("a creation that never arrived is not repeated by itself, and its name is free after a while", async () => {
  const { rig, actions, keeper, creation, as, kept } = setUp();
  rig.fault = (method, path) => method === "POST" && CREATE.test(path) ? "dropped" : undefined;
  await assert.rejects(actions.create(creation, as), isCoderError("unavailable"));
  rig.fault = () => undefined;
  const early = await refused(actions.create(creation, as));
  assert.deepEqual([early.reason, early.message], ["conflict", "workspace dev is being created just now"]);
  rig.now += SENT_MS;
  await keeper.round(as.signal);
  assert.deepEqual([await kept(), rig.state.workspaces], [[], []]);
  await actions.create(creation, as);
  assert.equal(rig.state.workspaces.length, 1);
});

Deno.test("who comes after a creation that never arrived need not wait for anybody to clear it away", async () => {
  const { rig, actions, creation, as } = setUp();
  rig.fault = (method, path) => method === "POST" && CREATE.test(path) ? "dropped" : undefined;
  await assert.rejects(actions.create(creation, as));
  rig.fault = () => undefined;
  rig.now += SENT_MS;
  await actions.create(creation, as);
  assert.equal(rig.state.workspaces.length, 1);
});

Deno.test("a creation to run that was made all the same is left alone", async () => {
  const { rig, actions, keeper, creation, as, kept } = setUp();
  let isAway = false;
  rig.fault = (method, path) => {
    if (isAway) return "refused";
    isAway = method === "POST" && CREATE.test(path);
    return isAway ? "lost" : undefined;
  };
  await assert.rejects(actions.create(creation, as));
  rig.fault = () => undefined;
  rig.now += SENT_MS;
  assert.equal(await keeper.round(as.signal), 0);
  assert.deepEqual([rig.built.length, await kept()], [1, []]);
  assert.equal((await refused(actions.create(creation, as))).reason, "exists");
});

Deno.test("of many who create one name at two replicas one does, and the others are told", async () => {
  const { rig, creation, as, kept } = setUp();
  const replicas = [rig.replica(), rig.replica()];
  const ends = await Promise.allSettled(
    [0, 1, 2, 3, 4, 5].map((i) => replicas[i % 2]!.actions.create(creation, as)),
  );
  assert.equal(ends.filter(({ status }) => status === "fulfilled").length, 1);
  for (const end of ends) {
    if (end.status === "rejected") assert.match(end.reason.message, /exists already|being created/);
  }
  assert.deepEqual([rig.state.workspaces.length, rig.built.length, await kept()], [1, 1, []]);
});

Deno.test("somebody else who takes the name first is told as Coder tells it", async () => {
  const { rig, actions, creation, as, kept } = setUp();
  rig.fault = (method, path) => {
    if (method === "POST" && CREATE.test(path)) rig.addWorkspace("DEV");
    return undefined;
  };
  const taken = await refused(actions.create(creation, as));
  assert.deepEqual([taken.reason, taken.message], ["exists", "workspace dev of admin exists already"]);
  assert.deepEqual(await kept(), []);
});

Deno.test("what cannot be created is refused before anything is written", async () => {
  const { rig, actions, creation, as, kept } = setUp();
  const version = addVersion(rig.state, rig.template, new Uint8Array());
  const parameters = [{ name: "size", type: "number", mutable: true, required: true }];
  rig.state.versionInputs.set(version, { parameters, presets: [] });
  const dry = { ...as, dryRun: true };
  for (
    const [wrong, message, context] of [
      [{ ...creation, name: "a_b" }, /name: must be letters/, as],
      [{ ...creation, name: "a".repeat(33) }, /longer than 32/, as],
      [{ ...creation, ttlMs: 1_000 }, /ttlMillis: must be from 60000/, as],
      [{ ...creation, autostart: "daily" }, /five fields/, as],
      [creation, /size: is required/, dry],
      [{ ...creation, parameters: [{ name: "size", value: "x" }] }, /size: must be a number/, as],
      [{ ...creation, parameters: [{ name: "size", value: "1" }], presetId: "x" }, /no such preset/, dry],
    ] as const
  ) {
    const error = await refused(actions.create(wrong, context));
    assert.equal(error.reason, "invalid");
    assert.match(error.message, message);
  }
  assert.deepEqual([rig.writes, await kept()], [[], []]);
});

Deno.test("what Coder alone can refuse leaves nothing behind", async () => {
  const { rig, actions, creation, as, kept } = setUp();
  const nowhere = { ...creation, source: { templateId: crypto.randomUUID() } };
  await assert.rejects(actions.create(nowhere, as), isCoderError("invalid"));
  await assert.rejects(actions.create(nowhere, { ...as, dryRun: true }), isCoderError("notFound"));
  rig.fault = (method) => method === "POST" ? "refused" : undefined;
  await assert.rejects(actions.create(creation, as), isCoderError("unavailable"));
  assert.deepEqual([await kept(), rig.state.workspaces], [[], []]);
});

Deno.test("values of presets count as given, and names that the template does not have are warned of", async () => {
  const { rig, actions, creation, as } = setUp();
  const version = addVersion(rig.state, rig.template, new Uint8Array());
  const preset = { ID: crypto.randomUUID(), Name: "large", Parameters: [{ Name: "size", Value: "9" }] };
  const parameters = [{ name: "size", type: "number", mutable: true, required: true }];
  rig.state.versionInputs.set(version, { parameters, presets: [preset] });
  const { workspace, warnings } = await actions.create({
    ...creation,
    source: { versionId: version },
    presetId: preset.ID,
    parameters: [{ name: "sise", value: "1" }],
  }, as);
  assert.deepEqual(warnings, ["the template has no parameter sise: Coder ignores it"]);
  assert.equal(workspace?.latest_build.template_version_id, version);
});

Deno.test("who comes second takes nothing from the wish of who came first", async () => {
  const { rig, creation, as, kept } = setUp();
  const [first, second] = [rig.replica(), rig.replica()];
  // The first one makes it when the second has begun.
  let looks = 0;
  let made: Promise<unknown> | undefined;
  rig.fault = (method, path) => {
    if (method === "GET" && path.includes("/workspace/")) looks++;
    return undefined;
  };
  const { read } = rig.store;
  rig.store.read = async (key, signal) => {
    rig.store.read = read;
    made = first.actions.create({ ...creation, running: false }, as);
    await made;
    return await read.call(rig.store, key, signal);
  };
  assert.equal((await refused(second.actions.create(creation, as))).reason, "exists");
  await made;
  assert.deepEqual([looks, (await kept()).length, rig.built.length], [2, 1, 1]);
});

Deno.test("who comes second does not take the workspace of who came first for their own", async () => {
  const { rig, creation, as, kept } = setUp();
  const [first, second] = [rig.replica(), rig.replica()];
  const { write } = rig.store;
  rig.store.write = async (...given) => {
    rig.store.write = write;
    await first.actions.create(creation, as);
    // Whatever becomes of the second one's requests: there is one, and it is not theirs.
    rig.fault = (method) => method === "POST" ? "dropped" : undefined;
    return await write.apply(rig.store, given);
  };
  assert.equal((await refused(second.actions.create(creation, as))).reason, "exists");
  assert.deepEqual([(await kept()).length, rig.built.length], [0, 1]);
});

Deno.test("who cannot look whether there is one makes none, and stands in nobody's way", async () => {
  const { rig, creation, as, kept } = setUp();
  const { actions } = rig.replica();
  rig.fault = (_method, path) => path.includes("/workspace/") ? "refused" : undefined;
  await assert.rejects(actions.create(creation, as));
  assert.deepEqual([(await kept()).length, rig.built.length], [0, 0]);
  rig.fault = () => undefined;
  await actions.create(creation, as);
  assert.equal(rig.built.length, 1);
});
