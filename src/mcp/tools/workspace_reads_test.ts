import assert from "node:assert/strict";
import { toolRig } from "../testing.ts";
import { plainUrl } from "./workspace_facts.ts";
import { getWorkspace, getWorkspaceAgents, listWorkspaces } from "./workspace_reads.ts";
import { apiError, FakeCluster, workspaceOf } from "./workspace_testing.ts";

const DEV = { namespace: "lab", name: "acme.ann.dev" };

Deno.test("workspaces are listed by name, in pages, with what is missing", async () => {
  const cluster = new FakeCluster(
    workspaceOf("acme.ann.b", { status: { autoShutdown: "2026-11-22T05:00:00Z" } }),
    workspaceOf("acme.ann.a", { spec: { running: false }, status: { latestBuildStatus: "stopped" } }),
    workspaceOf("acme.bob.c"),
  );
  cluster.gaps.push("The Coder of lab/other is away.");
  const rig = toolRig({ cluster });
  const first = await rig.run(listWorkspaces, { limit: 2 });
  assert.deepEqual(first.output["items"], [
    { name: "acme.ann.a", namespace: "lab", running: false, state: "stopped", template: "docker" },
    {
      name: "acme.ann.b",
      namespace: "lab",
      running: true,
      autoShutdown: "2026-11-22T05:00:00Z",
      state: "running",
      template: "docker",
    },
  ]);
  assert.deepEqual([first.output["total"], first.output["warnings"]], [3, cluster.gaps]);
  const { output } = await rig.run(listWorkspaces, { cursor: first.output["nextCursor"] });
  assert.deepEqual((output["items"] as { name: string }[]).map(({ name }) => name), ["acme.bob.c"]);
  await rig.run(listWorkspaces, { namespace: "lab", owner: "bob", template: "docker", state: "" });
  assert.equal(cluster.calls.at(-1), "list coderworkspaces status.ownerName=bob,spec.templateName=docker");
  assert.equal((await rig.refuses(listWorkspaces, { state: "a=b" })).code, "invalid");
});

Deno.test("workspaces of an old version, and those that nobody has used for days, are found in one call", async () => {
  const ago = (days: number) => new Date(Date.now() - days * 86_400_000 - 1_000).toISOString();
  const rig = toolRig({
    cluster: new FakeCluster(
      workspaceOf("acme.ann.fresh", { status: { lastUsedAt: ago(0) } }),
      workspaceOf("acme.ann.late", { status: { lastUsedAt: ago(29), outdated: true } }),
      workspaceOf("acme.bob.old", { status: { lastUsedAt: ago(30) } }),
      workspaceOf("acme.bob.never", {
        metadata: { creationTimestamp: ago(40) },
        status: { lastUsedAt: null, outdated: true },
      }),
    ),
  });
  const names = async (args: Record<string, unknown>) => {
    const { output } = await rig.run(listWorkspaces, args);
    return (output["items"] as { name: string }[]).map(({ name }) => name);
  };
  assert.deepEqual(await names({ unusedDays: 30 }), ["acme.bob.never", "acme.bob.old"]);
  assert.deepEqual(await names({ outdated: true }), ["acme.ann.late", "acme.bob.never"]);
  assert.deepEqual(await names({ outdated: false, unusedDays: 1 }), ["acme.bob.old"]);
  assert.deepEqual(await names({ outdated: true, unusedDays: 41 }), []);
  assert.equal((await names({})).length, 4);
  assert.equal((await rig.refuses(listWorkspaces, { unusedDays: 0 })).code, "invalid");
});

Deno.test("a list that fails says so as the Go server did", async () => {
  const cluster = new FakeCluster();
  cluster.trouble = () => apiError(503, "ServiceUnavailable", "no Coder here");
  const error = await toolRig({ cluster }).refuses(listWorkspaces);
  assert.deepEqual([error.code, error.message], [
    "unavailable",
    "list CoderWorkspace resources: no Coder here",
  ]);
});

Deno.test("an alias is answered under the canonical name", async () => {
  const cluster = new FakeCluster(workspaceOf("acme.ann.dev"));
  // The server finds it by this name too, and shows it under it.
  const alias = workspaceOf("coder.acme.ann.dev", { metadata: { uid: "uid-acme.ann.dev" } });
  const rig = toolRig({
    cluster: Object.assign(cluster, {
      get: () => Promise.resolve(alias),
    }),
  });
  const { output } = await rig.run(getWorkspace, { ...DEV, name: "coder.acme.ann.dev" });
  assert.equal((output["workspace"] as { name: string }).name, "acme.ann.dev");
});

Deno.test("who may get and not list gets it under the name that they have", async () => {
  const cluster = new FakeCluster(workspaceOf("acme.ann.dev"));
  cluster.trouble = (call) => call.startsWith("list") ? apiError(403, "Forbidden") : undefined;
  const { output } = await toolRig({ cluster }).run(getWorkspace, DEV);
  assert.equal((output["workspace"] as { name: string }).name, "acme.ann.dev");
  const strange = await toolRig({ cluster }).refuses(getWorkspace, { ...DEV, name: "a=b" });
  assert.equal(strange.code, "not_found");
  cluster.trouble = (call) => call.startsWith("list") ? undefined : apiError(404, "NotFound", "nothing");
  assert.match(
    (await toolRig({ cluster }).refuses(getWorkspace, DEV)).message,
    /^get CoderWorkspace lab\/acme\.ann\.dev: nothing$/,
  );
});

Deno.test("one workspace is told with what somebody would ask next", async () => {
  const cluster = new FakeCluster(workspaceOf("acme.ann.dev", {
    metadata: { deletionTimestamp: "2026-11-22T04:00:00Z" },
    spec: { parameters: { cpus: "4" }, ttlMillis: 5_400_000, autostartSchedule: "30 9 * * 1-5" },
    status: {
      latestBuild: {
        number: 3,
        transition: "start",
        reason: "initiator",
        initiatorName: "ann",
        templateVersionName: "v2",
        completedAt: "2026-11-22T04:00:00Z",
        error: "no quota",
      },
      outdated: true,
      dormantAt: "2026-11-01T00:00:00Z",
      lastUsedAt: "2026-11-21T00:00:00Z",
      accessURL: "https://coder.example/@ann/dev",
      agents: [
        { id: "1", name: "main", status: "connected", lifecycleState: "ready", healthy: true },
        { id: "2", name: "side", status: "timeout", healthy: false },
      ],
      conditions: [{
        type: "ChangePending",
        status: "True",
        reason: "BuildActive",
        message: "ann asked for it",
        lastTransitionTime: "2026-11-22T04:00:00Z",
      }],
    },
  }));
  const { output, text } = await toolRig({ cluster }).run(getWorkspace, DEV);
  assert.match(
    text,
    /\n {2}url: \S+\nUntrusted data, error of the latest build, .*\n<<<\S+\nno quota\n\S+>>>$/,
  );
  assert.deepEqual(output["workspace"], {
    name: "acme.ann.dev",
    namespace: "lab",
    running: true,
    state: "deleting",
    template: "docker",
    outdated: true,
    build: "#3 start of v2 (by ann, initiator), over 2026-11-22T04:00:00Z",
    error: "no quota",
    pending: "ann asked for it; dormant since 2026-11-01T00:00:00Z",
    agents: "main: connected/ready; side: timeout (not healthy)",
    parameters: { cpus: "4" },
    ttlMinutes: 90,
    autostart: "30 9 * * 1-5",
    lastUsed: "2026-11-21T00:00:00Z",
    url: "https://coder.example/@ann/dev",
  });
  cluster.put(workspaceOf("acme.ann.dev", { status: { conditions: [] } }));
  assert.equal(
    (await toolRig({ cluster }).run(getWorkspace, DEV)).text,
    "workspace:\n  name: acme.ann.dev\n  namespace: lab\n  running: true\n  state: running\n" +
      "  template: docker\n  build: #1 start",
  );
});

Deno.test("agents and apps are told, and no address proves anything", async () => {
  const app = { slug: "ide", url: "https://user:pw@apps.example/ide?token=secret#secret", health: "healthy" };
  const cluster = new FakeCluster(workspaceOf("acme.ann.dev", {
    status: {
      agents: [{
        id: "1",
        name: "main",
        status: "connected",
        healthy: true,
        operatingSystem: "linux",
        apps: [app, { slug: "desk", url: "vscode://open?token=secret", external: true }, { slug: "term" }],
      }],
    },
  }));
  const rig = toolRig({ cluster });
  const { output: told, text } = await rig.run(getWorkspaceAgents, DEV);
  const output = JSON.parse(JSON.stringify(told));
  assert.deepEqual(output["agents"], [{ name: "main", status: "connected", healthy: true, os: "linux" }]);
  assert.deepEqual(output["apps"], [
    { agent: "main", slug: "ide", url: "https://apps.example/ide", health: "healthy" },
    { agent: "main", slug: "desk", url: "vscode:…", external: true },
    { agent: "main", slug: "term" },
  ]);
  assert.doesNotMatch(text, /secret|pw/);
  cluster.put(workspaceOf("acme.ann.dev", { spec: { running: false } }));
  assert.match((await rig.run(getWorkspaceAgents, DEV)).text, /Note: It does not run/);
});

Deno.test("what is no address is not shown", () => {
  assert.equal(plainUrl("token=secret"), undefined);
  assert.equal(plainUrl("http://a.example:8080/x/?q#f"), "http://a.example:8080/x/");
});
