/** Ports are told apart by their numbers, yet their names must be unique too: an edit of a number leaves a rival. */
import assert from "node:assert/strict";
import { Deployments, Services } from "../../src/api/kubernetes/resources.ts";
import type { Service, ServicePort } from "../../src/api/kubernetes/types.ts";
import { type ApplyHarness, withApplier } from "./apply_harness.ts";
import { smallDeployment } from "./apply_samples.ts";

const STRATEGIC = "application/strategic-merge-patch+json";

const service = (namespace: string, port = 80): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "coder", namespace },
  spec: { selector: { app: "coder" }, ports: [{ name: "http", port, targetPort: 8080, protocol: "TCP" }] },
});

/** As somebody with `kubectl edit` would have them. */
async function editPorts(h: ApplyHarness, ports: Partial<ServicePort>[]): Promise<void> {
  const path = `/api/v1/namespaces/${h.namespace}/services/coder?fieldManager=kubectl-edit`;
  await h.cluster.request("PATCH", path, { spec: { ports } });
  await h.caughtUp(Services, "coder");
}

async function ports(h: ApplyHarness): Promise<string> {
  const { spec } = await h.live(Services, "coder");
  return (spec?.ports ?? []).map(({ name = "", port }) => `${name}:${port}`).join();
}

Deno.test("a port that somebody gave another number is put back, and can be changed afterwards", async () => {
  await withApplier(async (h) => {
    await h.applier.apply(Services, service(h.namespace), { owner: h.owner });
    await editPorts(h, [{ name: "http", port: 9999, targetPort: 1 }]);
    const { outcome } = await h.applier.apply(Services, service(h.namespace), { owner: h.owner });
    assert.equal(outcome, "configured");
    assert.equal(await ports(h), "http:80");
    await h.applier.apply(Services, service(h.namespace, 8080), { owner: h.owner });
    assert.equal(await ports(h), "http:8080");
    h.clear();
    await h.caughtUp(Services, "coder");
    await h.applier.apply(Services, service(h.namespace, 8080), { owner: h.owner });
    assert.deepEqual(h.requests, [], "nothing is left to do");
  });
});

Deno.test("a port without a name gives way where names are needed, one with a name of its own stays", async () => {
  await withApplier(async (h) => {
    await h.applier.apply(Services, service(h.namespace), { owner: h.owner });
    await editPorts(h, [{ port: 9999 }]);
    await h.applier.apply(Services, service(h.namespace), { owner: h.owner });
    assert.equal(await ports(h), "http:80");
    await editPorts(h, [{ name: "http", port: 9999 }, { name: "theirs", port: 7777 }]);
    await h.applier.apply(Services, service(h.namespace), { owner: h.owner });
    assert.deepEqual((await ports(h)).split(",").sort(), ["http:80", "theirs:7777"]);
  });
});

Deno.test("a container's port that somebody gave another number is put back", async () => {
  await withApplier(async (h) => {
    const desired = smallDeployment(h.namespace);
    const container = desired.spec!.template.spec!.containers[0]!;
    container.ports = [{ name: "http", containerPort: 8080, protocol: "TCP" }];
    await h.applier.apply(Deployments, desired, { owner: h.owner });
    const path = `/apis/apps/v1/namespaces/${h.namespace}/deployments/coder?fieldManager=kubectl-edit`;
    const edited = [{ $patch: "replace" }, { name: "http", containerPort: 1 }];
    const patch = {
      spec: { template: { spec: { containers: [{ name: container.name, ports: edited }] } } },
    };
    await h.cluster.request("PATCH", path, patch, { contentType: STRATEGIC });
    await h.caughtUp(Deployments, "coder");
    await h.applier.apply(Deployments, desired, { owner: h.owner });
    const live = await h.live(Deployments, "coder");
    const numbers = live.spec!.template.spec!.containers[0]!.ports!.map(({ containerPort }) => containerPort);
    assert.deepEqual(numbers, [8080]);
  });
});

Deno.test("a port that the API server refuses for another reason is reported as it is", async () => {
  await withApplier(async (h) => {
    await h.applier.apply(Services, service(h.namespace), { owner: h.owner });
    await editPorts(h, [{ name: "http", port: 9999 }]);
    const wrong = service(h.namespace, 99_999);
    await assert.rejects(h.applier.apply(Services, wrong, { owner: h.owner }), /99999/);
    await h.applier.apply(Services, service(h.namespace), { owner: h.owner });
    assert.equal(await ports(h), "http:80");
  });
});
