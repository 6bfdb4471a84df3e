import assert from "node:assert/strict";
import { toolRig } from "../testing.ts";
import { apiError, FakeCluster, workspaceOf } from "./workspace_testing.ts";
import { restartWorkspace, setWorkspaceRunning } from "./workspace_running.ts";

const DEV = { namespace: "lab", name: "acme.ann.dev" };
const planOf = ({ output }: { output: Record<string, unknown> }) =>
  output["plan"] as { summary: string; diff?: string; planToken: string };

Deno.test("nothing is stopped before that was confirmed, and then once", async () => {
  const cluster = new FakeCluster(workspaceOf("acme.ann.dev"));
  const rig = toolRig({ cluster });
  const plan = await rig.run(setWorkspaceRunning, { ...DEV, running: false });
  assert.deepEqual(plan.output["workspace"], {
    name: "acme.ann.dev",
    namespace: "lab",
    running: true,
    state: "running",
  });
  assert.equal(plan.output["updated"], false);
  const { summary, diff, planToken } = planOf(plan);
  assert.deepEqual([summary, diff], [
    "Stop the workspace lab/acme.ann.dev",
    "-running: true\n+running: false",
  ]);
  assert.equal(cluster.workspace("acme.ann.dev")?.spec.running, true);
  const done = await rig.run(setWorkspaceRunning, { ...DEV, running: false, planToken });
  assert.deepEqual([done.output["updated"], cluster.workspace("acme.ann.dev")?.spec.running], [true, false]);
  assert.deepEqual(cluster.calls.filter((call) => call.startsWith("patch") && !call.endsWith("(dry)")), [
    'patch lab/acme.ann.dev {"running":false}',
  ]);
});

Deno.test("what is so already is no change", async () => {
  const cluster = new FakeCluster(workspaceOf("acme.ann.dev"));
  const { output, changed } = await toolRig({ cluster }).run(setWorkspaceRunning, { ...DEV, running: true });
  assert.deepEqual([output["updated"], output["plan"], changed], [false, undefined, false]);
});

Deno.test("a start or stop that failed is tried once more", async () => {
  for (const transition of ["start", "stop"]) {
    const running = transition === "start";
    const cluster = new FakeCluster(workspaceOf("acme.ann.dev", {
      spec: { running: false },
      status: { latestBuildStatus: "failed", latestBuild: { number: 2, transition } },
    }));
    const { plan } = await toolRig({ cluster }).carriesOut(setWorkspaceRunning, { ...DEV, running });
    assert.match(planOf(plan).summary, /^(Start|Stop) the workspace .* once more: its latest build failed$/);
  }
});

Deno.test("conflicts are tried again on what is there then, and told where it is another workspace", async () => {
  const cluster = new FakeCluster(workspaceOf("acme.ann.dev"));
  cluster.trouble = (call, times) =>
    call.startsWith("patch") && !call.endsWith("(dry)") && times < 3 ? apiError(409, "Conflict") : undefined;
  const rig = toolRig({ cluster });
  const { done } = await rig.carriesOut(setWorkspaceRunning, { ...DEV, running: false });
  assert.equal(done.output["updated"], true);

  cluster.put(workspaceOf("acme.ann.dev"));
  cluster.trouble = (call) => {
    if (!call.startsWith("patch") || call.endsWith("(dry)")) return undefined;
    cluster.put(workspaceOf("acme.ann.dev", { metadata: { uid: "another" } }));
    return apiError(409, "Conflict");
  };
  const plan = planOf(await rig.run(setWorkspaceRunning, { ...DEV, running: false }));
  const error = await rig.refuses(setWorkspaceRunning, { ...DEV, running: false, planToken: plan.planToken });
  assert.deepEqual([error.code, error.message], [
    "conflict",
    "update CoderWorkspace lab/acme.ann.dev: it is another workspace by now: begin anew",
  ]);

  cluster.put(workspaceOf("acme.ann.dev"));
  cluster.trouble = (call) =>
    call.startsWith("patch") && !call.endsWith("(dry)") ? apiError(409, "Conflict", "again") : undefined;
  const next = planOf(await rig.run(setWorkspaceRunning, { ...DEV, running: false }));
  const last = await rig.refuses(setWorkspaceRunning, { ...DEV, running: false, planToken: next.planToken });
  assert.equal(last.message, "update CoderWorkspace lab/acme.ann.dev: again");
});

Deno.test("a plan of another build, or of another workspace, is none", async () => {
  for (const change of [{ status: { latestBuildID: "build-2" } }, { metadata: { uid: "another" } }]) {
    const cluster = new FakeCluster(workspaceOf("acme.ann.dev"));
    const rig = toolRig({ cluster });
    const { planToken } = planOf(await rig.run(setWorkspaceRunning, { ...DEV, running: false }));
    cluster.put(workspaceOf("acme.ann.dev", change));
    const error = await rig.refuses(setWorkspaceRunning, { ...DEV, running: false, planToken });
    assert.equal(error.code, "conflict");
    assert.equal(cluster.workspace("acme.ann.dev")?.spec.running, true);
  }
});

Deno.test("what changes while somebody is asked is not what they were asked about", async () => {
  for (const change of [{ status: { latestBuildID: "build-2" } }, { metadata: { uid: "another" } }]) {
    for (const tool of [setWorkspaceRunning, restartWorkspace]) {
      const cluster = new FakeCluster(workspaceOf("acme.ann.dev"));
      const rig = toolRig({
        cluster,
        elicit: () => {
          cluster.put(workspaceOf("acme.ann.dev", change));
          return Promise.resolve("accept");
        },
      });
      const input = tool === restartWorkspace ? DEV : { ...DEV, running: false };
      const error = await rig.refuses(tool, input);
      assert.equal(error.code, "conflict");
      assert.match(error.message, /begin anew$/);
      assert.equal(cluster.workspace("acme.ann.dev")?.spec.running, true);
    }
  }
});

Deno.test("a restart stops, sees that, and starts", async () => {
  const cluster = new FakeCluster(workspaceOf("acme.ann.dev"));
  const rig = toolRig({ cluster });
  const { plan, done } = await rig.carriesOut(restartWorkspace, DEV);
  assert.equal(planOf(plan).summary, "Stop and start the workspace lab/acme.ann.dev");
  assert.equal(done.output["updated"], true);
  assert.deepEqual(cluster.calls.filter((call) => call.startsWith("patch") && !call.endsWith("(dry)")), [
    'patch lab/acme.ann.dev {"running":false}',
    'patch lab/acme.ann.dev {"running":true}',
  ]);
  assert.deepEqual(rig.progress, ["stopping", "starting"]);
});

Deno.test("a restart of what is stopped is a start", async () => {
  const cluster = new FakeCluster(workspaceOf("acme.ann.dev", { spec: { running: false } }));
  const { plan } = await toolRig({ cluster }).carriesOut(restartWorkspace, DEV);
  assert.equal(planOf(plan).summary, "Start the workspace lab/acme.ann.dev");
  assert.equal(cluster.workspace("acme.ann.dev")?.spec.running, true);
});

Deno.test("a stop that another server does not know of yet is waited for", async () => {
  const cluster = new FakeCluster(workspaceOf("acme.ann.dev"));
  const late = Promise.withResolvers<void>();
  cluster.patched = (workspace) => {
    if (workspace.spec.running === true) return;
    workspace.spec.running = true;
    late.resolve();
  };
  const rig = toolRig({ cluster });
  const done = rig.carriesOut(restartWorkspace, DEV);
  await late.promise;
  cluster.patched = () => {};
  const before = cluster.calls.length;
  while (!cluster.calls.slice(before).some((call) => call.startsWith("get"))) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  cluster.put(workspaceOf("acme.ann.dev", { spec: { running: false } }));
  assert.equal((await done).done.output["updated"], true);

  const other = new FakeCluster(workspaceOf("acme.ann.dev"));
  other.patched = (workspace) => void (workspace.metadata.uid = "another");
  const { planToken } = planOf(await toolRigOf(other).run(restartWorkspace, DEV));
  assert.equal((await toolRigOf(other).refuses(restartWorkspace, { ...DEV, planToken })).code, "conflict");
});

const rigs = new WeakMap<FakeCluster, ReturnType<typeof toolRig>>();

/** The same for each cluster: it knows its plans. */
function toolRigOf(cluster: FakeCluster) {
  const rig = rigs.get(cluster) ?? toolRig({ cluster });
  rigs.set(cluster, rig);
  return rig;
}
