/** Tools for templates, on a real Coder behind the whole product and a real API server, with real Terraform. */
import assert from "node:assert/strict";
import { createBudget, createCoderClient, createTransport } from "../../src/coder/mod.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { clientCluster } from "../../src/mcp/caller/client_cluster.ts";
import type { CallerCoders } from "../../src/caller/types.ts";
import { toolRig } from "../../src/mcp/testing.ts";
import { TEMPLATE_TOOLS } from "../../src/mcp/tools/template_tools.ts";
import { newFile, writeTar } from "../../src/archive/mod.ts";
import { API_ROOT, startAppRig } from "../aggregated/app_rig.ts";
import { waitFor } from "../cluster/mod.ts";
import { brokenTemplate, plainTemplate, startDeployment } from "../coder/mod.ts";

const KEY = { namespace: "lab", name: "coder.made" };
const BINARY = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0xff, 0x00]);

const toolNamed = (name: string) => TEMPLATE_TOOLS.find((tool) => tool.name === name)!;

Deno.test("templates of a real Coder are operated by tools", async (t) => {
  await using deployment = await startDeployment();
  const { coderd } = deployment;
  const { token } = await coderd.firstUser();
  await using rig = await startAppRig({
    coders: { "lab/coder": { url: coderd.url, token } },
    env: {
      CODER_K8S_TEMPLATE_BUILD_INITIAL_POLL_INTERVAL: "200ms",
      CODER_K8S_TEMPLATE_BUILD_MAX_POLL_INTERVAL: "500ms",
    },
  });
  const transport = createTransport({ url: coderd.url });
  await using _transport = { [Symbol.asyncDispose]: () => Promise.resolve(transport.close()) };
  const budget = createBudget({ perMinute: 1_000_000, burst: 1_000_000 });
  const client = createCoderClient({ transport, token, budget });
  const rest = createRestClient({ connection: loadKubeConfig({ kubeconfig: rig.cluster.kubeconfig }) });
  await using _rest = { [Symbol.asyncDispose]: () => Promise.resolve(rest.close()) };
  const ref = { id: "lab/coder", namespace: "lab", controlPlane: "coder" };
  const coders: CallerCoders = {
    list: () => Promise.resolve([ref]),
    open: () => Promise.resolve({ ref, client, as: "operator" }),
  };
  const tools = toolRig({ cluster: clientCluster(rest), coders });
  const run = async (name: string, args: Record<string, unknown> = KEY) =>
    await tools.run(toolNamed(name), args);
  const carriesOut = async (name: string, args: Record<string, unknown>) =>
    await tools.carriesOut(toolNamed(name), args);

  const archive = writeTar([newFile("main.tf", plainTemplate()["main.tf"]!), newFile("logo.png", BINARY)]);
  const file = await client.templateChanges.upload(archive);
  const first = await client.templateChanges.createVersion("coder", { fileId: file, name: "first" });
  await waitFor(async () => (await client.templates.version(first.id)).job.status === "succeeded", {
    what: "the import",
    timeoutMs: 90_000,
  });
  const { id } = await client.templateChanges.create("coder", {
    name: "made",
    template_version_id: first.id,
  });
  // Who asks by name waits for no list.
  const path = `${API_ROOT}/namespaces/lab/codertemplates/coder.made`;
  await waitFor(async () => (await rig.cluster.find(path)) !== undefined, {
    what: "it to be found",
    timeoutMs: 60_000,
  });
  await waitFor(async () => (await rig.names("codertemplates", "lab")).includes("coder.made"), {
    what: "it to be listed",
    timeoutMs: 60_000,
  });
  const active = async () => (await client.templates.get(id)).active_version_id;

  await t.step("it is listed and told; W-8: other forms of its name mean the same", async () => {
    const { items } = (await run("list_templates", {})).output as { items: { name: string }[] };
    assert.deepEqual(items.map(({ name }) => name), ["coder.made"]);
    for (const name of ["coder.made", "coder.coder.made", "default.made"]) {
      const { template } = (await run("get_template", { ...KEY, name })).output as {
        template: Record<string, unknown>;
      };
      assert.deepEqual([template["name"], template["running"], template["versionID"]], [
        "coder.made",
        true,
        first.id,
      ]);
    }
    const error = await tools.refuses(toolNamed("get_template"), { ...KEY, name: "default.nothing" });
    assert.equal(error.code, "not_found");
    assert.match(error.message, /^get CoderTemplate lab\/default\.nothing: /);
  });

  await t.step("W-6: without the licence, deprecating changes nothing, and the answer says so", async () => {
    const { plan, done } = await carriesOut("set_template_running", { ...KEY, running: false });
    assert.match(plan.text, /Deprecate the template lab\/coder\.made/);
    assert.equal(done.output["updated"], false);
    assert.match(done.text, /Nothing was changed.*licence/);
    assert.equal((await client.templates.get(id)).deprecated, false);
  });

  await t.step("files are pushed: planned with a diff, built, promoted, with progress", async () => {
    const files = { "README.md": "# Made\n", "main.tf": `${plainTemplate()["main.tf"]}# pushed\n` };
    const versions = () => client.templates.versions(id);
    const dry = await run("push_template_version", { ...KEY, files, dryRun: true });
    assert.equal((await versions()).length, 1);
    const { plan, done } = await carriesOut("push_template_version", { ...KEY, files });
    const { summary, diff } = plan.output["plan"] as { summary: string; diff: string };
    assert.match(summary, /^Build a version of the template lab\/coder\.made with 2 other files/);
    assert.equal((dry.output["plan"] as { diff: string }).diff, diff);
    assert.match(
      diff,
      /README\.md \(added, \+1 -0\)\n@@ -0,0 \+1,1 @@\n\+# Made\nmain\.tf \(changed, \+1 -0\)/,
    );
    assert.equal(done.output["state"], "promoted", done.text);
    assert.equal(done.output["versionID"], await active());
    assert.notEqual(await active(), first.id);
    assert.ok(
      tools.progress.some((message) => /is being imported|uploaded/.test(message)),
      `${tools.progress}`,
    );
    // Said again, there is nothing to do.
    const again = await run("push_template_version", { ...KEY, files });
    assert.deepEqual([again.output["state"], again.output["plan"]], ["unchanged", undefined]);
    assert.equal((await versions()).length, 2);
  });

  await t.step("versions are listed newest first, and compared", async () => {
    const { items } = (await run("list_template_versions")).output as { items: Record<string, unknown>[] };
    assert.deepEqual(items.map(({ id, active, state }) => [id, active, state]), [
      [await active(), true, "succeeded"],
      [first.id, undefined, "succeeded"],
    ]);
    assert.ok(items.every(({ by, createdAt }) => by !== "" && !Number.isNaN(Date.parse(String(createdAt)))));
    const { output, text } = await run("diff_template_versions");
    assert.deepEqual(
      (output["files"] as Record<string, unknown>[]).map(({ path, change }) => [path, change]),
      [["README.md", "added"], ["main.tf", "changed"]],
    );
    assert.match(text, /Untrusted data.*\n<<<\w+\nREADME\.md \(added, \+1 -0\)/);
    const back = await run("diff_template_versions", {
      ...KEY,
      from: "active",
      to: "first",
      path: "main.tf",
    });
    assert.match(back.text, /^-# pushed$/m);
    assert.doesNotMatch(`${text}${back.text}`, /logo\.png/);
  });

  await t.step("an import that fails leaves what is active, and tells the end of its log", async () => {
    const before = await active();
    const files = { "main.tf": brokenTemplate()["main.tf"] };
    const { done } = await carriesOut("push_template_version", { ...KEY, files });
    assert.equal(done.output["state"], "failed", done.text);
    assert.equal(done.output["versionID"], before);
    assert.ok(String(done.output["log"]).length > 20, done.text);
    assert.match(done.text, /Untrusted data, end of the log of the import/);
    assert.equal(await active(), before);
    const log = await run("get_template_version_log");
    assert.equal(log.output["state"], "failed");
    assert.match(log.text, /==> /);
    assert.match(String(log.output["log"]), /\[error\]|Error/);
    const { template } = (await run("get_template")).output as { template: { problem?: string } };
    assert.match(template.problem ?? "", /BuildFailed/);
    // A version that was never imported is not promoted.
    const error = await tools.refuses(toolNamed("promote_template_version"), { ...KEY, version: "newest" });
    assert.equal(error.code, "invalid");
    assert.match(error.message, /never imported/);
  });

  await t.step("it is healed, rolled back, and promoted again, by name", async () => {
    const { done } = await carriesOut("push_template_version", {
      ...KEY,
      files: { "main.tf": plainTemplate()["main.tf"], "README.md": null, "healed.md": "1\n" },
    });
    assert.equal(done.output["state"], "promoted", done.text);
    const healed = await active();
    const name = (await client.templates.version(healed)).name;
    const back = await carriesOut("roll_back_template", KEY);
    assert.match(back.plan.text, /Make \S+ \(\S+\) the active version of the template lab\/coder\.made/);
    assert.deepEqual([back.done.output["updated"], back.done.output["versionID"]], [true, await active()]);
    assert.notEqual(await active(), healed);
    const forth = await carriesOut("promote_template_version", { ...KEY, version: name });
    assert.deepEqual([forth.done.output["versionID"], await active()], [healed, healed]);
    const again = await run("promote_template_version", { ...KEY, version: name });
    assert.deepEqual([again.output["updated"], again.output["plan"]], [false, undefined]);
  });

  await t.step("files that leave the template are refused before anybody is asked", async () => {
    for (const path of ["../main.tf", "/etc/passwd", "a//b", "a\\b"]) {
      const error = await tools.refuses(toolNamed("push_template_version"), {
        ...KEY,
        files: { [path]: "x" },
      });
      assert.equal(error.code, "invalid", path);
    }
  });

  await t.step("while Coder is away, nobody waits for it", async () => {
    await coderd.stop();
    const since = performance.now();
    assert.match((await run("get_template")).text, /coder\.made/);
    assert.ok(performance.now() - since < 30_000, `get_template took ${performance.now() - since} ms`);
    for (
      const [name, args] of [
        ["list_template_versions", {}],
        ["promote_template_version", { version: "newest" }],
        ["set_template_running", { running: false }],
        ["push_template_version", { files: { "new.md": "1" } }],
      ] as const
    ) {
      const then = performance.now();
      const answer = await tools.run(toolNamed(name), { ...KEY, ...args }).catch((error) => error);
      assert.ok(performance.now() - then < 30_000, `${name} took ${performance.now() - then} ms`);
      // What is planned without Coder is told, and not done.
      if (name !== "set_template_running") {
        assert.equal(answer.code, "unavailable", `${name}: ${answer.text}`);
      }
    }
  });
});
