/** Rights for workspaces, under the shipped RBAC, in namespaces that let them in and in others. */
import assert from "node:assert/strict";
import { OPERATOR_USER } from "../operator/install.ts";
import { waitFor } from "../cluster/mod.ts";
import { comesToRest, startRig } from "./rig.ts";
import {
  bindings,
  madeIn,
  mayDo,
  namesFor,
  optIn,
  rbacCondition,
  roles,
  rulesBecome,
  rulesOf,
  STANDARD,
} from "./workspace_rbac_rig.ts";

const SERVICES = { apiGroups: [""], resources: ["services"], verbs: ["get", "create"] };
const SECRETS = { apiGroups: [""], resources: ["secrets"], verbs: ["get", "list"] };

Deno.test("a tenant's control plane that names kube-system gets nothing there, nor Secrets at home", async () => {
  const rig = await startRig("attack");
  await using _operator = await rig.operator({ wholeCluster: true, workspaceNamespaces: ["*"] });
  await rig.create("coder", {
    rbac: { workspaceNamespaces: ["kube-system"], extraRules: [SECRETS, SERVICES] },
  });
  await rbacCondition(
    rig,
    "PartlyGranted",
    /extraRules\[0\] is not granted: it reaches Secrets/,
    new RegExp(`kubectl label namespace kube-system coder.com/workspaces-from=${rig.namespace}`),
  );
  await rig.ready("coder");
  assert.deepEqual(await madeIn(rig, "kube-system"), []);
  assert.deepEqual(await rulesOf(rig, rig.namespace), [...STANDARD, SERVICES]);
  // The authorizer learns of rules a moment after they are stored.
  await waitFor(() => mayDo(rig, { namespace: rig.namespace, verb: "create", resource: "pods" }), {
    what: "the rights at home to be in force",
  });
  for (const namespace of ["kube-system", rig.namespace]) {
    assert.equal(await mayDo(rig, { namespace, verb: "get", resource: "secrets" }), false, namespace);
  }
  assert.equal(await mayDo(rig, { namespace: "kube-system", verb: "create", resource: "pods" }), false);
});

Deno.test("one bad namespace holds up neither the others nor Coder, and each is named", async () => {
  const rig = await startRig("bad");
  const [good, closed, foreign] = await Promise.all(
    ["good", "closed", "foreign"].map((name) => rig.cluster.newNamespace(name)),
  ) as [string, string, string];
  await Promise.all([optIn(rig, good), optIn(rig, foreign)]);
  const { role } = namesFor(rig);
  await rig.cluster.request("POST", roles(foreign), { metadata: { name: role }, rules: [] });
  await using _operator = await rig.operator({ wholeCluster: true });
  const missing = `${rig.namespace}-missing`;
  await rig.create("coder", { rbac: { workspaceNamespaces: [missing, closed, foreign, ` ${good} `, good] } });
  await rbacCondition(
    rig,
    "PartlyGranted",
    new RegExp(`granted in ${rig.namespace}, ${good}\\.`),
    new RegExp(`namespace ${missing} does not exist`),
    new RegExp(`namespace ${closed} has not opted in`),
    new RegExp(`in namespace ${foreign}: Role ${foreign}/${role} exists already.*coder.com/adopt=coder-k8s`),
  );
  await rig.ready("coder");
  const degraded = await rig.condition("coder", "Degraded", "True");
  assert.equal(degraded.reason, "WorkspaceRBACPartlyGranted");
  await rulesBecome(rig, good, STANDARD);
  assert.deepEqual(await madeIn(rig, closed), []);
  assert.deepEqual((await rig.cluster.find(roles(foreign, role)))?.metadata.labels, undefined);
  const [role1] = (await rig.cluster.request("GET", roles(good))).items;
  assert.equal(role1.metadata.ownerReferences, undefined);
  const own = await rig.cluster.find(roles(rig.namespace, role));
  assert.equal(own?.metadata.ownerReferences[0].name, "coder");
  // What is wrong passes by itself once somebody mends it.
  await rig.cluster.request("POST", "/api/v1/namespaces", {
    metadata: { name: missing, annotations: { "coder.com/workspaces-from": `x, ${rig.namespace}/coder` } },
  });
  await rulesBecome(rig, missing, STANDARD);
  await rig.change("coder", { spec: { rbac: { workspaceNamespaces: [missing, good] } } });
  await rbacCondition(rig, "Granted");
  await rig.condition("coder", "Degraded", "False");
});

Deno.test("a namespace that opts in later is noticed, and what is changed by hand there is put back", async () => {
  const rig = await startRig("later");
  const other = await rig.cluster.newNamespace("workspaces");
  await using _operator = await rig.operator({ wholeCluster: true });
  await rig.create("coder", { rbac: { workspaceNamespaces: [other], enableDeployments: false } });
  await rbacCondition(rig, "NamespaceNotAllowed");
  await optIn(rig, other);
  await rbacCondition(rig, "Granted", new RegExp(other));
  const rules = STANDARD.slice(0, 2);
  await rulesBecome(rig, other, rules);
  const { role, binding } = namesFor(rig);
  await rig.cluster.request("PATCH", roles(other, role), { rules: [SECRETS] });
  await rulesBecome(rig, other, rules);
  await rig.cluster.request("DELETE", roles(other, role));
  await rulesBecome(rig, other, rules);
  await rig.cluster.request("DELETE", bindings(other, binding));
  await rulesBecome(rig, other, rules);
  // A binding cannot be pointed elsewhere: one that was made anew with another role is replaced.
  const { metadata: { labels, annotations }, subjects } = await rig.cluster.request(
    "GET",
    bindings(other, binding),
  );
  await rig.cluster.request("DELETE", bindings(other, binding));
  await rig.cluster.request("POST", bindings(other), {
    metadata: { name: binding, labels, annotations },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
    subjects,
  }).catch(() => {}); // The operator may have been faster.
  await rulesBecome(rig, other, rules);
  await rig.condition("coder", "Degraded", "False");
});

Deno.test("a consent that is taken back keeps what there is, and nothing more", async () => {
  const rig = await startRig("withdrawn");
  const other = await rig.cluster.newNamespace("workspaces");
  await optIn(rig, other);
  await using _operator = await rig.operator({ wholeCluster: true });
  await rig.create("coder", { rbac: { workspaceNamespaces: [other] } });
  await rulesBecome(rig, other, STANDARD);
  await optIn(rig, other, null);
  const warning = await rig.condition("coder", "ConfigurationWarning", "True");
  assert.equal(warning.reason, "WorkspaceNamespaceNotAllowed");
  await rbacCondition(rig, "Granted");
  await rig.change("coder", { spec: { rbac: { extraRules: [SERVICES] } } });
  await rbacCondition(rig, "NamespaceNotAllowed", /gets no more \(spec.rbac.extraRules\[0\]\)/);
  await rulesBecome(rig, rig.namespace, [...STANDARD, SERVICES]);
  assert.deepEqual(await rulesOf(rig, other), STANDARD);
  await rig.change("coder", { spec: { rbac: { enableDeployments: false } } });
  await rulesBecome(rig, other, STANDARD.slice(0, 2));
  await rig.change("coder", { spec: { rbac: { enableDeployments: true } } });
  await rulesBecome(rig, rig.namespace, [...STANDARD, SERVICES]);
  assert.deepEqual(await rulesOf(rig, other), STANDARD.slice(0, 2));
  await rig.cluster.request("DELETE", bindings(other, namesFor(rig).binding));
  await waitFor(async () => (await madeIn(rig, other)).length === 0, { what: "the rest of the grant to go" });
  await rbacCondition(rig, "NamespaceNotAllowed", /has not opted in/);
});

Deno.test("an operator of few namespaces grants in those alone, and only where it is allowed", async () => {
  const rig = await startRig("scoped");
  const [allowed, closed, outside] = await Promise.all(
    ["allowed", "closed", "outside"].map((name) => rig.cluster.newNamespace(name)),
  ) as [string, string, string];
  await Promise.all([optIn(rig, closed), optIn(rig, outside)]);
  await using _operator = await rig.operator({
    namespaces: [rig.namespace, allowed, closed],
    workspaceNamespaces: [`${allowed.slice(0, -2)}*`],
  });
  await rig.create("coder", { rbac: { workspaceNamespaces: [allowed, closed, outside] } });
  await rbacCondition(
    rig,
    "PartlyGranted",
    new RegExp(`namespace ${closed} is not among the operator's --workspace-namespaces`),
    new RegExp(`does not work in namespace ${outside}: add it to the operator's --namespace`),
  );
  await rulesBecome(rig, allowed, STANDARD);
  assert.deepEqual([await madeIn(rig, closed), await madeIn(rig, outside)], [[], []]);
  await rig.ready("coder");
});

Deno.test("what the operator does not hold itself is named, and the rest is granted", async () => {
  const rig = await startRig("lacking");
  const other = await rig.cluster.newNamespace("workspaces");
  await optIn(rig, other);
  await using operator = await rig.operator({ wholeCluster: true });
  const leases = { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get"] };
  await rig.create("coder", {
    rbac: { workspaceNamespaces: [other], extraRules: [leases, SERVICES, { verbs: ["get"] }] },
  });
  await rbacCondition(
    rig,
    "PartlyGranted",
    new RegExp(`in namespace ${rig.namespace} the operator does not hold spec.rbac.extraRules\\[0\\] itself`),
    new RegExp(`in namespace ${other} the operator does not hold`),
    /extraRules\[2\] is not granted: it needs at least one/,
  );
  for (const namespace of [rig.namespace, other]) await rulesBecome(rig, namespace, [...STANDARD, SERVICES]);
  await rig.ready("coder");
  const mark = await rig.cluster.audit.mark();
  await operator.again("coder");
  const writes = (await rig.cluster.audit.since(mark)).requests({
    user: OPERATOR_USER,
    verb: "patch",
    code: 200,
  });
  const here = writes.filter(({ namespace = "" }) => [rig.namespace, other].includes(namespace));
  assert.deepEqual(here.filter(({ resource }) => /^role/.test(resource ?? "")), []);
});

Deno.test("rights that are not wanted any more go, those of an earlier service account once no pod uses it", async () => {
  const rig = await startRig("prune");
  const [first, second] = await Promise.all(
    ["first", "second"].map((name) => rig.cluster.newNamespace(name)),
  ) as [string, string];
  await Promise.all([optIn(rig, first), optIn(rig, second)]);
  await using _operator = await rig.operator({ wholeCluster: true });
  await rig.create("coder", { rbac: { workspaceNamespaces: [first, second] } });
  await rulesBecome(rig, second, STANDARD);
  await rig.ready("coder");
  await rig.change("coder", { spec: { rbac: { workspaceNamespaces: [first] } } });
  await waitFor(async () => (await madeIn(rig, second)).length === 0, { what: "the second to be empty" });

  // Pods of the old account go on while the new ones cannot start: then both have their rights.
  await rig.change("coder", { spec: { serviceAccount: { name: "runner" }, nodeSelector: { none: "such" } } });
  await rulesBecome(rig, first, STANDARD, "runner");
  assert.deepEqual(await rulesOf(rig, first), STANDARD);
  await rig.change("coder", { spec: { nodeSelector: null } });
  const runner = namesFor(rig, "runner");
  for (const namespace of [rig.namespace, first]) {
    await waitFor(
      async () =>
        String(await madeIn(rig, namespace)) === `Role/${runner.role},RoleBinding/${runner.binding}`,
      { what: `only the new account's rights in ${namespace}` },
    );
  }

  await rig.change("coder", { spec: { rbac: { workspacePerms: false } } });
  for (const namespace of [rig.namespace, first]) {
    await waitFor(async () => (await madeIn(rig, namespace)).length === 0, {
      what: `${namespace} to be empty`,
    });
  }
  await rbacCondition(rig, "Disabled");
  await rig.condition("coder", "Degraded", "False");
});

Deno.test("rights that are in place cost no request, and a restart writes nothing", async () => {
  const rig = await startRig("rest");
  const other = await rig.cluster.newNamespace("workspaces");
  await optIn(rig, other);
  {
    await using first = await rig.operator({ wholeCluster: true });
    await rig.create("coder", { rbac: { workspaceNamespaces: [other] } });
    await rulesBecome(rig, other, STANDARD);
    await rig.ready("coder");
    await comesToRest(rig, first);
    const mark = await rig.cluster.audit.mark();
    await first.again("coder");
    const asked = (await rig.cluster.audit.since(mark)).requests({ user: OPERATOR_USER })
      .filter(({ verb, namespace }) => verb !== "watch" && [rig.namespace, other].includes(namespace ?? ""));
    assert.deepEqual(asked.map(({ verb, uri }) => `${verb} ${uri}`), []);
  }
  const mark = await rig.cluster.audit.mark();
  await using second = await rig.operator({ wholeCluster: true });
  await second.again("coder");
  const writes = (await rig.cluster.audit.since(mark)).writes(OPERATOR_USER)
    .filter(({ namespace }) => [rig.namespace, other].includes(namespace ?? ""));
  assert.deepEqual(writes.map(({ verb, uri }) => `${verb} ${uri}`), []);
});
