import assert from "node:assert/strict";
import { Deployments, Pods, Services } from "../../src/api/kubernetes/resources.ts";
import type { Deployment, Service } from "../../src/api/kubernetes/types.ts";
import { FIELD_MANAGER, ForeignObjectError } from "../../src/kube/applier.ts";
import { writersOf, writtenByOperator } from "../../src/kube/apply/takeover.ts";
import { waitFor } from "../cluster/mod.ts";
import { type ApplyHarness, type Recorded, withApplier } from "./apply_harness.ts";
import { GoOperator, labels } from "./go_operator.ts";

/** What the Go operator's template becomes with us: one variable less, one more. */
function ourDeployment(namespace: string): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace, name: "coder", labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: "default",
          containers: [{
            name: "coder",
            image: "ghcr.io/coder/coder:latest",
            env: [
              { name: "KUBE_POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
              { name: "OURS", value: "1" },
            ],
          }],
        },
      },
    },
  };
}

function ourService(namespace: string): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace, name: "coder", labels },
    spec: { type: "ClusterIP", selector: labels, ports: [{ name: "http", port: 80, targetPort: 8080 }] },
  };
}

/** The Deployment that leaves everything as the Go operator wrote it. */
function unchangedDeployment(live: Deployment, owner: ApplyHarness["owner"]): Deployment {
  const written = writtenByOperator(live, owner, FIELD_MANAGER);
  assert.ok(written?.spec !== undefined);
  const { replicas, selector, template } = written.spec;
  const metadata = { namespace: live.metadata.namespace ?? "", name: "coder", labels };
  return {
    ...written,
    metadata,
    spec: { ...(replicas === undefined ? {} : { replicas }), selector, template },
  };
}

function variables(deployment: Deployment): string[] {
  return deployment.spec?.template.spec?.containers[0]?.env?.map((variable) => variable.name) ?? [];
}

/** Who wrote, and how; status writers left aside. */
function managers(object: Deployment | Service): string[] {
  return (object.metadata.managedFields ?? []).filter((entry) => entry.subresource === undefined)
    .map((entry) => `${entry.manager} ${entry.operation}`).filter((text) => !text.startsWith("kube-"));
}

const isJsonPatch = (request: Recorded) => request.patch === "json";

for (const binary of ["coder-k8s", "manager"]) {
  Deno.test(`a Deployment that the Go operator wrote as ${binary} becomes ours, and no stale field stays`, async () => {
    await withApplier(async (h) => {
      await new GoOperator(h.cluster, binary).deployment(h.namespace, h.owner);
      const written = await h.live(Deployments, "coder");
      assert.deepEqual(managers(written), [`${binary} Update`]);
      await h.caughtUp(Deployments, "coder");
      const { object, outcome } = await h.applier.apply(Deployments, ourDeployment(h.namespace), {
        owner: h.owner,
      });
      assert.equal(outcome, "configured");
      assert.equal(object.metadata.uid, written.metadata.uid);
      assert.deepEqual(variables(object), ["KUBE_POD_IP", "OURS"]);
      const container = object.spec?.template.spec?.containers[0];
      assert.equal(container?.args, undefined);
      assert.equal(container?.readinessProbe, undefined);
      assert.deepEqual(managers(await h.live(Deployments, "coder")), ["coder-k8s Apply"]);
    });
  });

  Deno.test(`a Service of ${binary} keeps its address and loses what is stale`, async () => {
    await withApplier(async (h) => {
      await new GoOperator(h.cluster, binary).service(h.namespace, h.owner);
      const written = await h.live(Services, "coder");
      assert.equal(written.spec?.ports?.length, 2);
      await h.caughtUp(Services, "coder");
      const { object } = await h.applier.apply(Services, ourService(h.namespace), { owner: h.owner });
      assert.equal(object.spec?.clusterIP, written.spec?.clusterIP);
      assert.deepEqual(object.spec?.ports?.map((port) => port.name), ["http"]);
      assert.deepEqual(Object.keys(object.metadata.annotations ?? {}), ["coder.com/applied"]);
      assert.deepEqual(managers(await h.live(Services, "coder")), ["coder-k8s Apply"]);
    });
  });

  Deno.test(`a template of ${binary} that is sent again as it was written touches no pod`, async () => {
    await withApplier(async (h) => {
      await new GoOperator(h.cluster, binary).deployment(h.namespace, h.owner);
      const written = await settled(h);
      await h.caughtUp(Deployments, "coder");
      const pods = await podIds(h);
      const desired = unchangedDeployment(written, h.owner);
      assert.equal(JSON.stringify(desired.spec?.template), JSON.stringify(written.spec?.template));
      const { object } = await h.applier.apply(Deployments, desired, { owner: h.owner });
      assert.equal(JSON.stringify(object.spec), JSON.stringify(written.spec));
      assert.deepEqual(managers(await settled(h)), ["coder-k8s Apply"]);
      assert.deepEqual(await podIds(h), pods);
    });
  });
}

/**
 * The Deployment, once the controller has seen it as it is and rolled it out. Its generation is no sign of a rollout: the
 * API server raises it for a changed annotation, too.
 */
function settled(h: ApplyHarness): Promise<Deployment> {
  return waitFor(async () => {
    const live = await h.live(Deployments, "coder");
    const { observedGeneration, updatedReplicas, readyReplicas, replicas } = live.status ?? {};
    const done = observedGeneration === live.metadata.generation && updatedReplicas === 1;
    return done && readyReplicas === 1 && replicas === 1 && live;
  }, { what: "the Deployment to be rolled out" });
}

async function podIds(h: ApplyHarness): Promise<unknown[]> {
  const { items } = await h.client.list(Pods, { namespace: h.namespace });
  return items.filter((pod) => pod.metadata.deletionTimestamp === undefined).map((pod) => pod.metadata.uid)
    .sort();
}

Deno.test("the takeover costs one read and two patches, once; nothing is sent afterwards, nor after a restart", async () => {
  await withApplier(async (h) => {
    await new GoOperator(h.cluster, "coder-k8s").service(h.namespace, h.owner);
    await h.caughtUp(Services, "coder");
    h.clear();
    await h.applier.apply(Services, ourService(h.namespace), { owner: h.owner });
    assert.deepEqual(h.requests.map(({ verb, patch }) => patch ?? verb), ["get", "json", "apply"]);
    await h.caughtUp(Services, "coder");
    h.clear();
    await h.applier.apply(Services, ourService(h.namespace), { owner: h.owner });
    await h.restarted().apply(Services, ourService(h.namespace), { owner: h.owner });
    assert.deepEqual(h.requests, []);
  });
});

Deno.test("entries of kubectl, of the controllers and of status are left as they are", async () => {
  await withApplier(async (h) => {
    await new GoOperator(h.cluster, "coder-k8s").deployment(h.namespace, h.owner);
    await h.cluster.kubectl(["-n", h.namespace, "label", "deployment", "coder", "team=a"]);
    await h.cluster.kubectl(["-n", h.namespace, "rollout", "restart", "deployment", "coder"]);
    const restarted = await settled(h);
    const pods = await podIds(h);
    const others = (object: Deployment) =>
      (object.metadata.managedFields ?? []).filter((entry) => entry.manager !== "coder-k8s")
        .map((entry) => JSON.stringify([entry.manager, entry.operation, entry.subresource, entry.fieldsV1]))
        .sort();
    await h.caughtUp(Deployments, "coder");
    const { object } = await h.applier.apply(Deployments, unchangedDeployment(restarted, h.owner), {
      owner: h.owner,
    });
    assert.ok(others(restarted).length >= 3, "label, restart and status are there");
    assert.deepEqual(others(await settled(h)), others(restarted));
    assert.deepEqual(await podIds(h), pods);
    assert.equal(object.metadata.labels?.["team"], "a");
    const annotations = object.spec?.template.metadata?.annotations ?? {};
    assert.ok(annotations["kubectl.kubernetes.io/restartedAt"] !== undefined);
  });
});

Deno.test("what kubectl put into the template is not taken for the operator's", async () => {
  await withApplier(async (h) => {
    await new GoOperator(h.cluster, "manager").deployment(h.namespace, h.owner);
    await h.cluster.kubectl(["-n", h.namespace, "rollout", "restart", "deployment", "coder"]);
    const live = await h.live(Deployments, "coder");
    const written = writtenByOperator(live, h.owner, FIELD_MANAGER);
    assert.deepEqual(written?.spec?.template.metadata, { labels });
    const path = ["spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt"];
    assert.deepEqual(writersOf(live, path).map((entry) => entry.manager), ["kubectl-rollout"]);
  });
});

Deno.test("another writer between our read and the takeover is noticed, and keeps what it wrote", async () => {
  await withApplier(async (h) => {
    await new GoOperator(h.cluster, "coder-k8s").service(h.namespace, h.owner);
    await h.caughtUp(Services, "coder");
    h.clear();
    h.before(
      isJsonPatch,
      () => h.cluster.kubectl(["-n", h.namespace, "label", "service", "coder", "team=a"]),
    );
    const { object } = await h.applier.apply(Services, ourService(h.namespace), { owner: h.owner });
    assert.deepEqual(h.requests.map(({ verb, patch }) => patch ?? verb), [
      "get",
      "json",
      "get",
      "json",
      "apply",
    ]);
    assert.equal(object.metadata.labels?.["team"], "a");
    assert.deepEqual(object.spec?.ports?.map((port) => port.name), ["http"]);
  });
});

Deno.test("the Go operator writing once more between takeover and apply leaves nothing behind either", async () => {
  await withApplier(async (h) => {
    const go = new GoOperator(h.cluster, "coder-k8s");
    const path = await go.service(h.namespace, h.owner);
    await h.caughtUp(Services, "coder");
    h.before((request) => request.patch === "apply", () =>
      go.update<Service>(path, (live) => {
        live.spec?.ports?.push({ name: "late", port: 7777, targetPort: 7777 });
      }));
    const { object } = await h.applier.apply(Services, ourService(h.namespace), { owner: h.owner });
    assert.deepEqual(object.spec?.ports?.map((port) => port.name), ["http"]);
    assert.deepEqual(managers(await h.live(Services, "coder")), ["coder-k8s Apply"]);
  });
});

Deno.test("a Service that vanishes before the takeover is made anew", async () => {
  await withApplier(async (h) => {
    await new GoOperator(h.cluster, "manager").service(h.namespace, h.owner);
    await h.caughtUp(Services, "coder");
    h.before(isJsonPatch, () => h.client.delete(Services, { namespace: h.namespace, name: "coder" }));
    const { object, outcome } = await h.applier.apply(Services, ourService(h.namespace), { owner: h.owner });
    assert.equal(outcome, "created");
    assert.deepEqual(managers(object), ["coder-k8s Apply"]);
  });
});

Deno.test("a Service that somebody else put in its place before the takeover is left alone", async () => {
  await withApplier(async (h) => {
    await new GoOperator(h.cluster, "manager").service(h.namespace, h.owner);
    await h.caughtUp(Services, "coder");
    const key = { namespace: h.namespace, name: "coder" };
    h.before(isJsonPatch, async () => {
      await h.client.delete(Services, key);
      await h.client.create(Services, ourService(h.namespace), { fieldManager: "somebody" });
    });
    await assert.rejects(
      h.applier.apply(Services, ourService(h.namespace), { owner: h.owner }),
      ForeignObjectError,
    );
    assert.deepEqual(managers(await h.live(Services, "coder")), ["somebody Update"]);
  });
});

Deno.test("after a roll-back to the Go operator and forward again, what it added in between goes", async () => {
  await withApplier(async (h) => {
    const go = new GoOperator(h.cluster, "coder-k8s");
    const path = await go.deployment(h.namespace, h.owner);
    await h.caughtUp(Deployments, "coder");
    const desired = ourDeployment(h.namespace);
    await h.applier.apply(Deployments, desired, { owner: h.owner });
    await go.update<Deployment>(path, (live) => {
      const container = live.spec?.template.spec?.containers[0];
      assert.ok(container !== undefined);
      container.env = [{ name: "OURS", value: "changed" }, { name: "FROM_GO", value: "1" }];
    });
    await h.caughtUp(Deployments, "coder");
    const { object } = await h.applier.apply(Deployments, desired, { owner: h.owner });
    assert.deepEqual(variables(object), ["KUBE_POD_IP", "OURS"]);
    assert.deepEqual(managers(await h.live(Deployments, "coder")), ["coder-k8s Apply"]);
  });
});

Deno.test("replicas of the Go operator that an autoscaler is to have are handed over as they are", async () => {
  await withApplier(async (h) => {
    const path = await new GoOperator(h.cluster, "coder-k8s").deployment(h.namespace, h.owner);
    await h.cluster.request("PATCH", `${path}?fieldManager=coder-k8s`, { spec: { replicas: 3 } });
    await h.caughtUp(Deployments, "coder");
    const desired = ourDeployment(h.namespace);
    delete desired.spec?.replicas;
    const options = { owner: h.owner, release: [["spec", "replicas"]] };
    const { object } = await h.applier.apply(Deployments, desired, options);
    assert.equal(object.spec?.replicas, 3);
    assert.deepEqual(writersOf(await h.live(Deployments, "coder"), ["spec", "replicas"]), []);
  });
});
