/** Who Coder says has done what, where the whole product runs: over MCP the caller, by kubectl the operator. */
import assert from "node:assert/strict";
import { startIssuer } from "../../src/identity/testing/issuer.ts";
import { waitFor } from "../cluster/mod.ts";
import { plainTemplate, uniqueName } from "../coder/mod.ts";
import { untilAllowed } from "../deploy/access.ts";
import { LATEST } from "./clients.ts";
import { startProductRig } from "./product_rig.ts";

const RBAC = "rbac.authorization.k8s.io";
const WORKSPACE = "coder.ann.dev";
const KEY = { namespace: "lab", name: WORKSPACE };

Deno.test("a build that a caller of MCP begins is theirs in Coder, by whichever replica, and one by kubectl is the operator's", async (t) => {
  await using issuer = await startIssuer();
  const audit = await Deno.makeTempFile();
  await using product = await startProductRig({
    replicas: 1,
    args: [
      "--mcp-auth=oidc,token",
      "--mcp-url=https://mcp.test/mcp",
      `--mcp-oidc-issuer=${issuer.url}`,
      "--coder-user-mapping=username",
      "--coder-user-prefix=oidc:",
      `--mcp-audit-log=${audit}`,
    ],
  });
  const { rig, cluster, deployment: { coderd }, coderToken: token } = product;
  const { organizationId } = await coderd.firstUser();
  const template = await coderd.createTemplate({ files: plainTemplate(), name: uniqueName("plain") });
  await coderd.request("POST", "/api/v2/users", {
    token,
    body: {
      username: "ann",
      email: "ann@example.com",
      password: "Correct-Horse-Battery-1",
      login_type: "password",
      user_status: "active",
      organization_ids: [organizationId],
    },
  });
  await cluster.apply(
    ["coder-k8s-workspaces-view", "coder-k8s-workspaces-edit", "reads-coder"].map((role) => ({
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata: { namespace: "lab", name: `ann-${role}` },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
      subjects: [{ apiGroup: RBAC, kind: "User", name: "oidc:ann" }],
    })),
  );
  const group = "aggregation.coder.com";
  await untilAllowed(cluster, "oidc:ann", [
    { verb: "get", group, resource: "coderworkspaces", namespace: "lab" },
    { verb: "create", group, resource: "coderworkspaces", namespace: "lab" },
  ]);
  const [first, second] = rig.replicas;
  const connect = async (replica = first) =>
    await LATEST.connect({ url: replica!.mcpUrl, token: await issuer.token() });
  const call = async (replica: typeof first, name: string, args: Record<string, unknown>) => {
    await using client = await connect(replica);
    const { text, structured, isError } = await client.call(name, args);
    // deno-lint-ignore no-explicit-any -- as answered
    return { text, isError, output: structured as any };
  };
  const workspace = async () => {
    const { workspaces } = await coderd.request("GET", "/api/v2/workspaces?q=owner:ann", { token });
    return workspaces[0] as { id: string; latest_build: { status: string } } | undefined;
  };
  const rests = (status: string) =>
    waitFor(async () => (await workspace())?.latest_build.status === status, {
      what: `the workspace to be ${status}`,
      timeoutMs: 180_000,
    });
  const builds = async () => {
    const all: { transition: string; build_number: number; initiator_name: string }[] = await coderd.request(
      "GET",
      `/api/v2/workspaces/${(await workspace())!.id}/builds`,
      { token },
    );
    return all.sort((a, b) => a.build_number - b.build_number)
      .map(({ transition, initiator_name }) => `${transition} by ${initiator_name}`);
  };

  for (const replica of rig.replicas) {
    await waitFor(async () => {
      const { output } = await call(replica, "list_templates", { namespace: "lab" });
      return output?.items?.some(({ name }: { name: string }) => name.endsWith(`.${template.name}`));
    }, { what: "each replica to know the template", timeoutMs: 120_000 });
  }

  await t.step("a plan that one replica has told is carried out by the other, as the caller", async () => {
    const args = { ...KEY, template: template.name };
    const planned = await call(first, "create_workspace", args);
    assert.equal(planned.isError, false, planned.text);
    const done = await call(second, "create_workspace", {
      ...args,
      planToken: planned.output.plan.planToken,
    });
    assert.equal(done.isError, false, done.text);
    await rests("running");
    assert.deepEqual(await builds(), ["start by ann"]);
  });

  await t.step("of two replicas that are given the same plan at once, one carries it out", async () => {
    const args = { ...KEY, running: false };
    const planned = await waitFor(async () => {
      const answer = await call(first, "set_workspace_running", args);
      return answer.output?.plan?.planToken === undefined ? undefined : answer;
    }, { what: "a plan to stop it" });
    const { planToken } = planned!.output.plan;
    const answers = await Promise.all(
      [first, second].map((replica) => call(replica, "set_workspace_running", { ...args, planToken })),
    );
    assert.equal(
      answers.filter(({ isError }) => !isError).length,
      1,
      answers.map(({ text }) => text).join("\n"),
    );
    await rests("stopped");
    assert.deepEqual(await builds(), ["start by ann", "stop by ann"]);
  });

  await t.step("what kubectl changes is changed by the operator", async () => {
    await waitFor(async () => {
      const { spec } = await rig.get(`/namespaces/lab/coderworkspaces/${WORKSPACE}`);
      return spec.running === false;
    }, { what: "the API server's replica to know that it is stopped" });
    const patch = JSON.stringify({ spec: { running: true } });
    await cluster.kubectl(["-n", "lab", "patch", "coderworkspace", WORKSPACE, "--type=merge", "-p", patch]);
    await rests("running");
    assert.equal((await builds()).at(-1), "start by owner");
  });

  await t.step("every call is on record in the file, and no token is", async () => {
    const text = await Deno.readTextFile(audit);
    const records = text.trim().split("\n").map((line) => JSON.parse(line));
    const changed = records.filter((record) => record.changed === true).map((
      { caller, tool },
    ) => [caller, tool]);
    assert.deepEqual(changed, [["oidc:ann", "create_workspace"], ["oidc:ann", "set_workspace_running"]]);
    assert.ok(!text.includes(token));
    assert.doesNotMatch(text, /eyJ|[0-9A-Za-z]{10}-[0-9A-Za-z]{22}/);
  });

  await t.step("when the processes end, no token of theirs is left in Coder", async () => {
    const tokens = async (): Promise<{ token_name: string; username: string }[]> =>
      await coderd.request("GET", "/api/v2/users/me/keys/tokens?include_all=true", { token }) ?? [];
    const ours = async () =>
      (await tokens()).filter(({ token_name }) => token_name.startsWith("coder-k8s-mcp-"));
    assert.ok((await ours()).length > 0);
    await Promise.all(rig.replicas.map(({ process }) => process.stop()));
    assert.deepEqual(await ours(), []);
  });
  await Deno.remove(audit);
});
