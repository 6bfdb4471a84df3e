import assert from "node:assert/strict";
import type { Secret } from "../../api/kubernetes/types.ts";
import { KubeConnectionError } from "../../kube/errors.ts";
import { CountingMetrics } from "../../kube/testing/counting_metrics.ts";
import { refusal } from "../../kube/testing/fake_api.ts";
import { recordingLogger } from "../../kube/testing/recording_logger.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { ROTATE_MS, SETTLE_MS } from "./key_ring.ts";
import { createSharedKeys, type SharedKeysOptions } from "./shared_keys.ts";

const NAMESPACE = "coder-system";
const START = Date.parse("2026-11-22T00:00:00Z");

/** One Secret, as the API server keeps it. */
class OneSecret {
  secret: Secret | undefined;
  readonly calls: string[] = [];
  /** What is thrown in place of an answer, by verb. */
  readonly faults = new Map<string, () => unknown>();
  #version = 0;

  readonly client: SharedKeysOptions["client"] = {
    get: (_type, _key) => this.#call("get", () => structuredClone(this.#there())),
    create: (_type, object) =>
      this.#call("create", () => {
        if (this.secret !== undefined) throw refusal(409, "AlreadyExists");
        return this.put(object as unknown as Secret);
      }),
    patch: (_type, _key, { body }) =>
      this.#call("patch", () => {
        const there = this.#there();
        const { metadata, data } = body as {
          metadata: Secret["metadata"];
          data: Record<string, string | null>;
        };
        if (metadata.resourceVersion !== there.metadata.resourceVersion) throw refusal(409, "Conflict");
        const merged = Object.entries({ ...there.data, ...data }).filter(([, value]) => value !== null);
        return this.put({
          ...there,
          metadata: {
            ...there.metadata,
            annotations: { ...there.metadata.annotations, ...metadata.annotations },
          },
          data: Object.fromEntries(merged) as Record<string, string>,
        });
      }),
  } as SharedKeysOptions["client"];

  put(secret: Secret): Secret {
    const resourceVersion = String(++this.#version);
    this.secret = structuredClone({ ...secret, metadata: { ...secret.metadata, uid: "u", resourceVersion } });
    return structuredClone(this.secret);
  }

  #there(): Secret {
    if (this.secret === undefined) throw refusal(404, "NotFound");
    return this.secret;
  }

  async #call(verb: string, run: () => Secret): Promise<never> {
    this.calls.push(verb);
    await Promise.resolve();
    const fault = this.faults.get(verb)?.();
    if (fault !== undefined) throw fault;
    return run() as never;
  }
}

function rig(api: OneSecret, options: Partial<SharedKeysOptions> = {}) {
  const clock = new FakeClock();
  const end = new AbortController();
  const { logger, lines } = recordingLogger();
  const metrics = new CountingMetrics();
  const secrets: string[] = [];
  const keys = createSharedKeys({
    client: api.client,
    namespace: NAMESPACE,
    keepSecret: (text) => void secrets.push(text),
    clock,
    now: () => START + clock.now(),
    log: logger,
    metrics,
    ...options,
  });
  const running = keys.run(end.signal);
  return {
    keys,
    clock,
    lines,
    metrics,
    secrets,
    async [Symbol.asyncDispose]() {
      end.abort();
      await clock.advance(0);
      await running;
    },
  };
}

const RARELY = { lookMs: 600_000 };

Deno.test("the first replica makes the keys, and all others take them", async () => {
  const api = new OneSecret();
  await using one = rig(api);
  await using two = rig(api);
  await Promise.all([one.clock.advance(0), two.clock.advance(0)]);
  await Promise.all([one, two].map(({ keys }) => keys.whenReady(AbortSignal.timeout(60_000))));
  assert.equal(api.secret?.metadata.name, "coder-k8s-mcp-keys");
  assert.deepEqual(one.keys.keys(), two.keys.keys());
  assert.equal(one.keys.keys().current.toBase64(), api.secret?.data?.["current"]);
  assert.deepEqual(one.secrets, [api.secret?.data?.["current"]]);
  assert.equal(one.keys.trouble, "");
});

Deno.test("keys are looked at again every twenty seconds, and a new Secret counts", async () => {
  const api = new OneSecret();
  await using one = rig(api);
  await one.clock.advance(0);
  const before = one.keys.keys().current;
  api.secret = undefined;
  await one.clock.advance(19_999);
  assert.deepEqual(one.keys.keys().current, before);
  await one.clock.advance(1);
  assert.notDeepEqual(one.keys.keys().current, before);
  assert.equal(one.keys.keys().current.toBase64(), (api.secret as Secret | undefined)?.data?.["current"]);
});

Deno.test("keys are renewed once by whichever replica is first, and every replica believes both", async () => {
  const api = new OneSecret();
  await using one = rig(api, RARELY);
  await using two = rig(api, RARELY);
  await Promise.all([one.clock.advance(0), two.clock.advance(0)]);
  const old = one.keys.keys().current;
  await Promise.all([one.clock.advance(ROTATE_MS + 30_000), two.clock.advance(ROTATE_MS + 30_000)]);
  assert.equal(api.secret?.data?.["previous"], old.toBase64());
  // Not signed with yet: the others may not have read it.
  for (const { keys } of [one, two]) {
    assert.deepEqual(keys.keys().current, old);
    assert.equal(keys.keys().all.length, 2);
  }
  await Promise.all([one.clock.advance(SETTLE_MS), two.clock.advance(SETTLE_MS)]);
  assert.deepEqual(one.keys.keys(), two.keys.keys());
  assert.notDeepEqual(one.keys.keys().current, old);
  assert.deepEqual(one.keys.keys().all[1], old);
});

Deno.test("where the Secret may not be used, keys are of the process alone, and one line says so", async () => {
  const api = new OneSecret();
  api.faults.set("get", () => refusal(403, "Forbidden"));
  await using one = rig(api);
  await one.clock.advance(120_000);
  await one.keys.whenReady(AbortSignal.timeout(60_000));
  assert.equal(one.keys.keys().all.length, 1);
  assert.equal(one.lines.filter(({ level }) => level === "warn").length, 1);
  assert.match(one.lines[0]!.message, /no other replica takes them/);
  // As soon as it may, they are shared.
  api.faults.clear();
  await one.clock.advance(20_000);
  assert.equal(one.keys.keys().current.toBase64(), api.secret?.data?.["current"]);
});

Deno.test("nothing is ready while the API server does not answer", async () => {
  const api = new OneSecret();
  api.faults.set("get", () => new KubeConnectionError("away", { method: "GET", path: "/" }));
  await using one = rig(api);
  await one.clock.advance(5_000);
  const reason = new Error("enough");
  await assert.rejects(one.keys.whenReady(AbortSignal.abort(reason)), reason);
  assert.match(one.keys.trouble, /coder-system\/coder-k8s-mcp-keys cannot be read now/);
  api.faults.clear();
  await one.clock.advance(1_000);
  await one.keys.whenReady(AbortSignal.timeout(60_000));
  assert.equal(one.keys.trouble, "");
  assert.equal(one.metrics.get("coder_k8s_mcp_key_reads_total", { result: "read" }), 1);
});

Deno.test("keys that are known stay good while the API server is away", async () => {
  const api = new OneSecret();
  await using one = rig(api);
  await one.clock.advance(0);
  const { current } = one.keys.keys();
  api.faults.set("get", () => new KubeConnectionError("away", { method: "GET", path: "/" }));
  await one.clock.advance(600_000);
  assert.deepEqual(one.keys.keys().current, current);
});

Deno.test("a Secret without keys gets some", async () => {
  const api = new OneSecret();
  api.put({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "coder-k8s-mcp-keys" },
    data: { current: "eA==" },
  });
  await using one = rig(api);
  await one.clock.advance(0);
  assert.equal(one.keys.keys().current.toBase64(), api.secret?.data?.["current"]);
  assert.equal(one.keys.keys().current.length, 32);
});

Deno.test("old keys that may not be renewed are used on, and a line says what is missing", async () => {
  const api = new OneSecret();
  await using one = rig(api, RARELY);
  await one.clock.advance(0);
  const { current } = one.keys.keys();
  api.faults.set("patch", () => refusal(403, "Forbidden"));
  await one.clock.advance(ROTATE_MS + 30_000);
  assert.deepEqual(one.keys.keys().current, current);
  assert.ok(one.lines.some(({ message }) => /grant patch/.test(message)));
});

Deno.test("a replica whose renewal came too late takes the other's", async () => {
  const api = new OneSecret();
  await using one = rig(api, RARELY);
  await one.clock.advance(0);
  let isFirst = true;
  api.faults.set("patch", () => {
    if (!isFirst) return undefined;
    isFirst = false;
    const there = api.secret!;
    const since = new Date(START + ROTATE_MS).toISOString();
    const annotations = { ...there.metadata.annotations, "mcp.coder.com/since": since };
    api.put({
      ...there,
      metadata: { ...there.metadata, annotations },
      data: { previous: there.data!["current"]!, current: new Uint8Array(32).fill(7).toBase64() },
    });
    return undefined;
  });
  await one.clock.advance(ROTATE_MS + SETTLE_MS + 30_000);
  assert.deepEqual(one.keys.keys().current, new Uint8Array(32).fill(7));
});

Deno.test("who never wins gives up for this time", async () => {
  const api = new OneSecret();
  api.faults.set("create", () => refusal(409, "AlreadyExists"));
  await using one = rig(api);
  await one.clock.advance(0);
  assert.match(one.keys.trouble, /cannot be read now/);
  assert.ok(api.calls.filter((call) => call === "create").length <= 5);
  assert.equal(api.secret, undefined);
});
