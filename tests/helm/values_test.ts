/** Wrong values are refused, in words that say which and why; right ones reach the program. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { parse } from "yaml";
import { parseConfigFile } from "../../src/cli/config_file.ts";
import { settingsJsonSchema } from "../../scripts/generate/chart/settings.ts";
import { CHART, helm, render, type Rendered, valuesInput } from "./helm.ts";

/** What Helm says of values that it refuses. */
async function refusal(values: object): Promise<string> {
  const { args, input } = valuesInput(values);
  const { code, stderr } = await helm(["template", "x", CHART, ...args], { input, allowFailure: true });
  ok(code !== 0, `it took ${JSON.stringify(values)}`);
  return stderr;
}

const WRONG: Readonly<Record<string, readonly [values: object, said: RegExp]>> = {
  "a name that there is not": [{ replica: 2 }, /additional properties 'replica' not allowed/],
  "a name in a section": [{ mcp: { ingres: {} } }, /\/mcp.*additional properties 'ingres' not allowed/],
  "a mode": [{ mode: "both" }, /\/mode.*must be one of 'all', 'split'/],
  "a number as text": [{ replicas: "2" }, /\/replicas.*got string/],
  "too few": [{ split: { mcp: { replicas: 0 } } }, /\/split\/mcp\/replicas.*minimum: got 0, want 1/],
  "a setting": [{ config: { loglevel: "debug" } }, /\/config.*additional properties 'loglevel' not allowed/],
  "a setting's word": [
    { config: { logLevel: "loud" } },
    /\/config\/logLevel.*must be one of 'debug', 'info'/,
  ],
  "a setting's number": [{ config: { concurrency: 0 } }, /\/config\/concurrency.*minimum: got 0, want 1/],
  "a duration": [{ config: { requestTimeout: "soon" } }, /\/config\/requestTimeout.*does not match pattern/],
  "a setting of the chart's own": [
    { config: { mcpBindAddress: ":1" } },
    /additional properties 'mcpBindAddress'/,
  ],
  "a secret in a ConfigMap": [
    { config: { coderSessionToken: "x" } },
    /additional properties 'coderSessionToken'/,
  ],
  "a password in an address": [
    { config: { sessionStore: "redis://user:secret@redis:6379" } },
    /config\.sessionStore has a password in it.*sessionStorePasswordFile/,
  ],
  "a password in the coordinator's": [
    { coordinator: { config: { session: { store: "rediss://u:secret@redis/0" } } } },
    /coordinator\.config\.session\.store has a password in it/,
  ],
  "a digest": [{ image: { digest: "latest" } }, /\/image\/digest/],
  "a digest of Redis": [
    { coordinator: { redis: { image: "redis:7.2@sha256:ab" } } },
    /\/coordinator\/redis\/image.*does not match/,
  ],
  "an address range": [
    { networkPolicy: { apiServerCIDRs: ["10.0.0.1"] } },
    /apiServerCIDRs\/0.*does not match/,
  ],
  "an argument": [{ extraArgs: ["log-level=debug"] }, /\/extraArgs\/0.*does not match pattern/],
  "a variable": [{ extraEnv: [{ value: "x" }] }, /\/extraEnv\/0.*missing property 'name'/],
  "a section of the coordinator": [
    { coordinator: { config: { servers: {} } } },
    /additional properties 'servers'/,
  ],
  "coordinators that share nothing": [
    { coordinator: { enabled: true, replicas: 2 } },
    /each pod would know its own sessions alone: set coordinator\.redis\.enabled/,
  ],
  "workers beside the product": [
    { workers: { enabled: true, namespace: "default" } },
    /workers\.namespace is default.*a namespace of their own/,
  ],
  "workers beside the coordinator": [
    { workers: { enabled: true, namespace: "both" }, coordinator: { enabled: true, namespace: "both" } },
    /workers\.namespace is both.*a namespace of their own/,
  ],
  "two ways in": [
    { mcp: { ingress: { enabled: true, host: "a" }, gateway: { enabled: true } } },
    /choose the one by which clients reach the MCP server/,
  ],
  "an Ingress without a host": [{ mcp: { ingress: { enabled: true } } }, /mcp\.ingress\.host must be given/],
  "a route without a Gateway": [
    { mcp: { gateway: { enabled: true } } },
    /mcp\.gateway\.parentRefs and .* must be given/,
  ],
  "one that is highly available": [{ highlyAvailable: true, replicas: 1 }, /give at least 2/],
};

for (const [name, [values, said]] of Object.entries(WRONG)) {
  Deno.test(`values are refused: ${name}`, async () => {
    const text = await refusal(values);
    match(text, said);
    ok(!text.includes("secret@"), "no secret is repeated");
  });
}

Deno.test("the chart passes helm lint, strictly, with every file of values", async () => {
  const files: string[] = [];
  for await (const { name } of Deno.readDir(new URL("values", import.meta.url))) files.push(name);
  ok(files.length >= 3);
  for (const file of ["", ...files]) {
    const given = file === "" ? [] : ["--values", new URL(`values/${file}`, import.meta.url).pathname];
    const { stdout } = await helm(["lint", "--strict", CHART, ...given]);
    match(stdout, /1 chart\(s\) linted, 0 chart\(s\) failed/);
    ok(!/\[(WARNING|ERROR)\]/.test(stdout), stdout);
  }
});

Deno.test("the config file that the chart makes is one that the program takes", async () => {
  const config = {
    logLevel: "debug",
    kubeApiQps: 12.5,
    maxRequestBody: 67_108_864,
    leaderElect: false,
    requestTimeout: "90s",
    mcpToolsets: ["core", "sessions"],
    controlPlaneEndpoint: { "coder/coder": "https://coder.example.com" },
    sessionStore: "rediss://coordinator@redis:6379/0",
  };
  const objects = await render({ config, crds: { install: false } });
  const map = objects.find(({ kind, metadata }) =>
    kind === "ConfigMap" && metadata.name === "coder-k8s-config"
  );
  const { values, mistakes } = await parseConfigFile("config.yaml", map.data["config.yaml"]);
  deepEqual(mistakes, []);
  deepEqual(Object.fromEntries([...values].map(([key, { value }]) => [key, value])), config);
  const [{ spec }] = objects.filter(({ kind }) => kind === "Deployment");
  const [container] = spec.template.spec.containers;
  deepEqual(container.args, ["all", "--config=/etc/coder-k8s/config/config.yaml"]);
  const mount = container.volumeMounts.find(({ name }: Rendered) => name === "config");
  equal(mount.mountPath, "/etc/coder-k8s/config");
});

Deno.test("every image of the chart can be one digest", async () => {
  const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
  const pinned = (name: string) => `registry.example.com/${name}@${digest}`;
  const section = (name: string) => ({ repository: `registry.example.com/${name}`, digest });
  const all = await render({
    image: section("coder-k8s"),
    audit: { fluentBit: { enabled: true, image: pinned("fluent-bit") } },
    coordinator: { enabled: true, redis: { enabled: true, image: pinned("redis") } },
    workers: { enabled: true, image: section("coder-k8s-worker") },
    crds: { install: false },
  });
  const images = all.flatMap(({ spec }) => spec?.template?.spec ?? []).flatMap((
    { containers, initContainers = [] },
  ) => [...containers, ...initContainers].map(({ image }: Rendered) => image));
  deepEqual(
    [...new Set(images)].sort(),
    ["coder-k8s-worker", "coder-k8s", "fluent-bit", "redis"].map(pinned),
  );
});

Deno.test("pods are replaced when their settings change, and not otherwise", async () => {
  const template = async (values: object) => {
    const objects = await render({ ...values, crds: { install: false } });
    return objects.find(({ kind }) => kind === "Deployment").spec.template;
  };
  const debug = await template({ config: { logLevel: "debug" } });
  const info = await template({ config: { logLevel: "info" } });
  ok(debug.metadata.annotations["checksum/config"] !== info.metadata.annotations["checksum/config"]);
  deepEqual(
    await template({ commonLabels: { a: "b" } }),
    await template({}),
    "labels of objects are not pods'",
  );
});

Deno.test("every default of the chart is one that its schema has, and every setting is described", async () => {
  const schema = JSON.parse(await Deno.readTextFile(`${CHART}/values.schema.json`));
  const values = parse(await Deno.readTextFile(`${CHART}/values.yaml`));
  deepEqual(
    Object.keys(values).sort(),
    Object.keys(schema.properties).filter((name) => name !== "global").sort(),
  );
  const settings = Object.entries(settingsJsonSchema()["properties"] as Record<string, Rendered>);
  ok(settings.length > 60, String(settings.length));
  for (const [name, { description }] of settings) ok(description.length > 10, name);
});
