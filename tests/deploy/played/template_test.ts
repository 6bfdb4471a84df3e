import assert from "node:assert/strict";
import {
  argumentsOf,
  type Container,
  environmentOf,
  isPlayable,
  modeOf,
  type PodFacts,
  selects,
  serverBehind,
  serves,
  withMoved,
} from "./template.ts";
import { withoutAddresses } from "./pod.ts";

const IMAGE = "ghcr.io/coder/coder-k8s:1.2.3";
const FACTS: PodFacts = { name: "pod-0", namespace: "system", serviceAccount: "product", node: "node-0" };
const NOTHING = () => Promise.resolve(undefined);

Deno.test("the product's pods are played: no Coder, no coordinator, no worker", () => {
  const playable = (container: Container) => isPlayable({ spec: { containers: [container] } });
  assert.ok(playable({ image: IMAGE }));
  assert.ok(
    playable({ image: "registry.example.com:5000/mirror/coder-k8s@sha256:abc", args: ["controller"] }),
  );
  assert.ok(!playable({ image: "ghcr.io/coder/coder:2.30.0" }));
  assert.ok(!playable({ image: "ghcr.io/coder/coder-k8s-worker:1.2.3" }));
  assert.ok(!playable({ image: IMAGE, args: ["coordinator"] }));
  assert.ok(!isPlayable({ spec: { containers: [] } }));
});

Deno.test("the mode is a word, a flag, a variable, or all", () => {
  assert.equal(modeOf({}), "all");
  assert.equal(modeOf({ args: ["--debug", "mcp-http"] }), "mcp-http");
  assert.equal(modeOf({ args: ["--app=controller"] }), "controller");
  assert.equal(
    modeOf({ env: [{ name: "CODER_K8S_APP", value: "aggregated-apiserver" }] }),
    "aggregated-apiserver",
  );
});

Deno.test("a server is there where the mode has it and nobody has turned it off", () => {
  assert.ok(serves({}, "aggregated"));
  assert.ok(serves({}, "mcp"));
  assert.ok(!serves({ args: ["controller"] }, "mcp"));
  assert.ok(!serves({ args: ["mcp-http"] }, "aggregated"));
  assert.ok(!serves({ args: ["--mcp-bind-address=0"] }, "mcp"));
  assert.ok(!serves({ env: [{ name: "CODER_K8S_AGGREGATED_BIND_ADDRESS", value: "0" }] }, "aggregated"));
  assert.ok(
    serves({ args: ["--mcp-bind-address=0", "--mcp-bind-address", ":8090"] }, "mcp"),
    "the last one counts",
  );
});

Deno.test("arguments are without the mode, and name files where they are", () => {
  const moved = new Map([["/etc/coder", "/a/config"], ["/etc/coder/tls", "/a/tls"]]);
  assert.deepEqual(
    argumentsOf({
      args: [
        "--config=/etc/coder/config.yaml",
        "all",
        "--mcp-tls-cert-file=/etc/coder/tls/tls.crt",
        "--x=/etc/coders",
      ],
    }, moved),
    ["--config=/a/config/config.yaml", "--mcp-tls-cert-file=/a/tls/tls.crt", "--x=/etc/coders"],
  );
  assert.equal(withMoved("/etc/coder", moved), "/a/config");
  assert.equal(withMoved("x/etc/coder", moved), "x/etc/coder");
});

Deno.test("addresses of servers are the player's", () => {
  assert.deepEqual(
    withoutAddresses([
      "--health-bind-address=:8081",
      "--debug",
      "--mcp-bind-address",
      ":8090",
      "--log-level=info",
    ]),
    ["--debug", "--log-level=info"],
  );
});

Deno.test("the environment has values, fields of the pod and keys of ConfigMaps and Secrets", async () => {
  const container: Container = {
    envFrom: [{ prefix: "P_", configMapRef: { name: "all" } }, {
      secretRef: { name: "none", optional: true },
    }],
    env: [
      { name: "PLAIN", value: "x" },
      { name: "EMPTY" },
      { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
      { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "TOKEN", valueFrom: { secretKeyRef: { name: "token", key: "value" } } },
      { name: "ABSENT", valueFrom: { configMapKeyRef: { name: "no", key: "no", optional: true } } },
    ],
  };
  const data: Record<string, Record<string, string>> = {
    "configmaps/all": { A: "1" },
    "secrets/token": { value: "t" },
  };
  const env = await environmentOf(container, FACTS, (kind, name) => Promise.resolve(data[`${kind}/${name}`]));
  assert.deepEqual(env, {
    P_A: "1",
    PLAIN: "x",
    EMPTY: "",
    POD_NAMESPACE: "system",
    POD_NAME: "pod-0",
    TOKEN: "t",
  });
});

Deno.test("a pod that names what is not there does not start, as with a kubelet", async () => {
  const secret = { valueFrom: { secretKeyRef: { name: "gone", key: "k" } }, name: "TOKEN" };
  await assert.rejects(environmentOf({ env: [secret] }, FACTS, NOTHING), /TOKEN names gone, key k/);
  await assert.rejects(
    environmentOf({ envFrom: [{ configMapRef: { name: "gone" } }] }, FACTS, NOTHING),
    /envFrom names gone/,
  );
  const field = { name: "X", valueFrom: { fieldRef: { fieldPath: "status.other" } } };
  await assert.rejects(environmentOf({ env: [field] }, FACTS, NOTHING), /status\.other is not played/);
  const resource = { name: "X", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } };
  await assert.rejects(environmentOf({ env: [resource] }, FACTS, NOTHING), /limits\.cpu/);
});

Deno.test("a Service's port leads to a server by number or by name", () => {
  const container: Container = {
    ports: [{ name: "https", containerPort: 6443 }, { name: "odd", containerPort: 1 }],
  };
  assert.equal(serverBehind(6443, 443, container), "aggregated");
  assert.equal(serverBehind("https", 443, container), "aggregated");
  assert.equal(serverBehind(undefined, 8090, container), "mcp");
  assert.equal(serverBehind("nothing", 443, container), undefined);
  assert.equal(serverBehind("odd", 443, container), undefined);
});

Deno.test("a selector selects by all of its labels, and an empty one nothing", () => {
  assert.ok(selects({ app: "a" }, { app: "a", other: "b" }));
  assert.ok(!selects({ app: "a", other: "c" }, { app: "a", other: "b" }));
  assert.ok(!selects({}, { app: "a" }));
  assert.ok(!selects(undefined, { app: "a" }));
  assert.ok(!selects({ app: "a" }, undefined));
});
