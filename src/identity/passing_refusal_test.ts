import assert from "node:assert/strict";
import { KubeApiError, KubeConnectionError } from "../kube/errors.ts";
import { ManualClock } from "../kube/testing/manual_clock.ts";
import { PassingRefusalError, tellPassingRefusals } from "./passing_refusal.ts";

const call = { method: "POST", path: "/apis/authorization.k8s.io/v1/subjectaccessreviews" };
const answer = () => Promise.resolve("yes");
const refuse = (code = 403) => () => Promise.reject(new KubeApiError(code, "Forbidden", "no", call));

Deno.test("who was never answered lacks the right: that does not pass", async () => {
  const ask = tellPassingRefusals(new ManualClock());
  for (const code of [401, 403]) await assert.rejects(ask(refuse(code)), KubeApiError);
});

Deno.test("a refusal after answers is one that passes, for fifteen seconds", async () => {
  const clock = new ManualClock();
  const ask = tellPassingRefusals(clock);
  assert.equal(await ask(answer), "yes");
  for (const code of [401, 403]) await assert.rejects(ask(refuse(code)), PassingRefusalError);
  await clock.advance(14_999);
  await assert.rejects(ask(refuse()), PassingRefusalError);
  await clock.advance(1);
  await assert.rejects(ask(refuse()), (error) => error instanceof KubeApiError && error.code === 403);
});

Deno.test("with an answer in between the time begins anew", async () => {
  const clock = new ManualClock();
  const ask = tellPassingRefusals(clock);
  await ask(answer);
  await assert.rejects(ask(refuse()), PassingRefusalError);
  await clock.advance(20_000);
  await ask(answer);
  await assert.rejects(ask(refuse()), PassingRefusalError);
});

Deno.test("other errors are passed on as they are", async () => {
  const ask = tellPassingRefusals(new ManualClock());
  await ask(answer);
  const errors = [
    new KubeConnectionError("away", call),
    new KubeApiError(500, "", "", call),
    new TypeError("x"),
  ];
  for (const error of errors) {
    await assert.rejects(ask(() => Promise.reject(error)), (thrown) => thrown === error);
  }
});
