import assert from "node:assert/strict";
import type { Deployment, PolicyRule } from "../../api/kubernetes/types.ts";
import { allows, everyRequest, randomRule, seeded } from "../../workload/testing/rbac_rules.ts";
import { standardRules } from "../../workload/workspace_rbac.ts";
import { workspaceRbacStep as step } from "./workspace_rbac_step.ts";
import { RbacWorld, refused } from "./workspace_testing.ts";

const standard = standardRules(true);
const rule = (resource: string, group = ""): PolicyRule => ({
  apiGroups: [group],
  resources: [resource],
  verbs: ["get"],
});
const rbac = (workspaceNamespaces: string[], extraRules: PolicyRule[] = []) => ({
  rbac: { workspaceNamespaces, extraRules },
});
const closed = { labels: {} };
const only =
  (namespace: string, error: unknown, kind?: string) =>
  (_: string, object: { kind: string; metadata: { namespace?: string } }) =>
    object.metadata.namespace === namespace && (kind ?? object.kind) === object.kind ? error : undefined;

Deno.test("Role and binding come to the own namespace and to each that lets them in", async () => {
  const world = new RbacWorld("b");
  const { condition, message, troubles } = await world.run(step, rbac(["b"], [rule("services")]));
  assert.equal(condition, "True/Granted");
  assert.match(message, /in a, b$/);
  assert.deepEqual(troubles, []);
  for (const namespace of ["a", "b"]) {
    assert.deepEqual(world.rules(namespace), [...standard, rule("services")]);
  }
  assert.deepEqual(world.events.sort(), [
    "Created Role a/coder-87ffeed9-workspace-perms",
    "Created Role b/coder-87ffeed9-workspace-perms",
    "Created RoleBinding a/coder-87ffeed9",
    "Created RoleBinding b/coder-87ffeed9",
  ]);
});

Deno.test("nothing is granted elsewhere before the finalizer holds the control plane", async () => {
  const world = new RbacWorld("b");
  const pass = { ...world.pass(rbac(["b"]), []), report: world.report };
  await step.run(pass, world.tools());
  assert.deepEqual(world.done, ["apply Role a", "apply RoleBinding a"]);
  assert.deepEqual(world.report.data().troubles, [], "it comes with the next pass");
  assert.equal(world.report.lookAgainMs, 1_000);
  // The step before wrote it: the cache knows.
  world.pass(rbac(["b"]));
  await step.run(pass, world.tools());
  assert.deepEqual(world.rules("b"), standard);
});

Deno.test("each kind of trouble in one namespace is named, and the rest goes on", async () => {
  const terminating = refused(403, "Forbidden", "no", { causes: [null, { reason: "NamespaceTerminating" }] });
  const rows: [unknown, string, RegExp, number | undefined][] = [
    [refused(500), "APIUnavailable", /in namespace b: no/, 10_000],
    [refused(422, "Invalid", "a secret"), "Rejected", /in namespace b: a \*\*\*/, 300_000],
    [refused(404, "NotFound"), "NamespaceMissing", /b does not exist/, undefined],
    [terminating, "NamespaceTerminating", /b is being deleted/, undefined],
    [new Error("odd"), "Failed", /odd/, 30_000],
  ];
  for (const [error, reason, text, after] of rows) {
    for (const kind of ["Role", "RoleBinding"]) {
      const world = new RbacWorld("b", "c");
      world.refuse = only("b", error, kind);
      const result = await world.run(step, rbac(["b", "c"]));
      assert.equal(result.condition, `False/${reason}`);
      assert.match(result.message, text);
      assert.match(result.message, /granted in a, c\./);
      assert.deepEqual(result.troubles, [`WorkspaceRBAC${reason}`]);
      assert.equal(result.lookAgainMs, after);
      assert.deepEqual(world.rules("c"), standard);
    }
  }
});

Deno.test("without a watch of namespaces one that is missing is looked for again", async () => {
  const world = new RbacWorld();
  world.watched = false;
  world.scope = ["a", "b"];
  world.allowed = ["b"];
  world.refuse = only("b", refused(404, "NotFound"));
  const result = await world.run(step, rbac(["b"]));
  assert.equal(result.condition, "False/NamespaceMissing");
  assert.equal(result.lookAgainMs, 60_000);
});

Deno.test("an abort is no trouble of the namespace", async () => {
  const world = new RbacWorld("b");
  world.refuse = () => {
    world.abort.abort(new Error("stopped"));
    return refused(500);
  };
  await assert.rejects(world.run(step, rbac(["b"])), /stopped/);
});

Deno.test("a Role or binding of others is left alone, and looked at again", async () => {
  const world = new RbacWorld("b");
  world.grant("b", [], { metadata: { labels: {}, annotations: {} } });
  const result = await world.run(step, rbac(["b"]));
  assert.equal(result.condition, "False/ForeignObject");
  assert.equal(result.lookAgainMs, 60_000);
  assert.deepEqual(world.rules("b"), []);
});

Deno.test("what an earlier control plane of the name left is taken where this one is let in, and only there", async () => {
  const theirs = { annotations: { "coder.com/workspace-rbac-owner-uid": "uid-0" } };
  const world = new RbacWorld("b");
  world.open("c", closed);
  world.grant("b", [], { metadata: theirs });
  world.grant("c", [], { metadata: theirs });
  const result = await world.run(step, rbac(["b", "c"]));
  assert.deepEqual(world.rules("b"), standard);
  assert.deepEqual(world.rules("c"), []);
  assert.equal(result.condition, "False/NamespaceNotAllowed");
});

Deno.test("a binding of ours that points elsewhere is made anew", async () => {
  const world = new RbacWorld("b");
  const { binding } = world.grant("b", standard);
  world.bindings.put(
    { ...binding, roleRef: { ...binding.roleRef, kind: "ClusterRole", name: "admin" } } as never,
  );
  await world.run(step, rbac(["b"]));
  assert.ok(world.done.includes("delete RoleBinding b/coder-87ffeed9"));
  assert.deepEqual(world.rules("b"), standard);
});

Deno.test("refused rules are named by their place, and granted nowhere", async () => {
  const world = new RbacWorld("b");
  const result = await world.run(step, rbac(["b"], [rule("services"), rule("secrets"), { verbs: ["get"] }]));
  assert.equal(result.condition, "False/RulesRefused");
  assert.match(
    result.message,
    /extraRules\[1\] is not granted: it reaches Secrets; spec.rbac.extraRules\[2\]/,
  );
  for (const namespace of ["a", "b"]) {
    assert.deepEqual(world.rules(namespace), [...standard, rule("services")]);
  }
});

Deno.test("a refused rule that is in force stays there, with a warning, and comes to nobody else", async () => {
  const world = new RbacWorld("b");
  world.grant("a", [...standard, rule("secrets")]);
  const result = await world.run(step, rbac(["b"], [rule("secrets")]));
  assert.deepEqual(world.rules("a"), [...standard, rule("secrets")]);
  assert.deepEqual(world.rules("b"), standard);
  assert.equal(result.condition, "False/RulesRefused");
  assert.deepEqual(result.warnings, ["WorkspaceRulesKept"]);
  assert.match(result.warningText, /In namespace a .*extraRules\[0\] \(it reaches Secrets\)/);
  const alone = await world.run(step, rbac([], [rule("secrets")]));
  assert.equal(alone.condition, "True/Granted");
  assert.deepEqual(alone.warnings, ["WorkspaceRulesKept"]);
});

Deno.test("rights without consent are kept with a warning, shrink, and are not widened", async () => {
  const world = new RbacWorld();
  world.open("b", closed);
  world.grant("b", standard);
  const same = await world.run(step, rbac(["b"]));
  assert.equal(same.condition, "True/Granted");
  assert.deepEqual(same.warnings, ["WorkspaceNamespaceNotAllowed"]);
  const more = await world.run(step, rbac(["b"], [rule("services")]));
  assert.equal(more.condition, "False/NamespaceNotAllowed");
  assert.match(more.message, /gets no more \(spec.rbac.extraRules\[0\]\)/);
  assert.deepEqual(world.rules("b"), standard);
  assert.deepEqual(world.rules("a"), [...standard, rule("services")]);
  await world.run(step, { rbac: { workspaceNamespaces: ["b"], enableDeployments: false } });
  assert.deepEqual(world.rules("b"), standardRules(false));
  await world.run(step, rbac(["b"]));
  assert.deepEqual(world.rules("b"), standardRules(false));
});

Deno.test("half of a grant is none: without consent it is not completed, but removed", async () => {
  for (const kind of ["roles", "bindings"] as const) {
    const world = new RbacWorld();
    world.open("b", closed);
    const { role, binding } = world.grant("b", standard);
    world[kind].remove(kind === "roles" ? role : binding);
    const result = await world.run(step, rbac(["b"]));
    assert.equal(result.condition, "False/NamespaceNotAllowed");
    assert.deepEqual([
      world.roles.get({ namespace: "b", name: "coder-87ffeed9-workspace-perms" }),
      world.rules("b"),
    ], [
      undefined,
      undefined,
    ]);
  }
});

Deno.test("a binding of ours to somebody else's account gives nothing to keep", async () => {
  const world = new RbacWorld();
  world.open("b", closed);
  const { binding } = world.grant("b", standard);
  world.bindings.put(
    { ...binding, subjects: [{ kind: "ServiceAccount", name: "x", namespace: "z" }] } as never,
  );
  assert.equal((await world.run(step, rbac(["b"]))).condition, "False/NamespaceNotAllowed");
});

Deno.test("rules that the operator does not hold are left out and named", async () => {
  const world = new RbacWorld("b");
  world.held = [{ apiGroups: ["", "apps"], resources: ["*"], verbs: ["*"] }];
  world.refuse = (_verb, object) => {
    const rules = (object as { rules?: PolicyRule[] }).rules ?? [];
    return rules.some(({ apiGroups }) => apiGroups?.includes("batch"))
      ? refused(403, "Forbidden")
      : undefined;
  };
  const result = await world.run(step, rbac(["b"], [rule("jobs", "batch"), rule("services")]));
  assert.equal(result.condition, "False/Forbidden");
  assert.match(result.message, /in namespace b the operator does not hold spec.rbac.extraRules\[0\] itself/);
  assert.equal(result.lookAgainMs, 300_000);
  for (const namespace of ["a", "b"]) {
    assert.deepEqual(world.rules(namespace), [...standard, rule("services")]);
  }
});

Deno.test("where the operator may write no Role at all, or holds nothing of it, that is said", async () => {
  for (const held of [[], [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }]]) {
    const world = new RbacWorld("b");
    world.held = held;
    world.refuse = only("b", refused(403, "Forbidden", "not you"), "Role");
    const result = await world.run(step, rbac(["b"]));
    assert.equal(result.condition, "False/Forbidden");
    assert.match(result.message, /in namespace b: not you/);
    assert.equal(world.rules("b"), undefined);
  }
});

Deno.test("a grant that holds more than the operator does is left as it is, and loses nothing to a new rule", async () => {
  const world = new RbacWorld();
  const jobs = rule("jobs", "batch");
  world.grant("a", [...standard, jobs]);
  world.refuse = () => refused(403, "Forbidden", "more than you hold");
  const kept = await world.run(step, rbac([], [jobs]));
  assert.equal(kept.condition, "True/Granted");
  const more = await world.run(step, rbac([], [jobs, rule("services")]));
  assert.equal(more.condition, "False/Forbidden");
  assert.deepEqual(world.rules("a"), [...standard, jobs]);
});

Deno.test("no rights at all are wanted: everything goes, and the condition says so", async () => {
  const world = new RbacWorld("b");
  for (const namespace of ["a", "b"]) world.grant(namespace, standard);
  const foreign = world.grant("c", standard, { metadata: { labels: {} } });
  const result = await world.run(step, { rbac: { workspacePerms: false, workspaceNamespaces: ["b"] } });
  assert.equal(result.condition, "False/Disabled");
  assert.deepEqual(result.troubles, []);
  assert.deepEqual(world.roles.list(), [foreign.role]);
  assert.match(world.events.join(), /Deleted RoleBinding b\/coder-87ffeed9: its rights are not wanted/);
  assert.deepEqual((await world.run(step, { rbac: { workspacePerms: false } }), world.done), []);
});

Deno.test("what cannot be removed is told, and the rest is removed", async () => {
  const world = new RbacWorld();
  for (const namespace of ["b", "c"]) world.grant(namespace, standard);
  world.refuse = (verb, object) =>
    verb === "delete" ? only("b", refused(403, "Forbidden"))(verb, object) : undefined;
  const result = await world.run(step, { rbac: { workspacePerms: false } });
  assert.equal(result.condition, "False/Forbidden");
  assert.match(result.message, /RoleBinding coder-87ffeed9 could not be deleted in namespace b/);
  assert.equal(world.rules("c"), undefined);
});

Deno.test("what went by itself, or changed meanwhile, is no trouble", async () => {
  for (const code of [404, 409]) {
    const world = new RbacWorld();
    world.grant("b", standard);
    world.refuse = (verb) =>
      verb === "delete" ? refused(code, code === 409 ? "Conflict" : "NotFound") : undefined;
    const result = await world.run(step);
    assert.equal(result.condition, "True/Granted");
    assert.equal(world.bindings.list().length, code === 404 ? 1 : 2, "what is gone is forgotten");
    assert.ok(!world.events.some((note) => note.startsWith("Deleted")));
  }
});

Deno.test("what is being deleted already, or holds itself, is not forgotten before it is gone", async () => {
  const world = new RbacWorld();
  world.grant("b", standard, { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } });
  world.grant("c", standard, { metadata: { finalizers: ["example.com/hold"] } });
  await world.run(step);
  assert.deepEqual(world.done.filter((each) => each.startsWith("delete")).map((each) => each.split("/")[0]), [
    "delete RoleBinding c",
    "delete Role c",
  ]);
  assert.equal(world.roles.list().length, 3);
});

Deno.test("the rights of an earlier account go once no pod runs as it", async () => {
  const deployment = (complete: boolean, account: string): Deployment => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "coder", namespace: "a", generation: 2 },
    spec: {
      replicas: 1,
      selector: {},
      template: { spec: { serviceAccountName: account, containers: [] } },
    },
    status: complete
      ? { observedGeneration: 2, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 }
      : { observedGeneration: 1, replicas: 1 },
  });
  const spec = { serviceAccount: { name: "runner" }, ...rbac(["b"]) };
  const rows: [Deployment | undefined, boolean][] = [
    [deployment(false, "runner"), true],
    [deployment(true, "coder"), true],
    [deployment(true, "runner"), false],
    [undefined, false],
  ];
  for (const [now, kept] of rows) {
    const world = new RbacWorld("b");
    for (const namespace of ["a", "b"]) world.grant(namespace, standard);
    world.deployment = now;
    await world.run(step, spec);
    for (const namespace of ["a", "b"]) {
      assert.deepEqual(world.rules(namespace, world.owner(spec)), standard);
      assert.equal(world.rules(namespace) !== undefined, kept, `${JSON.stringify(now?.status)}`);
    }
  }
});

Deno.test("where the successor has no rights yet, the earlier account keeps its own", async () => {
  const world = new RbacWorld("b");
  world.grant("b", standard);
  world.refuse = (verb, object) => verb === "apply" ? only("b", refused(500))(verb, object) : undefined;
  await world.run(step, { serviceAccount: { name: "runner" }, ...rbac(["b"]) });
  assert.deepEqual(world.rules("b"), standard);
});

Deno.test("a long list of troubles is counted, not printed", async () => {
  const names = Array.from({ length: 25 }, (_, i) => `n${i}`);
  const { message } = await new RbacWorld().run(step, rbac(names));
  assert.match(message, /n9 does not exist: create it; and 15 more$/);
});

Deno.test("whatever the spec says and whatever is there, no namespace is widened without consent, and no Secret reached anew", async () => {
  const random = seeded(11);
  const some = (most: number) =>
    Array.from({ length: Math.floor(random() * most) }, () => randomRule(random));
  const requests = everyRequest();
  const sensitive = requests.filter(({ group, resource }) =>
    (group === "" && resource === "secrets") || group === "rbac.authorization.k8s.io"
  );
  for (let i = 0; i < 150; i++) {
    const world = new RbacWorld("open");
    world.open("closed", closed);
    world.held = [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }];
    const before = new Map(["a", "open", "closed"].map((namespace) => [
      namespace,
      random() < 0.3 ? [] : [...standard.slice(0, Math.floor(random() * 4)), ...some(4)],
    ]));
    for (const [namespace, rules] of before) if (rules.length > 0) world.grant(namespace, rules);
    const extraRules = some(5);
    await world.run(step, { rbac: { workspaceNamespaces: ["open", "closed"], extraRules } });
    for (const namespace of ["a", "open", "closed"]) {
      const now = world.rules(namespace) ?? [];
      const had = before.get(namespace) ?? [];
      for (const request of namespace === "closed" ? requests : sensitive) {
        if (!allows(now, request)) continue;
        assert.ok(allows(had, request), JSON.stringify({ namespace, request, had, now, extraRules }));
      }
      for (const request of namespace === "closed" ? requests : []) {
        const asked = allows([...standard, ...extraRules], request);
        assert.equal(allows(now, request), asked && allows(had, request), JSON.stringify(request));
      }
    }
    assert.ok(allows(world.rules("a") ?? [], { group: "", resource: "pods", verb: "create", name: "" }));
  }
});
