/**
 * Server-side apply and managed fields are those of the real API server: random writes by several managers go to a
 * custom resource and to our writer, and after each the objects, their managed fields, the warnings and the refusals are the
 * same.
 *
 * `CODER_K8S_MANAGED_FIELDS_RUNS=200` does more runs than the usual few, `CODER_K8S_MANAGED_FIELDS_SEED=7` begins with
 * another seed.
 */
import assert from "node:assert/strict";
import { ANCIENT, fromFieldsV1, toFieldsV1 } from "../../src/aggregated/writing/managed/mod.ts";
import { seededRandom } from "../../src/telemetry/testing/random.ts";
import { sharedCluster } from "../cluster/mod.ts";
import { lines, momentOf, wholeSecond, withTimesOf } from "./managed_fields/compare.ts";
import { Ground } from "./managed_fields/ground.ts";
import type { RealOutcome } from "./managed_fields/real_things.ts";
import { type JsonObject, type Step, Steps } from "./managed_fields/steps.ts";

const RUNS = Number(Deno.env.get("CODER_K8S_MANAGED_FIELDS_RUNS") ?? 10);
const FIRST_SEED = Number(Deno.env.get("CODER_K8S_MANAGED_FIELDS_SEED") ?? 1);
const STEPS_A_RUN = 40;

Deno.test("apply, update, patch and force by several managers come to what they come to at kube-apiserver", async () => {
  await using ground = await Ground.open();
  const seen: Seen = { writes: 0, conflicts: 0, crowds: 0, warnings: 0, deletions: 0, ownNulls: 0 };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) await run(ground, seed, seen);
  // A comparison of nothing proves nothing.
  assert.ok(seen.writes > RUNS * STEPS_A_RUN / 2, `${seen.writes} writes were accepted`);
  assert.ok(seen.conflicts > RUNS, `${seen.conflicts} applications met conflicts`);
  assert.ok(seen.warnings > RUNS, `${seen.warnings} writes were warned of`);
  assert.ok(seen.deletions > 0 || RUNS < 4, "nothing that was being deleted was written");
  assert.ok(
    seen.ownNulls <= RUNS,
    `${seen.ownNulls} applications were refused for a null of the server's own`,
  );
  assert.ok(seen.crowds > 0 || RUNS < 4, "nowhere were there more owners than are kept apart");
});

/**
 * From 1.35 on kube-apiserver makes null of a map that becomes empty by an application beneath one who owns it whole, and
 * refuses its own null. We leave the empty map, as 1.34 does.
 */
function isOwnNull(outcome: RealOutcome): boolean {
  if (!("refusal" in outcome)) return false;
  const { code, details: { causes = [] } = {} } = outcome.refusal;
  return code === 422 && causes.length > 0 &&
    causes.every(({ reason, message = "" }) =>
      reason === "FieldValueTypeInvalid" && message.includes("null")
    );
}

interface Seen {
  writes: number;
  conflicts: number;
  crowds: number;
  warnings: number;
  deletions: number;
  ownNulls: number;
}

async function run(ground: Ground, seed: number, seen: Seen): Promise<void> {
  const name = `thing-${seed}`;
  const random = seededRandom(seed);
  const [memory, real] = [ground.memory(name), ground.real(name)];
  const steps = new Steps(
    random,
    { apiVersion: ground.apiVersion, kind: ground.type.kind, name },
    { density: 0.1 + random() * 0.5, isCrowded: seed % 4 === 0 },
    ground.owners,
  );
  for (let count = 0; count < STEPS_A_RUN; count++) {
    const before = memory.object;
    const versionHere = before?.metadata.resourceVersion;
    const version = real.object?.metadata.resourceVersion;
    const step = steps.next(before);
    const started = wholeSecond(new Date());
    const expected = await real.perform(step);
    const actual = await memory.perform(step, momentOf(expected, started));
    const [ours, theirs] = [lines(actual, started), lines(expected, started)];
    const what = `seed ${seed}, step ${count}: ${JSON.stringify(step)}`;
    if (ground.minor >= 35 && isOwnNull(expected) && !("refusal" in actual)) {
      memory.set(before!);
      seen.ownNulls++;
      continue;
    }
    if (ours.join() !== theirs.join()) {
      const on = before === undefined ? ["nothing"] : lines({ object: before, warnings: [] }, started);
      assert.fail([what, "on", ...on, "is", ...ours, "and at kube-apiserver", ...theirs].join("\n"));
    }
    const hereAfter = memory.object?.metadata.resourceVersion;
    if (memory.object !== undefined && real.object !== undefined) {
      memory.set(withTimesOf(memory.object, real.object));
    }
    if ("refusal" in actual) {
      if (actual.refusal.reason === "Conflict") seen.conflicts++;
      continue;
    }
    seen.writes++;
    const owners = actual.object?.metadata.managedFields ?? [];
    if (owners.some(({ manager }) => manager === ANCIENT)) seen.crowds++;
    if (actual.object?.metadata.deletionTimestamp !== undefined) seen.deletions++;
    if (actual.warnings.length > 0) seen.warnings++;
    // It may write where we do not (times alone), but never the other way round. Of a status, what comes of the
    // metadata is decided behind the engine.
    const isStatus = "subresource" in step && step.subresource !== "";
    if (!isStatus && hereAfter !== versionHere && real.object !== undefined) {
      assert.notEqual(real.object.metadata.resourceVersion, version, `${what}: stores what is there`);
    }
  }
}

Deno.test("a configuration that cannot be applied is refused in the words of kube-apiserver", async () => {
  await using ground = await Ground.open();
  const identity = { apiVersion: ground.apiVersion, kind: ground.type.kind };
  const configs: JsonObject[] = [
    { spec: { nothing: 1 } },
    { nothing: 1 },
    { spec: { ports: [{ port: 1, protocol: "t", nothing: 1 }] } },
    { spec: { title: 3 } },
    { spec: { title: ["a"] } },
    { spec: { enabled: "yes", replicas: "1" } },
    { spec: { tags: "a" } },
    { spec: { limits: ["a"] } },
    { spec: { limits: { a: 1 } } },
    { spec: { tags: ["a", "a"] } },
    { spec: { tags: [null] } },
    { spec: { tags: [["a"]] } },
    { spec: { tags: [{}] } },
    { spec: { ports: ["a"] } },
    { spec: { ports: [null] } },
    { spec: { ports: [{ name: "a" }] } },
    { spec: { ports: [{ port: 1, protocol: "t" }, { protocol: "t", port: 1 }] } },
    { metadata: { labels: { a: 1 } } },
    { metadata: { nothing: 1 } },
    { metadata: { managedFields: [] } },
    { metadata: { managedFields: [{ manager: "a" }] } },
  ];
  const now = new Date();
  const outcomes: { ours: readonly string[]; theirs: readonly string[] }[] = [];
  for (const [index, config] of configs.entries()) {
    const name = `refused-${index}`;
    const body = {
      ...identity,
      ...config,
      metadata: { ...config["metadata"] as JsonObject | undefined, name },
    };
    const step: Step = { verb: "apply", manager: "one", body, subresource: "", force: false };
    const expected = await ground.real(name).perform(step);
    const actual = await ground.memory(name).perform(step, now);
    assert.ok("refusal" in expected, `${JSON.stringify(config)} is applied at kube-apiserver`);
    outcomes.push({ ours: lines(actual, now), theirs: lines(expected, now) });
  }
  assert.deepEqual(outcomes.map(({ ours }) => ours), outcomes.map(({ theirs }) => theirs));
});

Deno.test("managed fields are written byte for byte as kube-apiserver writes those of its own kinds", async () => {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("managed");
  const names = { b: "1", a: "2", Z: "3", "a-b": "5", "a.b": "6", "2": "7", "10": "8" };
  const ports = [3, 20, 100].map((port) => ({
    name: `p${port}`,
    port,
    protocol: port === 20 ? "UDP" : "TCP",
  }));
  const configs = [
    { kind: "ConfigMap", path: "configmaps/text", parts: { data: names } },
    { kind: "Service", path: "services/text", parts: { spec: { ports, selector: { b: "1", a: "2" } } } },
  ];
  for (const { kind, path, parts } of configs) {
    const url = `/api/v1/namespaces/${namespace}/${path}`;
    const metadata = { name: "text", labels: names, finalizers: ["test.coder.com/b", "test.coder.com/a"] };
    await cluster.request(
      "PATCH",
      `${url}?fieldManager=one`,
      { apiVersion: "v1", kind, metadata, ...parts },
      {
        contentType: "application/apply-patch+yaml",
      },
    );
    const patch = { metadata: { annotations: names, finalizers: ["test.coder.com/c"] } };
    await cluster.request("PATCH", `${url}?fieldManager=two`, patch);
    const { stdout } = await cluster.kubectl(["get", "--raw", url]);
    const entries: { fieldsV1: unknown }[] = JSON.parse(stdout).metadata.managedFields;
    assert.equal(entries.length, 2);
    for (const { fieldsV1 } of entries) {
      const written = JSON.stringify(toFieldsV1(fromFieldsV1(fieldsV1)));
      assert.ok(stdout.includes(`"fieldsV1":${written}`), `${written} is not in ${stdout}`);
    }
    await cluster.request("PATCH", url, { metadata: { finalizers: null } });
  }
});
