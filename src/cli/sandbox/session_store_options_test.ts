import assert from "node:assert/strict";
import { parseArguments } from "../arguments.ts";
import { readCoordinator } from "./coordinator.ts";
import { COORDINATOR } from "./coordinator_options.ts";
import { flagSpecs } from "./load.ts";

async function read(args: readonly string[], environment: Record<string, string> = {}, file = "") {
  const { flags, mistakes } = parseArguments(["--embedded-worker", ...args], flagSpecs(COORDINATOR));
  assert.deepEqual(mistakes, []);
  const found = await readCoordinator({
    flags,
    environment,
    readTextFile: () => Promise.resolve(file),
    machine: { hostname: "laptop", isRoot: true },
  });
  return { config: found.config, said: found.mistakes.map(({ where, what }) => `${where}: ${what}`) };
}

Deno.test("sessions are kept in memory, unless something else is said", async () => {
  for (const args of [[], ["--session-store=memory"]]) {
    const { config } = await read(args);
    assert.equal(config?.sessionStore, undefined);
    assert.equal(config?.sessionStorePrefix, "coder-k8s:sessions:");
  }
});

Deno.test("a shared store is named by flags, variables or the file", async () => {
  const flags = await read([
    "--session-store=rediss://ann@redis.example.com:6380/2",
    "--session-store-password-file=/p",
    "--session-store-ca-file=/ca",
    "--session-store-cert-file=/c",
    "--session-store-key-file=/k",
    "--session-store-prefix=team:a:",
  ]);
  assert.deepEqual(flags.said, []);
  const { config } = flags;
  assert.equal(config?.sessionStore, "rediss://ann@redis.example.com:6380/2");
  assert.equal(config?.sessionStorePasswordFile, "/p");
  assert.equal(config?.sessionStoreCaFile, "/ca");
  assert.equal(config?.sessionStoreCertFile, "/c");
  assert.equal(config?.sessionStoreKeyFile, "/k");
  assert.equal(config?.sessionStorePrefix, "team:a:");
  const variable = await read([], { CODER_K8S_COORDINATOR_SESSION_STORE: "redis://redis" });
  assert.equal(variable.config?.sessionStore, "redis://redis");
  const file = await read(
    ["--config=c.yaml"],
    {},
    "session:\n  store: redis://of-file:1\n  store_password_file: /q\n",
  );
  assert.equal(file.config?.sessionStore, "redis://of-file:1");
  assert.equal(file.config?.sessionStorePasswordFile, "/q");
});

Deno.test("a password in the URL is refused, and not shown", async () => {
  for (const url of ["redis://:hunter2@redis", "redis://ann:hunter2@redis/1", "rediss://ann:@redis"]) {
    const { said } = await read([`--session-store=${url}`]);
    assert.equal(said.length, 1);
    assert.match(
      said[0] ?? "",
      /^--session-store: must have no password in it.*--session-store-password-file$/,
    );
  }
});

Deno.test("what is no Redis is refused in words", async () => {
  const refused = async (url: string, words: RegExp) => {
    const { said } = await read([`--session-store=${url}`]);
    assert.match(said.join("\n"), words);
  };
  await refused("postgres://db", /must be redis:/);
  await refused("redis://a,b", /must be redis:/);
  await refused("redis://a/x", /the database is a number/);
  await refused("redis+sentinel://a", /Sentinels, which are not asked/);
  await refused("redis-cluster://a", /Redis Cluster, which is not supported/);
});

Deno.test("what belongs to a shared store does nothing without one, and TLS's not without TLS", async () => {
  const alone = await read(["--session-store-password-file=/p", "--session-store-prefix=x:"]);
  assert.deepEqual(alone.said, [
    "--session-store-password-file: does nothing without --session-store=redis://HOST",
    "--session-store-prefix: does nothing without --session-store=redis://HOST",
  ]);
  const plain = await read(["--session-store=redis://a", "--session-store-ca-file=/ca"]);
  assert.deepEqual(plain.said, [
    "--session-store-ca-file: does nothing without TLS: give --session-store as rediss://",
  ]);
  const half = await read(["--session-store=rediss://a", "--session-store-cert-file=/c"]);
  assert.deepEqual(half.said, ["--session-store-cert-file: also needs --session-store-key-file"]);
  const odd = await read(["--session-store=redis://a", "--session-store-prefix=a b"]);
  assert.match(odd.said.join(), /must be 1 to 100 letters/);
});
