import assert from "node:assert/strict";
import { ActionRig } from "../../../tests/actions/rig.ts";
import { type CoderClient, CoderError } from "../../coder/mod.ts";
import { ActionError } from "../error.ts";

/** Ann, who has no rights of an operator, in a Coder where each token is known by its user. */
function setUp(roles: string[] = []) {
  const rig = new ActionRig();
  const ann = rig.state.addUser({ username: "ann", roles });
  const token = rig.state.addToken(ann, { lifetime_seconds: 1e9 });
  const client = rig.client.as!(token);
  const { actions, keeper } = rig.replica();
  const openAs = () => Promise.resolve(client as CoderClient | undefined);
  return { rig, ann, actions, keeper, as: { by: "ann", signal: rig.signal, openAs } };
}

async function refusal(action: Promise<unknown>): Promise<ActionError | CoderError> {
  const error = await action.then(() => undefined, (error) => error);
  assert.ok(error instanceof ActionError || error instanceof CoderError, String(error));
  return error;
}

Deno.test("builds that somebody asks for are begun with their own rights", async () => {
  const { rig, actions, as } = setUp(["owner"]);
  const id = rig.addWorkspace("a");
  const stopped = await actions.change(id, { running: false }, as);
  assert.equal(stopped.state, "underWay");
  assert.deepEqual(rig.builds(id), ["stop"]);
});

Deno.test("a refusal of Coder is the caller's, and nothing of their wish is kept for the operator", async () => {
  const { rig, actions, keeper, as } = setUp();
  const id = rig.addWorkspace("a");
  rig.fault = (method, path) =>
    method === "POST" && /builds$/.test(path)
      ? { status: 404, json: { message: "Resource not found" } } as never
      : undefined;
  const error = await refusal(actions.change(id, { running: false }, as));
  assert.ok(error instanceof ActionError && error.reason === "forbidden", error.message);
  assert.deepEqual(await rig.store.list(rig.signal), []);
  rig.fault = () => undefined;
  await keeper.round(rig.signal);
  assert.deepEqual(rig.builds(id), []);
  // It is there for everybody else.
  assert.ok(!rig.observed.includes("gone"));
});

Deno.test("who is not let into Coder changes nothing, and leaves no wish", async () => {
  const { rig, actions, keeper, as } = setUp();
  const id = rig.addWorkspace("a");
  const openAs = () => Promise.reject(new ActionError("forbidden", "the Coder user ann is suspended"));
  const error = await refusal(actions.change(id, { running: false }, { ...as, openAs }));
  assert.match(error.message, /suspended/);
  assert.deepEqual(await rig.store.list(rig.signal), []);
  await keeper.round(rig.signal);
  assert.deepEqual(rig.writes, []);
});

Deno.test("nobody is asked who they are in Coder where nothing is changed", async () => {
  const { rig, actions, as } = setUp();
  const id = rig.addWorkspace("a");
  const openAs = () => Promise.reject(new Error("asked"));
  await actions.change(id, { running: false }, { ...as, openAs, dryRun: true });
  await actions.change(id, { running: true }, { ...as, openAs });
  assert.deepEqual(rig.writes, []);
});

Deno.test("what has to wait goes on in the background, with the operator's access", async () => {
  const { rig, actions, keeper, as } = setUp(["owner"]);
  const id = rig.addWorkspace("a");
  await actions.change(id, { running: false }, as);
  const kept = await actions.change(id, { running: true }, as);
  assert.equal(kept.state, "kept");
  rig.end(id);
  await keeper.round(rig.signal);
  assert.deepEqual(rig.builds(id), ["stop", "start"]);
});

Deno.test("what would have to wait is kept only for whom Coder lets do it", async () => {
  const { rig, actions, keeper, as } = setUp();
  const id = rig.addWorkspace("a");
  await actions.change(id, { running: false }, { by: "jane", signal: rig.signal });
  for (const change of [() => actions.change(id, { running: true }, as), () => actions.remove(id, {}, as)]) {
    const error = await refusal(change());
    assert.ok(error instanceof ActionError && error.reason === "forbidden", error.message);
  }
  assert.deepEqual(await rig.store.list(rig.signal), []);
  rig.end(id);
  await keeper.round(rig.signal);
  assert.deepEqual(rig.builds(id), ["stop"]);
});
