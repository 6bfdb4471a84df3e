import assert from "node:assert/strict";
import type { CoderControlPlane } from "../../api/control_plane.ts";
import { eligibilityOf } from "./eligibility.ts";

function controlPlane(
  { name = "coder", spec = {}, status = {} }: { name?: string; spec?: object; status?: object } = {},
) {
  return {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { namespace: "a", name },
    spec,
    status: {
      operatorAccessReady: true,
      operatorTokenSecretRef: { name: "token", key: "key" },
      url: "http://coder.a.svc:80",
      ...status,
    },
  } as CoderControlPlane;
}

const stateOf = (given: Parameters<typeof controlPlane>[0]) => eligibilityOf(controlPlane(given)).state;

Deno.test("a control plane that gives access is asked, with the token of its Secret", () => {
  assert.deepEqual(eligibilityOf(controlPlane()), {
    state: "eligible",
    url: "http://coder.a.svc:80",
    token: { secret: { namespace: "a", name: "token" }, key: "key" },
  });
});

Deno.test("white space does not count, and an empty key means token", () => {
  const status = { url: " http://x ", operatorTokenSecretRef: { name: " t ", key: " " } };
  assert.deepEqual(eligibilityOf(controlPlane({ status })), {
    state: "eligible",
    url: "http://x",
    token: { secret: { namespace: "a", name: "t" }, key: "token" },
  });
});

Deno.test("a dot in the name comes before everything else", () => {
  const found = eligibilityOf(
    controlPlane({ name: "coder.eu", spec: { operatorAccess: { disabled: true } } }),
  );
  assert.ok(found.state === "skipped" && found.message.includes("CoderControlPlane a/coder.eu has a dot"));
});

Deno.test("access that is switched off is a decision, access that is not there yet is none", () => {
  assert.equal(stateOf({ spec: { operatorAccess: { disabled: true } } }), "disabled");
  assert.equal(stateOf({ status: { operatorAccessReady: false } }), "waiting");
  assert.equal(stateOf({ status: { operatorAccessReady: undefined } }), "waiting");
});

Deno.test("without a token or an address nothing is asked", () => {
  for (
    const status of [
      { operatorTokenSecretRef: undefined },
      { operatorTokenSecretRef: null },
      { operatorTokenSecretRef: { name: " " } },
      { operatorTokenSecretRef: { name: 7 } },
      { url: " " },
      { url: undefined },
      { url: 7 },
    ]
  ) {
    const found = eligibilityOf(controlPlane({ status }));
    assert.ok(
      found.state === "waiting" && found.message.startsWith("CoderControlPlane a/coder "),
      JSON.stringify(status),
    );
  }
});

Deno.test("neither phase nor deletion nor replicas count", () => {
  const object = controlPlane({ spec: { replicas: 0 }, status: { phase: "Pending" } });
  object.metadata.deletionTimestamp = "2026-01-01T00:00:00Z";
  assert.equal(eligibilityOf(object).state, "eligible");
});

Deno.test("objects of odd shapes are read all the same", () => {
  const bare = { metadata: { namespace: "a", name: "x" } } as CoderControlPlane;
  assert.equal(eligibilityOf(bare).state, "waiting");
  assert.equal(stateOf({ spec: { operatorAccess: { disabled: "true" } } }), "eligible");
});
