import assert from "node:assert/strict";
import { type AuditEntry, AuditLog, AuditView, deedOf, meantDenialsPath, parseAudit } from "./audit.ts";
import { serviceAccountUser, sharedCluster } from "./mod.ts";
import { waitFor } from "./wait.ts";

const OPERATOR = "system:serviceaccount:ns:operator";

function entry(verb: string, resource: string, more: Partial<AuditEntry> = {}): AuditEntry {
  return {
    id: crypto.randomUUID(),
    user: OPERATOR,
    userAgent: "test",
    verb,
    uri: `/apis/apps/v1/${resource}`,
    apiGroup: "apps",
    resource,
    allowed: true,
    code: 200,
    at: new Date(),
    ...more,
  };
}

function line(event: Record<string, unknown>): string {
  return JSON.stringify({
    auditID: "1",
    stage: "ResponseComplete",
    requestURI: "/api/v1/pods",
    verb: "list",
    user: { username: OPERATOR },
    objectRef: { resource: "pods", apiVersion: "v1" },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: "2026-01-02T03:04:05.000000Z",
    annotations: { "authorization.k8s.io/decision": "allow" },
    ...event,
  }) + "\n";
}

Deno.test("the stages of a watch are one entry, without a code while it is open", () => {
  const started = line({ verb: "watch", stage: "ResponseStarted" });
  const [open] = parseAudit(started);
  assert.equal(open?.code, undefined);
  const over = parseAudit(started + line({ verb: "watch" }));
  assert.equal(over.length, 1);
  assert.equal(over[0]?.code, 200);
  assert.equal(over[0]?.apiGroup, "");
});

Deno.test("a line that is still being written is left out", () => {
  assert.equal(parseAudit(line({}) + line({ auditID: "2" }).slice(0, 40)).length, 1);
  assert.deepEqual(parseAudit(""), []);
});

Deno.test("a path that is no resource has no group", () => {
  const [version] = parseAudit(line({ objectRef: undefined, requestURI: "/version" }));
  assert.equal(version?.apiGroup, undefined);
  assert.equal(version?.resource, undefined);
});

Deno.test("refused calls are told from those that merely failed", () => {
  const view = new AuditView(parseAudit(
    line({ responseStatus: { code: 404 } }) +
      line({
        auditID: "2",
        responseStatus: { code: 403 },
        annotations: { "authorization.k8s.io/decision": "forbid" },
      }),
  ));
  assert.deepEqual(view.denied().map(({ code }) => code), [403]);
  assert.equal(view.denied("somebody else").length, 0);
});

Deno.test("requests are found by every property", () => {
  const view = new AuditView([
    entry("get", "deployments", { namespace: "a", name: "x" }),
    entry("patch", "deployments", { namespace: "a", name: "x", subresource: "status", code: 409 }),
    entry("create", "pods", { user: "other", apiGroup: "" }),
  ]);
  assert.equal(view.count(), 3);
  assert.equal(view.count({ user: "other" }), 1);
  assert.equal(view.count({ verb: ["get", "patch"] }), 2);
  assert.equal(view.count({ apiGroup: "" }), 1);
  assert.equal(view.count({ resource: ["deployments"] }), 2);
  assert.equal(view.count({ resource: "deployments", subresource: "" }), 1);
  assert.equal(view.count({ subresource: "status", code: 409, namespace: "a", name: "x" }), 1);
});

Deno.test("lists and watches are counted for each resource", () => {
  const view = new AuditView([
    entry("list", "deployments"),
    entry("watch", "deployments"),
    entry("watch", "deployments"),
    entry("list", "pods", { apiGroup: "" }),
    entry("get", "pods", { apiGroup: "" }),
    entry("list", "pods", { apiGroup: "", user: "other" }),
  ]);
  assert.deepEqual(view.listWatchCount(OPERATOR), {
    "deployments.apps": { list: 1, watch: 2 },
    "pods": { list: 1, watch: 0 },
  });
});

Deno.test("writes leave out lease renewals and events", () => {
  const view = new AuditView([
    entry("patch", "deployments"),
    entry("update", "leases", { apiGroup: "coordination.k8s.io" }),
    entry("create", "events", { apiGroup: "events.k8s.io" }),
    entry("get", "deployments"),
    entry("delete", "pods", { user: "other" }),
  ]);
  assert.deepEqual(view.writes(OPERATOR).map(({ verb, resource }) => `${verb} ${resource}`), [
    "patch deployments",
  ]);
});

Deno.test("rights never used are those that no allowed request needed", () => {
  const view = new AuditView([
    entry("get", "deployments", { name: "x" }),
    entry("patch", "deployments", { subresource: "status" }),
    entry("delete", "deployments", { allowed: false }),
    entry("get", "", { uri: "/metrics?x=1", apiGroup: undefined!, resource: undefined! }),
    entry("list", "anything", { apiGroup: "coder.com" }),
  ]);
  const unused = view.rightsNeverUsed(OPERATOR, [
    {
      apiGroups: ["apps"],
      resources: ["deployments", "deployments/status"],
      verbs: ["get", "patch", "delete"],
    },
    { apiGroups: ["apps"], resources: ["deployments"], resourceNames: ["y"], verbs: ["get"] },
    { apiGroups: ["coder.com"], resources: ["*"], verbs: ["*"] },
    { apiGroups: [""], resources: ["secrets"], verbs: ["*"] },
    { nonResourceURLs: ["/metrics", "/debug/*"], verbs: ["get"] },
  ]);
  assert.deepEqual(unused, [
    "get deployments/status.apps",
    "patch deployments.apps",
    "delete deployments.apps",
    "delete deployments/status.apps",
    "get deployments.apps",
    "* secrets",
    "get /debug/*",
  ]);
});

Deno.test("a right of one namespace is used there alone", () => {
  const view = new AuditView([entry("get", "deployments", { namespace: "one" })]);
  const rule = { apiGroups: ["apps"], resources: ["deployments"], verbs: ["get"] };
  assert.deepEqual(view.rightsNeverUsed(OPERATOR, [rule, { ...rule, namespace: "one" }]), []);
  assert.deepEqual(view.rightsNeverUsed(OPERATOR, [{ ...rule, namespace: "two" }]), ["get deployments.apps"]);
});

Deno.test("a deed is told with its place and name", () => {
  assert.equal(
    deedOf(entry("patch", "deployments", { namespace: "lab", name: "x" })),
    "patch deployments.apps in lab: x",
  );
  assert.equal(deedOf(entry("list", "secrets", { apiGroup: "" })), "list secrets");
  assert.equal(
    deedOf(entry("update", "deployments", { subresource: "status" })),
    "update deployments/status.apps",
  );
});

Deno.test("that refusals are meant is noted beside the log, with its end", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [real, path] = [`${folder}/real.log`, `${folder}/audit.log`];
    await Deno.writeTextFile(real, "");
    await Deno.symlink(real, path);
    const log = new AuditLog(path, () => Promise.resolve());
    const notes = async () =>
      (await Deno.readTextFile(meantDenialsPath(real))).trimEnd().split("\n").map((text) => JSON.parse(text));
    const before = Date.now();
    {
      using _meant = log.meansDenials("it is tried", /^list secrets/);
      const [first, ...others] = await notes();
      assert.equal(others.length, 0);
      assert.deepEqual([first.deeds, first.why, first.until], ["^list secrets", "it is tried", undefined]);
      assert.ok(first.from >= before);
    }
    const [, last] = await notes();
    assert.ok(last.until >= last.from);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("on a real API server: what one user did since a mark, and what it was refused", async () => {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("audit");
  const account = { namespace, name: "worker" };
  const user = serviceAccountUser(account);
  const rule = { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "create"] };
  await cluster.apply([
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name: "worker", namespace },
      rules: [rule],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "worker", namespace },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "worker" },
      subjects: [{ kind: "ServiceAccount", ...account }],
    },
  ]);
  const kubeconfig = await cluster.serviceAccountKubeconfig(account);
  const run = (...args: string[]) => cluster.kubectl(args, { kubeconfig, allowFailure: true });
  await waitFor(async () => (await run("get", "configmaps")).code === 0, { what: "the role to be in force" });

  const mark = await cluster.audit.mark();
  assert.equal((await run("create", "configmap", "made")).code, 0);
  assert.notEqual((await run("get", "secrets")).code, 0);
  assert.equal((await run("get", "configmaps")).code, 0);
  const view = await cluster.audit.since(mark);

  assert.deepEqual(view.writes(user).map(({ verb, resource, code }) => [verb, resource, code]), [
    ["create", "configmaps", 201],
  ]);
  assert.deepEqual(view.denied(user).map(({ verb, resource, code }) => [verb, resource, code]), [
    ["list", "secrets", 403],
  ]);
  assert.deepEqual(view.listWatchCount(user), {
    configmaps: { list: 1, watch: 0 },
    secrets: { list: 1, watch: 0 },
  });
  assert.deepEqual(view.rightsNeverUsed(user, [rule]), ["get configmaps"]);
});

Deno.test("a log that records nothing is an error, not an empty answer", async () => {
  const path = await Deno.makeTempFile();
  const log = new AuditLog(path, () => Promise.resolve(), 50);
  await assert.rejects(log.mark(), /does not record requests/);
  await Deno.remove(path);
});
