import assert from "node:assert/strict";
import { desiredService, desiredServiceAccount } from "./children.ts";
import { desiredDeployment } from "./deployment.ts";
import { controlPlane } from "../testing.ts";

const labels = {
  "app.kubernetes.io/name": "coder-control-plane",
  "app.kubernetes.io/instance": "coder",
  "app.kubernetes.io/managed-by": "coder-k8s",
};

Deno.test("the service account carries the standard labels, and the user's win", () => {
  assert.deepEqual(desiredServiceAccount(controlPlane()), {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "coder", namespace: "a", labels },
  });
  const { metadata } = desiredServiceAccount(controlPlane({
    serviceAccount: {
      name: "runner",
      labels: { team: "x", "app.kubernetes.io/managed-by": "me" },
      annotations: { "iam.example.com/role": "r" },
    },
  }));
  assert.deepEqual(metadata, {
    name: "runner",
    namespace: "a",
    labels: { ...labels, team: "x", "app.kubernetes.io/managed-by": "me" },
    annotations: { "iam.example.com/role": "r" },
  });
});

Deno.test("a plain service has one port", () => {
  assert.deepEqual(desiredService(controlPlane()), {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "coder", namespace: "a", labels },
    spec: {
      type: "ClusterIP",
      selector: labels,
      ports: [{ name: "http", port: 80, targetPort: 8080, protocol: "TCP" }],
    },
  });
});

Deno.test("service ports follow port and TLS as the Go operator's did", () => {
  const rows: [number, boolean, [string, number, number][]][] = [
    [8080, false, [["http", 8080, 8080]]],
    [443, false, [["http", 443, 8080]]],
    [0, false, [["http", 80, 8080]]],
    [443, true, [["https", 443, 8443], ["http", 80, 8080]]],
    [80, true, [["http", 80, 8080], ["https", 443, 8443]]],
    [8080, true, [["http", 8080, 8080], ["https", 443, 8443]]],
  ];
  for (const [port, tls, expected] of rows) {
    const { spec } = desiredService(
      controlPlane({ service: { port }, tls: { secretNames: tls ? ["t"] : [] } }),
    );
    const ports = spec?.ports?.map((each) => [each.name, each.port, each.targetPort]);
    assert.deepEqual(ports, expected, `port ${port}, TLS ${tls}`);
  }
});

Deno.test("type and annotations of the service come from the spec", () => {
  const service = desiredService(
    controlPlane({ service: { type: "LoadBalancer", annotations: { lb: "internal" } } }),
  );
  assert.equal(service.spec?.type, "LoadBalancer");
  assert.deepEqual(service.metadata.annotations, { lb: "internal" });
});

Deno.test("a deployment leaves out what others decide", () => {
  const template = { spec: { containers: [] } };
  const parts = {
    inputs: "i",
    rendering: "1",
    recorded: { "coder.com/checksums": "none" },
    strategy: undefined,
  };
  const whole = desiredDeployment(controlPlane({ replicas: 2 }), { ...parts, template, replicas: 2 });
  assert.deepEqual(whole.spec, { replicas: 2, selector: { matchLabels: labels }, template });
  assert.deepEqual(whole.metadata, {
    name: "coder",
    namespace: "a",
    labels,
    annotations: {
      "coder.com/template-inputs": "i",
      "coder.com/template-rendering": "1",
      "coder.com/replicas": "2",
      "coder.com/checksums": "none",
    },
  });
  const least = desiredDeployment(controlPlane(), { ...parts, template: undefined, replicas: undefined });
  assert.deepEqual(least.spec, { selector: { matchLabels: labels } });
  const strategy = { type: "RollingUpdate" };
  const replaced = desiredDeployment(controlPlane(), {
    ...parts,
    template: undefined,
    replicas: undefined,
    strategy,
  });
  assert.deepEqual(replaced.spec, { selector: { matchLabels: labels }, strategy });
});
