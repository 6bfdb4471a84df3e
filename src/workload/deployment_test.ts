import assert from "node:assert/strict";
import { deployment, type DeploymentParts } from "./deployment.ts";

const labels = { app: "x" };
const child = { name: "x", namespace: "a", labels };
const parts: DeploymentParts = {
  template: undefined,
  replicas: undefined,
  inputs: "i",
  rendering: "r",
  recorded: {},
  strategy: undefined,
};

Deno.test("a Deployment says what was decided, and leaves the rest to others", () => {
  assert.deepEqual(deployment(child, 3, parts), {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: "x",
      namespace: "a",
      labels,
      annotations: {
        "coder.com/template-inputs": "i",
        "coder.com/template-rendering": "r",
        "coder.com/replicas": "3",
      },
    },
    spec: { selector: { matchLabels: labels } },
  });
});

Deno.test("template, number, strategy and records go into the Deployment where they are given", () => {
  const template = { metadata: { labels } };
  const { metadata, spec } = deployment(child, 1, {
    ...parts,
    template,
    replicas: 0,
    strategy: { type: "Recreate" },
    recorded: { x: "y" },
  });
  assert.deepEqual(spec, {
    replicas: 0,
    selector: { matchLabels: labels },
    strategy: { type: "Recreate" },
    template,
  });
  assert.equal(metadata.annotations?.["x"], "y");
  assert.equal(
    metadata.annotations?.["coder.com/replicas"],
    "1",
    "an autoscaler's number is no wish of the spec",
  );
});

Deno.test("a rollout says its deadline, and whether it waits", () => {
  const { metadata, spec } = deployment(child, 1, {
    ...parts,
    rollout: { annotations: { state: "s" }, progressDeadlineSeconds: 60, paused: true },
  });
  assert.deepEqual(spec, { selector: { matchLabels: labels }, progressDeadlineSeconds: 60, paused: true });
  assert.equal(metadata.annotations?.["state"], "s");
});
