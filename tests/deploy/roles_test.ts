import { deepEqual, equal, match } from "node:assert/strict";
import { createAuthorizer, createWorkspaceSight, type KubeUser } from "../../src/identity/mod.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { type Cluster, startCluster, waitFor } from "../cluster/mod.ts";
import { type Deed, groupsOf, may } from "./access.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const OPERATOR = "system:serviceaccount:coder-system:coder-k8s";
const GARBAGE_COLLECTOR = "system:serviceaccount:kube-system:generic-garbage-collector";
const group = "aggregation.coder.com";
const NAMESPACE = "team";

/** Which of `deeds` somebody may not do, or, with `expected` false, may. */
async function surprises(cluster: Cluster, user: string, expected: boolean, deeds: readonly Deed[]) {
  const answers = await Promise.all(
    deeds.map(async (deed) => (await may(cluster, user, deed)) === expected ? [] : [{ user, ...deed }]),
  );
  return answers.flat();
}

/** Waits until somebody may do all of `deeds`: roles, bindings and what is put together of them come one by one. */
async function granted(cluster: Cluster, user: string, deeds: readonly Deed[]): Promise<void> {
  await waitFor(async () => {
    deepEqual(await surprises(cluster, user, true, deeds), []);
    return true;
  }, { what: `${user} to have its rights` });
}

/** A user of one of Kubernetes' own roles in the namespace. */
async function bind(cluster: Cluster, role: string, user = role): Promise<void> {
  await cluster.apply({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: user },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
  }, NAMESPACE);
}

Deno.test("the roles that are shipped give operator and users what is documented, and no more", async (t) => {
  // One of its own: an APIService without a server would hold up the namespaces of all other tests.
  await using cluster = await startCluster({ nodes: 1 });
  await cluster.kubectl(["apply", "-k", `${root}/deploy`]);
  await cluster.request("POST", "/api/v1/namespaces", { metadata: { name: NAMESPACE } });
  for (const role of ["view", "edit", "admin", "cluster-admin"]) await bind(cluster, role);
  await bind(cluster, "coder-k8s-workspaces-view", "reader");
  const one = { group, resource: "coderworkspaces", namespace: NAMESPACE, name: "acme.jane.box" };
  await waitFor(() => may(cluster, "admin", { ...one, verb: "get" }), { what: "the roles to be aggregated" });

  await t.step(
    "the server may keep its certificate, its Secret and its APIService, and those alone",
    async () => {
      const secret = { resource: "secrets", namespace: "coder-system" };
      const tls = { ...secret, name: "coder-k8s-apiserver-tls" };
      const services = { group: "apiregistration.k8s.io", resource: "apiservices" };
      const own = { ...services, name: `v1alpha1.${group}` };
      const authentication = {
        resource: "configmaps",
        namespace: "kube-system",
        name: "extension-apiserver-authentication",
      };
      await granted(
        cluster,
        OPERATOR,
        [
          { ...secret, verb: "create" },
          { ...tls, verb: "get" },
          { ...tls, verb: "update" },
          { ...own, verb: "get" },
          { ...own, verb: "patch" },
          { ...authentication, verb: "list" },
          { ...authentication, verb: "watch" },
          { verb: "create", group: "authentication.k8s.io", resource: "tokenreviews" },
          { verb: "create", group: "authorization.k8s.io", resource: "subjectaccessreviews" },
        ],
      );
      deepEqual(
        await surprises(cluster, OPERATOR, false, [
          { ...secret, verb: "update", name: "another" },
          { ...tls, verb: "update", namespace: "kube-system" },
          { ...services, verb: "get", name: "v1.apps" },
          { ...services, verb: "patch", name: "v1.apps" },
          ...["create", "update", "delete"].map((verb) => ({ ...own, verb })),
          { ...services, verb: "list" },
          { verb: "impersonate", resource: "users" },
        ]),
        [],
      );
    },
  );

  await t.step(
    "view, edit and admin read workspaces, templates and their logs, in their namespace",
    async () => {
      const reading: Deed[] = ["coderworkspaces", "codertemplates"].flatMap((resource) => [
        ...["get", "list", "watch"].map((verb) => ({ group, resource, namespace: NAMESPACE, verb })),
        ...["status", "log"].map((part) => ({
          group,
          resource: `${resource}/${part}`,
          namespace: NAMESPACE,
          verb: "get",
        })),
      ]);
      for (const user of ["reader", "view", "edit", "admin"]) {
        await granted(cluster, user, reading);
        deepEqual(
          await surprises(cluster, user, false, [
            ...reading.map((deed) => ({ ...deed, namespace: "default" })),
            { group, resource: "coderworkspaces", verb: "list" },
          ]),
          [],
        );
      }
      deepEqual(await surprises(cluster, "nobody", false, reading), []);
    },
  );

  const VERBS = ["create", "update", "patch", "delete", "deletecollection"];
  const kinds = ["coderworkspaces", "codertemplates"];
  const writing: Deed[] = VERBS.flatMap((verb) =>
    kinds.map((resource) => ({ group, resource, namespace: NAMESPACE, verb }))
  );

  await t.step(
    "edit and admin change workspaces and templates, in their namespace, and view does not",
    async () => {
      for (const user of ["edit", "admin"]) {
        await granted(cluster, user, writing);
        deepEqual(
          await surprises(cluster, user, false, writing.map((deed) => ({ ...deed, namespace: "default" }))),
          [],
        );
      }
      for (const user of ["reader", "view", "nobody"]) {
        deepEqual(await surprises(cluster, user, false, writing), []);
      }
      await bind(cluster, "coder-k8s-workspaces-edit", "writer");
      await granted(cluster, "writer", writing);
      equal(
        await may(cluster, "writer", { ...one, verb: "get" }),
        false,
        "who changes does not read by that",
      );
    },
  );

  await t.step("editors may do with them what they may with what Kubernetes has built in", async () => {
    for (const user of ["view", "edit", "admin"]) {
      for (const verb of VERBS) {
        const builtIn = { resource: "configmaps", namespace: NAMESPACE, verb };
        const expected = await may(cluster, user, builtIn);
        for (const resource of kinds) {
          equal(await may(cluster, user, { ...builtIn, group, resource }), expected, `${user} ${verb}`);
        }
      }
    }
  });

  await t.step("no role grants what is not served", async () => {
    const unserved = VERBS.flatMap((verb) =>
      kinds.flatMap((kind) =>
        ["status", "log"].map((part) => ({
          group,
          resource: `${kind}/${part}`,
          namespace: NAMESPACE,
          verb,
        }))
      )
    );
    for (const user of ["reader", "view", "edit", "admin"]) {
      deepEqual(await surprises(cluster, user, false, unserved), []);
    }
  });

  await t.step(
    "the server may keep what Coder has no place for, and look at namespaces without changing them",
    async () => {
      const kept = { resource: "configmaps", namespace: NAMESPACE };
      deepEqual(
        await surprises(cluster, OPERATOR, true, [
          ...["get", "list", "watch", "create", "update", "delete"].map((verb) => ({ ...kept, verb })),
          ...["get", "list", "watch"].map((verb) => ({ verb, resource: "namespaces" })),
        ]),
        [],
      );
      deepEqual(
        await surprises(cluster, OPERATOR, false, [
          ...["patch", "deletecollection"].map((verb) => ({ ...kept, verb })),
          ...["create", "update", "patch", "delete"].map((verb) => ({ verb, resource: "namespaces" })),
          // Who asks changes Coder through the server, and the server nothing through the API server.
          ...writing,
        ]),
        [],
      );
    },
  );

  const operator = createRestClient({
    connection: loadKubeConfig({
      kubeconfig: await cluster.serviceAccountKubeconfig({ namespace: "coder-system", name: "coder-k8s" }),
    }),
  });
  try {
    const authorize = createAuthorizer({ client: operator, allowedMs: 0, deniedMs: 0 });
    const sight = createWorkspaceSight(authorize, { mapping: "username" });
    const sees = async (user: string, namespace: string | undefined = NAMESPACE) =>
      (await sight(userOf(user), namespace)).sees;

    await t.step("admins see the workspaces of all, and those who view or edit their own", async () => {
      equal(await sees("cluster-admin"), "all");
      equal(await sees("admin"), "all");
      for (const user of ["edit", "view", "reader", "nobody"]) equal(await sees(user), "own", user);
      equal(await sees("admin", "default"), "own", "for the namespace alone");
      equal((await sight(userOf("admin"), undefined)).sees, "own", "and not for all namespaces at once");
    });

    await t.step("the garbage collector sees every owner that it looks for", async () => {
      for (const user of [GARBAGE_COLLECTOR, "system:kube-controller-manager"]) {
        equal(await sees(user), "all", user);
        equal((await sight(userOf(user), undefined)).sees, "all", user);
        equal(await may(cluster, user, { group, resource: "coderworkspaces", verb: "list" }), true, user);
      }
      equal(await may(cluster, GARBAGE_COLLECTOR, { ...one, verb: "get" }), true);
    });

    await t.step("with the optional file whoever reads sees all, and nobody reads more", async () => {
      const file = `${root}/deploy/components/see-all-workspaces/rbac.yaml`;
      await cluster.kubectl(["apply", "-f", file]);
      await waitFor(async () => await sees("view") === "all", { what: "the binding to count" });
      for (const user of ["edit", "reader"]) equal(await sees(user), "all", user);
      equal((await sight(userOf("view"), undefined)).sees, "all");
      equal(await may(cluster, "nobody", { ...one, verb: "get" }), false);
      equal(await may(cluster, "view", { ...one, verb: "get", namespace: "default" }), false);
      await cluster.kubectl(["delete", "-f", file]);
      await waitFor(async () => await sees("view") === "own", { what: "the binding to count no more" });
    });
  } finally {
    operator.close();
  }

  await t.step(
    "a registration without a server holds up a namespace, and lets it go when it goes",
    async () => {
      const going = `/api/v1/namespaces/${NAMESPACE}`;
      await cluster.request("DELETE", going);
      const held = await waitFor(async () => {
        const { status } = await cluster.request("GET", going);
        return status.conditions?.find(({ type, status }: { type: string; status: string }) =>
          type === "NamespaceDeletionDiscoveryFailure" && status === "True"
        );
      }, { what: "the namespace to be held up", timeoutMs: 120_000 });
      match(held.message, /aggregation\.coder\.com\/v1alpha1/);
      await cluster.kubectl(["delete", "-f", `${root}/deploy/base/apiservice.yaml`]);
      await waitFor(async () => await cluster.find(going) === undefined, {
        what: "the namespace to go",
        timeoutMs: 240_000,
      });
    },
  );
});

function userOf(name: string): KubeUser {
  return { name, groups: groupsOf(name), extra: {} };
}
