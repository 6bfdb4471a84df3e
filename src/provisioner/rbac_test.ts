import assert from "node:assert/strict";
import { parseControlPlane } from "../api/control_plane.ts";
import type { Namespace, PolicyRule } from "../api/kubernetes/types.ts";
import type { CoderProvisioner } from "../api/provisioner.ts";
import type { LiveRights } from "../operator/rbac/workspace_rights.ts";
import type { ControlPlaneFinding } from "../operator/visit/control_plane_ref.ts";
import { desiredRole, desiredRoleBinding, standardRules } from "../workload/workspace_rbac.ts";
import { provisionerRights, rbacOwner, type RightsFacts } from "./rbac.ts";
import { storedProvisioner } from "./testing.ts";

const CONSENT = "coder.com/workspaces-from";
const rule = (resource: string): PolicyRule => ({ apiGroups: [""], resources: [resource], verbs: ["get"] });

interface Rbac {
  workspacePerms?: boolean;
  enableDeployments?: boolean;
  extraRules?: PolicyRule[];
  workspaceNamespaces?: string[];
}

/** The control plane `coder` of a namespace. */
function found(rbac: Rbac = {}, namespace = "a"): ControlPlaneFinding {
  const controlPlane = parseControlPlane({
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { name: "coder", namespace },
    spec: { rbac },
  });
  return { found: true, key: { namespace, name: "coder" }, controlPlane, url: "http://coder" };
}

const missing = (reason: "ControlPlaneNotFound" | "ControlPlaneNotShared"): ControlPlaneFinding => ({
  found: false,
  key: { namespace: "c", name: "coder" },
  reason,
  message: "not for you",
});

/** Namespaces by name: a label's value, or `:` and an annotation's. */
function facts(consents: Record<string, string> = {}, more: Partial<RightsFacts> = {}): RightsFacts {
  const namespaces = new Map(
    Object.entries(consents).map(([name, text]): [string, Namespace] => {
      const consent = { [CONSENT]: text.replace(":", "") };
      const metadata = text.startsWith(":")
        ? { annotations: consent }
        : text === ""
        ? {}
        : { labels: consent };
      return [name, { apiVersion: "v1", kind: "Namespace", metadata: { name, ...metadata } }];
    }),
  );
  return {
    scope: [],
    allowed: [],
    namespaces: { get: ({ name }) => namespaces.get(name) },
    controlPlaneExists: true,
    live: { roles: [], bindings: [] },
    ...more,
  };
}

/** `namespace right`, for each place. */
function places(finding: ControlPlaneFinding, given: RightsFacts, object = storedProvisioner()): string[] {
  const rights = provisionerRights(rbacOwner(object), finding, given);
  if ("disabled" in rights) return [rights.disabled.reason];
  return rights.places.map(({ namespace, right, because }) =>
    [namespace, right, ...(because === undefined ? [] : [because.reason])].join(" ")
  );
}

function messages(finding: ControlPlaneFinding, given: RightsFacts, object = storedProvisioner()): string[] {
  const rights = provisionerRights(rbacOwner(object), finding, given);
  return "disabled" in rights ? [] : rights.places.flatMap(({ because }) => because?.message ?? []);
}

const abroad = storedProvisioner({}, { namespace: "p" });

Deno.test("in the own namespace the names are the Go operator's, elsewhere there is a Role for all accounts", () => {
  const owner = rbacOwner(storedProvisioner());
  assert.equal(owner.serviceAccount, "prov-provisioner");
  const goes = { roleName: "provisioner-prov", bindingName: "provisioner-prov" };
  assert.deepEqual(owner.names("a", "prov-provisioner"), goes);
  const other = owner.names("a", "builds");
  assert.equal(other.roleName, "provisioner-prov");
  assert.match(other.bindingName, /^workspaces-a\.prov-[0-9a-f]{8}-provisioner$/);
  const elsewhere = owner.names("b", "prov-provisioner");
  assert.equal(elsewhere.roleName, "workspaces-a.prov-provisioner");
  assert.equal(owner.names("b", "builds").roleName, elsewhere.roleName);
  assert.notEqual(owner.names("b", "builds").bindingName, elsewhere.bindingName);
});

Deno.test("labels and index lead from the provisioner to its RBAC, however long its name is", () => {
  const { labels, marks, index } = rbacOwner(storedProvisioner({}, { name: "p".repeat(100) }));
  assert.deepEqual(index, { name: "grantee-uid", value: "uid-1" });
  assert.deepEqual({ ...labels, ...marks }, labels);
  assert.equal(labels["app.kubernetes.io/name"], "coder-provisioner");
  assert.equal(labels["app.kubernetes.io/managed-by"], "coder-k8s");
  assert.equal(marks["coder.com/provisioner-namespace"], "a");
  assert.ok(Object.values(labels).every((value) => value.length <= 63));
});

Deno.test("an object of any shape can be cleaned up after", () => {
  const odd = {
    ...storedProvisioner(),
    spec: { serviceAccount: { name: 5 } },
  } as unknown as CoderProvisioner;
  assert.equal(rbacOwner(odd).serviceAccount, "prov-provisioner");
  const named = rbacOwner(storedProvisioner({ serviceAccount: { name: "builds" } }));
  assert.equal(named.serviceAccount, "builds");
  const bare = rbacOwner({ apiVersion: "coder.com/v1alpha1", kind: "CoderProvisioner", metadata: {} });
  assert.deepEqual([bare.namespace, bare.uid, bare.index.value], ["", "", ""]);
});

Deno.test("the rules are the control plane's, without those that are refused to it", () => {
  const rules = (rbac: Rbac) => {
    const rights = provisionerRights(rbacOwner(storedProvisioner()), found(rbac), facts());
    return "disabled" in rights ? [] : rights.rules;
  };
  assert.deepEqual(rules({}).map((each) => each.rule), standardRules(true));
  assert.deepEqual(rules({ enableDeployments: false }).map((each) => each.rule), standardRules(false));
  const [, , , extra, ...rest] = rules({ extraRules: [rule("secrets"), rule("services")] });
  assert.deepEqual(extra, {
    rule: rule("services"),
    where: "spec.rbac.extraRules[1] of CoderControlPlane a/coder",
    refusal: undefined,
  });
  assert.deepEqual(rest, []);
});

Deno.test("a neighbour of the control plane may act wherever that was let in", () => {
  const rbac = { workspaceNamespaces: ["w", "closed", " w ", "a", "x", "missing"] };
  const given = facts({ w: "a", closed: "", x: ":q, a/coder", a: "" });
  const expected = [
    "a grant",
    "w grant",
    "closed deny NamespaceNotAllowed",
    "x grant",
    "missing none NamespaceMissing",
  ];
  assert.deepEqual(places(found(rbac), given), expected);
  // Its own name is no consent: it may be meant for a control plane.
  assert.deepEqual(places(found({ workspaceNamespaces: ["w"] }), facts({ w: ":a/prov" })), [
    "a grant",
    "w deny NamespaceNotAllowed",
  ]);
});

Deno.test("a provisioner of another namespace needs every namespace's consent, beside that of the control plane", () => {
  const rbac = { workspaceNamespaces: ["w"] };
  const rows: [Record<string, string>, string, string][] = [
    [{ a: "", w: "" }, "a deny NamespaceNotAllowed", "w deny NamespaceNotAllowed"],
    [{ a: "", w: "a" }, "a deny NamespaceNotAllowed", "w deny NamespaceNotAllowed"],
    [{ a: "", w: "p" }, "a deny NamespaceNotAllowed", "w deny NamespaceNotAllowed"],
    [{ a: "", w: ":a/coder,p/prov" }, "a deny NamespaceNotAllowed", "w grant"],
    [{ a: "", w: ":a,p" }, "a deny NamespaceNotAllowed", "w grant"],
    [{ a: "p", w: ":*" }, "a grant", "w grant"],
    [{ a: ":p/prov", w: ":a,p/other" }, "a grant", "w deny NamespaceNotAllowed"],
  ];
  for (const [consents, home, other] of rows) {
    assert.deepEqual(places(found(rbac), facts(consents), abroad), [home, other], JSON.stringify(consents));
  }
});

Deno.test("in its own namespace it may do what the control plane of elsewhere may do there", () => {
  const rbac = { workspaceNamespaces: ["p"] };
  assert.deepEqual(places(found(rbac), facts({ a: "", p: "a" }), abroad), [
    "a deny NamespaceNotAllowed",
    "p grant",
  ]);
  assert.deepEqual(places(found(rbac), facts({ a: "", p: "" }), abroad)[1], "p deny NamespaceNotAllowed");
  assert.deepEqual(places(found(), facts({ a: "", p: "a" }), abroad), ["a deny NamespaceNotAllowed"]);
});

Deno.test("who runs the operator can allow namespaces for all, and limits where it works", () => {
  const rbac = { workspaceNamespaces: ["w"] };
  assert.deepEqual(places(found(rbac), facts({ a: "", w: "" }, { allowed: ["*"] }), abroad), [
    "a grant",
    "w grant",
  ]);
  const scoped = { scope: ["a", "p", "v"], allowed: ["w", "a"], namespaces: undefined };
  assert.deepEqual(places(found(rbac), facts({}, scoped), abroad), ["a grant", "w none NamespaceOutOfScope"]);
  assert.deepEqual(
    places(found({ workspaceNamespaces: ["v"] }), facts({}, { ...scoped, allowed: [] }), abroad),
    ["a deny NamespaceNotAllowed", "v deny NamespaceNotAllowed"],
  );
});

Deno.test("what a namespace has to do is said, without what it says of others", () => {
  const rbac = { workspaceNamespaces: ["w", "x"] };
  assert.deepEqual(messages(found(rbac), facts({ a: "", w: "a", x: ":a" }), abroad), [
    "namespace a has not opted in: kubectl label namespace a coder.com/workspaces-from=p",
    "namespace w has not opted in: kubectl annotate namespace w coder.com/workspaces-from=p",
    "namespace x has not opted in: kubectl label namespace x coder.com/workspaces-from=p",
  ]);
  const both = facts({ a: "" });
  const namespaces = {
    get: () => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "a", labels: { [CONSENT]: "q" }, annotations: { [CONSENT]: "r, s" } },
    }),
  };
  assert.deepEqual(messages(found(), { ...both, namespaces }, abroad), [
    "namespace a has not opted in: add p to its annotation coder.com/workspaces-from",
  ]);
});

Deno.test("a control plane that shall not run workspaces leaves that to its neighbours, in their own namespace alone", () => {
  const rbac = { workspacePerms: false, enableDeployments: true, extraRules: [rule("services")] };
  const plane = found({ ...rbac, workspaceNamespaces: ["w"] });
  assert.deepEqual(places(plane, facts({ w: "a" })), ["a grant"]);
  const rights = provisionerRights(rbacOwner(storedProvisioner()), plane, facts({ w: "a" }));
  assert.ok("rules" in rights);
  assert.deepEqual(rights.rules.map((each) => each.rule), standardRules(false));
  const elsewhere = rbacOwner(storedProvisioner({}, { namespace: "p" }));
  assert.ok("disabled" in provisionerRights(elsewhere, plane, facts({ a: "p", p: "a" })));
});

Deno.test("a control plane that lets nobody use it takes the rights back, one that is gone leaves them", () => {
  assert.deepEqual(places(missing("ControlPlaneNotShared"), facts()), ["ControlPlaneNotShared"]);
  const owner = rbacOwner(storedProvisioner());
  const role = (namespace: string, rules: PolicyRule[]) => desiredRole(owner, namespace, rules);
  const live: LiveRights = {
    roles: [role("a", standardRules(false)), role("w", [rule("services")]), role("half", [rule("secrets")])],
    bindings: [desiredRoleBinding(owner, "a"), desiredRoleBinding(owner, "w")],
  };
  for (const reason of ["ControlPlaneNotShared", "ControlPlaneNotFound"] as const) {
    const rights = provisionerRights(owner, missing(reason), facts({}, { controlPlaneExists: false, live }));
    assert.ok(!("disabled" in rights));
    assert.deepEqual(rights.unknown, { reason, message: "not for you" });
    const kept = rights.places.map(({ namespace, right, rules = [] }) => [
      `${namespace} ${right}`,
      rules.map((each) => each.rule),
    ]);
    assert.deepEqual(kept, [["a keep", standardRules(false)], ["w keep", [rule("services")]]]);
    assert.deepEqual(rights.rules, []);
  }
});
