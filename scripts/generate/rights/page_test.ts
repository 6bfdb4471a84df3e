import assert from "node:assert/strict";
import { readRoles, rightsFiles } from "./page.ts";

const root = new URL("../../..", import.meta.url).pathname.replace(/\/$/, "");

const TEXT = `# About the file.
#
# Reading, for
# everybody.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: readers
rules:
  # What is read.
  - apiGroups: [""]
    resources: [pods]
    verbs: [get]
  - apiGroups: [apps]
    resources: [deployments, deployments/status]
    resourceNames: [one]
    verbs: [list]
  # What | is asked.
  - apiGroups: ["*"]
    resources: ["*"]
    verbs: [create]
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: somebody
---
# Writing.
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: writers
  namespace: home
rules:
  - apiGroups: [""]
    resources: [secrets]
    verbs: [create]
`;

Deno.test("roles are read with the comments above them and above their rules", () => {
  const [readers, writers, ...others] = readRoles(TEXT);
  assert.equal(others.length, 0);
  assert.equal(readers?.about, "About the file.\n\nReading, for everybody.");
  assert.deepEqual([readers?.kind, readers?.name, readers?.namespace], ["ClusterRole", "readers", ""]);
  assert.deepEqual(readers?.rules, [
    { groups: [""], resources: ["pods"], names: [], verbs: ["get"], why: "What is read." },
    {
      groups: ["apps"],
      resources: ["deployments", "deployments/status"],
      names: ["one"],
      verbs: ["list"],
      why: "",
    },
    { groups: ["*"], resources: ["*"], names: [], verbs: ["create"], why: "What | is asked." },
  ]);
  assert.deepEqual([writers?.kind, writers?.namespace, writers?.about], ["Role", "home", "Writing."]);
});

Deno.test("what has no roles gives none", () => {
  assert.deepEqual(readRoles("kind: Service\nmetadata: {name: one}\n---\n# nothing\n"), []);
});

Deno.test("the page says of each role who has it in which shape", async () => {
  const [page, ...others] = await rightsFiles(root);
  assert.equal(others.length, 0);
  assert.equal(page?.path, "docs/reference/rights.md");
  const section = (heading: string) => {
    const from = page?.content.indexOf(`### ${heading}`) ?? -1;
    assert.ok(from >= 0, heading);
    return page?.content.slice(from).split("\n\n### ")[0]?.replace(/\s+/g, " ") ?? "";
  };
  assert.match(
    section("ClusterRole `manager-role`"),
    /in the shape `split` to `coder-k8s`\. With `components\/namespaced`, in the named namespaces alone/,
  );
  assert.match(
    section("ClusterRole `coder-k8s-namespaces`"),
    /to `coder-k8s`, `coder-k8s-apiserver`\. With `components\/namespaced`, to nobody/,
  );
  assert.match(section("ClusterRole `coder-k8s-mcp`"), /to `coder-k8s-mcp`\. With/);
  const apiserver = section("Role `coder-k8s-apiserver` in `coder-system`");
  assert.match(apiserver, /to `coder-k8s-apiserver`\. \|/);
  assert.match(apiserver, /`secrets` named `coder-k8s-apiserver-tls` \| `get`, `update`/);
  assert.match(section("ClusterRole `coder-k8s-coder-access`"), /Component `coder-access-kube-proxy`\. What/);
  assert.match(
    section("ClusterRole `coder-k8s-workspaces-of-others`"),
    /By itself it lets nobody do anything/,
  );
});
