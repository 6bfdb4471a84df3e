/**
 * Nothing that the product does is refused under the shipped RBAC, and every right that it grants is used: each part runs
 * with an account and roles of its own (deploy/overlays/split), where a right of one cannot hide behind another's.
 */
import assert from "node:assert/strict";
import { API_ROOT, API_SERVICE, register } from "../aggregated/app_rig.ts";
import { ask, askDirectly } from "../aggregated/asking.ts";
import { deedOf } from "../cluster/audit.ts";
import { installGatewayApi, startCluster, waitFor } from "../cluster/mod.ts";
import { sharedCoderd } from "../coder/mod.ts";
import { startFakeCoder } from "../fake-coder/mod.ts";
import { freePort } from "../operator/process.ts";
import { NEVER_SEEN } from "../rights/exceptions.ts";
import { ACCOUNTS, grantsOf, rendered } from "../rights/grants.ts";
import { type Account, installRights } from "../rights/install.ts";
import { becomes, furtherChildren, inTheWay, rightsElsewhere, waysAndBudgets } from "./life_children.ts";
import { agedKeys, assistant } from "./life_assistant.ts";
import { VISITED, visits } from "./life_coder.ts";
import { daemons, LICENSED } from "./life_daemons.ts";
import { upgrades } from "./life_upgrade.ts";
import { workspaceRights } from "./workspace_rights.ts";
import type { LocalOperator } from "./operator.ts";
import { type Scene, startScene } from "./scene.ts";

const SHAPE = "overlays/split";
const SERVING = "coder-k8s-apiserver-tls";
const APISERVICE = `/apis/apiregistration.k8s.io/v1/apiservices/${API_SERVICE}`;

/** Objects that the control planes name, or that are in their way. */
async function surroundings(scene: Scene): Promise<void> {
  const { namespace } = scene;
  await scene.cluster.apply([
    { apiVersion: "v1", kind: "Secret", metadata: { name: "env" }, stringData: { A: "1" } },
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "env" }, data: { B: "2" } },
    {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "full" },
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "full" },
        minReplicas: 1,
        maxReplicas: 1,
      },
    },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "adopted" } },
    { apiVersion: "v1", kind: "Service", metadata: { name: "adopted" }, spec: { ports: [{ port: 80 }] } },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "adopted" },
      spec: {
        replicas: 0,
        selector: {
          matchLabels: {
            "app.kubernetes.io/instance": "adopted",
            "app.kubernetes.io/managed-by": "coder-k8s",
            "app.kubernetes.io/name": "coder-control-plane",
          },
        },
        template: {
          metadata: {
            labels: {
              "app.kubernetes.io/instance": "adopted",
              "app.kubernetes.io/managed-by": "coder-k8s",
              "app.kubernetes.io/name": "coder-control-plane",
            },
          },
          spec: { containers: [{ name: "other", image: "example.com/other:1" }] },
        },
      },
    },
  ], namespace);
}

Deno.test("a whole life under the shipped RBAC is refused nothing and leaves no right unused", async () => {
  await using cluster = await startCluster({ name: "rights" });
  const { kubeconfig } = await installRights(cluster, SHAPE);
  // A new garbage collector knows our kinds from its start; another learns of them within half a minute.
  await cluster.restart("controller-manager");
  await using scene = await startScene("rights", cluster);
  const { namespace, faults } = scene;
  const coderd = await sharedCoderd();
  await coderd.firstUser();
  await using fake = await startFakeCoder();
  await installGatewayApi(cluster);
  // One that is there is written to, one that is not is created.
  await cluster.apply({ apiVersion: "v1", kind: "Secret", metadata: { name: SERVING } }, "coder-system");
  const [port, mcpPort, metricsPort] = [await freePort(), await freePort(), await freePort()];
  const metrics = `127.0.0.1:${metricsPort}`;
  const mark = await cluster.audit.mark();
  // A server without WatchList is asked for lists.
  const old = faults.answer(422, { watch: true, when: ({ query }) => query.has("sendInitialEvents") });
  const coders = `${namespace}/${VISITED}=${coderd.url},${namespace}/${LICENSED}=${fake.url}`;
  const start = async (account: Account, flags: Record<string, string>) =>
    await scene.operator({
      kubeconfig: await kubeconfig(account, faults),
      flags: { "control-plane-endpoint": coders, ...flags },
    });
  const parts: LocalOperator[] = [];
  try {
    const started = await Promise.allSettled([
      start("operator", {
        app: "controller",
        "metrics-bind-address": metrics,
        "metrics-access": "protected",
      }),
      start("apiserver", {
        app: "aggregated-apiserver",
        "aggregated-bind-address": `127.0.0.1:${port}`,
      }),
      start("mcp", {
        app: "mcp-http",
        "mcp-bind-address": `127.0.0.1:${mcpPort}`,
        "mcp-namespaces": namespace,
      }),
    ]);
    for (const each of started) if (each.status === "fulfilled") parts.push(each.value);
    for (const each of started) if (each.status === "rejected") throw each.reason;
    await register(cluster, port);
    await waitFor(async () => (await cluster.find(APISERVICE))?.spec.caBundle, { what: "the bundle" });
    old.remove();
    const token = await cluster.serviceAccountToken({ namespace, name: "default" });
    const scrape = await fetch(`http://${metrics}/metrics`, {
      headers: { authorization: `Bearer ${token}` },
    });
    await scrape.body?.cancel();
    assert.equal(scrape.status, 403);
    await agedKeys(cluster);
    await stranger(scene, port);
    await namelessPlace(scene);
    await surroundings(scene);
    await fullLife(scene);
    await adoption(scene);
    await lostRace(scene);
    await foreignCleanUp(scene);
    await rightsElsewhere(scene);
    await upgrades(scene);
    await visits(scene, coderd);
    const mcp = { url: `http://127.0.0.1:${mcpPort}/mcp`, kubeconfig: await kubeconfig("mcp") };
    await daemons(scene, fake, () => assistant(scene, mcp, `${namespace}/${LICENSED}`));
    await leftovers(scene);
  } finally {
    // Events that are still waiting are sent at the end.
    await cluster.request("DELETE", APISERVICE).catch(() => {});
    await Promise.all(parts.map((part) => part.stop()));
  }
  const view = await cluster.audit.since(mark);
  const objects = await rendered(SHAPE);
  const unused: { right: string; whose: string }[] = [];
  for (const user of [ACCOUNTS.operator, ACCOUNTS.apiserver, ACCOUNTS.mcp]) {
    assert.deepEqual(view.denied(user).map(deedOf), [], `what ${user} was refused`);
    for (const grant of grantsOf(objects, user)) {
      const whose = `${grant.role} of ${user}`;
      unused.push(...view.rightsNeverUsed(user, [grant]).map((right) => ({ right, whose })));
    }
  }
  const excused = (right: string) => NEVER_SEEN.some((each) => each.right.test(right));
  const left = unused.filter(({ right }) => !excused(right));
  assert.deepEqual(left.map(({ right, whose }) => `${right} (${whose})`), []);
  for (const { right, why } of NEVER_SEEN) {
    const isSeen = unused.some((each) => right.test(each.right));
    assert.ok(isSeen, `the exception ${right} (${why}) is one no more`);
  }
  for (const part of parts) {
    assert.deepEqual(part.failures().filter(({ msg }) => msg !== "reconcile failed, trying again"), []);
  }
});

/** Who comes to the aggregated API's own port with a token is looked at there, and refused where RBAC says so. */
async function stranger({ cluster, namespace }: Scene, port: number): Promise<void> {
  const token = await cluster.serviceAccountToken({ namespace, name: "default" });
  const path = `${API_ROOT}/namespaces/${namespace}/coderworkspaces`;
  assert.equal((await askDirectly({ cluster, replica: { port } }, path, { as: { token } })).status, 403);
}

/** Who creates something through the API server in a namespace that is not there is told so. */
async function namelessPlace({ cluster }: Scene): Promise<void> {
  const path = `${API_ROOT}/namespaces/nobody-made-it/coderworkspaces`;
  const body = JSON.stringify({
    apiVersion: "aggregation.coder.com/v1alpha1",
    kind: "CoderWorkspace",
    metadata: { name: "coder.admin.dev" },
    spec: { templateName: "docker" },
  });
  await waitFor(async () => {
    const headers = { "content-type": "application/json" };
    const { status, text } = await ask(cluster, path, { method: "POST", headers, body });
    if (status === 404 && text.includes('namespaces \\"nobody-made-it\\" not found')) return true;
    throw new Error(`${status}: ${text}`);
  }, { what: "the missing namespace to be named", timeoutMs: 60_000 });
}

/** Made, with values of others, changed, its ServiceAccount renamed and given up, mended, deleted. */
async function fullLife(scene: Scene): Promise<void> {
  const { cluster } = scene;
  await scene.create("full", {
    envFrom: [{ secretRef: { name: "env" } }, { configMapRef: { name: "env" } }],
  });
  await scene.settled("full");
  for (let i = 0; i < 2; i++) {
    await cluster.request("DELETE", scene.path("services", "full"));
    await scene.settled("full");
  }
  await scene.change("full", { spec: { serviceAccount: { name: "renamed" } } });
  await waitFor(async () => await cluster.find(scene.path("serviceaccounts", "full")) === undefined, {
    what: "the ServiceAccount of the old name to go",
  });
  await scene.change("full", { spec: { serviceAccount: { disableCreate: true } } });
  await waitFor(async () => {
    const account = await cluster.find(scene.path("serviceaccounts", "renamed"));
    return account !== undefined && account.metadata.ownerReferences === undefined;
  }, { what: "the ServiceAccount to be let go" });
  await scene.change("full", { spec: { extraEnv: [{ name: "TEST_A", value: "1" }] } });
  await scene.condition("full", "Ready", "True");
  await scene.remove("full");
  await scene.gone("full");
}

async function adoption(scene: Scene): Promise<void> {
  await inTheWay(scene, "adopted");
  await scene.create("adopted");
  await scene.condition("adopted", "Degraded", "True", "ForeignObject");
  for (const resource of ["serviceaccounts", "services", "deployments"]) {
    const metadata = { annotations: { "coder.com/adopt": "adopted" } };
    await scene.cluster.request("PATCH", scene.path(resource, "adopted"), { metadata });
  }
  // Objects without our label wake nobody.
  await scene.change("adopted", { spec: { replicas: 1 } });
  await scene.settled("adopted");
  const { role, binding } = furtherChildren(scene, "adopted");
  await becomes(scene, role, "owned");
  await becomes(scene, binding, "owned");
  await waysAndBudgets(scene, "adopted");
  await scene.settled("adopted");
}

/** A status that is written on an old version of the object is written again on the live one. */
async function lostRace(scene: Scene): Promise<void> {
  const frozen = scene.faults.freeze({ watch: true, resource: "codercontrolplanes" });
  await scene.change("adopted", { metadata: { labels: { unseen: "true" } } });
  await scene.cluster.request("DELETE", scene.path("deployments", "adopted"));
  await waitFor(() => scene.faults.count({ verb: "get", resource: "codercontrolplanes" }) > 0, {
    what: "the live object to be read",
  });
  frozen.remove();
  await scene.settled("adopted");
}

/** Rights that a Go operator granted in another namespace. */
async function foreignCleanUp(scene: Scene): Promise<void> {
  const finalizers = ["coder.com/workspace-rbac-cleanup"];
  const plane = await scene.create("granting", {}, { finalizers });
  const rights = await workspaceRights(scene, plane);
  await scene.settled("granting");
  await scene.remove("granting");
  await scene.gone("granting");
  assert.deepEqual(await rights.left(), []);
}

/** Children of an earlier control plane are in the way, while nobody collects garbage. */
async function leftovers(scene: Scene): Promise<void> {
  await scene.create("again", { replicas: 0 });
  await scene.settled("again");
  try {
    await scene.cluster.kill("controller-manager");
    await scene.removed("again");
    await scene.create("again", { replicas: 0 });
    await scene.settled("again");
  } finally {
    await scene.cluster.start("controller-manager");
  }
}
