/** Tools for workspaces where control planes are none, several, or away. */
import assert from "node:assert/strict";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { clientCluster } from "../../src/mcp/caller/client_cluster.ts";
import { toolRig } from "../../src/mcp/testing.ts";
import { WORKSPACE_TOOLS } from "../../src/mcp/tools/workspaces.ts";
import { startAppRig } from "../aggregated/app_rig.ts";
import { waitFor } from "../cluster/mod.ts";
import { addWorkspace, startFakeCoder } from "../fake-coder/mod.ts";

const tool = (name: string) => WORKSPACE_TOOLS.find((one) => one.name === name)!;

Deno.test("tools for workspaces answer whatever control planes there are", async (t) => {
  await using one = await startFakeCoder();
  await using two = await startFakeCoder();
  const tokens = [one, two].map(({ state }) => {
    const { user, token } = state.addOwner();
    addWorkspace(state, user, "dev");
    return { token, name: user.username };
  });
  await using rig = await startAppRig({
    coders: {
      "lab/one": { url: one.url, token: tokens[0]!.token },
      "lab/two": { url: two.url, token: tokens[1]!.token },
    },
    present: [],
  });
  const client = createRestClient({ connection: loadKubeConfig({ kubeconfig: rig.cluster.kubeconfig }) });
  await using _client = { [Symbol.asyncDispose]: () => Promise.resolve(client.close()) };
  const caller = toolRig({ cluster: clientCluster(client) });
  const timed = async <R>(run: () => Promise<R>): Promise<R> => {
    const start = performance.now();
    const answer = await run();
    const ms = performance.now() - start;
    // Nobody waits for a Coder; the machine may have other things to do.
    assert.ok(ms < 20_000, `it took ${ms} ms`);
    return answer;
  };
  const list = async (args = {}) => {
    const { output, text } = await timed(() => caller.run(tool("list_workspaces"), args));
    return { text, names: (output["items"] as { name: string }[]).map(({ name }) => name) };
  };

  await t.step("without a control plane, lists are empty at once, and the process is ready", async () => {
    assert.deepEqual((await list()).names, []);
    assert.deepEqual((await list({ namespace: "lab" })).names, []);
    const args = { namespace: "lab", name: "coder.admin.dev" };
    for (const name of ["get_workspace", "delete_workspace", "get_workspace_build_log"]) {
      assert.equal((await timed(() => caller.refuses(tool(name), args))).code, "not_found", name);
    }
    const running = { ...args, running: true };
    assert.equal(
      (await timed(() => caller.refuses(tool("set_workspace_running"), running))).code,
      "not_found",
    );
    const health = await fetch(`${rig.replica.process.healthUrl}/readyz`);
    await health.body?.cancel();
    assert.equal(health.status, 200);
  });

  const [first, second] = ["one", "two"].map((plane, index) => `${plane}.coder.${tokens[index]!.name}.dev`);

  await t.step("two control planes of a namespace are both there, and names say which", async () => {
    await rig.addControlPlane("lab/one");
    await rig.addControlPlane("lab/two");
    await waitFor(async () => (await list()).names.length === 2, {
      what: "both workspaces",
      timeoutMs: 60_000,
    });
    assert.deepEqual((await list()).names, [first, second]);
    assert.deepEqual((await list({ namespace: "lab" })).names, [first, second]);
    const { output } = await caller.run(tool("get_workspace"), { namespace: "lab", name: first! });
    assert.equal((output["workspace"] as { name: string }).name, first);
    const plain = first!.slice("one.".length);
    if (tokens[0]!.name === tokens[1]!.name) {
      const unclear = await caller.refuses(tool("get_workspace"), { namespace: "lab", name: plain });
      assert.deepEqual([unclear.code, unclear.message.includes(`name one of ${first}, ${second}`)], [
        "invalid",
        true,
      ]);
    }
  });

  await t.step("one that is away hides neither its own nor the other's, and is named", async () => {
    await one.stop();
    await waitFor(async () => /Note: Coder of lab\/one cannot be reached/.test((await list()).text), {
      what: "that to be known",
      timeoutMs: 60_000,
    });
    assert.deepEqual((await list()).names, [first, second]);
    const stopped = await timed(() =>
      caller.run(tool("set_workspace_running"), {
        namespace: "lab",
        name: second!,
        running: false,
        dryRun: true,
      })
    );
    assert.match(stopped.text, /Stop the workspace lab\/two\./);
    const away = await timed(() =>
      caller.refuses(tool("set_workspace_running"), { namespace: "lab", name: first!, running: false })
    );
    assert.equal(away.code, "unavailable");
    assert.match(away.message, /^update CoderWorkspace lab\/one\./);
  });
});
