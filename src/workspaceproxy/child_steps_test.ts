import assert from "node:assert/strict";
import { CoderWorkspaceProxies, type CoderWorkspaceProxy } from "../api/workspace_proxy.ts";
import type { Ingress, PodDisruptionBudget } from "../api/kubernetes/types.ts";
import type { KubeObject, ResourceType } from "../api/object.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { disruptionBudgetStep, exposureStep, serviceStep } from "./child_steps.ts";
import { Report } from "./results.ts";
import type { Pass, Step, Tools } from "./step.ts";
import { LABELS, workspaceProxy } from "./testing.ts";

/** Runs a step over a proxy `eu`; what it applied and deleted, and what the status is to say. */
async function run(step: Step, spec: NonNullable<CoderWorkspaceProxy["spec"]> = {}) {
  const applied: KubeObject[] = [];
  const deleted: string[] = [];
  const tools = {
    clusterDomain: "k8s.test",
    redact: (text: string) => text,
    now: () => new Date("2026-01-01T00:01:00Z"),
    kinds: { disruptionBudgets: { get: () => undefined } },
    events: { event: () => {} },
    applier: {
      apply(_type: ResourceType, desired: KubeObject) {
        applied.push(desired);
        return Promise.resolve({ object: desired, outcome: "unchanged" });
      },
      deleteOwned(type: ResourceType, key: { name: string }) {
        deleted.push(`${type.kind} ${key.name}`);
        return Promise.resolve(false);
      },
    },
  } as unknown as Tools;
  const proxy = workspaceProxy(spec);
  const pass: Pass = {
    key: { namespace: "a", name: "eu" },
    kind: {
      type: CoderWorkspaceProxies,
      informer: { get: () => undefined, observe: () => {} },
      noun: "workspace proxy",
    },
    object: proxy as CoderWorkspaceProxy,
    deploymentKey: { namespace: "a", name: "wsproxy-eu" },
    proxy,
    signal: new AbortController().signal,
    log: silentLogger,
    report: new Report(),
    result: undefined,
  };
  await step.run(pass, tools);
  return { applied, deleted, ...pass.report.data() };
}

Deno.test("every proxy has a Service of the Go operator's name", async () => {
  const { applied: [service] } = await run(serviceStep);
  assert.deepEqual([service?.kind, service?.metadata.name], ["Service", "wsproxy-eu"]);
});

Deno.test("an exposed proxy has an Ingress to its Service, and both of its addresses in the status", async () => {
  const { applied, deleted, status } = await run(exposureStep, {
    expose: { ingress: { host: "eu.example.com" } },
  });
  const [ingress] = applied as Ingress[];
  assert.equal(ingress?.metadata.name, "wsproxy-eu");
  assert.deepEqual(ingress?.spec?.rules?.[0]?.http?.paths[0]?.backend, {
    service: { name: "wsproxy-eu", port: { number: 80 } },
  });
  assert.deepEqual(deleted, ["HTTPRoute wsproxy-eu"]);
  assert.deepEqual(status, {
    internalURL: "http://wsproxy-eu.a.svc.k8s.test:80",
    externalURL: "http://eu.example.com",
  });
});

Deno.test("more than one pod gets a budget, and it covers the proxy's own pods", async () => {
  const budget = async (spec: NonNullable<CoderWorkspaceProxy["spec"]>) =>
    (await run(disruptionBudgetStep, spec)).applied[0] as PodDisruptionBudget | undefined;
  assert.equal(await budget({}), undefined);
  const two = await budget({ replicas: 2 });
  assert.equal(two?.metadata.name, "wsproxy-eu");
  assert.deepEqual(two?.spec?.selector, { matchLabels: LABELS });
  const asked = await budget({ podDisruptionBudget: { minAvailable: 1 } });
  assert.equal(asked?.spec?.minAvailable, 1);
});
