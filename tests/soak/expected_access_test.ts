import assert from "node:assert/strict";
import type { CoderControlPlane } from "../../src/api/control_plane.ts";
import { type AccessSeen, accessViolations, type AccessWorld } from "./expected_access.ts";

const NAMES = ["token-one", "token-one-b"];
const specs = (disabled = false) => new Map([["one", { operatorAccess: { disabled } }]]);
const key = (id: string, name = "token-one", coder = 0) => ({ id, name, coder });

function wishes(disabled = false, mostTokens: 1 | 2 = 1) {
  return { specs: specs(disabled), names: () => NAMES, coderOf: () => 0, mostTokens };
}

function plane(changes: Partial<NonNullable<CoderControlPlane["status"]>> = {}): CoderControlPlane {
  return {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { name: "one", uid: "p1" },
    status: {
      operatorAccessReady: true,
      version: "v2.30.0",
      conditions: [
        { type: "OperatorAccess", status: "True", reason: "TokenValid", message: "", lastTransitionTime: "" },
      ],
      ...changes,
    },
  };
}

const OFF: NonNullable<CoderControlPlane["status"]> = {
  operatorAccessReady: false,
  conditions: [
    { type: "OperatorAccess", status: "False", reason: "Disabled", message: "off", lastTransitionTime: "" },
  ],
};

function wrong(
  seen: Partial<AccessSeen>,
  world: Partial<AccessWorld> = {},
  disabled = false,
  mostTokens: 1 | 2 = 1,
): string[] {
  const one = { plane: plane(), token: "aaa-secret", user: "coder-k8s-operator", ...seen };
  return accessViolations(
    { seen: new Map([["one", one]]), keys: [key("aaa")], leaked: [], ...world },
    wishes(disabled, mostTokens),
  );
}

Deno.test("one token, in the Secret and in Coder, that Coder takes, is right", () => {
  assert.deepEqual(wrong({}), []);
  assert.deepEqual(
    wrong({ token: "bbb-secret" }, { keys: [key("bbb", "token-one-b")] }),
    [],
    "under either name",
  );
});

Deno.test("a lost token shows, wherever it was lost", () => {
  assert.match(wrong({ token: undefined, user: "" }).join(), /^one: there is no Secret with its token$/);
  assert.deepEqual(wrong({ user: "" }, { keys: [] }), [
    "one: Coder has 0 tokens of it",
    "one: the token in its Secret is none that Coder has",
    'one: Coder says that its token is of ""',
  ]);
  assert.deepEqual(wrong({ token: "zzz-spoiled" }), ["one: the token in its Secret is none that Coder has"]);
  assert.deepEqual(wrong({ user: "somebody" }), ['one: Coder says that its token is of "somebody"']);
});

Deno.test("a doubled token shows, and one that nobody has, and one in another Coder", () => {
  assert.deepEqual(wrong({}, { keys: [key("aaa"), key("bbb", "token-one-b")] }), [
    "one: Coder has 2 tokens of it",
  ]);
  assert.deepEqual(wrong({}, { keys: [key("aaa"), key("ccc", "token-gone")] }), [
    "token token-gone is left in Coder 0, and no control plane has it",
  ]);
  assert.deepEqual(wrong({}, { keys: [key("aaa"), key("ddd", "token-one", 1)] }), [
    "token token-one is left in Coder 1, and no control plane has it",
  ]);
});

Deno.test("a token that was replaced may live on for a while, a third one may not", () => {
  const two = [key("aaa"), key("bbb", "token-one-b")];
  assert.deepEqual(wrong({}, { keys: two }, false, 2), []);
  assert.deepEqual(wrong({}, { keys: [...two, key("ccc")] }, false, 2), ["one: Coder has 3 tokens of it"]);
  assert.equal(
    wrong({ token: "ccc-x" }, { keys: two }, false, 2).length,
    1,
    "the one in the Secret is among them",
  );
});

Deno.test("a status that does not say what is so shows", () => {
  assert.match(wrong({ plane: plane({ conditions: [] }) }).join(), /OperatorAccess is undefined/);
  assert.match(wrong({ plane: plane({ operatorAccessReady: false }) }).join(), /does not call access ready/);
  assert.match(wrong({ plane: plane({ version: "v1" }) }).join(), /the status tells version v1/);
  assert.match(wrong({ plane: plane(OFF) }).join(), /OperatorAccess is False \(Disabled: off\)/);
});

Deno.test("where access is off, nothing of it is left", () => {
  const off = { plane: plane(OFF), token: undefined, user: "" };
  assert.deepEqual(wrong(off, { keys: [] }, true), []);
  assert.deepEqual(wrong(off, {}, true), ["one: access is off, and Coder has 1 tokens"]);
  assert.deepEqual(wrong({ ...off, token: "aaa-secret" }, { keys: [] }, true), [
    "one: access is off, and the Secret is there",
  ]);
  assert.equal(wrong({ ...off, plane: plane() }, { keys: [] }, true).length, 2, "condition and status");
});

Deno.test("what is left of deleted control planes shows, a control plane that is missing is told elsewhere", () => {
  assert.deepEqual(wrong({}, { leaked: ["secrets/gone-operator-token"] }), [
    "secrets/gone-operator-token is left of a deleted control plane",
  ]);
  assert.deepEqual(
    accessViolations({ seen: new Map(), keys: [], leaked: [] }, wishes()),
    [],
  );
});
