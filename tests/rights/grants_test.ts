import assert from "node:assert/strict";
import { ACCOUNTS, grantsOf, rendered } from "./grants.ts";

const role = (kind: string, name: string, verb: string, namespace?: string) => ({
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  rules: [{ apiGroups: [""], resources: ["pods"], verbs: [verb] }],
});
const binding = (kind: string, to: [string, string], account: string, namespace?: string) => ({
  kind,
  metadata: { name: "any", ...(namespace === undefined ? {} : { namespace }) },
  roleRef: { kind: to[0], name: to[1] },
  subjects: [{ kind: "ServiceAccount", name: account, namespace: "coder-system" }],
});

Deno.test("an account has the rules of the roles that are bound to it, where they are bound", () => {
  const objects = [
    role("ClusterRole", "wide", "get"),
    role("Role", "narrow", "list", "one"),
    role("Role", "narrow", "watch", "two"),
    binding("ClusterRoleBinding", ["ClusterRole", "wide"], "coder-k8s"),
    binding("RoleBinding", ["Role", "narrow"], "coder-k8s", "two"),
    binding("RoleBinding", ["ClusterRole", "wide"], "coder-k8s-mcp", "one"),
    { ...binding("ClusterRoleBinding", ["ClusterRole", "wide"], "coder-k8s-mcp"), subjects: [] },
  ];
  const brief = (user: string) =>
    grantsOf(objects, user).map(({ role, namespace, verbs }) => [role, namespace, ...verbs]);
  assert.deepEqual(brief(ACCOUNTS.operator), [
    ["ClusterRole/wide", undefined, "get"],
    ["two/Role/narrow", "two", "watch"],
  ]);
  assert.deepEqual(brief(ACCOUNTS.mcp), [["ClusterRole/wide", "one", "get"]]);
  assert.deepEqual(brief(ACCOUNTS.apiserver), []);
});

Deno.test("roles of every cluster are known, others that are nowhere are an error", () => {
  const reviews = binding("ClusterRoleBinding", ["ClusterRole", "system:auth-delegator"], "coder-k8s");
  assert.equal(grantsOf([reviews], ACCOUNTS.operator).length, 2);
  const lost = binding("ClusterRoleBinding", ["ClusterRole", "lost"], "coder-k8s");
  assert.throws(() => grantsOf([lost], ACCOUNTS.operator), /names ClusterRole\/lost, which is nowhere/);
});

Deno.test("accounts of the split shape together have what the one account of the other has", async () => {
  const [all, split] = await Promise.all([rendered("overlays/all"), rendered("overlays/split")]);
  const { operator, apiserver, mcp } = ACCOUNTS;
  const rights = (objects: typeof all, ...users: string[]) =>
    new Set(users.flatMap((user) => grantsOf(objects, user).map((grant) => JSON.stringify(grant))));
  assert.deepEqual(rights(split, operator, apiserver, mcp), rights(all, operator));
  for (const user of [apiserver, mcp]) assert.deepEqual(rights(all, user), new Set());
  // The MCP server changes nothing, but what is its own in its namespace.
  for (const { namespace, verbs, resources, apiGroups } of grantsOf(split, mcp)) {
    const isReview = /^(authentication|authorization)\./.test(apiGroups?.[0] ?? "");
    if (namespace === "coder-system" || isReview) continue;
    const changes = verbs.filter((verb) => !["get", "list", "watch"].includes(verb));
    assert.deepEqual(changes, [], resources?.join() ?? "");
  }
});

Deno.test("the coordinator of sessions has no rights", async () => {
  for (const folder of ["coordinator", "coordinator/replicas", "coordinator/workers"]) {
    assert.deepEqual(grantsOf(await rendered(folder), ACCOUNTS.coordinator), [], folder);
  }
});
