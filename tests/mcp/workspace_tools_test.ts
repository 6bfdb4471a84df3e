/** Tools for workspaces and tasks: the product behind a real API server, on a real Coder that builds with real Terraform. */
import assert from "node:assert/strict";
import { createCoderClient, createTransport } from "../../src/coder/mod.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { clientCluster } from "../../src/mcp/caller/client_cluster.ts";
import type { CallerCoders, CoderChoice } from "../../src/caller/types.ts";
import type { ToolAnswer } from "../../src/mcp/run.ts";
import { toolRig } from "../../src/mcp/testing.ts";
import type { Tool } from "../../src/mcp/tool.ts";
import { TASK_TOOLS } from "../../src/mcp/tools/tasks.ts";
import { WORKSPACE_TOOLS } from "../../src/mcp/tools/workspaces.ts";
import { waitFor } from "../cluster/mod.ts";
import { agentTemplate, type Coderd, startDeployment, type TemplateFiles } from "../coder/mod.ts";
import { API_ROOT, startAppRig } from "../aggregated/app_rig.ts";
import { allowedReader } from "./allowed_reader.ts";

const NAMESPACE = "lab";

/** Quick to build, with a parameter; fails where the file `fail` is there. */
const touchy = (directory: string): TemplateFiles => ({
  "main.tf": `terraform {
  required_providers {
    coder = {
      source = "coder/coder"
    }
  }
}

data "coder_workspace" "me" {}

data "coder_parameter" "cpus" {
  name    = "cpus"
  type    = "number"
  default = "1"
  mutable = true
}

data "coder_workspace_preset" "large" {
  name = "Large"
  parameters = {
    (data.coder_parameter.cpus.name) = "8"
  }
}

resource "terraform_data" "workspace" {
  count = data.coder_workspace.me.start_count
  input = data.coder_parameter.cpus.value
  provisioner "local-exec" {
    command = "for i in 1 2 3; do echo same line; done; test ! -e ${directory}/fail"
  }
}
`,
});

/** A workspace with a real agent, on which an agent's own API answers at a port of this machine. */
const taskTemplate = (port: number): TemplateFiles =>
  agentTemplate({
    more: `
data "coder_task" "me" {}

resource "coder_app" "ai" {
  agent_id = coder_agent.main.id
  slug     = "ai"
  url      = "http://localhost:${port}/chat?token=planted-token-in-url"
}

resource "coder_ai_task" "task" {
  count  = data.coder_workspace.me.start_count
  app_id = coder_app.ai.id
}
`,
  });

const tools = new Map<string, Tool>([...WORKSPACE_TOOLS, ...TASK_TOOLS].map((tool) => [tool.name, tool]));
const tool = (name: string): Tool => tools.get(name)!;

/** Coder with the owner's token: as the caller, or as the operator's would be. */
function coders(coderd: Coderd, token: string, user?: string): CallerCoders & AsyncDisposable {
  const transport = createTransport({ url: coderd.url });
  const ref = { id: "lab/coder", namespace: NAMESPACE, controlPlane: "coder" };
  const client = createCoderClient({ transport, token });
  return {
    list: () => Promise.resolve([ref]),
    open: ({ as }: CoderChoice) =>
      user === undefined
        ? as === "caller"
          ? Promise.reject(new Error("nobody"))
          : Promise.resolve({ ref, client, as: "operator" })
        : Promise.resolve({ ref, client, as: "caller", user }),
    [Symbol.asyncDispose]: () => Promise.resolve(transport.close()),
  };
}

const answers: { readonly tool: string; readonly text: string }[] = [];

Deno.test("workspaces and tasks are worked with by tools", async (t) => {
  await using deployment = await startDeployment();
  const { coderd } = deployment;
  const { token } = await coderd.firstUser();
  await using rig = await startAppRig({ coders: { "lab/coder": { url: coderd.url, token } } });
  const client = createRestClient({ connection: loadKubeConfig({ kubeconfig: rig.cluster.kubeconfig }) });
  await using _client = { [Symbol.asyncDispose]: () => Promise.resolve(client.close()) };
  const cluster = clientCluster(client);
  await using own = coders(coderd, token, "owner");
  const directory = await Deno.makeTempDir();
  await using _directory = { [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) };
  await Deno.chmod(directory, 0o755);
  await coderd.createTemplate({
    name: "touchy",
    files: touchy(directory),
    fields: { default_ttl_ms: 3_600_000 },
  });
  await waitFor(async () => (await rig.names("codertemplates", NAMESPACE)).length === 1, {
    what: "the template to be shown",
    timeoutMs: 60_000,
  });
  const caller = toolRig({ cluster, coders: own });
  const note = (name: string, { text }: ToolAnswer) => void answers.push({ tool: name, text });
  const run = async (name: string, args: Record<string, unknown> = {}) => {
    const answer = await caller.run(tool(name), { namespace: NAMESPACE, ...args });
    note(name, answer);
    // deno-lint-ignore no-explicit-any -- answers are looked at as they are
    return { ...answer, output: answer.output as any };
  };
  const does = async (name: string, args: Record<string, unknown> = {}) => {
    const { plan, done } = await caller.carriesOut(tool(name), { namespace: NAMESPACE, ...args });
    note(name, plan);
    note(name, done);
    // deno-lint-ignore no-explicit-any -- as above
    return { plan: plan.output["plan"] as any, done: done.output as any };
  };
  const refuses = (name: string, args: Record<string, unknown> = {}) =>
    caller.refuses(tool(name), { namespace: NAMESPACE, ...args });
  const until = async (name: string, state: string, timeoutSeconds = 90) => {
    const { output } = await run("wait_for_workspace", { name, state, timeoutSeconds });
    assert.equal(output.reached, true, JSON.stringify(output));
    return output.workspace;
  };
  const DEV = "coder.owner.dev";
  const builds = async (name: string): Promise<string[]> => {
    const rows = await coderd.sql(
      "select b.transition::text as t from workspace_builds b join workspaces w on w.id = b.workspace_id " +
        "where w.name = :'name' order by w.created_at, b.build_number",
      { params: { name } },
    );
    return rows.map((row) => String(row["t"]));
  };

  await t.step("a workspace is made as its plan said, of a preset and with a time to live", async () => {
    const input = { name: DEV, template: "touchy", preset: "Large", ttlMinutes: 120 };
    const { plan, done } = await does("create_workspace", input);
    assert.equal(plan.summary, `Create the workspace lab/${DEV} from the template touchy`);
    assert.match(
      plan.diff,
      /^\+organization: coder\n\+presetID: [-0-9a-f]{36}\n\+templateName: touchy\n\+ttlMillis: 7200000$/m,
    );
    assert.deepEqual([done.workspace.name, done.workspace.running], [DEV, true]);
    assert.equal((await until(DEV, "running")).state, "running");
    assert.match((await refuses("create_workspace", input)).message, /already exists/);
    assert.equal((await run("get_workspace", { name: DEV })).output.workspace.ttlMinutes, 120);
  });

  await t.step("what is refused is refused in the plan, with the reason", async () => {
    const wrong = await refuses("create_workspace", { name: "coder.owner.x", template: "none" });
    assert.match(wrong.message, /^create CoderWorkspace lab\/coder\.owner\.x: .*no template/);
    const preset = await refuses("create_workspace", {
      name: "coder.owner.x",
      template: "touchy",
      preset: "Huge",
    });
    assert.match(preset.message, /there is no "Huge"; there are: Large/);
    const version = await refuses("update_workspace", { name: DEV, version: "v9" });
    assert.match(version.message, /has no version "v9"/);
    assert.match((await refuses("update_workspace", { name: DEV })).message, /say what to change/);
    const autostart = await refuses("update_workspace", { name: DEV, autostart: "often" });
    assert.match(autostart.message, /^update CoderWorkspace lab\/coder\.owner\.dev: .*five fields/);
    assert.deepEqual(await builds("dev"), ["start"]);
  });

  await t.step("lists have the Go server's fields, and are chosen from", async () => {
    const { output, text } = await run("list_workspaces", {
      state: "running",
      template: "touchy",
      owner: "owner",
    });
    assert.deepEqual(
      output.items.map(({ name, namespace, running }: Record<string, unknown>) => [name, namespace, running]),
      [
        [DEV, NAMESPACE, true],
      ],
    );
    assert.match(output.items[0].autoShutdown, /^\d{4}-.*Z$/);
    assert.match(text, /^items:\nname \| namespace \| running \| autoShutdown \| state \| template\n/);
    assert.deepEqual((await run("list_workspaces", { state: "stopped" })).output.items, []);
    assert.match((await refuses("list_workspaces", { owner: "a,b=c" })).message, /is no name/);
  });

  await t.step("one workspace is told in full, under its canonical name", async () => {
    // Between two answers something may be heard of it.
    const alias = await waitFor(async () => {
      const one = await run("get_workspace", { name: `coder.${DEV}` });
      assert.deepEqual(one.output.workspace, (await run("get_workspace", { name: DEV })).output.workspace);
      return one;
    }, { what: "two answers of the same moment" });
    assert.equal(alias.output.workspace.name, DEV);
    assert.match(alias.output.workspace.build, /^#1 start of \S+ \(by owner, initiator\), over 2/);
    assert.equal(alias.output.workspace.ttlMinutes, 120);
    const none = await refuses("get_workspace", { name: "coder.owner.none" });
    assert.equal(none.code, "not_found");
    assert.match(none.message, /^get CoderWorkspace lab\/coder\.owner\.none: .*not found/);
    assert.equal((await refuses("get_workspace", { name: "" })).message, "name is required");
    assert.equal((await refuses("get_workspace", { name: "a/b" })).code, "invalid");
  });

  await t.step("it is stopped and started; what is so already needs no plan", async () => {
    const { plan, done } = await does("set_workspace_running", { name: DEV, running: false });
    assert.deepEqual([plan.summary, plan.diff], [
      `Stop the workspace lab/${DEV}`,
      "-running: true\n+running: false",
    ]);
    assert.deepEqual([done.workspace.running, done.updated], [false, true]);
    await until(DEV, "stopped");
    const again = await run("set_workspace_running", { name: DEV, running: false });
    assert.deepEqual([again.output.updated, again.output.plan, again.changed], [false, undefined, false]);
    assert.deepEqual(await builds("dev"), ["start", "stop"]);
  });

  await t.step(
    "what others change between plan and deed is no conflict, unless it is what was planned on",
    async () => {
      const input = { name: DEV, ttlMinutes: 240 };
      const planned = async () => (await run("update_workspace", input)).output.plan;
      const { planToken, diff } = await planned();
      assert.equal(diff, "-ttlMillis: 7200000\n+ttlMillis: 14400000");
      const object = `${API_ROOT}/namespaces/${NAMESPACE}/coderworkspaces/${DEV}`;
      await rig.cluster.request("PATCH", object, { metadata: { labels: { team: "a" } } });
      const done = await run("update_workspace", { ...input, planToken });
      assert.deepEqual([done.output.updated, done.changed], [true, true]);
      const next = { name: DEV, ttlMinutes: 60 };
      const { planToken: stale } = (await run("update_workspace", next)).output.plan;
      await rig.cluster.request("PATCH", object, { spec: { ttlMillis: 1_800_000 } });
      assert.equal((await refuses("update_workspace", { ...next, planToken: stale })).code, "conflict");
      assert.equal((await rig.cluster.request("GET", object)).spec.ttlMillis, 1_800_000);
    },
  );

  await t.step("parameters and schedule are changed; what is so already is no change", async () => {
    const input = { name: DEV, parameters: { cpus: "4" }, autostart: "CRON_TZ=UTC 30 9 * * 1-5" };
    const { plan } = await does("update_workspace", input);
    assert.match(plan.summary, /built anew/);
    assert.match(plan.diff, /\+autostartSchedule: CRON_TZ=UTC 30 9 \* \* 1-5|\+autostartSchedule: "CRON_TZ/);
    await until(DEV, "stopped");
    await waitFor(async () => (await run("update_workspace", input)).output.plan === undefined, {
      what: "the change to be there",
      timeoutMs: 60_000,
    });
    const { output: { workspace } } = await run("get_workspace", { name: DEV });
    assert.deepEqual(workspace.parameters, { cpus: "4" });
  });

  await t.step("a failed start is told, its log read, and it is started once more", async () => {
    await Deno.writeTextFile(`${directory}/fail`, "");
    await does("set_workspace_running", { name: DEV, running: true });
    const { output } = await run("wait_for_workspace", { name: DEV, state: "running", timeoutSeconds: 90 });
    assert.deepEqual([output.reached, output.workspace.state], [false, "failed"]);
    assert.match(output.warnings.join(), /waiting does not help/);
    assert.ok(output.workspace.error.length > 0);
    await until(DEV, "failed");
    const log = await run("get_workspace_build_log", { name: DEV, grep: "same line|error" });
    assert.match(log.output.log, /same line \(×3\)/);
    assert.match(log.text, /^Untrusted data, build log of the workspace coder\.owner\.dev, /);
    const whole = (await run("get_workspace_build_log", { name: `coder.${DEV}`, tailLines: 2 })).output;
    assert.deepEqual([whole.name, whole.log.split("\n").length <= 2, whole.truncated], [DEV, true, true]);
    assert.match(whole.warnings[0], /Older lines are left out \(\d+ in all\)/);
    const first = (await run("get_workspace_build_log", { name: DEV, build: 1, newestFirst: true })).output;
    assert.match(first.log, /==> /);
    assert.match(
      (await refuses("get_workspace_build_log", { name: DEV, build: 99 })).message,
      /^read the build log of CoderWorkspace lab\/coder\.owner\.dev: .*"99" not found/,
    );
    await Deno.remove(`${directory}/fail`);
    const { plan } = await does("set_workspace_running", { name: DEV, running: true });
    assert.match(
      plan.summary,
      /^Start the workspace lab\/coder\.owner\.dev once more: its latest build failed$/,
    );
    await until(DEV, "running");
  });

  await t.step("its stop is put off", async () => {
    const { output: { workspace: { autoShutdown } } } = await run("get_workspace", { name: DEV });
    const { plan, done } = await does("extend_workspace", { name: DEV, minutes: 60 });
    const later = new Date(Date.parse(autoShutdown) + 3_600_000).toISOString().replace(".000", "");
    assert.equal(plan.summary, `Stop the workspace lab/${DEV} at ${later}, not at ${autoShutdown}`);
    assert.deepEqual([done.deadline, done.workspace.autoShutdown], [later, later]);
    const [row] = await coderd.sql(
      "select extract(epoch from b.deadline)::bigint::text as at from workspace_builds b join workspaces w " +
        "on w.id = b.workspace_id where w.name = 'dev' order by b.build_number desc limit 1",
    );
    assert.equal(Number(row!["at"]) * 1_000, Date.parse(later));
    await waitFor(
      async () => (await run("get_workspace", { name: DEV })).output.workspace.autoShutdown === later,
      {
        what: "the new deadline to be shown",
      },
    );
    assert.deepEqual(
      (await run("extend_workspace", { name: DEV, deadline: later })).output.plan,
      undefined,
    );
    assert.match((await refuses("extend_workspace", { name: DEV })).message, /give minutes or deadline/);
    assert.equal((await refuses("extend_workspace", { name: DEV, deadline: "soon" })).code, "invalid");
    const soon = new Date(Date.now() + 60_000).toISOString();
    const { output: { plan: early } } = await run("extend_workspace", { name: DEV, deadline: soon });
    const refusal = await refuses("extend_workspace", {
      name: DEV,
      deadline: soon,
      planToken: early.planToken,
    });
    assert.equal(refusal.code, "invalid");
  });

  await t.step("it is restarted by one stop and one start", async () => {
    const before = (await builds("dev")).length;
    const { plan, done } = await does("restart_workspace", { name: DEV });
    assert.equal(plan.summary, `Stop and start the workspace lab/${DEV}`);
    assert.equal(done.updated, true);
    await waitFor(async () => (await builds("dev")).length >= before + 2, {
      what: "both builds",
      timeoutMs: 60_000,
    });
    await until(DEV, "running");
    assert.deepEqual((await builds("dev")).slice(before), ["stop", "start"]);
  });

  await t.step(
    "what a caller does not see is not found, and what they may not do is refused in the plan",
    async () => {
      const kubeconfig = await allowedReader(rig, { namespace: NAMESPACE, name: "blind", sees: "own" });
      const others = createRestClient({ connection: loadKubeConfig({ kubeconfig }) });
      const blind = toolRig({ cluster: clientCluster(others), coders: own });
      const args = { namespace: NAMESPACE, name: DEV };
      assert.deepEqual(
        (await blind.run(tool("list_workspaces"), { namespace: NAMESPACE })).output["items"],
        [],
      );
      for (
        const name of ["get_workspace", "get_workspace_agents", "get_workspace_build_log", "delete_workspace"]
      ) {
        assert.equal((await blind.refuses(tool(name), args)).code, "not_found", name);
      }
      others.close();
      const reader = await allowedReader(rig, { namespace: NAMESPACE, name: "reader", sees: "all" });
      const reading = createRestClient({ connection: loadKubeConfig({ kubeconfig: reader }) });
      const looks = toolRig({ cluster: clientCluster(reading), coders: own });
      assert.equal((await looks.run(tool("get_workspace"), args)).changed, false);
      const changes: [string, object][] = [
        ["set_workspace_running", { running: false }],
        ["update_workspace", { ttlMinutes: 1 }],
        ["delete_workspace", {}],
        ["restart_workspace", {}],
        ["extend_workspace", { minutes: 30 }],
      ];
      for (const [name, more] of changes) {
        assert.equal((await looks.refuses(tool(name), { ...args, ...more })).code, "forbidden", name);
      }
      reading.close();
    },
  );

  await t.step("it is deleted once it was confirmed, and waited for", async () => {
    const { plan, done } = await does("delete_workspace", { name: DEV });
    assert.match(
      plan.summary,
      /^Delete the workspace lab\/coder\.owner\.dev of owner \(template touchy\) and what it holds/,
    );
    assert.deepEqual([done.deleting, done.workspace.name], [true, DEV]);
    const { output } = await run("wait_for_workspace", { name: DEV, state: "deleted", timeoutSeconds: 90 });
    assert.deepEqual([output.reached, output.workspace], [true, undefined]);
    assert.equal((await refuses("delete_workspace", { name: DEV })).code, "not_found");
  });

  await t.step("agents and tasks", async (t) => {
    const said: string[] = [];
    // As the agents of Coder's registry answer.
    await using agent = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/status") return Response.json({ status: "stable", agent_type: "claude" });
      if (pathname === "/message") {
        const { content } = await request.json();
        said.push(content);
        return Response.json({ ok: true });
      }
      if (pathname !== "/messages") return new Response(undefined, { status: 404 });
      return Response.json({
        messages: said.map((content, id) => ({
          id,
          content,
          role: id % 2 === 0 ? "user" : "agent",
          time: "2026-11-22T04:00:00Z",
        })),
      });
    });
    await coderd.createTemplate({ name: "ai", files: taskTemplate(agent.addr.port) });
    await waitFor(async () => (await rig.names("codertemplates", NAMESPACE)).length === 2, {
      what: "the template to be shown",
      timeoutMs: 60_000,
    });
    const WORKSPACE = "coder.owner.hello";

    await t.step("a task is made, and its agent connects", async () => {
      const wrong = await refuses("create_task", { template: "coder.none", input: "x" });
      assert.match(wrong.message, /there is no template "coder\.none"/);
      const { plan, done } = await does("create_task", {
        template: "coder.ai",
        input: "say\nhello",
        name: "hello",
      });
      assert.deepEqual([plan.summary, plan.diff], [
        "Create the task hello of owner from the template coder.ai",
        "+say\n+hello",
      ]);
      assert.deepEqual([done.task.name, done.task.owner], ["hello", "owner"]);
      await until(WORKSPACE, "ready", 120);
    });

    await t.step("agents and apps are told, without tokens", async () => {
      const { output, text } = await waitFor(async () => {
        const answer = await run("get_workspace_agents", { name: WORKSPACE });
        const [main] = answer.output.agents;
        return main?.lifecycle === "ready" && main.healthy ? answer : undefined;
      }, { what: "the agent to have started" });
      const [main] = output.agents;
      assert.deepEqual([main.name, main.status, main.lifecycle, main.healthy], [
        "main",
        "connected",
        "ready",
        true,
      ]);
      assert.deepEqual(output.apps.map(({ agent, slug }: Record<string, unknown>) => [agent, slug]), [[
        "main",
        "ai",
      ]]);
      assert.doesNotMatch(text, /planted-token-in-url/);
      assert.match(text, /^name: coder\.owner\.hello\nstate: running\nagents:\n/);
    });

    await t.step("tasks are listed and told, and are those of workspaces that are seen", async () => {
      await waitFor(
        async () => (await run("get_task_status", { task: "hello" })).output.task.status === "active",
        {
          what: "the task to be active",
          timeoutMs: 60_000,
        },
      );
      const { output, text } = await run("get_task_status", { task: "hello" });
      assert.equal(output.task.prompt, "say\nhello");
      assert.match(text, /^Untrusted data, /);
      const { output: { items } } = await run("list_tasks", { owner: "owner", status: "active" });
      assert.deepEqual(items.map(({ name }: { name: string }) => name), ["hello"]);
      assert.deepEqual((await run("list_tasks", { status: "error" })).output.items, []);
      assert.equal((await refuses("get_task_status", { task: "none" })).code, "not_found");

      const kubeconfig = await allowedReader(rig, { namespace: NAMESPACE, name: "sightless", sees: "own" });
      const others = createRestClient({ connection: loadKubeConfig({ kubeconfig }) });
      await using operator = coders(coderd, token);
      const blind = toolRig({ cluster: clientCluster(others), coders: operator });
      assert.deepEqual((await blind.run(tool("list_tasks"), { namespace: NAMESPACE })).output["items"], []);
      const args = { namespace: NAMESPACE, owner: "owner", task: "hello" };
      assert.equal((await blind.refuses(tool("get_task_status"), args)).code, "not_found");
      assert.equal((await blind.refuses(tool("delete_task"), args)).code, "forbidden");
      const seeing = toolRig({ cluster, coders: operator });
      assert.equal((await seeing.run(tool("get_task_status"), args)).changed, false);
      others.close();
    });

    await t.step("its agent is talked to, and what was said is read", async () => {
      const { plan, done } = await does("send_task_input", { task: "hello", input: "go on" });
      assert.deepEqual([plan.summary, plan.diff], ["Say to the task hello of owner", "+go on"]);
      assert.equal(done.task.name, "hello");
      assert.deepEqual(said, ["go on"]);
      said.push("did it\nall");
      const { output, text } = await run("get_task_logs", { task: "hello" });
      assert.match(output.log, /^--- input at .*\ngo on\n--- output at .*\ndid it\nall$/);
      assert.match(text, /^Untrusted data, conversation of the task hello/);
      const newest = (await run("get_task_logs", { task: "hello", messages: 1, grep: "did" })).output;
      assert.deepEqual([newest.log, newest.truncated], ["did it", true]);
    });

    await t.step("it is deleted with its workspace", async () => {
      await does("delete_task", { task: "hello" });
      const { output } = await run("wait_for_workspace", {
        name: WORKSPACE,
        state: "deleted",
        timeoutSeconds: 90,
      });
      assert.equal(output.reached, true);
      assert.equal((await refuses("delete_task", { task: "hello" })).code, "not_found");
    });
  });

  await t.step("while Coder is down, tools wait for nobody, and say so", async () => {
    await coderd.createWorkspace({
      template: { id: (await coderd.request("GET", "/api/v2/templates", { token }))[0].id },
      name: "late",
      noWait: true,
    });
    await waitFor(async () => (await run("list_workspaces")).output.items.length === 1, {
      what: "it to be shown",
    });
    await coderd.kill();
    const took = async (name: string, args: Record<string, unknown>) => {
      const start = performance.now();
      const answer = await caller.run(tool(name), { namespace: NAMESPACE, ...args })
        .catch((error: Error) => ({ text: error.message }));
      return { text: answer.text, ms: performance.now() - start };
    };
    await waitFor(async () => (await took("list_workspaces", {})).text.includes("cannot be reached"), {
      what: "that to be known",
      timeoutMs: 60_000,
    });
    const reads: [string, Record<string, unknown>][] = [
      ["list_workspaces", {}],
      ["get_workspace", { name: "coder.owner.late" }],
    ];
    for (const [name, args] of reads) {
      const { text, ms } = await took(name, args);
      assert.match(text, /coder\.owner\.late[^]*Note: Coder of lab\/coder cannot be reached/);
      assert.ok(ms < 20_000, `${name}: ${ms}`);
    }
    const { text, ms } = await took("set_workspace_running", { name: "coder.owner.late", running: false });
    assert.match(text, /cannot|away|reached/);
    assert.ok(ms < 20_000, `set_workspace_running: ${ms}`);
  });

  await t.step("answers are short", () => {
    const sizes = answers.map(({ text }) => text.length).sort((a, b) => a - b);
    // A token is four characters, or nearly: half of all answers have less than 2,000.
    assert.ok(sizes[sizes.length >> 1]! < 4_000, `median: ${sizes[sizes.length >> 1]} characters`);
  });
});
