/** Children that somebody deletes or changes by hand. */
import assert from "node:assert/strict";
import type { Deployment, Service, ServiceAccount } from "../../src/api/kubernetes/types.ts";
import { waitFor } from "../cluster/mod.ts";
import { type Scene, startScene } from "./scene.ts";

const KINDS = ["deployments", "services", "serviceaccounts"] as const;

const SPEC = {
  image: "ghcr.io/coder/coder:v2.30.0",
  extraEnv: [{ name: "TEST_A", value: "1" }],
  service: { port: 8080, annotations: { "example.com/ours": "1" } },
};

/** As `kubectl edit` would: a merge patch under another field manager. */
const edit = (scene: Scene, kind: (typeof KINDS)[number], patch: object) =>
  scene.cluster.request("PATCH", `${scene.path(kind, "p")}?fieldManager=somebody`, patch);

Deno.test("each child that is deleted is made anew", async () => {
  await using scene = await startScene("deleted");
  await using operator = await scene.operator();
  await scene.create("p", SPEC);
  await scene.settled("p");
  for (const kind of KINDS) {
    const path = scene.path(kind, "p");
    const { metadata: { uid } } = await scene.cluster.request("GET", path);
    await scene.cluster.request("DELETE", path);
    await waitFor(async () => ![undefined, uid].includes((await scene.cluster.find(path))?.metadata.uid), {
      what: `another of ${kind}`,
    });
    await scene.settled("p");
  }
  await Promise.all(KINDS.map((kind) => scene.cluster.request("DELETE", scene.path(kind, "p"))));
  await scene.settled("p");
  assert.deepEqual(operator.failures(), []);
});

Deno.test("what the operator set is put back, what others added stays", async () => {
  await using scene = await startScene("changed");
  await using operator = await scene.operator();
  await scene.create("p", SPEC);
  await scene.settled("p");

  const foreign = {
    labels: { "example.com/label": "theirs" },
    annotations: { "example.com/note": "theirs" },
  };
  const managedBy = "app.kubernetes.io/managed-by";
  await edit(scene, "deployments", {
    metadata: { ...foreign, labels: { ...foreign.labels, [managedBy]: "somebody" } },
    spec: { minReadySeconds: 1, template: { metadata: { annotations: foreign.annotations } } },
  });
  await scene.cluster.request("PATCH", `${scene.path("deployments", "p")}?fieldManager=somebody`, {
    spec: {
      template: {
        spec: {
          priorityClassName: "system-cluster-critical",
          containers: [{
            name: "coder",
            image: "example.com/other:1",
            env: [{ name: "TEST_A", value: "2" }, { name: "FOREIGN", value: "theirs" }],
          }],
        },
      },
    },
  }, { contentType: "application/strategic-merge-patch+json" });
  await edit(scene, "services", {
    metadata: { ...foreign, labels: { ...foreign.labels, [managedBy]: null } },
    spec: { sessionAffinity: "ClientIP", ports: [{ name: "http", port: 9999, targetPort: 1 }] },
  });
  await edit(scene, "serviceaccounts", {
    metadata: { ...foreign, labels: { ...foreign.labels, [managedBy]: null } },
    imagePullSecrets: [{ name: "theirs" }],
  });

  const live = await waitFor(async () => {
    const { deployment, service, serviceAccount } = await scene.children("p");
    const labels = [deployment, service, serviceAccount].map((each) => each?.metadata.labels?.[managedBy]);
    const ports = service?.spec?.ports?.map(({ port }) => port);
    const { image } = deployment?.spec?.template.spec?.containers[0] ?? {};
    const back = labels.every((label) => label === "coder-k8s") && ports?.[0] === 8080 &&
      image === SPEC.image;
    if (!back) throw new Error(JSON.stringify({ labels, ports, image }));
    return { deployment, service, serviceAccount } as {
      deployment: Deployment;
      service: Service;
      serviceAccount: ServiceAccount;
    };
  }, { what: "the operator's own fields to be back" });
  for (const { metadata } of Object.values(live)) {
    assert.equal(metadata.labels?.["example.com/label"], "theirs");
    assert.equal(metadata.annotations?.["example.com/note"], "theirs");
  }
  const { deployment, service, serviceAccount } = live;
  const { template } = deployment.spec!;
  assert.equal(template.metadata?.annotations?.["example.com/note"], "theirs");
  assert.equal(deployment.spec?.minReadySeconds, 1);
  assert.equal(template.spec?.priorityClassName, "system-cluster-critical");
  const env = Object.fromEntries(template.spec!.containers[0]!.env!.map(({ name, value }) => [name, value]));
  assert.deepEqual([env["TEST_A"], env["FOREIGN"]], ["1", "theirs"]);
  assert.equal(service.spec?.sessionAffinity, "ClientIP");
  assert.equal(service.metadata.annotations?.["example.com/ours"], "1");
  assert.deepEqual(serviceAccount.imagePullSecrets, [{ name: "theirs" }]);
  assert.deepEqual(operator.failures(), []);
});
