import assert from "node:assert/strict";
import { startClientRig } from "../../../tests/fake-coder/client_rig.ts";
import { KubeConnectionError } from "../../kube/errors.ts";
import type { CallerCoders } from "../../caller/types.ts";
import { ToolError } from "../errors.ts";
import { toolRig } from "../testing.ts";
import { checkHealth } from "./health.ts";
import { refusal } from "./kubernetes_testing.ts";
import { platformCluster, platformCoders, silentCluster } from "./platform_testing.ts";

const health = checkHealth("1.2.3");

Deno.test("all that answers is told with its version", async () => {
  await using coder = await startClientRig();
  const coders = platformCoders([{ id: "lab/main", open: coder.client }]);
  const { output, text } = await toolRig({ cluster: platformCluster(), coders }).run(health);
  assert.deepEqual(output, {
    status: "ok",
    version: "1.2.3",
    kubernetes: "reachable",
    coders: [{ controlPlane: "lab/main", state: "reachable", version: "v2.30.0+43e67d1" }],
  });
  assert.match(text, /lab\/main \| reachable/);
  assert.deepEqual(coders.needs, [
    { verb: "get", group: "coder.com", resource: "codercontrolplanes", namespace: "lab" },
  ]);
});

Deno.test("a Coder that refuses connections, and one that hangs, are told within a second, and the rest with them", async () => {
  await using well = await startClientRig();
  await using hangs = await startClientRig();
  await using gone = await startClientRig();
  hangs.fake.faults.add({ action: { do: "hang" } });
  await gone.fake.stop();
  const coders = platformCoders([
    { id: "lab/gone", open: gone.client },
    { id: "lab/hangs", open: hangs.client },
    { id: "lab/well", open: well.client },
  ]);
  const start = performance.now();
  const { output } = await toolRig({ cluster: platformCluster(), coders }).run(health);
  assert.ok(performance.now() - start < 15_000);
  assert.equal(output["status"], "degraded");
  const told = output["coders"] as { controlPlane: string; state: string; message?: string }[];
  assert.deepEqual(told.map(({ controlPlane, state }) => [controlPlane, state]), [
    ["lab/gone", "unreachable"],
    ["lab/hangs", "unreachable"],
    ["lab/well", "reachable"],
  ]);
  assert.match(told[1]?.message ?? "", /answer|time/);
});

Deno.test("a Coder that cannot be opened in time is no more waited for than one that hangs", async () => {
  const coders = platformCoders([{ id: "lab/slow", open: () => new Promise(() => {}) }]);
  const start = performance.now();
  const { output } = await toolRig({ cluster: platformCluster(), coders }).run(health);
  assert.ok(performance.now() - start < 15_000);
  assert.deepEqual(output["coders"], [
    { controlPlane: "lab/slow", state: "unreachable", message: "it does not answer" },
  ]);
});

Deno.test("of a Coder that somebody may not ask, nothing is claimed", async () => {
  const coders = platformCoders([
    { id: "lab/away", open: new ToolError("unavailable", "it is away") },
    { id: "lab/theirs", open: new ToolError("forbidden", "ann cannot") },
  ]);
  const { output } = await toolRig({ cluster: platformCluster(), coders }).run(health);
  assert.deepEqual(output["coders"], [
    { controlPlane: "lab/away", state: "unreachable", message: "it is away" },
    { controlPlane: "lab/theirs", state: "unknown", message: "ann cannot" },
  ]);
  assert.equal(output["status"], "degraded");
});

Deno.test("who gets no access of the operator asks as themselves", async () => {
  await using coder = await startClientRig();
  const coders = platformCoders([{ id: "lab/main", open: coder.client }], { refusesOperator: true });
  const { output } = await toolRig({ cluster: platformCluster(), coders }).run(health);
  assert.equal(output["status"], "ok");
  assert.deepEqual(coders.needs.map((need) => "resource" in need && need.resource), [
    "codercontrolplanes",
    "coderworkspaces",
    "coderworkspaces",
  ]);
});

Deno.test("an API server that refuses the caller is reachable", async () => {
  const cluster = platformCluster({ refuse: () => refusal(403, "Forbidden") });
  const { output } = await toolRig({ cluster, coders: platformCoders([]) }).run(health);
  assert.deepEqual(output, { status: "ok", version: "1.2.3", kubernetes: "reachable", coders: [] });
});

Deno.test("an API server that is away, ill or silent is an error as the Go server's, with what is known besides", async () => {
  const coders = platformCoders([{ id: "lab/away", open: new ToolError("unavailable", "it is away") }]);
  const refusing = (error: Error) => platformCluster({ refuse: () => error });
  const cases = [
    [
      refusing(new KubeConnectionError("refused", { method: "GET", path: "/" })),
      "unavailable",
      "the Kubernetes API server cannot be reached now: try again",
    ],
    [refusing(refusal(503, "ServiceUnavailable", "etcd is away")), "unavailable", "etcd is away"],
    [silentCluster(), "timeout", "the Kubernetes API server does not answer"],
  ] as const;
  for (const [cluster, code, words] of cases) {
    const start = performance.now();
    const error = await toolRig({ cluster, coders }).refuses(health);
    assert.ok(performance.now() - start < 15_000);
    assert.deepEqual([error.code, error.message], [
      code,
      `list namespaces for connectivity check: ${words} (coder-k8s 1.2.3, Coder of lab/away: unreachable)`,
    ]);
  }
});

Deno.test("which Coders there are may not be known, and is said then", async () => {
  const coders: CallerCoders = {
    list: () => Promise.reject(new ToolError("unavailable", "nobody can say")),
    open: () => Promise.reject(new Error("not asked")),
  };
  const { output } = await toolRig({ cluster: platformCluster(), coders }).run(health);
  assert.deepEqual(output["warnings"], ["which Coders there are is not known now: nobody can say"]);
});

Deno.test("of very many Coders, some are asked", async () => {
  const away = new ToolError("unavailable", "away");
  const coders = platformCoders(
    Array.from({ length: 60 }, (_, index) => ({ id: `lab/c${index}`, open: away })),
  );
  const { output } = await toolRig({ cluster: platformCluster(), coders }).run(health);
  assert.equal((output["coders"] as unknown[]).length, 50);
  assert.deepEqual(output["warnings"], ["only 50 of 60 Coders were asked"]);
});
