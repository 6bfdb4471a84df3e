import assert from "node:assert/strict";
import { startClientRig } from "../../../tests/fake-coder/client_rig.ts";
import { ToolError } from "../errors.ts";
import { askCoder, type Question } from "./coder_asking.ts";
import { platformCoders, type TestedCoder } from "./platform_testing.ts";

const question: Question = {
  namespace: "lab",
  controlPlane: "main",
  need: { verb: "list", group: "coder.com", resource: "coderprovisioners", namespace: "lab" },
  what: "count users",
};
const callOf = (open: TestedCoder["open"], signal = AbortSignal.timeout(30_000)) => ({
  coders: platformCoders([{ id: "lab/main", open }]),
  signal,
});
const failureOf = async (asking: Promise<unknown>): Promise<ToolError> => {
  const error = await asking.then(() => undefined, (error) => error);
  if (!(error instanceof ToolError)) throw error ?? new Error("it did not fail");
  return error;
};

Deno.test("what a Coder that answers says is what comes", async () => {
  await using coder = await startClientRig();
  const call = callOf(coder.client);
  const name = await askCoder(call, question, async ({ client, signal, as, ref }) => {
    assert.deepEqual([as, ref.id], ["caller", "lab/main"]);
    return (await client.users.me({ signal })).username;
  });
  assert.equal(name, coder.owner.username);
  assert.deepEqual(call.coders.needs, [question.need]);
});

Deno.test("a Coder that hangs, and one that is away, are told within about a second", async () => {
  await using hangs = await startClientRig();
  await using away = await startClientRig();
  hangs.fake.faults.add({ action: { do: "hang" }, times: Infinity });
  await away.fake.stop();
  for (const rig of [hangs, away]) {
    const start = performance.now();
    const error = await failureOf(
      askCoder(callOf(rig.client), question, ({ client, signal }) => client.users.me({ signal })),
    );
    assert.ok(performance.now() - start < 15_000);
    assert.equal(error.code, "unavailable");
    assert.match(error.message, /^count users of lab\/main: /);
  }
});

Deno.test("a Coder that is slow but alive gets its time", async () => {
  await using coder = await startClientRig();
  coder.fake.faults.add({ route: "/api/v2/users/{user}", action: { do: "delay", ms: 1_200 } });
  const name = await askCoder(
    callOf(coder.client),
    question,
    async ({ client, signal }) => (await client.users.me({ signal })).username,
  );
  assert.equal(name, coder.owner.username);
});

Deno.test("what could not be opened, and what Coder refuses, keep their words", async () => {
  await using coder = await startClientRig();
  const closed = new ToolError("forbidden", "ann cannot list coderprovisioners");
  assert.equal(await failureOf(askCoder(callOf(closed), question, () => Promise.resolve(1))), closed);
  const member = coder.memberClient();
  const refused = await failureOf(
    askCoder(callOf(member), question, ({ client, signal }) => client.workspaceProxies.list({ signal })),
  );
  assert.match(refused.message, /^count users of lab\/main: /);
  const elsewhere = { ...question, namespace: "other", controlPlane: undefined };
  const nowhere = await failureOf(askCoder(callOf(member), elsewhere, () => Promise.resolve(1)));
  assert.match(nowhere.message, /no Coder is known in namespace other/);
});

Deno.test("a call that was given up is over with its own reason", async () => {
  const stop = new AbortController();
  const asking = askCoder(
    callOf(() => new Promise(() => {}), stop.signal),
    question,
    () => Promise.resolve(1),
  );
  stop.abort(new Error("the client is gone"));
  await assert.rejects(asking, /the client is gone/);
});
