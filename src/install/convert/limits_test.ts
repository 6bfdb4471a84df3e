import assert from "node:assert/strict";
import { controlPlaneDefinition } from "../../api/control_plane.ts";
import { withinLimits } from "./limits.ts";

function limited(spec: Record<string, unknown>) {
  const told: string[] = [];
  const kept = withinLimits(
    controlPlaneDefinition.spec,
    spec,
    "spec",
    (path, what) => told.push(`${path}: ${what}`),
  );
  return { kept, told };
}

Deno.test("what keeps every limit is as it was", () => {
  const spec = {
    image: "i:1",
    replicas: 2,
    service: { type: "NodePort", port: 8080, annotations: { a: "" } },
    extraEnv: [{ name: "A", value: "" }],
    podLabels: { a: "b" },
    expose: { gateway: { host: "a.example.com", parentRefs: [{ name: "g" }] } },
    affinity: {},
    volumes: [],
  };
  assert.deepEqual(limited(spec), { kept: spec, told: [] });
});

Deno.test("patterns, choices and bounds are held, and optional fields go alone", () => {
  const { kept, told } = limited({
    image: " x ",
    replicas: -1,
    priorityClassName: "High Priority",
    serviceAccount: { name: "x".repeat(254), disableCreate: true },
    service: { type: "ExternalName", port: 70_000 },
    terminationGracePeriodSeconds: 5,
  });
  assert.deepEqual(kept, {
    serviceAccount: { disableCreate: true },
    service: {},
    terminationGracePeriodSeconds: 5,
  });
  assert.deepEqual(told.map((line) => line.split(":")[0]), [
    "spec.image",
    "spec.replicas",
    "spec.priorityClassName",
    "spec.serviceAccount.name",
    "spec.service.type",
    "spec.service.port",
  ]);
  assert.match(told.join("\n"), /must be ClusterIP or NodePort or LoadBalancer/);
  assert.match(told.join("\n"), /port: must be at most 65535/);
  assert.match(told.join("\n"), /replicas: must be at least 0/);
  assert.match(told.join("\n"), /name: is longer than 253/);
});

Deno.test("without a field that it needs, the whole goes, up to where it may be absent", () => {
  const ingress = limited({ expose: { ingress: { host: "a b" } } });
  assert.deepEqual(ingress.kept, { expose: {} });
  const gateway = limited({ expose: { gateway: { host: "a", parentRefs: [{ name: " " }] } } });
  assert.deepEqual(gateway.kept, { expose: {} });
  assert.deepEqual(gateway.told.length, 1);
});

Deno.test("items of lists and maps go one by one", () => {
  const { kept, told } = limited({
    extraEnv: [{ name: "" }, { name: "A" }, { name: "a=b" }],
    podLabels: { good: "x", bad: "not a value" },
    tls: { secretNames: [" ", "tls"] },
    rbac: { workspaceNamespaces: ["Upper"] },
  });
  assert.deepEqual(kept, {
    extraEnv: [{ name: "A" }],
    podLabels: { good: "x" },
    tls: { secretNames: ["tls"] },
    rbac: {},
  });
  assert.deepEqual(told.map((line) => line.split(":")[0]), [
    "spec.extraEnv[0].name",
    "spec.extraEnv[2].name",
    "spec.podLabels.bad",
    "spec.tls.secretNames[0]",
    "spec.rbac.workspaceNamespaces[0]",
  ]);
});

Deno.test("fields that the schema does not know stay for others to tell", () => {
  assert.deepEqual(limited({ unheardOf: { a: 1 } }), { kept: { unheardOf: { a: 1 } }, told: [] });
});
