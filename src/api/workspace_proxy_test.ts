import assert from "node:assert/strict";
import { CoderWorkspaceProxies, parseWorkspaceProxy } from "./workspace_proxy.ts";

const metadata = { name: "eu", namespace: "a" };

Deno.test("a proxy without a spec reads with the defaults of the operator", () => {
  assert.deepEqual(parseWorkspaceProxy({ metadata }).spec, {
    image: "ghcr.io/coder/coder:latest",
    replicas: 1,
    service: { type: "ClusterIP", port: 80, annotations: {}, extraPorts: [] },
    derpOnly: false,
    extraArgs: [],
    extraEnv: [],
    imagePullSecrets: [],
  });
});

Deno.test("bootstrap and token references read as given", () => {
  const spec = {
    image: "coder:v2",
    replicas: 2,
    service: { type: "LoadBalancer", port: 443, annotations: { a: "b" }, extraPorts: [] },
    primaryAccessURL: "https://coder.example.com",
    proxySessionTokenSecretRef: { name: "t" },
    bootstrap: {
      coderURL: "https://coder.example.com",
      credentialsSecretRef: { name: "admin", key: "token" },
      proxyName: "eu",
      displayName: "Europe",
      icon: "/emojis/1f1ea-1f1fa.png",
      generatedTokenSecretName: "eu-token",
    },
    derpOnly: true,
    extraArgs: ["--verbose"],
    extraEnv: [{ name: "CODER_ACCESS_URL", value: "https://eu.example.com" }],
    imagePullSecrets: [{ name: "p" }],
  };
  const status = {
    registered: true,
    proxyTokenSecretRef: { name: "eu-token", key: "token" },
    phase: "Pending",
  };
  const parsed = parseWorkspaceProxy({ metadata, spec, status });
  assert.deepEqual(parsed.spec, spec);
  assert.deepEqual(parsed.status, status);
});

Deno.test("values that newer rules refuse still read", () => {
  const { spec } = parseWorkspaceProxy({
    metadata: { name: "eu.west" },
    spec: { primaryAccessURL: "nonsense", bootstrap: { coderURL: "", credentialsSecretRef: { name: "" } } },
  });
  assert.equal(spec.primaryAccessURL, "nonsense");
  assert.deepEqual(spec.bootstrap, { coderURL: "", credentialsSecretRef: { name: "" } });
});

Deno.test("an incomplete bootstrap is refused with each missing field", () => {
  assert.throws(
    () => parseWorkspaceProxy({ metadata, spec: { bootstrap: { credentialsSecretRef: {} } } }),
    /spec\.bootstrap\.coderURL: .*; spec\.bootstrap\.credentialsSecretRef\.name: /,
  );
});

Deno.test("proxies are addressed by their irregular plural", () => {
  assert.equal(CoderWorkspaceProxies.plural, "coderworkspaceproxies");
});
