import assert from "node:assert/strict";
import { CoderApiError, type CoderClient } from "../coder/mod.ts";
import { ActionCalls } from "./calls.ts";
import { ActionError } from "./error.ts";

const signal = new AbortController().signal;

Deno.test("the way to Coder is opened once for an action, and calls are noted with what came of them", async () => {
  let opened = 0;
  const calls = new ActionCalls((given) => {
    assert.equal(given, signal);
    opened++;
    return Promise.resolve({ add: (a: number, b: number) => a + b });
  }, signal);
  assert.equal(await calls.write("add", ({ add }) => Promise.resolve(add(1, 2))), 3);
  const failing = (error: unknown) => calls.write("fail", () => Promise.reject(error));
  await assert.rejects(failing(new Error("no")), /no/);
  await failing("odd").catch(() => {});
  assert.deepEqual(calls.calls, [
    { call: "add", result: "ok" },
    { call: "fail", result: "no" },
    { call: "fail", result: "odd" },
  ]);
  assert.equal(opened, 1);
});

Deno.test("where there is no way to Coder, nothing is noted, and the next call looks for it again", async () => {
  let opened = 0;
  const calls = new ActionCalls(() => Promise.reject(new Error(`away ${++opened}`)), signal);
  await assert.rejects(calls.client(), /away 1/);
  await assert.rejects(calls.write("add", () => Promise.resolve()), /away 2/);
  assert.deepEqual(calls.calls, []);
});

interface Named {
  readonly name: string;
}

/** As whom; Coder lets them do what `rights` has. */
const ann = (rights: Record<string, boolean> = {}) => ({
  name: "ann",
  users: { authCheck: () => Promise.resolve(rights) } as unknown as CoderClient["users"],
});
const operator = () => Promise.resolve<Named>({ name: "operator" });

Deno.test("what changes something is done as whoever asks, and what is looked at as the operator", async () => {
  let opened = 0;
  const calls = new ActionCalls<Named>(operator, signal, (given) => {
    assert.equal(given, signal);
    opened++;
    return Promise.resolve(ann());
  });
  const write = () => calls.write("start", ({ name }) => Promise.resolve(name));
  assert.deepEqual([await write(), await write(), (await calls.client()).name], ["ann", "ann", "operator"]);
  assert.equal(await calls.isOwn(), true);
  assert.equal(opened, 1);
});

Deno.test("for whom Coder does not know it is done as the operator", async () => {
  for (const openAs of [undefined, () => Promise.resolve(undefined)]) {
    const calls = new ActionCalls<Named>(operator, signal, openAs);
    assert.equal(await calls.write("start", ({ name }) => Promise.resolve(name)), "operator");
    assert.equal(await calls.isOwn(), false);
  }
});

Deno.test("for whom nothing is to be done nothing is done", async () => {
  const calls = new ActionCalls<Named>(operator, signal, () => Promise.reject(new Error("suspended")));
  await assert.rejects(calls.write("start", () => assert.fail("it is done")), /suspended/);
  assert.deepEqual(calls.calls, []);
});

Deno.test("what Coder hides from the caller is a refusal, and not gone", async () => {
  const notFound = new CoderApiError("GET: not found", {
    kind: "notFound",
    status: 404,
    call: { method: "POST", route: "/builds" },
  });
  const write = (calls: ActionCalls<Named>) => calls.write("start build", () => Promise.reject(notFound));
  const own = new ActionCalls<Named>(operator, signal, () => Promise.resolve(ann()));
  await assert.rejects(write(own), (error) => error instanceof ActionError && error.reason === "forbidden");
  assert.deepEqual(own.calls, [{ call: "start build", result: "GET: not found" }]);
  await assert.rejects(write(new ActionCalls<Named>(operator, signal)), notFound);
});

Deno.test("a right is asked of Coder for whoever asks, and of nobody where it is the operator who does it", async () => {
  const right = { action: "update", object: { resource_type: "template", resource_id: "1" } };
  const calls = (openAs?: () => Promise<ReturnType<typeof ann> | undefined>) =>
    new ActionCalls<Named>(operator, signal, openAs).requireOwn(right, "it cannot be changed");
  await calls();
  await calls(() => Promise.resolve(undefined));
  await calls(() => Promise.resolve(ann({ may: true })));
  for (const rights of [{ may: false }, {}]) {
    await assert.rejects(
      calls(() => Promise.resolve(ann(rights))),
      (error) => error instanceof ActionError && error.reason === "forbidden",
    );
  }
});
