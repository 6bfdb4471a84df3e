import assert from "node:assert/strict";
import { createServer } from "node:net";
import { createLogger } from "../telemetry/log.ts";
import { Redactor } from "../telemetry/redactor.ts";
import type { Config } from "./config.ts";
import { type AskedSubject, diagnoseAt, lookAndTell, NoDiagnosisError } from "./diagnose.ts";

const SUBJECT: AskedSubject = { kind: "controlplane", name: "coder" };
const config = (more: Partial<Config>) =>
  ({
    kubeApiQps: 0,
    kubeApiBurst: 0,
    coderAccess: "direct",
    controlPlaneEndpoint: new Map(),
    clusterDomain: "cluster.local",
    debug: false,
    ...more,
  }) as Config;
const options = () => {
  const redactor = new Redactor();
  return {
    signal: AbortSignal.timeout(30_000),
    redactor,
    log: createLogger({ level: "error", format: "text", redactor }),
    environment: {},
    drop: () => Promise.resolve({ dropped: [], kept: [] }),
  };
};

/** A kubeconfig for an address, in the namespace `lab`. */
async function kubeconfigFor(server: string): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  await Deno.writeTextFile(
    file,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "a", cluster: { server } }],
      users: [{ name: "a", user: { token: "abc" } }],
      contexts: [{ name: "a", context: { cluster: "a", user: "a", namespace: "lab" } }],
      "current-context": "a",
    }),
  );
  return file;
}

Deno.test("a kubeconfig that cannot be used, or a token's file that is not there, is a refusal that says so", async () => {
  const refused = await lookAndTell(config({ kubeconfig: "/none" }), SUBJECT, {});
  assert.ok("refusal" in refused && /\/none .*does not exist/.test(refused.refusal), JSON.stringify(refused));
  const file = await kubeconfigFor("https://127.0.0.1:1");
  try {
    await assert.rejects(
      diagnoseAt(config({ kubeconfig: file, coderSessionTokenFile: "/no-token" }), SUBJECT, options()),
      (error) => error instanceof NoDiagnosisError && /\/no-token cannot be read/.test(error.message),
    );
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("an API server that is not there is told within seconds, in the namespace of the context", async () => {
  const file = await kubeconfigFor("https://127.0.0.1:1");
  try {
    const { subject, healthy, causes, notSeen } = await diagnoseAt(
      config({ kubeconfig: file }),
      SUBJECT,
      options(),
    );
    assert.deepEqual(subject, { kind: "controlplane", name: "coder", namespace: "lab" });
    assert.deepEqual([healthy, causes], [false, []]);
    assert.match(JSON.stringify(notSeen), /get CoderControlPlane lab\/coder.*cannot be reached/);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("an API server that takes connections and says nothing keeps nobody longer than five seconds", async () => {
  const sockets = new Set<{ destroy(): void }>();
  const silent = createServer((socket) => void sockets.add(socket.on("error", () => {})));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as { port: number };
  const file = await kubeconfigFor(`https://127.0.0.1:${port}`);
  try {
    const since = performance.now();
    const { healthy, notSeen } = await diagnoseAt(config({ kubeconfig: file }), SUBJECT, options());
    assert.ok(performance.now() - since < 25_000);
    assert.equal(healthy, false);
    assert.match(JSON.stringify(notSeen), /did not answer in time|no answer in time/);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
    await Deno.remove(file);
  }
});
