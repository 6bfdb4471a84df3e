import assert from "node:assert/strict";
import type { ControlPlaneSpecInput } from "../../api/control_plane.ts";
import type { EnvSource } from "../../operator/children/env_sources.ts";
import { controlPlane } from "../testing.ts";
import { databaseEnv } from "./database_env.ts";

const URL_NAME = "CODER_PG_CONNECTION_URL";

/** `has`: `Kind/name/key` of the keys that are there. */
async function environment(spec: ControlPlaneSpecInput, has: readonly string[] = []) {
  const asked: string[] = [];
  const sources = {
    define: ([source]: readonly EnvSource[], name: string) => {
      assert.ok(source !== undefined);
      asked.push(`${source.key.name} ${name}`);
      const key = name.startsWith(source.prefix) ? name.slice(source.prefix.length) : undefined;
      return Promise.resolve(has.includes(`${source.kind}/${source.key.name}/${key}`));
    },
  };
  return { env: await databaseEnv(controlPlane(spec), sources, new AbortController().signal), asked };
}

Deno.test("the last definition of extraEnv is taken as it is, and nothing else is looked at", async () => {
  const last = { name: URL_NAME, valueFrom: { secretKeyRef: { name: "db", key: "url" } } };
  const { env, asked } = await environment({
    extraEnv: [{ name: URL_NAME, value: "x" }, { name: "OTHER", value: "y" }, last],
    envFrom: [{ secretRef: { name: "s" } }],
  }, [`Secret/s/${URL_NAME}`]);
  assert.deepEqual(env, [last]);
  assert.deepEqual(asked, []);
});

Deno.test("variables that a URL is put together from come with it, before it, from wherever they are", async () => {
  const password = { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "password" } } };
  const url = { name: URL_NAME, value: "postgres://$(USER):$(PASSWORD)@$(HOST)/$$(kept)" };
  const { env } = await environment({
    extraEnv: [password, { name: "HOST", value: "$(SERVER).example.com" }, { name: "X", value: "" }, url],
    envFrom: [{ configMapRef: { name: "m" } }],
  }, ["ConfigMap/m/USER", "ConfigMap/m/SERVER"]);
  assert.deepEqual(env, [
    { name: "USER", valueFrom: { configMapKeyRef: { name: "m", key: "USER" } } },
    password,
    { name: "SERVER", valueFrom: { configMapKeyRef: { name: "m", key: "SERVER" } } },
    { name: "HOST", value: "$(SERVER).example.com" },
    url,
  ]);
});

Deno.test("the last source of envFrom that has it is referred to, prefix and all", async () => {
  const envFrom = [
    { secretRef: { name: "first" } },
    { prefix: "CODER_", secretRef: { name: "second" } },
    { configMapRef: { name: "third" } },
  ];
  const has = [`Secret/first/${URL_NAME}`, "Secret/second/PG_CONNECTION_URL"];
  const { env, asked } = await environment({ envFrom }, has);
  assert.deepEqual(env, [
    { name: URL_NAME, valueFrom: { secretKeyRef: { name: "second", key: "PG_CONNECTION_URL" } } },
  ]);
  assert.deepEqual(asked, [`third ${URL_NAME}`, `second ${URL_NAME}`]);
});

Deno.test("where nobody names a database there is none, and a URL that refers to itself ends", async () => {
  assert.deepEqual((await environment({ envFrom: [{ secretRef: { name: "s" } }] })).env, []);
  const loop = [{ name: URL_NAME, value: `$(A)$(${URL_NAME})` }, { name: "A", value: `$(${URL_NAME})` }];
  const { env } = await environment({ extraEnv: loop });
  assert.deepEqual(env.map(({ name }) => name), ["A", URL_NAME]);
});
