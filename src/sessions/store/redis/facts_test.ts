import assert from "node:assert/strict";
import { serverFacts } from "./facts.ts";

const info = (facts: Record<string, string>) =>
  `# Server\r\n${Object.entries(facts).map(([key, value]) => `${key}:${value}\r\n`).join("")}\r\n`;
const WELL = {
  redis_version: "7.0.15",
  redis_mode: "standalone",
  role: "master",
  maxmemory: "1000",
  maxmemory_policy: "noeviction",
  aof_enabled: "1",
};

Deno.test("a primary that keeps what it has will do", () => {
  assert.deepEqual(serverFacts(info(WELL)), { version: "7.0.15", refusal: "", warnings: [] });
});

Deno.test("one that says nothing of itself is taken as it is", () => {
  assert.deepEqual(serverFacts(""), { version: "", refusal: "", warnings: [] });
  assert.deepEqual(serverFacts("\0:::\r\n:x\r\n"), { version: "", refusal: "", warnings: [] });
});

Deno.test("clusters, Sentinels, replicas and old ones will not do", () => {
  const refusal = (facts: Record<string, string>) => serverFacts(info({ ...WELL, ...facts })).refusal;
  assert.match(refusal({ redis_mode: "cluster" }), /Redis Cluster, which is not supported/);
  assert.match(refusal({ cluster_enabled: "1" }), /Redis Cluster/);
  assert.match(refusal({ redis_mode: "sentinel" }), /is a Sentinel/);
  assert.match(refusal({ role: "slave" }), /is a replica/);
  for (const version of ["6.0.16", "5.0.14", "2.8"]) {
    assert.match(refusal({ redis_version: version }), new RegExp(`version ${version}: 6.2 or later`));
  }
  for (const version of ["6.2.0", "7.2.4", "8.0", "10.0.1"]) {
    assert.equal(refusal({ redis_version: version }), "");
  }
});

Deno.test("what may throw sessions away or lose them is warned of", () => {
  const warnings = (facts: Record<string, string>) => serverFacts(info({ ...WELL, ...facts })).warnings;
  assert.match(
    warnings({ maxmemory_policy: "allkeys-lru" }).join(),
    /maxmemory-policy allkeys-lru.*noeviction/,
  );
  assert.deepEqual(warnings({ maxmemory_policy: "allkeys-lru", maxmemory: "0" }), []);
  assert.match(warnings({ aof_enabled: "0" }).join(), /set appendonly yes/);
});
