/** Sessions in Coder workspaces at the product's MCP port: as the Coder user that a caller is, at replicas on one Redis. */
import assert from "node:assert/strict";
import { startIssuer } from "../../src/identity/testing/issuer.ts";
import { agentTemplate } from "../coder/mod.ts";
import { untilAllowed } from "../deploy/access.ts";
import { startRedis } from "../redis/server.ts";
import { ask, refuses } from "../sessions/ask.ts";
import { coderUser } from "../sessions/coder_rig.ts";
import { LATEST } from "./clients.ts";
import { startProductRig } from "./product_rig.ts";

const RBAC = "rbac.authorization.k8s.io";

Deno.test("sessions in workspaces at two replicas, one of which is killed", async (t) => {
  await using issuer = await startIssuer();
  await using redis = await startRedis();
  await using product = await startProductRig({
    replicas: 1,
    args: [
      "--mcp-toolsets=core,sessions",
      "--mcp-auth=oidc",
      "--mcp-url=https://mcp.test/mcp",
      `--mcp-oidc-issuer=${issuer.url}`,
      "--coder-user-mapping=username",
      "--coder-user-prefix=oidc:",
      `--session-store=${redis.url}`,
    ],
  });
  const { rig, cluster, deployment: { coderd } } = product;
  const template = await coderd.createTemplate({ files: agentTemplate() });
  const [ann, bob] = [await coderUser(coderd, "ann"), await coderUser(coderd, "bob")];
  const dev = await coderd.createWorkspace({ template, user: ann.username });
  await coderd.waitForAgents(dev.id);
  const [one, two] = rig.replicas.map(({ mcpUrl }) => mcpUrl) as [string, string];
  const users = [ann, bob].map(({ username }) => `oidc:${username}`);
  const role = "coder-k8s-workspaces-view";
  await cluster.apply({
    apiVersion: `${RBAC}/v1`,
    kind: "RoleBinding",
    metadata: { namespace: "lab", name: `people-${role}` },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
    subjects: users.map((name) => ({ apiGroup: RBAC, kind: "User", name })),
  });
  const group = "aggregation.coder.com";
  for (const user of users) {
    await untilAllowed(cluster, user, [{
      verb: "get",
      group,
      resource: "coderworkspaces",
      namespace: "lab",
    }]);
  }
  const tokens = {
    ann: await issuer.token({ sub: ann.username }),
    bob: await issuer.token({ sub: bob.username }),
  };
  await using first = await LATEST.connect({ url: one, token: tokens.ann });
  await using second = await LATEST.connect({ url: two, token: tokens.ann });
  await using other = await LATEST.connect({ url: two, token: tokens.bob });
  const box = { session: "box" };

  await t.step("what one replica has made, the other one has too", async () => {
    const made = await ask(first, "session_create", { name: "box", namespace: "lab", workspace: dev.name });
    assert.deepEqual([made["state"], made["isolation"]], ["ready", "workspace"]);
    await ask(first, "fs_write", { ...box, path: "a.txt", contents: "from the first\n" });
    assert.equal((await ask(second, "fs_read", { ...box, path: "a.txt" }))["content"], "from the first\n");
  });

  await t.step("who is no owner has neither the session nor the workspace", async () => {
    assert.match(await refuses(other, "fs_read", { ...box, path: "a.txt" }), /no session/);
    const { isError } = await other.call("session_create", { namespace: "lab", workspace: dev.id });
    assert.equal(isError, true);
  });

  await t.step("a call that names no session is told at once where one can be made", async () => {
    assert.match(
      await refuses(first, "run_command", { command: "true" }),
      /no sandboxes here: make a session/,
    );
  });

  let process: unknown;
  await t.step("a process that one has started is known to the other", async () => {
    ({ process } = await ask(first, "run_command", {
      ...box,
      command: "echo begun; read line; echo got $line; exec sleep 600",
      interactive: true,
      waitMs: 0,
    }));
    await ask(second, "process_input", { ...box, process, data: "word\n" });
    let output = "";
    while (!output.includes("got word")) {
      output = String((await ask(second, "process_output", { ...box, process, waitMs: 1_000 }))["stdout"]);
    }
    assert.equal(output, "begun\ngot word\n");
  });

  await t.step("when the first is killed, sessions go on at the other, and so do processes", async () => {
    await rig.replica.process.stop("SIGKILL");
    assert.equal((await ask(second, "fs_read", { ...box, path: "a.txt" }))["content"], "from the first\n");
    const still = await ask(second, "process_output", { ...box, process });
    assert.deepEqual([still["state"], still["stdout"]], ["running", "begun\ngot word\n"]);
    await ask(second, "process_signal", { ...box, process, signal: "SIGKILL" });
    await ask(second, "session_close", box);
    assert.deepEqual((await ask(second, "session_list"))["sessions"], []);
  });
});
