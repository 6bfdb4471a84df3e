import assert from "node:assert/strict";
import { Resources } from "../../aggregated/resources/resources.ts";
import type { CoderControlPlane } from "../../api/control_plane.ts";
import { ModelCoder } from "../../inventory/testing/model_coder.ts";
import type { InformerHandler } from "../../kube/informer.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { noMetrics } from "../../telemetry/metrics.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import type { Core } from "../part.ts";
import { servedBackends } from "./backends.ts";

/** A core whose connections to Coder are those of a model, and are written down. */
function rig(config: Partial<Core["config"]>) {
  const coder = new ModelCoder(new FakeClock());
  const connected: string[] = [];
  const forgotten: string[] = [];
  const secrets: string[] = [];
  const handlers: InformerHandler<CoderControlPlane>[] = [];
  const core = {
    config: {
      app: "aggregated-apiserver",
      namespace: [],
      coderPollInterval: 60_000,
      coderPollJitter: 0,
      coderRequestTimeout: 1_000,
      ...config,
    },
    metrics: noMetrics,
    redactor: { add: (secret: string) => void secrets.push(secret) },
    cache: {
      informer: () => ({
        subscribe(handler: InformerHandler<CoderControlPlane>) {
          handlers.push(handler);
          return () => {};
        },
      }),
    },
    coder: {
      deployments: {
        client(key: string, { url }: { url: string }, token: string) {
          connected.push(`${key} ${url} ${token}`);
          return coder.client;
        },
        forget: (key: string) => void forgotten.push(key),
      },
      reach: { endpoints: new Map([["lab/coder", "http://127.0.0.1:3000"]]), route: "direct" },
    },
  } as unknown as Core;
  const client = {
    get: () => Promise.resolve({ data: { token: btoa("secret-token") } }),
  } as unknown as Parameters<typeof servedBackends>[1];
  const end = new AbortController();
  const backends = servedBackends(core, client, new Resources(), silentLogger);
  const running = backends.run(end.signal);
  return {
    backends,
    handlers,
    connected,
    forgotten,
    secrets,
    async [Symbol.asyncDispose]() {
      end.abort();
      await running;
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const plane = (status: object, spec: object = {}) =>
  ({
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { namespace: "lab", name: "coder", uid: "u" },
    spec,
    status,
  }) as unknown as CoderControlPlane;
const ready = {
  url: "https://somewhere.else",
  operatorAccessReady: true,
  operatorTokenSecretRef: { name: "t" },
};

Deno.test("the Coder that flags name is asked at their address, with the token as it is in the file now", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "one\n");
  try {
    await using there = rig({
      coderUrl: "https://coder.example.com",
      coderNamespace: "lab",
      coderSessionTokenFile: file,
    });
    await until(() => there.connected.length > 0);
    assert.deepEqual(there.connected, ["static https://coder.example.com one"]);
    assert.deepEqual(there.secrets, ["one"]);
    assert.deepEqual(there.backends.list().map(({ id, namespace }) => `${id} ${namespace}`), ["static lab"]);
    assert.equal(there.handlers.length, 0, "control planes are not looked at");
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a file without a token says which, and holds nothing up", async () => {
  const flags = { coderUrl: "https://coder.example.com", coderNamespace: "lab" };
  const empty = await Deno.makeTempFile();
  try {
    for (
      const [config, message] of [
        [{ ...flags, coderSessionTokenFile: "/nowhere/token" }, /\/nowhere\/token cannot be read/],
        [{ ...flags, coderSessionTokenFile: empty }, /is empty/],
        [flags, /give --coder-session-token-file/],
      ] as const
    ) {
      await using there = rig(config);
      const state = () => there.backends.list()[0]?.copy.state("workspaces");
      await until(() => state()?.trouble !== undefined);
      assert.match(String(state()?.trouble?.error), message);
    }
  } finally {
    await Deno.remove(empty);
  }
});

Deno.test("a control plane's Coder is asked where the operator reaches it, never where its status points", async () => {
  await using there = rig({});
  there.handlers[0]?.added?.(plane(ready), true);
  await until(() => there.connected.length > 0);
  assert.deepEqual(there.connected, ["lab/coder http://127.0.0.1:3000 secret-token"]);
  assert.deepEqual(there.secrets, ["secret-token"]);
});

Deno.test("connections of a control plane that is gone are closed, unless its visits need them", async () => {
  for (const [app, expected] of [["aggregated-apiserver", ["lab/coder"]], ["all", []]] as const) {
    await using there = rig({ app });
    there.handlers[0]?.added?.(plane(ready), true);
    await until(() => there.connected.length > 0);
    there.handlers[0]?.deleted?.(plane(ready));
    assert.deepEqual(there.forgotten, expected);
  }
});

Deno.test("in mode all the Coder of flags counts for nothing, as ever", async () => {
  await using there = rig({ app: "all", coderUrl: "https://coder.example.com", coderNamespace: "lab" });
  assert.equal(there.handlers.length, 1);
  assert.deepEqual(there.backends.list(), []);
});

Deno.test("a spec that cannot be read is this control plane's trouble alone", async () => {
  await using there = rig({});
  there.handlers[0]?.added?.(plane(ready, { service: { port: "nonsense" } }), true);
  const state = () => there.backends.list()[0]?.copy.state("workspaces");
  await until(() => state()?.trouble !== undefined);
  assert.match(
    String(state()?.trouble?.error),
    /CoderControlPlane lab\/coder has a spec that cannot be read/,
  );
  assert.deepEqual(there.connected, []);
});
