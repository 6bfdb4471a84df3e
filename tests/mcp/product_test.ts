/** The whole product, as an AI client sees it: a real Coder, a real API server, official clients. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { plainTemplate } from "../coder/mod.ts";
import { CLIENT_1, type ConnectedClient, LATEST } from "./clients.ts";
import { inspect } from "./inspector.ts";
import { startProductRig } from "./product_rig.ts";
import { Transcript } from "./transcript.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
/** Of the first user. */
const WORKSPACE = "coder.owner.dev";
const VIEW = ["coder-k8s-workspaces-view", "coder-k8s-workspaces-of-others", "coder-k8s-resources-view"];

Deno.test("AI clients operate Coder on Kubernetes, as themselves", async (t) => {
  await using product = await startProductRig();
  const { rig, cluster, deployment } = product;
  const url = rig.replica.mcpUrl;
  await cluster.apply({
    apiVersion: "aggregation.coder.com/v1alpha1",
    kind: "CoderTemplate",
    metadata: { namespace: "lab", name: "coder.plain" },
    spec: { files: plainTemplate() },
  });
  const reader = await product.tokenOf("reader", VIEW);
  const editor = await product.tokenOf("editor", [...VIEW, "coder-k8s-workspaces-edit"]);
  const call = async (client: ConnectedClient, name: string, args: Record<string, unknown> = {}) => {
    const answer = await client.call(name, args);
    assert.equal(answer.isError, false, `${name}: ${answer.text}`);
    return { text: answer.text, output: answer.structured ?? JSON.parse(answer.text) };
  };
  const refused = async (client: ConnectedClient, name: string, args: Record<string, unknown> = {}) => {
    const { isError, text } = await client.call(name, args);
    assert.equal(isError, true, text);
    return text;
  };
  const carryOut = async (client: ConnectedClient, name: string, args: Record<string, unknown>) => {
    const { output } = await call(client, name, args);
    return await call(client, name, { ...args, planToken: output.plan.planToken });
  };

  const transcript = new Transcript();
  const say = async (client: ConnectedClient, name: string, args: Record<string, unknown> = {}) => {
    const answer = await call(client, name, args);
    transcript.add(name, args, answer.text);
    return answer;
  };

  await t.step("nobody is let in without saying who they are", async () => {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    await answer.body?.cancel();
    assert.equal(answer.status, 401);
    await assert.rejects(LATEST.connect({ url, token: "x.y.z" }));
    const { port } = new URL(url);
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
    assert.deepEqual([ready.status, await ready.text()], [200, "ok"]);
  });

  for (const kind of [LATEST, CLIENT_1]) {
    await t.step(`a caller of ${kind.name} sees what they may see`, async () => {
      await using client = await kind.connect({ url, token: reader });
      const names = (await client.tools()).map(({ name }) => name);
      for (const name of ["list_control_planes", "list_workspaces", "create_workspace", "check_health"]) {
        assert.ok(names.includes(name), name);
      }
      const { output } = await call(client, "list_control_planes", { namespace: "lab" });
      assert.deepEqual(output.items.map((one: { name: string }) => one.name), ["coder"]);
      const templates = await call(client, "list_templates", { namespace: "lab" });
      assert.deepEqual(templates.output.items.map((one: { name: string }) => one.name), ["coder.plain"]);
      assert.match(await refused(client, "get_events", { namespace: "kube-system" }), /forbidden/i);
      assert.match(await refused(client, "get_events", { namespace: "" }), /^namespace is required$/);
      // It gives Coder a second, in which a busy machine may not get to it.
      await waitFor(async () => {
        const { output: health } = await call(client, "check_health");
        return health.coders[0].state === "reachable";
      }, { what: "Coder to answer at once" });
    });
  }

  await t.step("nothing is changed by who may not, and before they have seen what", async () => {
    await using client = await LATEST.connect({ url, token: reader });
    const wanted = { namespace: "lab", name: WORKSPACE, template: "plain" };
    assert.match(await refused(client, "create_workspace", wanted), /forbidden|may not|cannot/i);
    await using own = await LATEST.connect({ url, token: editor });
    transcript.tell("What there is:");
    await say(own, "list_templates", { namespace: "lab" });
    transcript.tell("A workspace is wanted. The first answer says what would happen:");
    const { output } = await say(own, "create_workspace", wanted);
    assert.ok(output.plan.planToken);
    assert.deepEqual(await rig.names("coderworkspaces"), []);
    assert.match(
      await refused(client, "create_workspace", { ...wanted, planToken: output.plan.planToken }),
      /./,
      "the plan of somebody else",
    );
    transcript.tell("The same call with the token of that plan does it, once:");
    await say(own, "create_workspace", { ...wanted, planToken: output.plan.planToken });
    assert.match(
      await refused(own, "create_workspace", { ...wanted, planToken: output.plan.planToken }),
      /./,
    );
    await waitFor(async () => (await rig.names("coderworkspaces")).includes(WORKSPACE), {
      what: "it",
    });
  });

  await t.step("a workspace is stopped, looked at and deleted by a client of 2025", async () => {
    await using client = await CLIENT_1.connect({ url, token: editor });
    const of = { namespace: "lab", name: WORKSPACE };
    const until = (state: string) =>
      waitFor(async () => (await call(client, "get_workspace", of)).output.workspace.state === state, {
        what: `it to be ${state}`,
        timeoutMs: 90_000,
      });
    await until("running");
    const { output } = await carryOut(client, "set_workspace_running", { ...of, running: false });
    assert.equal(output.updated, true);
    await until("stopped");
    const again = await call(client, "set_workspace_running", { ...of, running: false });
    assert.deepEqual([again.output.updated, again.output.plan], [false, undefined]);
    transcript.tell("What is so already needs no plan:");
    await say(client, "set_workspace_running", { ...of, running: false });
    transcript.tell("What others wrote is fenced, repeated lines are folded, and the newest are there:");
    const log = await say(client, "get_workspace_build_log", { ...of, tailLines: 3, grep: "==>" });
    assert.match(log.text, /Untrusted data/);
    transcript.tell("It goes, and what it holds with it, after a look at what that means:");
    const { output: planned } = await say(client, "delete_workspace", of);
    await say(client, "delete_workspace", { ...of, planToken: planned.plan.planToken });
    await waitFor(async () => (await rig.names("coderworkspaces")).length === 0, {
      what: "it to be gone",
      timeoutMs: 90_000,
    });
  });

  await t.step("what the documentation shows is what was said", async () => {
    await transcript.compare((actual, expected) => assert.equal(actual, expected));
  });

  await t.step("every call is on record with the name of the caller, and no secret", async () => {
    const read = () =>
      rig.replica.process.lines.flatMap((line) => {
        try {
          const record = JSON.parse(line);
          return record.caller === undefined || record.method !== "tools/call" ? [] : [record];
        } catch {
          return [];
        }
      });
    // Lines of another process come when they come.
    const deletion = await waitFor(
      () => read().find(({ tool, changed }) => tool === "delete_workspace" && changed === true),
      { what: "the record of the deletion" },
    );
    const records = read();
    assert.equal(deletion?.caller, "system:serviceaccount:lab:editor");
    assert.equal(deletion?.workspace_id, `lab/${WORKSPACE}`);
    assert.ok(records.some(({ success }) => success === false));
    const said = rig.replica.process.lines.join("\n");
    for (const secret of [reader, editor, product.coderToken]) assert.ok(!said.includes(secret));
  });

  await t.step("a client on this machine needs no port, with a kubeconfig", async () => {
    const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace: "lab", name: "editor" });
    const args = ["run", "-A", "--no-check", `${root}/main.ts`, "mcp-stdio", `--kubeconfig=${kubeconfig}`];
    for (const kind of [LATEST, CLIENT_1]) {
      await using client = await kind.connect({ command: Deno.execPath(), args });
      const { output } = await call(client, "list_templates", { namespace: "lab" });
      assert.deepEqual(output.items.map((one: { name: string }) => one.name), ["coder.plain"], kind.name);
    }
    const more = [...args, "--mcp-toolsets=core,platform", "--coder-namespace=lab"];
    const env = { CODER_URL: deployment.coderd.url, CODER_SESSION_TOKEN: product.coderToken };
    await using signedIn = await LATEST.connect({ command: Deno.execPath(), args: more, env });
    const daemons = await call(signedIn, "list_provisioner_daemons", { namespace: "lab" });
    assert.ok(
      daemons.output.items.length > 0,
      "with a session token of theirs, Coder is asked as themselves",
    );
    await using signedOut = await LATEST.connect({ command: Deno.execPath(), args: more });
    assert.match(
      await refused(signedOut, "list_provisioner_daemons", { namespace: "lab" }),
      /CODER_SESSION_TOKEN/,
    );
    const program = { command: Deno.execPath(), args };
    const { code, answer } = await inspect(program, ["--method", "tools/list"]);
    assert.equal(code, 0);
    assert.ok((answer as { tools: unknown[] }).tools.length >= 18);
  });

  await t.step("a Coder that is away is answered for, and nobody waits for it", async () => {
    await using client = await LATEST.connect({ url, token: editor });
    await call(client, "list_templates", { namespace: "lab" });
    await deployment.coderd.stop();
    await waitFor(
      async () => (await call(client, "list_templates", { namespace: "lab" })).output.warnings !== undefined,
      {
        what: "the answer to say so",
      },
    );
    for (const tool of ["list_templates", "list_workspaces", "check_health"]) {
      const since = performance.now();
      await client.call(tool, tool === "check_health" ? {} : { namespace: "lab" });
      assert.ok(performance.now() - since < 30_000, `${tool} took ${performance.now() - since} ms`);
    }
  });

  await t.step("it ends at once and in order, streams and all", async () => {
    const client = await CLIENT_1.connect({ url, token: reader });
    const since = performance.now();
    assert.equal(await rig.replica.process.stop("SIGTERM"), 0);
    const took = performance.now() - since;
    const last = rig.replica.process.lines.slice(-20).join("\n");
    assert.ok(took < 30_000, `it took ${took} ms: ${last}`);
    await Promise.resolve(client[Symbol.asyncDispose]()).catch(() => {});
  });
});
