/** The product in named namespaces: it works there, is refused nothing, and has no rights on anything elsewhere. */
import assert from "node:assert/strict";
import { API_ROOT, API_SERVICE, available, register } from "../aggregated/app_rig.ts";
import { ask } from "../aggregated/asking.ts";
import { deedOf } from "../cluster/audit.ts";
import { type Cluster, startCluster, waitFor } from "../cluster/mod.ts";
import { may } from "../deploy/access.ts";
import { addWorkspace, startFakeCoder } from "../fake-coder/mod.ts";
import { agedKeys, assistant } from "../faults/life_assistant.ts";
import { Scene } from "../faults/scene.ts";
import { freePort } from "../operator/process.ts";
import { ACCOUNTS, grantsOf, rendered } from "./grants.ts";
import { installRights } from "./install.ts";

const SHAPE = "overlays/namespaced";
const APISERVICE = `/apis/apiregistration.k8s.io/v1/apiservices/${API_SERVICE}`;
/** Where the product works: the one of the component, and one that an administrator has added. */
const [HOME, SECOND, FOREIGN] = ["coder", "second", "foreign"] as const;

/** What the account may do in all namespaces. */
async function everywhere(): Promise<string[]> {
  const grants = grantsOf(await rendered(SHAPE), ACCOUNTS.operator).filter(({ namespace }) =>
    namespace === undefined
  );
  return grants.flatMap(({ resources = [], apiGroups = [], verbs, resourceNames = [] }) =>
    resources.flatMap((resource) =>
      verbs.map((verb) => [verb, `${resource}.${apiGroups.join()}`, ...resourceNames].join(" "))
    )
  ).sort();
}

Deno.test("in namespaces by name, nothing of the whole cluster is granted but what has no namespace", async () => {
  assert.deepEqual(await everywhere(), [
    "create subjectaccessreviews.authorization.k8s.io",
    "create tokenreviews.authentication.k8s.io",
    "get apiservices.apiregistration.k8s.io v1alpha1.aggregation.coder.com",
    "list customresourcedefinitions.apiextensions.k8s.io",
    "patch apiservices.apiregistration.k8s.io v1alpha1.aggregation.coder.com",
    "watch customresourcedefinitions.apiextensions.k8s.io",
  ]);
});

/** As docs/how-to/multi-tenant-rights.md has it. */
async function addNamespace(cluster: Cluster, namespace: string): Promise<void> {
  const roles = { "coder-k8s": "manager-role", "coder-k8s-aggregation": "", "coder-k8s-mcp": "" };
  for (const [name, role] of Object.entries(roles)) {
    const account = "--serviceaccount=coder-system:coder-k8s";
    const clusterRole = `--clusterrole=${role || name}`;
    await cluster.kubectl(["create", "rolebinding", name, "-n", namespace, clusterRole, account]);
  }
  await waitFor(() => may(cluster, ACCOUNTS.operator, { verb: "get", resource: "namespaces", namespace }), {
    what: `the rights in ${namespace} to be in force`,
  });
}

/** A control plane whose Coder is reached with the token of an owner. */
async function addControlPlane(cluster: Cluster, namespace: string, token: string): Promise<void> {
  await cluster.apply([
    { apiVersion: "v1", kind: "Secret", metadata: { name: "owner" }, stringData: { token } },
    {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      metadata: { name: "coder" },
      spec: {
        operatorAccess: { bootstrapTokenSecretRef: { name: "owner" } },
        rbac: { workspaceNamespaces: namespace === HOME ? [SECOND] : [FOREIGN] },
      },
    },
  ], namespace);
}

Deno.test("in namespaces by name, the whole product works under rights that end there", async (t) => {
  await using cluster = await startCluster({ name: "namespaced" });
  for (const name of [HOME, SECOND, FOREIGN]) {
    await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
  const { kubeconfig } = await installRights(cluster, SHAPE);
  await addNamespace(cluster, SECOND);
  // One that is there is written to.
  const serving = { apiVersion: "v1", kind: "Secret", metadata: { name: "coder-k8s-apiserver-tls" } };
  await cluster.apply(serving, "coder-system");
  await using fake = await startFakeCoder();
  fake.state.environment.set("CODER_ACCESS_URL", "https://coder.example.com");
  const { user, token } = fake.state.addOwner();
  addWorkspace(fake.state, user, "box");
  const [port, mcpPort] = [await freePort(), await freePort()];
  const faults = await cluster.newFaults();
  await using scene = new Scene(cluster, HOME, faults, await kubeconfig("operator", faults));
  const places = [HOME, SECOND, FOREIGN];
  const mark = await cluster.audit.mark();
  // A server without WatchList is asked for lists.
  const old = faults.answer(422, { watch: true, when: ({ query }) => query.has("sendInitialEvents") });
  const operator = await scene.operator({
    flags: {
      app: "all",
      namespace: `${HOME},${SECOND}`,
      "aggregated-bind-address": `127.0.0.1:${port}`,
      "mcp-bind-address": `127.0.0.1:${mcpPort}`,
      "mcp-namespaces": `${HOME},${SECOND}`,
      "coder-poll-interval": "1s",
      "workspace-namespaces": `${SECOND},${FOREIGN}`,
      "control-plane-endpoint": places.map((each) => `${each}/coder=${fake.url}`).join(),
    },
  });
  const workspaces = (namespace?: string) =>
    `${API_ROOT}${namespace === undefined ? "" : `/namespaces/${namespace}`}/coderworkspaces`;
  const namesIn = async (namespace?: string): Promise<string[]> =>
    (await cluster.request("GET", workspaces(namespace))).items.map(
      // deno-lint-ignore no-explicit-any -- objects as sent
      ({ metadata }: any) => `${metadata.namespace}/${metadata.name}`,
    ).sort();
  try {
    await register(cluster, port);
    await available(cluster);
    old.remove();
    await agedKeys(cluster);

    await t.step("control planes come up where it works, and are left alone elsewhere", async () => {
      for (const place of places) await addControlPlane(cluster, place, token);
      await scene.settled("coder");
      await scene.condition("coder", "OperatorAccess", "True");
      const second = `/apis/apps/v1/namespaces/${SECOND}/deployments/coder`;
      await waitFor(() => cluster.find(second), { what: "the second Deployment", timeoutMs: 60_000 });
      const foreign = `/apis/coder.com/v1alpha1/namespaces/${FOREIGN}/codercontrolplanes/coder`;
      assert.equal((await cluster.request("GET", foreign)).status, undefined);
      const given = async (namespace: string): Promise<string[]> =>
        (await cluster.request("GET", `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles`))
          .items
          // deno-lint-ignore no-explicit-any -- objects as sent
          .map(({ metadata }: any) => metadata.labels?.["coder.com/control-plane-namespace"] ?? "");
      await waitFor(async () => (await given(SECOND)).includes(HOME), {
        what: "rights for workspaces in the second namespace",
        timeoutMs: 60_000,
      });
      assert.deepEqual(await given(FOREIGN), []);
      assert.equal(await cluster.find(`/apis/apps/v1/namespaces/${FOREIGN}/deployments/coder`), undefined);
    });

    await t.step("who refers to a control plane elsewhere is told that there is none", async () => {
      const spec = { controlPlaneRef: { name: "coder", namespace: FOREIGN } };
      const [apiVersion, metadata] = ["coder.com/v1alpha1", { name: "far" }];
      await cluster.apply([
        { apiVersion, kind: "CoderProvisioner", metadata, spec },
        { apiVersion, kind: "CoderWorkspaceProxy", metadata, spec },
      ], HOME);
      for (const kind of ["coderprovisioners", "coderworkspaceproxies"]) {
        const path = `/apis/coder.com/v1alpha1/namespaces/${HOME}/${kind}/far`;
        await waitFor(async () => {
          const told = JSON.stringify((await cluster.request("GET", path)).status?.conditions ?? []);
          return /foreign/.test(told) || Promise.reject(new Error(told));
        }, { what: `${kind} to say so`, timeoutMs: 60_000 });
        await cluster.request("DELETE", path);
        const isGone = async () => await cluster.find(path) === undefined;
        await waitFor(isGone, { what: `${kind} to go`, timeoutMs: 150_000 });
      }
    });

    await t.step(
      "workspaces are shown and changed there, a list of all namespaces has these alone",
      async () => {
        const name = `coder.${user.username}.box`;
        const [home, second] = [`${HOME}/${name}`, `${SECOND}/${name}`];
        await waitFor(async () => (await namesIn()).join() === [home, second].join(), {
          what: "the workspaces of two namespaces",
          timeoutMs: 60_000,
        });
        assert.deepEqual(await namesIn(FOREIGN), []);
        for (const tier of ["one", "two"]) {
          const change = { metadata: { labels: { tier } } };
          const { metadata } = await cluster.request("PATCH", `${workspaces(SECOND)}/${name}`, change);
          assert.equal(metadata.labels.tier, tier);
        }
      },
    );

    await t.step("who makes something elsewhere is told that nothing is served there", async () => {
      const body = JSON.stringify({
        apiVersion: "aggregation.coder.com/v1alpha1",
        kind: "CoderWorkspace",
        metadata: { name: `coder.${user.username}.other` },
        spec: { templateName: "docker" },
      });
      const headers = { "content-type": "application/json" };
      const { status, text } = await ask(cluster, workspaces(FOREIGN), { method: "POST", headers, body });
      assert.equal(status, 400, text);
      assert.match(text, /namespace foreign has no Coder/);
    });

    await t.step("AI clients are answered", async () => {
      const mcp = { url: `http://127.0.0.1:${mcpPort}/mcp`, kubeconfig: await kubeconfig("operator") };
      await assistant(scene, mcp, `${HOME}/coder`);
    });

    await t.step("a namespace of others ends as if the product were not there", async () => {
      const plane = `/apis/coder.com/v1alpha1/namespaces/${FOREIGN}/codercontrolplanes/coder`;
      await cluster.request("DELETE", plane);
      await cluster.request("DELETE", `/api/v1/namespaces/${FOREIGN}`);
      await waitFor(async () => await cluster.find(`/api/v1/namespaces/${FOREIGN}`) === undefined, {
        what: "the namespace to go",
        timeoutMs: 180_000,
      });
    });

    await t.step("control planes go with all that was made for them", async () => {
      await cluster.request(
        "DELETE",
        `/apis/coder.com/v1alpha1/namespaces/${SECOND}/codercontrolplanes/coder`,
      );
      await scene.remove("coder");
      await scene.gone("coder");
    });
  } finally {
    await cluster.request("DELETE", APISERVICE).catch(() => {});
    await operator.stop();
  }
  const view = await cluster.audit.since(mark);
  assert.deepEqual(view.denied(ACCOUNTS.operator).map(deedOf), []);
  assert.deepEqual(operator.failures(), []);
});

Deno.test("rights of named namespaces reach nothing of others", async () => {
  const cluster = await startCluster({ name: "reach", nodes: 1 });
  await using _cluster = cluster;
  await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: HOME } });
  // What was granted in all namespaces before is taken away by the same command.
  await installRights(cluster, "overlays/all");
  const wide = { verb: "list", resource: "secrets" };
  await waitFor(() => may(cluster, ACCOUNTS.operator, wide), { what: "rights on all Secrets" });
  await installRights(cluster, SHAPE);
  await waitFor(async () => !await may(cluster, ACCOUNTS.operator, wide), {
    what: "rights on all Secrets to go",
  });
  for (const resource of ["secrets", "configmaps", "pods", "services", "namespaces"]) {
    for (const verb of ["get", "list", "watch", "create", "patch", "delete"]) {
      const inHome = await may(cluster, ACCOUNTS.operator, { verb, resource, namespace: HOME });
      const elsewhere = await may(cluster, ACCOUNTS.operator, { verb, resource, namespace: "default" });
      assert.equal(elsewhere, false, `${verb} ${resource} in default`);
      if (resource === "secrets") assert.equal(inHome, true, `${verb} ${resource} in ${HOME}`);
    }
  }
});
