import assert from "node:assert/strict";
import type { CoderControlPlane } from "../../api/control_plane.ts";
import type { Ingress } from "../../api/kubernetes/types.ts";
import type { KubeObject, ObjectKey, ResourceType } from "../../api/object.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { Report } from "../report.ts";
import type { Pass, Tools } from "../step.ts";
import { controlPlane, passKind, storedControlPlane } from "../testing.ts";
import { exposureStep } from "./exposure_step.ts";

const key = { namespace: "a", name: "coder" };

/** What is applied and deleted, and what the status is to say. */
async function run(spec: NonNullable<CoderControlPlane["spec"]>) {
  const applied: KubeObject[] = [];
  const deleted: string[] = [];
  const tools = {
    clusterDomain: "k8s.test",
    redact: (text: string) => text,
    now: () => new Date("2026-01-01T00:01:00Z"),
    kinds: { httpRoutes: { exists: false } },
    events: { event: () => {} },
    applier: {
      apply(_type: ResourceType, desired: KubeObject) {
        applied.push(desired);
        return Promise.resolve({ object: desired, outcome: "unchanged" });
      },
      deleteOwned(type: ResourceType, { namespace, name }: ObjectKey) {
        deleted.push(`${type.kind} ${namespace}/${name}`);
        return Promise.resolve(false);
      },
    },
  } as unknown as Tools;
  const pass: Pass = {
    key,
    object: storedControlPlane(spec),
    controlPlane: controlPlane(spec),
    signal: new AbortController().signal,
    log: silentLogger,
    report: new Report(),
    ...passKind(),
    visit: undefined,
  };
  await exposureStep.run(pass, tools);
  return { applied, deleted, ...pass.report.data() };
}

Deno.test("the Ingress of a control plane is named like it, and leads to its plain HTTP port", async () => {
  const { applied, deleted, status } = await run({
    expose: { ingress: { host: "coder.example.com" } },
    service: { port: 443 },
    tls: { secretNames: ["t"] },
  });
  const [ingress] = applied as Ingress[];
  assert.deepEqual([ingress?.metadata.namespace, ingress?.metadata.name], ["a", "coder"]);
  assert.deepEqual(ingress?.spec?.rules?.[0]?.http?.paths[0]?.backend, {
    service: { name: "coder", port: { number: 80 } },
  });
  assert.deepEqual(deleted, ["HTTPRoute a/coder"]);
  assert.deepEqual(status, {
    internalURL: "http://coder.a.svc.k8s.test:80",
    externalURL: "http://coder.example.com",
  });
});

Deno.test("a control plane that is not exposed has an address inside the cluster alone", async () => {
  const { absent, deleted, status } = await run({});
  assert.deepEqual(deleted, ["Ingress a/coder", "HTTPRoute a/coder"]);
  assert.deepEqual(absent, ["Exposed"]);
  assert.deepEqual(status, { internalURL: "http://coder.a.svc.k8s.test:80", externalURL: undefined });
});

Deno.test("where routes cannot be made, it is Coder that nothing leads to", async () => {
  const gateway = { host: "coder.example.com", parentRefs: [{ name: "edge" }] };
  const { conditions, troubles } = await run({ expose: { gateway } });
  assert.match(conditions[0]?.message ?? "", /so nothing leads to Coder from outside/);
  assert.deepEqual(troubles.map(({ reason }) => reason), ["GatewayAPIMissing"]);
});
