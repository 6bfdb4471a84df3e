import assert from "node:assert/strict";
import {
  ROLLOUT_ANNOTATION,
  type RolloutState,
  rolloutState,
  rolloutStateText,
  templateImage,
} from "./rollout_state.ts";
import { coder, deploymentOf } from "./testing.ts";

const noted = (text: string) => {
  const deployment = deploymentOf({ image: coder("2.30.0") });
  deployment.metadata.annotations = { [ROLLOUT_ANNOTATION]: text };
  return rolloutState(deployment);
};

Deno.test("what is written is read again", () => {
  const states: RolloutState[] = [
    { image: "a", since: "2026-01-01T00:00:00.000Z" },
    {
      image: "a:v1.2.3",
      since: "2026-01-01T00:00:00.000Z",
      tried: "2026-01-02T00:00:00.000Z",
      floor: "v1.2.2",
      moved: true,
      ready: true,
      schema: { before: 412, now: 415, dirty: true },
      stopped: "0123",
    },
  ];
  for (const state of states) assert.deepEqual(noted(rolloutStateText(state)), state);
});

Deno.test("what somebody else made of it counts for nothing", () => {
  const since = "2026-01-01T00:00:00Z";
  const others: unknown[] = [
    null,
    1,
    "x",
    [],
    {},
    { image: "a" },
    { image: "", since },
    { image: 1, since },
    {
      image: "a",
      since: "soon",
    },
    { image: "a", since: 5 },
  ];
  for (const other of others) assert.equal(noted(JSON.stringify(other)), undefined, JSON.stringify(other));
  assert.equal(noted("{"), undefined);
  assert.deepEqual(
    noted(
      JSON.stringify({
        image: "a",
        since,
        ready: "yes",
        stopped: 1,
        tried: "soon",
        floor: 2,
        schema: { now: 1 },
      }),
    ),
    {
      image: "a",
      since,
    },
  );
  assert.equal(rolloutState(undefined), undefined);
  assert.equal(rolloutState(deploymentOf({ image: "a" })), undefined);
});

Deno.test("the image is that of the Coder container, else of the first", () => {
  const deployment = deploymentOf({ image: coder("2.30.0") });
  assert.equal(templateImage(deployment), coder("2.30.0"));
  deployment.spec = { selector: {}, template: { spec: { containers: [{ name: "other", image: "x" }] } } };
  assert.equal(templateImage(deployment), "x");
  assert.equal(templateImage({ ...deployment, spec: { selector: {}, template: {} } }), undefined);
  assert.equal(templateImage(undefined), undefined);
});
