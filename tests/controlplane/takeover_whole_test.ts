/** A whole installation of the Go operator, with access, workspace RBAC and an Ingress, is taken over in place. */
import assert from "node:assert/strict";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { operatorTokenName, workspaceScopeHash } from "../../src/workload/names.ts";
import { type Coderd, sharedCoderd } from "../coder/mod.ts";
import { waitFor } from "../cluster/mod.ts";
import { goInstallation } from "./go_operator.ts";
import { type Rig, startRig } from "./rig.ts";

const MANAGER = "manager";
const RBAC = "/apis/rbac.authorization.k8s.io/v1";

function letters(count: number): string {
  return randomBytes(count).toString("hex").slice(0, count);
}

/** The operator's user and token as the Go operator writes them into Coder's database; the token. */
async function goToken(coderd: Coderd, namespace: string): Promise<string> {
  const [id, secret] = [letters(10), letters(22)];
  const rows = await coderd.sql(
    "select id from users where lower(username) = 'coder-k8s-operator' and not deleted",
  );
  const user = rows[0]?.["id"] ?? randomUUID();
  if (rows.length === 0) {
    await coderd.sql(
      `insert into users (id, email, username, name, hashed_password, created_at, updated_at, rbac_roles, login_type,
         status, is_system)
       values (:'id', 'coder-k8s-operator@coder-k8s.invalid', 'coder-k8s-operator', 'coder-k8s-operator', 'none', now(),
         now(), '{owner}', 'none', 'active', true)`,
      { params: { id: user } },
    );
  }
  await coderd.sql(
    `insert into organization_members (user_id, organization_id, created_at, updated_at, roles)
     select :'id', id, now(), now(), '{organization-admin}' from organizations where not deleted
     on conflict do nothing`,
    { params: { id: user } },
  );
  await coderd.sql(
    `insert into api_keys (id, hashed_secret, user_id, last_used, expires_at, created_at, updated_at, login_type,
       lifetime_seconds, ip_address, token_name, scopes, allow_list)
     values (:'key', decode(:'hash', 'hex'), :'user', now(), now() + interval '365 days', now(), now(), 'token',
       31536000, '0.0.0.0', :'name', '{coder:all}', '{*:*}')`,
    {
      params: {
        key: id,
        hash: createHash("sha256").update(secret).digest("hex"),
        user,
        name: operatorTokenName(namespace, "coder"),
      },
    },
  );
  return `${id}-${secret}`;
}

/** What surrounds the workload of such an installation. */
async function goSurroundings(rig: Rig, other: string, token: string): Promise<void> {
  const plane = await rig.controlPlane("coder");
  const uid = plane?.metadata.uid ?? "";
  const labels = {
    "app.kubernetes.io/instance": "coder",
    "app.kubernetes.io/managed-by": "coder-k8s",
    "app.kubernetes.io/name": "coder-control-plane",
  };
  const owner = {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    name: "coder",
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
  await rig.send("POST", "v1/secrets", {
    metadata: { name: "coder-operator-token", labels, ownerReferences: [owner] },
    type: "Opaque",
    stringData: { token },
  }, MANAGER);
  await rig.send("POST", "networking.k8s.io/v1/ingresses", {
    metadata: {
      name: "coder",
      labels,
      ownerReferences: [owner],
      annotations: { "from/spec": "1", "from/other": "2" },
    },
    spec: {
      ingressClassName: "nginx",
      rules: [{
        host: "coder.example.com",
        http: {
          paths: [{
            path: "/",
            pathType: "Prefix",
            backend: { service: { name: "coder", port: { number: 80 } } },
          }],
        },
      }],
    },
  }, MANAGER);
  const scope = workspaceScopeHash(rig.namespace, "coder");
  const rbacLabels = {
    ...labels,
    "coder.com/control-plane": "coder",
    "coder.com/control-plane-namespace": rig.namespace,
  };
  const verbs = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
  for (const namespace of [rig.namespace, other]) {
    const own = namespace === rig.namespace ? { ownerReferences: [owner] } : {};
    const metadata = {
      labels: rbacLabels,
      annotations: { "coder.com/workspace-rbac-owner-uid": uid },
      ...own,
    };
    await rig.cluster.request("POST", `${RBAC}/namespaces/${namespace}/roles?fieldManager=${MANAGER}`, {
      metadata: { ...metadata, name: `coder-${scope}-workspace-perms` },
      rules: [
        { apiGroups: [""], resources: ["pods"], verbs },
        { apiGroups: [""], resources: ["persistentvolumeclaims"], verbs },
        { apiGroups: ["apps"], resources: ["deployments"], verbs },
      ],
    });
    await rig.cluster.request(
      "POST",
      `${RBAC}/namespaces/${namespace}/rolebindings?fieldManager=${MANAGER}`,
      {
        metadata: { ...metadata, name: `coder-${scope}` },
        roleRef: {
          apiGroup: "rbac.authorization.k8s.io",
          kind: "Role",
          name: `coder-${scope}-workspace-perms`,
        },
        subjects: [{ kind: "ServiceAccount", name: "coder", namespace: rig.namespace }],
      },
    );
  }
}

Deno.test("a whole installation is taken over: no pod restarted, no token rotated, no stale field", async () => {
  const coderd = await sharedCoderd();
  await coderd.firstUser();
  const rig = await startRig("whole");
  const other = await rig.cluster.newNamespace("whole-other");
  const extraEnv = [{ name: "CODER_PG_CONNECTION_URL", value: coderd.databaseUrl }];
  await goInstallation(rig, { manager: MANAGER, extraEnv });
  const token = await goToken(coderd, rig.namespace);
  await goSurroundings(rig, other, token);
  await rig.change("coder", {
    spec: {
      rbac: { workspaceNamespaces: [other] },
      expose: {
        ingress: { className: "nginx", host: "coder.example.com", annotations: { "from/spec": "1" } },
      },
    },
  });
  await waitFor(async () => (await rig.get("apps/v1/deployments/coder")).status?.availableReplicas === 1, {
    what: "the pod of the Go operator",
  });
  // The Go operator had seen this spec, too.
  const live = await rig.controlPlane("coder");
  await rig.send("PUT", "coder.com/v1alpha1/codercontrolplanes/coder/status", {
    ...live,
    status: { ...live?.status, observedGeneration: live?.metadata.generation },
  }, MANAGER);

  const template = JSON.stringify((await rig.get("apps/v1/deployments/coder")).spec.template);
  // deno-lint-ignore no-explicit-any -- objects as sent
  const pods = async () => (await rig.get("v1/pods")).items.map((pod: any) => pod.metadata.uid).sort();
  const keys = () =>
    coderd.sql(
      `select id, encode(hashed_secret, 'hex') as hash, created_at, expires_at, token_name from api_keys
       where token_name like :'name' || '%'`,
      { params: { name: operatorTokenName(rig.namespace, "coder") } },
    );
  const user = () =>
    coderd.sql("select id, email, rbac_roles, updated_at from users where username = 'coder-k8s-operator'");
  const before = { pods: await pods(), keys: await keys(), user: await user() };
  const scope = workspaceScopeHash(rig.namespace, "coder");
  const role = () =>
    rig.cluster.request("GET", `${RBAC}/namespaces/${other}/roles/coder-${scope}-workspace-perms`);
  const rules = JSON.stringify((await role()).rules);

  await using operator = await rig.operator({ endpoints: { coder: coderd.url } });
  await rig.ready("coder");
  await rig.condition("coder", "OperatorAccess", "True");
  await operator.again("coder");

  assert.equal(JSON.stringify((await rig.get("apps/v1/deployments/coder")).spec.template), template);
  assert.deepEqual({ pods: await pods(), keys: await keys(), user: await user() }, before);
  const secret = await rig.get("v1/secrets/coder-operator-token");
  assert.equal(atob(secret.data.token), token);
  const { status } = (await rig.controlPlane("coder"))!;
  assert.equal(status?.operatorAccessReady, true);
  assert.deepEqual(status?.operatorTokenSecretRef, { name: "coder-operator-token", key: "token" });
  assert.equal(
    JSON.stringify((await role()).rules),
    rules,
    "rights in the other namespace are what they were",
  );

  const ingress = await rig.get("networking.k8s.io/v1/ingresses/coder");
  assert.equal(ingress.metadata.annotations["from/spec"], "1");
  for (
    const path of [
      "networking.k8s.io/v1/ingresses/coder",
      `rbac.authorization.k8s.io/v1/roles/coder-${scope}-workspace-perms`,
      `rbac.authorization.k8s.io/v1/rolebindings/coder-${scope}`,
      "v1/services/coder",
      "v1/serviceaccounts/coder",
    ]
  ) {
    const { metadata } = await rig.get(path);
    assert.deepEqual(
      // deno-lint-ignore no-explicit-any -- managed fields as sent
      metadata.managedFields.filter((each: any) =>
        each.subresource === undefined && each.manager === MANAGER
      ),
      [],
      `${path}: nothing is left under the Go operator's name`,
    );
  }
});
