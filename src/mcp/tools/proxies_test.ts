import assert from "node:assert/strict";
import type { CoderWorkspaceProxy } from "../../api/workspace_proxy.ts";
import { toolRig } from "../testing.ts";
import { platformCluster } from "./platform_testing.ts";
import { getWorkspaceProxyStatus, listWorkspaceProxies } from "./proxies.ts";

const proxy = (
  name: string,
  spec: NonNullable<CoderWorkspaceProxy["spec"]> = {},
  status: CoderWorkspaceProxy["status"] = {},
  metadata: object = {},
): CoderWorkspaceProxy => ({
  apiVersion: "coder.com/v1alpha1",
  kind: "CoderWorkspaceProxy",
  metadata: { namespace: "lab", name, generation: 1, ...metadata },
  spec,
  status,
});
const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
const condition = (type: string, status: string) => ({
  type,
  status,
  reason: "Unhealthy",
  message: "Coder does not reach it",
  lastTransitionTime: "2026-01-01T00:00:00Z",
});

Deno.test("proxies are listed with what Coder says of them", async () => {
  const objects = [
    proxy("us", { controlPlaneRef: { name: "main", namespace: "prod" } }, {
      phase: "Ready",
      readyReplicas: 1,
      registered: true,
      health: "unhealthy",
      accessURL: "https://us.example.com",
      conditions: [condition("Ready", "False")],
    }),
    proxy("asia", { primaryAccessURL: "https://coder.example.com" }, {}),
  ];
  const { output } = await toolRig({ cluster: platformCluster({ objects }) }).run(listWorkspaceProxies);
  assert.deepEqual(plain(output), {
    items: [
      { name: "asia", namespace: "lab", phase: "", readyReplicas: 0, registered: false },
      {
        name: "us",
        namespace: "lab",
        controlPlane: "prod/main",
        phase: "Ready",
        readyReplicas: 1,
        registered: true,
        health: "unhealthy",
        accessURL: "https://us.example.com",
        trouble: "Unhealthy: Coder does not reach it",
      },
    ],
  });
});

Deno.test("a proxy's status has its registration, and never its token", async () => {
  const objects = [
    proxy("us", { controlPlaneRef: { name: "main" }, replicas: 2 }, {
      observedGeneration: 1,
      phase: "Ready",
      readyReplicas: 2,
      registered: true,
      proxyTokenSecretRef: { name: "us-proxy-token", key: "token" },
      registration: {
        id: "1",
        name: "us-east",
        coderURL: "https://coder.example.com",
        tokenSecretRef: { name: "main-operator-token" },
      },
      version: "v2.30.0",
      wildcardHostname: "*.us.example.com",
      conditions: [condition("Ready", "True")],
    }),
    proxy("going", {}, {}, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
    proxy("behind", {}, { observedGeneration: 1 }, { generation: 2 }),
  ];
  const rig = toolRig({ cluster: platformCluster({ objects }) });
  const status = async (name: string) => await rig.run(getWorkspaceProxyStatus, { namespace: "lab", name });
  const { output, text } = await status("us");
  assert.deepEqual(plain(output), {
    name: "us",
    namespace: "lab",
    controlPlane: "lab/main",
    phase: "Ready",
    readyReplicas: 2,
    registered: true,
    observedGeneration: 1,
    desiredReplicas: 2,
    proxyName: "us-east",
    version: "v2.30.0",
    wildcardHostname: "*.us.example.com",
    conditions: [{ type: "Ready", status: "True", reason: "Unhealthy", message: "Coder does not reach it" }],
  });
  assert.doesNotMatch(text, /token/i);
  assert.deepEqual((await status("going")).output["warnings"], ["it is being deleted"]);
  assert.match(String((await status("behind")).output["warnings"]), /has not handled the newest spec/);
});

Deno.test("a proxy that is not there is an error", async () => {
  const rig = toolRig({ cluster: platformCluster() });
  const error = await rig.refuses(getWorkspaceProxyStatus, { namespace: "lab", name: "x" });
  assert.equal(
    error.message,
    'get CoderWorkspaceProxy lab/x: coderworkspaceproxies.coder.com "x" not found',
  );
});
