import assert from "node:assert/strict";
import type { Deployment, DeploymentStrategy } from "../../api/kubernetes/types.ts";
import { isForbidden, KubeApiError } from "../../kube/errors.ts";
import type { Tools } from "../pass/step.ts";
import { makeRoomForRecreate, strategyOf } from "./strategy.ts";

const serving = { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
const live = (strategy?: DeploymentStrategy): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {},
  spec: { selector: {}, template: {}, ...(strategy && { strategy }) },
});

Deno.test("old pods serve until new ones do", () => {
  assert.deepEqual(strategyOf({ spec: {} }, undefined, true), serving);
  const server = { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } };
  for (const strategy of [undefined, {}, server, serving]) {
    assert.deepEqual(strategyOf({ spec: {} }, live(strategy), true), serving, JSON.stringify(strategy));
  }
});

Deno.test("a Deployment whose template is kept keeps its strategy, too", () => {
  assert.equal(strategyOf({ spec: {} }, live({}), false), undefined);
});

Deno.test("what somebody set by hand stays", () => {
  const theirs = { type: "RollingUpdate", rollingUpdate: { maxSurge: "50%", maxUnavailable: 0 } };
  for (const strategy of [theirs, { type: "Recreate" }]) {
    assert.equal(strategyOf({ spec: {} }, live(strategy), true), undefined);
  }
});

Deno.test("what the spec says is applied, whatever is there", () => {
  const strategy = { rollingUpdate: { maxSurge: "50%" } };
  assert.deepEqual(strategyOf({ spec: { strategy } }, live({ type: "Recreate" }), false), strategy);
});

/** The patches that are sent for a Deployment that is to be recreated, where the API server answers so. */
async function patches(
  strategy: DeploymentStrategy | undefined,
  deployment: Deployment | undefined,
  answer: unknown = {},
): Promise<unknown[]> {
  const sent: unknown[] = [];
  const client = {
    patch: (_type: unknown, _key: unknown, { body }: { body: unknown }) => {
      sent.push(body);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  const observed: unknown[] = [];
  const tools = { client, kinds: { deployments: { observe: (one: unknown) => observed.push(one) } } };
  const pass = { deploymentKey: { namespace: "a", name: "coder" }, signal: new AbortController().signal };
  await makeRoomForRecreate(strategy, deployment, pass, tools as unknown as Tools);
  assert.equal(observed.length, answer instanceof Error ? 0 : sent.length);
  return sent;
}

Deno.test("Recreate takes away what the API server filled in for rolling updates", async () => {
  const deployment = { ...live(serving), metadata: { uid: "u" } };
  assert.deepEqual(await patches({ type: "Recreate" }, deployment), [[
    { op: "test", path: "/metadata/uid", value: "u" },
    { op: "replace", path: "/spec/strategy", value: { type: "Recreate" } },
  ]]);
  assert.deepEqual(await patches({ type: "Recreate" }, live({ type: "Recreate" })), []);
  assert.deepEqual(await patches({ type: "Recreate" }, undefined), []);
  assert.deepEqual(await patches({ type: "RollingUpdate" }, deployment), []);
  assert.deepEqual(await patches(undefined, deployment), []);
});

Deno.test("a Deployment that went meanwhile is left to the apply, any other refusal is thrown", async () => {
  const refusal = (code: number, reason: string) =>
    new KubeApiError(code, reason, "m", { method: "PATCH", path: "/" });
  for (const answer of [refusal(404, "NotFound"), refusal(409, "Conflict"), refusal(422, "Invalid")]) {
    assert.equal((await patches({ type: "Recreate" }, live(serving), answer)).length, 1);
  }
  await assert.rejects(patches({ type: "Recreate" }, live(serving), refusal(403, "Forbidden")), isForbidden);
});
